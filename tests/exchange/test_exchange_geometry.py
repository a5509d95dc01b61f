"""Geometry of every kind comes in as two-dimensional WKB, nothing dropped unseen."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.exchange import Layer, open_delivery, write
from panhuo.exchange.arcs import circular
from panhuo.exchange.wkb import flatten
from panhuo.land.crs import Crs

X, Y = 39_580_000.0, 4_050_000.0


def flat(*blobs: bytes | None) -> pa.LargeBinaryArray:
    return flatten(pa.array(blobs, pa.binary())).geometry


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.booleans(), st.booleans(), st.sampled_from(["iso", "extended"]), st.booleans()),
        max_size=12,
    )
)
def test_z_srid_byte_order_and_flavour_change_no_coordinate(rows: list[tuple[int, bool, bool, str, bool]]) -> None:
    want, given_ = [], []
    for size, multi, z, flavour, big in rows:
        shape = shapely.box(X, Y, X + size, Y + size).difference(shapely.box(X + 0.1, Y + 0.1, X + 0.2, Y + 0.2))
        shape = shapely.MultiPolygon([shape, shapely.box(0, 0, 1, 1)]) if multi else shape
        want.append(shapely.to_wkb(shape, byte_order=1, flavor="iso"))
        solid = shapely.set_srid(shapely.force_3d(shape, 7.0) if z else shape, 4527)
        given_.append(
            shapely.to_wkb(solid, byte_order=0 if big else 1, flavor=flavour, include_srid=flavour == "extended")
        )
    assert flat(*given_).to_pylist() == want


def test_null_empty_broken_and_unclosed_rows_stay_in_their_places() -> None:
    unclosed = struct.pack("<BIII", 1, 3, 1, 3) + struct.pack("<6d", 0, 0, 1, 0, 1, 1)
    unclosed_z = struct.pack("<BIII", 1, 1003, 1, 3) + struct.pack("<9d", 0, 0, 5, 1, 0, 5, 1, 1, 5)
    result = flatten(pa.array([None, b"", b"\x01\x63\x00\x00\x00xxxx", unclosed, unclosed_z], pa.binary()))
    assert result.geometry.to_pylist() == [None, None, None, unclosed, unclosed]
    assert result.bad == [1, 2]


def test_arcs_become_chords_through_the_given_points() -> None:
    line = circular(np.array([[0.0, 0.0], [5.0, 5.0], [10.0, 0.0]]) + 1e6)
    radius = np.hypot(*(line - [1e6 + 5, 1e6]).T)
    assert np.abs(radius - 5).max() < 1e-9
    assert {(1e6, 1e6), (1e6 + 5, 1e6 + 5), (1e6 + 10, 1e6)} <= set(map(tuple, line.tolist()))
    chord = shapely.Polygon(line).area
    assert abs(chord - np.pi * 25 / 2) < 0.02
    circle = circular(np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 0.0]]))
    assert abs(shapely.Polygon(circle).area - np.pi * 25) < 0.1
    straight = circular(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))
    assert straight.tolist() == [[0, 0], [1, 1], [2, 2]]


def test_a_curve_polygon_is_read_with_a_finding() -> None:
    text = (
        'id,WKT\n1,"CURVEPOLYGON (CIRCULARSTRING (0 0,5 5,10 0,5 -5,0 0))"\n'
        '2,"TIN (((0 0,1 0,0 1,0 0)),((1 0,1 1,0 1,1 0)))"\n'
    )
    delivery = open_delivery(text.encode(), name="弧.csv")
    shapes = shapely.from_wkb(delivery.layers[0].geometry.to_pylist())  # type: ignore[union-attr]
    assert abs(shapes[0].area - np.pi * 25) < 0.1
    assert (shapes[1].geom_type, shapes[1].area) == ("MultiPolygon", 1.0)
    assert delivery.findings.filter(code="R07").height == 2


def collection(*coordinates: list[list[float]], crs: str | None = None) -> dict[str, object]:
    features = [
        {
            "type": "Feature",
            "properties": {"名称": "甲", "代码": "0601", "比": float("nan")},
            "geometry": {"type": "Polygon", "coordinates": [c]},
        }
        for c in coordinates
    ]
    named = {"crs": {"type": "name", "properties": {"name": crs}}} if crs else {}
    return {"type": "FeatureCollection", **named, "features": features}


SQUARE = [[117.0, 36.0], [117.1, 36.0], [117.1, 36.1], [117.0, 36.0]]
METRES = [[X, Y], [X + 10, Y], [X + 10, Y + 10], [X, Y]]


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_geojson_in_every_encoding_and_with_nan(codec: str) -> None:
    text = json.dumps(collection(SQUARE), ensure_ascii=False)
    layer = open_delivery(text.encode(codec), name="宗地.json").layers[0]
    assert (layer.name, layer.count, layer.table["名称"][0].as_py(), layer.table["代码"][0].as_py()) == (
        "宗地",
        1,
        "甲",
        "0601",
    )


@pytest.mark.parametrize("mark", ["", "\x1e"])
def test_one_feature_a_line(mark: str) -> None:
    features = collection(SQUARE, SQUARE, SQUARE)["features"]
    text = "\n".join(mark + json.dumps(f) for f in features)  # type: ignore[attr-defined]
    assert open_delivery(text.encode(), name="a.geojsonl").layers[0].count == 3


def test_geojson_in_metres_with_and_without_saying_so() -> None:
    said = open_delivery(json.dumps(collection(METRES, crs="urn:ogc:def:crs:EPSG::4527")).encode(), name="a.geojson")
    unsaid = open_delivery(json.dumps(collection(METRES)).encode(), name="a.geojson")
    assert said.layers[0].crs is not None and said.layers[0].crs.epsg == 4527
    assert said.findings.is_empty()
    assert unsaid.layers[0].crs is not None and unsaid.layers[0].crs.epsg == 4527
    assert unsaid.findings["code"].to_list() == ["D02"]


def test_a_cut_geojson_is_named_with_its_line() -> None:
    text = json.dumps(collection(SQUARE), indent=1)
    delivery = open_delivery(text[:-40].encode(), name="a.geojson")
    row = delivery.findings.row(0, named=True)
    assert (row["code"], row["row"] is not None, delivery.files[0].state) == ("D01", True, "unreadable")


def test_native_geoparquet_and_wkb_without_metadata(tmp_path: Path) -> None:
    boxes = [shapely.box(X + k, Y, X + k + 1, Y + 1) for k in range(3)]
    point = pa.struct([("x", pa.float64()), ("y", pa.float64())])
    rings = [[[{"x": x, "y": y} for x, y in b.exterior.coords]] if k != 1 else None for k, b in enumerate(boxes)]
    native = pa.array([None if r is None else r for r in rings], pa.list_(pa.list_(point)))
    meta = {
        "version": "1.1.0",
        "primary_column": "g",
        "columns": {"g": {"encoding": "polygon", "geometry_types": ["Polygon"], "crs": None}},
    }
    table = pa.table({"n": [1, 2, 3], "g": native}).replace_schema_metadata({b"geo": json.dumps(meta).encode()})
    pq.write_table(table, tmp_path / "native.parquet")
    pq.write_table(pa.table({"n": [1, 2, 3], "geometry": [b.wkb for b in boxes]}), tmp_path / "plain.parquet")
    native_layer, plain = open_delivery(tmp_path).layers
    assert native_layer.geometry.to_pylist() == [boxes[0].wkb, None, boxes[2].wkb]  # type: ignore[union-attr]
    assert plain.geometry.to_pylist() == [b.wkb for b in boxes]  # type: ignore[union-attr]
    assert native_layer.fields == plain.fields == ("n",)


def test_geoparquet_carries_boxes_and_projjson(tmp_path: Path) -> None:
    layer = Layer(
        "a",
        "",
        "",
        pa.table({"n": [1, 2]}),
        pa.array([shapely.box(X, Y, X + 1, Y + 2).wkb, None], pa.large_binary()),
        Crs.from_epsg(4527),
    )
    write(layer, tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    info = json.loads(table.schema.metadata[b"geo"])["columns"]["geometry"]
    assert (info["bbox"], info["crs"]["id"]["code"]) == ([X, Y, X + 1, Y + 2], 4527)
    assert table["bbox"].to_pylist() == [{"xmin": X, "ymin": Y, "xmax": X + 1, "ymax": Y + 2}, None]
