"""Decision tables (再开发模式, policy tools) over parcels: which row holds, which cannot be judged yet and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from panhuo.identify.conditions import Node, leaves
from panhuo.identify.from_pack import plain
from panhuo.identify.grammar import text_of
from panhuo.identify.nodes import node_values, renamed
from panhuo.identify.standards import read_node
from panhuo.messages import Text
from panhuo.packs import Pack

RowState = Literal["holds", "unknown"]


@dataclass(frozen=True, slots=True)
class RowHit:
    """One row of a decision table that holds for a parcel, or that cannot be judged (``missing`` says for want of
    what).
    """

    table: str
    row: str
    state: RowState
    result: str | None
    says: Text
    clause: str | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Decisions:
    """``frame``: one row per parcel (its index), table and row that holds or is unknown: index, key, table, row, order,
    state (holds | unknown), result, zh, en, clause, missing (facts). A row of a ``first`` table that stands behind one
    that holds is left out; one behind an unknown row stays, because it decides if that one fails.
    """

    frame: pl.DataFrame

    def of(self, key: str) -> tuple[RowHit, ...]:
        """The rows for one parcel, tables and rows in their order."""
        return tuple(
            RowHit(
                r["table"], r["row"], r["state"], r["result"], Text(r["zh"], r["en"]), r["clause"], tuple(r["missing"])
            )
            for r in self.frame.filter(pl.col("key") == key).iter_rows(named=True)
        )


def decide(
    tables: Pack | Sequence[Any] | Mapping[str, Any], facts: pl.DataFrame, *, key: str = "parcel_code"
) -> Decisions:
    """Evaluate decision tables (``modes.yaml``: ``tables`` with ``hit`` first or all, rows with ``when``) for every row
    of facts.

    Inputs that are no fact of the survey (a decision of people) are columns of ``facts`` under their id, or unknown
    when absent; an input with ``fact`` is filled from that column.
    """
    named: Sequence[Any] = ()
    if isinstance(tables, Pack):
        asked: Sequence[Any] = tables.modes.tables
        named = plain(tables.standard.conditions)
    elif isinstance(tables, Mapping):
        asked, named = tables.get("tables", [tables]), plain(tables.get("conditions", []))
    else:
        asked = tables
    found = [_decide(plain(t), named, facts, key) for t in asked]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "index": pl.UInt32,
        "key": pl.String,
        "table": pl.String,
        "row": pl.String,
        "order": pl.Int64,
        "state": pl.String,
        "result": pl.String,
        "zh": pl.String,
        "en": pl.String,
        "clause": pl.String,
        "missing": pl.List(pl.String),
    }
    empty = pl.DataFrame(schema=schema)
    return Decisions(pl.concat([empty, *(f.select(pl.col(c).cast(t) for c, t in schema.items()) for f in found)]))


def _decide(table: Mapping[str, Any], named: Sequence[Any], facts: pl.DataFrame, key: str) -> pl.DataFrame:
    where = str(table["id"])
    inputs = {i["id"]: i.get("fact") for i in table.get("inputs", [])}
    frame = facts.with_columns(
        (pl.col(f) if f in facts.columns else pl.lit(None)).alias(i)
        for i, f in inputs.items()
        if i not in facts.columns
    )
    rows = sorted(table["rows"], key=lambda r: r.get("order", 0))
    nodes: dict[str, Node] = {}
    for row in rows:
        if row.get("when") is not None:
            nodes[row["id"]] = renamed(
                read_node(row["when"], f"{where} {row['id']}", conditions=named), f"{row['id']}:"
            )
    values = node_values(frame, nodes, where=where) if nodes else frame.select()
    decided = pl.Series([False] * frame.height, dtype=pl.Boolean)
    parts = []
    for order, row in enumerate(rows):
        state = values[row["id"]] if row["id"] in values.columns else pl.Series([True] * frame.height, dtype=pl.Boolean)
        shown = ~decided & state.fill_null(True)
        if table.get("hit", "first") == "first":
            decided = decided | state.fill_null(False)
        says = text_of(row.get("says"), str(row.get("result") or ""))
        lacking = (
            list(dict.fromkeys(f for c in leaves(nodes[row["id"]]) for f in c.facts)) if row["id"] in nodes else []
        )
        gaps = [pl.when(pl.col(f).is_null()).then(pl.lit(f)) for f in lacking if f in frame.columns]
        missing = pl.concat_list(gaps).list.drop_nulls() if gaps else pl.lit([], dtype=pl.List(pl.String))
        absent = [f for f in lacking if f not in frame.columns]
        part = frame.with_row_index("index").with_columns(state.alias("@state")).filter(shown)
        nothing = pl.lit([], dtype=pl.List(pl.String))
        parts.append(
            part.select(
                "index",
                pl.col(key).cast(pl.String).alias("key"),
                pl.lit(where).alias("table"),
                pl.lit(str(row["id"])).alias("row"),
                pl.lit(order).alias("order"),
                pl.when(pl.col("@state")).then(pl.lit("holds")).otherwise(pl.lit("unknown")).alias("state"),
                pl.lit(row.get("result"), dtype=pl.String).alias("result"),
                pl.lit(says.zh).alias("zh"),
                pl.lit(says.en).alias("en"),
                pl.lit(row.get("clause"), dtype=pl.String).alias("clause"),
                pl.when(pl.col("@state").is_null())
                .then(missing.list.concat(pl.lit(absent, dtype=pl.List(pl.String))) if absent else missing)
                .otherwise(nothing)
                .alias("missing"),
            )
        )
    return pl.concat(parts).sort("index", "order", maintain_order=True)
