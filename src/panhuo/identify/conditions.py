"""What a condition of a standard is, as values: the tests a leaf may make and the trees they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from panhuo.messages import Text

Scalar = bool | int | float | str | date
Operator = Literal["eq", "ne", "lt", "le", "gt", "ge"]
Statistic = Literal["mean", "median"]


@dataclass(frozen=True, slots=True)
class FromTable:
    """A threshold that is looked up by one or more facts; a key that is not in the table is unknown."""

    table: str
    keys: tuple[str, ...]
    times: float | None = 1.0


@dataclass(frozen=True, slots=True)
class Is:
    """A yes-or-no fact has the wanted answer."""

    fact: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class Compare:
    """A fact against a threshold; ``threshold`` is None while nobody has set it."""

    fact: str
    operator: Operator
    threshold: Scalar | FromTable | None


@dataclass(frozen=True, slots=True)
class Between:
    """A fact within two bounds, both included; an end that is None is not set."""

    fact: str
    low: Scalar | FromTable | None
    high: Scalar | FromTable | None


@dataclass(frozen=True, slots=True)
class OneOf:
    """A code is (or is not) one of a list."""

    fact: str
    values: tuple[Scalar, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A list fact has at least one of the values."""

    fact: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class StartsWith:
    """A code begins with one of the prefixes."""

    fact: str
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BelowAverage:
    """A fact is below ``factor`` times the local average of its group (same industry, same territory)."""

    fact: str
    by: tuple[str, ...]
    within: str | None
    factor: float | FromTable | None
    statistic: Statistic
    min_group: int
    leave_one_out: bool
    weights: str | None = None

    @property
    def group(self) -> tuple[str, ...]:
        """The facts that make the group, the territory first."""
        return ((self.within,) if self.within else ()) + self.by


@dataclass(frozen=True, slots=True)
class Expression:
    """A short formula over facts, in the words of the pack."""

    source: str
    facts: tuple[str, ...]
    parameters: tuple[tuple[str, Scalar | None], ...] = ()

    @property
    def unset(self) -> tuple[str, ...]:
        return tuple(name for name, value in self.parameters if value is None)


Test = Is | Compare | Between | OneOf | AnyOf | StartsWith | BelowAverage | Expression


@dataclass(frozen=True, slots=True)
class Condition:
    """One leaf of the standard: what is tested, which clause asks it, who confirms it."""

    id: str
    test: Test
    text: Text
    clause: str | None = None
    confirm: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    evidence: str | None = None
    set_by: str | None = None
    #: the text's list ends with “等”: more may be accepted by hand
    open: bool = False

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts without which the condition cannot be judged."""
        match self.test:
            case Expression(facts=facts):
                return facts
            case BelowAverage(fact=fact, weights=weights) as test:
                keys = tuple(k for t in self.tables for k in t.keys)
                return tuple(dict.fromkeys((fact, *test.group, *((weights,) if weights else ()), *keys)))
            case test:
                return tuple(dict.fromkeys((test.fact, *(k for t in self.tables for k in t.keys))))

    @property
    def tables(self) -> tuple[FromTable, ...]:
        """The thresholds (or the factor) that stand in a table."""
        match self.test:
            case Compare(threshold=one) | BelowAverage(factor=one):
                asked: tuple[object, ...] = (one,)
            case Between(low=low, high=high):
                asked = (low, high)
            case _:
                asked = ()
        return tuple(t for t in asked if isinstance(t, FromTable))

    @property
    def unset(self) -> bool:
        """True while a threshold of the condition has not been set by anybody."""
        match self.test:
            case Compare(threshold=None) | BelowAverage(factor=None) | Between(low=None) | Between(high=None):
                return True
            case Expression() as test:
                return bool(test.unset)
            case _:
                return any(t.times is None for t in self.tables)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A place in a tree where a condition stands (a named condition may stand in several)."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class Group:
    """``all``, ``any`` or ``not`` of the nodes below; ``reading`` names the switch that chose between all and any."""

    operator: Literal["all", "any", "not"]
    of: tuple[Node, ...]
    id: str | None = None
    text: Text | None = None
    clause: str | None = None
    reading: str | None = None
    confirm: tuple[str, ...] = ()
    evidence: str | None = None


Node = Leaf | Group


@dataclass(frozen=True, slots=True)
class LandClass:
    """One class of inefficient land; ``rank`` is its place when a parcel meets several (0 is the main one)."""

    id: str
    name: Text
    when: Node | None
    clause: str | None = None
    parent: str | None = None
    order: float = 0.0
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """How an ambiguous wording is read: ``chosen`` is one of ``options``."""

    id: str
    chosen: Literal["all", "any"]
    text: Text
    clause: str | None = None
    options: tuple[str, ...] = ("any", "all")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of thresholds: rows of keys and a value (None: not set, ``set_by`` decides)."""

    name: str
    keys: tuple[str, ...]
    #: keys and value; ``*`` stands for every other key, a value that is None has not been set
    rows: tuple[tuple[tuple[str, ...], float | None], ...]
    unit: str | None = None
    set_by: str | None = None


@dataclass(frozen=True, slots=True)
class Standard:
    """A locality's standard on one day, ready to be judged by.

    ``source`` is the plain mapping it was made of (standard, thresholds, indicators), so that a saved run can be read
    again.
    """

    id: str
    title: Text
    on: date | None
    exclusions: tuple[Node, ...]
    preconditions: tuple[Node, ...]
    classes: tuple[LandClass, ...]
    gate: Node | None
    readings: tuple[Reading, ...]
    tables: tuple[Table, ...]
    derived: tuple[tuple[str, str], ...]
    labels: dict[str, Text] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    #: own-words summaries and full citations of clauses, names of units, each by the word the standard uses
    clauses: dict[str, Text] = field(default_factory=dict)
    citations: dict[str, Text] = field(default_factory=dict)
    actors: dict[str, Text] = field(default_factory=dict)
    #: full names of the documents, and the one most clauses are of (its clauses are cited by their number alone)
    documents: dict[str, Text] = field(default_factory=dict)
    document: str | None = None
    base: str | None = None
    base_clause: str | None = None
    source: dict[str, object] = field(default_factory=dict)

    def roots(self) -> tuple[Node, ...]:
        """Every tree of the standard: exclusions, preconditions, classes, gate."""
        trees = [*self.exclusions, *self.preconditions, *(c.when for c in self.classes if c.when is not None)]
        return (*trees, *([self.gate] if self.gate else []))

    def conditions(self) -> dict[str, Condition]:
        """Every condition once, by id, in the order of the text."""
        return {c.id: c for root in self.roots() for c in leaves(root)}

    def land_class(self, class_id: str) -> LandClass:
        return next(c for c in self.classes if c.id == class_id)

    def table(self, name: str) -> Table:
        return next(t for t in self.tables if t.name == name)


def leaves(node: Node) -> Iterator[Condition]:
    """The conditions of a tree, in the order of the text."""
    if isinstance(node, Leaf):
        yield node.condition
    else:
        for child in node.of:
            yield from leaves(child)


def holds(node: Node, states: dict[str, bool | None]) -> bool | None:
    """Three-valued value of a tree for one parcel (Kleene): an unknown leaf leaves the tree unknown unless others
    decide it.
    """
    if isinstance(node, Leaf):
        return states.get(node.condition.id)
    values = [holds(child, states) for child in node.of]
    if node.operator == "not":
        return None if values[0] is None else not values[0]
    decisive = node.operator == "any"
    if decisive in values:
        return decisive
    return None if None in values else not decisive
