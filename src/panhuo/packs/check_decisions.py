"""Checks of decision tables, policy tools and formulas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from panhuo.packs.check_conditions import check_expression, check_node
from panhuo.packs.checking import Checking
from panhuo.packs.models import Input
from panhuo.packs.vocabulary import CASE_FACTS, Kind, parcel_words

_INPUT_KINDS: dict[str, Kind] = {
    "bool": "bool", "text": "text", "number": "number", "money": "number", "area": "number", "date": "date",
    "year": "int", "list": "list",
}  # fmt: skip


def check_decisions(check: Checking) -> None:
    """Decision tables, tools, formulas."""
    pack = check.pack
    facts: dict[str, Kind] = {**parcel_words(pack.indicators), **CASE_FACTS}
    readings = {r.id: r.options for r in pack.standard.readings}
    modes = {m.id for m in pack.modes.modes}
    formulas = {f.id for f in pack.incentives.formulas}
    for table in pack.modes.tables:
        place = f"modes.tables.{table.id}"
        words = {**facts, **_inputs(check, table.inputs, place)}
        for row in table.rows:
            where = f"{place}.{row.id}"
            check_node(check, row.when, words, where, readings)
            if row.result and row.result not in modes:
                check.unknown(where, "result", "再开发模式（modes）", "mode", row.result, modes)
        _check_order(check, [row.order for row in table.rows], place)
    for tool in pack.modes.tools:
        place = f"modes.tools.{tool.id}"
        check_node(check, tool.when, {**facts, **_inputs(check, tool.inputs, place)}, place, readings)
        check.check_actors(place, "approver", [tool.approver] if tool.approver else [])
        check.check_actors(place, "units", tool.units)
        if tool.formula and tool.formula not in formulas:
            check.unknown(place, "formula", "算法", "formula", tool.formula, formulas)
    for formula in pack.incentives.formulas:
        place = f"incentives.formulas.{formula.id}"
        inputs = _inputs(check, formula.inputs, place)
        if formula.expression is not None:
            words_of = {*inputs, *formula.parameters, *(r.id for r in formula.readings)}
            check_expression(check, formula.expression, words_of, place, "expression", formula=True)
        for example in formula.examples:
            for name in example.inputs:
                if name not in inputs:
                    check.unknown(place, "examples", "输入项", "input", name, inputs)


def _inputs(check: Checking, inputs: Iterable[Input], place: str) -> dict[str, Kind]:
    facts = parcel_words(check.pack.indicators)
    for one in inputs:
        if one.fact is not None and one.fact not in facts:
            check.unknown(place, "inputs", "指标", "fact", one.fact, facts)
    return {one.id: _INPUT_KINDS[one.kind] for one in inputs}


def _check_order(check: Checking, orders: list[int], place: str) -> None:
    for order, count in Counter(orders).items():
        if count > 1:
            zh, en = (
                f"有 {count} 行的 order 都是 {order}，先后不明",
                f"{count} rows have order {order}: which comes first?",
            )
            check.error(place, "rows", "order", zh, en)
