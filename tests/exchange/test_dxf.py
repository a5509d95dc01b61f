"""Drawings as survey offices send them: closed figures, arcs, hatches, blocks, CASS codes and Chinese texts."""

from __future__ import annotations

import io
import math
from typing import Any

import ezdxf
import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panhuo.exchange.delivery import Layer
from panhuo.exchange.dxf import read, sniff
from panhuo.exchange.dxf.curves import CHORD, bulged
from panhuo.exchange.result import ReadResult
from panhuo.messages import findings_table

X, Y = 520000.0, 4050000.0


def corners(x: float, y: float, width: float, height: float) -> list[tuple[float, float]]:
    return [(X + x, Y + y), (X + x + width, Y + y), (X + x + width, Y + y + height), (X + x, Y + y + height)]


def drawing(version: str = "R2000") -> Any:
    doc = ezdxf.new(version)
    doc.header["$DWGCODEPAGE"] = "ANSI_936"
    doc.header["$INSUNITS"] = 6
    doc.layers.add("JZD", color=1)
    return doc


def saved(doc: Any, encoding: str = "gbk") -> bytes:
    out = io.StringIO()
    doc.write(out)
    return out.getvalue().encode(encoding)


def only(result: ReadResult) -> Layer:
    (layer,) = result.layers
    return layer


def shapes(layer: Layer) -> list[Any]:
    assert layer.geometry is not None
    return list(shapely.from_wkb(layer.geometry.to_numpy(zero_copy_only=False)))


def codes(result: ReadResult) -> list[str]:
    return [f.code for f in result.findings]


@pytest.mark.parametrize("version", ["R12", "R2000", "R2004", "R2007", "R2010", "R2018"])
@pytest.mark.parametrize("encoding", ["gbk", "utf-8"])
def test_closed_polylines_with_layer_colour_and_texts(version: str, encoding: str) -> None:
    doc = drawing(version)
    space = doc.modelspace()
    make = space.add_polyline2d if version == "R12" else space.add_lwpolyline
    make(corners(0, 0, 100, 80), close=True, dxfattribs={"layer": "JZD"})
    make(corners(200, 0, 50, 50), close=True, dxfattribs={"layer": "建筑", "color": 3})
    space.add_text("GB00001", dxfattribs={"insert": (X + 50, Y + 40)})
    space.add_text("工业用地", dxfattribs={"insert": (X + 50, Y + 30)})
    space.add_text("图名", dxfattribs={"insert": (X - 50, Y - 30)})
    data = saved(doc, encoding)
    assert sniff(data)
    result = read(data, "权籍/宗地图.dxf")
    layer = only(result)
    frame = layer.frame()
    assert frame["图层"].to_list() == ["JZD", "建筑"] and frame["颜色"].to_list() == [1, 3]
    assert frame["文字"].to_list() == ["GB00001；工业用地", None]
    assert shapes(layer)[0].equals(shapely.Polygon(corners(0, 0, 100, 80)))
    assert layer.crs is None and layer.name == "宗地图"
    assert codes(result) == ["DXF-06"]


def test_arcs_become_chords_within_a_centimetre() -> None:
    doc = drawing()
    doc.modelspace().add_lwpolyline([(X, Y, 1.0), (X + 1000, Y, 1.0)], format="xyb", close=True)
    (shape,) = shapes(only(read(saved(doc), "x.dxf")))
    centre = shapely.Point(X + 500, Y)
    distance = [centre.distance(shapely.Point(c)) for c in shape.exterior.coords]
    assert np.allclose(distance, 500, atol=1e-6)
    assert 500 - shape.exterior.distance(centre) <= CHORD + 1e-9
    assert abs(shape.area - math.pi * 500**2) < CHORD * 2 * math.pi * 500


