"""Tessellations: rectangles on a lattice, cut by streets, bent into ground, with every T-junction a vertex.

All rectangles are ``(n, 4)`` int64 ``west, south, east, north`` on a lattice of one metre; cuts fall on even metres
only.
So two vertices of a layer coincide or lie at least a metre apart before bending, and two neighbours always have the
same vertices along their common edge: the polygons of one call tile their ground without gap or overlap.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panhuo.land.polygons import Polygons
from panhuo.land.threads import in_chunks

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SHIFT = np.int64(1) << 24
#: So many points are bent at a time: their arrays stay in the processor's cache.
_CHUNK = 32_768
#: So many rectangles are outlined at a time.
_RECTS = 8_192
WEST, SOUTH, EAST, NORTH = range(4)


@dataclass(frozen=True, slots=True)
class Bend:
    """A smooth one-to-one bending of the plane: a sum of sine waves, gentle enough never to fold.

    ``waves`` is (k, 6): amplitude in metres, wave vector (x, y) in radians per metre, the two phases, and the factor
    of the second component's frequency.
    """

    waves: Floats
    origin: tuple[float, float]

    def __call__(self, x: Floats, y: Floats, threads: int | None = None) -> Floats:
        """Ground coordinates (n, 2) in metres, kept to the millimetre, of lattice coordinates in metres."""
        out = np.empty((len(x), 2))

        def bend(first: int, last: int) -> None:
            part = slice(first, last)
            a, b = x[part], y[part]
            east, north = a.astype(np.float64), b.astype(np.float64)
            for amplitude, kx, ky, p, q, factor in self.waves:
                phase = a * kx + b * ky
                east += amplitude * np.sin(phase + p)
                north += amplitude * np.cos(phase * factor + q)
            out[part, 0] = np.round(east + self.origin[0], 3)
            out[part, 1] = np.round(north + self.origin[1], 3)

        in_chunks(bend, len(x), chunk=_CHUNK, threads=threads)
        return out


def make_bend(side: float, origin: tuple[float, float], seed: int, fine: int, fine_amplitude: float = 0.3) -> Bend:
    """A bend for a district ``side`` metres wide: broad curves, the sway of streets, and the unevenness of boundaries.

    ``fine`` seeds the last part alone, so that two layers can follow each other with small offsets.
    """
    rows: list[list[float]] = []

    def add(rng: np.random.Generator, amplitude: float, length: float) -> None:
        angle = rng.uniform(0, 2 * np.pi)
        k = 2 * np.pi / length
        rows.append(
            [amplitude, k * np.cos(angle), k * np.sin(angle), *rng.uniform(0, 2 * np.pi, 2), rng.uniform(0.85, 1.1)]
        )

    broad = np.random.default_rng([seed, 101])
    for length in (1.25, 0.8, 0.6):
        add(broad, 0.011 * side, length * side)
    for amplitude, wave in ((9.0, 760.0), (5.0, 430.0)):
        add(broad, amplitude, wave)
    small = np.random.default_rng([seed, 102, fine])
    add(small, fine_amplitude, 27.0)
    add(small, fine_amplitude * 0.8, 19.0)
    return Bend(np.array(rows), origin)


def cut(
    rects: Ints,
    priority: Callable[[Ints, Ints], Floats],
    rng: np.random.Generator,
    *,
    target: int | None = None,
    smallest: Callable[[Ints, Ints], Floats],
    low: float = 0.36,
    high: float = 0.64,
) -> tuple[Ints, Ints, Ints]:
    """Cut rectangles again and again, the most urgent first.

    priority : urgency of each rectangle; without ``target`` everything above 1 is cut until nothing is above 1
    smallest : shortest side allowed, metres; a rectangle that would fall below is left alone
    Both are given the rectangles and the index of the first rectangle each comes from.
    Returns the rectangles, the index of the first rectangle each comes from, and for each of its four sides the
    number of
    the cut that made it (-1: an outer side of the first rectangle).
    """
    origin = np.arange(len(rects))
    made = np.full((len(rects), 4), -1, np.int64)
    fresh = np.arange(len(rects))
    urgency = np.zeros(len(rects))
    cuts = 0
    while target is None or len(rects) < target:
        young = rects[fresh]
        longest = np.maximum(young[:, EAST] - young[:, WEST], young[:, NORTH] - young[:, SOUTH])
        room = longest * min(low, 1 - high) >= smallest(young, origin[fresh])
        urgency[fresh] = np.where(room, priority(young, origin[fresh]) * np.exp(rng.normal(0, 0.3, len(fresh))), 0.0)
        if target is None:
            chosen = fresh[urgency[fresh] > 1]
        else:
            need = min(target - len(rects), max(1, len(rects) // 2))
            order = np.argsort(-urgency, kind="stable")[:need]
            chosen = np.sort(order[urgency[order] > 0])
        if not len(chosen):
            break
        one = rects[chosen]
        w, h = one[:, EAST] - one[:, WEST], one[:, NORTH] - one[:, SOUTH]
        share = rng.uniform(low, high, len(chosen))
        upright = w * np.exp(rng.normal(0, 0.12, len(chosen))) > h
        x = (one[:, WEST] + np.round(w * share / 2) * 2).astype(np.int64)
        y = (one[:, SOUTH] + np.round(h * share / 2) * 2).astype(np.int64)
        first, second = one.copy(), one.copy()
        first[upright, EAST] = x[upright]
        second[upright, WEST] = x[upright]
        first[~upright, NORTH] = y[~upright]
        second[~upright, SOUTH] = y[~upright]
        number = cuts + np.arange(len(chosen))
        cuts += len(chosen)
        made_first, made_second = made[chosen], made[chosen]
        made_first[upright, EAST] = number[upright]
        made_second[upright, WEST] = number[upright]
        made_first[~upright, NORTH] = number[~upright]
        made_second[~upright, SOUTH] = number[~upright]
        rects = rects.copy()
        rects[chosen] = first
        made[chosen] = made_first
        rects = np.vstack([rects, second])
        made = np.vstack([made, made_second])
        origin = np.concatenate([origin, origin[chosen]])
        urgency = np.concatenate([urgency, np.zeros(len(chosen))])
        fresh = np.concatenate([chosen, np.arange(len(rects) - len(chosen), len(rects))])
    return rects, origin, made


def _hash01(a: Ints, b: Ints, salt: int) -> Floats:
    """A number in 0..1 that depends on (a, b) alone, so that both neighbours of an edge get the same."""
    with np.errstate(over="ignore"):
        z = a.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z ^= b.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
        z ^= np.uint64(salt * 0x27D4EB2F165667C5 % 2**64)
        z ^= z >> np.uint64(29)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= z >> np.uint64(32)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53


def hash01(a: Ints, b: Ints, salt: int) -> Floats:
    """A repeatable number in 0..1 of two integers."""
    return _hash01(np.asarray(a, np.int64), np.asarray(b, np.int64), salt)


def _distinct(values: Ints) -> Ints:
    """Sorted distinct values (a plain sort is faster than NumPy's hashing here)."""
    ordered = np.sort(values)
    return np.asarray(ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])], np.int64)


