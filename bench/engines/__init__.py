"""The same questions put to each engine, each written the way it answers best.

A module of this package has a function for each task it can do; it takes the data folder and returns an ``Answer``.
From the files to the answer: reading is part of the time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

#: A pair that shares less than this (m²) is not a pair: neighbours that touch.
LEAST = 0.01


@dataclass(frozen=True, slots=True)
class Answer:
    """What two engines must agree on: pairs, their area, rows of the result table, and a second sum if there is one."""

    pairs: int
    area: float
    rows: int
    second: float = 0.0


TASKS = {
    "landuse": "area of each land class on each parcel",
    "zones": "area of each zone class on each parcel (2,000 zones with up to thousands of vertices)",
    "buildings": "footprint and floor area on each parcel",
    "overlaps": "parcels that overlap",
    "invalid": "land classes again, with 500 parcels whose rings cross themselves",
}


def file(folder: Path, name: str) -> str:
    return str(folder / f"{name}.parquet")
