"""Writes: the steps of parcels along the pack's chain, one parcel or thousands at once."""

from __future__ import annotations

import ast
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from panhuo.flow import Chain, Transition, leads_back, refusals
from panhuo.identify.conditions import Node, holds, leaves
from panhuo.identify.nearest import test_value
from panhuo.identify.standards import read_node
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification import policy
from panhuo_platform.identification.commands.answers import answer_dues
from panhuo_platform.identification.commands.shown import what_was_shown
from panhuo_platform.identification.models import (
    Confirmation,
    Due,
    Objection,
    PendingStep,
    RecordStep,
    SubmissionItem,
    Verdict,
)
from panhuo_platform.identification.policy import Acting
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels import commands as register
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel

Action = AuditEvent.Action
#: More at once would hold everybody else up for minutes.
MOST = 20_000


@dataclass
class Taken:
    """What came of a step for many parcels: how many took it, why others did not, and what waits for a second person.

    left : reason in words -> how many parcels
    """

    count: int = 0
    left: dict[str, int] = field(default_factory=dict)
    pending: PendingStep | None = None


def record_chain() -> Chain:
    """The chain of the record. Raises ValidationError where the pack has none."""
    found = policy.chain()
    if found is None:
        raise ValidationError(_("现行政策包没有规定认定流程。"))
    return found


@transaction.atomic
def take(actor: User, step: str, chosen: ParcelFilter | Iterable[Parcel], *, reason: str = "") -> Taken:
    """Take a step with every chosen parcel for which it may be taken; those that may not are counted with the reason.

    chosen : a filter over the register, or parcels; only those in the actor's territory count
    A step that needs two persons waits for :func:`agree`. Raises PermissionDenied when the step is not the actor's,
    ValidationError when not a single parcel may take it.
    """
    chain = record_chain()
    transition = chain.transition(step)
    ways = policy.may_take(actor, transition)
    if not ways:
        raise PermissionDenied(_("“%(step)s”不由您的单位办理。") % {"step": _say(transition.action)})
    parcels = lock(actor, chosen, ways)
    acting = ways[0]
    told = refusals(chain, transition, transition.sources[0], acting.holder, reason=reason, first=1, second=2)
    if told:
        raise ValidationError("；".join(_say(t) for t in told))
    able, left = _able(chain, transition, parcels)
    if not able:
        raise ValidationError(_nobody(transition, left))
    if transition.two_persons:
        pending = PendingStep.objects.create(
            step=step, reason=reason, unit=acting.assignment.organisation, asked_by=actor
        )
        pending.parcels.set(able)
        record(
            Action.DECIDED, f"提出{transition.action.zh} {len(able)} 宗，待复核", actor=actor, subject=pending,
            detail={"step": step, "reason": reason, **which(chosen, able)},
        )  # fmt: skip
        return Taken(0, left, pending)
    count = _go(actor, transition, able, acting, reason=reason, chosen=chosen, chain=chain)
    return Taken(count, left)


@transaction.atomic
def agree(actor: User, pending: PendingStep, *, agreed: bool, answer: str = "") -> Taken:
    """A second person agrees to a step, which is then taken, or refuses it with a reason."""
    pending = PendingStep.objects.select_for_update().get(pk=pending.pk)
    chain = record_chain()
    transition = chain.transition(pending.step)
    ways = policy.may_take(actor, transition)
    if not ways:
        raise PermissionDenied(_("“%(step)s”不由您的单位办理。") % {"step": _say(transition.action)})
    if pending.asked_by_id == actor.pk:
        raise PermissionDenied(_("提出人不能自己复核，请由另一人复核。"))
    if pending.state != PendingStep.State.WAITING:
        raise ValidationError(_("这一步已经复核过。"))
    if not agreed and not answer.strip():
        raise ValidationError(_("不同意时请写明理由。"))
    parcels = lock(actor, list(pending.parcels.all()), ways)
    if agreed and len(parcels) < pending.parcels.count():
        raise PermissionDenied(_("其中有不在您辖区内的宗地，请由辖区相符的人复核。"))
    pending.state = PendingStep.State.AGREED if agreed else PendingStep.State.REFUSED
    pending.second, pending.answered_at, pending.answer = actor, timezone.now(), answer
    pending.save()
    if not agreed:
        record(Action.DECIDED, f"不同意{transition.action.zh}：{answer}", actor=actor, subject=pending)
        return Taken()
    able, left = _able(chain, transition, parcels)
    if not able:
        raise ValidationError(_nobody(transition, left))
    count = _go(
        pending.asked_by, transition, able, ways[0], reason=pending.reason, chosen=able, chain=chain, second=actor
    )
    return Taken(count, left)


