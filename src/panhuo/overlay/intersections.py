"""Areas of intersection of two layers, pair by pair."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner
from panhuo.land.polygons import EMPTY, MISSING, Polygons
from panhuo.land.threads import in_chunks
from panhuo.overlay.grid import NO_LIMIT, boxes_meet, index_boxes, search_into, walking_order
from panhuo.overlay.integral import (
    EDGE_ROWS,
    LEFT,
    LONG,
    RIGHT,
    SIGN,
    SLOPE,
    Y,
    all_edges,
    edges_in_window,
    fits,
    integral,
    integral_once,
    long_integral,
    room,
)
from panhuo.overlay.prepared import prepare
from panhuo.overlay.tiles import MIXED, winding_in
from panhuo.progress import Progress, silent

_CHUNK = 2_048

#: Shares of the smaller polygon's box that are rounding, not area (neighbours that only touch would give them).
ROUNDING = 1e-13
#: A row with more rings than this is searched ring by ring.
MANY_RINGS = 8


Found = tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of rows that share area, sorted by ``left``, then ``right``.

    left, right : (k,) int32   rows of the two layers (of one layer, left < right)
    area        : (k,) float64 shared area in squared units of the coordinates
    skipped_left, skipped_right : int32   rows that took no part because they cannot be computed: no polygon,
                                unreadable, or a coordinate that is not finite (missing and empty rows are not listed)
    """

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    area: NDArray[np.float64]
    skipped_left: NDArray[np.int32]
    skipped_right: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.area)

    @property
    def skipped(self) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Rows left out of the left and of the right layer."""
        return self.skipped_left, self.skipped_right


def intersections(
    a: Polygons,
    b: Polygons,
    *,
    minimum: float = 0.0,
    threads: int | None = None,
    progress: Progress = silent,
) -> Pairs:
    """Area of intersection of every pair of a row of ``a`` with a row of ``b``.

    Both layers in the same reference system; areas come in its squared units (m² for metres). A pair is given when
    its area is greater than ``minimum`` and than rounding (1e-13 of the smaller box). Exact to rounding for valid
    polygons; an invalid ring is taken with its winding number (a part covered twice counts twice) and never raises.
    The answer does not depend on ``threads``.
    """
    left, right, area = _overlay(a, b, minimum, threads, progress)
    return Pairs(left, right, area, skipped_rows(a), skipped_rows(b))


def skipped_rows(polygons: Polygons) -> NDArray[np.int32]:
    """Rows that hold something, but nothing that an area can be computed of."""
    out = np.isnan(polygons.bounds[:, 0]) & (polygons.state != MISSING) & (polygons.state != EMPTY)
    return np.flatnonzero(out).astype(np.int32)


def _overlay(a: Polygons, b: Polygons, minimum: float, threads: int | None, progress: Progress) -> Found:
    # The larger layer walks, the smaller is searched: a layer of three counties must not be one thread's work.
    turned = len(a) * 8 < len(b)
    walked = prepare(b if turned else a, threads=threads)
    whole = a if turned else b
    apart, row_of = _rings_apart(whole)
    searched = prepare(apart, threads=threads)
    index = index_boxes(searched.boxes)
    rows = walking_order(walked.boxes)
    least = minimum if apart is whole else 0.0

    def work(first: int, last: int) -> Found:
        found: tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.int32]] = overlay_rows(
            walked, searched, index, rows[first:last], walked.boxes, False, least, ROUNDING, NO_LIMIT
        )
        return found[:3]

    parts = in_chunks(work, len(rows), chunk=_CHUNK, threads=threads, progress=progress, step="叠加")
    left, right, area = join_parts(parts)
    if apart is not whole:
        left, right, area = _rings_together(left, row_of[right], area, walked.boxes, whole.bounds, minimum)
    area = np.abs(area)
    order = np.lexsort((left, right)) if turned else np.argsort(left, kind="stable")
    return (right[order], left[order], area[order]) if turned else (left[order], right[order], area[order])


def _rings_apart(polygons: Polygons) -> tuple[Polygons, NDArray[np.int32]]:
    """The rings of rows that have many of them as rows of their own, holes counting less than nothing, and the row that
    each came from. ``polygons`` itself where no row has many.

    The red line of a county is one row of two thousand parts: its box meets every parcel, its parts meet few. Areas of
    intersection are sums over rings, so they may be looked at one by one.
    """
    counts = np.diff(polygons.geoms)
    many = (counts > MANY_RINGS) & ~np.isnan(polygons.bounds[:, 0])
    if not many.any():
        return polygons, np.zeros(0, np.int32)
    kept = polygons._kept.get("rings_apart")
    if kept is None:
        items = np.where(many, counts, 1)
        row_of = np.repeat(np.arange(len(polygons), dtype=np.int32), items)
        step = np.arange(len(row_of)) - np.repeat(np.cumsum(items) - items, items)
        geoms = np.append(polygons.geoms[row_of] + step, polygons.geoms[-1])
        apart = Polygons(polygons.coords, polygons.rings, polygons.holes, geoms, polygons.state[row_of])
        kept = polygons._kept["rings_apart"] = (apart, row_of)
    out: tuple[Polygons, NDArray[np.int32]] = kept
    return out


def _rings_together(
    left: NDArray[np.int32], right: NDArray[np.int32], area: NDArray[np.float64],
    left_boxes: NDArray[np.float64], right_boxes: NDArray[np.float64], minimum: float,
) -> Found:  # fmt: skip
    """One pair for the rings of one row (they lie together): their sum, where it is more than rounding."""
    if not len(area):
        return left, right, area
    first = np.flatnonzero(np.diff(left, prepend=-1) | np.diff(right, prepend=-1))
    total = np.add.reduceat(area, first)
    left, right = left[first], right[first]
    smaller = np.minimum(_box_areas(left_boxes)[left], _box_areas(right_boxes)[right])
    # a hole that takes away what its shell gave leaves the rounding of both
    kept = (np.abs(total) > minimum) & (np.abs(total) > 4 * ROUNDING * smaller)
    return left[kept], right[kept], total[kept]


def _box_areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    out: NDArray[np.float64] = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return out


def join_parts(parts: list[Found]) -> Found:
    """The chunks' pairs as one."""
    if not parts:
        return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0)
    return (
        np.concatenate([p[0] for p in parts]),
        np.concatenate([p[1] for p in parts]),
        np.concatenate([p[2] for p in parts]),
    )


