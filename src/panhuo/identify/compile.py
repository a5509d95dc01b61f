"""A condition as one Polars expression with three values: true, false, and null for unknown (Kleene's logic)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime

import polars as pl

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
    Scalar,
    Standard,
    StartsWith,
    Table,
)
from panhuo.identify.expressions import formula
from panhuo.messages import PanhuoError

_COMPARE: Mapping[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}
#: Joins the keys of a table that is looked up by several facts.
_JOIN = "\x1f"
UNKNOWN = pl.lit(None, dtype=pl.Boolean)


def condition_columns(
    condition: Condition, standard: Standard, schema: Mapping[str, pl.DataType]
) -> dict[str, pl.Expr]:
    """The columns of evidence of one condition: ``=<id>`` (bool or null) and, where there is a benchmark, ``<id>@…``.

    ``@threshold`` is the number looked up in a table, ``@ratio`` the value over the average; ``<id>@average`` and
    ``<id>@group_size`` must be in the frame already (:func:`panhuo.identify.averages.with_averages`).
    """
    name, test, state = condition.id, condition.test, f"={condition.id}"
    match test:
        case Compare(fact=fact, operator=kind, threshold=FromTable() as asked):
            limit = look_up(asked, standard.table(asked.table))
            return {
                state: _COMPARE[kind](pl.col(fact), pl.col(f"{name}@threshold")),
                f"{name}@threshold": limit,
            }
        case BelowAverage(fact=fact, factor=factor, min_group=min_group):
            average, size = pl.col(f"{name}@average"), pl.col(f"{name}@group_size")
            columns = {f"{name}@ratio": pl.col(fact) / pl.when(average != 0).then(average)}
            if factor is None:
                return {state: UNKNOWN, **columns}
            if isinstance(factor, FromTable):
                columns[f"{name}@factor"] = look_up(factor, standard.table(factor.table))
                limit = pl.col(f"{name}@factor") * average
            else:
                limit = factor * average
            below = pl.col(fact) < limit - limit.abs() * ROUNDING
            return {state: pl.when(size >= min_group).then(below), **columns}
        case _:
            return {state: _plain(condition, schema, standard)}


def _plain(condition: Condition, schema: Mapping[str, pl.DataType], standard: Standard) -> pl.Expr:
    match condition.test:
        case Is(fact=fact, wanted=wanted):
            return pl.col(fact) if wanted else ~pl.col(fact)
        case Compare(fact=fact, operator=kind, threshold=threshold) if not isinstance(threshold, FromTable):
            return _bound(kind, fact, threshold, schema, standard)
        case Between(fact=fact, low=low, high=high):
            return _bound("ge", fact, low, schema, standard) & _bound("le", fact, high, schema, standard)
        case OneOf(fact=fact, values=values, negated=negated):
            if schema[fact].is_numeric():
                inside = pl.col(fact).cast(pl.Float64).is_in([float(v) for v in values if not isinstance(v, date)])
            else:
                inside = pl.col(fact).cast(pl.String).is_in([_code(v) for v in values])
            return ~inside if negated else inside
        case AnyOf(fact=fact, values=values):
            items = pl.col(fact) if isinstance(schema[fact], pl.List) else _split(pl.col(fact).cast(pl.String))
            return pl.any_horizontal(items.list.contains(_code(v)) for v in values)
        case StartsWith(fact=fact, prefixes=prefixes):
            return pl.any_horizontal(pl.col(fact).cast(pl.String).str.starts_with(p) for p in prefixes)
        case Expression(source=source, parameters=parameters):
            made = formula(source, dict(parameters), where=condition.id)
            return made.cast(pl.Boolean)
        case _:  # pragma: no cover - every kind of test is above
            raise AssertionError(condition.test)


def look_up(asked: FromTable, table: Table) -> pl.Expr:
    """The number of a table for each row: the exact row, else the one with ``*`` in the fewest places, else unknown.

    A row whose value nobody has set is unknown too, and hides the ``*`` rows behind it.
    """
    if asked.times is None:
        return pl.lit(None, dtype=pl.Float64)
    shapes: dict[tuple[bool, ...], dict[str, float]] = {}
    for keys, value in table.rows:
        shape = tuple(k == "*" for k in keys)
        word = _JOIN.join(k for k in keys if k != "*")
        shapes.setdefault(shape, {})[word] = math.nan if value is None else value
    whole = pl.all_horizontal(pl.col(k).is_not_null() for k in asked.keys)
    found = []
    for shape, numbers in sorted(shapes.items(), key=lambda s: sum(s[0])):
        names = [k for k, star in zip(asked.keys, shape, strict=True) if not star]
        if not names:
            found.append(pl.lit(numbers[""]))
            continue
        key = pl.concat_str([pl.col(k).cast(pl.String) for k in names], separator=_JOIN)
        found.append(key.replace_strict(list(numbers), list(numbers.values()), default=None, return_dtype=pl.Float64))
    if not found:
        return pl.lit(None, dtype=pl.Float64)
    return pl.when(whole).then(pl.coalesce(found)).fill_nan(None) * asked.times


def typed_facts(frame: pl.DataFrame, conditions: Iterable[Condition]) -> pl.DataFrame:
    """The facts the conditions use, in the types they need; a number that is not one (NaN) becomes unknown.

    Raises PanhuoError naming the fact when a column holds something else than the condition asks for.
    """
    wanted: dict[str, pl.DataType | type[pl.DataType]] = {}
    for condition in conditions:
        match condition.test:
            case Is(fact=fact):
                wanted[fact] = pl.Boolean
            case BelowAverage(fact=fact, weights=weights):
                wanted[fact] = pl.Float64
                if weights:
                    wanted[weights] = pl.Float64
            case Compare(operator="eq" | "ne", threshold=None):
                pass  # left open: it may become a number, a word or a list
            case Compare(fact=fact, threshold=threshold) if not isinstance(threshold, str | date | bool):
                wanted.setdefault(fact, pl.Float64)
            case _:
                pass
        if isinstance(condition.test, AnyOf):
            wanted.setdefault(condition.test.fact, pl.List(pl.String))
    columns = []
    for name, dtype in frame.schema.items():
        target = wanted.get(name)
        if dtype == pl.Null:
            columns.append(pl.col(name).cast(target or pl.String))
        elif dtype.is_float():
            columns.append(pl.col(name).fill_nan(None))
        elif target == pl.Boolean and dtype != pl.Boolean:
            raise PanhuoError(
                f"指标“{name}”应为是/否，实际是 {dtype}。请检查该列的取值或字段对应。",
                f"The fact “{name}” should be yes or no but is {dtype}. Check the column or the mapping of fields.",
                where=name,
            )
        elif target == pl.Float64 and not (dtype.is_numeric() or dtype.is_temporal()):
            raise PanhuoError(
                f"指标“{name}”应为数字，实际是 {dtype}。请检查该列的取值或字段对应。",
                f"The fact “{name}” should be a number but is {dtype}. Check the column or the mapping of fields.",
                where=name,
            )
    return frame.with_columns(columns)


def _bound(
    kind: str, fact: str, limit: Scalar | FromTable | None, schema: Mapping[str, pl.DataType], standard: Standard
) -> pl.Expr:
    if limit is None:
        return UNKNOWN
    if isinstance(limit, FromTable):
        return _COMPARE[kind](pl.col(fact), look_up(limit, standard.table(limit.table)))
    return _COMPARE[kind](_as(fact, limit, schema), pl.lit(limit))


def _as(fact: str, threshold: Scalar, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """The fact in the type of the threshold it is held against."""
    dtype = schema[fact]
    if isinstance(threshold, str):
        return pl.col(fact).cast(pl.String)
    if isinstance(threshold, date) and not isinstance(threshold, datetime):
        return pl.col(fact).str.to_date(strict=False) if dtype == pl.String else pl.col(fact).cast(pl.Date)
    return pl.col(fact)


def _code(value: Scalar) -> str:
    return str(value)


def _split(text: pl.Expr) -> pl.Expr:
    return text.str.replace_all(r"\s*[;；,，、|/]\s*", "、").str.split("、")


def with_condition_columns(work: pl.DataFrame, standard: Standard, conditions: Mapping[str, Condition]) -> pl.DataFrame:
    """``work`` with every condition's columns; looked-up numbers first, because the conditions compare with them."""
    columns = {k: v for c in conditions.values() for k, v in condition_columns(c, standard, work.schema).items()}
    looked_up = {k: v for k, v in columns.items() if "@" in k and not k.endswith("@ratio")}
    work = work.with_columns(v.alias(k) for k, v in looked_up.items())
    try:
        return work.with_columns(v.alias(k) for k, v in columns.items() if k not in looked_up)
    except pl.exceptions.PolarsError as error:
        raise _which(work, columns, error) from error


def _which(work: pl.DataFrame, columns: Mapping[str, pl.Expr], error: Exception) -> PanhuoError:
    for column, expression in columns.items():
        name = column.removeprefix("=")
        try:
            work.head(1).select(expression)
        except pl.exceptions.PolarsError as reason:
            return PanhuoError(
                f"条件“{name}”无法计算：指标的类型与比较不符（{reason}）。",
                f"The condition “{name}” cannot be computed: the fact's type does not fit the comparison ({reason}).",
                where=name,
            )
    return PanhuoError(f"条件无法计算：{error}", f"A condition cannot be computed: {error}")
