"""Rows with exactly the same geometry, wherever their rings begin and whichever way they run."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner
from panhuo.land.polygons import Polygons
from panhuo.land.threads import in_chunks


def duplicates(polygons: Polygons, *, threads: int | None = None) -> NDArray[np.int32]:
    """For each row the first row with the same set of edges, itself if there is none before: (n,) int32.

    The start and the direction of rings, the order of parts and repeated points make no difference. Rows without
    geometry are their own. Compared by two independent 64-bit sums over the edges.
    """
    n = len(polygons)
    sums = np.zeros((n, 2), np.uint64)
    bits = np.ascontiguousarray(polygons.coords).view(np.uint64)

    def work(first: int, last: int) -> None:
        _edge_sums(bits, polygons.rings, polygons.geoms, first, last, sums)

    in_chunks(work, n, chunk=16_384, threads=threads)
    first = np.arange(n, dtype=np.int32)
    order = np.argsort(sums[:, 0], kind="stable")
    again = np.flatnonzero(sums[order[1:], 0] == sums[order[:-1], 0])
    if len(again):
        _same_as_before(order, sums, polygons.geoms, first)
    return first


@inner()
def _mixed(h):  # type: ignore[no-untyped-def]
    h ^= h >> np.uint64(31)
    h *= np.uint64(0x7FB5D329728EA185)
    h ^= h >> np.uint64(27)
    h *= np.uint64(0x81DADEF4BC2DD44D)
    return h ^ (h >> np.uint64(33))


@inner()
def _point(bits, p):  # type: ignore[no-untyped-def]
    minus_zero = np.uint64(0x8000000000000000)
    x, y = bits[p, 0], bits[p, 1]
    x = np.uint64(0) if x == minus_zero else x
    y = np.uint64(0) if y == minus_zero else y
    return _mixed(x * np.uint64(0x9E3779B97F4A7C15) + _mixed(y + np.uint64(0x632BE59BD9B4E019)))


@njit(cache=True, nogil=True)
def _edge_sums(bits, rings, geoms, first, last, sums):  # type: ignore[no-untyped-def]
    for row in range(first, last):
        one, two = np.uint64(0), np.uint64(0)
        for ring in range(geoms[row], geoms[row + 1]):
            before = _point(bits, rings[ring])
            for p in range(rings[ring] + 1, rings[ring + 1]):
                here = _point(bits, p)
                if here != before:
                    edge = _mixed(here + before)
                    one += edge
                    two += _mixed(edge ^ (here ^ before))
                before = here
        sums[row, 0], sums[row, 1] = one, two


@njit(cache=True, nogil=True)
def _same_as_before(order, sums, geoms, first):  # type: ignore[no-untyped-def]
    """Rows of one first sum lie together and in rising order: give each the first of them that is like it."""
    start = 0
    while start < len(order):
        end = start + 1
        while end < len(order) and sums[order[end], 0] == sums[order[start], 0]:
            end += 1
        for k in range(start + 1, end):
            row = order[k]
            if geoms[row] == geoms[row + 1]:
                continue
            for m in range(start, k):
                other = order[m]
                if first[other] == other and sums[other, 1] == sums[row, 1] and geoms[other] < geoms[other + 1]:
                    first[row] = other
                    break
        start = end
