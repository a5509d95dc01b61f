"""calendar.yaml (时间节点) and programme.yaml (任务分工)."""

from __future__ import annotations

import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from panhuo.packs.models.base import Entry, Id, Name, Names, Open, PackText, Strict, Texts, as_tuple, open_value, refuse

Month = Annotated[int, Field(ge=1, le=12)]
Day = Annotated[int, Field(ge=1, le=31)] | Literal["last"]

#: Which keys each kind of deadline needs.
NEEDS: dict[str, tuple[str, ...]] = {
    "one_off": ("date",),
    "yearly": ("month", "day"),
    "half_yearly": ("months", "day"),
    "monthly": ("day",),
    "relative": ("after",),
    "event": ("event",),
    "window": ("start", "end"),
    "recurring": ("every_months",),
    "as_needed": (),
}
_KEYS = sorted({k for keys in NEEDS.values() for k in keys})


class Event(Entry):
    """Something that happens and starts a clock: approval, signing, a conference."""

    text: PackText


class After(Strict):
    """So long after an event; the amount is null (with ``set_by``) when the text gives none."""

    event: Id
    days: int | None = Field(None, ge=0)
    working_days: int | None = Field(None, ge=0)
    months: int | None = Field(None, ge=0)
    years: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_unit(self) -> Any:
        if len(self.model_fields_set - {"event"}) != 1:
            refuse(
                "after",
                "after 须写 event 和 days、working_days、months、years 之一，例如 {event: signed, months: 1}",
                "'after' has an event and one of days, working_days, months, years: {event: signed, months: 1}",
            )
        return self

    @property
    def unit(self) -> str:
        return next(k for k in ("days", "working_days", "months", "years") if k in self.model_fields_set)

    @property
    def amount(self) -> int | None:
        amount: int | None = getattr(self, self.unit)
        return amount


class Deadline(Entry):
    """A date that binds, or a rule that gives it.

    Dates are the last day, included. ``from``/``to`` say when a repeating rule holds; ``applies_to`` is the year the
    product is for, counted from the year of the date (1: the next year).
    """

    kind: Literal[
        "one_off", "yearly", "half_yearly", "monthly", "relative", "event", "window", "recurring", "as_needed"
    ]
    what: PackText
    who: Names = ()
    object: Name | None = None
    deliverable: Texts = ()
    date: datetime.date | None = None
    month: Month | None = None
    months: Annotated[tuple[Month, ...], BeforeValidator(as_tuple)] | None = None
    day: Day | None = None
    after: After | None = None
    event: Id | None = None
    start: datetime.date | None = None
    end: datetime.date | None = None
    every_months: int | None = Field(None, ge=1)
    applies_to: int | None = None
    #: striven for (力争), not binding
    soft: bool = False
    set_by: Name | None = None
    remind: tuple[int, ...] = (30, 14, 7, 1)
    #: a date on a day off moves to the next or the previous working day, or stays
    shift: Literal["none", "next", "previous"] = "none"

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> Any:
        needed, given = NEEDS[self.kind], self.model_fields_set
        missing = [k for k in needed if k not in given]
        alien = [k for k in _KEYS if k in given and k not in needed]
        if missing:
            refuse(
                "deadline",
                f"{self.kind} 类时间节点须写 {'、'.join(missing)}（未规定的写 null 并写 set_by）",
                f"a deadline of kind {self.kind} needs {', '.join(missing)} (null and set_by when the text gives none)",
            )
        if alien:
            refuse(
                "deadline",
                f"{'、'.join(alien)} 不适用于 {self.kind} 类时间节点",
                f"{', '.join(alien)} does not belong to a deadline of kind {self.kind}",
            )
        if self.unset and self.set_by is None:
            open_value(self.unset[0])
        if self.kind == "window" and self.start and self.end and self.start > self.end:
            refuse("dates", "窗口期的开始晚于结束", "the window starts after its end")
        if self.date is None and self.month and isinstance(self.day, int) and self.day > _longest(self.month):
            refuse("day", f"{self.month} 月没有 {self.day} 日", f"month {self.month} has no day {self.day}")
        return self

    @property
    def unset(self) -> tuple[str, ...]:
        """Keys of the date that nobody has set yet: the deadline cannot be computed."""
        open_keys = [k for k in NEEDS[self.kind] if getattr(self, k) is None]
        if self.after is not None and self.after.amount is None:
            open_keys.append(self.after.unit)
        return tuple(open_keys)


def _longest(month: int) -> int:
    return 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31


class Calendar(Strict):
    """calendar.yaml."""

    events: tuple[Event, ...] = ()
    deadlines: tuple[Deadline, ...] = ()


class YearShare(Strict):
    """What of a task falls into one year."""

    year: int
    goal: PackText
    value: float | None = None
    unit: str | None = None


class Task(Entry):
    """One task of the programme. ``due`` is a date, ``deadline`` a rule of the calendar."""

    title: PackText
    lead: Names = ()
    responsible: Names = ()
    cooperate: Names = ()
    due: datetime.date | None = None
    deadline: Id | None = None
    set_by: Name | None = None
    soft: bool = False
    deliverable: Texts = ()
    proof: Texts = ()
    year_split: tuple[YearShare, ...] = ()
    stage: Id | None = None


class Report(Entry):
    """A report that is owed: who writes it, by which deadline, to whom, with which contents."""

    title: PackText
    who: Names = ()
    sent_to: Names = ()
    deadline: Id | None = None
    contents: Texts = ()
    #: a Word template of documents/, by its name without .docx
    template: Name | None = None


class Kpi(Entry):
    """A figure by which the work is measured; ``target`` is null (with ``set_by``) where the text gives none."""

    title: PackText
    unit: str | None = None
    formula: Id | None = None
    direction: Literal["up", "down"] | None = None
    baseline: Open | None = None
    target: Open | None = None


class Programme(Strict):
    """programme.yaml."""

    tasks: tuple[Task, ...] = ()
    reports: tuple[Report, ...] = ()
    kpis: tuple[Kpi, ...] = ()
