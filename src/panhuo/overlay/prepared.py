"""A layer made ready for the kernels: boxes, ring directions, areas and boxes of runs of edges."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner
from panhuo.land.polygons import Polygons
from panhuo.land.threads import in_chunks
from panhuo.overlay.tiles import NONE, Tiles, cut

#: Edges in one run; a run of the next level holds this many runs of the level below.
RUN = 16


class Prepared(NamedTuple):
    """What the kernels read of a layer (a named tuple, because Numba takes it as it is).

    coords (v, 2), rings (r + 1,), geoms (n + 1,)  as in ``Polygons``
    signs  (r,)    +1 or -1: direction of the ring, so that a shell counts +1 and a hole -1 whatever way they run
    boxes  (n, 4)  NaN for a row that is left out
    areas  (n,)    shells minus holes, in squared units of the coordinates
    ring_boxes (r, 4)  least x, greatest x, least y, greatest y of each ring
    first_run (r + 1,)  first box of each ring in ``runs``; a ring of up to ``RUN`` * 2 edges has none
    runs   (k, 4)  least x, greatest x, least y, greatest y of each run, level by level
    tiles          winding numbers of the cells that large polygons are cut into
    """

    coords: NDArray[np.float64]
    rings: NDArray[np.int64]
    geoms: NDArray[np.int64]
    signs: NDArray[np.float64]
    boxes: NDArray[np.float64]
    areas: NDArray[np.float64]
    ring_boxes: NDArray[np.float64]
    first_run: NDArray[np.int64]
    runs: NDArray[np.float64]
    tiles: Tiles


def prepare(polygons: Polygons, *, threads: int | None = None) -> Prepared:
    """Make ``polygons`` ready; kept with them, so that a second overlay of the same layer does not pay again."""
    # two threads that ask at once would each make it
    with polygons._kept.setdefault("preparing", Lock()):
        kept = polygons._kept.get("prepared")
        if not isinstance(kept, Prepared):
            kept = polygons._kept["prepared"] = _prepare(polygons, threads)
    return kept


def _prepare(polygons: Polygons, threads: int | None) -> Prepared:
    coords = np.ascontiguousarray(polygons.coords)
    rings, geoms, holes = polygons.rings, polygons.geoms, polygons.holes
    rows = len(polygons)
    first_run = np.zeros(len(holes) + 1, np.int64)
    np.cumsum(_run_counts(np.diff(rings) - 1), out=first_run[1:])
    ready = Prepared(
        coords,
        rings,
        geoms,
        np.empty(len(holes)),
        polygons.bounds,
        np.empty(rows),
        np.empty((len(holes), 4)),
        first_run,
        np.empty((int(first_run[-1]), 4)),
        NONE,
    )

    def work(first: int, last: int) -> None:
        _ready(ready, holes, first, last)

    in_chunks(work, rows, chunk=16_384, threads=threads)
    return ready._replace(tiles=cut(polygons, ready.signs, threads=threads))


def _run_counts(edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Boxes that a ring of so many edges gets: whole runs only, level above level, none for a short ring."""
    total = np.zeros(len(edges), np.int64)
    level = edges // RUN
    level[edges <= 2 * RUN] = 0
    while level.any():
        total += level
        level = level // RUN
    return total


@njit(cache=True, nogil=True)
def _ready(layer, holes, first, last):  # type: ignore[no-untyped-def]
    coords, rings, geoms = layer.coords, layer.rings, layer.geoms
    for row in range(first, last):
        area = 0.0
        for ring in range(geoms[row], geoms[row + 1]):
            start, end = rings[ring], rings[ring + 1]
            ox, oy = coords[start, 0], coords[start, 1]
            twice = 0.0
            px, py = 0.0, 0.0
            x0, x1, y0, y1 = 0.0, 0.0, 0.0, 0.0
            for p in range(start + 1, end):
                x, y = coords[p, 0] - ox, coords[p, 1] - oy
                x0, x1 = min(x0, x), max(x1, x)
                y0, y1 = min(y0, y), max(y1, y)
                twice += px * y - x * py
                px, py = x, y
            layer.ring_boxes[ring, 0], layer.ring_boxes[ring, 1] = x0 + ox, x1 + ox
            layer.ring_boxes[ring, 2], layer.ring_boxes[ring, 3] = y0 + oy, y1 + oy
            # The integral of y dx is positive for a ring that runs clockwise, so that one counts as it is.
            clockwise = twice < 0.0
            layer.signs[ring] = 1.0 if clockwise != holes[ring] else -1.0
            area += -0.5 * abs(twice) if holes[ring] else 0.5 * abs(twice)
            _box_runs(coords, start, end - start - 1, layer.runs, layer.first_run[ring], layer.first_run[ring + 1])
        layer.areas[row] = area


@inner()
def _box_runs(coords, start, edges, runs, at, end):  # type: ignore[no-untyped-def]
    if at == end:
        return
    count = edges // RUN
    for k in range(count):
        x0, x1, y0, y1 = np.inf, -np.inf, np.inf, -np.inf
        for p in range(start + k * RUN, start + (k + 1) * RUN + 1):
            x, y = coords[p, 0], coords[p, 1]
            x0, x1 = min(x0, x), max(x1, x)
            y0, y1 = min(y0, y), max(y1, y)
        runs[at + k, 0], runs[at + k, 1], runs[at + k, 2], runs[at + k, 3] = x0, x1, y0, y1
    below = at
    at += count
    count //= RUN
    while count > 0:
        for k in range(count):
            x0, x1, y0, y1 = np.inf, -np.inf, np.inf, -np.inf
            for c in range(below + k * RUN, below + (k + 1) * RUN):
                x0, x1 = min(x0, runs[c, 0]), max(x1, runs[c, 1])
                y0, y1 = min(y0, runs[c, 2]), max(y1, runs[c, 3])
            runs[at + k, 0], runs[at + k, 1], runs[at + k, 2], runs[at + k, 3] = x0, x1, y0, y1
        below = at
        at += count
        count //= RUN
