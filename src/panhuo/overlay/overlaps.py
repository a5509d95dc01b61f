"""Overlaps inside one layer, with piles of polygons on one place told as one thing.

Flats registered on one lot, or a layer delivered twice, give as many overlapping pairs as the square of their number.
So polygons that are alike or lie in one another are grouped first; a group of ``stack_at`` or more whose members pile
up (their areas add up to well over the largest) is one *stack*, represented by its largest member, and its
members' pairs are not listed. A large polygon with many small ones side by side in it is no stack: its pairs are as
many as its rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner
from panhuo.land.polygons import Polygons
from panhuo.land.threads import in_chunks
from panhuo.overlay.duplicates import duplicates
from panhuo.overlay.grid import NO_LIMIT, BoxIndex, cell_number, index_boxes, meeting, walking_order
from panhuo.overlay.integral import EDGE_ROWS, all_edges, edges_in_window, room
from panhuo.overlay.intersections import ROUNDING, Found, Pairs, join_parts, overlay_rows, shared_area, skipped_rows
from panhuo.overlay.loose import loose_boxes
from panhuo.overlay.places import representative_points
from panhuo.overlay.prepared import Prepared, prepare
from panhuo.overlay.validity import doubtful
from panhuo.progress import Progress, silent

#: A polygon lies in another (or is like it) from this share of its own area on.
NESTED = 0.95
#: The other members of a stack cover its representative at least so many times; side by side they would cover it once.
DEEP = 1.5
#: A row whose box meets more boxes than this is looked at for stacks before its pairs are computed.
CROWDED = 48
#: A row in a crowd is compared with so many larger ones; if it overlaps half of them, it belongs to the crowd.
TRIES = 256
#: Fewer rows are compared with one another sooner than their edges are made to cancel.
WORTH_CANCELLING = 2_000
#: A region that is covered twice is followed from its border for so many rounds; then everything is compared.
ROUNDS = 3

Ints = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Stacks:
    """Piles of polygons: ``members[starts[k]:starts[k + 1]]`` are the rows of pile k, its representative among them.

    representative : (s,) int32   the largest member (the first of equals)
    starts         : (s + 1,) int64
    members        : (m,) int32   in rising order
    x, y           : (s,) float64  a point inside the representative
    layers         : (s,) float64  areas of all members by the area of the representative
    """

    representative: Ints
    starts: NDArray[np.int64]
    members: Ints
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    layers: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.representative)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(s,) int64: members of each pile."""
        return np.diff(self.starts)


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Overlapping pairs of one layer (left < right) and its stacks. Of a stack only the representative is in pairs."""

    pairs: Pairs
    stacks: Stacks


def self_overlaps(
    polygons: Polygons,
    *,
    minimum: float = 0.0,
    stack_at: int = 10,
    threads: int | None = None,
    progress: Progress = silent,
) -> Overlaps:
    """Pairs of rows of one layer that share more than ``minimum`` (squared units of the coordinates), and stacks.

    ``stack_at``: from how many members on a group of equal or nested polygons is one stack. Time and memory grow with
    the rows and with the pairs that are given, not with the square of a stack.
    """
    layer = prepare(polygons, threads=threads)
    first = duplicates(polygons, threads=threads)
    copies = np.bincount(first, minlength=len(first)) if len(first) else np.zeros(0, np.int64)
    boxes = layer.boxes if (copies == 1).all() else np.where((copies > 0)[:, None], layer.boxes, np.nan)
    layer = layer._replace(boxes=boxes)
    rows = walking_order(boxes)
    rows = rows[~np.isnan(boxes[rows, 0])]
    index = index_boxes(boxes)
    reach = _beginning(polygons, layer, rows, threads)
    for _ in range(ROUNDS):
        if reach is None:
            break
        found, group = _search(layer, index, rows, reach, copies, 0.0, stack_at, threads, progress)
        if not _widen(reach, boxes, found, group):
            break
    else:
        reach = None
    if reach is None:
        found, group = _search(layer, index, rows, boxes, copies, minimum, stack_at, threads, progress)
    hidden = _hidden(group, layer.areas, rows)
    shown = ~(hidden[found[0]] | hidden[found[1]]) & (found[2] > minimum)
    # a pair of a representative with a hidden member is gone already; a pair inside a group has one hidden side
    left, right, area = found[0][shown], found[1][shown], found[2][shown]
    stacks = _stacks(polygons, layer.areas, group, first, threads)
    left, right, area = _with_copies(left, right, area, first, copies, group, layer.areas, minimum)
    order = np.lexsort((right, left))
    skipped = skipped_rows(polygons)
    return Overlaps(Pairs(left[order], right[order], area[order], skipped, skipped), stacks)


def _search(
    layer: Prepared,
    index: BoxIndex,
    order: Ints,
    reach: NDArray[np.float64],
    copies: NDArray[np.int64],
    minimum: float,
    stack_at: int,
    threads: int | None,
    progress: Progress,
) -> tuple[Found, Ints]:
    """Pairs that meet the boxes of ``reach``, those of crowds once their stacks are known, and everybody's stack."""
    rows = order[~np.isnan(reach[order, 0])]
    found, crowded = _pairs(layer, index, rows, reach, minimum, CROWDED, threads, progress, "查找重叠")
    group = _groups(layer, found, crowded, copies, stack_at, threads)
    if len(crowded):
        kept = np.where(_hidden(group, layer.areas, order)[:, None], np.nan, layer.boxes)
        again = crowded[~np.isnan(kept[crowded, 0])]
        thin = layer._replace(boxes=kept)
        more, _ = _pairs(thin, index_boxes(kept), again, reach, minimum, NO_LIMIT, threads, progress, "查找密集处重叠")
        found = join_parts([found, more])
        _take_in(group, found, layer.areas, order)
    return found, group


