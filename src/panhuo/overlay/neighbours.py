"""Polygons near one another: touching neighbours, distances, contiguous clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from panhuo.land.kernels import inner
from panhuo.land.polygons import Polygons
from panhuo.land.threads import in_chunks
from panhuo.messages import PanhuoError
from panhuo.overlay.duplicates import duplicates
from panhuo.overlay.grid import NO_LIMIT, index_boxes, search
from panhuo.overlay.overlaps import root_of
from panhuo.overlay.places import inside
from panhuo.overlay.prepared import RUN, Prepared, prepare
from panhuo.progress import Progress, silent

#: Polygons nearer than this touch: the topology tolerance of Chinese survey data in metres (0.001 m).
TOUCHING = 0.001


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Pairs of rows of one layer (left < right), sorted, with the least distance between them (0: they meet)."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    distance: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.distance)


def neighbours(
    polygons: Polygons,
    distance: float = 0.0,
    *,
    tolerance: float = TOUCHING,
    threads: int | None = None,
    progress: Progress = silent,
) -> Neighbours:
    """Pairs at most ``distance`` + ``tolerance`` apart, with their exact distance (units of the coordinates).

    With ``distance`` 0 these are the pairs that touch or overlap. For coordinates in degrees give a tolerance in
    degrees. Polygons that lie in one another are 0 apart. Rows without usable geometry have no neighbours.
    """
    reach = _reach(distance, tolerance)
    layer = prepare(polygons, threads=threads)
    found = _near(layer, reach, threads, progress)
    return Neighbours(*found)


def clusters(
    polygons: Polygons,
    distance: float = 0.0,
    mask: ArrayLike | None = None,
    *,
    tolerance: float = TOUCHING,
    threads: int | None = None,
    progress: Progress = silent,
) -> NDArray[np.int32]:
    """Groups of rows that hang together, step by step at most ``distance`` (+ ``tolerance``) apart: (n,) int32.

    Only rows where ``mask`` (n,) is true take part; the others, and rows without geometry, get -1. Labels count from 0
    in the order of the groups' first rows.
    """
    reach = _reach(distance, tolerance)
    chosen = np.ones(len(polygons), np.bool_) if mask is None else np.asarray(mask, dtype=np.bool_).copy()
    if len(chosen) != len(polygons):
        raise PanhuoError(
            f"掩码有 {len(chosen)} 个值，图形有 {len(polygons)} 行，二者应相等。",
            f"The mask has {len(chosen)} values for {len(polygons)} rows; they must be equal.",
        )
    chosen &= ~np.isnan(polygons.bounds[:, 0])
    rows = np.flatnonzero(chosen)
    if not len(rows):
        return np.full(len(polygons), -1, np.int32)
    part = polygons.take(rows)
    first = duplicates(part, threads=threads)
    layer = prepare(part, threads=threads)
    alone = first == np.arange(len(first))
    layer = layer._replace(boxes=np.where(alone[:, None], layer.boxes, np.nan))
    parent = first.copy()
    left, right, _ = _near(layer, reach, threads, progress)
    labels = np.full(len(polygons), -1, np.int32)
    labels[rows] = _labels(parent, left, right)
    return labels


def _reach(distance: float, tolerance: float) -> float:
    if not (distance >= 0 and tolerance >= 0):
        raise PanhuoError("距离和容差不能是负数。", "Distance and tolerance must not be negative.")
    return distance + tolerance


def _near(
    layer: Prepared, reach: float, threads: int | None, progress: Progress
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    index = index_boxes(layer.boxes)

    def work(start: int, end: int) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
        out: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]] = _near_rows(
            layer, index, start, end, reach
        )
        return out

    parts = in_chunks(work, len(layer.areas), chunk=1_024, threads=threads, progress=progress, step="查找相邻")
    if not parts:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)
    return (
        np.concatenate([p[0] for p in parts]),
        np.concatenate([p[1] for p in parts]),
        np.concatenate([p[2] for p in parts]),
    )


@njit(cache=True, nogil=True)
def _near_rows(layer, index, first, last, reach):  # type: ignore[no-untyped-def]
    left, right, apart = np.empty(1024, np.int32), np.empty(1024, np.int32), np.empty(1024)
    count = 0
    found = np.empty(256, np.int32)
    own, other = np.empty((64, 4)), np.empty((64, 4))
    boxes = layer.boxes
    for i in range(first, last):
        if not boxes[i, 0] <= boxes[i, 2]:
            continue
        # the search wants more than a common edge: a hair wider
        wide = reach + 1e-12 * (abs(boxes[i, 0]) + abs(boxes[i, 1]) + abs(boxes[i, 2]) + abs(boxes[i, 3]))
        x0, y0, x1, y1 = boxes[i, 0] - wide, boxes[i, 1] - wide, boxes[i, 2] + wide, boxes[i, 3] + wide
        found, hits = search(index, x0, y0, x1, y1, NO_LIMIT, found)
        for h in range(hits):
            j = np.int64(found[h])
            if j <= i:
                continue
            # edges of each that are near the other's box
            own, n = _edges_near(layer, i, j, wide, boxes[i, 0], boxes[i, 1], own)
            other, m = _edges_near(layer, j, i, wide, boxes[i, 0], boxes[i, 1], other)
            least = _least(own, n, other, m, reach * reach)
            if least > 0.0 and _holds(layer, i, j):
                least = 0.0
            if least > reach * reach:
                continue
            if count == len(apart):
                left, right, apart = _longer(left), _longer(right), _longer(apart)
            left[count], right[count], apart[count] = i, j, np.sqrt(least)
            count += 1
    return left[:count].copy(), right[:count].copy(), apart[:count].copy()


@njit(cache=True, nogil=True)
def _longer(array):  # type: ignore[no-untyped-def]
    more = np.empty(2 * len(array), array.dtype)
    more[: len(array)] = array
    return more


@inner()
def _holds(layer, i, j):  # type: ignore[no-untyped-def]
    """Whether one of two polygons whose edges do not meet lies in the other (any part of it)."""
    for a, b in ((i, j), (j, i)):
        for ring in range(layer.geoms[a], layer.geoms[a + 1]):
            p = layer.rings[ring]
            x, y = layer.coords[p, 0], layer.coords[p, 1]
            if (
                layer.boxes[b, 0] <= x <= layer.boxes[b, 2]
                and layer.boxes[b, 1] <= y <= layer.boxes[b, 3]
                and inside(layer, b, x, y)
            ):
                return True
    return False


@njit(cache=True, nogil=True)
def _edges_near(layer, row, other, reach, ox, oy, out):  # type: ignore[no-untyped-def]
    """Edges of a row (xa, ya, xb, yb seen from (ox, oy)) that come within ``reach`` of another row's box."""
    n = 0
    x0, y0 = layer.boxes[other, 0] - reach, layer.boxes[other, 1] - reach
    x1, y1 = layer.boxes[other, 2] + reach, layer.boxes[other, 3] + reach
    coords = layer.coords
    for ring in range(layer.geoms[row], layer.geoms[row + 1]):
        start, count = layer.rings[ring], layer.rings[ring + 1] - layer.rings[ring] - 1
        first_run = layer.first_run[ring]
        has_runs = layer.first_run[ring + 1] > first_run
        j = 0
        while j < count:
            if has_runs and j % RUN == 0 and j + RUN <= count:
                b = first_run + j // RUN
                if layer.runs[b, 0] > x1 or layer.runs[b, 1] < x0 or layer.runs[b, 2] > y1 or layer.runs[b, 3] < y0:
                    j += RUN
                    continue
            xa, ya = coords[start + j, 0], coords[start + j, 1]
            xb, yb = coords[start + j + 1, 0], coords[start + j + 1, 1]
            j += 1
            if min(xa, xb) > x1 or max(xa, xb) < x0 or min(ya, yb) > y1 or max(ya, yb) < y0:
                continue
            if n == len(out):
                more = np.empty((2 * n, 4))
                more[:n] = out
                out = more
            out[n, 0], out[n, 1], out[n, 2], out[n, 3] = xa - ox, ya - oy, xb - ox, yb - oy
            n += 1
    return out, n


