"""Who may do what, where: the pack's permission matrix, read through a user's assignments of today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.utils.translation import gettext as _

from panhuo_platform.organisations.locality import frozen, letters, role_of
from panhuo_platform.organisations.models import Assignment, User

#: S sees, E edits, R reviews, A approves, F files or sends: the letters of the packs.
Right = Literal["S", "E", "R", "A", "F"]


#: Scopes that no division bounds; every other one is bounded.
_EVERYWHERE = frozenset({"whole", "own_field"})
#: What no division code begins with.
_NOWHERE = "-"


@dataclass(frozen=True, slots=True)
class Holding:
    """What one assignment gives on one kind of object.

    rights   : letters; who may do anything may also see
    within   : division code that the rows lie in; empty for the whole locality
    own_part : only one's own part of a row (one's field, one's opinion)
    scope    : the scope of the role in the pack
    """

    assignment: Assignment
    rights: str
    within: str
    own_part: bool
    scope: str


def holdings(user: User, thing: str) -> Iterator[Holding]:
    """Everything that the user's assignments of today give on a kind of object (``database``, ``standard`` …)."""
    if not user.is_active:
        return
    for assignment in user.assignments_in_force:
        role = role_of(assignment.role)
        grant = role["permissions"].get(thing) if role else None
        if role is None or grant is None:
            continue
        if rights := letters(grant):
            yield Holding(
                assignment, rights, _within(assignment, role["scope"]), bool(grant.get("own_part")), role["scope"]
            )


def _within(assignment: Assignment, scope: str) -> str:
    """The division that bounds an assignment."""
    if assignment.region is not None:
        return assignment.region.code
    if scope in _EVERYWHERE:
        return ""
    # no rows rather than all of them: of a unit without a division of its own, and of whoever has only what is theirs
    # or was assigned to them, which tables find by other things than the division
    region = assignment.organisation.region if scope == "own_division" else None
    return region.code if region is not None else _NOWHERE


def may(user: User, right: Right, thing: str, *, region: str | None = None) -> bool:
    """May the user do this to such an object, in the division with this code (None: anywhere at all)?"""
    return any(
        (right in h.rights or right == "S") and (region is None or region.startswith(h.within))
        for h in holdings(user, thing)
    )


def require(user: User, right: Right, thing: str, *, region: str | None = None) -> None:
    """Stop, in words, whoever may not."""
    if not may(user, right, thing, region=region):
        raise PermissionDenied(_("您的角色没有这项权限。"))


def rows(user: User, thing: str, region_code: str, *, right: Right = "S") -> Q:
    """The condition on a table of such objects that leaves the rows in which the user has the right.

    region_code : the lookup of a row's division code, e.g. ``township__code``
    """
    condition = Q(pk__in=[])
    for h in holdings(user, thing):
        if right != "S" and right not in h.rights:
            continue
        if not h.within:
            return Q()
        condition |= Q(**{f"{region_code}__startswith": h.within})
    return condition


def objects_of(user: User) -> dict[str, str]:
    """Every kind of object with the letters that the user has on it somewhere: what menus are made of."""
    found: dict[str, set[str]] = {}
    for assignment in user.assignments_in_force if user.is_active else ():
        role: dict[str, Any] | None = role_of(assignment.role)
        for thing, grant in (role["permissions"] if role else {}).items():
            if rights := letters(grant):
                found.setdefault(thing, set()).update("S", rights)
    return {thing: "".join(sorted(rights)) for thing, rights in found.items()}


def role_names() -> dict[str, dict[str, str]]:
    """Role -> its name by language."""
    pack = frozen()
    return {r["id"]: dict(r["name"]) for r in pack["content"]["organisation"]["roles"]} if pack else {}
