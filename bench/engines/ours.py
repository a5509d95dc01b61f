"""Panhuo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from engines import LEAST, Answer, file
from panhuo.land.polygons import Polygons
from panhuo.overlay import building_sums, intersections, self_overlaps, shares


def _polygons(folder: Path, name: str) -> Polygons:
    return Polygons.from_wkb(pq.read_table(file(folder, name), columns=["geometry"])["geometry"])


def _column(folder: Path, name: str, column: str) -> pl.Series:
    return pl.Series(pl.from_arrow(pq.read_table(file(folder, name), columns=[column])[column]))


def _classes(folder: Path, layer: str, parcels: str = "parcels") -> Answer:
    table = pq.read_table(file(folder, layer), columns=["geometry", "class"])
    patches = Polygons.from_wkb(table["geometry"])
    frame = shares(_polygons(folder, parcels), patches, pl.Series(pl.from_arrow(table["class"])), minimum=LEAST)
    return Answer(-1, float(frame["area"].sum()), frame.height)


def landuse(folder: Path) -> Answer:
    return _classes(folder, "landuse")


def zones(folder: Path) -> Answer:
    return _classes(folder, "zones")


def invalid(folder: Path) -> Answer:
    return _classes(folder, "landuse", "invalid")


def buildings(folder: Path) -> Answer:
    floors = _column(folder, "buildings", "floors")
    sums = building_sums(_polygons(folder, "parcels"), _polygons(folder, "buildings"), floors, minimum=LEAST)
    met = int((sums["footprint_m2"] > 0).sum())
    return Answer(-1, float(sums["footprint_m2"].sum()), met, float(sums["floor_area_m2"].sum()))


def overlaps(folder: Path) -> Answer:
    pairs = self_overlaps(_polygons(folder, "overlapping"), minimum=LEAST).pairs
    return Answer(len(pairs), float(np.sum(pairs.area)), len(pairs))


def check_pairs(folder: Path) -> Answer:
    """Not timed: the pairs behind the land classes."""
    pairs = intersections(_polygons(folder, "parcels"), _polygons(folder, "landuse"), minimum=LEAST)
    return Answer(len(pairs), float(np.sum(pairs.area)), len(pairs))
