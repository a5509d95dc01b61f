"""Which boxes meet a box: an index that neither long objects nor far outliers can spoil.

Every box is filed once, under the cell that holds its centre, in a grid made for boxes of about its size (one grid
for each size, a factor of two apart). A search looks, in each grid, at the cells within half of that size of the
wanted box. Cells are not laid out over the extent but folded into a table of buckets, so that one polygon at the
other end of the world costs nothing; the cells of one row stay neighbours there, so that a row is looked at in one
go.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner

_LEVELS = 2_400  # powers of two of float64, with room at both ends
_ROW = 0x9E3779B1  # odd: rows of cells fall far apart, the cells of one row stay neighbours
NO_LIMIT = 2**62
_GRID_COST = 12  # looking into one more grid costs a search about as much as so many boxes
_FAR = 4.0e15  # cell numbers beyond this are all one cell (whole numbers still exact in float64)


class BoxIndex(NamedTuple):
    """One grid a size: ``cells`` (s,) their cells' widths, ``reach`` (s,) half of their widest box, ``bucket`` (s
    + 1,) first bucket, ``mask`` (s,) buckets less one, ``filed`` (s + 1,) first box. Then ``starts`` (buckets +
    1,) first box of a bucket, ``item`` (n,) rows and ``boxes`` (n, 4) in that order."""

    cells: NDArray[np.float64]
    reach: NDArray[np.float64]
    bucket: NDArray[np.int64]
    mask: NDArray[np.int64]
    filed: NDArray[np.int64]
    starts: NDArray[np.int32]
    item: NDArray[np.int32]
    boxes: NDArray[np.float64]


def index_boxes(boxes: NDArray[np.float64], order: NDArray[np.int64] | None = None) -> BoxIndex:
    """Index (n, 4) boxes; NaN boxes are left out. In one cell, boxes lie in the ``order`` given (rows, all of them)."""
    level = np.empty(len(boxes), np.int16)
    counts = np.zeros(_LEVELS, np.int64)
    _sizes(boxes, level, counts)
    names = np.flatnonzero(counts)
    extent = _typical_extent(boxes)
    place, kept = _merge_thin_levels(names, counts[names], extent)
    reach = 0.5000001 * 2.0 ** (kept - _LEVELS // 2).astype(np.float64)
    filed = np.zeros(len(kept) + 1, np.int64)
    np.add.at(filed, place + 1, counts[names])
    np.cumsum(filed, out=filed)
    # Small boxes far apart: a cell as wide as their distance spares a search many empty cells.
    cells = np.clip(np.sqrt(extent / np.maximum(np.diff(filed), 1)), reach, 4 * reach)
    tables = np.array([1 << max(4, int(2 * n - 1).bit_length()) for n in np.diff(filed)], dtype=np.int64)
    bucket = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(tables, out=bucket[1:])
    starts = np.zeros(int(bucket[-1]) + 1, np.int32)
    item, sorted_boxes = np.empty(int(filed[-1]), np.int32), np.empty((int(filed[-1]), 4))
    grid = np.zeros(_LEVELS, np.int64)
    grid[names] = place
    rows = np.arange(len(boxes)) if order is None else order
    _file(boxes, rows, level, grid, cells, bucket, tables - 1, starts, item, sorted_boxes)
    return BoxIndex(cells, reach, bucket, tables - 1, filed, starts, item, sorted_boxes)


def _typical_extent(boxes: NDArray[np.float64]) -> float:
    """Area that most of the boxes lie in (a sample without its outermost twentieths)."""
    sample = boxes[:: max(1, len(boxes) // 2_000)]
    sample = sample[~np.isnan(sample[:, 0])]
    if not len(sample):
        return 0.0
    low, high = np.quantile(sample[:, :2], [0.05, 0.95], axis=0)
    spread: float = float(np.prod(np.maximum(high - low, 0.0)))
    return spread if np.isfinite(spread) else 0.0


def walking_order(boxes: NDArray[np.float64]) -> NDArray[np.int32]:
    """(n,) all rows of (n, 4) boxes, neighbours one after another (along Morton's curve).

    Layers come in the order of their codes or of nothing at all; a search finds what it needs in the processor's cache
    when the one before looked at the same place.
    """
    if not len(boxes):
        return np.zeros(0, np.int32)
    wide = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    wide = wide[np.isfinite(wide) & (wide > 0)]
    cell = 4.0 * float(np.median(wide)) if len(wide) else 1.0
    # cells beyond the curve's 2^16 begin anew: order is for speed, not for the answer
    with np.errstate(invalid="ignore"):
        x, y = (np.nan_to_num(boxes[:, k] / cell).clip(-_FAR, _FAR).astype(np.int64) for k in (0, 1))
    return np.argsort(_spread(x) | (_spread(y) << 1), kind="stable").astype(np.int32)


def _spread(number: NDArray[np.int64]) -> NDArray[np.int64]:
    """The lowest 16 bits of each number with a gap after each bit."""
    out = number & 0xFFFF
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        out = (out | (out << shift)) & mask
    return out


def _merge_thin_levels(
    names: NDArray[np.int64], counts: NDArray[np.int64], extent: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """File the boxes of a size that hardly occurs with the next larger size: each grid costs every search a look.

    In a grid of larger cells a search meets more boxes that are of no use to it: a few roads as long as the county
    would have it look at everything that is rarer than a parcel. So a size is only given away while a search meets
    fewer of its boxes there than a grid of its own would cost. ``extent`` is the area they are spread over.

    Returns the grid that each size goes to, and the largest size of each grid.
    """
    place, kept, carried = np.zeros(len(names), np.int64), list[np.int64](), 0
    for k in range(len(names)):
        place[k] = len(kept)
        carried += counts[k]
        if k + 1 < len(names):
            searched = (2.0 * 2.0 ** float(names[k + 1] - _LEVELS // 2)) ** 2
            if carried * (min(1.0, searched / extent) if extent > 0 else 1.0) <= _GRID_COST:
                continue
        kept.append(names[k])
        carried = 0
    return place, np.array(kept, dtype=np.int64)


@njit(cache=True, nogil=True)
def _sizes(boxes, level, counts):  # type: ignore[no-untyped-def]
    """Binary size of each box (the power of two that holds its longer side), -1 for a NaN box, and how many of each."""
    for row in range(len(boxes)):
        wide = max(boxes[row, 2] - boxes[row, 0], boxes[row, 3] - boxes[row, 1])
        if not wide >= 0.0:
            level[row] = -1
            continue
        # a box without width is still somewhere
        far = max(max(abs(boxes[row, 0]), abs(boxes[row, 2])), max(abs(boxes[row, 1]), abs(boxes[row, 3])))
        _, power = math.frexp(max(wide, 1e-14 * far))
        level[row] = min(max(power + _LEVELS // 2, 0), _LEVELS - 1)
        counts[level[row]] += 1


@inner()
def cell_number(value, cell):  # type: ignore[no-untyped-def]
    """Whole number of the cell that ``value`` lies in."""
    return np.int64(np.floor(min(max(value / cell, -_FAR), _FAR)))


@njit(cache=True, nogil=True)
def _file(boxes, rows, level, grid, cells, bucket, mask, starts, item, sorted_boxes):  # type: ignore[no-untyped-def]
    key = np.empty(len(rows), np.int32)
    for k in range(len(rows)):
        row = rows[k]
        if level[row] < 0:
            continue
        lv = grid[level[row]]
        cx = cell_number(0.5 * (boxes[row, 0] + boxes[row, 2]), cells[lv])
        cy = cell_number(0.5 * (boxes[row, 1] + boxes[row, 3]), cells[lv])
        key[k] = bucket[lv] + ((cx + cy * _ROW) & mask[lv])
        starts[key[k] + 1] += 1
    for b in range(len(starts) - 1):
        starts[b + 1] += starts[b]
    place = starts[:-1].copy()
    for k in range(len(rows)):
        row = rows[k]
        if level[row] < 0:
            continue
        at = place[key[k]]
        place[key[k]] += 1
        item[at] = row
        for c in range(4):
            sorted_boxes[at, c] = boxes[row, c]


@njit(cache=True, nogil=True)
def search(index, x0, y0, x1, y1, most, found):  # type: ignore[no-untyped-def]
    """Rows whose box shares more than an edge with the box given, in rising order.

    ``found`` is scratch space; returns it (perhaps a larger one) and how many rows it holds. The search ends early
    when there are more than ``most``.
    """
    n = search_into(index, x0, y0, x1, y1, most, found)
    if n > len(found) and n <= most:
        found = np.empty(2 * n, np.int32)
        n = search_into(index, x0, y0, x1, y1, most, found)
    return found, n


@inner()
def search_into(index, x0, y0, x1, y1, most, found):  # type: ignore[no-untyped-def]
    """How many rows :func:`search` finds; if ``found`` has room for so many, they are in it."""
    n = 0
    boxes, item, room = index.boxes, index.item, len(found)
    for lv in range(len(index.cells)):
        cell, reach, mask, base = index.cells[lv], index.reach[lv], index.mask[lv], index.bucket[lv]
        cx0, cx1 = cell_number(x0 - reach, cell), cell_number(x1 + reach, cell)
        cy0, cy1 = cell_number(y0 - reach, cell), cell_number(y1 + reach, cell)
        first, last = index.filed[lv], index.filed[lv + 1]
        if cx1 - cx0 >= mask or np.float64(cx1 - cx0 + 1) * np.float64(cy1 - cy0 + 1) > 2 * (last - first):
            # more cells than boxes: look at every box of this size
            for k in range(first, last):
                if _meets(boxes, k, x0, y0, x1, y1):
                    if n < room:
                        found[n] = item[k]
                    n += 1
                    if n > most:
                        return n
            continue
        for cy in range(cy0, cy1 + 1):
            begin = (cx0 + cy * _ROW) & mask
            end = begin + (cx1 - cx0)
            # a row of cells that runs over the end of the table goes on at its beginning
            for turn in range(1 if end <= mask else 2):
                b0 = begin if turn == 0 else 0
                b1 = min(end, mask) if turn == 0 else end - mask - 1
                for k in range(index.starts[base + b0], index.starts[base + b1 + 1]):
                    if not _meets(boxes, k, x0, y0, x1, y1):
                        continue
                    # several rows of cells share a bucket: take the box only in its own
                    if cell_number(0.5 * (boxes[k, 1] + boxes[k, 3]), cell) == cy:
                        if n < room:
                            found[n] = item[k]
                        n += 1
                        if n > most:
                            return n
    if n <= room:
        _sort(found, n)
    return n


@inner()
def _sort(numbers, n):  # type: ignore[no-untyped-def]
    """Put the first ``n`` in rising order (Shell's way: as quick as can be for a few, quick enough for many)."""
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for k in range(gap, n):
            value = numbers[k]
            p = k - gap
            while p >= 0 and numbers[p] > value:
                numbers[p + gap] = numbers[p]
                p -= gap
            numbers[p + gap] = value
        gap //= 3


@inner()
def boxes_meet(box, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    """Whether two boxes share more than an edge; a box of NaN meets nothing."""
    return (box[0] < x1) & (box[2] > x0) & (box[1] < y1) & (box[3] > y0)


@inner()
def _meets(boxes, k, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    return (boxes[k, 0] < x1) & (boxes[k, 2] > x0) & (boxes[k, 1] < y1) & (boxes[k, 3] > y0)


@njit(cache=True, nogil=True)
def meeting(index, boxes):  # type: ignore[no-untyped-def]
    """(n,) bool: which of (n, 4) boxes meet any of the index; a box of NaN meets none."""
    out, found = np.zeros(len(boxes), np.bool_), np.empty(16, np.int32)
    for row in range(len(boxes)):
        if boxes[row, 0] <= boxes[row, 2]:
            out[row] = search_into(index, boxes[row, 0], boxes[row, 1], boxes[row, 2], boxes[row, 3], 0, found) > 0
    return out
