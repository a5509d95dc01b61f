"""Large polygons cut into tiles, so that most small ones are decided without a look at a single edge.

A township, a road or the built-up boundary has thousands of edges, yet nearly every parcel lies wholly inside or wholly
outside of it. The box of such a polygon is cut into cells; a cell that no edge touches has one winding number. A
window whose cells all have the same one is covered that many times, and only the others go to the edges.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner
from panhuo.land.polygons import Polygons
from panhuo.land.threads import in_chunks

#: From so many coordinates on a polygon is cut.
TILED_FROM: Final = 256
#: Cells for each coordinate, and the most that one polygon gets.
_CELLS_EACH, _MOST_CELLS = 8, 1 << 20
#: Winding number of a cell that an edge touches.
MIXED: Final = 127
#: A window over more cells than this goes to the edges.
_MOST_LOOKS: Final = 4_096
#: Edges are drawn so much thicker, in cells, than they are, and so many units of their coordinates' last place.
_PAD, _ULPS = 1e-6, 4.0

# Columns of ``frames``: the box's lower left corner, the width and height of a cell, columns, rows, first cell.
_X, _Y, _WIDE, _HIGH, _COLUMNS, _ROWS, _FIRST = range(7)


class Tiles(NamedTuple):
    """``frame_of`` (n,) the row of ``frames`` that belongs to a polygon, -1 where it is not cut; ``frames`` (t, 7);
    ``windings`` (cells,) int8, column by column from below."""

    frame_of: NDArray[np.int32]
    frames: NDArray[np.float64]
    windings: NDArray[np.int8]


#: No polygon is cut.
NONE: Final = Tiles(np.zeros(0, np.int32), np.zeros((0, 7)), np.zeros(0, np.int8))


def cut(polygons: Polygons, signs: NDArray[np.float64], *, threads: int | None = None) -> Tiles:
    """Cut the large ones among ``polygons``; ``signs`` (r,) is the direction of each ring as in ``Prepared``."""
    counts = polygons.vertex_counts
    boxes = polygons.bounds
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero((counts >= TILED_FROM) & (wide > 0) & (high > 0))
    cells = np.minimum(_CELLS_EACH * counts[rows], _MOST_CELLS).astype(np.float64)
    side = np.sqrt(wide[rows] * high[rows] / cells)
    columns = np.clip(np.ceil(wide[rows] / side), 1, cells)
    lines = np.clip(np.floor(cells / columns), 1, cells)
    frames = np.empty((len(rows), 7))
    frames[:, _X], frames[:, _Y] = boxes[rows, 0], boxes[rows, 1]
    frames[:, _WIDE], frames[:, _HIGH] = wide[rows] / columns, high[rows] / lines
    frames[:, _COLUMNS], frames[:, _ROWS] = columns, lines
    # where a cell is hardly wider than the rounding of its coordinates, nothing can be said of it
    rounding = _ULPS * np.finfo(np.float64).eps * np.abs(boxes[rows]).max(axis=1, initial=0.0)
    pads = _PAD + rounding / np.minimum(frames[:, _WIDE], frames[:, _HIGH])
    kept = pads < 0.1
    rows, frames, pads = rows[kept], frames[kept], pads[kept]
    sizes = (frames[:, _COLUMNS] * frames[:, _ROWS]).astype(np.int64)
    ends = np.cumsum(sizes)
    frames[:, _FIRST] = ends - sizes
    frame_of = np.full(len(polygons), -1, np.int32)
    frame_of[rows] = np.arange(len(rows), dtype=np.int32)
    windings = np.zeros(int(ends[-1]) if len(ends) else 0, np.int8)
    coords = np.ascontiguousarray(polygons.coords)

    def work(first: int, last: int) -> None:
        for k in range(first, last):
            start, end = polygons.geoms[rows[k]], polygons.geoms[rows[k] + 1]
            _fill(coords, polygons.rings, signs, start, end, frames[k], pads[k], windings)

    in_chunks(work, len(rows), chunk=16, threads=threads)
    return Tiles(frame_of, frames, windings)


@inner()
def _clipped(value, last):  # type: ignore[no-untyped-def]
    """Whole number of the cell, one of 0 to ``last``."""
    return int(min(max(np.floor(value), 0.0), float(last)))


@njit(cache=True, nogil=True)
def _fill(coords, rings, signs, first, last, frame, pad, windings):  # type: ignore[no-untyped-def]
    """Winding numbers of one polygon's cells."""
    columns, rows, begin = int(frame[_COLUMNS]), int(frame[_ROWS]), int(frame[_FIRST])
    cells = windings[begin : begin + columns * rows]
    steps = np.zeros(columns * rows, np.int32)
    for ring in range(first, last):
        p = rings[ring]
        ub, vb = (coords[p, 0] - frame[_X]) / frame[_WIDE], (coords[p, 1] - frame[_Y]) / frame[_HIGH]
        for p in range(rings[ring] + 1, rings[ring + 1]):
            ua, va = ub, vb
            ub, vb = (coords[p, 0] - frame[_X]) / frame[_WIDE], (coords[p, 1] - frame[_Y]) / frame[_HIGH]
            _draw(ua, va, ub, vb, pad, columns, rows, cells)
            _step(ua, va, ub, vb, int(signs[ring]), columns, rows, steps)
    for column in range(columns):
        winding = 0
        for k in range((column + 1) * rows - 1, column * rows - 1, -1):
            if cells[k] != MIXED:
                cells[k] = winding if abs(winding) < MIXED else MIXED
            winding += steps[k]


