"""modes.yaml (再开发模式与政策工具) and incentives.yaml (激励、指标算法)."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from panhuo.packs.models.base import Entry, Id, Name, Names, Open, PackText, Reading, Strict, Texts, refuse
from panhuo.packs.models.nodes import Node

ToolKind = Literal["land", "plan", "finance", "tax", "quota", "enforcement", "market", "procedure", "rural", "other"]


class Input(Strict):
    """What a decision table or a formula asks for. An input that is a fact is filled from the parcel."""

    id: Id
    text: PackText
    kind: Literal["bool", "text", "number", "money", "area", "date", "year", "list"]
    unit: str | None = None
    options: tuple[Name, ...] = ()
    fact: Name | None = None


class Mode(Entry):
    """A way of redevelopment (政府收储改造 …) or another result that a decision table can give."""

    name: PackText
    sub_modes: Texts = ()


class DecisionRow(Entry):
    """When the condition holds, this is the result; without ``when`` the row holds for everything."""

    order: int
    when: Node | None = None
    result: Id | None = None
    says: PackText | None = None
    land: PackText | None = None
    price: PackText | None = None
    limits: Texts = ()
    papers: Texts = ()

    @model_validator(mode="after")
    def _has_a_result(self) -> Any:
        if self.result is None and self.says is None:
            refuse(
                "row", "决策行须有 result（模式编号）或 says（一句话）", "a row needs a result (a mode's id) or says"
            )
        return self


class DecisionTable(Entry):
    """A decision table: rows in their order; ``first`` row that holds decides, or ``all`` rows that hold count."""

    title: PackText
    hit: Literal["first", "all"]
    inputs: tuple[Input, ...] = ()
    rows: tuple[DecisionRow, ...] = Field(min_length=1)


class Tool(Entry):
    """A policy tool: when it may be used, what it does, within which limits, who approves."""

    name: PackText
    kind: ToolKind = "other"
    preconditions: Texts = ()
    inputs: tuple[Input, ...] = ()
    when: Node | None = None
    effect: PackText
    limits: Texts = ()
    evidence: Texts = ()
    approver: Id | None = None
    units: Names = ()
    parameters: dict[Id, Open] = Field(default_factory=dict)
    formula: Id | None = None
    open: bool = False


class Modes(Strict):
    """modes.yaml."""

    modes: tuple[Mode, ...] = ()
    tables: tuple[DecisionTable, ...] = ()
    tools: tuple[Tool, ...] = ()


class Rounding(Strict):
    """How a result is rounded, once, at the end."""

    digits: int = Field(2, ge=0, le=6)
    mode: Literal["half_up", "half_even", "down", "up"] = "half_up"


class Case(Strict):
    """A worked example of a formula: the pack's tests compute it."""

    inputs: dict[Id, float]
    parameters: dict[Id, float] = Field(default_factory=dict)
    readings: dict[Id, Name] = Field(default_factory=dict)
    result: float


class Formula(Entry):
    """A formula over inputs, parameters and readings (``expression``), or one built into the library (``builtin``)."""

    title: PackText
    inputs: tuple[Input, ...] = ()
    parameters: dict[Id, Open] = Field(default_factory=dict)
    readings: tuple[Reading, ...] = ()
    expression: Name | None = None
    builtin: Id | None = None
    unit: str | None = None
    rounding: Rounding = Field(default_factory=lambda: Rounding(digits=2))
    examples: tuple[Case, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Any:
        if (self.expression is None) == (self.builtin is None):
            refuse(
                "formula",
                "算法须且只须写 expression 或 builtin 之一",
                "a formula has exactly one of expression and builtin",
            )
        return self


class Incentives(Strict):
    """incentives.yaml."""

    formulas: tuple[Formula, ...] = ()
