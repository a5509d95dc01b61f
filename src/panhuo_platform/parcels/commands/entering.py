"""Taking delivered parcels into the register as somebody decided, in one transaction; and taking that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl
import pyarrow as pa
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from panhuo.messages import format_number
from panhuo.progress import Progress, silent
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels import kinds, queries
from panhuo_platform.parcels.models import Change, Lineage, ParcelVersion
from panhuo_platform.parcels.writing import begin, end, put

#: What may be done with rows of a kind; the first is done where nobody said anything.
CHOICES: Mapping[str, tuple[str, ...]] = {
    kinds.NEW: ("enter", "leave"),
    kinds.ATTRIBUTES: ("enter", "leave"),
    kinds.SHAPE: ("enter", "leave"),
    kinds.SPLIT: ("enter", "leave"),
    kinds.MERGED: ("enter", "leave"),
    kinds.GONE: ("keep", "end"),
    kinds.CONFLICT: ("leave", "enter"),
    kinds.SAME: ("leave",),
}
#: Conflicts that somebody may decide to enter all the same; the others have to be mended first.
MAY_ENTER = ("overlaps", "moved")


@dataclass(frozen=True, slots=True)
class Decisions:
    """What to do with the rows of a comparison.

    kinds   : kind -> choice, see :data:`CHOICES`
    rows    : position of a delivered row (``at`` of the comparison) -> choice, which wins over that of its kind
    parcels : number of a gone parcel -> choice
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[int, str] = field(default_factory=dict)
    parcels: Mapping[str, str] = field(default_factory=dict)


@transaction.atomic
def enter(
    actor: User | None,
    rows: pl.DataFrame,
    geometry: pa.LargeBinaryArray,
    compared: pl.DataFrame,
    *,
    day: date,
    after: int | None = None,
    delivery: Delivery | None = None,
    decisions: Decisions | None = None,
    note: str = "",
    territory: str = "",
    progress: Progress = silent,
) -> Change:
    """Take delivered parcels into the register.

    rows, geometry : as they were compared (``panhuo_platform.parcels.comparing.compare``), and its answer
    day            : from when it is so on the ground
    after          : the last change that the comparison knew; ValidationError where there is a later one
    territory      : the division that the delivery speaks for
    actor          : None for the platform's own work (the demo, a transfer)

    New parcels are made, changed ones get a new version, gone ones end or stay as decided, splits and mergers end what
    they came of and keep the lineage. Rows without change stay untouched. All of it, or nothing.
    """
    if actor is not None:
        require(actor, "E", "database", region=territory)
    change = begin(Change.Kind.DELIVERED, actor, day, delivery=delivery, note=note)
    if after is not None and Change.objects.filter(pk__gt=after).exclude(pk=change.pk).exists():
        raise ValidationError(_("比对之后数据库又有变更，比对结果已经过时；请重新比对后再接收。"))
    chosen = decided(compared, decisions or Decisions())
    _still_current(chosen)
    counts = _apply(change, chosen, rows, geometry, progress)
    change.counts = counts
    change.save(update_fields=["counts"])
    record(
        AuditEvent.Action.DECIDED,
        f"接收宗地交付：{_told(counts)}",
        actor=actor,
        subject=delivery or change,
        detail={"change": change.pk, "day": str(day), "counts": counts},
    )
    return change


