"""A search for overlaps that begins at loose edges finds what a search everywhere finds."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.land.polygons import Polygons
from panhuo.overlay import Overlaps, overlaps, self_overlaps
from panhuo.overlay.grid import walking_order
from panhuo.overlay.loose import loose_boxes
from panhuo.overlay.prepared import prepare
from panhuo.overlay.validity import doubtful

ORIGIN = np.array([39_500_000.0, 4_070_000.0])


def tiling(side: int, rng: np.random.Generator, *, size: float = 50.0) -> list[shapely.Polygon]:
    """Crooked cells with common corners and a common corner more on every side; rings begin and run anyhow."""
    corner = np.stack(np.meshgrid(np.arange(side + 1), np.arange(side + 1), indexing="ij"), axis=-1).astype(float)
    corner += rng.uniform(-0.3, 0.3, corner.shape)
    across = (corner[:-1] + corner[1:]) / 2 + rng.uniform(-0.1, 0.1, corner[1:].shape)
    up = (corner[:, :-1] + corner[:, 1:]) / 2 + rng.uniform(-0.1, 0.1, corner[:, 1:].shape)
    out = []
    for i in range(side):
        for j in range(side):
            ring = [
                corner[i, j], across[i, j], corner[i + 1, j], up[i + 1, j],
                corner[i + 1, j + 1], across[i, j + 1], corner[i, j + 1], up[i, j],
            ]  # fmt: skip
            ring = np.roll(ring, int(rng.integers(8)), axis=0)[:: rng.choice([-1, 1])]
            out.append(shapely.Polygon(ORIGIN + size * ring))
    return out


def loose_rows(polygons: Polygons) -> list[int] | None:
    layer = prepare(polygons)
    boxes = loose_boxes(layer, walking_order(layer.boxes), doubtful(polygons))
    return None if boxes is None else np.flatnonzero(~np.isnan(boxes[:, 0])).tolist()


def answer(found: Overlaps) -> tuple[object, ...]:
    pairs, stacks = found.pairs, found.stacks
    return (
        pairs.left.tolist(),
        pairs.right.tolist(),
        pairs.area.round(6).tolist(),
        stacks.representative.tolist(),
        stacks.members.tolist(),
    )


def both_ways(shapes: list[shapely.Polygon], monkeypatch: pytest.MonkeyPatch, **options: float) -> Overlaps:
    everywhere = self_overlaps(Polygons.from_shapely(shapes), **options)  # type: ignore[arg-type]
    monkeypatch.setattr(overlaps, "WORTH_CANCELLING", 0)
    begun = self_overlaps(Polygons.from_shapely(shapes), **options)  # type: ignore[arg-type]
    monkeypatch.undo()
    assert answer(begun) == answer(everywhere)
    return begun


def test_only_the_border_of_a_tiling_is_loose() -> None:
    side = 60
    border = [i * side + j for i in range(side) for j in range(side) if {i, j} & {0, side - 1}]
    shapes = tiling(side, np.random.default_rng(3))
    assert loose_rows(Polygons.from_shapely(shapes)) == border


def test_a_corner_moved_by_a_hair_and_a_shape_that_crosses_itself_are_loose() -> None:
    side, rng = 40, np.random.default_rng(4)
    shapes = tiling(side, rng)
    before = set(loose_rows(Polygons.from_shapely(shapes)) or [])
    moved = shapely.get_coordinates(shapes[820])
    moved[2:3] += 1e-7
    shapes[820] = shapely.Polygon(moved)
    bow = ORIGIN + 50 * (30 + np.array([[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]) * 0.1)
    after = set(loose_rows(Polygons.from_shapely([*shapes, shapely.Polygon(bow)])) or [])
    assert {820, 1_600} <= after - before
    assert 3 <= len(after - before) <= 6


def test_parcels_apart_from_one_another_are_no_tiling() -> None:
    shapes = [shapely.box(3 * x, 3 * y, 3 * x + 2, 3 * y + 2) for x in range(60) for y in range(60)]
    assert loose_rows(Polygons.from_shapely(shapes)) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0.0, 1.0]))
def test_whatever_is_wrong_with_a_tiling_is_found_from_its_loose_edges(seed: int, minimum: float) -> None:
    rng = np.random.default_rng(seed)
    side = 12
    shapes = tiling(side, rng)
    for _ in range(rng.integers(0, 4)):
        k = int(rng.integers(len(shapes)))
        x, y = shapes[k].centroid.coords[0]
        match rng.integers(7):
            case 0:  # one shape more, inside or across
                shapes.append(shapely.Point(x, y).buffer(float(rng.uniform(2, 90)), 3))
            case 1:  # one corner moved
                points = shapely.get_coordinates(shapes[k])
                points[3] += rng.uniform(-40, 40, 2)
                shapes[k] = shapely.Polygon(points)
            case 2:  # the same shape again, a few times
                shapes += [shapes[k]] * int(rng.integers(1, 4))
            case 3:  # part of the land covered by a second tiling with other corners
                shapes += [shapely.affinity.translate(s, 130.0, 90.0) for s in tiling(4, rng)]
            case 4:  # part of the land delivered twice, its cells joined in pairs: no edge of the two crosses
                at = int(rng.integers(2, side - 4)) * side + 2
                joined = (at, at + 2, at + side, at + side + 2)
                shapes += [shapely.union(*shapely.make_valid(shapes[i : i + 2])) for i in joined]
            case 5:  # a ring that crosses itself
                points = shapely.get_coordinates(shapes[k])
                points[[2, 3]] = points[[3, 2]]
                shapes[k] = shapely.Polygon(points)
            case _:  # a hole that another fills
                hole = shapely.Point(x, y).buffer(4, 2)
                shapes[k] = shapely.difference(shapely.make_valid(shapes[k]), hole)
                shapes.append(hole)
    with pytest.MonkeyPatch.context() as monkeypatch:
        both_ways(shapes, monkeypatch, minimum=minimum, stack_at=1_000)


def test_a_region_that_two_tilings_cover_is_followed_inwards(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(8)
    shapes = tiling(40, rng) + [shapely.affinity.translate(s, 500.0, 500.0) for s in tiling(12, rng)]
    found = both_ways(shapes, monkeypatch)
    assert set(found.pairs.right.tolist()) >= set(range(1_600, 1_744))


def test_a_tiling_in_which_the_same_edges_bound_two_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = tiling(30, np.random.default_rng(9))
    inner = [i * 30 + j for i in range(5, 20) for j in range(5, 20)]
    twice = shapes + [shapely.union(shapes[k], shapes[k + 1]) for k in inner[::2]]
    found = both_ways(twice, monkeypatch)
    assert len(found.pairs) >= 2 * len(inner[::2])


def test_a_pile_on_one_tile_is_a_stack_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(10)
    shapes = tiling(50, rng)
    x, y = shapes[1_225].centroid.coords[0]
    shapes += [shapely.box(x - 5, y - 5, x + 5 + e, y + 5) for e in rng.uniform(0, 1e-3, 3_000)]
    found = both_ways(shapes, monkeypatch)
    assert found.stacks.sizes.tolist() == [3_001]