def _beginning(
    polygons: Polygons, layer: Prepared, rows: Ints, threads: int | None
) -> NDArray[np.float64] | None:  # fmt: skip
    """(n, 4) where overlaps have to begin if there are any, see :mod:`panhuo.overlay.loose`; None: anywhere."""
    if len(rows) < WORTH_CANCELLING:
        return None
    return loose_boxes(layer, rows, doubtful(polygons, threads=threads), threads=threads)


def _widen(reach: NDArray[np.float64], boxes: NDArray[np.float64], found: Found, group: Ints) -> bool:
    """Give what overlaps, and what lies beside it, its whole box to look in: whether anything was new.

    The region that is covered twice is walked polygon by polygon, from its loose edges on.
    """
    doubled = group >= 0
    doubled[found[0]] = doubled[found[1]] = True
    if not doubled.any():
        return False
    beside = boxes[doubled]
    beside[:, :2] = np.nextafter(beside[:, :2], -np.inf)
    beside[:, 2:] = np.nextafter(beside[:, 2:], np.inf)
    asked = meeting(index_boxes(beside), boxes)
    known = (reach[:, :2] <= boxes[:, :2]).all(axis=1) & (reach[:, 2:] >= boxes[:, 2:]).all(axis=1)
    reach[asked] = boxes[asked]
    return bool((asked & ~known).any())


def _pairs(
    layer: Prepared,
    index: BoxIndex,
    rows: Ints,
    reach: NDArray[np.float64],
    minimum: float,
    most: int,
    threads: int | None,
    progress: Progress,
    step: str,
) -> tuple[Found, Ints]:
    def work(start: int, end: int) -> tuple[Ints, Ints, NDArray[np.float64], Ints]:
        out: tuple[Ints, Ints, NDArray[np.float64], Ints] = overlay_rows(
            layer, layer, index, rows[start:end], reach, True, minimum, ROUNDING, most
        )
        return out

    parts = in_chunks(work, len(rows), chunk=2_048, threads=threads, progress=progress, step=step)
    crowded = np.concatenate([p[3] for p in parts]) if parts else np.zeros(0, np.int32)
    left, right, area = join_parts([p[:3] for p in parts])
    return (left, right, np.abs(area)), crowded


