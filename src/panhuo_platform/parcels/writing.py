"""The register's own writes, which every command that changes parcels is made of: begin a change, end versions, put
new ones. Within the command's transaction."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.land.polygons import Polygons
from panhuo.progress import Progress, silent
from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.geosqlite.bulk import many_new_rows
from panhuo_platform.organisations import locality
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels import bulk
from panhuo_platform.parcels.attributes import standard, to_json
from panhuo_platform.parcels.models import Change, NumberCounter, Parcel, ParcelVersion
from panhuo_platform.parcels.shapes import areas, multipolygons

#: No division: the row that whoever changes the register holds until the end.
_TURN = "-"
_EMPTY: dict[Any, Any] = {"parcel_id": pl.Int64, "version_id": pl.Int64, "number": pl.String, "area_m2": pl.Float64}


def begin(
    kind: Change.Kind, actor: User | None, day: date, *, delivery: Delivery | None = None, note: str = ""
) -> Change:
    """A change that holds from ``day``, learned now. Until its transaction ends, nobody else begins one."""
    if day > timezone.localdate():
        raise ValidationError(_("生效日期 %(day)s 在今天之后；请填写已经发生的变更日期。") % {"day": day})
    NumberCounter.objects.get_or_create(prefix=_TURN)
    NumberCounter.objects.select_for_update().get(prefix=_TURN)
    return Change.objects.create(kind=kind, actor=actor, day=day, at=timezone.now(), delivery=delivery, note=note[:500])


def end(change: Change, versions: pl.DataFrame, *, parcels_too: bool) -> None:
    """Close current versions on the day of the change; those that began on that day have never held.

    versions    : ``id``, ``parcel_id``, ``valid_from`` (Date), ``number`` of current versions
    parcels_too : the parcels end with them; else other versions are to follow
    """
    late = versions.filter(pl.col("valid_from") > change.day)
    if late.height:
        raise ValidationError(
            _("地块 %(number)s 的现行版本自 %(day)s 起有效，晚于本次变更的日期 %(change)s；请核对生效日期。")
            % {"number": late["number"][0], "day": late["valid_from"][0], "change": change.day}
        )
    same_day = pl.col("valid_from") == change.day
    ids = versions.select("id", same_day.alias("same_day"))
    if parcels_too:
        ended = versions.select(pl.col("parcel_id").alias("id"))
        bulk.update(Parcel, "id", ended, status=Parcel.Status.ENDED.value, current=None)
    closed = ids.filter(~pl.col("same_day")).select("id")
    bulk.update(ParcelVersion, "id", closed, valid_to=change.day, closed_at=change.at, ended_by=change.pk)
    bulk.update(ParcelVersion, "id", ids.filter("same_day").select("id"), superseded_at=change.at, ended_by=change.pk)


def put(
    change: Change,
    rows: pl.DataFrame,
    geometry: pa.LargeBinaryArray,
    *,
    reason: Change.Kind | None = None,
    valid_from: date | pl.Series | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Make versions out of ``rows``, and parcels where they have none yet.

    rows       : the standard fields of the role ``parcels``, with ``township_code``; and, for versions of parcels
                 that are there, ``parcel_id``, ``number`` and ``n`` (the version's number), null for new ones
                 With ``change_id`` and ``delivery_id`` they count as made by those again
    geometry   : WKB of EPSG:4490 beside them
    valid_from : the day they hold from; None: the day of the change

    Returns ``parcel_id``, ``version_id``, ``number``, ``area_m2`` in the order of ``rows``.
    """
    if "parcel_id" not in rows.columns:
        rows = rows.with_columns(
            pl.lit(None, pl.Int64).alias("parcel_id"), pl.lit(None, pl.String).alias("number"), pl.lit(1).alias("n")
        )
    known = rows["parcel_id"].is_not_null()
    fresh = int((~known).sum())
    numbers = rows["number"].to_list()
    if fresh:
        drawn = iter(_draw(rows.filter(~known)["township_code"].to_list()))
        numbers = [number if here else next(drawn) for number, here in zip(numbers, known, strict=True)]
    keys = rows["parcel_id"].to_numpy(allow_copy=True).copy() if rows.height else np.zeros(0)
    parcel_ids = np.where(known.to_numpy(), np.nan_to_num(keys), 0).astype(np.int64)
    parcel_ids[~known.to_numpy()] = bulk.new_keys(Parcel, fresh)
    version_ids = bulk.new_keys(ParcelVersion, rows.height)
    stage = first_stage()
    made = [pl.DataFrame(schema=_EMPTY)]
    with many_new_rows(ParcelVersion):
        for start in range(0, rows.height, bulk.PIECE):
            progress("写入宗地", start, rows.height)
            part = slice(start, start + bulk.PIECE)
            piece = rows[part].with_columns(
                pl.Series("parcel_id", parcel_ids[part]),
                pl.Series("version_id", version_ids[part]),
                pl.Series("number", numbers[part], pl.String),
                pl.Series("_new", ~known[part]),
                _days(valid_from, change.day, part),
            )
            made.append(
                _put(change, piece, geometry.slice(start, bulk.PIECE), reason or Change.Kind(change.kind), stage)
            )
    progress("写入宗地", rows.height, rows.height)
    return pl.concat(made)


