"""Polygons with thousands of edges or rings, which are cut into tiles or taken ring by ring."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from panhuo.land.polygons import Polygons
from panhuo.overlay import intersections, self_overlaps, tiles
from panhuo.overlay.intersections import Pairs

AT = 39_500_000.0, 4_050_000.0


def wavy(rng: np.random.Generator, x: float, y: float, radius: float, points: int) -> shapely.Polygon:
    """A star with many small teeth round (x, y)."""
    angle = np.linspace(0.0, 2.0 * math.pi, points, endpoint=False)
    reach = radius * (0.6 + 0.3 * np.sin(5.0 * angle) + 0.1 * rng.random(points))
    return shapely.Polygon(np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)]))


def archipelago(rng: np.random.Generator) -> shapely.MultiPolygon:
    """Thirty islands, each with a lake, and in some lakes another island."""
    parts = []
    for k in range(30):
        x, y = AT[0] + 120.0 * (k % 6), AT[1] + 120.0 * (k // 6)
        lake = wavy(rng, x, y, 20.0, 40)
        parts.append(wavy(rng, x, y, 55.0, 60).difference(lake.buffer(5.0)))
        if k % 3 == 0:
            parts.append(lake)
    return shapely.union_all(parts)


def small_ones(rng: np.random.Generator, count: int, extent: float, size: float) -> list[shapely.Polygon]:
    x, y = AT[0] + extent * (rng.random(count) - 0.2), AT[1] + extent * (rng.random(count) - 0.2)
    return [wavy(rng, a, b, size * rng.random() + 0.01, 9) for a, b in zip(x, y, strict=True)]


def as_dict(pairs: Pairs) -> dict[tuple[int, int], float]:
    return dict(zip(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True), pairs.area.tolist(), strict=True))


def assert_shapelys(small: list[shapely.Polygon], large: list[shapely.Geometry], found: Pairs) -> None:
    expected = {}
    for j, shape in enumerate(large):
        area = shapely.area(shapely.intersection(np.array(small), shape))
        expected |= {(i, j): a for i, a in enumerate(area.tolist()) if a > 1e-6}
    got = {k: a for k, a in as_dict(found).items() if a > 1e-6}
    assert got.keys() == expected.keys()
    assert max((abs(got[k] - a) for k, a in expected.items()), default=0.0) < 1e-6


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([300, 1_000, 4_000]), st.sampled_from([0.5, 5.0, 60.0]))
def test_small_ones_on_large_ones(seed: int, points: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    large = [wavy(rng, AT[0] + 40.0, AT[1] + 40.0, 100.0, points), wavy(rng, AT[0] + 90.0, AT[1], 80.0, points)]
    small = small_ones(rng, 100, 160.0, size)
    a, b = Polygons.from_shapely(small), Polygons.from_shapely(large)
    assert_shapelys(small, large, intersections(a, b))
    turned = intersections(b, a)
    assert as_dict(turned) == pytest.approx({(j, i): v for (i, j), v in as_dict(intersections(a, b)).items()})


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([2.0, 30.0, 400.0]))
def test_islands_with_lakes(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    land = archipelago(rng)
    assert shapely.get_num_geometries(land) >= 30
    small = small_ones(rng, 300, 700.0, size)
    assert_shapelys(small, [land], intersections(Polygons.from_shapely(small), Polygons.from_shapely([land])))


def test_a_courtyard_takes_away_exactly_what_its_block_gave() -> None:
    hole = [(x, y) for x in range(4) for y in range(4)]
    block = shapely.box(0, 0, 50, 50).difference(
        shapely.MultiPolygon([shapely.box(10 * x + 5, 10 * y + 5, 10 * x + 11, 10 * y + 11.3) for x, y in hole])
    )
    inside = shapely.box(6, 6, 10.1, 10.7)
    across = shapely.box(6, 6, 12, 12)
    found = intersections(Polygons.from_shapely([inside, across]), Polygons.from_shapely([block]))
    assert as_dict(found) == pytest.approx({(1, 0): across.intersection(block).area})


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(300, 1_500))
@example(3877, 575)  # a pair of rounding only
def test_a_large_ring_that_crosses_itself_is_wound_the_same_in_tiles(seed: int, points: int) -> None:
    rng = np.random.default_rng(seed)
    knot = np.cumsum(rng.normal(size=(points, 2)), axis=0) * 4.0 + np.array(AT)
    large = shapely.Polygon(knot)
    small = small_ones(rng, 200, 200.0, 6.0)
    a = Polygons.from_shapely(small)
    by_tiles = intersections(a, Polygons.from_shapely([large]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "TILED_FROM", 10**9)
        by_edges = intersections(a, Polygons.from_shapely([large]))
    tiled, edged = as_dict(by_tiles), as_dict(by_edges)
    # five hundred edges that cancel one another may leave a trace of rounding where a tile knows that there is nothing
    for pair in tiled.keys() | edged.keys():
        trace = 1e-10 * small[pair[0]].area
        assert tiled.get(pair, 0.0) == pytest.approx(edged.get(pair, 0.0), rel=1e-9, abs=trace)


def test_a_road_through_a_tiling_overlaps_only_what_it_covers() -> None:
    rng = np.random.default_rng(5)
    squares = [shapely.box(x, y, x + 1, y + 1) for x in range(40) for y in range(40)]
    road = wavy(rng, 20.25, 20.25, 30.0, 3_000)
    found = self_overlaps(Polygons.from_shapely([road, *squares]))
    inside = shapely.area(shapely.intersection(np.array(squares), road))
    assert found.pairs.right.tolist() == (np.flatnonzero(inside > 0) + 1).tolist()
    assert np.allclose(found.pairs.area, inside[inside > 0])


def test_polygons_too_small_for_their_numbers_are_left_uncut() -> None:
    rng = np.random.default_rng(6)
    dot = wavy(rng, *AT, 1e-7, 400)
    found = intersections(
        Polygons.from_shapely([shapely.box(AT[0] - 1, AT[1] - 1, AT[0] + 1, AT[1] + 1)]), Polygons.from_shapely([dot])
    )
    assert found.area.sum() < 1e-12
    assert not len(found.skipped_right)
