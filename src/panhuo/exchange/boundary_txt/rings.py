"""From the points of the plots to rings, and from rings to polygons by containment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Up to this many rings in one plot every pair is compared; beyond it a tree finds the pairs.
_ALL_PAIRS = 16
#: A plot with more pairs of rings, one within the box of the other, is no plot but a spoilt file.
_MOST_PAIRS = 2_000_000


@dataclass(frozen=True, slots=True)
class Rings:
    """``r`` rings over the points of the file.

    first, last : (r,)  index of the first point and one past the last distinct point (the closing point left out)
    plot        : (r,)  index of the plot
    area        : (r,)  planar area without sign, in squared coordinate units
    """

    first: Ints
    last: Ints
    plot: Ints
    area: Floats


@dataclass(frozen=True, slots=True)
class Assembled:
    """What the rings of ``n`` plots make.

    geometry  : (n,)  polygons and multipolygons, None where a plot has no ring
    area      : (n,)  planar areas, in squared coordinate units
    doubled   : rings that repeat another ring of their plot (left out: twice the same ring would cancel itself)
    tangled   : plots with so many rings over one another that they were not built
    """

    geometry: NDArray[np.object_]
    area: Floats
    doubled: list[int]
    tangled: list[int]


@dataclass(frozen=True, slots=True)
class Split:
    """Rings and what was met: closing points, closings that miss the first point, rings too small, doubled points."""

    rings: Rings
    closings: Ints
    open_closings: list[tuple[int, int]]
    degenerate: Ints
    repeated: Ints


def split(plot: Ints, label: Ints, name: Ints, x: Floats, y: Floats) -> Split:
    """Cut the points of each plot into rings.

    A ring ends where the ring number changes, and at a point that repeats the ring's first point (by place, or by name
    when the writer restarts the numbers in each ring without changing the ring number). All arrays (p,), in file order.
    """
    count = len(plot)
    if not count:
        none = np.zeros(0, np.int64)
        return Split(Rings(none, none, none, np.zeros(0)), none, [], none, none)
    change = np.ones(count, np.bool_)
    change[1:] = (plot[1:] != plot[:-1]) | (label[1:] != label[:-1])
    begin = np.flatnonzero(change)
    end = np.append(begin[1:], count)
    group = np.cumsum(change) - 1
    origin = begin[group]
    place = np.arange(count) - origin
    same_place = (x == x[origin]) & (y == y[origin]) & (place > 0)
    match = same_place | ((name == name[origin]) & (name >= 0) & (place > 0))
    matches = np.add.reduceat(match.astype(np.int64), begin)
    tail = end - 1
    plain = (matches == 0) | ((matches == 1) & same_place[tail] & (place[tail] >= 3))
    closed = plain & (matches == 1)
    first, last = [begin[plain]], [np.where(closed, tail, end)[plain]]
    closings = [tail[closed]]
    open_closings: list[tuple[int, int]] = []
    for b, e in zip(begin[~plain].tolist(), end[~plain].tolist(), strict=True):
        cuts, ends, missed = _walk(b, e, name, x, y)
        first.append(np.array([c[0] for c in cuts], np.int64))
        last.append(np.array([c[1] for c in cuts], np.int64))
        closings.append(np.array(ends, np.int64))
        open_closings.extend(missed)
    start, stop = np.concatenate(first), np.concatenate(last)
    order = np.argsort(start, kind="stable")
    start, stop = start[order], stop[order]
    repeated = _repeated(start, stop, x, y)
    area, distinct, flat = _area(start, stop, x, y, repeated)
    sound = (distinct >= 3) & ~flat
    rings = Rings(start[sound], stop[sound], plot[start[sound]], area[sound])
    return Split(rings, np.concatenate(closings), open_closings, start[~sound], repeated)


def _walk(
    b: int, e: int, name: Ints, x: Floats, y: Floats
) -> tuple[list[tuple[int, int]], list[int], list[tuple[int, int]]]:
    """One run of points with the same ring number, point by point: several rings may hide in it."""
    cuts: list[tuple[int, int]] = []
    closings: list[int] = []
    missed: list[tuple[int, int]] = []
    start, k = b, b + 1
    while k < e:
        far = k - start >= 3
        if far and x[k] == x[start] and y[k] == y[start]:
            cuts.append((start, k))
            closings.append(k)
            start, k = k + 1, k + 2
            # a closing point written twice
            while (
                start < e
                and x[start] == x[k - 2]
                and y[start] == y[k - 2]
                and (start + 1 == e or _same(start, start + 1, x, y))
            ):
                closings.append(start)
                start, k = start + 1, k + 1
            continue
        if far and name[k] == name[start] and name[k] >= 0 and name[start + 1] != name[start]:
            cuts.append((start, k))
            if e - k >= 3 and name[k + 1] == name[start + 1]:
                start, k = k, k + 1  # the numbers start again: a new ring, the one before was not closed
                continue
            closings.append(k)
            missed.append((start, k))
            start, k = k + 1, k + 2
            continue
        k += 1
    if start < e:
        cuts.append((start, e))
    return cuts, closings, missed


def _same(i: int, j: int, x: Floats, y: Floats) -> bool:
    return bool(x[i] == x[j] and y[i] == y[j])


def _repeated(start: Ints, stop: Ints, x: Floats, y: Floats) -> Ints:
    """Points at the same place as the point before them in their ring."""
    same = np.zeros(len(x), np.bool_)
    same[1:] = (x[1:] == x[:-1]) & (y[1:] == y[:-1])
    same[start] = False
    inside = np.zeros(len(x) + 1, np.int64)
    np.add.at(inside, start, 1)
    np.add.at(inside, stop, -1)
    return np.flatnonzero(same & (np.cumsum(inside)[:-1] > 0))


def _area(start: Ints, stop: Ints, x: Floats, y: Floats, repeated: Ints) -> tuple[Floats, Ints, NDArray[np.bool_]]:
    """Area of each ring by the shoelace formula about its first point (keeps the digits), its number of distinct
    points, and whether they lie on one line. A bow tie has no area and is not flat: it is kept as delivered.
    """
    size = stop - start
    index, ring = ring_points(start, stop)
    following = index + 1
    ends = np.cumsum(size)
    following[ends - 1] = start
    ox, oy = x[start][ring], y[start][ring]
    cross = (x[index] - ox) * (y[following] - oy) - (x[following] - ox) * (y[index] - oy)
    area = np.abs(np.add.reduceat(cross, ends - size)) / 2 if len(start) else np.zeros(0)
    flat = np.maximum.reduceat(np.abs(cross), ends - size) == 0 if len(start) else np.zeros(0, np.bool_)
    doubled = np.zeros(len(x), np.int64)
    doubled[repeated] = 1
    fewer = np.add.reduceat(doubled[index], ends - size) if len(start) else np.zeros(0, np.int64)
    return area, size - fewer, flat


def ring_points(start: Ints, stop: Ints) -> tuple[Ints, Ints]:
    """The point indices of all rings one after another, and the ring of each: two arrays (sum of sizes,)."""
    size = stop - start
    ring = np.repeat(np.arange(len(start)), size)
    offset = np.arange(len(ring)) - np.repeat(np.cumsum(size) - size, size)
    return start[ring] + offset, ring


def assemble(rings: Rings, x: Floats, y: Floats, plots: int) -> Assembled:
    """Polygons of the plots by even-odd containment: a ring inside an odd number of rings is a hole, else a part."""
    out = np.full(plots, None, dtype=np.object_)
    areas = np.zeros(plots)
    if not len(rings.plot):
        return Assembled(out, areas, [], [])
    index, ring = ring_points(rings.first, rings.last)
    lines = shapely.linearrings(np.column_stack([x[index], y[index]]), indices=ring)
    depth = np.zeros(len(lines), np.int64)
    parent = np.full(len(lines), -1, np.int64)
    doubled = np.zeros(len(lines), np.bool_)
    outer, inner, tangled = _containment(lines, rings.plot)
    if len(outer):
        twin = _twins(outer, inner)
        doubled[inner[twin & (outer < inner)]] = True
        real = ~doubled[outer] & ~doubled[inner]
        outer, inner = outer[real], inner[real]
        np.add.at(depth, inner, 1)
        near = depth[outer] == depth[inner] - 1
        outer, inner = outer[near], inner[near]
        small_last = np.argsort(-rings.area[outer], kind="stable")
        parent[inner[small_last]] = outer[small_last]
    hole = (depth % 2 == 1) & ~doubled & (parent >= 0)
    shell = ~hole & ~doubled
    owner = np.where(hole, parent, np.arange(len(lines)))
    used = np.flatnonzero(shell | hole)
    order = used[np.lexsort((hole[used], owner[used]))]
    number = np.full(len(lines), -1, np.int64)
    shells = np.flatnonzero(shell)
    number[shells] = np.arange(len(shells))
    parts = shapely.polygons(lines[order], indices=number[owner[order]])
    np.add.at(areas, rings.plot[used], np.where(hole[used], -rings.area[used], rings.area[used]))
    of_plot = rings.plot[shells]
    several = np.bincount(of_plot, minlength=plots) > 1
    single = ~several[of_plot]
    out[of_plot[single]] = parts[single]
    if several.any():
        many = np.flatnonzero(several)
        place = np.searchsorted(many, of_plot[~single])
        out[many] = shapely.multipolygons(parts[~single], indices=place)
    out[tangled] = None
    return Assembled(out, areas, np.flatnonzero(doubled).tolist(), tangled)


def _containment(lines: NDArray[np.object_], plot: Ints) -> tuple[Ints, Ints, list[int]]:
    """Pairs (outer, inner) of rings of one plot where the first covers the second, and plots with too many of them."""
    begin = np.flatnonzero(np.append(True, plot[1:] != plot[:-1]))
    size = np.diff(np.append(begin, len(plot)))
    pairs: list[tuple[Ints, Ints]] = []
    tangled: list[int] = []
    polygons: NDArray[np.object_] = shapely.polygons(lines)
    box = shapely.bounds(polygons)

    def within(outer: Ints, inner: Ints) -> tuple[Ints, Ints]:
        low, high = box[outer, :2] <= box[inner, :2], box[outer, 2:] >= box[inner, 2:]
        fits = low.all(axis=1) & high.all(axis=1) & (outer != inner)
        return outer[fits], inner[fits]

    for n in np.unique(size[(size > 1) & (size <= _ALL_PAIRS)]).tolist():
        base = begin[size == n]
        i, j = np.divmod(np.arange(n * n), n)
        pairs.append(within((base[:, None] + i).ravel(), (base[:, None] + j).ravel()))
    for b, n in zip(begin[size > _ALL_PAIRS].tolist(), size[size > _ALL_PAIRS].tolist(), strict=True):
        tree = shapely.STRtree(polygons[b : b + n])
        found: list[tuple[Ints, Ints]] = []
        raw = kept = 0
        for at in range(b, b + n, 200):
            left, right = tree.query(polygons[at : min(at + 200, b + n)])
            found.append(within(left + at, right + b))
            raw, kept = raw + len(left), kept + len(found[-1][0])
            if kept > _MOST_PAIRS or raw > 20 * _MOST_PAIRS:
                tangled.append(int(plot[b]))
                found = []
                break
        pairs += found
    if not pairs:
        none = np.zeros(0, np.int64)
        return none, none, tangled
    one, two = (np.concatenate([p[k] for p in pairs]) for k in (0, 1))
    if len(one) > 4 * len(polygons):
        shapely.prepare(polygons)
    held = _covers(polygons, one, two)
    return one[held], two[held], tangled


def _covers(polygons: NDArray[np.object_], one: Ints, two: Ints) -> NDArray[np.bool_]:
    try:
        return np.asarray(shapely.covers(polygons[one], polygons[two]), np.bool_)
    except (
        shapely.errors.GEOSException
    ):  # a self-crossing ring: ask pair by pair, and of a point for the pair that fails
        held = np.zeros(len(one), np.bool_)
        for k, (a, b) in enumerate(zip(one.tolist(), two.tolist(), strict=True)):
            try:
                held[k] = shapely.covers(polygons[a], polygons[b])
            except shapely.errors.GEOSException:
                held[k] = shapely.covers(shapely.convex_hull(polygons[a]), polygons[b])
        return held


def _twins(outer: Ints, inner: Ints) -> NDArray[np.bool_]:
    """Pairs whose mirror image is there too: the two rings cover each other."""
    width = int(max(outer.max(), inner.max())) + 1
    return np.isin(outer * width + inner, inner * width + outer)