def _groups(
    layer: Prepared, found: Found, crowded: Ints, copies: NDArray[np.int64], stack_at: int, threads: int | None
) -> Ints:
    """(n,) int32: for members of a stack the lowest row of their group, -1 for everybody else.

    A polygon that has many small ones side by side in it would tie everything in it into one group; it is taken out
    and the grouping repeated.
    """
    n = len(layer.areas)
    left, right, area = found
    nested = area >= NESTED * np.minimum(layer.areas[left], layer.areas[right])
    left, right = left[nested], right[nested]
    alone = np.zeros(n, np.bool_)
    order = np.argsort(-layer.areas, kind="stable")
    rank = np.empty(n, np.int64)
    rank[order] = np.arange(n)
    index = index_boxes(layer.boxes, order) if len(crowded) else None
    members = np.unique(np.concatenate([left, right, crowded, np.flatnonzero(copies >= stack_at)])).astype(np.int32)
    while True:
        parent = np.arange(n, dtype=np.int32)
        use = ~(alone[left] | alone[right])
        _unite(parent, left[use], right[use])
        if index is not None:
            cover = np.full(n, -1, np.int32)
            ready = index

            def work(start: int, end: int, ready: BoxIndex = ready, cover: Ints = cover) -> None:
                _link(layer, ready, crowded[start:end], rank, alone, cover)

            in_chunks(work, len(crowded), chunk=256, threads=threads)
            tied = np.flatnonzero(cover >= 0).astype(np.int32)
            _unite(parent, tied, cover[tied])
        root = _roots(parent, members)
        size = np.zeros(n, np.int64)
        total, largest = np.zeros(n), np.full(n, -1, np.int64)
        np.add.at(size, root, copies[members])
        np.add.at(total, root, layer.areas[members] * copies[members])
        by_rank = members[np.argsort(-rank[members], kind="stable")]
        largest[_roots(parent, by_rank)] = by_rank
        big = size[root] >= stack_at
        deep = total[root] >= (1.0 + DEEP) * layer.areas[largest[root]]
        flat = np.unique(largest[root[big & ~deep]])
        flat = flat[~alone[flat]]  # each is set apart once, or the loop might never end
        if not len(flat):
            group = np.full(n, -1, np.int32)
            group[members[big & deep]] = root[big & deep]
            return group
        alone[flat] = True


def _take_in(group: Ints, found: Found, areas: NDArray[np.float64], rows: Ints) -> None:
    """Add to a stack what lies in its representative but stands out of the crowd: ``group`` is written to."""
    left, right, area = found
    speaks = (group >= 0) & ~_hidden(group, areas, rows)
    for one, other in ((left, right), (right, left)):
        join = speaks[one] & (group[other] < 0) & (areas[other] <= areas[one]) & (area >= NESTED * areas[other])
        group[other[join]] = group[one[join]]


def _hidden(group: Ints, areas: NDArray[np.float64], rows: Ints) -> NDArray[np.bool_]:
    """(n,) bool: members of a stack other than its representative."""
    hidden = group >= 0
    members = np.flatnonzero(hidden)
    if len(members):
        hidden[_representatives(members, group, areas)] = False
    return hidden


def _representatives(members: NDArray[np.int64], group: Ints, areas: NDArray[np.float64]) -> NDArray[np.int64]:
    """The largest member of each group, groups in rising order."""
    order = np.lexsort((members, -areas[members], group[members]))
    ordered = members[order]
    new = np.ones(len(ordered), np.bool_)
    new[1:] = group[ordered[1:]] != group[ordered[:-1]]
    out: NDArray[np.int64] = ordered[new]
    return out


def _stacks(polygons: Polygons, areas: NDArray[np.float64], group: Ints, first: Ints, threads: int | None) -> Stacks:
    everyone = group[first]
    members = np.flatnonzero(everyone >= 0)
    members = members[np.argsort(everyone[members], kind="stable")]
    names, starts = np.unique(everyone[members], return_index=True)
    chosen = _representatives(np.flatnonzero(group >= 0), group, areas)
    points = representative_points(polygons.take(chosen), threads=threads)
    total = np.add.reduceat(areas[members], starts) if len(names) else np.zeros(0)
    return Stacks(
        chosen.astype(np.int32),
        np.append(starts, len(members)).astype(np.int64),
        members.astype(np.int32),
        points[:, 0],
        points[:, 1],
        total / areas[chosen],
    )


def _with_copies(
    left: Ints,
    right: Ints,
    area: NDArray[np.float64],
    first: Ints,
    copies: NDArray[np.int64],
    group: Ints,
    areas: NDArray[np.float64],
    minimum: float,
) -> Found:
    """Say for exact copies (too few for a stack) what was found for the first of them."""
    speaks = np.where(group >= 0, 1, copies)  # a stack's representative speaks for all of it
    if not (speaks > 1).any():
        return left, right, area
    order = np.argsort(first, kind="stable").astype(np.int32)
    start = np.cumsum(copies) - copies
    count = speaks[left] * speaks[right]
    pair = np.repeat(np.arange(len(left)), count)
    k = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count)
    # where a row speaks for one, its first copy is itself
    one = order[start[left[pair]] + k // speaks[right[pair]]]
    two = order[start[right[pair]] + k % speaks[right[pair]]]
    parts = [(np.minimum(one, two), np.maximum(one, two), area[pair])]
    several = np.flatnonzero((speaks > 1) & (areas > max(minimum, 0.0)))
    if len(several):
        parts.append(_among_copies(several, start, copies, order, areas))
    return join_parts(parts)


@njit(cache=True, nogil=True)
def _among_copies(several, start, copies, order, areas):  # type: ignore[no-untyped-def]
    total = 0
    for row in several:
        total += copies[row] * (copies[row] - 1) // 2
    left, right, area = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total)
    n = 0
    for row in several:
        for i in range(start[row], start[row] + copies[row]):
            for j in range(i + 1, start[row] + copies[row]):
                left[n], right[n], area[n] = order[i], order[j], areas[row]
                n += 1
    return left, right, area


