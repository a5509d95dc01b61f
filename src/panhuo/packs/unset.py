"""What nobody has set yet: the policy leaves it open, and evaluation answers “unknown” until it is set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from panhuo.packs.models import Deadline, Leaf
from panhuo.packs.models.base import Limit, Open
from panhuo.packs.pack import Pack, Unset


def unset_values(pack: Pack) -> tuple[Unset, ...]:
    """Every open value of a pack with who sets it and where it is written, in the order of the files."""
    return tuple(_find(pack))


def _find(pack: Pack) -> Iterator[Unset]:
    for parameter in pack.meta.parameters:
        if parameter.value is None:
            entry = f"pack.parameters.{parameter.id}"
            yield Unset(entry, parameter.set_by or "", pack.place(entry))
    for leaf in pack.conditions():
        yield from _leaf(pack, leaf)
    for table in pack.tables.values():
        for row in table.rows:
            if row.value is None:
                entry = f"thresholds.tables.{table.id}.{row.id}"
                yield Unset(entry, row.set_by or "", pack.place(entry))
    for deadline in pack.calendar.deadlines:
        if deadline.unset:
            entry = f"calendar.deadlines.{deadline.id}"
            yield Unset(f"{entry}.{deadline.unset[0]}", deadline.set_by or "", pack.place(entry, deadline.unset[0]))
    for part in ("indicators", "programme", "workflow", "modes", "incentives"):
        yield from _inside(pack, part, getattr(pack, part))


def _leaf(pack: Pack, leaf: Leaf) -> Iterator[Unset]:
    entry = f"standard.conditions.{leaf.id}"
    if leaf.unset:
        key = leaf.operator if leaf.kind == "value" else "factor"
        yield Unset(f"{entry}.{key}", leaf.set_by or "", pack.place(entry, key))
    for name, parameter in leaf.parameters.items():
        if parameter.value is None:
            yield Unset(f"{entry}.parameters.{name}", parameter.set_by or "", pack.place(entry, "parameters"))


def _inside(pack: Pack, path: str, value: Any) -> Iterator[Unset]:
    """Open parameters and time limits anywhere in a part."""
    if isinstance(value, Open):
        if value.value is None:
            yield Unset(path, value.set_by or "", _nearest_place(pack, path))
    elif isinstance(value, Limit):
        if value.amount is None:
            yield Unset(f"{path}.{value.unit}", value.set_by or "", _nearest_place(pack, path))
    elif isinstance(value, Deadline | Leaf):
        return
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _inside(pack, f"{path}.{name}", getattr(value, name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _inside(pack, f"{path}.{key}", inner)
    elif isinstance(value, tuple):
        for inner in value:
            own = getattr(inner, "id", None) or getattr(inner, "unit", None)
            yield from _inside(pack, f"{path}.{own}" if own else path, inner)


def _nearest_place(pack: Pack, path: str) -> Any:
    parts = path.split(".")
    for end in range(len(parts), 1, -1):
        place = pack.place(".".join(parts[:end]))
        if place is not None:
            return place
    return None