def _go(
    actor: User, transition: Transition, parcels: list[Parcel], acting: Acting, *, reason: str, chosen: Any,
    chain: Chain, second: User | None = None,
) -> int:  # fmt: skip
    """Write the steps, the stages, the unit's own confirmations, the submissions' answers; one audit event."""
    batch, now = uuid.uuid4(), timezone.now()
    verdicts = verdicts_of(parcels)
    shown = what_was_shown(second or actor, parcels, verdicts)
    unit = acting.assignment.organisation
    RecordStep.objects.bulk_create(
        [
            RecordStep(
                batch=batch, parcel=p, step=transition.id, action=transition.action.zh, from_stage=p.stage,
                to_stage=transition.target, actor=actor, unit=unit, role=acting.assignment.role, second=second, at=now,
                reason=reason, verdict=verdicts.get(p.pk), shown=shown,
            )
            for p in parcels
        ],
        batch_size=2000,
    )  # fmt: skip
    register.set_stage([p.number for p in parcels], transition.target)
    back, last = leads_back(chain, transition), chain.state(transition.target).final
    if last:  # nothing follows on what was removed, the policies least of all
        register.leave(parcels, reason=reason or transition.action.zh, on=timezone.localdate(now), actor=actor)
    if not back and not last:
        _confirm_own(actor, acting, parcels, batch)
    _answer_submissions(actor, acting, parcels, returned=back, feedback=reason)
    record(
        Action.DECIDED, f"{transition.action.zh} {len(parcels)} 宗" + (f"：{reason}" if reason else ""), actor=actor,
        subject=parcels[0] if len(parcels) == 1 else None,
        detail={"step": transition.id, "batch": str(batch), "shown": shown.pk, "reason": reason,
                "second": second.pk if second else None, **which(chosen, parcels)},
    )  # fmt: skip
    return len(parcels)


def lock(actor: User, chosen: ParcelFilter | Iterable[Parcel], ways: list[Acting]) -> list[Parcel]:
    """The chosen parcels in the territory of these assignments, held until the end of the transaction."""
    rows = Parcel.objects.visible_to(actor)
    rows = chosen.parcels(rows) if isinstance(chosen, ParcelFilter) else rows.alive().filter(
        pk__in=[p.pk for p in chosen]
    )  # fmt: skip
    territory = Q(pk__in=[])
    for way in ways:
        territory |= Q(township_code__startswith=way.within) if way.within else Q()
        if not way.within:
            territory = Q()
            break
    rows = rows.filter(territory).order_by("pk")
    locked = Parcel.objects.select_for_update().filter(pk__in=rows.values("pk")).order_by("pk")
    found = list(locked[: MOST + 1])
    if len(found) > MOST:
        raise ValidationError(_("一次最多办理 %(most)s 宗，请缩小筛选范围。") % {"most": f"{MOST:,}"})
    if not found:
        raise ValidationError(_("没有符合条件、由您办理的宗地。"))
    return found


def _able(chain: Chain, transition: Transition, parcels: list[Parcel]) -> tuple[list[Parcel], dict[str, int]]:
    """Those that may take the step now, and why the others may not."""
    left: Counter[str] = Counter()
    able: list[Parcel] = []
    decides = policy.deciding(chain)
    blocked = _unconfirmed(parcels) if decides is not None and transition.id == decides.id else {}
    for parcel in parcels:
        stage = parcel.stage or chain.start
        if stage not in transition.sources:
            left[_("不在可以办理的环节（现为“%(stage)s”）") % {"stage": stage_name(chain, stage)}] += 1
        elif not condition_holds(transition, parcel):
            left[_say(transition.guard) if transition.guard else _("不符合条件")] += 1
        elif parcel.pk in blocked:
            left[blocked[parcel.pk]] += 1
        else:
            able.append(parcel)
    return able, dict(left)


