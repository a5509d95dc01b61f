"""Parts of a pack by name, for the stories about the pilots."""

from __future__ import annotations

import polars as pl

from panhuo.identify import decide
from panhuo.packs import Pack
from panhuo.packs.models import Chain, Deadline, Review, Task


def deadline(pack: Pack, name: str) -> Deadline:
    return next(d for d in pack.calendar.deadlines if d.id == name)


def task(pack: Pack, name: str) -> Task:
    return next(t for t in pack.programme.tasks if t.id == name)


def chain(pack: Pack, name: str) -> Chain:
    return next(c for c in pack.workflow.chains if c.id == name)


def review(pack: Pack, name: str) -> Review:
    return next(r for r in pack.workflow.reviews if r.id == name)


def step(chain: Chain, name: str) -> tuple[tuple[str, ...], str]:
    """From which states a transition leads to which."""
    found = next(t for t in chain.transitions if t.id == name)
    return found.from_, found.to


def after(chain: Chain, start: str) -> set[str]:
    """Every state that can follow ``start``."""
    reached: set[str] = set()
    todo = [start]
    while todo:
        state = todo.pop()
        for move in chain.transitions:
            if state in move.from_ and move.to not in reached:
                reached.add(move.to)
                todo.append(move.to)
    return reached


def hit(pack: Pack, table: str, **facts: object) -> list[tuple[str, str | None]]:
    frame = pl.DataFrame([{"parcel_code": "P", **facts}], strict=False)
    return [(h.state, h.result or h.says.zh) for h in decide(pack, frame).of("P") if h.table == table]
