"""A small place made by hand: parcels and layers as boxes on a metre grid, ready to be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
import pyarrow as pa
import shapely

from panhuo.exchange import Layer
from panhuo.land.crs import Crs
from panhuo.quality import Settings, Subject
from panhuo.survey.config import Input
from panhuo.survey.deliver import understand
from panhuo.survey.gather import Gathered, gather
from panhuo.survey.sources import Sources

ZONE = Crs.gauss_kruger(39)
#: South-west corner of the place, near the zone's central meridian: areas in the plane and on the ellipsoid agree.
X, Y = 39_500_000.0, 4_050_000.0

Box = tuple[float, float, float, float]


def boxes(places: Sequence[Box | None]) -> pa.LargeBinaryArray:
    """Boxes (x0, y0, x1, y1) in metres from the corner; None has no shape."""
    shapes = [None if p is None else shapely.box(X + p[0], Y + p[1], X + p[2], Y + p[3]) for p in places]
    return pa.array([None if s is None else shapely.to_wkb(s) for s in shapes], pa.large_binary())


def subject(
    role: str, columns: Mapping[str, Sequence[Any]], places: Sequence[Box | None] | None = None, **more: Any
) -> Subject:
    """One layer of a role; columns under their standard names."""
    layer = Layer(
        name=more.pop("name", role),
        source=f"{role}.gpkg",
        driver="gpkg",
        table=pl.DataFrame(columns, strict=False).to_arrow(),
        geometry=boxes(places) if places is not None else None,
        crs=ZONE if places is not None else None,
    )
    found, _ = understand(Input(f"{role}.gpkg", role, **more), layer, ZONE)
    return found


def place(*subjects: Subject) -> tuple[Sources, Gathered]:
    """The sources and the parcels of a place."""
    by_role: dict[str, list[Subject]] = {}
    for one in subjects:
        by_role.setdefault(one.role.id, []).append(one)
    sources = Sources({k: tuple(v) for k, v in by_role.items()}, ZONE)
    return sources, gather(sources, Settings())


def code(number: int, kind: str = "GB") -> str:
    return f"990112001001{kind}{number:05d}"


def parcels(places: Sequence[Box | None], **columns: Sequence[Any]) -> Subject:
    """Parcels with running codes."""
    return subject("parcels", {"parcel_code": [code(i + 1) for i in range(len(places))], **columns}, places)


DAY = date(2026, 11, 21)
