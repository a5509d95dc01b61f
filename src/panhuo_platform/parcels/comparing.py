"""Delivered parcels against the register: by code, then by shape. Nothing is written.

Each delivered row gets one kind, with the evidence for it: by which way it was found, how much area the two have in
common, which fields differ. Parcels of the territory that the delivery does not name come after them as ``gone``.

The register is read piece by piece; a million rows of either side never lie in memory with their attributes twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from panhuo.land.areas import ellipsoidal_area, planar_area
from panhuo.land.polygons import Polygons
from panhuo.overlay import intersections
from panhuo.progress import Progress, silent
from panhuo_platform.parcels import bulk, kinds, queries
from panhuo_platform.parcels.attributes import SCHEMA, standard
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel

#: Less common area than this, of both, is no evidence of anything.
TOUCH = 0.001

#: Columns of a comparison: one row a delivered row, and one a parcel that is gone.
COLUMNS: dict[str, Any] = {
    "row": pl.Int64,  # as the deliverer counts; null for what is gone
    "at": pl.Int64,  # position in the delivered frame
    "kind": pl.String,
    "why": pl.String,  # of a conflict: a key of kinds.CONFLICTS
    "code": pl.String,
    "name": pl.String,
    "township_code": pl.String,
    "area_m2": pl.Float64,
    "parcel_id": pl.Int64,  # the parcel that it is, or was split of
    "number": pl.String,
    "version_id": pl.Int64,
    "n": pl.Int64,
    "valid_from": pl.Date,
    "register_area_m2": pl.Float64,
    "by": pl.String,  # code, shape
    "common_m2": pl.Float64,
    "share_delivered": pl.Float64,
    "share_register": pl.Float64,
    "fields": pl.List(pl.String),  # that differ
    "was": pl.List(pl.String),  # their values in the register, as texts
    "becomes": pl.List(pl.String),  # and as delivered
    "others": pl.List(pl.Int64),  # merged of, or in conflict with: keys of parcels
    "other_numbers": pl.List(pl.String),
}
_DIFFERING = ("fields", "was", "becomes")
_REGISTER = ("parcel_id", "number", "version_id", "n", "valid_from", "register_area_m2")


@dataclass(frozen=True, slots=True)
class Delivered:
    """Delivered rows, made ready: attributes in the standard's order and types, shapes parsed."""

    rows: pl.DataFrame  # at, row, code, name, township_code, area_m2, print (of the shape), has_shape, twice
    fields: pl.DataFrame
    polygons: Polygons


def compare(
    rows: pl.DataFrame, geometry: pa.LargeBinaryArray, territory: str = "", *, progress: Progress = silent
) -> pl.DataFrame:
    """What delivered rows would change.

    rows      : ``row`` and the standard fields of the role ``parcels``; ``township_code`` filled
    geometry  : WKB of EPSG:4490 beside them
    territory : the division that the delivery speaks for: only there are parcels gone that it does not name

    Returns a frame with the columns of :data:`COLUMNS`; ``kind`` is one of :data:`kinds.KINDS`.
    """
    given = _ready(rows, geometry)
    progress("按宗地代码比对", 0, 1)
    known, unnamed = _by_code(given, territory, progress)
    progress("按图形比对", 0, 1)
    moved = known.filter(~pl.col("same_shape"))["at"]
    strange = pl.col("has_shape") & ~pl.col("twice") & ~pl.col("at").is_in(known["at"].implode())
    pairs = _overlaid(given, pl.concat([moved, given.rows.filter(strange)["at"]]).sort(), progress)
    found = kinds.classify(given.rows, known, unnamed, pairs, territory, _codes_elsewhere(given.rows, known, territory))
    found = _with_fields_by_shape(found, given)
    progress("按图形比对", 1, 1)
    return found.select(pl.col(name).cast(kind) for name, kind in COLUMNS.items())