def _days(valid_from: date | pl.Series | None, day: date, part: slice) -> Any:
    if isinstance(valid_from, pl.Series):
        return valid_from[part].alias("valid_from")
    return pl.lit(valid_from or day).alias("valid_from")


def _put(
    change: Change, rows: pl.DataFrame, geometry: pa.LargeBinaryArray, reason: Change.Kind, stage: str
) -> pl.DataFrame:
    polygons = Polygons.from_wkb(geometry)
    ellipsoid, plane = areas(polygons)
    fields = standard(rows)
    measured = pl.DataFrame(
        {"area_m2": pl.Series(ellipsoid).fill_nan(None), "planar_area_m2": pl.Series(plane).fill_nan(None)}
    ).with_columns(pl.coalesce("area_m2", fields["declared_area_m2"], pl.lit(0.0)).alias("area_m2"))
    parcels = pl.DataFrame(
        {
            "id": rows["parcel_id"],
            "code": _text(fields["parcel_code"], 40),
            "name": _text(fields["parcel_name"], 200),
            "township_code": rows["township_code"],
            "holder_name": _text(fields["holder_name"], 200),
            "credit_code": _text(fields["credit_code"], 40),
            "registered_use": _text(fields["registered_use"], 20),
            "area_m2": measured["area_m2"],
            "status": pl.repeat(Parcel.Status.ALIVE.value, rows.height, eager=True, dtype=pl.String),
            "current_id": rows["version_id"],
        }
    )
    new = parcels.with_columns(rows["number"]).filter(rows["_new"])
    if new.height:
        bulk.insert(
            Parcel, new, outcome="", main_class="", classes=[], stage=stage, in_upper_register=False, upper_number=""
        )
    whence: dict[str, Any] = {"change": change.pk, "delivery": change.delivery_id}
    again = [pl.col(c) for c in ("change_id", "delivery_id") if c in rows.columns]
    if again:
        whence = {}
    bulk.insert(
        ParcelVersion,
        pl.DataFrame(
            {
                "id": rows["version_id"],
                "parcel_id": rows["parcel_id"],
                "n": rows["n"],
                "township_code": rows["township_code"],
                "code": parcels["code"],
                "valid_from": rows["valid_from"],
                "area_m2": measured["area_m2"],
                "planar_area_m2": measured["planar_area_m2"],
                "declared_area_m2": fields["declared_area_m2"],
                "attributes": to_json(fields),
            }
        ).hstack(rows.select(again)),
        multipolygons(geometry, polygons),
        valid_to=None, recorded_at=change.at, closed_at=None, superseded_at=None, reason=reason.value,
        note=change.note, ended_by=None, actor=change.actor_id, **whence,
    )  # fmt: skip
    old = parcels.filter(~rows["_new"])
    if old.height:
        bulk.update(Parcel, "id", old)
    return pl.DataFrame(
        {
            "parcel_id": rows["parcel_id"],
            "version_id": rows["version_id"],
            "number": rows["number"],
            "area_m2": measured["area_m2"],
        }
    ).cast(_EMPTY)


def _text(column: pl.Series, length: int) -> pl.Series:
    """As a column of the list holds it; the whole text stands in the version's attributes."""
    return column.cast(pl.String).fill_null("").str.slice(0, length)


def _draw(townships: list[str]) -> list[str]:
    """A permanent number for each, counted on in its division; a block of each division is taken at once."""
    counts: dict[str, int] = {}
    for code in townships:
        counts[code] = counts.get(code, 0) + 1
    following: dict[str, int] = {}
    for code in sorted(counts):  # in one order, so that two who draw never wait for each other
        NumberCounter.objects.get_or_create(prefix=code)
        counter = NumberCounter.objects.select_for_update().get(prefix=code)
        following[code] = counter.last
        NumberCounter.objects.filter(prefix=code).update(last=F("last") + counts[code])
    drawn = []
    for code in townships:
        following[code] += 1
        drawn.append(f"{code}P{following[code]:07d}")
    return drawn


def first_stage() -> str:
    """Where a new parcel stands: the first state of the pack's chain for records; empty before a pack is adopted."""
    pack = locality.frozen()
    for chain in pack["content"]["workflow"]["chains"] if pack else ():
        if chain["object"] == "record":
            return str(chain["states"][0]["id"])
    return ""
