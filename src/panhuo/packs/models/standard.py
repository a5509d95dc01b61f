"""standard.yaml (认定标准), thresholds.xlsx and indicators.yaml."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from panhuo.packs.models.base import Cited, Entry, Id, Name, Open, PackText, Reading, Scalar, Strict, open_value, refuse
from panhuo.packs.models.nodes import Leaf, Node


class Base(Cited):
    """The survey that the standard builds on, if the text says so."""

    survey: Name
    year: int | None = None


class StandardClass(Entry):
    """A class of inefficient land. A class without ``when`` is met when one of its sub-classes is."""

    name: PackText
    parent: Id | None = None
    order: int
    when: Node | None = None


class Standard(Strict):
    """standard.yaml."""

    unit: Literal["parcel", "survey_unit", "patch", "township"] = "parcel"
    base: Base | None = None
    readings: tuple[Reading, ...] = ()
    conditions: tuple[Leaf, ...] = ()
    exclusions: tuple[Leaf, ...] = ()
    preconditions: tuple[Leaf, ...] = ()
    classes: tuple[StandardClass, ...] = ()
    gate: Leaf | None = None


class TableRow(Strict):
    """One row of a sheet of thresholds.xlsx; ``keys`` in the order of the table's key columns, ``*`` for all others.

    ``id`` is the keys joined with ``|``: what a child's row replaces.
    """

    id: str
    keys: tuple[str, ...]
    value: float | None
    unit: str | None = None
    clause: str | None = None
    from_: datetime.date | None = Field(None, alias="from")
    to: datetime.date | None = None
    set_by: str | None = None
    note: str | None = None


class Table(Strict):
    """One sheet of thresholds.xlsx: thresholds by one or several facts."""

    id: Name
    keys: tuple[Name, ...] = Field(min_length=1)
    rows: tuple[TableRow, ...] = ()
    note: str | None = None

    def lookup(self, keys: tuple[str, ...]) -> float | None:
        """The value for these keys: the exact row, else the row with ``*`` in the fewest places, else unknown."""
        best: tuple[int, float | None] | None = None
        for row in self.rows:
            if all(own in (asked, "*") for own, asked in zip(row.keys, keys, strict=True)):
                stars = row.keys.count("*")
                if best is None or stars < best[0]:
                    best = (stars, row.value)
        return best[1] if best else None


class Thresholds(Strict):
    """thresholds.xlsx."""

    tables: tuple[Table, ...] = ()


class Indicator(Cited):
    """How a fact is measured (``parameters`` tune the built-in ones), or a derived fact (``expr``)."""

    id: Id
    zh: Name | None = None
    en: Name | None = None
    unit: str | None = None
    source: Name | None = None
    expr: Name | None = None
    parameters: dict[Id, Scalar | Open | None] = Field(default_factory=dict)
    set_by: Name | None = None

    @model_validator(mode="after")
    def _complete(self) -> Any:
        if self.expr is not None and not (self.zh and self.en):
            refuse("derived", "派生指标须写中英文名称（zh、en）", "a derived indicator needs its names zh and en")
        if any(v is None for v in self.parameters.values()) and self.set_by is None:
            open_value("parameters")
        return self

    def parameter(self, name: str, default: Any = None) -> Any:
        """A parameter's value; ``default`` when the pack does not give it, None while nobody has set it."""
        if name not in self.parameters:
            return default
        value = self.parameters[name]
        return value.value if isinstance(value, Open) else value


class Target(Strict):
    """A fixed target as a baseline."""

    target: float | None
    set_by: Name | None = None

    @model_validator(mode="after")
    def _who_decides(self) -> Any:
        if self.target is None and self.set_by is None:
            open_value("target")
        return self


class YieldItem(Cited):
    """One indicator of the evaluation: score = value ÷ baseline × weight, between floor and cap."""

    id: Id
    name: PackText
    expr: Name
    unit: str | None = None
    weight: float = Field(gt=0)
    baseline: Literal["mean"] | float | Target = "mean"
    higher_is_better: bool = True
    cap: float | None = None
    floor: float = 0.0
    missing: Literal["mean", "zero", "unknown"] = "unknown"


class YieldGroup(Cited):
    """Enterprises evaluated together, e.g. 规上 and 规下."""

    id: Id
    name: PackText
    when: Node | None = None
    items: tuple[YieldItem, ...] = Field(min_length=1)


class YieldAdjustment(Cited):
    """Points added (bonus) or taken (penalty) when a condition holds."""

    id: Id
    text: PackText
    when: Node
    points: float


class YieldVeto(Cited):
    """A condition that puts an enterprise into a class whatever its score (一票否决)."""

    id: Id
    text: PackText
    when: Node
    yield_class: Name = Field(alias="class")


class YieldExclusion(Cited):
    """Enterprises that are not evaluated (暂不评价)."""

    id: Id
    text: PackText
    when: Node


class YieldClass(Strict):
    """A class of the result: the best ``top`` share of a group (cumulative), or a score of at least ``min_score``."""

    id: Id
    name: Name
    top: float | None = Field(None, ge=0, le=1)
    min_score: float | None = None
    set_by: Name | None = None


class YieldEvaluation(Cited):
    """The scheme of the “yield per mu” evaluation (亩产效益评价)."""

    groups: tuple[YieldGroup, ...] = Field(min_length=1)
    bonus: tuple[YieldAdjustment, ...] = ()
    penalty: tuple[YieldAdjustment, ...] = ()
    veto: tuple[YieldVeto, ...] = ()
    exclusions: tuple[YieldExclusion, ...] = ()
    by: Literal["percentile", "score"] = "percentile"
    classes: tuple[YieldClass, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _cuts_given(self) -> Any:
        key = "top" if self.by == "percentile" else "min_score"
        for one in self.classes[:-1]:
            if getattr(one, key) is None and one.set_by is None:
                open_value(key)
        cuts = [getattr(c, key) for c in self.classes if getattr(c, key) is not None]
        if cuts != sorted(cuts, reverse=self.by == "score"):
            refuse(
                "cuts",
                "等级的分界须从最好到最差排列：top 为累计比例，应递增；min_score 应递减",
                "list the classes from best to worst: 'top' is cumulative and grows, 'min_score' falls",
            )
        return self


class Indicators(Strict):
    """indicators.yaml."""

    indicators: tuple[Indicator, ...] = ()
    yield_evaluation: YieldEvaluation | None = None

    def of(self, fact: str) -> Indicator | None:
        """The entry for a fact, if the pack has one."""
        return next((i for i in self.indicators if i.id == fact), None)

    @property
    def derived(self) -> Mapping[str, Indicator]:
        """Derived facts by name."""
        return {i.id: i for i in self.indicators if i.expr is not None}
