"""What the adopted pack says about identification: its chain of the record, who decides on standards, who is who."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from panhuo.flow import Chain, Holder, Transition, chain_of, leads_back
from panhuo_platform.organisations import locality
from panhuo_platform.organisations.locality import letters
from panhuo_platform.organisations.models import Assignment, Organisation, User
from panhuo_platform.organisations.rights import Holding, Right, holdings

#: The chains of the packs that identification walks.
RECORD, STANDARD = "record", "standard"


@dataclass(frozen=True, slots=True)
class Acting:
    """One assignment of a user, as the chains of the pack see it: by which names, and where."""

    assignment: Assignment
    holder: Holder
    within: str


@lru_cache(maxsize=8)
def _chain(sha256: str, name: str) -> Chain | None:
    pack = locality.frozen()
    return chain_of(pack["content"]["workflow"], name) if pack and pack["sha256"] == sha256 else None


def chain(name: str = RECORD) -> Chain | None:
    """A chain of the adopted pack; None where it declares none, or nothing has been adopted."""
    pack = locality.frozen()
    return _chain(pack["sha256"], name) if pack else None


def thing_for(letter: Right) -> tuple[Right, str]:
    """What somebody needs to draft (E) or approve (A) a standard: the pack's letter on ``standard``.

    Where a pack gives that letter to nobody, whoever has it on the register decides, and else whoever may edit it.
    """
    pack = locality.frozen()
    roles = pack["content"]["organisation"]["roles"] if pack else []
    given = {
        (mark, thing)
        for role in roles
        for thing in ("standard", "database")
        for mark in letters(role["permissions"].get(thing) or {})
    }
    asked: tuple[tuple[Right, str], ...] = ((letter, "standard"), (letter, "database"), ("E", "standard"))
    return next((pair for pair in asked if pair in given), ("E", "database"))


def register_letter(letter: Right) -> Right:
    """The letter that a decision on the register needs, or the next that the pack gives to anybody: F, A, R, E, S."""
    pack = locality.frozen()
    roles = pack["content"]["organisation"]["roles"] if pack else []
    given = {mark for role in roles for mark in letters(role["permissions"].get("database") or {})}
    order: tuple[Right, ...] = ("F", "A", "R", "E", "S")
    return next((one for one in order[order.index(letter) :] if one in given), letter)


def drafter_may_approve() -> bool:
    """Only where the pack has a chain for standards that does not ask for two persons."""
    own = chain(STANDARD)
    return own is not None and not any(t.two_persons for t in own.transitions)


def actings(user: User, thing: str = "database") -> list[Acting]:
    """Everything the user may act as on the register today."""
    return [Acting(h.assignment, Holder(names_of(h)), h.within) for h in holdings(user, thing)]


def names_of(holding: Holding) -> frozenset[str]:
    """Every name by which a pack may call whoever holds an assignment."""
    assignment = holding.assignment
    role = locality.role_of(assignment.role) or {}
    unit = assignment.organisation
    names = {assignment.role, *_calls(role), unit.code, unit.name, *_aliases(unit.code)}
    for group in unit.groups.all():
        names |= {group.code, group.name, *_aliases(group.code)}
    if role.get("task_force"):
        names.add(role["task_force"])
    if assignment.seat is not None:
        names.add(assignment.seat.task_force.code)
    return frozenset(names)


def names_of_unit(unit: Organisation) -> frozenset[str]:
    """Every name by which a pack may call a unit: its own, its groups', the roles it holds."""
    groups = {name for g in unit.groups.all() for name in (g.code, g.name, *_aliases(g.code))}
    pack = locality.frozen()
    roles = {
        role["id"]
        for role in (pack["content"]["organisation"]["roles"] if pack else ())
        if unit.code in units_of(role["id"])
    }
    return frozenset({unit.code, unit.name, *_aliases(unit.code), *groups, *roles})


def may_take(user: User, transition: Transition) -> list[Acting]:
    """The assignments by which the user may take a step."""
    return [a for a in actings(user) if a.holder.is_one_of(transition.who)]


def units_called(name: str) -> list[str]:
    """The codes of the units that a name of the pack stands for: itself, or the members of the group."""
    for unit in _units():
        if name in (unit["id"], unit["name"]["zh"], unit["name"]["en"], *(unit.get("aliases") or ())):
            return [str(m) for m in unit.get("members") or ()] or [str(unit["id"])]
    return []


def units_of(name: str) -> set[str]:
    """The units that a name in a chain stands for: a unit, a group, or every unit that holds the role."""
    role = locality.role_of(name)
    if role is not None:
        return {unit for called in role.get("units") or () for unit in units_called(called)}
    return set(units_called(name))


def seated_units() -> frozenset[str]:
    """Units for which the pack has a role that sees the register: only they can be asked to confirm here."""
    pack = locality.frozen()
    roles = pack["content"]["organisation"]["roles"] if pack else []
    named = (
        unit
        for role in roles
        if letters(role["permissions"].get("database") or {})
        for name in role.get("units") or ()
        for unit in units_called(name)
    )
    return frozenset(named)


def confirming(record: Chain) -> frozenset[str]:
    """The stages in which departments confirm: those that the step which identifies starts from, and those one step
    before. Where no step identifies, every stage that is not the last."""
    step = deciding(record)
    if step is None:
        return frozenset(s.id for s in record.states if not s.final)
    back = {t.target for t in record.transitions if leads_back(record, t)}
    before = {
        source
        for t in record.transitions
        if t.target in step.sources and not t.reason_required
        for source in t.sources
        if source not in back
    }
    return frozenset({*step.sources, *before})


def after_deciding(record: Chain) -> frozenset[str]:
    """The stages from the identification on that are not the last."""
    step = deciding(record)
    if step is None:
        return frozenset(s.id for s in record.states if not s.final and s.id != record.start)
    found, todo = {step.target}, [step.target]
    while todo:
        here = todo.pop()
        for t in record.transitions:
            if here in t.sources and not leads_back(record, t) and not t.reason_required and t.target not in found:
                found.add(t.target)
                todo.append(t.target)
    earlier = {t.target for t in record.transitions if leads_back(record, t)}
    return frozenset(s for s in found - earlier if not record.state(s).final)


def sendable(record: Chain, receiver: Organisation) -> frozenset[str]:
    """The stages from which parcels are sent to a unit: where the next plain step is its own.

    Where the chain knows no step of the unit, every stage from the identification on.
    """
    holder = Holder(names_of_unit(receiver))
    own = {
        source for t in record.transitions if holder.is_one_of(t.who) and not t.reason_required for source in t.sources
    }
    later = after_deciding(record)
    return frozenset(own & later) or later


def deciding(record: Chain) -> Transition | None:
    """The step that identifies: the first that asks for the verdict; None where the pack writes no such condition."""
    return next((t for t in record.transitions if "outcome" in _facts(t.condition)), None)


def _facts(node: Any) -> set[str]:
    if isinstance(node, Mapping):
        own = {str(node["value"])} if "value" in node else set()
        return own.union(*(_facts(v) for v in node.values()))
    return set().union(*(_facts(v) for v in node)) if isinstance(node, list | tuple) else set()


def _units() -> Iterable[Mapping[str, Any]]:
    pack = locality.frozen()
    return pack["content"]["organisation"]["units"] if pack else ()


def _aliases(code: str) -> Iterator[str]:
    for unit in _units():
        if unit["id"] == code:
            yield from unit.get("aliases") or ()


def _calls(role: Mapping[str, Any]) -> tuple[str, ...]:
    return (role["name"]["zh"],) if role else ()
