"""workflow.yaml: chains of states, reviews, publicity (公示) and filing (备案)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from panhuo.packs.models.base import Cited, Entry, Id, Limit, Name, Names, PackText, Strict, Texts, refuse
from panhuo.packs.models.nodes import Node

#: What has a life in the system: the objects that a chain can carry.
ChainObject = Literal[
    "record", "historical_record", "database", "special_plan", "unit_plan", "annual_plan", "project_batch", "project",
    "project_plan", "agreement", "rectification", "transition_permit", "price_case", "key_project", "issue",
    "quota_move", "report", "policy", "guarantee_plan", "notice", "lead_handling", "demand",
]  # fmt: skip


class State(Strict):
    """A state; ``final`` when nothing needs to follow."""

    id: Id
    name: PackText
    final: bool = False
    inferred: bool = False


class Transition(Cited):
    """A step from one or several states to another. (``from`` and ``to`` are states here, not dates.)"""

    id: Id | None = None
    from_: Names = Field(alias="from")  # type: ignore[assignment]
    to: Id  # type: ignore[assignment]
    action: PackText
    who: Names
    guard: PackText | None = None
    condition: Node | None = None
    papers: Texts = ()
    limit: Limit | None = None
    notifies: Names = ()
    #: a return needs a reason in writing
    reason_required: bool = False
    #: closing, sealing and ticking off need a second person
    two_persons: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Any:
        return self  # from and to are states


class Chain(Entry):
    """The life of one kind of object; it starts in ``start``, else in the first state."""

    title: PackText
    object: ChainObject
    start: Id | None = None
    states: tuple[State, ...] = Field(min_length=1)
    transitions: tuple[Transition, ...] = ()

    @property
    def first(self) -> str:
        return self.start or self.states[0].id


class ReviewUnit(Cited):
    """A unit that gives its opinion, and the questions it answers."""

    unit: Id
    questions: Texts = ()
    required: bool = True


class Review(Entry):
    """A review (联审、会核、初审)."""

    name: PackText
    object: ChainObject
    kind: Literal["first", "joint", "superior", "expert", "legal", "consultation"]
    order: Literal["parallel", "sequence"] = "parallel"
    organiser: Id | None = None
    decides: Names = ()
    units: tuple[ReviewUnit, ...] = ()
    limit: Limit | None = None

    @model_validator(mode="after")
    def _units_once(self) -> Any:
        names = [u.unit for u in self.units]
        twice = next((n for n in names if names.count(n) > 1), None)
        if twice:
            refuse("twice", f"单位“{twice}”在同一审查中出现两次", f"unit '{twice}' stands twice in one review")
        return self


class Publicity(Entry):
    """What is made public, where and how long."""

    object: ChainObject
    what: PackText
    period: Limit | None = None
    places: Texts = ()
    who: Names = ()


class Filing(Entry):
    """What is filed with whom, and how soon after which event."""

    what: PackText
    object: ChainObject | None = None
    event: Id | None = None
    limit: Limit
    filed_with: Name = Field(alias="with")
    who: Names = ()


class Workflow(Strict):
    """workflow.yaml."""

    chains: tuple[Chain, ...] = ()
    reviews: tuple[Review, ...] = ()
    publicity: tuple[Publicity, ...] = ()
    filing: tuple[Filing, ...] = ()