@njit(cache=True, nogil=True)
def _grown(array, need):  # type: ignore[no-untyped-def]
    more = np.empty(max(need, 2 * len(array)), array.dtype)
    more[: len(array)] = array
    return more


#: Why :func:`_walk` stopped.
_DONE, _ROWS, _PAIRS, _CROWDED, _EDGES, _LONG_PAIR = range(6)
#: What it remembers: place among the rows and among what was found, how much was found, pairs and crowded rows so far,
#: and how many edges of the row lie ready (-1: they have not been made).
_PLACE, _AT, _HITS, _COUNT, _CROWDS, _READY = range(6)


@njit(cache=True, nogil=True)
def overlay_rows(a, b, index, rows, reach, same, minimum, rounding, most):  # type: ignore[no-untyped-def]
    """Pairs of the given rows of ``a`` with those of ``b`` that meet a row's box in ``reach``.

    With ``same`` the layers are one, and a pair that both of its rows would find is given once.
    Areas have a sign: that of a hole which stands as a row of its own is negative, an invalid ring may give any.

    Rows whose box meets more than ``most`` others are not worked on but handed back as the last array.
    """
    left, right, area = np.empty(4096, np.int32), np.empty(4096, np.int32), np.empty(4096)
    found, crowded = np.empty(256, np.int32), np.empty(16, np.int32)
    own, other, window = np.empty((EDGE_ROWS, 64)), np.empty((EDGE_ROWS, 64)), np.empty((EDGE_ROWS, 64))
    state = np.array([0, 0, -1, 0, 0, -1])
    while True:
        # all the work is done in there; only arrays that have become too small are made here
        why = _walk(
            a, b, index, rows, reach, same, minimum, rounding, most,
            state, found, own, other, window, left, right, area, crowded,
        )  # fmt: skip
        if why == _DONE:
            break
        i = rows[state[_PLACE]]
        if why == _ROWS:
            found = np.empty(2 * state[_HITS], np.int32)
            state[_HITS] = -1
        elif why == _PAIRS:
            need = state[_COUNT] + state[_HITS]
            left, right, area = _grown(left, need), _grown(right, need), _grown(area, need)
        elif why == _CROWDED:
            crowded = _grown(crowded, len(crowded) + 1)
        elif why == _EDGES:
            corners, most_corners = _corners(a, i), _most_corners(b, found, state[_HITS])
            own, other = room(own, corners), room(other, most_corners)
            window = room(window, 2 * max(corners, most_corners))
        else:
            # two long lists of edges: their order is made here, where arrays can be
            j = found[state[_AT]]
            shared, least = _area_of_long_pair(a, i, b, j, rounding, own, other, window)
            if abs(shared) > minimum and abs(shared) > least:
                k = state[_COUNT]
                left[k], right[k], area[k] = i, j, shared
                state[_COUNT] += 1
            state[_AT] += 1
            state[_READY] = -1
    count, crowds = state[_COUNT], state[_CROWDS]
    return left[:count].copy(), right[:count].copy(), area[:count].copy(), crowded[:crowds].copy()


