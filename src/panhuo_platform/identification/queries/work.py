"""Reads: what waits for whom. Queues of steps, of confirmations, of second persons, of submissions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet, Sum

from panhuo.flow import Chain, Transition, leads_back
from panhuo_platform.identification import policy
from panhuo_platform.identification.models import Confirmation, Due, Objection, PendingStep, Submission, SubmissionItem
from panhuo_platform.identification.models.submissions import Submissions
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import may
from panhuo_platform.parcels.models import Parcel
from panhuo_platform.parcels.models.register import Parcels


@dataclass(frozen=True, slots=True)
class Waiting:
    """A step that the user may take, and how many parcels stand before it; ``stages`` gives the numbers by stage."""

    transition: Transition
    count: int
    back: bool
    stages: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A condition that the user's unit has to confirm, and on how many parcels."""

    condition: str
    unit: str
    parcels: int


def territory(user: User, transition: Transition) -> Q:
    """The parcels on which the user may take a step: where the assignments by which it is theirs hold."""
    found = Q(pk__in=[])
    for way in policy.may_take(user, transition):
        if not way.within:
            return Q()
        found |= Q(township_code__startswith=way.within)
    return found


def before(user: User, chain: Chain, transition: Transition) -> Parcels:
    """The living parcels that stand before a step and are the user's."""
    sources = [*transition.sources, *([""] if chain.start in transition.sources else [])]
    rows = Parcel.objects.visible_to(user).alive()
    return rows.filter(territory(user, transition), stage__in=sources)


def steps_of(user: User) -> list[Waiting]:
    """Every step of the chain that is the user's, with how many parcels stand before it."""
    chain = policy.chain()
    if chain is None:
        return []
    found = []
    for transition in chain.transitions:
        if not policy.may_take(user, transition):
            continue
        rows = before(user, chain, transition).order_by().values_list("stage").annotate(n=Count("pk"))
        stages = {stage or chain.start: n for stage, n in rows}
        found.append(Waiting(transition, sum(stages.values()), leads_back(chain, transition), stages))
    return found


def dues(user: User) -> list[Asked]:
    """What the user's units have to confirm, by condition."""
    rows = due_rows(user).values_list("condition", "unit__name").annotate(n=Count("parcel", distinct=True))
    return [Asked(*row) for row in rows.order_by("-n", "condition")]


def due_rows(user: User, *, condition: str = "") -> QuerySet[Due]:
    """Open confirmations of the user's units, on parcels that have come to the stage of confirming."""
    chain = policy.chain()
    units = [w.assignment.organisation_id for w in policy.actings(user)]
    if chain is None or not units:
        return Due.objects.none()
    stages = [*policy.confirming(chain), *([""] if chain.start in policy.confirming(chain) else [])]
    rows = Due.objects.visible_to(user).filter(
        unit__in=units, needed=True, answer=None, parcel__stage__in=stages, parcel__status="alive"
    )
    return rows.filter(condition=condition) if condition else rows


def due_parcels(user: User, *, condition: str = "") -> Parcels:
    """The parcels on which something waits for the user's units to confirm."""
    return Parcel.objects.visible_to(user).filter(pk__in=due_rows(user, condition=condition).values("parcel"))


def doubted(user: User) -> Parcels:
    """Parcels on which a department has a doubt that nobody has settled."""
    rows = Due.objects.visible_to(user).filter(answer__answer=Confirmation.Answer.DOUBTED)
    return Parcel.objects.visible_to(user).alive().filter(pk__in=rows.values("parcel"))


def second_persons(user: User) -> list[PendingStep]:
    """Steps that wait for a second person, where that may be the user."""
    chain = policy.chain()
    if chain is None:
        return []
    rows = PendingStep.objects.visible_to(user).filter(state=PendingStep.State.WAITING).exclude(asked_by=user)
    known = {t.id: t for t in chain.transitions}
    return [
        r for r in rows.select_related("asked_by", "unit") if r.step in known and policy.may_take(user, known[r.step])
    ]


def objections(user: User) -> list[Objection]:
    """Open objections, the oldest first."""
    rows = Objection.objects.visible_to(user).filter(state=Objection.State.OPEN).select_related("parcel", "recorded_by")
    return list(rows.order_by("recorded_at"))


def sees_whole(user: User, row: Submission) -> bool:
    """Is the user of the unit that sent or received it, or bounded by no division? Others see their own parcels."""
    units = [a.organisation_id for a in user.assignments_in_force]
    return row.sender_id in units or row.receiver_id in units or may(user, "S", "database", region="")


def with_figures(user: User, some: Iterable[Submission]) -> list[Submission]:
    """The submissions with ``parcels_seen`` and ``area_seen_m2``: of those of their parcels that the user sees."""
    some = list(some)
    items = SubmissionItem.objects.visible_to(user).filter(submission__in=[s.pk for s in some]).order_by()
    rows = items.values_list("submission").annotate(n=Count("pk"), m2=Sum("parcel__area_m2"))
    own = {pk: (n, m2) for pk, n, m2 in rows}
    for s in some:
        whole = sees_whole(user, s)
        n, m2 = (s.parcels_count, s.area_m2) if whole else own.get(s.pk, (0, 0.0))
        s.parcels_seen, s.area_seen_m2 = n, m2  # type: ignore[attr-defined]
    return some


def submissions(user: User) -> Submissions:
    """Submissions that the user's unit has sent or received, or whose parcels the user sees."""
    return Submission.objects.visible_to(user).select_related("sender", "receiver", "sent_by")
