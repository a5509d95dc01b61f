"""Shapely arrays on two threads, with the short cut that a covered polygon needs no intersection."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import shapely

from engines import LEAST, Answer, file

Objects = np.ndarray
THREADS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2


def _chunks(work: Callable[[np.ndarray], tuple[np.ndarray, ...]], count: int, size: int) -> list[np.ndarray]:
    rows = np.arange(count)
    with ThreadPoolExecutor(THREADS) as pool:
        parts = list(pool.map(work, [rows[k : k + size] for k in range(0, count, size)]))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


def _shapes(folder: Path, name: str) -> Objects:
    blobs = pq.read_table(file(folder, name), columns=["geometry"])["geometry"].to_numpy()
    out = np.empty(len(blobs), dtype=object)

    def work(rows: np.ndarray) -> tuple[np.ndarray]:
        out[rows] = shapely.from_wkb(blobs[rows])
        return (rows[:0],)

    _chunks(work, len(blobs), 50_000)
    return out


def _pairs(outer: Objects, inner: Objects, size: int) -> list[np.ndarray]:
    """Rows of ``outer`` and ``inner`` and their common area; what ``outer`` covers is taken whole."""
    tree = shapely.STRtree(inner)
    whole = shapely.area(inner)

    def work(rows: np.ndarray) -> tuple[np.ndarray, ...]:
        part = outer[rows]
        shapely.prepare(part)
        i, j = tree.query(part, predicate="intersects")
        ci, cj = tree.query(part, predicate="covers")
        covered = np.isin(i * len(inner) + j, ci * len(inner) + cj)
        area = whole[j].copy()
        cross = np.flatnonzero(~covered)
        area[cross] = shapely.area(shapely.intersection(part[i[cross]], inner[j[cross]]))
        kept = area > LEAST
        return rows[i[kept]], j[kept], area[kept]

    return _chunks(work, len(outer), size)


def _classes(parcels: Objects, folder: Path, layer: str, size: int) -> Answer:
    classes = pl.Series(pl.from_arrow(pq.read_table(file(folder, layer), columns=["class"])["class"]))
    patch, parcel, area = _pairs(_shapes(folder, layer), parcels, size)
    frame = pl.DataFrame({"row": parcel, "class": classes.gather(patch), "area": area})
    sums = frame.group_by("row", "class").agg(pl.col("area").sum())
    return Answer(len(area), float(sums["area"].sum()), sums.height)


def landuse(folder: Path) -> Answer:
    return _classes(_shapes(folder, "parcels"), folder, "landuse", 5_000)


def zones(folder: Path) -> Answer:
    return _classes(_shapes(folder, "parcels"), folder, "zones", 50)


def invalid(folder: Path) -> Answer:
    parcels = _shapes(folder, "invalid")
    bad = np.flatnonzero(~shapely.is_valid(parcels))
    parcels[bad] = shapely.make_valid(parcels[bad])
    return _classes(parcels, folder, "landuse", 5_000)


def buildings(folder: Path) -> Answer:
    floors = pq.read_table(file(folder, "buildings"), columns=["floors"])["floors"].to_numpy()
    parcel, building, area = _pairs(_shapes(folder, "parcels"), _shapes(folder, "buildings"), 10_000)
    frame = pl.DataFrame({"row": parcel, "area": area, "floor": area * floors[building]})
    sums = frame.group_by("row").agg(pl.col("area").sum(), pl.col("floor").sum())
    return Answer(len(area), float(sums["area"].sum()), sums.height, float(sums["floor"].sum()))


def overlaps(folder: Path) -> Answer:
    """Coverage check by cell first (shared edges must match); only parcels it flags are intersected."""
    shapes = _shapes(folder, "overlapping")
    box = shapely.bounds(shapes)
    side = np.sqrt(np.ptp(box[:, 0]) * np.ptp(box[:, 1]) / max(len(shapes) / 5_000, 1))
    cell = ((box[:, :2] - box[:, :2].min(axis=0)) // side).astype(np.int64)
    key = cell[:, 0] * 1_000_003 + cell[:, 1]
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    cells = np.split(order, starts[1:])
    tree = shapely.STRtree(shapes)

    def work(names: np.ndarray) -> tuple[np.ndarray]:
        flagged = []
        for name in names:
            rows = cells[name]
            low, high = box[rows, :2].min(axis=0), box[rows, 2:].max(axis=0)
            near = tree.query(shapely.box(*low, *high))
            wrong = ~shapely.is_empty(shapely.coverage_invalid_edges(shapes[near]))
            flagged.append(near[wrong])
        return (np.concatenate(flagged),)

    flagged = np.unique(_chunks(work, len(cells), 1)[0])

    def cross(rows: np.ndarray) -> tuple[np.ndarray, ...]:
        i, j = tree.query(shapes[flagged[rows]], predicate="intersects")
        i = flagged[rows][i]
        area = shapely.area(shapely.intersection(shapes[i], shapes[j]))
        kept = (area > LEAST) & (i != j)
        return np.minimum(i, j)[kept], np.maximum(i, j)[kept], area[kept]

    if not len(flagged):
        return Answer(0, 0.0, 0)
    left, right, area = _chunks(cross, len(flagged), 1_000)
    _, once = np.unique(left * len(shapes) + right, return_index=True)
    return Answer(len(once), float(area[once].sum()), len(once))
