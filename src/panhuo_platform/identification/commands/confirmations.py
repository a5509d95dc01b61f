"""Writes: departments confirm their own conditions, or doubt them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from panhuo.flow import available
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification import policy
from panhuo_platform.identification.commands import steps
from panhuo_platform.identification.commands.answers import answer_dues
from panhuo_platform.identification.models import Confirmation, Due
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel


@transaction.atomic
def confirm(
    actor: User,
    chosen: ParcelFilter | Iterable[Parcel],
    *,
    answer: str = Confirmation.Answer.CONFIRMED,
    note: str = "",
    conditions: Iterable[str] = (),
) -> steps.Taken:
    """Give one's unit's word on every condition of the chosen parcels that is its own to confirm.

    conditions : only these; none: all that are due
    A parcel whose last due confirmation this is goes on along the chain, where the chain says so. ``count`` is how many
    parcels were answered. Raises ValidationError when nothing of the actor's is due, or a doubt does not say why.
    """
    ways = policy.actings(actor)
    units = {w.assignment.organisation_id: w for w in ways}
    if not units:
        raise PermissionDenied(_("您的角色没有这项权限。"))
    if answer != Confirmation.Answer.CONFIRMED and not note.strip():
        raise ValidationError(_("有异议时请写明理由。"))
    chain = steps.record_chain()
    parcels = {p.pk: p for p in steps.lock(actor, chosen, ways)}
    stages = policy.confirming(chain)
    here = [p.pk for p in parcels.values() if (p.stage or chain.start) in stages]
    asked = Q(parcel__in=here, unit__in=units)
    if names := list(conditions):
        asked &= Q(condition__in=names)
    else:  # a word that was given is not given again by accident
        asked &= Q(answer=None)
    dues = list(Due.objects.filter(asked).select_related("verdict").order_by("pk"))
    if not dues:
        raise ValidationError(_("所选宗地中没有待您单位确认的条件。"))
    batch = uuid.uuid4()
    answer_dues(actor, dues, answer, note=note, batch=batch)
    answered = list(dict.fromkeys(d.parcel_id for d in dues))
    record(
        AuditEvent.Action.DECIDED,
        f"{Confirmation.Answer(answer).label}认定条件 {len(dues)} 项，{len(answered)} 宗{note and f'：{note}'}",
        actor=actor, subject=parcels[answered[0]] if len(answered) == 1 else None,
        detail={"batch": str(batch), "answer": answer, "note": note, "conditions": sorted({d.condition for d in dues}),
                **steps.which(chosen, [parcels[pk] for pk in answered])},
    )  # fmt: skip
    if answer == Confirmation.Answer.CONFIRMED:
        _go_on(actor, [parcels[pk] for pk in answered])
    return steps.Taken(len(answered))


def _go_on(actor: User, parcels: list[Parcel]) -> None:
    """Parcels with nothing due any more take the next step, where there is one plain step and it is the actor's."""
    chain = steps.record_chain()
    waiting = Due.objects.filter(parcel__in=[p.pk for p in parcels], needed=True).filter(
        Q(answer=None) | Q(answer__answer=Confirmation.Answer.DOUBTED)
    )
    still = set(waiting.values_list("parcel", flat=True))
    by_stage: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        if parcel.pk not in still:
            by_stage.setdefault(parcel.stage or chain.start, []).append(parcel)
    for stage, complete in by_stage.items():
        plain = [
            t
            for t in available(chain, stage)
            if not t.reason_required and not t.two_persons and t.condition is None and policy.may_take(actor, t)
        ]
        if len(plain) == 1:
            steps.take(actor, plain[0].id, complete)
