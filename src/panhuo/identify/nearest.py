"""Exactly, for one parcel: the smallest change of one fact that would turn its verdict round."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from panhuo.identify.averages import ROUNDING
from panhuo.identify.conditions import (
    AnyOf,
    BelowAverage,
    Between,
    Compare,
    Condition,
    Expression,
    FromTable,
    Is,
    OneOf,
    Standard,
    StartsWith,
    holds,
    leaves,
)
from panhuo.identify.trees import class_node

#: How far past a threshold a value is moved to be on its other side.
_STEP = 1e-6


@dataclass(frozen=True, slots=True)
class Change:
    """One fact, its value now and the value at which the verdict turns (``limit`` is the threshold passed)."""

    fact: str
    now: Any
    then: Any
    limit: float | None
    relative: float | None
    outcome: str
    conditions: tuple[str, ...]


def outcome_of(standard: Standard, states: Mapping[str, bool | None]) -> str:
    """The rule of the outcome for one parcel's condition states."""
    known = dict(states)
    exclusions = [holds(n, known) for n in standard.exclusions]
    preconditions = [holds(n, known) for n in standard.preconditions]
    nodes = [class_node(c, standard) for c in standard.classes if c.when is not None]
    classes = [holds(n, known) for n in nodes if n is not None]
    if True in exclusions or False in preconditions:
        return "excluded"
    if all(c is False for c in classes):
        return "not"
    if all(e is False for e in exclusions) and all(p is True for p in preconditions) and True in classes:
        return "identified"
    return "unknown"


def nearest_changes(
    standard: Standard, states: Mapping[str, bool | None], facts: Mapping[str, Any], evidence: Mapping[str, Any]
) -> tuple[Change, ...]:
    """The nearest numeric change and the first yes-or-no (or code) change that turn a decided verdict; averages are
    held.

    Every condition on the same fact is judged anew, so a change that helps one condition and spoils another is not
    offered.
    """
    now = outcome_of(standard, states)
    if now == "unknown":
        return ()
    on_fact: dict[str, list[Condition]] = {}
    guards = {c.id for node in (*standard.exclusions, *standard.preconditions) for c in leaves(node)}
    for condition in sorted(standard.conditions().values(), key=lambda c: c.id in guards):
        if not isinstance(condition.test, Expression):
            on_fact.setdefault(condition.test.fact, []).append(condition)
    numeric: Change | None = None
    plain: Change | None = None
    for fact, conditions in on_fact.items():
        value = facts.get(fact)
        if value is None:
            continue
        for then, limit in _candidates(value, conditions, evidence):
            changed = {c.id: test_value(c, then, evidence) for c in conditions}
            turned = {k: v for k, v in changed.items() if v != states.get(k)}
            after = outcome_of(standard, {**states, **changed}) if turned else now
            if after == "unknown" or (after == "identified") == (now == "identified"):
                continue
            relative = None if limit is None else (abs(limit - value) / abs(value) if value else math.inf)
            change = Change(fact, value, then, limit, relative, after, tuple(turned))
            if relative is None:
                plain = plain or change
            elif numeric is None or relative < (numeric.relative or 0.0):
                numeric = change
    return tuple(c for c in (numeric, plain) if c is not None)


def test_value(condition: Condition, value: Any, evidence: Mapping[str, Any]) -> bool | None:
    """A condition for one value of its fact, with the thresholds and averages of the evidence."""
    test = condition.test
    limits = _limits(condition, evidence)
    match test:
        case Is(wanted=wanted):
            return bool(value) == wanted
        case OneOf(values=values, negated=negated):
            return (str(value) in [str(v) for v in values]) != negated
        case AnyOf(values=values):
            return any(str(v) in [str(x) for x in value] for v in values)
        case StartsWith(prefixes=prefixes):
            return str(value).startswith(prefixes)
        case _ if None in limits:
            return None
        case Compare(operator=operator):
            if isinstance(limits[0], str):
                value = str(value)
            return bool(
                {
                    "eq": value == limits[0],
                    "ne": value != limits[0],
                    "lt": value < limits[0],
                    "le": value <= limits[0],
                    "gt": value > limits[0],
                    "ge": value >= limits[0],
                }[operator]
            )
        case Between():
            return bool(limits[0] <= value <= limits[1])
        case BelowAverage():
            limit = limits[0]
            return bool(value < limit - abs(limit) * ROUNDING)
        case _:
            return None


def _limits(condition: Condition, evidence: Mapping[str, Any]) -> tuple[Any, ...]:
    test, name = condition.test, condition.id
    match test:
        case Compare(threshold=threshold):
            return (evidence.get(f"{name}@threshold") if isinstance(threshold, FromTable) else threshold,)
        case Between(low=low, high=high):
            return tuple(None if isinstance(v, FromTable) else v for v in (low, high))
        case BelowAverage(factor=factor, min_group=min_group):
            times = evidence.get(f"{name}@factor") if isinstance(factor, FromTable) else factor
            average, size = evidence.get(f"{name}@average"), evidence.get(f"{name}@group_size") or 0
            return (None if times is None or average is None or size < min_group else times * average,)
        case _:
            return ()


def _candidates(
    value: Any, conditions: list[Condition], evidence: Mapping[str, Any]
) -> Iterator[tuple[Any, float | None]]:
    """Values of a fact that some condition judges otherwise than the value now."""
    if isinstance(value, bool):
        yield not value, None
        return
    if isinstance(value, int | float):
        for condition in conditions:
            for limit in _limits(condition, evidence):
                if isinstance(limit, int | float) and not isinstance(limit, bool):
                    step = max(abs(limit) * _STEP, 1e-12)
                    yield from ((v, float(limit)) for v in (limit, limit - step, limit + step))
        return
    words: list[str] = []
    for condition in conditions:
        match condition.test:
            case OneOf(values=values) | AnyOf(values=values):
                words += [str(v) for v in values]
            case StartsWith(prefixes=prefixes):
                words += prefixes
            case Compare(threshold=str() as word):
                words.append(word)
            case _:
                pass
    words = list(dict.fromkeys(words))
    if isinstance(value, list):
        yield [v for v in value if v not in words], None
        yield from (([*value, w], None) for w in words if w not in value)
    elif isinstance(value, str):
        if value in words or any(value.startswith(w) for w in words):
            yield "—", None
        yield from ((w, None) for w in words if w != value)
