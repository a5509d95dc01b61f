"""The register of legacy land (历史遗留用地): entering, and closing it for good."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pyarrow as pa
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.land.polygons import Polygons
from panhuo.land.roles import role
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.geosqlite.bulk import many_new_rows
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels import bulk, queries
from panhuo_platform.parcels.models import LegacyParcel, LegacySeal
from panhuo_platform.parcels.placing import with_townships
from panhuo_platform.parcels.shapes import areas, multipolygons

_FIELDS = tuple(f.name for f in role("legacy").fields)


@transaction.atomic
def enter_legacy(
    actor: User | None,
    rows: pl.DataFrame,
    geometry: pa.LargeBinaryArray | None,
    *,
    delivery: Delivery | None = None,
    township: str = "",
    outlines: Mapping[str, bytes] | None = None,
) -> int:
    """Enter legacy land that is not there yet, by its number; returns how many pieces were new.

    rows     : the standard fields of the role ``legacy``
    geometry : WKB of EPSG:4490 beside them; None for a table without shapes
    township : the division of rows that name and lie in none
    outlines : boundaries that came with the rows, see ``panhuo_platform.parcels.placing.with_townships``

    Refused where the register of their division has been sealed.
    """
    if actor is not None:
        require(actor, "E", "historical", region=township)
    shapes = pa.nulls(rows.height, pa.large_binary()) if geometry is None else geometry
    rows = with_townships(rows, shapes, outlines).with_columns(pl.col("township_code").fill_null(township))
    rows = rows.with_row_index("_at").filter(pl.col("legacy_code").is_not_null()).unique("legacy_code", keep="first")
    there = set(LegacyParcel.objects.values_list("number", flat=True))
    rows = rows.filter(~pl.col("legacy_code").is_in(list(there))).sort("_at")
    for code in rows["township_code"].unique().to_list():
        if sealed := queries.sealed(code):
            raise ValidationError(
                _("%(region)s的历史遗留用地库已于 %(day)s 封库，不再新增。")
                % {"region": sealed.region_code or _("全区"), "day": timezone.localdate(sealed.sealed_at)}
            )
    if not rows.height:
        return 0
    shapes = shapes.take(rows["_at"].to_arrow())
    polygons = Polygons.from_wkb(shapes)
    told = rows.select(
        pl.col("legacy_code").alias("number"),
        "township_code",
        _text(rows, "situation").str.slice(0, 100),
        _year(rows).alias("occurred_year"),
        _text(rows, "penalty_no").str.slice(0, 100),
    )
    known = [c for c in _FIELDS if c in rows.columns]
    with many_new_rows(LegacyParcel):
        bulk.insert(
            LegacyParcel,
            told.with_columns(
                pl.Series("id", bulk.new_keys(LegacyParcel, rows.height)),
                pl.Series("area_m2", areas(polygons)[0]).fill_nan(None),
                rows.select(_json(known).alias("attributes")).to_series(),
            ),
            multipolygons(shapes, polygons),
            delivery=delivery.pk if delivery else None, entered_at=timezone.now(), actor=actor.pk if actor else None,
        )  # fmt: skip
    record(
        AuditEvent.Action.CHANGED, f"历史遗留用地入库 {rows.height} 宗", actor=actor, subject=delivery,
        detail={"count": rows.height, "townships": sorted(rows["township_code"].unique().to_list())},
    )  # fmt: skip
    return rows.height


def _json(names: list[str]) -> pl.Expr:
    return pl.struct(pl.col(names).cast(pl.String)).struct.json_encode()


def _text(rows: pl.DataFrame, name: str) -> pl.Expr:
    column = pl.col(name).cast(pl.String) if name in rows.columns else pl.lit(None, pl.String)
    return column.fill_null("").alias(name)


def _year(rows: pl.DataFrame) -> pl.Expr:
    if "occurred_year" not in rows.columns:
        return pl.lit(None, pl.Int64)
    year = pl.col("occurred_year").cast(pl.Int64, strict=False)
    return pl.when(year.is_between(1900, 2100)).then(year)


@transaction.atomic
def propose_seal(actor: User, region_code: str = "") -> LegacySeal:
    """One of the office proposes to close the register of a division (empty: of the whole locality)."""
    require(actor, "A", "historical", region=region_code)
    if queries.sealed(region_code):
        raise ValidationError(_("该区域的历史遗留用地库已经封库。"))
    if LegacySeal.objects.filter(region_code=region_code).exists():
        raise ValidationError(_("该区域已经提出封库，等待第二人确认。"))
    if not LegacyParcel.objects.filter(township_code__startswith=region_code).exists():
        raise ValidationError(_("该区域还没有历史遗留用地，不能封库。"))
    seal = LegacySeal.objects.create(region_code=region_code, proposed_by=actor)
    record(AuditEvent.Action.DECIDED, f"提出历史遗留用地封库 {region_code or '全部'}", actor=actor, subject=seal)
    return seal


@transaction.atomic
def withdraw_seal(actor: User, seal: LegacySeal) -> None:
    """A proposal that nobody has confirmed is taken back. A seal never is."""
    require(actor, "A", "historical", region=seal.region_code)
    seal = LegacySeal.objects.select_for_update().get(pk=seal.pk)
    if seal.sealed_at is not None:
        raise ValidationError(_("已经封库，任何人不能解封。"))
    told = f"撤回历史遗留用地封库提议 {seal.region_code or '全部'}"
    record(AuditEvent.Action.DECIDED, told, actor=actor, subject=seal)
    seal.delete()


@transaction.atomic
def seal(actor: User, proposed: LegacySeal) -> LegacySeal:
    """A second person closes the register for good: its rows get a checksum, and the database refuses every change."""
    require(actor, "A", "historical", region=proposed.region_code)
    row = LegacySeal.objects.select_for_update().get(pk=proposed.pk)
    if row.sealed_at is not None:
        raise ValidationError(_("该区域的历史遗留用地库已经封库。"))
    if row.proposed_by_id == actor.pk:
        raise ValidationError(_("封库须由提出人以外的第二人确认。"))
    row.algorithm = settings.AUDIT_ALGORITHM
    row.checksum, row.count, row.area_m2 = queries.legacy_checksum(row.region_code, row.algorithm)
    row.sealed_by, row.sealed_at = actor, timezone.now()
    row.save()
    record(
        AuditEvent.Action.DECIDED, f"历史遗留用地封库 {row.region_code or '全部'}：{row.count} 宗", actor=actor,
        subject=row, detail={"checksum": row.checksum, "area_m2": row.area_m2},
    )  # fmt: skip
    return row
