"""Chains of states and transitions: what may follow a state, who may do it, and what it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from panhuo.messages import PanhuoError, Text


@dataclass(frozen=True, slots=True)
class State:
    """A state of a chain; nothing needs to follow a ``final`` one."""

    id: str
    name: Text
    final: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """A step from one of the states ``sources`` to ``target``.

    who       : units, groups of units, task forces or roles that may take it
    condition : what has to hold of the case, as it is written in the pack (a node of the standard's grammar)
    limit     : the time limit as it is written (``{"working_days": 10}``)
    """

    id: str
    sources: tuple[str, ...]
    target: str
    action: Text
    who: tuple[str, ...]
    guard: Text | None = None
    condition: Any = None
    papers: tuple[Text, ...] = ()
    notifies: tuple[str, ...] = ()
    limit: Mapping[str, Any] | None = None
    clause: str | None = None
    reason_required: bool = False
    two_persons: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """The life of one kind of object, in the order in which the pack tells it."""

    id: str
    title: Text
    object: str
    start: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    clause: str | None = None

    def state(self, id: str) -> State:
        """A state by its id. Raises PanhuoError for one that the chain does not have."""
        found = next((s for s in self.states if s.id == id), None)
        if found is None:
            known = "、".join(s.id for s in self.states)
            raise PanhuoError(
                f"流程“{self.title.zh}”没有状态“{id}”，现有：{known}。",
                f"The chain '{self.title.en}' has no state '{id}'; it has: {known}.",
            )
        return found

    def transition(self, id: str) -> Transition:
        """A transition by its id. Raises PanhuoError for one that the chain does not have."""
        found = next((t for t in self.transitions if t.id == id), None)
        if found is None:
            known = "、".join(t.id for t in self.transitions)
            raise PanhuoError(
                f"流程“{self.title.zh}”没有步骤“{id}”，现有：{known}。",
                f"The chain '{self.title.en}' has no step '{id}'; it has: {known}.",
            )
        return found


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom somebody acts for: every name that a pack may call them by (role, unit, alias, group, task force)."""

    names: frozenset[str]

    def is_one_of(self, who: Iterable[str]) -> bool:
        return not self.names.isdisjoint(who)


def chains_of(workflow: Mapping[str, Any]) -> tuple[Chain, ...]:
    """The chains of a workflow as plain data (the part ``workflow`` of a frozen pack)."""
    return tuple(_chain(raw) for raw in workflow.get("chains") or ())


def chain_of(workflow: Mapping[str, Any], id: str) -> Chain | None:
    """One chain by its id; None where the pack does not declare it."""
    return next((c for c in chains_of(workflow) if c.id == id), None)


def available(chain: Chain, state: str, holder: Holder | None = None) -> tuple[Transition, ...]:
    """The transitions that lead on from a state, those of this holder alone where one is given, in the pack's order."""
    chain.state(state)
    return tuple(t for t in chain.transitions if state in t.sources and (holder is None or holder.is_one_of(t.who)))


def leads_back(chain: Chain, transition: Transition) -> bool:
    """Whether a transition gives the case back: it asks for a reason and the case goes on from where it leads."""
    return transition.reason_required and not chain.state(transition.target).final


def refusals(
    chain: Chain,
    transition: Transition,
    state: str,
    holder: Holder,
    *,
    reason: str = "",
    first: object = None,
    second: object = None,
    holds: bool | None = True,
) -> tuple[Text, ...]:
    """Why a step may not be taken, in words; empty when it may.

    reason        : what was said with it
    first, second : who asks for the step and who agrees to it; only compared with each other
    holds         : the transition's condition for the case; None while it is not known
    """
    said: list[Text] = []
    if state not in transition.sources:
        name = chain.state(state).name
        said.append(
            Text(f"“{name.zh}”不能{transition.action.zh}", f"'{name.en}' does not lead to: {transition.action.en}")
        )
    if not holder.is_one_of(transition.who):
        said.append(Text(f"{transition.action.zh}不由您的单位办理", f"{transition.action.en}: not for your unit to do"))
    if transition.reason_required and not reason.strip():
        said.append(Text(f"{transition.action.zh}须写明理由", f"{transition.action.en}: give the reason"))
    if transition.two_persons and (second is None or second == first):
        said.append(
            Text(f"{transition.action.zh}须由另一人复核", f"{transition.action.en}: a second person has to agree")
        )
    if transition.condition is not None and holds is not True:
        guard = transition.guard or Text("条件须满足", "the condition has to hold")
        unknown = Text("（尚不能判定）", " (not known yet)") if holds is None else Text("", "")
        said.append(Text(f"{guard.zh}{unknown.zh}", f"{guard.en}{unknown.en}"))
    return tuple(said)


def _chain(raw: Mapping[str, Any]) -> Chain:
    states = tuple(State(s["id"], Text(**s["name"]), bool(s.get("final"))) for s in raw["states"])
    steps = tuple(_transition(t, number) for number, t in enumerate(raw.get("transitions") or (), 1))
    return Chain(
        raw["id"], Text(**raw["title"]), raw["object"], raw.get("start") or states[0].id, states, steps,
        raw.get("clause"),
    )  # fmt: skip


def _transition(raw: Mapping[str, Any], number: int) -> Transition:
    return Transition(
        id=raw.get("id") or f"step-{number}",
        sources=tuple(_several(raw["from"])),
        target=raw["to"],
        action=Text(**raw["action"]),
        who=tuple(_several(raw["who"])),
        guard=Text(**raw["guard"]) if raw.get("guard") else None,
        condition=raw.get("condition"),
        papers=tuple(Text(**p) for p in _several(raw.get("papers"))),
        notifies=tuple(_several(raw.get("notifies"))),
        limit=raw.get("limit"),
        clause=raw.get("clause"),
        reason_required=bool(raw.get("reason_required")),
        two_persons=bool(raw.get("two_persons")),
    )


def _several(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list | tuple) else [value]
