"""Vector tiles, read back by GDAL."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from panhuo.exchange.vector_tiles import BUFFER, EXTENT, TileLayer, tile_bounds, vector_tile
from panhuo.land.polygons import Polygons

#: A tile in the demo district's part of the world: zoom, column, row.
Z, X, Y = 14, 13530, 6360
WEST, SOUTH, EAST, NORTH = tile_bounds(Z, X, Y, buffer=0)
WIDE, HIGH = EAST - WEST, NORTH - SOUTH


def box(x0: float, y0: float, x1: float, y1: float) -> BaseGeometry:
    """By shares of the tile from its south-west corner."""
    return shapely.box(WEST + x0 * WIDE, SOUTH + y0 * HIGH, WEST + x1 * WIDE, SOUTH + y1 * HIGH)


def read(tile: bytes, tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    """Layers with their features; shapes in steps of the tile, y upwards as GDAL turns them."""
    file = tmp_path / "tile.mvt"
    file.write_bytes(tile)
    out: dict[str, list[dict[str, Any]]] = {}
    for name, _kind in pyogrio.list_layers(file):
        _meta, table = pyogrio.read_arrow(file, layer=name, CLIP="NO")
        rows = table.to_pylist()
        for row in rows:
            row["shape"] = shapely.from_wkb(row.pop("wkb_geometry"))
        out[str(name)] = rows
    return out


def test_what_is_written_is_read(tmp_path: Path) -> None:
    lake = box(0.1, 0.1, 0.5, 0.5).difference(box(0.2, 0.2, 0.3, 0.3))
    two = shapely.multipolygons([box(0.6, 0.6, 0.7, 0.7), box(0.8, 0.8, 0.9, 0.9)])
    layer = TileLayer(
        "宗地", [lake, two], [7, 2**40],
        {"名称": ["𠮷田", None], "面积": [12.5, float("nan")], "宗数": [3, -4], "认定": [True, False]},
    )  # fmt: skip
    (parcels,) = read(vector_tile(Z, X, Y, [layer]), tmp_path).values()
    first, second = parcels
    assert (first["mvt_id"], second["mvt_id"]) == (7, 2**40)
    assert (first["名称"], first["面积"], first["宗数"], first["认定"]) == ("𠮷田", 12.5, 3, True)
    assert (second["名称"], second["面积"], second["宗数"], second["认定"]) == (None, None, -4, False)
    assert first["shape"].area / EXTENT**2 == pytest.approx(0.15, rel=2e-3)
    assert second["shape"].area / EXTENT**2 == pytest.approx(0.02, rel=2e-3)
    assert all(p["shape"].is_valid for p in parcels)


def test_points_and_lines(tmp_path: Path) -> None:
    door = shapely.Point(WEST + WIDE / 4, SOUTH + HIGH / 4)
    doors = shapely.MultiPoint([door, (WEST + WIDE / 2, SOUTH + HIGH / 2)])
    road = shapely.LineString([(WEST - WIDE, SOUTH + HIGH / 2), (EAST + WIDE, SOUTH + HIGH / 2)])
    tile = vector_tile(Z, X, Y, [TileLayer("门", [door, doors], [1, 2]), TileLayer("路", [road], [1])])
    told = read(tile, tmp_path)
    assert list(told) == ["门", "路"]
    assert [len(shapely.get_parts(p["shape"])) for p in told["门"]] == [1, 2]
    assert told["路"][0]["shape"].length == pytest.approx(EXTENT + 2 * BUFFER, abs=2)


def test_shapes_are_cut_at_the_buffer_and_small_ones_left_out(tmp_path: Path) -> None:
    county, speck, far = box(-5, -5, 6, 6), box(0.5, 0.5, 0.50001, 0.50001), box(3, 3, 4, 4)
    island = box(0.2, 0.2, 0.4, 0.4).difference(box(0.3, 0.3, 0.30001, 0.30001))
    tile = vector_tile(Z, X, Y, [TileLayer("a", [county, speck, far, None, shapely.Polygon(), island], range(6))])
    (rows,) = read(tile, tmp_path).values()
    assert [r["mvt_id"] for r in rows] == [0, 5]
    assert rows[0]["shape"].area == pytest.approx((EXTENT + 2 * BUFFER) ** 2)
    assert len(shapely.get_parts(rows[1]["shape"])[0].interiors) == 0


def test_an_empty_tile_is_no_bytes() -> None:
    assert vector_tile(Z, X, Y, []) == b""
    assert vector_tile(Z, X, Y, [TileLayer("a", [], []), TileLayer("b", [box(3, 3, 4, 4)], [1])]) == b""


def test_rings_that_cross_themselves_do_not_stop_a_tile(tmp_path: Path) -> None:
    bow = shapely.Polygon([(WEST, SOUTH), (EAST, NORTH), (EAST, SOUTH), (WEST, NORTH - HIGH / 4)])
    tile = vector_tile(Z, X, Y, [TileLayer("a", [bow, box(0, 0, 1, 1)], [1, 2])])
    assert {r["mvt_id"] for r in read(tile, tmp_path)["a"]} == {1, 2}


@pytest.mark.parametrize("number", [(-1, 0, 0), (2, 4, 0), (2, 0, 4), (31, 0, 0)])
def test_a_tile_that_does_not_exist(number: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no tile"):
        vector_tile(*number, [])


def test_columns_have_one_length() -> None:
    with pytest.raises(ValueError, match="'a'"):
        vector_tile(Z, X, Y, [TileLayer("a", [box(0, 0, 1, 1)], [1], {"x": [1, 2]})])


def test_bounds_of_a_tile() -> None:
    assert tile_bounds(0, 0, 0, buffer=0) == pytest.approx((-180, -85.0511288, 180, 85.0511288))
    wide = tile_bounds(Z, X, Y)
    assert wide[0] < WEST and wide[1] < SOUTH and wide[2] > EAST and wide[3] > NORTH
    assert (WEST - wide[0]) / WIDE == pytest.approx(BUFFER / EXTENT)


def test_neighbours_share_their_border(tmp_path: Path) -> None:
    """Points that two parcels have in common stay in common: no slits on the map."""
    left, right = box(0.1, 0.1, 1 / 3, 0.9), box(1 / 3, 0.1, 0.9, 0.9)
    a, b = read(vector_tile(Z, X, Y, [TileLayer("a", [left, right], [1, 2])]), tmp_path)["a"]
    assert a["shape"].intersection(b["shape"]).area == 0
    assert a["shape"].intersection(b["shape"]).length == pytest.approx(b["shape"].bounds[3] - b["shape"].bounds[1])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0.005, 0.3), st.integers(3, 40), st.floats(0, 6)),
        min_size=1, max_size=8,
    )
)  # fmt: skip
def test_areas_are_kept_to_the_grain(tmp_path_factory: pytest.TempPathFactory, stars: list[Any]) -> None:
    """Each point moves by at most half a step each way, so an area by at most about half its outline."""
    shapes = []
    for x, y, size, corners, turn in stars:
        angles = np.linspace(0, 2 * math.pi, corners, endpoint=False) + turn
        ring = np.column_stack((WEST + (x + size * np.cos(angles)) * WIDE, SOUTH + (y + size * np.sin(angles)) * HIGH))
        shapes.append(shapely.Polygon(ring[:: 1 if corners % 2 else -1]))
    tile = vector_tile(Z, X, Y, [TileLayer("a", shapes, range(len(shapes)))])
    rows = read(tile, tmp_path_factory.mktemp("tile")).get("a", [])
    told = {r["mvt_id"]: r["shape"] for r in rows}
    high = math.asinh(math.tan(math.radians(NORTH))) - math.asinh(math.tan(math.radians(SOUTH)))

    def steps(coords: Any) -> Any:
        up = (np.arcsinh(np.tan(np.radians(coords[:, 1]))) - math.asinh(math.tan(math.radians(SOUTH)))) / high
        return np.column_stack(((coords[:, 0] - WEST) / WIDE, up)) * EXTENT

    window = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)
    for k, shape in enumerate(shapes):
        true = shapely.transform(shape, steps).intersection(window)
        shown = told[k].area if k in told else 0.0
        assert shown == pytest.approx(true.area, abs=0.75 * true.length + 4)


def test_polygons_are_written_as_shapes_are(tmp_path: Path) -> None:
    """The quick way from flat coordinates gives the same bytes, holes, several parts and cut ones too."""
    rng = np.random.default_rng(5)
    shapes = [box(x, y, x + 0.02, y + 0.03) for x, y in rng.uniform(-0.1, 1.1, (300, 2))]
    shapes += [
        box(0.1, 0.1, 0.5, 0.5).difference(box(0.2, 0.2, 0.3, 0.3)),
        shapely.multipolygons([box(-1, -1, 0.2, 0.2), box(0.6, 0.6, 0.7, 0.7)]),
        box(0.5, 0.5, 0.50001, 0.50001),
        box(4, 4, 5, 5),
        None,
    ]
    told = {"结论": ["认定", None] * 152 + ["待核实"]}
    ids = range(len(shapes))
    polygons = Polygons.from_shapely(np.array(shapes, dtype=object))
    quick = vector_tile(Z, X, Y, [TileLayer("宗地", polygons, ids, told)])
    assert quick == vector_tile(Z, X, Y, [TileLayer("宗地", shapes, ids, told)])
    assert len(read(quick, tmp_path)["宗地"]) > 200
