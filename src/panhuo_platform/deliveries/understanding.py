"""What the layers of a delivery seem to be: guesses of the library, memory of what its sender sent before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from panhuo.exchange import Layer
from panhuo.land.schema import guess_role, map_fields
from panhuo.survey.config import Input
from panhuo.survey.starting import SURE
from panhuo_platform.deliveries.kept import crs_text
from panhuo_platform.deliveries.models import DeliveredLayer, FieldMemory


@dataclass(frozen=True, slots=True)
class Remembered:
    """How a sender's columns of a role were understood: column -> standard field, field -> unit."""

    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def memories(sender: int) -> dict[str, Remembered]:
    """What is remembered of a sender, by role."""
    return {m.role: Remembered(m.columns, m.units) for m in FieldMemory.objects.filter(sender=sender)}


def described(layer: Layer, known: Mapping[str, Remembered]) -> dict[str, Any]:
    """What a layer of a delivery seems to be, as values of a :class:`DeliveredLayer`."""
    called = f"{layer.source.rsplit('.', 1)[0]}/{layer.name}"
    guesses = guess_role(called, layer.fields, layer.geometry is not None)[:5]
    role = guesses[0][0] if guesses and guesses[0][1] >= SURE else ""
    return {
        "source": layer.source,
        "name": layer.name,
        "driver": layer.driver,
        "encoding": layer.encoding or "",
        "geometry_type": (layer.geometry_type or "Unknown") if layer.geometry is not None else "",
        "rows": layer.count,
        "columns": list(layer.fields),
        "guesses": [[r, s] for r, s in guesses],
        "crs": crs_text(layer.crs),
        "crs_name": layer.crs.text.zh if layer.crs is not None and layer.geometry is not None else "",
        **fields_of(role, layer.fields, known),
    }


def fields_of(role: str, columns: Any, known: Mapping[str, Remembered]) -> dict[str, Any]:
    """Role, suggested fields, and those that the sender's last delivery of this role has taught."""
    if not role:
        return {"role": "", "suggested": {}, "field_map": {}, "units": {}}
    memory = known.get(role, Remembered())
    given = {f: c for c, f in memory.columns.items() if f and c in columns}
    matches = map_fields(role, list(columns), given=given).matches
    return {
        "role": role,
        "suggested": {
            name: {
                "column": m.column, "score": m.score, "doubtful": m.doubtful and name not in given,
                "unit": m.unit, "rivals": [c for c, _ in m.rivals],
            }
            for name, m in matches.items()
        },
        "field_map": given,
        "units": {f: u for f, u in memory.units.items() if f in matches},
    }  # fmt: skip


def as_input(row: DeliveredLayer) -> Input:
    """What a person and the guesses say of a layer, as the library takes it."""
    return Input(
        path=row.source,
        role=row.role,
        layer=row.name,
        fields={f: c for f, c in row.field_map.items() if c in row.columns},
        units=row.units,
        crs=row.crs if row.crs_said else None,
        year=row.year,
        date=row.date,
    )
