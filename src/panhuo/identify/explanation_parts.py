"""The parts of an explanation, as values that a page or a paper can lay out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from panhuo.identify.nearest import Change
from panhuo.messages import Lang, Text


@dataclass(frozen=True, slots=True)
class FactValue:
    """One fact as it was used: its value, as it is shown, and where it comes from."""

    fact: str
    label: Text
    value: Any
    shown: Text
    layer: str | None = None
    date: date | None = None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What a value was held against: the average of its group."""

    average: float | None
    ratio: float | None
    factor: float | None
    group: Text
    group_size: int | None
    min_group: int


@dataclass(frozen=True, slots=True)
class Line:
    """One condition, or a group of conditions (``connective`` all, any or not), at its depth in the standard."""

    id: str | None
    depth: int
    state: bool | None
    text: Text
    clause: Text | None = None
    summary: Text | None = None
    connective: str | None = None
    requirement: Text | None = None
    facts: tuple[FactValue, ...] = ()
    benchmark: Benchmark | None = None
    why_unknown: Text | None = None
    confirm: tuple[Text, ...] = ()
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the standard: ``kind`` is exclusions, preconditions, class or gate."""

    kind: str
    title: Text
    state: bool | None
    lines: tuple[Line, ...]
    class_id: str | None = None
    clause: Text | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that could still change the verdict, whom to ask for it and the conditions it serves."""

    item: str
    text: Text
    ask: tuple[Text, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with its grounds, ready to be shown. ``say`` gives it as text."""

    parcel: str
    name: str | None
    township: str | None
    area_m2: float | None
    outcome: str
    outcome_text: Text
    main_class: Text | None
    classes: tuple[Text, ...]
    classes_open: tuple[Text, ...]
    standard: Text
    standard_id: str
    on: date | None
    basis: Text | None
    base: str | None
    base_clause: Text | None
    sections: tuple[Section, ...]
    readings: tuple[tuple[Text, Text | None, str], ...]
    missing: tuple[Missing, ...]
    changes: tuple[tuple[Change, Text], ...]

    def say(self, lang: Lang = "zh") -> str:
        """The whole explanation as plain text."""
        from panhuo.identify.sentences import say

        return say(self, lang)