def decided(compared: pl.DataFrame, decisions: Decisions) -> pl.DataFrame:
    """The comparison with a column ``choice``: what is done with each of its rows."""
    by_kind = {kind: decisions.kinds.get(kind, choices[0]) for kind, choices in CHOICES.items()}
    for kind, said in by_kind.items():
        if said not in CHOICES[kind]:
            raise ValidationError(_("“%(kind)s”不能选择 %(choice)s。") % {"kind": kinds.KINDS[kind].zh, "choice": said})
    choice = pl.col("kind").replace_strict(by_kind, return_dtype=pl.String)
    if decisions.rows:
        choice = pl.coalesce(
            pl.col("at").replace_strict(dict(decisions.rows), default=None, return_dtype=pl.String), choice
        )
    if decisions.parcels:
        gone = pl.when(pl.col("kind") == kinds.GONE).then(
            pl.col("number").replace_strict(dict(decisions.parcels), default=None, return_dtype=pl.String)
        )
        choice = pl.coalesce(gone, choice)
    told = compared.with_columns(choice.alias("choice"))
    barred = told.filter(
        (pl.col("kind") == kinds.CONFLICT) & (pl.col("choice") == "enter") & ~pl.col("why").is_in(MAY_ENTER)
    )
    if barred.height and any(barred["at"].is_in(list(decisions.rows))):
        row = barred.filter(pl.col("at").is_in(list(decisions.rows))).row(0, named=True)
        raise ValidationError(
            _("第 %(row)s 行不能接收：%(why)s。") % {"row": row["row"], "why": kinds.CONFLICTS[row["why"]].zh}
        )
    told = told.with_columns(
        pl.when(pl.col("at").is_in(barred["at"].implode())).then(pl.lit("leave")).otherwise("choice").alias("choice")
    )
    _whole_splits(told)
    return told


def _whole_splits(told: pl.DataFrame) -> None:
    """A parcel is split as a whole or not at all."""
    torn = (
        told.filter(pl.col("kind") == kinds.SPLIT)
        .group_by("parcel_id")
        .agg(pl.col("number").first(), pl.col("choice").n_unique().alias("choices"), "row")
        .filter(pl.col("choices") > 1)
    )
    if torn.height:
        raise ValidationError(
            _("地块 %(number)s 分割成的各行（第 %(rows)s 行）须一并接收或一并不接收。")
            % {"number": torn["number"][0], "rows": "、".join(map(str, torn["row"][0].to_list()))}
        )


def _still_current(chosen: pl.DataFrame) -> None:
    """Stop where a version that the comparison speaks of is not current any more."""
    wanted = chosen.filter(pl.col("choice").is_in(["enter", "end"]))["version_id"].drop_nulls().unique().to_list()
    for start in range(0, len(wanted), 900):
        part = wanted[start : start + 900]
        if ParcelVersion.objects.now().filter(pk__in=part).count() != len(part):
            raise ValidationError(_("比对之后数据库又有变更，比对结果已经过时；请重新比对后再接收。"))


