"""Checks of the condition grammar: words, values of the right kind, tables, readings, expressions."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from panhuo.messages import PanhuoError
from panhuo.packs.checking import Checking
from panhuo.packs.expressions import names, parse
from panhuo.packs.models import ByReading, Leaf, Node, TableRef, walk
from panhuo.packs.vocabulary import Kind

_ORDERED = ("lt", "le", "gt", "ge", "between")
_NUMERIC = ("number", "int", "unknown")


def check_node(
    check: Checking, node: Node | None, words: Mapping[str, Kind], entry: str, readings: Mapping[str, tuple[str, ...]]
) -> None:
    """Check every part of a condition; ``entry`` is where it is written."""
    named = {c.id for c in check.pack.standard.conditions if c.id}
    for part in walk(node):
        if isinstance(part, str):
            if part not in named:
                check.unknown(entry, f"when:{part}", "条件", "condition", part, named)
        elif isinstance(part, ByReading):
            if part.reading not in readings:
                check.unknown(entry, f"when:{part.reading}", "读法", "reading", part.reading, readings)
            elif not set(readings[part.reading]) <= {"any", "all"}:
                zh = f"读法“{part.reading}”用作条件组合时，options 只能是 any、all"
                en = f"reading '{part.reading}' chooses between any and all here; its options must be these"
                check.error(entry, "when", "reading", zh, en)
        elif isinstance(part, Leaf):
            where = f"standard.conditions.{part.id}" if part.id and entry.startswith("standard.") else entry
            check_leaf(check, part, words, where, readings)


def check_leaf(
    check: Checking, leaf: Leaf, words: Mapping[str, Kind], entry: str, readings: Mapping[str, tuple[str, ...]]
) -> None:
    """Check one condition."""
    for fact in leaf.facts:
        if fact not in words:
            check.unknown(entry, leaf.kind, "指标", "fact", fact, words)
    if leaf.kind == "value":
        _check_operand(check, leaf, words.get(leaf.value or "", "unknown"), entry)
        for operand in leaf.operand if isinstance(leaf.operand, tuple) else (leaf.operand,):
            if isinstance(operand, TableRef):
                _check_table(check, operand, leaf.operator, entry)
    elif leaf.kind == "below_average":
        for fact in leaf.below_average:
            if words.get(fact, "number") not in _NUMERIC:
                zh, en = f"“{fact}”不是数值，不能求平均", f"'{fact}' is no number; it has no average"
                check.error(entry, "below_average", "kind", zh, en)
        if leaf.combine not in ("any", "all"):
            if leaf.combine not in readings:
                check.unknown(entry, "combine", "读法", "reading", leaf.combine, [*readings, "any", "all"])
            elif not set(readings[leaf.combine]) <= {"any", "all"}:
                zh = f"读法“{leaf.combine}”的 options 只能是 any、all"
                check.error(entry, "combine", "reading", zh, f"reading '{leaf.combine}' must have the options any, all")
    else:
        check_expression(check, leaf.test or "", {*words, *leaf.parameters}, entry, "test")


def _check_operand(check: Checking, leaf: Leaf, kind: Kind, entry: str) -> None:
    operator, operand = leaf.operator, leaf.operand
    if kind == "unknown":
        return
    fits = {
        "is": kind == "bool",
        "any_of": kind == "list",
        "starts_with": kind == "text",
    }.get(operator, kind not in ("bool", "list") and not (operator in _ORDERED and kind == "text"))
    if not fits:
        words_zh = {"bool": "是否", "list": "多选", "text": "文字", "date": "日期"}.get(kind, "数值")
        check.error(
            entry,
            operator,
            "kind",
            f"“{leaf.value}”是{words_zh}型指标，不能用 {operator} 判断",
            f"'{leaf.value}' is of kind {kind}; '{operator}' does not fit it",
        )
        return
    for value in operand if isinstance(operand, tuple) else (operand,):
        if value is None or isinstance(value, TableRef) or operator == "is":
            continue
        text = isinstance(value, str)
        if kind in ("text", "list") and not text:
            zh = f"“{leaf.value}”的取值是文字或代码，{value} 请加引号写成 '{value}'"
            check.error(entry, operator, "kind", zh, f"'{leaf.value}' holds text: put {value} in quotes, '{value}'")
        elif kind in ("number", "int") and (text or isinstance(value, datetime.date)):
            zh = f"“{leaf.value}”是数值，不能与“{value}”比较"
            check.error(
                entry, operator, "kind", zh, f"'{leaf.value}' is a number and cannot be compared with '{value}'"
            )
        elif kind == "date" and not isinstance(value, datetime.date):
            zh = f"“{leaf.value}”是日期，应写成 2026-11-21，这里是“{value}”"
            check.error(entry, operator, "kind", zh, f"'{leaf.value}' is a date: write 2026-11-21, not '{value}'")


def _check_table(check: Checking, reference: TableRef, key: str, entry: str) -> None:
    table = check.pack.tables.get(reference.table)
    if table is None:
        check.unknown(
            entry,
            key,
            "阈值表（thresholds.xlsx 中的工作表）",
            "table in thresholds.xlsx",
            reference.table,
            check.pack.tables,
        )
    elif table.keys != reference.key:
        zh = f"阈值表“{table.id}”的关键字段是 {'、'.join(table.keys)}，这里写的是 {'、'.join(reference.key)}"
        en = f"table '{table.id}' is keyed by {', '.join(table.keys)}, not by {', '.join(reference.key)}"
        check.error(entry, key, "table_keys", zh, en)


def check_expression(
    check: Checking, text: str, words: set[str], entry: str, key: str, *, formula: bool = False
) -> None:
    """Check that an expression is well formed and uses known words only."""
    try:
        used = names(parse(text, formula=formula))
    except PanhuoError as refused:
        check.error(entry, key, "expression", refused.text.zh, refused.text.en)
        return
    for name in used:
        if name not in words:
            check.unknown(entry, key, "指标或参数", "fact or parameter", name, words)
