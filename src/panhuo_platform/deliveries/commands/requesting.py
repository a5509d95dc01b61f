"""Asking units for data by a day."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.land.roles import ROLES
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries.models import DataRequest
from panhuo_platform.deliveries.rights import require_office
from panhuo_platform.organisations.models import Organisation, User

Action = AuditEvent.Action


@transaction.atomic
def ask(
    actor: User, *, unit: Organisation, role: str, due: date, township_code: str = "", note: str = "",
    reminders: list[int] | None = None,
) -> DataRequest:  # fmt: skip
    """The office asks a unit for a table or a layer by a day.

    reminders : days before ``due`` on which the unit is reminded; None for the usual ones
    """
    require_office(actor)
    if role not in ROLES:
        raise ValidationError(_("没有这种数据：%(role)s。") % {"role": role})
    if due < timezone.localdate():
        raise ValidationError(_("截止日期不能早于今天。"))
    same = DataRequest.objects.open().filter(unit=unit, role=role, township_code=township_code)
    if same.exists():
        raise ValidationError(_("已向该单位要过这项数据，还没有完成。"))
    row = DataRequest(unit=unit, role=role, township_code=township_code, note=note, due=due, asked_by=actor)
    if reminders is not None:
        row.reminders = sorted({n for n in reminders if 0 <= n <= 365}, reverse=True)
    row.save()
    record(
        Action.CHANGED, f"请{unit.name}于 {due} 前报送{ROLES[role].zh}", actor=actor, subject=row,
        detail={"unit": unit.code, "role": role, "due": str(due), "township_code": township_code},
    )  # fmt: skip
    return row


@transaction.atomic
def cancel_request(actor: User, request: DataRequest) -> None:
    """The office needs it no more."""
    require_office(actor)
    row = DataRequest.objects.select_for_update().get(pk=request.pk)
    if row.state != DataRequest.State.OPEN:
        raise ValidationError(_("这项数据需求已经结束。"))
    row.state, row.ended_at = DataRequest.State.CANCELLED, timezone.now()
    row.save(update_fields=["state", "ended_at"])
    record(Action.CHANGED, f"取消向{row.unit.name}要的{ROLES[row.role].zh}", actor=actor, subject=row)
