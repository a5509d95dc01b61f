"""Points and polygons: which polygon a point lies in, and a point that surely lies in a polygon."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import ArrayLike, NDArray

from panhuo.land.kernels import inner
from panhuo.land.polygons import Polygons
from panhuo.land.threads import in_chunks
from panhuo.overlay.grid import NO_LIMIT, index_boxes, search
from panhuo.overlay.prepared import RUN, prepare

_CHUNK = 8_192
#: So many level lines are tried, at most, before a polygon is taken to have no area.
_LEVELS = 32


def points_in(polygons: Polygons, x: ArrayLike, y: ArrayLike, *, threads: int | None = None) -> NDArray[np.int32]:
    """The first row of ``polygons`` that each point lies in, or -1: (k,) int32.

    ``x``, ``y`` (k,) in the polygons' reference system. A point on an edge belongs to one side only, so that in a
    layer that tiles the land every point has exactly one row. A point that is not finite gets -1.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    layer = prepare(polygons, threads=threads)
    index = index_boxes(layer.boxes)
    out = np.full(len(xs), -1, np.int32)

    def work(first: int, last: int) -> None:
        _locate(layer, index, xs, ys, first, last, out)

    in_chunks(work, len(xs), chunk=_CHUNK, threads=threads)
    return out


def representative_points(polygons: Polygons, *, threads: int | None = None) -> NDArray[np.float64]:
    """A point inside each polygon, for labels and findings: (n, 2) float64, NaN where there is no geometry.

    The middle of the widest stretch on a level line half-way up; a polygon without area gives its first vertex.
    """
    out = np.full((len(polygons), 2), np.nan)

    def work(first: int, last: int) -> None:
        _inside(polygons.coords, polygons.rings, polygons.geoms, polygons.bounds, first, last, out)

    in_chunks(work, len(polygons), chunk=_CHUNK, threads=threads)
    return out


@inner()
def inside(layer, row, x, y):  # type: ignore[no-untyped-def]
    """Whether (x, y) lies in the polygon (crossings to the right are odd)."""
    coords = layer.coords
    odd = False
    for ring in range(layer.geoms[row], layer.geoms[row + 1]):
        start, count = layer.rings[ring], layer.rings[ring + 1] - layer.rings[ring] - 1
        first_run = layer.first_run[ring]
        has_runs = layer.first_run[ring + 1] > first_run
        j = 0
        while j < count:
            if has_runs and j % RUN == 0 and j + RUN <= count:
                b = first_run + j // RUN
                if layer.runs[b, 3] < y or layer.runs[b, 2] > y or layer.runs[b, 1] < x:
                    j += RUN
                    continue
            xa, ya = coords[start + j, 0] - x, coords[start + j, 1] - y
            xb, yb = coords[start + j + 1, 0] - x, coords[start + j + 1, 1] - y
            j += 1
            if (ya > 0.0) != (yb > 0.0):
                cross = xa * yb - xb * ya
                if (cross > 0.0 and yb > ya) or (cross < 0.0 and yb < ya):
                    odd = not odd
    return odd


@njit(cache=True, nogil=True)
def _locate(layer, index, xs, ys, first, last, out):  # type: ignore[no-untyped-def]
    found = np.empty(64, np.int32)
    for p in range(first, last):
        x, y = xs[p], ys[p]
        if not (np.isfinite(x) and np.isfinite(y)):
            continue
        margin = 1e-12 * (abs(x) + abs(y)) + 1e-300
        found, n = search(index, x - margin, y - margin, x + margin, y + margin, NO_LIMIT, found)
        for k in range(n):
            if inside(layer, found[k], x, y):
                out[p] = found[k]
                break


@njit(cache=True, nogil=True)
def _inside(coords, rings, geoms, boxes, first, last, out):  # type: ignore[no-untyped-def]
    crossings = np.empty(256)
    for row in range(first, last):
        start, end = rings[geoms[row]], rings[geoms[row + 1]]
        if start == end or np.isnan(boxes[row, 0]):
            continue
        out[row, 0], out[row, 1] = coords[start, 0], coords[start, 1]
        # half-way up; where the polygon is a line there, half-way of the halves, and so on
        widest, levels = 0.0, 2
        while not widest > 0.0 and levels <= _LEVELS:
            for level in range(1, levels, 2):
                middle = boxes[row, 1] + (boxes[row, 3] - boxes[row, 1]) * (level / levels)
                crossings, wide, x, y = _widest_stretch(coords, rings, geoms, boxes, row, middle, crossings)
                if wide > widest:
                    widest = wide
                    out[row, 0], out[row, 1] = x, y
            levels *= 2


@njit(cache=True, nogil=True)
def _widest_stretch(coords, rings, geoms, boxes, row, middle, crossings):  # type: ignore[no-untyped-def]
    """How wide the polygon is on a level line near ``middle``, and the middle of its widest stretch there."""
    under, over = boxes[row, 1], boxes[row, 3]
    for p in range(rings[geoms[row]], rings[geoms[row + 1]]):
        v = coords[p, 1]
        if v <= middle:
            under = max(under, v)
        else:
            over = min(over, v)
    y = 0.5 * (under + over)  # between two levels of vertices: no vertex lies on the line
    n = 0
    for ring in range(geoms[row], geoms[row + 1]):
        for p in range(rings[ring], rings[ring + 1] - 1):
            ya, yb = coords[p, 1], coords[p + 1, 1]
            if (ya > y) != (yb > y):
                if n == len(crossings):
                    more = np.empty(2 * n)
                    more[:n] = crossings
                    crossings = more
                xa = coords[p, 0]
                crossings[n] = xa + (coords[p + 1, 0] - xa) * ((y - ya) / (yb - ya))
                n += 1
    line = np.sort(crossings[:n])
    widest, x = 0.0, 0.0
    for k in range(0, n - 1, 2):
        if line[k + 1] - line[k] > widest:
            widest, x = line[k + 1] - line[k], 0.5 * (line[k] + line[k + 1])
    return crossings, widest, x, y
