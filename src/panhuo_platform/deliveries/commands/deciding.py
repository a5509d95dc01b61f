"""Deciding: a delivery is accepted, undone as long as nothing rests on it, or withdrawn."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries import queries, rests
from panhuo_platform.deliveries.jobs import LAY
from panhuo_platform.deliveries.laid import LARGE, REGISTERED
from panhuo_platform.deliveries.models import DataRequest, DeliveredLayer, Delivery
from panhuo_platform.deliveries.rights import require_office, require_send
from panhuo_platform.jobs.commands import start
from panhuo_platform.organisations.models import User
from panhuo_platform.regions.commands import set_boundaries

Action = AuditEvent.Action
State = Delivery.State
#: Kinds of data that go into the register or its lists, and are accepted there.
OF_THE_REGISTER = frozenset({"parcels", "legacy", "disputes", "obstacles"})


@transaction.atomic
def accept_layers(actor: User, delivery: Delivery) -> Delivery:
    """The office accepts a delivery; from now on its layers are in force.

    One with parcels, legacy land or issues is compared with the register first, and accepted there.
    """
    require_office(actor)
    row = _locked(delivery)
    if row.layers.filter(role__in=OF_THE_REGISTER).exclude(state=DeliveredLayer.State.LEFT_OUT).exists():
        raise ValidationError(
            _("交付中有要进登记库的数据（宗地、历史遗留用地、争议或问题），请先与登记库比对，在比对页面接收。")
        )
    return mark_accepted(row, actor)


@transaction.atomic
def mark_accepted(delivery: Delivery, actor: User, *, detail: dict[str, Any] | None = None) -> Delivery:
    """A checked delivery is in force. Called by whoever has accepted what it holds, in the same transaction."""
    row = _locked(delivery)
    if row.state != State.CHECKED:
        raise ValidationError(
            _("只有检查完成的交付可以接收；它的状态是“%(state)s”。") % {"state": row.get_state_display()}
        )
    known = row.layers.exclude(state=DeliveredLayer.State.LEFT_OUT).exclude(role="")
    if not known.exists():
        raise ValidationError(_("交付中没有说明了用途的图层，请先在“图层”页说明。"))
    for layer in known.filter(role="boundaries"):
        frame, shapes = queries.frame(layer)
        if shapes is not None:
            set_boundaries(frame, shapes)
    now = timezone.now()
    known.update(state=DeliveredLayer.State.ACCEPTED, accepted_at=now)
    row.state, row.decided_at, row.decided_by = State.ACCEPTED, now, actor
    row.save(update_fields=["state", "decided_at", "decided_by"])
    # what the unit was asked for and sent now is done, also where it did not say that this is the answer
    asked = Q(pk=row.request_id) | Q(unit=row.sender, township_code=row.township_code)
    met = DataRequest.objects.open().filter(asked, role__in=known.values("role"))
    met.update(state=DataRequest.State.MET, ended_at=now, met_by=row)
    record(Action.DECIDED, f"接收交付“{row.title}”", actor=actor, subject=row, detail=detail)
    if known.filter(rows__gte=LARGE).exclude(geometry_type="").exclude(role__in=REGISTERED).exists():
        # nobody waits for it: it is no step of the delivery
        start(LAY, actor=actor, arguments={"delivery": row.pk}, title=row.title)
    return row


@transaction.atomic
def undo(actor: User, delivery: Delivery) -> Delivery:
    """The office takes an acceptance back, as long as nothing rests on it."""
    require_office(actor)
    row = _locked(delivery)
    if row.layers.filter(role__in=OF_THE_REGISTER, state=DeliveredLayer.State.ACCEPTED).exists():
        raise ValidationError(_("交付中有已进登记库的数据，请在登记库中撤销。"))
    return mark_undone(row, actor)


@transaction.atomic
def mark_undone(delivery: Delivery, actor: User, *, detail: dict[str, Any] | None = None) -> Delivery:
    """An accepted delivery is in force no more. ValidationError in words where something rests on it."""
    row = _locked(delivery)
    if row.state != State.ACCEPTED:
        raise ValidationError(_("这次交付没有被接收，无需撤销。"))
    if reasons := rests.on(row):
        raise ValidationError([_("已有工作以这次交付为依据，不能撤销："), *reasons])
    row.layers.filter(state=DeliveredLayer.State.ACCEPTED).update(state=DeliveredLayer.State.CHECKED, accepted_at=None)
    row.state, row.decided_at, row.decided_by = State.UNDONE, timezone.now(), actor
    row.save(update_fields=["state", "decided_at", "decided_by"])
    DataRequest.objects.filter(met_by=row, state=DataRequest.State.MET).update(
        state=DataRequest.State.OPEN, ended_at=None, met_by=None
    )
    record(Action.DECIDED, f"撤销接收交付“{row.title}”", actor=actor, subject=row, detail=detail)
    return row


@transaction.atomic
def withdraw(actor: User, delivery: Delivery, reason: str = "") -> Delivery:
    """The sender takes a delivery back that has not been accepted. It stays in the list, with its files."""
    row = _locked(delivery)
    require_send(actor, row.sender_id, row.township_code)
    if row.state in (State.ACCEPTED, State.WITHDRAWN, State.REFUSED):
        raise ValidationError(_("状态为“%(state)s”的交付不能撤回。") % {"state": row.get_state_display()})
    row.state, row.told, row.decided_at, row.decided_by = State.WITHDRAWN, reason.strip(), timezone.now(), actor
    row.save(update_fields=["state", "told", "decided_at", "decided_by"])
    record(Action.CHANGED, f"撤回交付“{row.title}”", actor=actor, subject=row, detail={"reason": reason})
    return row


def _locked(delivery: Delivery) -> Delivery:
    return Delivery.objects.select_for_update().get(pk=delivery.pk)