@inner()
def _walk(  # type: ignore[no-untyped-def]
    a, b, index, rows, reach, same, minimum, rounding, most,
    state, found, own, other, window, left, right, area, crowded,
):  # fmt: skip
    """Go on with :func:`overlay_rows` from where ``state`` says, until all is done or an array is too small."""
    while state[_PLACE] < len(rows):
        i = rows[state[_PLACE]]
        if state[_HITS] < 0:
            hits = np.int64(0)
            if a.boxes[i, 0] <= a.boxes[i, 2]:
                hits = search_into(index, reach[i, 0], reach[i, 1], reach[i, 2], reach[i, 3], most, found)
            if hits > most:
                if state[_CROWDS] == len(crowded):
                    return _CROWDED
                crowded[state[_CROWDS]] = i
                state[_CROWDS] += 1
                hits = np.int64(0)
            state[_HITS], state[_AT], state[_READY] = hits, 0, -1
            if hits > len(found):
                return _ROWS
        hits = state[_HITS]
        if hits > 0:
            if state[_COUNT] + hits > len(area):
                return _PAIRS
            corners, most_corners = _corners(a, i), _most_corners(b, found, hits)
            if (
                not fits(own, corners)
                or not fits(other, most_corners)
                or not fits(window, 2 * max(corners, most_corners))
            ):
                return _EDGES
            if not _areas_of_row(a, b, i, found, reach, same, minimum, rounding, state, own, window, left, right, area):
                return _LONG_PAIR
        state[_PLACE] += 1
        state[_HITS] = -1
    return _DONE


@inner()
def _corners(layer, row):  # type: ignore[no-untyped-def]
    return layer.rings[layer.geoms[row + 1]] - layer.rings[layer.geoms[row]]


@inner()
def _most_corners(layer, rows, n):  # type: ignore[no-untyped-def]
    most = 0
    for h in range(n):
        most = max(most, _corners(layer, rows[h]))
    return most


@inner()
def _is_window(a, i, b, j):  # type: ignore[no-untyped-def]
    """Whether the box of ``a``'s row is the window that the other polygon is cut to (it is hardly larger)."""
    aw, ah = a.boxes[i, 2] - a.boxes[i, 0], a.boxes[i, 3] - a.boxes[i, 1]
    bw, bh = b.boxes[j, 2] - b.boxes[j, 0], b.boxes[j, 3] - b.boxes[j, 1]
    return aw * ah <= 2.0 * bw * bh