def _unconfirmed(parcels: list[Parcel]) -> dict[int, str]:
    """What still stands against identifying these parcels: confirmations that are due or doubted, open objections."""
    ids = [p.pk for p in parcels]
    found = {pk: _("有未答复的权利人异议") for pk in Objection.objects.filter(
        parcel__in=ids, state=Objection.State.OPEN).values_list("parcel", flat=True)}  # fmt: skip
    open_ones = Due.objects.filter(parcel__in=ids, needed=True)
    found |= {
        pk: _("部门有异议")
        for pk in open_ones.filter(answer__answer=Confirmation.Answer.DOUBTED).values_list("parcel", flat=True)
    }
    return found | {pk: _("部门确认意见不齐") for pk in open_ones.filter(answer=None).values_list("parcel", flat=True)}


def condition_holds(transition: Transition, parcel: Parcel) -> bool:
    """The transition's condition for what the register knows of the parcel; unknown is not enough."""
    if transition.condition is None:
        return True
    node = _node(repr(transition.condition))
    facts = {"outcome": parcel.outcome or None, "in_upper_register": parcel.in_upper_register}
    states = {
        c.id: None if facts.get(c.facts[0]) is None else test_value(c, facts[c.facts[0]], {}) for c in leaves(node)
    }
    return holds(node, states) is True


@lru_cache(maxsize=32)
def _node(text: str) -> Node:
    return read_node(ast.literal_eval(text), "workflow")


def verdicts_of(parcels: Iterable[Parcel]) -> dict[int, Verdict]:
    """The verdicts in force of these parcels, by parcel."""
    ids = [p.pk for p in parcels]
    rows = Verdict.objects.filter(parcel__in=ids, run__state="loaded").order_by("pk")
    return {v.parcel_id: v for v in rows}


def _confirm_own(actor: User, acting: Acting, parcels: list[Parcel], batch: uuid.UUID) -> None:
    """Who takes a step forward vouches for the conditions that are their own to confirm."""
    mine = Due.objects.filter(
        parcel__in=[p.pk for p in parcels], unit=acting.assignment.organisation, answer=None
    ).select_related("verdict")
    answer_dues(actor, list(mine), Confirmation.Answer.CONFIRMED, note="", batch=batch)


def _answer_submissions(
    actor: User, acting: Acting, parcels: list[Parcel], *, returned: bool, feedback: str
) -> None:  # fmt: skip
    """What the receiving unit decides on parcels that were sent to it, is its answer to the submission."""
    items = SubmissionItem.objects.filter(
        parcel__in=[p.pk for p in parcels], state=SubmissionItem.State.SENT,
        submission__receiver=acting.assignment.organisation,
    )  # fmt: skip
    submissions = {i.submission_id: i.submission for i in items.select_related("submission")}
    state = SubmissionItem.State.RETURNED if returned else SubmissionItem.State.ACCEPTED
    items.update(state=state, feedback=feedback, answered_by=actor, answered_at=timezone.now())
    for submission in submissions.values():
        if not submission.items.filter(state=SubmissionItem.State.SENT).exists() and submission.state == "sent":
            submission.state = "answered"
            submission.save(update_fields=["state"])


def which(chosen: Any, parcels: list[Parcel]) -> dict[str, Any]:
    """What the audit keeps of a choice: the filter and the count, or the numbers where they are few."""
    told: dict[str, Any] = {"count": len(parcels)}
    if isinstance(chosen, ParcelFilter):
        told["filter"] = chosen.parameters()
    if len(parcels) <= 50:
        told["parcels"] = [p.number for p in parcels]
    return told


def stage_name(chain: Chain, stage: str) -> str:
    """What a stage is called; its id where the chain does not know it (any more)."""
    return next((_say(s.name) for s in chain.states if s.id == (stage or chain.start)), stage)


def _nobody(transition: Transition, left: Mapping[str, int]) -> str:
    why = "；".join(_("%(reason)s：%(count)s 宗") % {"reason": r, "count": n} for r, n in left.items())
    return _("没有一宗可以“%(step)s”：%(why)s。") % {"step": _say(transition.action), "why": why}


def _say(text: Any) -> str:
    return str(text("en" if (get_language() or "zh").startswith("en") else "zh"))
