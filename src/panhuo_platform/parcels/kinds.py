"""What became of each delivered row: the rules by which codes and common area are read. Frames in, frames out."""

from __future__ import annotations

from typing import Final

import polars as pl

from panhuo.messages import Text

NEW: Final = "new"
SAME: Final = "same"
ATTRIBUTES: Final = "attributes"
SHAPE: Final = "shape"
SPLIT: Final = "split"
MERGED: Final = "merged"
GONE: Final = "gone"
CONFLICT: Final = "conflict"

KINDS: dict[str, Text] = {
    NEW: Text("新增", "new"),
    ATTRIBUTES: Text("属性变化", "attributes changed"),
    SHAPE: Text("图形变化", "shape changed"),
    SPLIT: Text("分割而来", "split of another"),
    MERGED: Text("合并而来", "merged of several"),
    GONE: Text("库中有、交付中无", "in the register, not delivered"),
    CONFLICT: Text("冲突", "conflict"),
    SAME: Text("无变化", "unchanged"),
}

CONFLICTS: dict[str, Text] = {
    "twice": Text(
        "同一宗地代码在交付中出现多次，请保留正确的一行", "The code is delivered more than once; keep the right row"
    ),
    "outside": Text(
        "不在本次交付的辖区内，请由所在乡镇报送", "Outside the delivery's territory; its own township is to deliver it"
    ),
    "no_township": Text(
        "没有乡镇代码，也不在任何乡镇的界线内，请补填", "It names no township and lies in none; fill it in"
    ),
    "elsewhere": Text(
        "库中另一乡镇的地块已用此宗地代码，请核对代码", "A parcel of another township has this code; check the code"
    ),
    "no_shape": Text("没有图形，代码也不在库中，请补交图形", "Neither a shape nor a known code; deliver the shape"),
    "moved": Text(
        "代码与库中地块相同，位置却不相干，请核对代码", "The code is known, but at quite another place; check it"
    ),
    "overlaps": Text(
        "与库中不在本次交付之列的地块重叠，请核对界址或一并交付", "Overlaps parcels that are not delivered; "
        "check the boundary or deliver both"
    ),
}  # fmt: skip

#: Two shapes are the same while what they do not share is no more than this: m², and share of the larger.
SAME_M2, SAME_SHARE = 0.5, 1e-4
#: From this share of its area on, a shape lies in another, or two are one.
NEARLY_ALL = 0.9
#: Less common area than this, of both, and a code is at another place.
HARDLY_ANY = 0.1
#: More of a shape than this on ground of parcels that stay is an overlap.
OVERLAP = 0.02

_REGISTER = ("parcel_id", "number", "version_id", "n", "valid_from", "register_area_m2")


