"""Nodes of the grammar over any table of facts: for decision tables and the yield evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import polars as pl

from panhuo.identify.averages import with_averages
from panhuo.identify.compile import typed_facts, with_condition_columns
from panhuo.identify.conditions import BelowAverage, Group, Leaf, Node, Standard, Table, leaves
from panhuo.identify.grammar import nearest
from panhuo.identify.trees import leaf_column
from panhuo.land.facts import FACTS
from panhuo.land.roles import ROLES
from panhuo.messages import PanhuoError, Text

#: What a field of a delivery is held as, by its kind; the others are texts.
_DTYPES: Mapping[str, pl.DataType] = {
    "int": pl.Int64(),
    "year": pl.Int64(),
    "number": pl.Float64(),
    "area": pl.Float64(),
    "money": pl.Float64(),
    "date": pl.Date(),
    "bool": pl.Boolean(),
    "list": pl.List(pl.String()),
}


def node_values(
    frame: pl.DataFrame, nodes: Mapping[str, Node], *, tables: Iterable[Table] = (), where: str | None = None
) -> pl.DataFrame:
    """Each node's three-valued value on each row: one nullable bool column a node, in the rows' order.

    A fact that is known to the catalogue or to a role of the delivery but is no column of ``frame`` is unknown
    everywhere. Raises PanhuoError for a fact that nobody knows.
    """
    conditions = {c.id: c for node in nodes.values() for c in leaves(node)}
    standard = Standard(where or "", Text("", ""), None, (), (), (), None, (), tuple(tables), (), source={})
    work = with_known_columns(frame, (f for c in conditions.values() for f in c.facts), where=where)
    work = typed_facts(work, conditions.values())
    work = with_averages(work, [(n, c.test) for n, c in conditions.items() if isinstance(c.test, BelowAverage)])
    work = with_condition_columns(work, standard, conditions)
    return work.select(node_expression(node).alias(name) for name, node in nodes.items())


def node_expression(node: Node) -> pl.Expr:
    """A node over the columns of its conditions."""
    if isinstance(node, Leaf):
        return pl.col(leaf_column(node.condition.id))
    inner = [node_expression(child) for child in node.of]
    if node.operator == "not":
        return ~inner[0]
    return pl.all_horizontal(inner) if node.operator == "all" else pl.any_horizontal(inner)


def with_known_columns(frame: pl.DataFrame, names: Iterable[str], *, where: str | None = None) -> pl.DataFrame:
    """``frame`` with an all-unknown column for every name that is known to Panhuo but was not delivered."""
    known = {f.name: _DTYPES.get(f.kind, pl.String()) for r in ROLES.values() for f in r.fields}
    known |= {n: f.dtype for n, f in FACTS.items()}
    absent = []
    for name in dict.fromkeys(names):
        if name in frame.columns:
            continue
        if name not in known:
            hint = nearest(name, [*frame.columns, *known])
            raise PanhuoError(
                f"用到的指标“{name}”不在指标目录中，也没有这一列。" + (f"是否为：{hint}？" if hint else ""),
                f"The fact “{name}” is neither in the catalogue nor a column."
                + (f" Did you mean {hint}?" if hint else ""),
                where=where,
            )
        absent.append(pl.lit(None, dtype=known[name]).alias(name))
    return frame.with_columns(absent)


def renamed(node: Node, prefix: str) -> Node:
    """The node with its conditions' ids under a prefix, so that two tables may use the same ids."""
    if isinstance(node, Leaf):
        old = node.condition
        return Leaf(replace(old, id=f"{prefix}{old.id}"))
    inner = tuple(renamed(child, prefix) for child in node.of)
    return Group(node.operator, inner, node.id, node.text, node.clause, node.reading, node.confirm, node.evidence)
