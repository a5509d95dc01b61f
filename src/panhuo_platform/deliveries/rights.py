"""Who sees, sends, mends and accepts deliveries. All of it is the right on ``survey``, bounded by territory or unit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils.translation import gettext as _

from panhuo_platform.organisations.rights import Holding, holdings

THING = "survey"
#: Scopes of roles whose holders have what their unit sent, and nothing by territory.
_OWN = frozenset({"own_field", "own_projects", "assigned", "own"})


def _bounded(holding: Holding) -> bool:
    """Only what one's own unit sends: departments, contractors."""
    return holding.own_part or holding.scope in _OWN


def within(user: Any, prefix: str = "", *, sender: str = "sender") -> Q:
    """The condition that leaves what ``user`` sees of deliveries, or by ``prefix`` of what belongs to them."""
    condition = Q(pk__in=[])
    for h in holdings(user, THING):
        condition |= Q(**{f"{prefix}{sender}": h.assignment.organisation_id})
        if _bounded(h):
            continue
        if not h.within:
            return Q()
        condition |= Q(**{f"{prefix}township_code__startswith": h.within})
    return condition


def own_units(user: Any) -> list[int]:
    """The units for which the user works in the survey."""
    return [h.assignment.organisation_id for h in holdings(user, THING)]


def sees_all(user: Any) -> bool:
    """The office: no territory and no unit bounds what it has."""
    return any(not h.within and not _bounded(h) for h in holdings(user, THING))


def keeps_all(user: Any) -> bool:
    """The office's right to edit everywhere: it accepts, undoes and asks units for data."""
    return any("E" in h.rights for h in _unbounded(user))


def _unbounded(user: Any) -> Iterator[Holding]:
    return (h for h in holdings(user, THING) if not h.within and not _bounded(h))


def may_send(user: Any, sender: int, township_code: str) -> bool:
    """May the user hand over (and mend) in the name of this unit, for this division?

    One's own unit always for one's own territory; a unit without territory for any; the office for everybody.
    """
    for h in holdings(user, THING):
        if "E" not in h.rights:
            continue
        own = h.assignment.organisation_id == sender
        if _bounded(h):
            if own:
                return True
        elif not h.within or (township_code.startswith(h.within) and own):
            return True
    return False


def require_send(user: Any, sender: int, township_code: str) -> None:
    """Stop, in words, whoever may not."""
    if not may_send(user, sender, township_code):
        raise PermissionDenied(_("您不能以该单位的名义报送或修改这个区域的数据。"))


def require_office(user: Any) -> None:
    """Stop, in words, whoever is not of the office that runs the survey."""
    if not keeps_all(user):
        raise PermissionDenied(_("只有调查组织单位可以这样做。"))
