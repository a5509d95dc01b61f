"""Splitting, merging and reshaping parcels by hand; changing their attributes. Geometry comes as somebody drew it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import shapely
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from shapely.geometry.base import BaseGeometry

from panhuo.messages import format_number
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels import drawing
from panhuo_platform.parcels.attributes import SCHEMA, from_json, standard
from panhuo_platform.parcels.models import Change, Lineage, Parcel, ParcelVersion
from panhuo_platform.parcels.writing import begin, end, put


@transaction.atomic
def split(
    actor: User,
    parcel: Parcel,
    *,
    day: date,
    line: str | dict[str, Any] | None = None,
    parts: Sequence[str | dict[str, Any]] = (),
    codes: Sequence[str] = (),
    note: str = "",
) -> list[Parcel]:
    """Split a parcel along a drawn line, or into drawn parts that fill it. It ends; its parts are new parcels.

    codes : 宗地代码 of the parts from west to east (or in the order drawn), as far as they are known

    The parts inherit the attributes; their areas add up to the parcel's.
    """
    parcel, version = _held(actor, parcel)
    whole = _shape(version)
    if line is not None:
        pieces = drawing.cut_by_line(whole, drawing.read(line, line=True))
    else:
        pieces = drawing.fit_into(whole, [drawing.read(part) for part in parts])
    for number, piece in enumerate(pieces, 1):
        if drawing.area_of(piece) < drawing.LEAST_M2:
            raise ValidationError(
                _("分割出的第 %(number)s 宗不足 %(least)s 平方米。")
                % {"number": number, "least": format_number(drawing.LEAST_M2)}
            )
    change = begin(Change.Kind.SPLIT, actor, day, note=note)
    end(change, _ending([version]), parcels_too=True)
    fields = _fields(version)
    rows = pl.concat([fields] * len(pieces)).with_columns(
        pl.Series("parcel_code", [_code(codes, k) for k in range(len(pieces))], pl.String),
        pl.lit(None, pl.Float64).alias("declared_area_m2"),
        pl.lit(parcel.township_code).alias("township_code"),
    )
    made = _made(change, rows, pieces, note)
    for (version_id, area), _piece in zip(made.select("version_id", "area_m2").iter_rows(), pieces, strict=True):
        Lineage.objects.create(earlier=version, later_id=version_id, kind=Lineage.Kind.SPLIT, common_m2=area)
    record(
        AuditEvent.Action.DECIDED, f"分割 {parcel} 为 {len(pieces)} 宗", actor=actor, subject=parcel,
        detail={"change": change.pk, "into": made["number"].to_list(), "areas_m2": made["area_m2"].to_list()},
    )  # fmt: skip
    return _parcels(made)


@transaction.atomic
def merge(
    actor: User,
    parcels: Sequence[Parcel],
    *,
    day: date,
    code: str = "",
    like: Parcel | None = None,
    note: str = "",
) -> Parcel:
    """Merge neighbouring parcels of one township (归宗). They end; the whole is a new parcel.

    like : whose attributes it inherits; None for the largest
    """
    if len({p.pk for p in parcels}) < 2:
        raise ValidationError(_("合并至少要选两宗。"))
    held = [_held(actor, p) for p in sorted(parcels, key=lambda p: p.pk)]
    towns = {p.township_code for p, _version in held}
    if len(towns) > 1:
        raise ValidationError(_("要合并的宗地分属不同乡镇（街道），不能合并。"))
    shapes = [_shape(version) for _parcel, version in held]
    whole = shapely.union_all(shapes)
    apart = _apart(shapes)
    if apart is not None:
        raise ValidationError(_("%(parcel)s 与其他宗地不相邻，不能合并。") % {"parcel": held[apart][0]})
    total, area = sum(map(drawing.area_of, shapes)), drawing.area_of(whole)
    if abs(total - area) > drawing.slack(total):
        raise ValidationError(
            _("要合并的宗地相互重叠 %(area)s 平方米，请先改正图形。") % {"area": format_number(total - area, 2)}
        )
    change = begin(Change.Kind.MERGED, actor, day, note=note)
    end(change, _ending([version for _parcel, version in held]), parcels_too=True)
    source = next((v for p, v in held if like is not None and p.pk == like.pk), max((v for _p, v in held), key=_area))
    declared = [v.declared_area_m2 for _parcel, v in held]
    rows = _fields(source).with_columns(
        pl.lit(code or None, pl.String).alias("parcel_code"),
        pl.lit(None if None in declared else sum(d for d in declared if d is not None), pl.Float64).alias(
            "declared_area_m2"
        ),
        pl.lit(towns.pop()).alias("township_code"),
    )
    made = _made(change, rows, [whole], note)
    for _parcel, version in held:
        Lineage.objects.create(
            earlier=version, later_id=made["version_id"][0], kind=Lineage.Kind.MERGED, common_m2=version.area_m2
        )
    new = _parcels(made)[0]
    record(
        AuditEvent.Action.DECIDED, f"合并 {len(held)} 宗为 {new}", actor=actor, subject=new,
        detail={"change": change.pk, "of": [p.number for p, _version in held], "area_m2": area},
    )  # fmt: skip
    return new


@transaction.atomic
def reshape(
    actor: User,
    parcel: Parcel,
    *,
    day: date,
    shape: str | dict[str, Any] | None = None,
    fields: Mapping[str, Any] | None = None,
    correction: bool = False,
    note: str = "",
) -> Parcel:
    """Give a parcel another shape, other attributes, or both: a new version from ``day`` on.

    fields     : standard field -> value; None removes it
    correction : it has been so from the beginning of the version (更正): that version is superseded, and ``day`` is its
    """
    parcel, version = _held(actor, parcel)
    unknown = sorted(set(fields or ()) - set(SCHEMA))
    if unknown:
        raise ValidationError(_("没有名为 %(name)s 的字段。") % {"name": "、".join(unknown)})
    if (fields or {}).get("township_code", parcel.township_code) != parcel.township_code:
        raise ValidationError(_("乡镇（街道）不能这样修改。"))
    drawn = None
    if shape is not None:
        drawn = drawing.checked(actor, drawing.read(shape), without=[parcel.pk], township=parcel.township_code)
    if drawn is None and not fields:
        raise ValidationError(_("没有要修改的内容。"))
    kind = Change.Kind.CORRECTED if correction else Change.Kind.EDITED
    change = begin(kind, actor, version.valid_from if correction else day, note=note)
    end(change, _ending([version]), parcels_too=False)
    rows = _fields(version)
    if fields:
        told = standard(pl.DataFrame([dict(fields)], infer_schema_length=None))
        rows = rows.with_columns(told[name] for name in fields)
    rows = rows.with_columns(
        pl.lit(parcel.township_code).alias("township_code"),
        pl.lit(parcel.pk, pl.Int64).alias("parcel_id"),
        pl.lit(parcel.number).alias("number"),
        pl.lit(version.n + 1, pl.Int64).alias("n"),
    )
    before = version.area_m2
    made = put(change, rows, drawing.wkb_of([drawn if drawn is not None else _shape(version)]), reason=kind)
    parcel.refresh_from_db()
    record(
        AuditEvent.Action.CHANGED, f"{kind.label} {parcel}", actor=actor, subject=parcel,
        detail={"change": change.pk, "fields": sorted(fields or ()), "shape": drawn is not None,
                "area_m2": [before, made["area_m2"][0]]},
    )  # fmt: skip
    return parcel


def _held(actor: User, parcel: Parcel) -> tuple[Parcel, ParcelVersion]:
    """The parcel with its current version, if the actor may change it."""
    require(actor, "E", "database", region=parcel.township_code)
    parcel = Parcel.objects.select_for_update(of=("self",)).select_related("current").get(pk=parcel.pk)
    if parcel.current is None:
        raise ValidationError(_("%(parcel)s 已终止，不能再修改。") % {"parcel": parcel})
    return parcel, parcel.current


def _shape(version: ParcelVersion) -> BaseGeometry:
    if version.geometry is None:
        raise ValidationError(_("%(parcel)s 没有图形，请先补充图形。") % {"parcel": version.parcel})
    shape = shapely.from_wkb(bytes(version.geometry.wkb))
    if not shapely.is_valid(shape):
        raise ValidationError(_("%(parcel)s 的图形自相交，请先修改图形。") % {"parcel": version.parcel})
    parts = shapely.get_parts(shape)
    return parts[0] if len(parts) == 1 else shape


def _apart(shapes: Sequence[BaseGeometry]) -> int | None:
    """The place of a shape that no line of neighbours leads to from the first; None where all hang together."""
    reached, waiting = {0}, [0]
    while waiting:
        here = waiting.pop()
        for k, other in enumerate(shapes):
            if k not in reached and shapely.intersection(shapes[here], other).length > 0:
                reached.add(k)
                waiting.append(k)
    return next((k for k in range(len(shapes)) if k not in reached), None)


def _area(version: ParcelVersion) -> float:
    return version.area_m2


def _ending(versions: Sequence[ParcelVersion]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [v.pk for v in versions],
            "parcel_id": [v.parcel_id for v in versions],
            "valid_from": [v.valid_from for v in versions],
            "number": [v.parcel.number for v in versions],
        }
    )


def _fields(version: ParcelVersion) -> pl.DataFrame:
    import json

    return from_json(pl.Series([json.dumps(version.attributes)]))


def _code(codes: Sequence[str], k: int) -> str | None:
    return codes[k].strip() or None if k < len(codes) else None


def _made(change: Change, rows: pl.DataFrame, shapes: Sequence[BaseGeometry], note: str) -> pl.DataFrame:
    """New parcels; a code that a living parcel has already is said in words."""
    wanted = [c for c in rows["parcel_code"].to_list() if c]
    taken = Parcel.objects.alive().filter(code__in=wanted).first()
    if taken is not None or len(set(wanted)) < len(wanted):
        raise ValidationError(_("宗地代码 %(code)s 已经使用。") % {"code": taken.code if taken else wanted[0]})
    return put(change, rows, drawing.wkb_of(shapes))


def _parcels(made: pl.DataFrame) -> list[Parcel]:
    found = Parcel.objects.in_bulk(made["parcel_id"].to_list())
    return [found[key] for key in made["parcel_id"]]
