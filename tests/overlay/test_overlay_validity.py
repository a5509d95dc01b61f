"""What is wrong with a polygon, where, and what a repair changes."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.land.polygons import Polygons
from panhuo.overlay import clip, difference, dissolve, intersections, repair, shape_flaws, validity

BOW_TIE = shapely.Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
SQUARE = shapely.box(0, 0, 10, 10)


def codes(shapes: object) -> list[tuple[int, str]]:
    return validity(Polygons.from_shapely(shapes)).select("row", "code").rows()  # type: ignore[arg-type]


def test_each_fault_has_its_name() -> None:
    outside = shapely.Polygon(SQUARE.exterior, [[(20, 20), (21, 20), (21, 21)]])
    nested = shapely.Polygon(SQUARE.exterior, [[(1, 1), (8, 1), (8, 8), (1, 8)], [(2, 2), (3, 2), (3, 3)]])
    cut = shapely.Polygon(SQUARE.exterior, [[(0, 5), (5, 9), (10, 5), (5, 1)]])
    doubled = shapely.Polygon([(0, 0), (1, 0), (1, 0), (1, 1)])
    flat = shapely.Polygon([(0, 0), (1, 1), (1, 1)])
    shells = shapely.MultiPolygon([SQUARE, shapely.box(2, 2, 3, 3)])
    island = shapely.MultiPolygon([SQUARE.difference(shapely.box(2, 2, 6, 6)), shapely.box(3, 3, 4, 4)])
    point = shapely.Point(0, 0)
    assert codes([SQUARE, BOW_TIE, outside, nested, cut, doubled, flat, shells, island, None, point]) == [
        (1, "self_intersection"),
        (2, "hole_outside_shell"),
        (3, "nested_holes"),
        (4, "disconnected_interior"),
        (5, "duplicate_point"),
        (6, "duplicate_point"),
        (6, "too_few_points"),
        (7, "nested_shells"),
        (10, "not_polygon"),
    ]
    place = validity(Polygons.from_shapely([BOW_TIE]))
    assert place.select("x", "y").rows() == [(1.0, 1.0)]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 80), st.integers(0, 3))
def test_the_verdict_is_that_of_geos(seed: int, points: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    rings = np.round(rng.uniform(0, 9, (40, points, 2)), digits)
    centre = rings.mean(axis=1, keepdims=True)
    turn = np.argsort(np.arctan2(*(rings - centre).transpose(2, 0, 1)), axis=1)
    shapes = shapely.polygons(np.concatenate([rings[:20], np.take_along_axis(rings, turn[..., None], axis=1)[20:]]))
    holes = [
        shapely.Polygon(np.round(rng.uniform(0, 9, (3, 2))), [np.round(rng.uniform(0, 9, (3, 2)))]) for _ in range(40)
    ]
    shapes = np.concatenate([shapes, np.array(holes, dtype=object)])
    found = validity(Polygons.from_shapely(shapes)).filter(pl.col("code") != "duplicate_point")
    assert sorted(found["row"].unique().to_list()) == np.flatnonzero(~shapely.is_valid(shapes)).tolist()


def test_flaws_of_form() -> None:
    spike = shapely.Polygon([(0, 0), (10, 0), (10, 5), (30, 5.2), (10, 5.4), (10, 10), (0, 10)])
    close = shapely.Polygon([(0, 0), (10, 0), (10, 0.0004), (10, 10), (0, 10)])
    thin = shapely.box(0, 0, 1000, 0.5)
    found = shape_flaws(Polygons.from_shapely([SQUARE, spike, close, thin, None]))
    assert found.select("row", "code").rows() == [(1, "spike"), (2, "close_vertices"), (3, "sliver")]
    assert found.select("x", "y").rows()[0] == (30.0, 5.2)
    assert found["value"].to_list() == pytest.approx([1.1458, 0.0004, 0.00157], rel=1e-3)
    assert found.select("x", "y").rows()[2] == (500.0, 0.25)


def test_a_repair_says_what_it_changed() -> None:
    thin_hole = Polygons.from_wkb(
        [
            shapely.to_wkb(SQUARE),
            shapely.to_wkb(BOW_TIE),
            # a shell with a hole of two points, which GEOS cannot even read
            shapely.to_wkb(SQUARE)[:5]
            + b"\x02\0\0\0"
            + shapely.to_wkb(SQUARE)[9:]
            + b"\x02\0\0\0"
            + np.ones(4).tobytes(),
            shapely.to_wkb(shapely.Polygon([(0, 0), (1, 1), (0, 0), (1, 1)])),
        ]
    )
    assert validity(thin_hole).select("row", "code").rows() == [
        (1, "self_intersection"),
        (2, "duplicate_point"),
        (2, "too_few_points"),
        (3, "self_intersection"),
    ]
    mended = repair(thin_hole, [1, 2, 3])
    assert mended.changes["row"].to_list() == [1, 2, 3]
    assert mended.changes["area_after"].to_list() == [2.0, 100.0, 0.0]
    assert mended.changes["gone"].to_list() == [False, False, True]
    assert mended.changes["parts_after"].to_list() == [2, 1, 0]
    assert shapely.is_valid(mended.polygons.to_shapely()[:3]).all()
    assert repair(thin_hole).changes["row"].to_list() == [1, 3]


def test_one_bad_pair_names_itself_and_the_rest_goes_on() -> None:
    tiles = [shapely.box(x, 0, x + 1, 1) for x in range(3_000)]
    window = [shapely.box(-1, 0, 4_000, 0.5)] * 3_000
    tiles[1_234] = shapely.Polygon([(0, 0), (3, 3), (3, 0), (0, 3), (1, 5), (1, -2), (2, 5)])
    cut = clip(Polygons.from_shapely(tiles), Polygons.from_shapely(window))
    assert cut.failed["row"].to_list() == [1_234]
    assert "TopologyException" in cut.failed["reason"][0]
    area = shapely.area(cut.polygons.to_shapely())
    assert np.delete(area, 1_234) == pytest.approx(np.full(2_999, 0.5))
    rest = difference(Polygons.from_shapely(tiles), Polygons.from_shapely(window))
    assert rest.failed["row"].to_list() == [1_234]


def test_clip_by_pairs_keeps_areas_only() -> None:
    a = Polygons.from_shapely([shapely.box(0, 0, 2, 2), shapely.box(5, 5, 6, 6)])
    b = Polygons.from_shapely([shapely.box(1, 1, 3, 3), shapely.box(2, 0, 3, 2)])
    pairs = intersections(a, b)
    cut = clip(a, b, pairs.left, pairs.right)
    assert shapely.area(cut.polygons.to_shapely()).tolist() == pairs.area.tolist() == [1.0]
    edge = clip(a, b, [0], [1])
    assert edge.polygons.state.tolist() == [2]


def test_dissolve_by_key_leaves_out_what_cannot_be_united() -> None:
    layer = Polygons.from_shapely(
        [
            shapely.box(0, 0, 1, 1),
            shapely.box(5, 5, 6, 6),
            shapely.box(1, 0, 2, 1),
            None,
            BOW_TIE,
            shapely.box(8, 8, 9, 9),
        ]
    )
    keys, built = dissolve(layer, ["a", "b", "a", "c", "d", "b"])
    assert keys.to_list() == ["a", "b", "c", "d"]
    areas = shapely.area(built.polygons.to_shapely())
    assert areas[:2].tolist() == [2.0, 2.0]
    assert built.polygons.part_counts.tolist()[:2] == [1, 2]
