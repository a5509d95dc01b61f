"""What stands beside an outcome: the classes met, the reasons, what is missing and whom to ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_

import polars as pl

from panhuo.identify.conditions import BelowAverage, Condition, Expression, Standard
from panhuo.identify.trees import Tree, deciding_leaves, ids_where, open_leaves, spread
from panhuo.identify.wording import actor
from panhuo.land.facts import FACTS
from panhuo.messages import Text

Bases = Mapping[str, tuple[str, ...]]

#: Whom to ask when a threshold is open and the pack names nobody.
STANDARD_MAKER = Text("认定标准制定单位", "whoever makes the standard")


def with_lists(work: pl.DataFrame, standard: Standard, tree: Tree, bases: Bases) -> pl.DataFrame:
    """``work`` with classes, classes_open, reasons, missing and ask (lists of texts).

    ``missing`` names only what could still change the outcome of an undecided parcel: a leaf counts when everything
    between it and the verdict is unknown. At worst it asks for a little too much (a condition standing in several
    places), never too little.
    """
    kinds = ("identified", "excluded", "unknown")
    work = work.with_columns((pl.col("outcome") == kind).alias(f"#{kind}") for kind in kinds)
    leaves = open_leaves(tree)
    work = work.with_columns((pl.col("#unknown") & e).alias(f"open:{n}") for n, e in leaves.items())
    identified, excluded, unknown = (pl.col(f"#{kind}") for kind in kinds)
    met = {n: identified & pl.col(c) for n, c in tree.class_columns}
    may_be = {n: (identified | unknown) & pl.col(c).is_null() for n, c in tree.class_columns}
    class_ids = [c.id for c in standard.classes]
    reasons: dict[str, pl.Expr] = {n: pl.col(f"open:{n}") for n in leaves}
    for name, why in deciding_leaves(tree, class_ids, True).items():
        reasons[name] = reasons[name] | (identified & why)
    for name, why in deciding_leaves(tree, ("exclusion", "precondition"), False).items():
        reasons[name] = reasons[name] | (excluded & why)
    items: dict[str, list[pl.Expr]] = {}
    asked: dict[str, list[pl.Expr]] = {}
    for name, condition in standard.conditions().items():
        if name not in leaves:
            continue  # the gate's: not part of the verdict
        for item, (lacking, whom) in missing_items(condition, standard, bases).items():
            here = pl.col(f"open:{name}") & lacking
            items.setdefault(item, []).append(here)
            for unit in whom:
                asked.setdefault(actor(unit.zh, standard).zh, []).append(here)
    missing, ask = ({k: reduce(or_, v) for k, v in lists.items()} for lists in (items, asked))
    needed = {c for e in (*missing.values(), *ask.values()) for c in e.meta.root_names()}
    undecided = work.select("#unknown", *(needed - {"#unknown"})).filter(unknown)
    return work.with_columns(
        ids_where(work, met, "classes"),
        ids_where(work, may_be, "classes_open"),
        ids_where(work, reasons, "reasons"),
        spread(ids_where(undecided, missing, "missing"), work["#unknown"]),
        spread(ids_where(undecided, ask, "ask"), work["#unknown"]),
    )


def missing_items(
    condition: Condition, standard: Standard, bases: Bases
) -> dict[str, tuple[pl.Expr, tuple[Text, ...]]]:
    """What an unknown condition may lack: item -> (is it lacking on this row, whom to ask)."""
    name, test = condition.id, condition.test
    parts = list(dict.fromkeys(b for f in condition.facts for b in bases.get(f, (f,))))
    items = {b: (pl.col(b).is_null(), ask_for(condition, b)) for b in parts}
    complete = pl.all_horizontal(pl.col(b).is_not_null() for b in parts)
    maker = (Text(condition.set_by, condition.set_by),) if condition.set_by else ()
    if condition.unset:
        items[f"threshold:{name}"] = (pl.lit(True), maker or (STANDARD_MAKER,))
        return items
    if condition.tables:
        tables = [standard.table(t.table) for t in condition.tables]
        deciders = tuple(Text(t.set_by, t.set_by) for t in tables if t.set_by)
        looked_up = f"{name}@factor" if isinstance(test, BelowAverage) else None
        lacking = complete if looked_up is None else complete & pl.col(looked_up).is_null()
        items[f"threshold:{name}"] = (lacking, maker or deciders or (STANDARD_MAKER,))
    if isinstance(test, BelowAverage):
        few = complete & (pl.col(f"{name}@group_size").fill_null(0) < test.min_group)
        items[f"group:{name}"] = (few, ask_for(condition, test.fact))
    elif isinstance(test, Expression):
        items[f"value:{name}"] = (complete, ask_for(condition, parts[0]) if parts else (STANDARD_MAKER,))
    return items


def ask_for(condition: Condition, fact: str) -> tuple[Text, ...]:
    """Whom to ask for a fact: the condition's own word, else the catalogue's."""
    if condition.ask:
        return tuple(Text(u, u) for u in condition.ask)
    return (FACTS[fact].ask,) if fact in FACTS else (Text("数据提供单位", "whoever provides the data"),)