@inner()
def _draw(ua, va, ub, vb, pad, columns, rows, cells):  # type: ignore[no-untyped-def]
    """Mark every cell that the edge touches (coordinates in cells)."""
    low, high = min(ua, ub) - pad, max(ua, ub) + pad
    for column in range(_clipped(low, columns - 1), _clipped(high, columns - 1) + 1):
        v0, v1 = va, vb
        if ua != ub:
            t0 = min(max((max(low, column - pad) - ua) / (ub - ua), 0.0), 1.0)
            t1 = min(max((min(high, column + 1 + pad) - ua) / (ub - ua), 0.0), 1.0)
            v0, v1 = va + (vb - va) * t0, va + (vb - va) * t1
        bottom, top = _clipped(min(v0, v1) - pad, rows - 1), _clipped(max(v0, v1) + pad, rows - 1)
        for k in range(column * rows + bottom, column * rows + top + 1):
            cells[k] = MIXED


@inner()
def _step(ua, va, ub, vb, sign, columns, rows, steps):  # type: ignore[no-untyped-def]
    """Where the edge crosses the middle of a column, what lies below it winds once more or once less."""
    for column in range(_clipped(min(ua, ub) - 0.5, columns - 1), _clipped(max(ua, ub) + 0.5, columns - 1) + 1):
        middle = column + 0.5
        if (ua <= middle) != (ub <= middle):
            row = _clipped(va + (vb - va) * ((middle - ua) / (ub - ua)), rows - 1)
            steps[column * rows + row] += sign if ub > ua else -sign


@inner()
def winding_in(tiles, row, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """The one winding number that polygon ``row`` has all over the window; ``MIXED`` where that cannot be said."""
    at = tiles.frame_of[row]
    if at < 0:
        return MIXED
    frame = tiles.frames[at]
    columns, rows = frame[_COLUMNS], frame[_ROWS]
    u0, u1 = (x0 - frame[_X]) / frame[_WIDE], (x1 - frame[_X]) / frame[_WIDE]
    v0, v1 = (y0 - frame[_Y]) / frame[_HIGH], (y1 - frame[_Y]) / frame[_HIGH]
    beyond = u0 < 0.0 or v0 < 0.0 or u1 > columns or v1 > rows
    c0, c1 = _clipped(u0, columns - 1), _clipped(u1, columns - 1)
    r0, r1 = _clipped(v0, rows - 1), _clipped(v1, rows - 1)
    if (c1 - c0 + 1) * (r1 - r0 + 1) > _MOST_LOOKS:
        return MIXED
    first, high = int(frame[_FIRST]), int(rows)
    winding = tiles.windings[first + c0 * high + r0]
    if winding == MIXED or (beyond and winding != 0):
        return MIXED
    for column in range(c0, c1 + 1):
        for k in range(first + column * high + r0, first + column * high + r1 + 1):
            if tiles.windings[k] != winding:
                return MIXED
    return int(winding)