def _spread(counts: Ints) -> tuple[Ints, Ints]:
    """Row number and running number within the row for ``counts`` items a row."""
    row = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    return row, within


def polygons_of(rects: Ints, bend: Bend, *, step: int = 20, keep: float = 0.45, salt: int = 0) -> Polygons:
    """The rectangles as bent polygons (counter-clockwise, closed), with every corner of a neighbour as a vertex.

    step, keep : every ``step`` metres along an edge a further vertex stands with probability ``keep`` (0: corners only)
    """
    r = rects.astype(np.int64) + 4096  # keep positions positive
    corners = np.vstack([r[:, [0, 1]], r[:, [2, 1]], r[:, [2, 3]], r[:, [0, 3]]])
    on_x = _distinct(corners[:, 0] * _SHIFT + corners[:, 1])
    on_y = _distinct(corners[:, 1] * _SHIFT + corners[:, 0])

    def outline(first: int, last: int) -> tuple[Floats, Ints]:
        return _outlines(r[first:last], on_x, on_y, bend, step, keep, salt)

    made = in_chunks(outline, len(r), chunk=_RECTS)
    rings = np.concatenate([[0], np.cumsum(np.concatenate([counts for _, counts in made]))])
    return simple(np.concatenate([coords for coords, _ in made]), rings)


def _outlines(r: Ints, on_x: Ints, on_y: Ints, bend: Bend, step: int, keep: float, salt: int) -> tuple[Floats, Ints]:
    """Closed rings of some rectangles and the number of their points; ``on_x``, ``on_y`` are all corners by line."""
    n = len(r)
    keys = []
    sides = (
        (SOUTH, WEST, EAST, on_y, False),
        (EAST, SOUTH, NORTH, on_x, False),
        (NORTH, WEST, EAST, on_y, True),
        (WEST, SOUTH, NORTH, on_x, True),
    )
    for side, (fixed, start, end, index, backwards) in enumerate(sides):
        edge = np.arange(n) * 4 + side
        line, a, b = r[:, fixed], r[:, start], r[:, end]
        length = b - a
        keys.append(edge * _SHIFT)
        low = np.searchsorted(index, line * _SHIFT + a, "right")
        high = np.searchsorted(index, line * _SHIFT + b, "left")
        row, within = _spread(np.maximum(high - low, 0))
        along = index[low[row] + within] % _SHIFT - a[row]
        keys.append(edge[row] * _SHIFT + (length[row] - along if backwards else along))
        if keep > 0:
            first = a // step + 1
            row, within = _spread(np.maximum(-(-b // step) - first, 0))
            at = first[row] + within
            stays = _hash01(line[row], at, salt * 2 + side % 2) < keep
            row, at = row[stays], at[stays]
            along = at * step - a[row]
            keys.append(edge[row] * _SHIFT + (length[row] - along if backwards else along))
    key = _distinct(np.concatenate(keys))
    edge, along = key // _SHIFT, key % _SHIFT
    turn, row = edge % 4, edge // 4
    x = np.select([turn == 0, turn == 1, turn == 2], [r[row, 0] + along, r[row, 2], r[row, 2] - along], r[row, 0])
    y = np.select([turn == 0, turn == 1, turn == 2], [r[row, 1], r[row, 1] + along, r[row, 3]], r[row, 3] - along)
    counts = np.bincount(row, minlength=n) + 1
    ends = np.cumsum(counts)
    coords = np.empty((int(ends[-1]), 2))
    coords[np.arange(len(x)) + row] = bend((x - 4096).astype(np.float64), (y - 4096).astype(np.float64), threads=1)
    coords[ends - 1] = coords[ends - counts]
    return coords, counts


def simple(coords: Floats, rings: Ints) -> Polygons:
    """Polygons of one ring each."""
    n = len(rings) - 1
    return Polygons(coords, rings, np.zeros(n, np.bool_), np.arange(n + 1, dtype=np.int64), np.zeros(n, np.uint8))
