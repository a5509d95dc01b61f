"""Long work on deliveries: reading what came in, and checking it. Both can be begun again at any point."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import polars as pl
from django.contrib.gis.geos import Point
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo import exchange
from panhuo.exchange import Limits
from panhuo.messages import PanhuoError, Stopped, Text
from panhuo.quality.repairs import REPAIRABLE
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries import kept
from panhuo_platform.deliveries.checking import Checked, check
from panhuo_platform.deliveries.files import storable
from panhuo_platform.deliveries.laid import LARGE, REGISTERED, lay_out
from panhuo_platform.deliveries.models import DeliveredLayer, Delivery, Finding, HandedBack, Repair
from panhuo_platform.deliveries.understanding import described, memories
from panhuo_platform.jobs.commands import start
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.registry import Running, job
from panhuo_platform.organisations.models import User

State = Delivery.State
READ, CHECK, LAY = "deliveries.read", "deliveries.check", "deliveries.lay_out"
_BATCH = 2000
#: What readers say of an archive that was made to do harm: nothing of such a delivery is taken.
_HOSTILE = "R16"


@job(READ, _("读取交付文件"))
def read(running: Running, *, delivery: int) -> dict[str, Any]:
    """Open everything that was received, keep its layers, and say what they seem to be; then have them checked."""
    from django.conf import settings

    with transaction.atomic():  # PostgreSQL may still be ending what a killed worker has sent
        row = Delivery.objects.select_for_update().get(pk=delivery)
    if row.understood or row.state == State.REFUSED:  # begun again after it was done
        return _swept(row)
    _in_state(row, State.RECEIVED)
    number = row.understood + 1
    limits = Limits(bytes_total=settings.DELIVERY_UNPACKED_LIMIT)
    opened = exchange.open_delivery(row.received, progress=running, limits=limits)
    if (why := _refusal(opened)) is not None:
        return _refuse(running, row, why)
    folder = row.folder / "layers"
    layers = []
    known = memories(row.sender_id)
    for k, layer in enumerate(opened.layers, 1):
        running("保存图层", k - 1, len(opened.layers))
        name = f"layers/{number}-{k}.parquet"
        layer = _storable(layer)
        kept.keep(layer, row.folder / name)
        layers.append(DeliveredLayer(delivery=row, number=k, kept=name, **described(layer, known)))
    folder.mkdir(parents=True, exist_ok=True)
    opened.findings.write_parquet(folder / f"{number}-reading.parquet")
    with transaction.atomic():
        row = _locked(delivery, State.RECEIVED)
        row.layers.all().delete()
        DeliveredLayer.objects.bulk_create(layers)
        row.understood, row.state = number, State.CHECKING
        row.save(update_fields=["understood", "state"])
        start_check(running.actor, row)
    return _swept(row)


def start_check(actor: User, row: Delivery) -> Job:
    """Have a delivery checked whose state says so, in the same transaction. The job knows which check it is to be."""
    return start(CHECK, actor=actor, subject=row, arguments={"delivery": row.pk, "run": row.run + 1})


def unchecked(*, delivery: int, run: int) -> None:
    """A check that was not done leaves the delivery as one that waits for a check: layers can be described anew."""
    rows = Delivery.objects.filter(pk=delivery, state=State.CHECKING, run__lt=run)
    rows.update(state=State.CHECKED if run > 1 else State.RECEIVED)


@job(CHECK, _("检查交付数据"), undone=unchecked)
def check_all(running: Running, *, delivery: int, run: int) -> dict[str, Any]:
    """Check a delivery for the ``run``-th time. Its findings are seen when all of them stand, and never before."""
    row = _checking(delivery, run)
    _sweep(row, running)
    if row.run >= run:  # begun again after it was done
        return {}
    reading = row.folder / "layers" / f"{row.understood}-reading.parquet"
    checked = check(row, pl.read_parquet(reading), progress=running)
    _store(row, run, checked, running)
    with transaction.atomic():
        row = _locked(delivery, State.CHECKING)
        row.run, row.state, row.checked_at = run, State.CHECKED, timezone.now()
        row.save(update_fields=["run", "state", "checked_at"])
        row.layers.exclude(state=DeliveredLayer.State.LEFT_OUT).update(state=DeliveredLayer.State.CHECKED)
        for layer in row.layers.all():
            layer.box = checked.boxes.get(layer.pk)
            layer.save(update_fields=["box"])
        record(
            AuditEvent.Action.CHANGED, f"检查交付“{row.title}”：{checked.findings.height} 条发现",
            actor=running.actor, subject=row, detail={"run": run, **_counts(checked.findings)},
        )  # fmt: skip
    _sweep(row, running)
    return {"findings": checked.findings.height, **_counts(checked.findings), "handed_back": checked.back.height}


@job(LAY, _("整理图层供查看"))
def lay_out_all(running: Running, *, delivery: int) -> dict[str, Any]:
    """Lay the large layers of an accepted delivery out, so that whoever looks first at one need not wait."""
    held = DeliveredLayer.objects.in_force().filter(delivery=delivery, rows__gte=LARGE).exclude(role__in=REGISTERED)
    rows = [r for r in held if r.has_shapes]
    for k, row in enumerate(rows):
        running("整理图层", k, len(rows))
        lay_out(row)
    return {"layers": len(rows)}


def _storable(layer: exchange.Layer) -> exchange.Layer:
    """The layer with names that every database takes."""
    names = [storable(n) for n in layer.fields]
    return layer.with_(
        table=layer.table.rename_columns(names), name=storable(layer.name)[:300], source=storable(layer.source)[:600]
    )


@transaction.atomic
def _checking(pk: int, run: int) -> Delivery:
    """The delivery, being checked, unless this check of it is done already.

    One that a check left undone is being checked when somebody has that check done once more.
    """
    row = Delivery.objects.select_for_update().get(pk=pk)
    if row.run >= run:
        return row
    if row.may_change and row.understood:
        row.state = State.CHECKING
        row.save(update_fields=["state"])
    return _in_state(row, State.CHECKING)


def _locked(pk: int, state: str) -> Delivery:
    return _in_state(Delivery.objects.select_for_update().get(pk=pk), state)


def _in_state(row: Delivery, state: str) -> Delivery:
    if row.state != state:
        raise PanhuoError(
            f"交付“{row.title}”的状态已是“{row.get_state_display()}”，本任务不再进行。",
            f"The delivery '{row.title}' is in another state by now ({row.state}); this job is not needed any more.",
        )
    return row


def _refusal(opened: exchange.Delivery) -> Text | None:
    """Why nothing of a delivery is taken: an archive made to do harm, or nothing in it that can be read."""
    errors = opened.findings.filter(pl.col("severity") == "error")
    hostile = errors.filter(pl.col("code") == _HOSTILE)
    if hostile.height:
        return _said(hostile)
    if any(layer.count for layer in opened.layers):
        return None
    if errors.height:
        return _said(errors)
    if opened.layers:  # a list without a line says that there is nothing of the kind
        return None
    return Text(
        "没有可读取的图层或表。请上传 Shapefile、GeoPackage、GDB、界址点 TXT、Excel 等数据文件。",
        "There is no layer or table that can be read. Send a shapefile, GeoPackage, GDB, boundary TXT or Excel file.",
    )


def _said(findings: pl.DataFrame) -> Text:
    told = findings.head(3)
    zh = [f"{r['source']}：{r['zh']}{r['suggestion_zh'] or ''}" for r in told.iter_rows(named=True)]
    en = [f"{r['source']}: {r['en']} {r['suggestion_en'] or ''}" for r in told.iter_rows(named=True)]
    return Text(storable("\n".join(zh)), storable("\n".join(en)))


def _refuse(running: Running, row: Delivery, why: Text) -> dict[str, Any]:
    """Refuse a delivery as a whole: its files are removed, the row stays and says why."""
    with transaction.atomic():
        row = _locked(row.pk, State.RECEIVED)
        row.state, row.told, row.told_en, row.decided_at = State.REFUSED, why.zh, why.en, timezone.now()
        row.save(update_fields=["state", "told", "told_en", "decided_at"])
        row.layers.all().delete()
        files = list(row.uploads.values("name", "size", "sha256"))
        record(
            AuditEvent.Action.REFUSED, f"拒收交付“{row.title}”：{why.zh}", actor=running.actor, subject=row,
            detail={"files": files, "why": why.zh},
        )  # fmt: skip
    return _swept(row)


def _swept(row: Delivery) -> dict[str, Any]:
    """What came of reading, after its files have gone that nothing names any more."""
    if row.state == State.REFUSED:
        shutil.rmtree(row.folder, ignore_errors=True)
        return {"refused": row.told}
    for old in (row.folder / "layers").iterdir():
        if not old.name.startswith(f"{row.understood}-"):
            old.unlink(missing_ok=True)
    rows = list(row.layers.values_list("rows", flat=True))
    return {"layers": len(rows), "rows": sum(rows)}


def _sweep(row: Delivery, running: Callable[[str, int, int], None]) -> None:
    """Remove what checks that do not count have left, killed ones and earlier ones. Bit by bit: others write too."""
    for rows in (
        Finding.objects.filter(delivery=row).exclude(run=row.run),
        HandedBack.objects.filter(layer__delivery=row).exclude(run=row.run),
        Repair.objects.filter(layer__delivery=row, adopted_at=None).exclude(run=row.run),
    ):
        while keys := list(rows.values_list("pk", flat=True)[: _BATCH * 5]):
            rows.model._default_manager.filter(pk__in=keys).delete()
            try:
                running("清理", 0, 0)
            except Stopped:
                if row.state == State.CHECKED:  # all is said and done; the next check sweeps the rest
                    return
                raise


def _store(row: Delivery, number: int, checked: Checked, running: Running) -> None:
    total = checked.findings.height
    for at in range(0, total, _BATCH):
        running("保存检查发现", at, total)
        part = checked.findings.slice(at, _BATCH).iter_rows(named=True)
        Finding.objects.bulk_create([_finding(row, number, f) for f in part])
    for at in range(0, checked.back.height, _BATCH):
        running("保存退回的行", at, checked.back.height)
        HandedBack.objects.bulk_create(
            HandedBack(layer_id=r["layer_id"], run=number, row=r["row"], reason=r["reason"])
            for r in checked.back.slice(at, _BATCH).iter_rows(named=True)
        )
    crs = kept.crs_text(checked.crs)
    # a repair that would put another error in the place of the one it mends is for the sender's own hand
    offered = checked.repairs.filter(pl.col("leaves").is_null())
    for at in range(0, offered.height, _BATCH):
        running("保存修复建议", at, offered.height)
        part = offered.slice(at, _BATCH).iter_rows(named=True)
        Repair.objects.bulk_create([_repair(number, r, crs) for r in part if r["code"] in REPAIRABLE])


def _finding(row: Delivery, number: int, f: dict[str, Any]) -> Finding:
    placed = f["lon"] is not None and f["lat"] is not None
    return Finding(
        delivery=row, layer_id=f["layer_id"], run=number, code=f["code"], severity=f["severity"],
        source=storable(f["source"] or "")[:600], row=f["row"], code_of_row=storable(f["key"] or "")[:200],
        field=storable(f["field"] or "")[:120], value=storable(f["value"] or ""), count=f["count"] or 1,
        place=Point(f["lon"], f["lat"], srid=4490) if placed else None,
        zh=storable(f["zh"]), en=storable(f["en"]), suggestion_zh=storable(f["suggestion_zh"] or ""),
        suggestion_en=storable(f["suggestion_en"] or ""),
        mender=f["mender"][:80],
    )  # fmt: skip


def _repair(number: int, r: dict[str, Any], crs: str) -> Repair:
    shape = r["geometry"] is not None
    # an area is written with its unit, which wins over that of the column
    value = f"{r['area_after']}平方米" if r["code"] == "A06" else r["after"] or ""
    return Repair(
        layer_id=r["layer_id"], run=number, code=r["code"], row=r["row"], code_of_row=storable(r["key"] or "")[:200],
        field=r["field"] or "", value="" if shape else storable(value), before=storable(r["before"] or ""),
        after=storable(r["after"] or ""),
        area_before=r["area_before"], area_after=r["area_after"], zh=r["zh"], en=r["en"],
        wkb=r["geometry"], crs=crs if shape else "",
    )  # fmt: skip


def _counts(findings: pl.DataFrame) -> dict[str, int]:
    by = dict(findings.group_by("severity").len().rows())
    return {s: by.get(s, 0) for s in ("error", "warning", "note")}