@inner()
def _least(a, n, b, m, enough):  # type: ignore[no-untyped-def]
    """Least squared distance of two lists of edges: stops at zero; infinity when none is within ``enough``
    (squared).
    """
    best = np.inf
    for i in range(n):
        ax0, ax1 = min(a[i, 0], a[i, 2]), max(a[i, 0], a[i, 2])
        ay0, ay1 = min(a[i, 1], a[i, 3]), max(a[i, 1], a[i, 3])
        for k in range(m):
            dx = max(max(ax0 - max(b[k, 0], b[k, 2]), min(b[k, 0], b[k, 2]) - ax1), 0.0)
            dy = max(max(ay0 - max(b[k, 1], b[k, 3]), min(b[k, 1], b[k, 3]) - ay1), 0.0)
            near = dx * dx + dy * dy
            if near > enough or near >= best:
                continue
            d = _apart(a[i, 0], a[i, 1], a[i, 2], a[i, 3], b[k, 0], b[k, 1], b[k, 2], b[k, 3])
            if d < best:
                best = d
                if best == 0.0:
                    return best
    return best


@inner()
def _apart(ax, ay, bx, by, cx, cy, dx, dy):  # type: ignore[no-untyped-def]
    """Squared distance of the segments ab and cd."""
    abx, aby, cdx, cdy = bx - ax, by - ay, dx - cx, dy - cy
    s1 = abx * (cy - ay) - aby * (cx - ax)
    s2 = abx * (dy - ay) - aby * (dx - ax)
    s3 = cdx * (ay - cy) - cdy * (ax - cx)
    s4 = cdx * (by - cy) - cdy * (bx - cx)
    if (
        ((s1 > 0.0) != (s2 > 0.0))
        and ((s3 > 0.0) != (s4 > 0.0))
        and s1 != 0.0
        and s2 != 0.0
        and s3 != 0.0
        and s4 != 0.0
    ):
        return 0.0
    return min(
        min(_to_segment(ax, ay, cx, cy, cdx, cdy), _to_segment(bx, by, cx, cy, cdx, cdy)),
        min(_to_segment(cx, cy, ax, ay, abx, aby), _to_segment(dx, dy, ax, ay, abx, aby)),
    )


@inner()
def _to_segment(px, py, ax, ay, vx, vy):  # type: ignore[no-untyped-def]
    length = vx * vx + vy * vy
    wx, wy = px - ax, py - ay
    if length > 0.0:
        t = min(max((wx * vx + wy * vy) / length, 0.0), 1.0)
        wx, wy = wx - t * vx, wy - t * vy
    return wx * wx + wy * wy


@njit(cache=True, nogil=True)
def _labels(parent, left, right):  # type: ignore[no-untyped-def]
    for k in range(len(left)):
        a, b = root_of(parent, left[k]), root_of(parent, right[k])
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b
    labels = np.full(len(parent), -1, np.int32)
    following = 0
    for row in range(len(parent)):
        root = root_of(parent, row)
        if labels[root] < 0:
            labels[root] = following
            following += 1
        labels[row] = labels[root]
    return labels
