"""What was handed back and waits for somebody to mend it: rows of deliveries, and parcels that a step returned."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from panhuo.flow import leads_back
from panhuo_platform.deliveries.models import Delivery, HandedBack
from panhuo_platform.identification import policy
from panhuo_platform.identification.models import RecordStep
from panhuo_platform.organisations.models import Organisation, User
from panhuo_platform.parcels.models import Parcel
from panhuo_platform.parcels.models.register import Parcels

_OVER = (Delivery.State.WITHDRAWN, Delivery.State.REFUSED)


def rows(user: User) -> QuerySet[HandedBack]:
    """Rows of parcels that cannot be judged, of deliveries that still count; each waits for its sender."""
    found = HandedBack.objects.visible_to(user).standing().exclude(layer__delivery__state__in=_OVER)
    return found.select_related("layer__delivery__sender").order_by("-layer__delivery__pk", "layer", "row")


def parcels(user: User) -> Parcels:
    """Living parcels that stand where a step has returned them to."""
    chain = policy.chain()
    back = {t.target for t in chain.transitions if leads_back(chain, t)} if chain is not None else set()
    return Parcel.objects.visible_to(user).alive().filter(stage__in=back).order_by("number")


def with_reasons(found: Iterable[Parcel]) -> list[Parcel]:
    """The parcels with ``back``, the step that returned each, and ``waits_for``, the names of those who go on."""
    listed = list(found)
    last: dict[int, RecordStep] = {}
    for at in range(0, len(listed), 900):
        steps = RecordStep.objects.filter(parcel__in=[p.pk for p in listed[at : at + 900]])
        last |= {s.parcel_id: s for s in steps.select_related("unit", "actor").order_by("pk")}
    known: dict[tuple[str, str], str] = {}
    for p in listed:
        place = (p.stage, p.township_code)
        if place not in known:
            known[place] = "、".join(_next(*place))
        p.back, p.waits_for = last.get(p.pk), known[place]  # type: ignore[attr-defined]
    return listed


def _next(stage: str, township: str) -> list[str]:
    """The units that take the next step from a stage: of many of a kind, the one whose territory it is."""
    chain = policy.chain()
    if chain is None:
        return []
    on = [t for t in chain.transitions if stage in t.sources and not t.reason_required]
    codes = {code for t in on for name in t.who for code in policy.units_of(name)}
    units = list(Organisation.objects.filter(code__in=codes).select_related("region").order_by("code"))
    own = [u.name for u in units if u.region is not None and u.region.code == township]
    return own or [u.name for u in units]
