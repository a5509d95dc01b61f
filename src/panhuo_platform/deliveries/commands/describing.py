"""Saying what the layers of a delivery are, and having them checked again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from panhuo.land.crs import Crs
from panhuo.land.headers import UNITS
from panhuo.land.roles import ROLES
from panhuo.messages import PanhuoError
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries.jobs import start_check
from panhuo_platform.deliveries.models import DeliveredLayer, Delivery, FieldMemory
from panhuo_platform.deliveries.rights import require_send
from panhuo_platform.deliveries.understanding import fields_of, memories
from panhuo_platform.jobs import queries as jobs
from panhuo_platform.jobs.models import Job
from panhuo_platform.organisations.models import User

Action = AuditEvent.Action
State = Delivery.State
#: Units that a column may be in.
KNOWN_UNITS = frozenset(UNITS.values())


def changeable(actor: User, delivery: Delivery) -> Delivery:
    """The delivery, locked, while its layers may be described and its cells mended; only for whoever may send it."""
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    require_send(actor, row.sender_id, row.township_code)
    if not row.may_change:
        raise ValidationError(_("交付的状态是“%(state)s”，现在不能修改。") % {"state": row.get_state_display()})
    return row


@transaction.atomic
def describe_layer(
    actor: User, layer: DeliveredLayer, *, role: str, fields: Mapping[str, str] | None = None,
    units: Mapping[str, str] | None = None, crs: str = "", year: int | None = None, issued: date | None = None,
    used: bool = True,
) -> DeliveredLayer:  # fmt: skip
    """The sender says what a layer is. It is remembered for the next delivery of this sender, and holds from the next
    check.

    fields : standard field -> column; None for what is suggested; an empty column says that the file has none
    crs    : as people name it; empty for what was delivered
    used   : False leaves the layer out
    """
    delivery = changeable(actor, layer.delivery)
    row = DeliveredLayer.objects.select_for_update().get(pk=layer.pk)
    if role and role not in ROLES:
        raise ValidationError(_("没有这种数据：%(role)s。") % {"role": role})
    if role != row.role:
        for name, value in fields_of(role, row.columns, memories(delivery.sender_id)).items():
            setattr(row, name, value)
    if role and fields is not None:
        row.field_map = _fields(role, row, fields)
        row.suggested = fields_of(role, row.columns, {})["suggested"]
    if units is not None:
        row.units = {f: u for f, u in units.items() if u}
        if wrong := set(row.units.values()) - KNOWN_UNITS:
            raise ValidationError(_("没有这种单位：%(unit)s。") % {"unit": "、".join(sorted(wrong))})
    row.role_said = True
    _place(row, crs)
    if year is not None and not 1950 <= year <= 2150:
        raise ValidationError(_("年份应为四位数，例如 2025。"))
    row.year, row.date = year, issued
    row.state = DeliveredLayer.State.NEW if used else DeliveredLayer.State.LEFT_OUT
    row.save()
    if role and used:
        _remember(delivery, row)
    record(
        Action.CHANGED, f"说明图层“{row.name}”：{ROLES[role].zh if role else '其他'}", actor=actor, subject=delivery,
        detail={"layer": row.pk, "role": role, "fields": row.field_map, "units": row.units, "crs": row.crs,
                "used": used},
    )  # fmt: skip
    return row


def _fields(role: str, row: DeliveredLayer, fields: Mapping[str, str]) -> dict[str, str]:
    known = {f.name: f.zh for f in ROLES[role].fields}
    chosen = {f: c for f, c in fields.items() if c}
    for name, column in chosen.items():
        if name not in known:
            raise ValidationError(_("“%(role)s”没有字段 %(name)s。") % {"role": ROLES[role].zh, "name": name})
        if column not in row.columns:
            raise ValidationError(_("“%(layer)s”没有“%(column)s”列。") % {"layer": row.name, "column": column})
    columns = list(chosen.values())
    if twice := sorted({c for c in columns if columns.count(c) > 1}):
        raise ValidationError(_("“%(column)s”列只能对应一个字段。") % {"column": "、".join(twice)})
    return chosen


def _place(row: DeliveredLayer, crs: str) -> None:
    if not crs.strip() or not row.has_shapes:
        return
    try:
        said = Crs.parse(crs.strip())
    except PanhuoError as error:
        raise ValidationError(error.text.zh) from error
    if crs.strip() == row.crs and not row.crs_said:
        return
    row.crs, row.crs_name, row.crs_said = crs.strip(), said.text.zh, True


def _remember(delivery: Delivery, row: DeliveredLayer) -> None:
    """What this sender's columns of this role mean; what earlier deliveries taught of other columns stays."""
    memory, _made = FieldMemory.objects.select_for_update().get_or_create(sender=delivery.sender, role=row.role)
    columns = {c: f for c, f in memory.columns.items() if c not in row.columns}
    memory.columns = columns | {c: f for f, c in row.field_map.items()}
    memory.units = memory.units | row.units
    memory.save()


@transaction.atomic
def check(actor: User, delivery: Delivery) -> Job:
    """Have the delivery checked as it is described and mended now."""
    row = Delivery.objects.select_for_update().get(pk=delivery.pk)
    require_send(actor, row.sender_id, row.township_code)
    busy = jobs.of(row).unended().exists()
    if not (row.may_change or row.state == State.CHECKING) or busy or not row.understood:
        raise ValidationError(_("交付正在处理或已有结论，现在不能检查。"))
    row.state = State.CHECKING
    row.save(update_fields=["state"])
    job = start_check(actor, row)
    record(Action.CHANGED, f"重新检查交付“{row.title}”", actor=actor, subject=row)
    return job