@given(st.floats(-20, 20).filter(lambda b: abs(b) > 1e-6), st.floats(1, 1000), st.floats(0, 6.3))
def test_a_bulge_begins_and_ends_at_its_vertices_and_swells_to_its_side(
    bulge: float, chord: float, turn: float
) -> None:
    end = (chord * math.cos(turn), chord * math.sin(turn))
    points = bulged([(0.0, 0.0, bulge), (*end, 0.0)], closed=False)
    assert tuple(points[0]) == (0, 0) and np.allclose(points[-1], end)
    middle = shapely.LineString(points).interpolate(0.5, normalized=True)
    # the arc's middle lies bulge * chord / 2 to the right of the way, for a bulge against the clock
    expected = (end[0] / 2 + bulge * end[1] / 2, end[1] / 2 - bulge * end[0] / 2)
    assert math.hypot(middle.x - expected[0], middle.y - expected[1]) <= 2 * CHORD + 1e-3 * abs(bulge) * chord


def test_a_hatch_with_an_island_and_its_outline() -> None:
    doc = drawing()
    space = doc.modelspace()
    space.add_lwpolyline(corners(0, 0, 100, 100), close=True)
    hatch = space.add_hatch(color=2)
    hatch.paths.add_polyline_path(corners(0, 0, 100, 100), is_closed=True)
    edges = hatch.paths.add_edge_path()
    edges.add_arc((X + 50, Y + 50), radius=20, start_angle=0, end_angle=180)
    edges.add_line((X + 30, Y + 50), (X + 70, Y + 50))
    space.add_text("甲", dxfattribs={"insert": (X + 5, Y + 5)})
    layer = only(read(saved(doc), "x.dxf"))
    outline, filled = shapes(layer)
    assert outline.area == pytest.approx(10000) and filled.area == pytest.approx(10000 - math.pi * 200, abs=0.5)
    assert len(filled.interiors) == 1
    assert layer.frame()["实体类型"].to_list() == ["LWPOLYLINE", "HATCH"]


def test_hatches_of_ellipses_and_splines() -> None:
    doc = drawing()
    hatch = doc.modelspace().add_hatch()
    path = hatch.paths.add_edge_path()
    path.add_ellipse((X, Y), major_axis=(100, 0), ratio=0.5)
    (shape,) = shapes(only(read(saved(doc), "x.dxf")))
    assert shape.area == pytest.approx(math.pi * 100 * 50, rel=1e-3)


def test_blocks_are_exploded_and_take_layer_and_colour_from_their_place() -> None:
    doc = drawing()
    inner = doc.blocks.new("楼")
    inner.add_lwpolyline([(0, 0), (10, 0), (10, 20), (0, 20)], close=True)
    outer = doc.blocks.new("小区")
    outer.add_blockref("楼", (0, 0))
    outer.add_blockref("楼", (30, 0), dxfattribs={"rotation": 90})
    doc.modelspace().add_blockref("小区", (X, Y), dxfattribs={"layer": "JZD"})
    doc.modelspace().add_blockref(
        "楼", (X + 500, Y), dxfattribs={"layer": "JZD", "column_count": 3, "column_spacing": 50}
    )
    layer = only(read(saved(doc), "x.dxf"))
    assert [round(g.area, 6) for g in shapes(layer)] == [200.0] * 5
    assert layer.frame()["图层"].to_list() == ["JZD"] * 5 and layer.frame()["颜色"].to_list() == [1] * 5
    assert layer.frame()["块名"].to_list() == ["楼"] * 5
    assert shapes(layer)[1].bounds == pytest.approx((X + 10, Y, X + 30, Y + 10))


def test_cass_codes_from_extended_data() -> None:
    doc = drawing()
    doc.appids.add("SOUTH")
    line = doc.modelspace().add_lwpolyline(corners(0, 0, 10, 10), close=True, dxfattribs={"layer": "JZD"})
    line.set_xdata("SOUTH", [(1000, "300000"), (1000, "990112001001GB00001"), (1000, "某公司"), (1000, "0601")])
    frame = only(read(saved(doc), "x.dxf")).frame()
    assert frame["CASS编码"].to_list() == ["300000"]
    assert frame["扩展数据"].to_list() == ["990112001001GB00001；某公司；0601"]


