"""Long work on the register. Each can be begun again: what it had begun is gone with its transaction."""

from __future__ import annotations

import shutil
from datetime import date
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.deliveries.rights import require_office
from panhuo_platform.jobs.commands import start
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.registry import Running, job
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels.commands import accepting, exports, snapshots
from panhuo_platform.parcels.filters import ParcelFilter

COMPARE, ACCEPT, UNDO, SNAPSHOT = "parcels.compare", "parcels.accept", "parcels.undo", "parcels.snapshot"


def start_compare(actor: User, delivery: Delivery) -> Job:
    """The office has a delivery compared."""
    require_office(actor)
    return start(COMPARE, actor=actor, subject=delivery, arguments={"delivery": delivery.pk}, title=delivery.title)


def start_accept(actor: User, delivery: Delivery, *, day: date, note: str = "") -> Job:
    """The office has a delivery accepted as it decided (``commands.decide``)."""
    require_office(actor)
    arguments = {"delivery": delivery.pk, "day": day.isoformat(), "note": note}
    return start(ACCEPT, actor=actor, subject=delivery, arguments=arguments, title=delivery.title)


def start_undo(actor: User, delivery: Delivery, *, reason: str) -> Job:
    """The office has the acceptance of a delivery taken back."""
    require_office(actor)
    arguments = {"delivery": delivery.pk, "reason": reason}
    return start(UNDO, actor=actor, subject=delivery, arguments=arguments, title=delivery.title)


def start_snapshot(actor: User, *, title: str, region_code: str = "") -> Job:
    """Somebody has the register of a division kept as it is."""
    require(actor, "E", "database", region=region_code)
    return start(SNAPSHOT, actor=actor, arguments={"title": title, "region_code": region_code}, title=title)


@job(COMPARE, _("与数据库比对"))
def compare(running: Running, *, delivery: int) -> dict[str, Any]:
    made = accepting.compare_delivery(running.actor, Delivery.objects.get(pk=delivery), progress=running)
    return {"counts": made.counts}


@job(ACCEPT, _("接收交付入库"))
@transaction.atomic
def accept(running: Running, *, delivery: int, day: str, note: str = "") -> dict[str, Any]:
    row = _locked(delivery)
    if row.state != Delivery.State.ACCEPTED:  # else begun again after it was done
        accepting.accept(running.actor, row, day=date.fromisoformat(day), note=note, progress=running)
    return {}


@job(UNDO, _("撤销接收"))
@transaction.atomic
def undo(running: Running, *, delivery: int, reason: str) -> dict[str, Any]:
    row = _locked(delivery)
    if row.state != Delivery.State.UNDONE:
        accepting.undo_delivery(running.actor, row, reason=reason, progress=running)
    return {}


def _locked(pk: int) -> Delivery:
    """The delivery as it is when whoever had it has ended: PostgreSQL may outlive a killed worker for a moment."""
    return Delivery.objects.select_for_update().get(pk=pk)


@job(SNAPSHOT, _("生成快照"))
def snapshot(running: Running, *, title: str, region_code: str) -> dict[str, Any]:
    made = snapshots.snapshot(running.actor, title, region_code=region_code, progress=running)
    return {"snapshot": made.pk}


@job(exports.EXPORT, _("导出宗地"))
def export(running: Running, *, query: dict[str, str], kind: str) -> dict[str, Any]:
    folder = exports.export_folder(str(running.job.pk))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    path, count = exports.write_export(running.actor, ParcelFilter.parse(query), kind, folder, progress=running)
    return {"file": path.name, "count": count}
