"""Writes: what an owner says against a condition, and the answer."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification import policy
from panhuo_platform.identification.models import Objection
from panhuo_platform.identification.queries.card import verdict_of
from panhuo_platform.identification.trials import conditions_of
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels.models import Parcel


@transaction.atomic
def object_to(actor: User, parcel: Parcel, *, condition: str, by: str, text: str) -> Objection:
    """Take down an owner's objection to one condition. Until it is answered the parcel is not identified."""
    parcel = Parcel.objects.visible_to(actor).get(pk=parcel.pk)
    require(actor, policy.register_letter("E"), "database", region=parcel.township_code)
    verdict = verdict_of(parcel)
    if verdict is None or verdict.row is None:
        raise ValidationError(_("这宗地还没有认定结论，没有可以异议的条件。"))
    if condition not in conditions_of(verdict.run):
        raise ValidationError(_("认定标准中没有条件“%(condition)s”。") % {"condition": condition})
    if not by.strip() or not text.strip():
        raise ValidationError(_("请写明异议人和异议内容。"))
    row = Objection.objects.create(
        parcel=parcel, verdict=verdict, condition=condition, by=by.strip(), text=text.strip(), recorded_by=actor
    )
    record(
        AuditEvent.Action.CHANGED, f"登记 {parcel} 的异议（{condition}）", actor=actor, subject=parcel,
        detail={"objection": row.pk, "condition": condition},
    )  # fmt: skip
    return row


@transaction.atomic
def answer(actor: User, row: Objection, *, upheld: bool, text: str) -> None:
    """Answer an objection. One that is upheld is a reason to return the parcel or to decide otherwise."""
    row = Objection.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=row.pk)
    require(actor, policy.register_letter("A"), "database", region=row.parcel.township_code)
    if row.state != Objection.State.OPEN:
        raise ValidationError(_("这条异议已经答复。"))
    if not text.strip():
        raise ValidationError(_("请写明答复。"))
    row.state = Objection.State.UPHELD if upheld else Objection.State.REJECTED
    row.answer, row.answered_by, row.answered_at = text.strip(), actor, timezone.now()
    row.save(update_fields=["state", "answer", "answered_by", "answered_at"])
    record(
        AuditEvent.Action.DECIDED, f"答复 {row.parcel} 的异议：{row.get_state_display()}", actor=actor,
        subject=row.parcel, detail={"objection": row.pk},
    )  # fmt: skip
