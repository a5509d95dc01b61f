"""Loose edges: what is left of a tiling's edges when those of neighbours have cancelled.

Land survey patches, townships or zones are to cover the land once. Then every edge runs there and back: once as one
polygon's border, once as its neighbour's. How often a place is covered changes nowhere but at edges that no other runs
against, the *loose* ones. So wherever two polygons overlap, the region that is covered twice or more has loose edges on
its border, and the owner of such an edge overlaps something right beside it. A search for overlaps may begin at the
loose edges; in a clean tiling these are few, and that is proof for all the rest.

Edges are compared bit by bit. One that is not found to cancel (a vertex on one side only, a hundredth of a millimetre
between the two) is loose and costs time, not truth.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner
from panhuo.land.threads import in_chunks
from panhuo.overlay.prepared import Prepared

#: Edges that are compared in one go, so that their table stays in the processor's cache.
_BLOCK: Final = 32_000
#: A layer of which more than this share of edges is loose in a sample of its blocks is no tiling.
_NO_TILING: Final = 0.3
_SAMPLES: Final = 8
#: An edge that meets so many others in the table is called loose: a pile on one lot must not cost its square.
_TRIES = 64
_WAITING, _CANCELLED = 1, 2


def loose_boxes(
    layer: Prepared, rows: NDArray[np.int32], whole: NDArray[np.bool_], *, threads: int | None = None
) -> NDArray[np.float64] | None:
    """(n, 4) the box of each row's loose edges, a hair wider; NaN for a row that has none. None where it is no tiling.

    ``rows`` take part, best as neighbours one after another. Rows marked in ``whole`` (shapes that cross themselves,
    whose sides nobody can tell) get the box of all of their edges, and theirs cancel no others.
    """
    rows = rows[~whole[rows]]
    chunk = max(1, int(_BLOCK * len(rows) / max(1, _corners(layer, rows))))
    state = np.zeros(len(layer.coords), np.uint8)
    bits = layer.coords.view(np.uint64)

    def work(first: int, last: int) -> NDArray[np.int64]:
        out: NDArray[np.int64] = _cancel(layer, bits, rows[first:last], state)
        return out

    step = max(1, len(rows) // chunk // _SAMPLES)
    samples = [(at, min(at + chunk, len(rows))) for at in range(0, len(rows), chunk * step)][:_SAMPLES]
    left = sum(len(work(first, last)) for first, last in samples)
    if left > _NO_TILING * sum(_corners(layer, rows[first:last]) for first, last in samples):
        return None
    state[:] = 0
    waiting = in_chunks(work, len(rows), chunk=chunk, threads=threads)
    edges = np.concatenate(waiting) if waiting else np.zeros((0, 3), np.int64)
    boxes = np.full((len(layer.geoms) - 1, 4), np.nan)
    boxes[whole] = layer.boxes[whole]
    _cancel_rest(layer, bits, edges, state, boxes)
    # a hair wider, so that what only touches a loose edge is met
    boxes[:, :2] = np.nextafter(boxes[:, :2], -np.inf)
    boxes[:, 2:] = np.nextafter(boxes[:, 2:], np.inf)
    return boxes


def _corners(layer: Prepared, rows: NDArray[np.int32]) -> int:
    return int((layer.rings[layer.geoms[rows + 1]] - layer.rings[layer.geoms[rows]]).sum())


@inner()
def _hash(bits, p):  # type: ignore[no-untyped-def]
    """A number for the point ``p``."""
    h = bits[p, 0] * np.uint64(0x9E3779B97F4A7C15)
    h ^= h >> np.uint64(32)
    h = (h + bits[p, 1]) * np.uint64(0xD6E8FEB86659FD93)
    return h ^ (h >> np.uint64(32))


@inner()
def _joins(coords, p, o, same):  # type: ignore[no-untyped-def]
    """Whether edge ``o`` joins the points of ``p`` and runs against it; ``same``: their rings have one direction."""
    a, b = (o + 1, o) if same else (o, o + 1)
    return (
        coords[p, 0] == coords[a, 0]
        and coords[p, 1] == coords[a, 1]
        and coords[p + 1, 0] == coords[b, 0]
        and coords[p + 1, 1] == coords[b, 1]
    )


@inner()
def _seek(coords, bits, p, sign, table, signs, mask, state):  # type: ignore[no-untyped-def]
    """The waiting edge that ``p`` cancels and whether it runs as ``p`` does; -1 after ``p`` was put down to wait."""
    k = (_hash(bits, p) + _hash(bits, p + 1)) & mask
    for _ in range(_TRIES):
        o = table[k]
        if o < 0:
            table[k], signs[k] = p, sign
            return -1, False
        same = signs[k] == sign
        if state[o] == _WAITING and _joins(coords, p, o, same):
            return o, same
        k = (k + np.uint64(1)) & mask
    return -1, False


@inner()
def _room(edges):  # type: ignore[no-untyped-def]
    """A table for so many edges: a power of two, at most half full."""
    size = 16
    while size < 2 * edges:
        size *= 2
    return size


@njit(cache=True, nogil=True)
def _cancel(layer, bits, rows, state):  # type: ignore[no-untyped-def]
    """Cancel edges among ``rows``: writes ``state``. Returns (k, 3) the edges that still wait: edge, row, direction."""
    coords, rings, geoms = layer.coords, layer.rings, layer.geoms
    total = 0
    for row in rows:
        total += rings[geoms[row + 1]] - rings[geoms[row]]
    size = _room(total)
    mask, table, signs = np.uint64(size - 1), np.full(size, -1, np.int64), np.empty(size, np.int8)
    left = 0
    for row in rows:
        for ring in range(geoms[row], geoms[row + 1]):
            sign = np.int8(layer.signs[ring])
            other, same = -1, False
            for p in range(rings[ring], rings[ring + 1] - 1):
                if coords[p, 0] == coords[p + 1, 0] and coords[p, 1] == coords[p + 1, 1]:
                    other = -1
                    continue
                if other >= 0:
                    # neighbours have more than one edge in common: try the next one of the same neighbour
                    other += -1 if same else 1
                    if other < 0 or state[other] != _WAITING or not _joins(coords, p, other, same):
                        other = -1
                if other < 0:
                    other, same = _seek(coords, bits, p, sign, table, signs, mask, state)
                if other >= 0:
                    state[p] = state[other] = _CANCELLED
                    left -= 1
                else:
                    state[p] = _WAITING
                    left += 1
    waiting = np.empty((left, 3), np.int64)
    n = 0
    for row in rows:
        for ring in range(geoms[row], geoms[row + 1]):
            for p in range(rings[ring], rings[ring + 1] - 1):
                if state[p] == _WAITING:
                    waiting[n, 0], waiting[n, 1], waiting[n, 2] = p, row, np.int64(layer.signs[ring])
                    n += 1
    return waiting


@njit(cache=True, nogil=True)
def _cancel_rest(layer, bits, waiting, state, boxes):  # type: ignore[no-untyped-def]
    """Cancel what waits in one block against what waits in others; what is left widens the ``boxes`` of its rows."""
    coords = layer.coords
    size = _room(len(waiting))
    mask, table, signs = np.uint64(size - 1), np.full(size, -1, np.int64), np.empty(size, np.int8)
    for k in range(len(waiting)):
        # the table holds only what waits, so that anything found in it does
        p, sign = waiting[k, 0], np.int8(waiting[k, 2])
        other, _ = _seek(coords, bits, p, sign, table, signs, mask, state)
        if other >= 0:
            state[p] = state[other] = _CANCELLED
    for k in range(len(waiting)):
        p, row = waiting[k, 0], waiting[k, 1]
        if state[p] != _WAITING:
            continue
        x0, x1 = min(coords[p, 0], coords[p + 1, 0]), max(coords[p, 0], coords[p + 1, 0])
        y0, y1 = min(coords[p, 1], coords[p + 1, 1]), max(coords[p, 1], coords[p + 1, 1])
        box = boxes[row]
        if box[0] <= box[2]:
            box[0], box[1], box[2], box[3] = min(box[0], x0), min(box[1], y0), max(box[2], x1), max(box[3], y1)
        else:
            box[0], box[1], box[2], box[3] = x0, y0, x1, y1