def _ready(rows: pl.DataFrame, geometry: pa.LargeBinaryArray) -> Delivered:
    fields = standard(rows).with_columns(pl.col(pl.String).replace("", None))
    polygons = Polygons.from_wkb(geometry)
    prints, area = _prints(polygons), pl.Series(ellipsoidal_area(polygons)).fill_nan(None)
    ready = pl.DataFrame(
        {
            "at": np.arange(rows.height, dtype=np.int64),
            "row": rows["row"].cast(pl.Int64) if "row" in rows.columns else np.arange(1, rows.height + 1),
            "code": fields["parcel_code"],
            "name": fields["parcel_name"],
            "township_code": fields["township_code"],
            "area_m2": area,
            "print": prints,
            "has_shape": area.is_not_null() & (area > 0),
        }
    )
    twice = pl.col("code").is_not_null() & (pl.col("code").len().over("code") > 1)
    return Delivered(ready.with_columns(twice.alias("twice")), fields, polygons)


def _prints(polygons: Polygons) -> pl.Series:
    """(n,) a number for each shape that equal shapes share, whatever the WKB they came in."""
    parts = [pl.Series("print", [], dtype=pl.UInt64)]
    for start in range(0, len(polygons), bulk.PIECE):
        piece = polygons.take(np.arange(start, min(start + bulk.PIECE, len(polygons))))
        blobs = pl.from_arrow(piece.to_wkb().cast(pa.large_binary()))
        assert isinstance(blobs, pl.Series)
        parts.append(blobs.hash(seed=1).rename("print"))
    return pl.concat(parts)