def test_escaped_texts() -> None:
    doc = drawing()
    doc.modelspace().add_lwpolyline(corners(0, 0, 10, 10), close=True)
    doc.modelspace().add_text("TEXT1", dxfattribs={"insert": (X + 5, Y + 5)})
    doc.modelspace().add_mtext(r"\A1;{\f宋体|b0;多行}\P第二", dxfattribs={"insert": (X + 6, Y + 5)})
    data = saved(doc).replace(b"TEXT1", rb"\U+4E2D\M+5B0A1")
    assert only(read(data, "x.dxf")).frame()["文字"].to_list() == ["中啊；多行 第二"]


def test_almost_closed_lines_are_closed_and_named_and_open_ones_counted() -> None:
    doc = drawing()
    space = doc.modelspace()
    ring = corners(0, 0, 100, 80)
    space.add_lwpolyline([*ring, (ring[0][0] + 0.03, ring[0][1] + 0.04)], dxfattribs={"layer": "JZD"})
    space.add_lwpolyline([*ring, ring[0]])
    space.add_lwpolyline(ring)
    space.add_line((X, Y), (X + 1, Y))
    space.add_circle((X, Y), 5)
    space.add_lwpolyline([(X, Y), (X + 5, Y)], close=True)
    result = read(saved(doc), "x.dxf")
    assert only(result).count == 2
    said = {f.code: f for f in result.findings}
    assert set(said) == {"DXF-07", "DXF-08", "DXF-09"}
    assert "0.050" in said["DXF-07"].text.zh and said["DXF-07"].row == 1
    assert said["DXF-09"].count == 3 and "未闭合的多段线 1" in said["DXF-09"].text.zh


def test_a_cut_off_drawing_keeps_what_came_before() -> None:
    doc = drawing()
    for k in range(20):
        doc.modelspace().add_lwpolyline(corners(200 * k, 0, 100, 80), close=True, dxfattribs={"layer": "建筑"})
    data = saved(doc)
    start = data.index(b"ENTITIES")
    result = read(data[: start + (data.index(b"OBJECTS") - start) // 2], "x.dxf")
    assert 5 <= only(result).count < 20 and "DXF-02" in codes(result)
    assert set(only(result).frame()["图层"].to_list()) == {"建筑"}


def test_no_drawing_or_nothing_in_it() -> None:
    assert codes(read(b"", "x.dxf")) == ["DXF-01"]
    assert "DXF-05" in codes(read(saved(drawing()), "x.dxf"))
    assert not sniff(b"0,1\n2,3\n")


SMALL = b"""0
SECTION
2
ENTITIES
0
POLYLINE
8
JZD
66
1
70
1
0
VERTEX
8
JZD
10
0
20
0
0
VERTEX
8
JZD
10
10
20
0
42
1.0
0
VERTEX
8
JZD
10
10
20
10
0
SEQEND
0
INSERT
2
NONE
10
0
20
0
0
ENDSEC
0
EOF
"""


def test_a_drawing_of_nothing_but_entities() -> None:
    layer = only(read(SMALL, "x.dxf"))
    assert layer.count == 1 and layer.frame()["图层"].to_list() == ["JZD"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(SMALL)), st.binary(max_size=4), st.integers(0, 12)), max_size=4))
def test_nothing_makes_the_reader_fail(changes: list[tuple[int, bytes, int]]) -> None:
    data = SMALL
    for place, new, length in changes:
        data = data[:place] + new + data[place + length :]
    sniff(data)
    result = read(data, "x.dxf")
    findings_table(result.findings)
    for layer in result.layers:
        assert layer.geometry is not None and len(layer.geometry) == layer.count


def test_a_figure_drawn_from_below_is_mirrored_back() -> None:
    doc = drawing()
    doc.modelspace().add_lwpolyline(
        [(-X, Y), (-X - 100, Y), (-X - 100, Y + 80), (-X, Y + 80)], close=True, dxfattribs={"extrusion": (0, 0, -1)}
    )
    (shape,) = shapes(only(read(saved(doc), "x.dxf")))
    assert shape.equals(shapely.Polygon(corners(0, 0, 100, 80)))
