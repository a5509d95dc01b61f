"""The condition grammar: leaves, all, any, not, readings. Used by standard.yaml, modes.yaml and yield evaluation."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Discriminator, Field, Tag, model_validator

from panhuo.packs.models.base import (
    Cited,
    Id,
    Name,
    Names,
    Open,
    PackText,
    Scalar,
    Strict,
    as_tuple,
    open_value,
    refuse,
)

#: The tests a leaf can make on one fact.
OPERATORS = ("is", "eq", "ne", "lt", "le", "gt", "ge", "between", "in", "not_in", "any_of", "starts_with")
_ATTRIBUTE = {"is": "is_", "in": "in_"}
#: The three kinds of leaf, by the key that makes them.
KINDS = ("value", "below_average", "test")


class TableRef(Strict):
    """A threshold that stands in a sheet of thresholds.xlsx, looked up by one or several facts."""

    table: Name
    key: Names
    times: float | None = 1.0
    set_by: Name | None = None

    @model_validator(mode="after")
    def _who_decides(self) -> Any:
        if self.times is None and self.set_by is None:
            open_value("times")
        return self


Operand = Annotated[int | float | datetime.date | TableRef, Field(union_mode="left_to_right")]
Words = Annotated[tuple[Scalar, ...], BeforeValidator(as_tuple)]


class Leaf(Cited):
    """One condition with exactly one test; see ``kind``, ``operator`` and ``operand``.

    Missing facts, thresholds that nobody has set and groups that are too small make it unknown, never false.
    """

    id: Id | None = None
    text: PackText | None = None
    confirm: Names = ()
    ask: Name | None = None
    evidence: Name | None = None
    set_by: Name | None = None
    #: the list ends with “等”: more may be accepted by hand, with a reason
    open: bool = False

    value: Name | None = None
    is_: bool | None = Field(None, alias="is")
    eq: Operand | str | None = None
    ne: Operand | str | None = None
    lt: Operand | None = None
    le: Operand | None = None
    gt: Operand | None = None
    ge: Operand | None = None
    between: tuple[Operand, Operand] | None = None
    in_: Words | None = Field(None, alias="in")
    not_in: Words | None = None
    any_of: Words | None = None
    starts_with: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] | None = None

    below_average: Names = ()
    by: Names = ()
    factor: Annotated[float, Field(gt=0)] | None = None
    within: Name | None = None
    statistic: Literal["mean", "median"] = "mean"
    min_group: int = Field(3, ge=1)
    leave_one_out: bool = False
    combine: Name = "any"

    test: Name | None = None
    parameters: dict[Id, Open] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_clause(self) -> Any:
        return self  # in the standard every condition has a clause of its own; elsewhere its entry has one

    @model_validator(mode="after")
    def _exactly_one_test(self) -> Any:
        given = self.model_fields_set
        kinds = [k for k in KINDS if k in given]
        operators = [o for o in OPERATORS if _ATTRIBUTE.get(o, o) in given]
        if len(kinds) != 1:
            found = f"{len(kinds)} 项" if kinds else "没有"
            refuse(
                "leaf",
                f"每个条件须且只须有一种判定（value 加比较、below_average 或 test），这里{found}",
                f"a condition has exactly one of value (with a comparison), below_average, test; here {len(kinds)}",
            )
        if kinds[0] == "value" and len(operators) != 1:
            refuse(
                "leaf_operator",
                f"value 之后须且只须有一个比较（{'、'.join(OPERATORS)}），这里有 {len(operators)} 个",
                f"'value' takes exactly one comparison ({', '.join(OPERATORS)}); here {len(operators)}",
            )
        if kinds[0] != "value" and operators:
            refuse("leaf_operator", f"{operators[0]} 只能与 value 同用", f"'{operators[0]}' goes with 'value' only")
        average_keys = {"by", "factor", "within", "statistic", "min_group", "leave_one_out", "combine"} & given
        if kinds[0] != "below_average" and average_keys:
            key = sorted(average_keys)[0]
            refuse("leaf_average", f"{key} 只能与 below_average 同用", f"'{key}' goes with 'below_average' only")
        if kinds[0] != "test" and self.parameters:
            refuse("leaf_parameters", "parameters 只能与 test 同用", "'parameters' goes with 'test' only")
        if self.unset and self.set_by is None:
            open_value(self.operator if self.kind == "value" else "factor")
        return self

    @property
    def kind(self) -> Literal["value", "below_average", "test"]:
        if self.value is not None:
            return "value"
        return "test" if self.test is not None else "below_average"

    @property
    def operator(self) -> str:
        """The comparison of a value leaf (one of ``OPERATORS``); the kind itself for the others."""
        if self.kind != "value":
            return self.kind
        return next(o for o in OPERATORS if _ATTRIBUTE.get(o, o) in self.model_fields_set)

    @property
    def operand(self) -> Any:
        """What a value leaf compares with: number, date, text, tuple, TableRef, or None while it is not set."""
        return getattr(self, _ATTRIBUTE.get(self.operator, self.operator)) if self.kind == "value" else None

    @property
    def unset(self) -> bool:
        """Whether a threshold of this leaf itself (not of a table or of ``parameters``) is still open."""
        if self.kind == "value":
            return self.operand is None
        return self.kind == "below_average" and self.factor is None

    @property
    def facts(self) -> tuple[str, ...]:
        """The facts that the leaf names directly (a test's names come from ``expressions.names``)."""
        named: list[str] = [self.value] if self.value else []
        named += [*self.below_average, *self.by, *((self.within,) if self.within else ())]
        operands = self.operand if isinstance(self.operand, tuple) else (self.operand,)
        for operand in operands:
            if isinstance(operand, TableRef):
                named += operand.key
        return tuple(dict.fromkeys(named))


class AllOf(Strict):
    all: tuple[Node, ...] = Field(min_length=1)


class AnyOf(Strict):
    any: tuple[Node, ...] = Field(min_length=1)


class Not(Strict):
    not_: Node = Field(alias="not")


class ByReading(Strict):
    """any or all, as the named reading says."""

    reading: Name
    of: tuple[Node, ...] = Field(min_length=1)


def _shape(value: object) -> str | None:
    """Which of the grammar's forms a YAML value has (tags in <> so that they are never mistaken for keys)."""
    if isinstance(value, BaseModel):
        return {AllOf: "<all>", AnyOf: "<any>", Not: "<not>", ByReading: "<reading>", Leaf: "<leaf>"}.get(type(value))
    if isinstance(value, str):
        return "<name>"
    if isinstance(value, dict):
        for key in ("all", "any", "not", "reading"):
            if key in value:
                return f"<{key}>"
        return "<leaf>"
    return None


Node = Annotated[
    Annotated[str, Tag("<name>")]
    | Annotated[AllOf, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")]
    | Annotated[ByReading, Tag("<reading>")]
    | Annotated[Leaf, Tag("<leaf>")],
    Discriminator(
        _shape,
        custom_error_type="node",
        custom_error_message="a condition is a name, a leaf, or one of all / any / not / reading",
    ),
]

for _model in (AllOf, AnyOf, Not, ByReading):
    _model.model_rebuild()


def children(node: Node | None) -> tuple[Node, ...]:
    """The nodes directly under a node."""
    match node:
        case AllOf(all=inner) | AnyOf(any=inner) | ByReading(of=inner):
            return inner
        case Not(not_=one):
            return (one,)
        case _:
            return ()


def walk(node: Node | None) -> Iterator[Node]:
    """The node and everything under it, outermost first."""
    if node is not None:
        yield node
        for child in children(node):
            yield from walk(child)


def leaves(node: Node | None) -> Iterator[Leaf]:
    """The leaves under a node, in the order of the text (named conditions are not followed)."""
    return (n for n in walk(node) if isinstance(n, Leaf))
