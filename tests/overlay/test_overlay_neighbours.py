"""Neighbours, distances and clusters."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.land.polygons import Polygons
from panhuo.messages import PanhuoError
from panhuo.overlay import clusters, neighbours


def test_who_touches_whom() -> None:
    layer = Polygons.from_shapely(
        [
            shapely.box(0, 0, 1, 1),
            shapely.box(1, 0, 2, 1),  # shares an edge with the first
            shapely.box(1, 1, 2, 2),  # shares a corner with the first
            shapely.box(2.0005, 0, 3, 1),  # half a millimetre away from the second
            shapely.box(9, 9, 10, 10),
            None,
        ]
    )
    found = neighbours(layer)
    pairs = list(zip(found.left.tolist(), found.right.tolist(), strict=True))
    assert pairs == [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)]
    assert found.distance == pytest.approx([0, 0, 0, 0.0005, 0.0005], abs=1e-9)
    assert len(neighbours(layer, tolerance=0.0)) == 3


def test_a_polygon_in_a_courtyard_keeps_its_distance_and_one_inside_has_none() -> None:
    yard = shapely.box(0, 0, 10, 10).difference(shapely.box(2, 2, 8, 8))
    layer = Polygons.from_shapely([yard, shapely.box(4, 4, 5, 5), shapely.box(0.5, 0.5, 1, 1)])
    found = neighbours(layer, 2.0)
    assert list(zip(found.left.tolist(), found.right.tolist(), found.distance.tolist(), strict=True)) == [
        (0, 1, 2.0),
        (0, 2, 0.0),
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.0, 6.0))
def test_distances_are_shapelys(seed: int, distance: float) -> None:
    rng = np.random.default_rng(seed)
    hulls = shapely.convex_hull(shapely.multipoints(rng.uniform(0, 4, (60, 7, 2)) + rng.uniform(0, 60, (60, 1, 2))))
    shapes = np.append(
        hulls, shapely.Point(30, 30).buffer(20, quad_segs=200).difference(shapely.Point(30, 30).buffer(9))
    )
    found = neighbours(Polygons.from_shapely(shapes), distance, tolerance=0.0)
    left, right = np.triu_indices(len(shapes), 1)
    apart = shapely.distance(shapes[left], shapes[right])
    near = apart <= distance
    assert found.left.tolist() == left[near].tolist()
    assert found.right.tolist() == right[near].tolist()
    assert found.distance == pytest.approx(apart[near], abs=1e-9)


def test_clusters_of_the_chosen_only() -> None:
    shapes = [shapely.box(x, 0, x + 1, 1) for x in (0, 1, 2, 10, 11, 20)]
    layer = Polygons.from_shapely([*shapes, None])
    assert clusters(layer).tolist() == [0, 0, 0, 1, 1, 2, -1]
    assert clusters(layer, mask=[True, False, True, True, True, True, True]).tolist() == [0, -1, 1, 2, 2, 3, -1]
    assert clusters(layer, 7.0).tolist() == [0, 0, 0, 0, 0, 1, -1]
    assert clusters(Polygons.none(2)).tolist() == [-1, -1]
    with pytest.raises(PanhuoError):
        clusters(layer, mask=[True])
    with pytest.raises(PanhuoError):
        neighbours(layer, -1.0)


def test_a_tower_of_flats_is_one_cluster_quickly() -> None:
    layer = Polygons.from_shapely([shapely.box(0, 0, 1, 1)] * 20_000 + [shapely.box(1, 0, 2, 1)])
    assert set(clusters(layer).tolist()) == {0}
