"""Areas of intersection against Shapely's, and where Shapely has no answer."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from panhuo.land.polygons import Polygons
from panhuo.messages import Stopped
from panhuo.overlay import intersections

Objects = NDArray[np.object_]


def stars(rng: np.random.Generator, count: int, size: float, extent: float, most: int, at: float = 0.0) -> Objects:
    """Star-shaped polygons, some with a hole, some in two parts."""
    out = []
    for _ in range(count):
        m = int(rng.integers(4, most))
        turn = (np.arange(m) + rng.uniform(0, 0.9, m)) * (2 * np.pi / m)
        radius = rng.uniform(0.3, 1.0, m) * size * rng.lognormal(0, 0.5)
        centre = rng.uniform(0, extent, 2)
        shell = np.column_stack([np.cos(turn), np.sin(turn)]) * radius[:, None] + centre
        shape = shapely.Polygon(shell)
        if rng.random() < 0.3:
            shape = shape.difference(shapely.Point(*centre).buffer(radius.min() * 0.5))
        if rng.random() < 0.2:
            shape = shape.union(shapely.box(*(centre + 2 * size), *(centre + 3 * size)))
        out.append(shapely.transform(shape, lambda c: c + at) if at else shape)
    return np.array(out, dtype=object)


def by_shapely(a: Objects, b: Objects) -> dict[tuple[int, int], float]:
    """The same pairs, seen from the middle of the data so that GEOS does not lose digits far from the origin."""
    bounds = shapely.total_bounds(np.concatenate([a, b]))
    origin = np.floor(bounds[:2])
    a, b = (shapely.transform(x, lambda c: c - origin) for x in (a, b))
    left, right = shapely.STRtree(b).query(a, predicate="intersects")
    area = shapely.area(shapely.intersection(a[left], b[right]))
    return {(int(i), int(j)): float(v) for i, j, v in zip(left, right, area, strict=True) if v > 0}


def assert_same(a: Objects, b: Objects) -> None:
    ours = intersections(Polygons.from_shapely(a), Polygons.from_shapely(b))
    theirs = by_shapely(a, b)
    mine = {(int(i), int(j)): float(v) for i, j, v in zip(ours.left, ours.right, ours.area, strict=True)}
    whole_a, whole_b = shapely.area(a), shapely.area(b)
    for pair in mine.keys() | theirs.keys():
        smaller = min(whole_a[pair[0]], whole_b[pair[1]])
        assert mine.get(pair, 0.0) == pytest.approx(theirs.get(pair, 0.0), rel=1e-9, abs=1e-10 * smaller)
    assert sum(mine.values()) == pytest.approx(sum(theirs.values()), rel=1e-9)


@pytest.mark.parametrize("most", [8, 40, 700])
def test_pairs_and_areas_are_shapelys(most: int) -> None:
    rng = np.random.default_rng(most)
    assert_same(stars(rng, 200, 20.0, 500.0, 30), stars(rng, 60, 60.0, 500.0, most))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-4, 1.0, 1e4]), st.integers(5, 120))
def test_random_polygons_of_any_size(seed: int, size: float, most: int) -> None:
    rng = np.random.default_rng(seed)
    assert_same(stars(rng, 12, size, 4 * size, most), stars(rng, 12, size, 4 * size, most))


def test_far_from_the_origin_as_with_a_zone_prefix() -> None:
    rng = np.random.default_rng(3)
    a, b = stars(rng, 150, 20.0, 300.0, 30, 4.05e7), stars(rng, 50, 60.0, 300.0, 60, 4.05e7)
    assert_same(a, b)


def test_neighbours_share_nothing_and_a_polygon_shares_itself() -> None:
    grid = np.array([shapely.box(x, y, x + 1, y + 1) for x in range(20) for y in range(20)], dtype=object)
    turned = shapely.transform(grid, lambda c: c @ np.array([[0.8, 0.6], [-0.6, 0.8]]) + 39_500_000.1)
    polygons = Polygons.from_shapely(turned)
    found = intersections(polygons, polygons)
    assert found.left.tolist() == found.right.tolist() == list(range(400))
    assert found.area == pytest.approx(np.ones(400), rel=1e-6)  # the coordinates themselves are rounded there


def test_a_direction_of_a_ring_means_nothing() -> None:
    shell, hole = [(0, 0), (10, 0), (10, 10), (0, 10)], [(2, 2), (4, 2), (4, 4), (2, 4)]
    shapes = [shapely.Polygon(s, [h]) for s in (shell, shell[::-1]) for h in (hole, hole[::-1])]
    window = Polygons.from_shapely([shapely.box(1, 1, 6, 6)])
    assert intersections(Polygons.from_shapely(shapes), window).area.tolist() == [21.0] * 4


def test_minimum_leaves_out_small_pairs() -> None:
    a = Polygons.from_shapely([shapely.box(0, 0, 1, 1), shapely.box(0, 0, 3, 3)])
    b = Polygons.from_shapely([shapely.box(0, 0, 2, 2)])
    assert intersections(a, b, minimum=1.0).left.tolist() == [1]
    assert intersections(a, b, minimum=0.5).left.tolist() == [0, 1]


def test_rows_that_cannot_be_computed_are_named() -> None:
    a = Polygons.from_shapely([shapely.box(0, 0, 1, 1), None, shapely.Point(0, 0), shapely.Polygon()])
    broken = Polygons.from_shapely([shapely.box(0, 0, 1, 1), shapely.box(0, 0, 2, 2)])
    coords = broken.coords.copy()
    coords[1, 0] = np.nan
    found = intersections(a, broken.with_coords(coords))
    assert (found.left.tolist(), found.right.tolist()) == ([0], [1])
    assert [rows.tolist() for rows in found.skipped] == [[2], [0]]


def test_a_bow_tie_has_an_answer() -> None:
    tie = Polygons.from_shapely([shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])])
    left_half = Polygons.from_shapely([shapely.box(-1, -1, 1, 3)])
    assert intersections(tie, left_half).area.tolist() == [1.0]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_nonsense_never_raises(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = [
        shapely.Polygon(np.round(rng.uniform(0, 5, (int(rng.integers(3, 90)), 2)), int(rng.integers(0, 4))))
        for _ in range(12)
    ]
    polygons = Polygons.from_shapely(shapes)
    wild = polygons.coords.copy()
    wild[rng.integers(0, len(wild), 5)] *= 10.0 ** rng.uniform(-300, 300, (5, 1))
    for layer in (polygons, polygons.with_coords(wild)):
        found = intersections(layer, polygons)
        assert np.isfinite(found.area).all()


def test_one_polygon_at_the_other_end_of_the_world_costs_nothing() -> None:
    boxes = [shapely.box(x, 0, x + 1, 1) for x in range(2_000)] + [shapely.box(1e12, 1e12, 1e12 + 1, 1e12 + 1)]
    layer = Polygons.from_shapely(boxes)
    wide = Polygons.from_shapely([shapely.box(-1e13, -1e13, 1e13, 0.5)])
    assert len(intersections(layer, wide)) == 2_000
    assert len(intersections(wide, layer)) == 2_000


def test_threads_and_sides_change_nothing() -> None:
    rng = np.random.default_rng(8)
    a, b = (Polygons.from_shapely(stars(rng, n, 10.0, 900.0, 30)) for n in (6_000, 500))
    one, two, turned = intersections(a, b, threads=1), intersections(a, b, threads=2), intersections(b, a)
    assert np.array_equal(one.left, two.left)
    assert np.array_equal(one.area, two.area)
    order = np.lexsort((turned.left, turned.right))
    assert np.array_equal(one.left, turned.right[order])
    assert turned.area[order] == pytest.approx(one.area, rel=1e-9, abs=1e-9)


def test_work_can_be_stopped() -> None:
    def stop(step: str, done: int, total: int) -> None:
        raise Stopped

    layer = Polygons.from_shapely([shapely.box(0, 0, 1, 1)])
    with pytest.raises(Stopped):
        intersections(layer, layer, progress=stop)
