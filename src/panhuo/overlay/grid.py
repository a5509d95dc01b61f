"""Which boxes meet a box: an index that neither long objects nor far outliers can spoil.

Every box is filed once, under the cell that holds its centre, in a grid whose cell is about as large as the box (one
grid for each size, a factor of four apart). A search looks, in each grid, at the cells within half a cell of the wanted
box. Cells are not laid out over the extent but folded into a table of buckets, so that one polygon at the other end of
the world costs nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

_STEP = 4.0
_ROW = 0x9E3779B1  # odd: rows of cells fall far apart, the cells of one row stay neighbours
_FAR = 4.0e15  # cell numbers beyond this are all one cell (whole numbers still exact in float64)


class BoxIndex(NamedTuple):
    """cell (levels,), first bucket (levels + 1,), bucket mask (levels,), items of each level (levels + 1,),
    starts (buckets + 1,), item (n,), boxes (n, 4) in the order of ``item``; extent (4,) of all boxes."""

    cells: NDArray[np.float64]
    bucket: NDArray[np.int64]
    mask: NDArray[np.int64]
    count: NDArray[np.int64]
    starts: NDArray[np.int64]
    item: NDArray[np.int32]
    boxes: NDArray[np.float64]


def index_boxes(boxes: NDArray[np.float64]) -> BoxIndex:
    """Index (n, 4) boxes; NaN boxes are left out."""
    rows = np.flatnonzero(~np.isnan(boxes[:, 0]))
    size = np.maximum(boxes[rows, 2] - boxes[rows, 0], boxes[rows, 3] - boxes[rows, 1])
    scale = max(float(np.max(np.abs(boxes[rows]))), 1e-200) if len(rows) else 1.0
    size = np.maximum(size, scale * 1e-14)  # a box without width is still somewhere
    level = np.ceil(np.log2(size) / np.log2(_STEP)).astype(np.int64)
    level = _merge_thin_levels(level)
    names, level = np.unique(level, return_inverse=True)
    cells = _STEP ** names.astype(np.float64)
    count = np.zeros(len(names) + 1, np.int64)
    np.cumsum(np.bincount(level, minlength=len(names)), out=count[1:])
    tables = np.array([1 << max(4, int(2 * n - 1).bit_length()) for n in np.diff(count)], dtype=np.int64)
    bucket = np.zeros(len(names) + 1, np.int64)
    np.cumsum(tables, out=bucket[1:])
    starts = np.zeros(int(bucket[-1]) + 1, np.int64)
    item, sorted_boxes = np.empty(len(rows), np.int32), np.empty((len(rows), 4))
    _file(boxes, rows, level, cells, bucket, tables - 1, starts, item, sorted_boxes)
    return BoxIndex(cells, bucket, tables - 1, count, starts, item, sorted_boxes)


def _merge_thin_levels(level: NDArray[np.int64]) -> NDArray[np.int64]:
    """File the boxes of a size that hardly occurs with the next larger size: each grid costs every search a look."""
    names, counts = np.unique(level, return_counts=True)
    least = max(64, len(level) // 50)
    moved = names.copy()
    carried = 0
    for k in range(len(names)):
        carried += counts[k]
        if carried >= least or k == len(names) - 1:
            moved[moved == names[k]] = names[k]
            carried = 0
        else:
            moved[moved == names[k]] = names[k + 1]
    return moved[np.searchsorted(names, level)] if len(names) else level


@njit(cache=True, nogil=True)
def cell_number(value, cell):  # type: ignore[no-untyped-def]
    """Whole number of the cell that ``value`` lies in."""
    return np.int64(np.floor(min(max(value / cell, -_FAR), _FAR)))


@njit(cache=True, nogil=True)
def _file(boxes, rows, level, cells, bucket, mask, starts, item, sorted_boxes):  # type: ignore[no-untyped-def]
    key = np.empty(len(rows), np.int64)
    for k in range(len(rows)):
        row, lv = rows[k], level[k]
        cx = cell_number(0.5 * (boxes[row, 0] + boxes[row, 2]), cells[lv])
        cy = cell_number(0.5 * (boxes[row, 1] + boxes[row, 3]), cells[lv])
        key[k] = bucket[lv] + ((cx + cy * _ROW) & mask[lv])
        starts[key[k] + 1] += 1
    for b in range(len(starts) - 1):
        starts[b + 1] += starts[b]
    place = starts[:-1].copy()
    for k in range(len(rows)):
        row = rows[k]
        at = place[key[k]]
        place[key[k]] += 1
        item[at] = row
        for c in range(4):
            sorted_boxes[at, c] = boxes[row, c]


@njit(cache=True, nogil=True)
def search(index, x0, y0, x1, y1, least, found):  # type: ignore[no-untyped-def]
    """Rows (at least ``least``) whose box shares more than an edge with the box given, in rising order.

    ``found`` is scratch space; returns it (perhaps a larger one) and how many rows it holds.
    """
    n = 0
    for lv in range(len(index.cells)):
        cell = index.cells[lv]
        half = 0.5 * cell
        cx0, cx1 = cell_number(x0 - half, cell), cell_number(x1 + half, cell)
        cy0, cy1 = cell_number(y0 - half, cell), cell_number(y1 + half, cell)
        here = index.count[lv + 1] - index.count[lv]
        wide = np.float64(cx1 - cx0 + 1) * np.float64(cy1 - cy0 + 1)
        if wide > here:
            # more cells than boxes: look at every box of this size
            for k in range(index.count[lv], index.count[lv + 1]):
                if _meets(index.boxes, k, x0, y0, x1, y1) and index.item[k] >= least:
                    found, n = _add(found, n, index.item[k])
            continue
        mask, base = index.mask[lv], index.bucket[lv]
        for cy in range(cy0, cy1 + 1):
            for cx in range(cx0, cx1 + 1):
                b = base + ((cx + cy * _ROW) & mask)
                for k in range(index.starts[b], index.starts[b + 1]):
                    if not _meets(index.boxes, k, x0, y0, x1, y1) or index.item[k] < least:
                        continue
                    # several cells share a bucket: take the box only when its own cell is looked at
                    own_x = cell_number(0.5 * (index.boxes[k, 0] + index.boxes[k, 2]), cell)
                    own_y = cell_number(0.5 * (index.boxes[k, 1] + index.boxes[k, 3]), cell)
                    if own_x == cx and own_y == cy:
                        found, n = _add(found, n, index.item[k])
    if n > 1:
        if n <= 24:
            for k in range(1, n):
                value = found[k]
                p = k - 1
                while p >= 0 and found[p] > value:
                    found[p + 1] = found[p]
                    p -= 1
                found[p + 1] = value
        else:
            found[:n].sort()
    return found, n


@njit(cache=True, nogil=True)
def _meets(boxes, k, x0, y0, x1, y1):  # type: ignore[no-untyped-def]
    return boxes[k, 0] < x1 and boxes[k, 2] > x0 and boxes[k, 1] < y1 and boxes[k, 3] > y0


@njit(cache=True, nogil=True)
def _add(found, n, row):  # type: ignore[no-untyped-def]
    if n == len(found):
        more = np.empty(2 * n, np.int32)
        more[:n] = found
        found = more
    found[n] = row
    return found, n + 1