def classify(
    rows: pl.DataFrame,
    known: pl.DataFrame,
    unnamed: pl.DataFrame,
    pairs: pl.DataFrame,
    territory: str,
    elsewhere: pl.DataFrame,
) -> pl.DataFrame:
    """One kind for each delivered row and each parcel that is gone.

    rows      : delivered: at, row, code, name, township_code, area_m2, has_shape, twice
    known     : rows whose code the register knows: at, fields, same_shape, shares, and the parcel
    unnamed   : parcels of the territory whose code no row has
    pairs     : at, parcel_id, number, common_m2, share_delivered, share_register: rows that are new or changed in shape
                with the parcels that they overlap
    elsewhere : rows whose code a parcel outside the territory has
    """
    barred = _barred(rows, elsewhere, territory)
    free = rows.filter(~pl.col("at").is_in(barred["at"].implode()))
    named = known.select("at", "parcel_id", "same_shape").filter(pl.col("at").is_in(free["at"].implode()))
    joined = (
        pairs.filter(pl.col("at").is_in(free["at"].implode()))
        .join(named.select("at", pl.col("parcel_id").alias("own")), on="at", how="left")
        .join(named.select("parcel_id", pl.col("at").alias("heir")), on="parcel_id", how="left")
    )
    split, merged = _splits(joined), _mergers(joined)
    done = pl.concat([split["at"], merged["at"]])
    used = pl.concat([split["parcel_id"], merged["others"].explode().drop_nulls()]).unique()
    left = joined.filter(~pl.col("at").is_in(done.implode()) & ~pl.col("parcel_id").is_in(used.implode()))
    alike = _recognised(left, unnamed)
    used = pl.concat([used, alike["parcel_id"]])
    renewed = named.filter(~pl.col("same_shape"))["parcel_id"]
    over = _overlapping(left, alike, renewed)
    whole = pl.concat(
        [
            barred.select("at", pl.lit(CONFLICT).alias("kind"), "why", "parcel_id", "number", "others"),
            split.with_columns(pl.lit(SPLIT).alias("kind"), pl.lit("shape").alias("by")),
            merged.with_columns(pl.lit(MERGED).alias("kind"), pl.lit("shape").alias("by")),
            alike.with_columns(
                pl.when((2 - pl.col("share_delivered") - pl.col("share_register")) > SAME_SHARE)
                .then(pl.lit(SHAPE))
                .otherwise(pl.lit(ATTRIBUTES))
                .alias("kind"),
                pl.lit("shape").alias("by"),
            ),
        ],
        how="diagonal",
    )
    by_code = known.filter(~pl.col("at").is_in(whole["at"].implode())).join(over, on="at", how="left")
    moved = ~pl.col("same_shape") & (pl.max_horizontal("share_delivered", "share_register") < HARDLY_ANY)
    crossing = ~pl.col("same_shape") & pl.col("others").is_not_null()
    by_code = by_code.with_columns(
        pl.lit("code").alias("by"),
        pl.when(moved | crossing).then(pl.lit(CONFLICT)).when(~pl.col("same_shape")).then(pl.lit(SHAPE))
        .when(pl.col("fields").list.len() > 0).then(pl.lit(ATTRIBUTES)).otherwise(pl.lit(SAME)).alias("kind"),
        pl.when(moved).then(pl.lit("moved")).when(crossing).then(pl.lit("overlaps")).alias("why"),
    ).drop("same_shape")  # fmt: skip
    new = free.filter(~pl.col("at").is_in(pl.concat([whole["at"], by_code["at"]]).implode())).select("at", "has_shape")
    new = new.join(over, on="at", how="left").with_columns(
        pl.when(~pl.col("has_shape") | pl.col("others").is_not_null())
        .then(pl.lit(CONFLICT)).otherwise(pl.lit(NEW)).alias("kind"),
        pl.when(~pl.col("has_shape")).then(pl.lit("no_shape"))
        .when(pl.col("others").is_not_null()).then(pl.lit("overlaps")).alias("why"),
    ).drop("has_shape")  # fmt: skip
    delivered = rows.select("at", "row", "code", "name", "township_code", "area_m2").join(
        pl.concat([whole, by_code, new], how="diagonal"), on="at", how="left", maintain_order="left"
    )
    gone = unnamed.filter(~pl.col("parcel_id").is_in(used.implode())).with_columns(pl.lit(GONE).alias("kind"))
    told = pl.concat([delivered, gone], how="diagonal")
    return _with_numbers(_with_register(told, known, unnamed), pairs, elsewhere, known, unnamed)


def _barred(rows: pl.DataFrame, elsewhere: pl.DataFrame, territory: str) -> pl.DataFrame:
    """Rows that cannot be compared at all, with the reason."""
    told = rows.join(elsewhere.unique("at"), on="at", how="left").with_columns(
        pl.when("twice").then(pl.lit("twice"))
        .when(pl.col("township_code").is_null()).then(pl.lit("no_township"))
        .when(~pl.col("township_code").str.starts_with(territory)).then(pl.lit("outside"))
        .when(pl.col("parcel_id").is_not_null()).then(pl.lit("elsewhere")).alias("why")
    )  # fmt: skip
    return told.filter(pl.col("why").is_not_null()).select(
        "at", "why", "parcel_id", "number",
        pl.when(pl.col("parcel_id").is_not_null()).then(pl.concat_list("parcel_id")).alias("others"),
    )  # fmt: skip


def _splits(pairs: pl.DataFrame) -> pl.DataFrame:
    """Rows that lie in one parcel with others which together fill it: at, parcel_id and the evidence."""
    inside = pairs.filter(
        (pl.col("share_delivered") >= NEARLY_ALL) & (pl.col("own").is_null() | (pl.col("own") == pl.col("parcel_id")))
    )
    whole = inside.group_by("parcel_id").agg(
        pl.len().alias("parts"), pl.col("share_register").sum().alias("filled"),
        # the code may have stayed with one of the parts, but with nobody else
        (pl.col("heir").is_null() | pl.col("heir").is_in(pl.col("at").implode())).all().alias("free"),
    ).filter((pl.col("parts") >= 2) & (pl.col("filled") >= NEARLY_ALL) & pl.col("free"))  # fmt: skip
    found = inside.join(whole.select("parcel_id"), on="parcel_id", how="inner")
    # a row in two such parcels (which then lie on each other) counts for the one it fills more
    return (
        found.sort("share_register", descending=True)
        .unique("at", keep="first")
        .select("at", "parcel_id", "number", "common_m2", "share_delivered", "share_register")
    )


