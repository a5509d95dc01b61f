"""Overlaps inside one layer: every pair named, but a pile of flats only once."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.land.polygons import Polygons
from panhuo.overlay import Overlaps, duplicates, self_overlaps


def tiles(side: int) -> list[shapely.Polygon]:
    return [shapely.box(x, y, x + 1, y + 1) for x in range(side) for y in range(side)]


def overlaps(shapes: object, **options: object) -> Overlaps:
    return self_overlaps(Polygons.from_shapely(shapes), **options)  # type: ignore[arg-type]


def pair_list(found: Overlaps) -> list[tuple[int, int]]:
    return list(zip(found.pairs.left.tolist(), found.pairs.right.tolist(), strict=True))


def test_a_clean_layer_has_no_overlaps() -> None:
    found = overlaps(tiles(30))
    assert len(found.pairs) == 0
    assert len(found.stacks) == 0


def test_each_overlap_is_named_once_with_its_area() -> None:
    found = overlaps([shapely.box(0, 0, 2, 2), shapely.box(10, 0, 12, 2), shapely.box(1, 1, 3, 3)])
    assert pair_list(found) == [(0, 2)]
    assert found.pairs.area.tolist() == [1.0]


def test_thirty_thousand_flats_on_one_lot_are_one_stack() -> None:
    found = overlaps([*tiles(5), *[shapely.box(2, 2, 3, 3)] * 30_000])
    assert len(found.pairs) == 0
    assert len(found.stacks) == 1
    assert found.stacks.sizes.tolist() == [30_001]  # the lot itself is one of them
    assert found.stacks.representative.tolist() == [12]
    assert (2 < found.stacks.x[0] < 3) and (2 < found.stacks.y[0] < 3)


def test_flats_that_are_only_nearly_alike_or_smaller_are_one_stack_too() -> None:
    rng = np.random.default_rng(1)
    alike = [shapely.box(0, 0, 10, 10 + e) for e in rng.uniform(0, 1e-3, 3_000)]
    assert overlaps(alike).stacks.sizes.tolist() == [3_000]
    nested = [
        shapely.box(0, 0, 100, 100),
        *(shapely.box(x, y, x + 9, y + 9) for x, y in rng.uniform(0, 91, (3_000, 2))),
    ]
    found = overlaps(nested)
    assert found.stacks.sizes.tolist() == [3_001]
    assert found.stacks.representative.tolist() == [0]


def test_a_crowd_that_crosses_in_one_place_does_not_explode() -> None:
    turn = np.linspace(0, np.pi, 4_000, endpoint=False)
    bar = np.array([[-50, -0.5], [50, -0.5], [50, 0.5], [-50, 0.5]])
    bars = [shapely.Polygon(bar @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]])) for a in turn]
    found = overlaps(bars)
    assert found.stacks.sizes.max() > 2_000
    assert len(found.pairs) < 400_000


def test_one_polygon_over_a_whole_tiling_hides_nothing() -> None:
    pile = [shapely.box(3.2, 3.2, 3.8, 3.8)] * 500
    crossing = shapely.box(10.5, 10.5, 11.5, 11.5)
    found = overlaps([*tiles(40), shapely.box(0, 0, 40, 40), *pile, crossing])
    whole = 1_600
    assert found.stacks.sizes.tolist() == [501]
    assert sum(1 for i, j in pair_list(found) if whole in (i, j)) == 1_600 + 1
    assert [pair for pair in pair_list(found) if 2_101 in pair] == [
        (i, 2_101) for i in (10 * 40 + 10, 10 * 40 + 11, 11 * 40 + 10, 11 * 40 + 11, whole)
    ]


def test_a_few_copies_are_pairs() -> None:
    lot = shapely.box(0, 0, 1, 1)
    found = overlaps([lot, lot, shapely.box(0.5, 0, 1.5, 1), lot])
    assert pair_list(found) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert found.pairs.area.tolist() == [1.0, 0.5, 1.0, 0.5, 1.0, 0.5]


def test_a_layer_delivered_twice() -> None:
    found = overlaps(tiles(40) * 2)
    assert pair_list(found) == [(k, k + 1_600) for k in range(1_600)]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 3))
def test_small_layers_agree_with_shapely(seed: int, copies: int) -> None:
    rng = np.random.default_rng(seed)
    corners = np.round(rng.uniform(0, 20, (25, 2)), 1)
    sizes = np.round(rng.uniform(1, 8, (25, 2)), 1)
    shapes = np.array([shapely.box(*c, *(c + s)) for c, s in zip(corners, sizes, strict=True)], dtype=object)
    shapes = np.concatenate([shapes, np.repeat(shapes[:1], copies)])
    found = self_overlaps(Polygons.from_shapely(shapes), stack_at=10**6)
    left, right = shapely.STRtree(shapes).query(shapes)
    area = shapely.area(shapely.intersection(shapes[left], shapes[right]))
    want = {(int(i), int(j)): float(a) for i, j, a in zip(left, right, area, strict=True) if i < j and a > 1e-9}
    have = dict(zip(pair_list(found), found.pairs.area.tolist(), strict=True))
    assert have.keys() == want.keys()
    assert have == pytest.approx(want, rel=1e-9)


def test_duplicates_see_through_how_a_ring_is_written() -> None:
    ring = [(0, 0), (4, 0), (4, 4), (0, 4)]
    hole = [(1, 1), (2, 1), (2, 2)]
    shapes = [
        shapely.Polygon(ring, [hole]),
        shapely.Polygon([*ring[2:], *ring[:2]], [hole[::-1]]),
        shapely.Polygon(ring),
        None,
        shapely.Polygon([*ring[:2], ring[1], *ring[2:]]),
        None,
    ]
    assert duplicates(Polygons.from_shapely(shapes)).tolist() == [0, 0, 2, 3, 2, 5]


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(5)
    shapes = [shapely.box(x, y, x + 3, y + 2) for x, y in rng.uniform(0, 120, (4_000, 2))] + [
        shapely.box(1, 1, 9, 9)
    ] * 99
    one, two = (overlaps(shapes, threads=n) for n in (1, 2))
    assert np.array_equal(one.pairs.area, two.pairs.area)
    assert np.array_equal(one.stacks.members, two.stacks.members)