@inner()
def _areas_of_row(  # type: ignore[no-untyped-def]
    a, b, i, found, reach, same, minimum, rounding, state, own, window, left, right, area
):  # fmt: skip
    """Shared areas of ``a``'s row with what was found; False before a pair whose lists of edges are both long."""
    ax0, ay0, ax1, ay1 = a.boxes[i, 0], a.boxes[i, 1], a.boxes[i, 2], a.boxes[i, 3]
    aw, ah = ax1 - ax0, ay1 - ay0
    edges, count = state[_READY], state[_COUNT]
    for h in range(state[_AT], state[_HITS]):
        j = found[h]
        if same and (j == i or (j < i and boxes_meet(reach[j], ax0, ay0, ax1, ay1))):
            continue
        shared, long = 0.0, False
        if _is_window(a, i, b, j):
            least = rounding * aw * ah
            winding = winding_in(b.tiles, j, ax0, ay0, ax1, ay1)
            if winding != MIXED:
                shared = winding * a.areas[i]
            else:
                m = edges_in_window(b, j, ax0, ay0, aw, ah, window)
                if _covers(window, m, aw, ah):
                    shared = a.areas[i] * window[SIGN, 0]
                elif m > 0:
                    # all edges are made once, and not for a polygon that others cover or miss
                    if edges < 0:
                        edges = all_edges(a, i, ax0, ay0, own)
                    long = m > LONG and edges > LONG
                    if not long:
                        shared = integral(own, edges, window, m)
        else:
            bx0, by0 = b.boxes[j, 0], b.boxes[j, 1]
            bw, bh = b.boxes[j, 2] - bx0, b.boxes[j, 3] - by0
            least = rounding * bw * bh
            winding = winding_in(a.tiles, i, bx0, by0, bx0 + bw, by0 + bh)
            if winding != MIXED:
                shared = winding * b.areas[j]
            else:
                m = edges_in_window(a, i, bx0, by0, bw, bh, window)
                if _covers(window, m, bw, bh):
                    shared = b.areas[j] * window[SIGN, 0]
                elif m > 0:
                    long = m > LONG and _corners(b, j) > LONG
                    if not long:
                        shared = integral_once(b, j, bx0, by0, window, m)
        if long:
            state[_AT], state[_READY], state[_COUNT] = h, edges, count
            return False
        if abs(shared) > minimum and abs(shared) > least:
            left[count], right[count], area[count] = i, j, shared
            count += 1
    state[_AT], state[_READY], state[_COUNT] = state[_HITS], edges, count
    return True


@njit(cache=True, nogil=True)
def _area_of_long_pair(a, i, b, j, rounding, own, other, window):  # type: ignore[no-untyped-def]
    """The area that two polygons of many edges share, and how much of it may be rounding."""
    if _is_window(a, i, b, j):
        return _area_in_window(a, i, b, j, rounding, own, window)
    return _area_in_window(b, j, a, i, rounding, other, window)


@njit(cache=True, nogil=True)
def _area_in_window(a, i, b, j, rounding, edges, window):  # type: ignore[no-untyped-def]
    x, y = a.boxes[i, 0], a.boxes[i, 1]
    width, height = a.boxes[i, 2] - x, a.boxes[i, 3] - y
    n = all_edges(a, i, x, y, edges)
    m = edges_in_window(b, j, x, y, width, height, window)
    return shared_area(edges, n, window, m, width, height, a.areas[i]), rounding * width * height


@inner()
def _covers(window, m, width, height):  # type: ignore[no-untyped-def]
    """The window holds one flat edge from side to side: no edge of the polygon enters it, and it is all inside."""
    return (
        m == 1
        and window[LEFT, 0] <= 0.0
        and window[RIGHT, 0] >= width
        and window[SLOPE, 0] == 0.0
        and window[Y, 0] >= height
    )


@njit(cache=True, nogil=True)
def shared_area(edges, n, window, m, width, height, whole):  # type: ignore[no-untyped-def]
    """The area of a polygon of ``n`` edges and area ``whole`` within another, of which ``window`` holds ``m`` edges."""
    if m == 0:
        return 0.0
    if _covers(window, m, width, height):
        return whole * window[SIGN, 0]
    return long_integral(edges, n, window, m) if m > LONG and n > LONG else integral(edges, n, window, m)