def _mergers(pairs: pl.DataFrame) -> pl.DataFrame:
    """Rows that hold several parcels which together fill them: at, others and the evidence."""
    held = pairs.filter(
        (pl.col("share_register") >= NEARLY_ALL) & (pl.col("heir").is_null() | (pl.col("heir") == pl.col("at")))
    )
    return (
        held.group_by("at")
        .agg(
            pl.col("parcel_id").alias("others"),
            pl.col("share_delivered").sum(),
            pl.col("common_m2").sum(),
            pl.col("share_register").min(),
            # a row that has the code of a parcel has to hold that one too
            (pl.col("own").is_null() | pl.col("own").is_in(pl.col("parcel_id").implode())).all().alias("free"),
        )
        .filter((pl.col("others").list.len() >= 2) & (pl.col("share_delivered") >= NEARLY_ALL) & pl.col("free"))
        .drop("free")
    )


def _recognised(pairs: pl.DataFrame, unnamed: pl.DataFrame) -> pl.DataFrame:
    """Rows of an unknown code on the ground of one parcel that no row names: the same parcel under another code."""
    mutual = pairs.filter(
        pl.col("own").is_null()
        & (pl.min_horizontal("share_delivered", "share_register") >= NEARLY_ALL)
        & pl.col("parcel_id").is_in(unnamed["parcel_id"].implode())
    )
    return (
        mutual.sort("share_delivered", descending=True)
        .unique("at", keep="first", maintain_order=True)
        .unique("parcel_id", keep="first", maintain_order=True)
        .select("at", "parcel_id", "number", "common_m2", "share_delivered", "share_register")
    )


def _overlapping(pairs: pl.DataFrame, alike: pl.DataFrame, renewed: pl.Series) -> pl.DataFrame:
    """Rows on ground of parcels that stay as they are: at and ``others``. Parcels that the delivery shapes anew give
    way to their new shape."""
    stays = (
        ~pl.col("parcel_id").is_in(renewed.implode())
        & ~pl.col("parcel_id").is_in(alike["parcel_id"].implode())
        & ~pl.col("at").is_in(alike["at"].implode())
        & (pl.col("own").is_null() | (pl.col("own") != pl.col("parcel_id")))
    )
    return (
        pairs.filter(stays & (pl.max_horizontal("share_delivered", "share_register") > OVERLAP))
        .group_by("at")
        .agg(pl.col("parcel_id").alias("others"), pl.col("common_m2").sum().alias("over_m2"))
    )


def _with_register(told: pl.DataFrame, known: pl.DataFrame, unnamed: pl.DataFrame) -> pl.DataFrame:
    """Fill in the register's side of rows that were found by shape."""
    sides = pl.concat([known.select(_REGISTER), unnamed.select(_REGISTER)]).unique("parcel_id")
    filled = told.join(sides, on="parcel_id", how="left", suffix="_of", maintain_order="left")
    return filled.with_columns(
        pl.coalesce(name, f"{name}_of").alias(name) for name in _REGISTER if name != "parcel_id"
    ).drop(f"{name}_of" for name in _REGISTER if name != "parcel_id")


def _with_numbers(told: pl.DataFrame, *sources: pl.DataFrame) -> pl.DataFrame:
    """The numbers of ``others``, and the overlap as the common area where there is no other."""
    numbers = pl.concat([s.select("parcel_id", "number") for s in sources]).unique("parcel_id")
    listed = (
        told.select("at", "others")
        .filter(pl.col("others").is_not_null() & pl.col("at").is_not_null())
        .explode("others")
        .join(numbers, left_on="others", right_on="parcel_id", how="left", maintain_order="left")
        .group_by("at", maintain_order=True)
        .agg(pl.col("number").drop_nulls().alias("other_numbers"))
    )
    out = told.join(listed, on="at", how="left", maintain_order="left")
    if "over_m2" in out.columns:
        out = out.with_columns(pl.coalesce("over_m2", "common_m2").alias("common_m2")).drop("over_m2")
    return out
