"""Parts of the Shandong packs, for tests to look at: deadlines, seats, duties, rows of decision tables."""

from __future__ import annotations

import datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from panhuo.identify.decisions import RowHit, decide
from panhuo.packs import Pack, load_pack
from panhuo.packs.models import Deadline, Formula, TaskForce

ON = datetime.date(2026, 11, 21)
FOLDER = Path(__file__).parents[2] / "packs"


@cache
def pack(name: str) -> Pack:
    return load_pack(name, ON, [FOLDER])


def deadline(name: str, id: str) -> Deadline:
    return next(d for d in pack(name).calendar.deadlines if d.id == id)


def force(name: str, id: str) -> TaskForce:
    found = pack(name).task_force(id)
    assert found is not None
    return found


def seated(name: str, id: str) -> list[str]:
    """The posts of a task force with their units' names, head and deputies first."""
    group = force(name, id)
    seats = [*([group.head] if group.head else []), *group.deputies, *group.seats]
    return [f"{pack(name).actor(s.unit).zh} {s.post}" for s in seats for _ in range(s.count)]


def shape(name: str, id: str) -> tuple[int, int, int]:
    """How many head, deputies and members a task force has."""
    group = force(name, id)
    return (1 if group.head else 0), len(group.deputies), sum(s.count for s in group.seats)


def duties(name: str, clause: str, kind: str | None = None) -> set[str]:
    found = pack(name)
    return {
        found.actor(d.unit).zh
        for d in found.organisation.duties
        if d.clause == f"{name}#{clause}" and kind in (None, d.kind)
    }


def formula(name: str, id: str) -> Formula:
    return next(f for f in pack(name).incentives.formulas if f.id == id)


def rows(name: str, table: str, **answers: Any) -> list[RowHit]:
    """The rows of a decision table that hold for one case, or that cannot be judged yet."""
    schema = {k: pl.Boolean if isinstance(v, bool) else pl.String for k, v in answers.items()}
    case = pl.DataFrame([{"parcel_code": "1", **answers}], schema={"parcel_code": pl.String, **schema})
    return [hit for hit in decide(pack(name), case).of("1") if hit.table == table]


def holding(name: str, table: str, **answers: Any) -> list[str]:
    return [hit.row for hit in rows(name, table, **answers) if hit.state == "holds"]
