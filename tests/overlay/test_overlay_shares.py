"""What lies on a parcel: classes, coverage, buildings, points."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from panhuo.land.polygons import Polygons
from panhuo.messages import PanhuoError
from panhuo.overlay import building_sums, coverage, main_class, points_in, representative_points, shares


@pytest.fixture
def parcels() -> Polygons:
    return Polygons.from_shapely(
        [shapely.box(0, 0, 10, 10), shapely.box(10, 0, 20, 10), None, shapely.box(50, 50, 51, 51)]
    )


@pytest.fixture
def patches() -> Polygons:
    return Polygons.from_shapely(
        [shapely.box(0, 0, 4, 10), shapely.box(4, 0, 16, 10), shapely.box(16, 0, 18, 10), shapely.box(18, 0, 20, 10)]
    )


def test_shares_of_land_classes(parcels: Polygons, patches: Polygons) -> None:
    found = shares(parcels, patches, ["0601", "0101", "0601", "0601"])
    want = pl.DataFrame(
        {
            "row": pl.Series([0, 0, 1, 1], dtype=pl.UInt32),
            "class": ["0601", "0101", "0601", "0101"],
            "area": [40.0, 60.0, 40.0, 60.0],
            "share": [0.4, 0.6, 0.4, 0.6],
        }
    )
    assert_frame_equal(found, want)
    assert main_class(found)["class"].to_list() == ["0101", "0101"]


def test_areas_from_the_ellipsoid_are_shared_out(parcels: Polygons, patches: Polygons) -> None:
    found = shares(parcels, patches, [1, 2, 1, None], areas=[1_000.0, 2_000.0, np.nan, 5.0])
    assert found["area"].to_list() == [400.0, 600.0, 400.0, 1_200.0, 400.0]
    assert found["class"].to_list() == [1, 2, 1, 2, None]
    assert found.filter(pl.col("row") == 1)["share"].sum() == pytest.approx(1.0)


def test_classes_and_rows_must_go_together(parcels: Polygons, patches: Polygons) -> None:
    with pytest.raises(PanhuoError, match="4"):
        shares(parcels, patches, ["0601"])


def test_a_tie_goes_to_the_first_class(parcels: Polygons) -> None:
    halves = Polygons.from_shapely([shapely.box(0, 0, 5, 10), shapely.box(5, 0, 10, 10)])
    assert main_class(shares(parcels, halves, ["b", "a"]))["class"].to_list() == ["b"]


def test_coverage_says_where_the_layer_overlaps_itself(parcels: Polygons) -> None:
    layer = Polygons.from_shapely([shapely.box(0, 0, 10, 10), shapely.box(5, 0, 15, 10)])
    found = coverage(parcels, layer)
    assert found["share"].to_list() == [1.5, 0.5, None, 0.0]
    assert found["over"].to_list() == [True, False, None, False]
    assert found["pieces"].to_list() == [2, 1, None, 0]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, np.pi))
def test_shares_over_a_tiling_add_up_to_the_parcel(seed: int, turn: float) -> None:
    rng = np.random.default_rng(seed)
    cuts = np.sort(np.concatenate([[-1e3, 1e3], rng.uniform(-50, 150, 12)]))
    tiling = [shapely.box(a, c, b, d) for a, b in pairwise(cuts) for c, d in pairwise(cuts)]
    spin = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    tiling = shapely.transform(np.array(tiling, dtype=object), lambda c: c @ spin + 4e6)
    points = rng.uniform(0, 100, (40, 9, 2))
    lots = shapely.transform(shapely.convex_hull(shapely.multipoints(points)), lambda c: c @ spin + 4e6)
    lot_layer = Polygons.from_shapely(lots)
    found = shares(lot_layer, Polygons.from_shapely(tiling), rng.integers(0, 4, len(tiling)))
    assert found.group_by("row", maintain_order=True).agg(pl.col("share").sum())["share"].to_numpy() == pytest.approx(
        np.ones(40), rel=1e-9
    )


def test_buildings_are_split_by_area_and_counted_once(parcels: Polygons) -> None:
    buildings = Polygons.from_shapely(
        [shapely.box(1, 1, 3, 3), shapely.box(8, 0, 14, 5), shapely.box(12, 6, 13, 7), shapely.box(30, 30, 31, 31)]
    )
    found = building_sums(parcels, buildings, [2, 3, None, 1], weights={"dangerous_m2": [True, False, True, True]})
    assert found["building_count"].to_list() == [1, 2, None, 0]
    assert found["footprint_m2"].to_list() == [14.0, 21.0, None, 0.0]
    assert found["floor_area_m2"].to_list() == [38.0, 60.0, None, 0.0]
    assert found["unknown_floors_m2"].to_list() == [0.0, 1.0, None, 0.0]
    assert found["dangerous_m2"].to_list() == [8.0, 0.0, None, 0.0]


def test_every_point_of_a_tiling_lies_in_one_tile() -> None:
    tiling = Polygons.from_shapely([shapely.box(x, y, x + 1, y + 1) for x in range(10) for y in range(10)])
    x, y = np.meshgrid(np.linspace(0, 9.75, 40), np.linspace(0, 9.75, 40))
    rows = points_in(tiling, x.ravel(), y.ravel())
    assert rows.tolist() == (np.floor(x.ravel()) * 10 + np.floor(y.ravel())).astype(int).tolist()
    assert points_in(tiling, [np.nan, 20.0], [1.0, 1.0]).tolist() == [-1, -1]


def test_points_in_shapes_with_holes_and_many_vertices() -> None:
    rng = np.random.default_rng(2)
    ring = shapely.Point(0, 0).buffer(10, quad_segs=500).difference(shapely.Point(1, 0).buffer(4, quad_segs=300))
    x, y = rng.uniform(-11, 11, (2, 5_000))
    rows = points_in(Polygons.from_shapely([None, ring]), x, y)
    assert np.array_equal(rows == 1, shapely.contains_xy(ring, x, y))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
@example(103476654)  # one of the shapes is a mere line half-way up
def test_a_representative_point_lies_inside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shapes = shapely.make_valid(shapely.polygons(np.round(rng.uniform(0, 9, (30, 7, 2)), 1)))
    layer = Polygons.from_shapely(shapes)
    points = representative_points(layer)
    there = (layer.state == 0) & (shapely.area(shapes) > 1e-6)
    assert shapely.contains_xy(shapes[there], points[there]).all()
    assert np.isnan(points[layer.state != 0]).all()
