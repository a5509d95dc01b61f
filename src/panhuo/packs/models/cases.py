"""tests/*.yaml: examples with the expected outcome, readable by a policy officer."""

from __future__ import annotations

import datetime
from typing import Any, Literal

from pydantic import Field

from panhuo.packs.models.base import Id, Name, PackText, Strict

Outcome = Literal["identified", "not", "unknown", "excluded"]


class Expected(Strict):
    """What must come out; what is not named is not checked."""

    outcome: Outcome | None = None
    main_class: Id | None = Field(None, alias="class")
    classes: tuple[Id, ...] | None = None
    conditions: dict[Id, bool | None] = Field(default_factory=dict)


class Example(Strict):
    """A parcel's facts and the expected verdict. ``among`` are other parcels, for averages."""

    id: Id
    name: PackText
    clause: Name | None = None
    facts: dict[str, Any]
    among: tuple[dict[str, Any], ...] = ()
    readings: dict[Id, Name] = Field(default_factory=dict)
    on: datetime.date | None = None
    expect: Expected


class Examples(Strict):
    """One file of tests/."""

    tests: tuple[Example, ...] = ()