@inner()
def root_of(parent, row):  # type: ignore[no-untyped-def]
    """The lowest row of the group, halving the way to it."""
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@njit(cache=True, nogil=True)
def _unite(parent, left, right):  # type: ignore[no-untyped-def]
    for k in range(len(left)):
        a, b = root_of(parent, left[k]), root_of(parent, right[k])
        if a < b:
            parent[b] = a
        elif b < a:
            parent[a] = b


@njit(cache=True, nogil=True)
def _roots(parent, rows):  # type: ignore[no-untyped-def]
    out = np.empty(len(rows), np.int32)
    for k in range(len(rows)):
        out[k] = root_of(parent, rows[k])
    return out


@njit(cache=True, nogil=True)
def _link(layer, index, rows, rank, alone, cover):  # type: ignore[no-untyped-def]
    """For each row a larger one that it lies in, or the largest of the crowd that it overlaps: into ``cover``.

    The index holds the larger boxes of a cell first, and large cells are looked at first, so that a row in a stack
    is done after a few comparisons.
    """
    own, window = np.empty((EDGE_ROWS, 64)), np.empty((EDGE_ROWS, 64))
    for row in rows:
        if alone[row]:
            continue
        x0, y0, x1, y1 = layer.boxes[row, 0], layer.boxes[row, 1], layer.boxes[row, 2], layer.boxes[row, 3]
        own = room(own, layer.rings[layer.geoms[row + 1]] - layer.rings[layer.geoms[row]])
        edges = all_edges(layer, row, x0, y0, own)
        tries, overlapped, largest = 0, 0, -1
        for lv in range(len(index.cells) - 1, -1, -1):
            cell, reach, mask, base = index.cells[lv], index.reach[lv], index.mask[lv], index.bucket[lv]
            cx0, cx1 = cell_number(x0 - reach, cell), cell_number(x1 + reach, cell)
            cy0, cy1 = cell_number(y0 - reach, cell), cell_number(y1 + reach, cell)
            wide = cx1 - cx0 >= mask or np.float64(cx1 - cx0 + 1) * np.float64(cy1 - cy0 + 1) > mask
            if wide:
                cy0, cy1, cx0, cx1 = 0, 0, 0, mask
            for cy in range(cy0, cy1 + 1):
                for cx in range(cx0, cx1 + 1):
                    b = base + (cx if wide else ((cx + cy * 0x9E3779B1) & mask))
                    for k in range(index.starts[b], index.starts[b + 1]):
                        other = index.item[k]
                        if rank[other] >= rank[row]:
                            break  # the rest of the bucket is smaller
                        if alone[other] or not (
                            index.boxes[k, 0] < x1
                            and index.boxes[k, 2] > x0
                            and index.boxes[k, 1] < y1
                            and index.boxes[k, 3] > y0
                        ):
                            continue
                        tries += 1
                        window = room(
                            window, 2 * (layer.rings[layer.geoms[other + 1]] - layer.rings[layer.geoms[other]])
                        )
                        m = edges_in_window(layer, other, x0, y0, x1 - x0, y1 - y0, window)
                        shared = abs(shared_area(own, edges, window, m, x1 - x0, y1 - y0, layer.areas[row]))
                        if shared >= NESTED * layer.areas[row]:
                            cover[row] = other
                            break
                        if shared > ROUNDING * (x1 - x0) * (y1 - y0):
                            overlapped += 1
                            if largest < 0 or rank[other] < rank[largest]:
                                largest = other
                        if tries >= TRIES:
                            break
                    if cover[row] >= 0 or tries >= TRIES:
                        break
                if cover[row] >= 0 or tries >= TRIES:
                    break
            if cover[row] >= 0 or tries >= TRIES:
                break
        if cover[row] < 0 and overlapped * 2 >= TRIES:
            cover[row] = largest