def _apply(
    change: Change, chosen: pl.DataFrame, rows: pl.DataFrame, geometry: pa.LargeBinaryArray, progress: Progress
) -> dict[str, int]:
    entered = chosen.filter(pl.col("choice") == "enter")
    # a code at another place is decided to be the parcel's new place; an overlap stays what its code says
    renewed = entered.filter(
        pl.col("kind").is_in([kinds.ATTRIBUTES, kinds.SHAPE])
        | ((pl.col("kind") == kinds.CONFLICT) & pl.col("version_id").is_not_null())
    )
    fresh = entered.filter(
        pl.col("kind").is_in([kinds.NEW]) | ((pl.col("kind") == kinds.CONFLICT) & pl.col("version_id").is_null())
    )
    split = entered.filter(pl.col("kind") == kinds.SPLIT)
    merged = entered.filter(pl.col("kind") == kinds.MERGED)
    gone = chosen.filter(pl.col("choice") == "end")
    sources = merged.select("at", pl.col("others").alias("parcel_id")).explode("parcel_id")
    held = _current_of(sources["parcel_id"].unique().to_list())
    ending = pl.concat(
        [
            _ends(gone),
            _ends(split.unique("parcel_id")),
            held.select("id", "parcel_id", "valid_from", "number"),
        ]
    ).unique("id", maintain_order=True)
    end(change, ending, parcels_too=True)
    end(change, _ends(renewed), parcels_too=False)
    making = pl.concat([renewed, fresh, split, merged]).with_columns(
        pl.when(pl.col("at").is_in(renewed["at"].implode())).then("parcel_id").alias("parcel_id"),
        pl.when(pl.col("at").is_in(renewed["at"].implode())).then("number").alias("number"),
        pl.when(pl.col("at").is_in(renewed["at"].implode())).then(pl.col("n") + 1).otherwise(1).alias("n"),
    )
    at = making["at"].to_numpy()
    shapes = _kept_shapes(making, geometry.take(pa.array(at)))
    told = rows[at].with_columns(making["parcel_id"], making["number"], making["n"])
    made = put(change, told, shapes, progress=progress)
    versions = making.select("at").hstack(made.select("version_id"))
    _trace(split.select("at", pl.col("version_id").alias("earlier"), "common_m2"), versions, Change.Kind.SPLIT)
    parents = sources.join(held.rename({"id": "earlier", "area_m2": "common_m2"}), on="parcel_id", how="inner")
    _trace(parents.select("at", "earlier", "common_m2"), versions, Change.Kind.MERGED)
    counted = entered.group_by("kind").len().rows() + ([(kinds.GONE, gone.height)] if gone.height else [])
    return {
        **{kind: int(count) for kind, count in sorted(counted)},
        "left": chosen.filter((pl.col("choice") == "leave") & (pl.col("kind") != kinds.SAME)).height,
        kinds.SAME: chosen.filter(pl.col("kind") == kinds.SAME).height,
    }


def _ends(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col("version_id").alias("id"), "parcel_id", "valid_from", "number")


def _kept_shapes(making: pl.DataFrame, shapes: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
    """Where a shape is the same (or was not delivered), the register's own stays, to the last digit."""
    kept = making.with_row_index("place").filter(
        (pl.col("kind") == kinds.ATTRIBUTES) & pl.col("version_id").is_not_null()
    )
    if not kept.height:
        return shapes
    blobs = np.array(shapes.to_pylist(), dtype=object)
    for part in kept.iter_slices(900):
        rows = ParcelVersion.objects.filter(pk__in=part["version_id"].to_list())
        known = dict(rows.annotate(_wkb=queries.AsWkb("geometry")).values_list("pk", "_wkb"))
        for place, version in part.select("place", "version_id").iter_rows():
            blob = known.get(version)
            blobs[place] = None if blob is None else bytes(blob)
    return pa.array(blobs.tolist(), type=pa.large_binary())


def _current_of(parcel_ids: list[int]) -> pl.DataFrame:
    got: list[tuple[object, ...]] = []
    for start in range(0, len(parcel_ids), 900):
        rows = ParcelVersion.objects.now().filter(parcel__in=parcel_ids[start : start + 900])
        got.extend(rows.values_list("pk", "parcel_id", "valid_from", "parcel__number", "area_m2"))
    kinds_of = {
        "id": pl.Int64,
        "parcel_id": pl.Int64,
        "valid_from": pl.Date,
        "number": pl.String,
        "area_m2": pl.Float64,
    }
    return pl.DataFrame(got, schema=kinds_of, orient="row")


def _trace(links: pl.DataFrame, versions: pl.DataFrame, kind: Change.Kind) -> None:
    """Keep what came of what."""
    joined = links.join(versions, on="at", how="inner")
    Lineage.objects.bulk_create(
        (
            Lineage(earlier_id=earlier, later_id=later, kind=kind, common_m2=common or 0.0)
            for earlier, later, common in joined.select("earlier", "version_id", "common_m2").iter_rows()
        ),
        batch_size=1000,
    )


def _told(counts: Mapping[str, int]) -> str:
    told = [f"{text.zh} {format_number(counts[kind])}" for kind, text in kinds.KINDS.items() if counts.get(kind)]
    if counts.get("left"):
        told.append(f"未采用 {format_number(counts['left'])}")
    return "，".join(told) or "无变化"
