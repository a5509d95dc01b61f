"""Geometry that has to be built: repair, clip, difference, union. Shapely does it; one bad polygon does not stop the
rest.

GEOS refuses a whole array when one pair in it fails. Here the work goes in chunks; a chunk that fails is halved until
the pair at fault stands alone, is named with GEOS's reason, and gives a null. Everything else goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely
from numpy.typing import ArrayLike, NDArray

from panhuo.land.polygons import Polygons
from panhuo.land.threads import in_chunks
from panhuo.overlay.prepared import prepare
from panhuo.progress import Progress, silent

Objects = NDArray[np.object_]

_CHUNK = 1_024


@dataclass(frozen=True, slots=True)
class Built:
    """New polygons, row by row; ``failed`` names the rows (``row`` UInt32, ``reason`` String) that gave a null."""

    polygons: Polygons
    failed: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Repaired:
    """Repaired polygons and what the repair changed.

    ``changes`` has one row for each row that was repaired: ``row`` (UInt32), ``area_before`` (as the kernels count
    it: winding number), ``area_after``, ``parts_before``, ``parts_after`` and ``gone`` (Bool: nothing with an area
    was left).
    """

    polygons: Polygons
    changes: pl.DataFrame


def repair(polygons: Polygons, rows: ArrayLike | None = None, *, threads: int | None = None) -> Repaired:
    """Make the named rows (default: all that GEOS finds invalid) valid, keeping what has an area.

    Rings with fewer than three different points are dropped, crossing rings become parts, overlapping parts are united
    (GEOS make_valid, method "structure"). Areas in squared units of the coordinates. The input is not changed: keep it.
    """
    shapes = _without_thin_rings(polygons)
    if rows is None:
        bad: NDArray[np.int64] = np.flatnonzero((np.diff(polygons.geoms) > 0) & ~shapely.is_valid(shapes))
    else:
        bad = np.unique(np.asarray(rows, dtype=np.int64))
    mended = _each(lambda x: _areal(shapely.make_valid(x, method="structure", keep_collapsed=False)), [shapes[bad]])[0]
    new = Polygons.from_shapely(mended, threads=threads)
    order = np.arange(len(polygons))
    order[bad] = len(polygons) + np.arange(len(bad))
    before, after = prepare(polygons, threads=threads).areas[bad], prepare(new, threads=threads).areas
    changes = pl.DataFrame(
        {
            "row": bad.astype(np.uint32),
            "area_before": before,
            "area_after": after,
            "parts_before": polygons.part_counts[bad],
            "parts_after": new.part_counts,
            "gone": after <= 0.0,
        }
    )
    return Repaired(Polygons.concat([polygons, new]).take(order), changes)


def clip(
    a: Polygons,
    b: Polygons,
    left: ArrayLike | None = None,
    right: ArrayLike | None = None,
    *,
    threads: int | None = None,
    progress: Progress = silent,
) -> Built:
    """The common part of each pair (``left[k]`` of ``a``, ``right[k]`` of ``b``; default: row by row). Areal parts
    only.
    """
    return _pairwise(shapely.intersection, a, b, left, right, threads, progress, "裁切")


def difference(
    a: Polygons,
    b: Polygons,
    left: ArrayLike | None = None,
    right: ArrayLike | None = None,
    *,
    threads: int | None = None,
    progress: Progress = silent,
) -> Built:
    """What of ``a`` is not in ``b``, pair by pair as in :func:`clip`."""
    return _pairwise(shapely.difference, a, b, left, right, threads, progress, "擦除")


def dissolve(
    polygons: Polygons, by: Sequence[object] | pl.Series | NDArray[np.generic], *, threads: int | None = None
) -> tuple[pl.Series, Built]:
    """Union of the polygons of each key: the keys in the order of their first appearance, and one polygon for each.

    A polygon that GEOS refuses is left out of its union and named in ``failed`` by its own row.
    """
    keys = pl.Series("key", by)
    frame = pl.DataFrame({"key": keys, "row": np.arange(len(polygons), dtype=np.uint32)})
    groups = frame.group_by("key", maintain_order=True).agg("row")
    shapes = polygons.to_shapely()
    failed: list[tuple[int, str]] = []

    def work(first: int, last: int) -> list[object]:
        return [_union(shapes, np.asarray(rows), failed) for rows in groups["row"][first:last].to_list()]

    united = [shape for part in in_chunks(work, groups.height, chunk=64, threads=threads) for shape in part]
    built = Polygons.from_shapely(_areal(np.array([*united, None], dtype=object)[:-1]))
    return groups["key"], Built(built, _failures(sorted(failed)))


def _union(shapes: Objects, rows: NDArray[np.int64], failed: list[tuple[int, str]]) -> object:
    try:
        return shapely.union_all(shapes[rows])
    except shapely.errors.GEOSException as error:
        if len(rows) == 1:
            failed.append((int(rows[0]), str(error)))
            return None
        middle = len(rows) // 2
        halves = [_union(shapes, part, failed) for part in (rows[:middle], rows[middle:])]
        try:
            return shapely.union_all(halves)
        except shapely.errors.GEOSException:
            # two valid halves that do not go together: let GEOS snap them
            return shapely.union_all([shapely.make_valid(half) for half in halves if half is not None], grid_size=1e-6)


def _pairwise(
    operation: Callable[[Objects, Objects], Objects],
    a: Polygons,
    b: Polygons,
    left: ArrayLike | None,
    right: ArrayLike | None,
    threads: int | None,
    progress: Progress,
    step: str,
) -> Built:
    rows_a = np.arange(len(a)) if left is None else np.asarray(left)
    rows_b = np.arange(len(b)) if right is None else np.asarray(right)
    shapes_a, shapes_b = a.to_shapely()[rows_a], b.to_shapely()[rows_b]
    made, failed = _each(
        lambda x, y: _areal(operation(x, y)), [shapes_a, shapes_b], threads=threads, progress=progress, step=step
    )
    return Built(Polygons.from_shapely(made, threads=threads), failed)


def _each(
    operation: Callable[..., Objects],
    arrays: Sequence[Objects],
    *,
    threads: int | None = None,
    progress: Progress = silent,
    step: str = "",
) -> tuple[Objects, pl.DataFrame]:
    """Run an array operation so that what GEOS refuses stands alone: the results, and the rows that failed."""
    rows = len(arrays[0])
    made: Objects = np.full(rows, None, dtype=object)
    failed: list[tuple[int, str]] = []

    def work(first: int, last: int) -> None:
        try:
            made[first:last] = operation(*(x[first:last] for x in arrays))
        except shapely.errors.GEOSException as error:
            if last - first == 1:
                failed.append((first, str(error)))
                return
            middle = (first + last) // 2
            work(first, middle)
            work(middle, last)

    in_chunks(work, rows, chunk=_CHUNK, threads=threads, progress=progress, step=step)
    return made, _failures(sorted(failed))


def _failures(failed: list[tuple[int, str]]) -> pl.DataFrame:
    return pl.DataFrame(failed, schema={"row": pl.UInt32, "reason": pl.String}, orient="row")


def _areal(shapes: Objects) -> Objects:
    """Only the polygons of each result: a clip along a common edge gives lines and points too."""
    kind = shapely.get_type_id(shapes)
    out = np.array(shapes, dtype=object, copy=True)
    out[(kind >= 0) & (kind <= 5) & (kind != 3)] = shapely.Polygon()
    for k in np.flatnonzero(kind == 7):
        parts = shapely.get_parts(shapely.get_parts(shapes[k]))
        areal = parts[shapely.get_type_id(parts) == 3]
        out[k] = shapely.multipolygons(areal) if len(areal) != 1 else areal[0]
    return out


def _without_thin_rings(polygons: Polygons) -> Objects:
    """Shapely polygons; where GEOS cannot even hold a ring of fewer than four points, the others of that row."""
    shapes = polygons.to_shapely()
    lost = np.flatnonzero((np.diff(polygons.geoms) > 0) & shapely.is_missing(shapes))
    for row in lost:
        parts: list[list[NDArray[np.float64]]] = []
        keep = False
        for ring in range(polygons.geoms[row], polygons.geoms[row + 1]):
            points = polygons.coords[polygons.rings[ring] : polygons.rings[ring + 1]]
            if not polygons.holes[ring]:
                keep = len(points) >= 4
                if keep:
                    parts.append([])
            if keep and len(points) >= 4:
                parts[-1].append(points)
        shapes[row] = shapely.multipolygons([shapely.Polygon(p[0], p[1:]) for p in parts])
    return shapes