def _by_code(given: Delivered, territory: str, progress: Progress) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Delivered rows whose code the register knows, with what differs; and the parcels that no row names."""
    asked = given.rows.filter(pl.col("code").is_not_null() & ~pl.col("twice")).select("at", "code", "print")
    twice = given.rows.filter("twice")["code"].unique()
    known, unnamed, total = [], [], Parcel.objects.alive().filter(township_code__startswith=territory).count()
    done = 0
    for piece, shapes in queries.frames(None, ParcelFilter(township=territory)):
        progress("按宗地代码比对", done, total)
        done += piece.height
        polygons = Polygons.from_wkb(shapes)
        held = piece.select(
            *(c for c in _REGISTER if c != "register_area_m2"),
            pl.col("area_m2").alias("register_area_m2"),
            pl.col("parcel_code").alias("code"),
            pl.col("parcel_name").alias("name"),
            "township_code",
            _prints(polygons).alias("held_print"),
        ).with_row_index("place")
        pairs = held.join(asked, on="code", how="inner")
        # what the delivery names twice is in conflict, not gone
        rest = held.join(pairs.select("place"), on="place", how="anti").filter(
            ~pl.col("code").fill_null("").is_in(twice.implode())
        )
        unnamed.append(rest.select(*_REGISTER, "code", "name", "township_code"))
        if pairs.height:
            known.append(_compared(given, pairs, piece, polygons))
    evidence = (*_REGISTER, "at", *_DIFFERING, "common_m2", "share_delivered", "share_register")
    none = pl.DataFrame(schema={name: COLUMNS[name] for name in evidence} | {"same_shape": pl.Boolean})
    return pl.concat([none, *known], how="diagonal"), pl.concat(unnamed)


def _compared(given: Delivered, pairs: pl.DataFrame, piece: pl.DataFrame, polygons: Polygons) -> pl.DataFrame:
    """Pairs of the same code: which fields differ, and how far the shapes are the same."""
    held = standard(piece[pairs["place"]])
    told = given.fields[pairs["at"]]
    has_shape = given.rows["has_shape"].gather(pairs["at"])
    same = (pairs["print"] == pairs["held_print"]) | ~has_shape
    common, share_delivered, share_register = (np.full(pairs.height, np.nan) for _ in range(3))
    common[same.to_numpy()] = pairs["register_area_m2"].filter(same).to_numpy()
    share_delivered[same.to_numpy()] = share_register[same.to_numpy()] = 1.0
    other = np.flatnonzero(~same.to_numpy())
    if len(other):
        ours = given.polygons.take(pairs["at"].to_numpy()[other])
        theirs = polygons.take(pairs["place"].to_numpy()[other])
        shared = np.zeros(len(other))
        overlay = intersections(ours, theirs)
        mine = overlay.left == overlay.right
        shared[overlay.left[mine]] = overlay.area[mine]
        flat, flat_held = planar_area(ours), np.nan_to_num(planar_area(theirs))
        with np.errstate(divide="ignore", invalid="ignore"):
            share_delivered[other] = np.clip(np.nan_to_num(shared / flat), 0, 1)
            # a parcel without a shape gets its first one
            share_register[other] = np.where(flat_held > 0, np.clip(np.nan_to_num(shared / flat_held), 0, 1), 1.0)
        area = ellipsoidal_area(ours)
        common[other] = share_delivered[other] * area
        apart = area + np.nan_to_num(pairs["register_area_m2"].to_numpy()[other]) - 2 * common[other]
        alike = apart <= np.maximum(kinds.SAME_M2, kinds.SAME_SHARE * area)
        whole = same.to_numpy().copy()
        whole[other] = alike
        same = pl.Series(whole)
    return pairs.select(*_REGISTER, "at").with_columns(
        *differing(told, held).get_columns(),
        same.alias("same_shape"),
        pl.Series("common_m2", common),
        pl.Series("share_delivered", share_delivered),
        pl.Series("share_register", share_register),
    )


def differing(told: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """What differs between two frames of standard fields, row by row: ``fields``, and beside each what it ``was`` and
    ``becomes``, as texts."""
    flags = pl.DataFrame({name: _apart(told[name], held[name], kind) for name, kind in SCHEMA.items()})
    some = flags.select(pl.any_horizontal(pl.all())).to_series()
    flags, told, held = flags.filter(some), told.filter(some), held.filter(some)
    parts = {
        "fields": flags.with_columns(pl.lit(name).alias(name) for name in SCHEMA),
        "was": held.select(_text(held[name], kind).fill_null("").alias(name) for name, kind in SCHEMA.items()),
        "becomes": told.select(_text(told[name], kind).fill_null("").alias(name) for name, kind in SCHEMA.items()),
    }
    lists = {
        column: pl.concat([values, flags.rename(lambda name: f"@{name}")], how="horizontal").select(
            pl.concat_list(pl.when(f"@{name}").then(name) for name in SCHEMA).list.drop_nulls().alias(column)
        )
        for column, values in parts.items()
    }
    found = pl.concat([some.arg_true().alias("place").to_frame(), *lists.values()], how="horizontal")
    places = pl.DataFrame({"place": pl.int_range(len(some), dtype=pl.UInt32, eager=True)})
    none = pl.lit([], pl.List(pl.String))
    return places.join(found, on="place", how="left", maintain_order="left").select(
        pl.col(c).fill_null(none) for c in _DIFFERING
    )


def _apart(ours: pl.Series, theirs: pl.Series, kind: Any) -> pl.Series:
    """(n,) whether two columns of a field say different things; an empty text is none."""
    if isinstance(kind, pl.List):
        ours, theirs = (s.list.join("\x1f").replace("", None) for s in (ours, theirs))
    elif kind == pl.String:
        theirs = theirs.replace("", None)
    return ours.ne_missing(theirs)


def _text(values: pl.Series, kind: Any) -> pl.Series:
    """Values as people read them."""
    if isinstance(kind, pl.List):
        values = values.list.join("、")
    elif kind == pl.Boolean:
        values = values.replace_strict({True: "是", False: "否"}, return_dtype=pl.String)
    elif kind == pl.Float64:
        values = values.round(2)
    return values.cast(pl.String)


def _overlaid(given: Delivered, asked: pl.Series, progress: Progress) -> pl.DataFrame:
    """Every pair of a delivered row that is new or changed in shape with a parcel of the register that it overlaps."""
    schema = {"at": pl.Int64, "parcel_id": pl.Int64, "number": pl.String, "common_m2": pl.Float64,
              "share_delivered": pl.Float64, "share_register": pl.Float64}  # fmt: skip
    if not asked.len() or not Parcel.objects.alive().exists():
        return pl.DataFrame(schema=schema)
    rows = asked.to_numpy()
    ours = given.polygons.take(rows)
    flat, area = planar_area(ours), ellipsoidal_area(ours)
    found = [pl.DataFrame(schema=schema)]
    done = 0
    for piece, shapes in queries.frames(None, ParcelFilter(box=_around(ours.bounds)), attributes=False):
        theirs = Polygons.from_wkb(shapes)
        pairs = intersections(ours, theirs)
        share = np.clip(pairs.area / flat[pairs.left], 0, 1)
        held = np.clip(pairs.area / planar_area(theirs)[pairs.right], 0, 1)
        keep = (share > TOUCH) | (held > TOUCH)
        left, right = pairs.left[keep], pairs.right[keep]
        found.append(
            pl.DataFrame(
                {
                    "at": rows[left],
                    "parcel_id": piece["parcel_id"].gather(right),
                    "number": piece["number"].gather(right),
                    "common_m2": share[keep] * area[left],
                    "share_delivered": share[keep],
                    "share_register": held[keep],
                }
            )
        )
        done += piece.height
        progress("按图形比对", done, max(done, len(rows)))
    return pl.concat(found)


def _around(bounds: NDArray[np.float64]) -> tuple[float, float, float, float]:
    west, south = np.nanmin(bounds[:, :2], axis=0).tolist()
    east, north = np.nanmax(bounds[:, 2:], axis=0).tolist()
    return west, south, east, north


def _codes_elsewhere(rows: pl.DataFrame, known: pl.DataFrame, territory: str) -> pl.DataFrame:
    """Delivered rows whose code a living parcel outside the territory has: ``at``, ``parcel_id``, ``number``."""
    schema = {"code": pl.String, "parcel_id": pl.Int64, "number": pl.String}
    if not territory:
        return pl.DataFrame(schema={"at": pl.Int64, **schema}).drop("code")
    others = Parcel.objects.alive().exclude(township_code__startswith=territory).exclude(code="")
    held = pl.DataFrame(
        list(others.values_list("code", "id", "number").iterator(chunk_size=bulk.PIECE)), schema=schema, orient="row"
    )
    return rows.select("at", "code").join(held, on="code", how="inner").drop("code")


def _with_fields_by_shape(found: pl.DataFrame, given: Delivered) -> pl.DataFrame:
    """Say which fields differ of rows that were recognised by their shape; where none does, nothing has changed."""
    some = found.filter((pl.col("by") == "shape") & pl.col("kind").is_in([kinds.ATTRIBUTES, kinds.SHAPE]))
    if not some.height:
        return found
    told = [pl.DataFrame(schema={"at": pl.Int64, **{f"_{c}": pl.List(pl.String) for c in _DIFFERING}})]
    for part in some.iter_slices(bulk.PIECE):
        held = queries.attributes_of(part["version_id"].to_list())
        pairs = part.select("at", "version_id").join(held, on="version_id", how="inner")
        said = differing(given.fields[pairs["at"]], pairs.select(list(SCHEMA)))
        told.append(pairs.select("at", *(said[c].alias(f"_{c}") for c in _DIFFERING)))
    return (
        found.join(pl.concat(told), on="at", how="left", maintain_order="left")
        .with_columns(
            *(pl.coalesce(f"_{c}", c).alias(c) for c in _DIFFERING),
            pl.when((pl.col("kind") == kinds.ATTRIBUTES) & (pl.col("_fields").list.len() == 0))
            .then(pl.lit(kinds.SAME))
            .otherwise("kind")
            .alias("kind"),
        )
        .drop(f"_{c}" for c in _DIFFERING)
    )
