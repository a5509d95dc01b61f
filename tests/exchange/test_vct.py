"""The land survey's VCT: polygons built of signed line references, joined to their attribute tables."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panhuo.exchange.delivery import Layer
from panhuo.exchange.result import ReadResult
from panhuo.exchange.vct import read, sniff
from panhuo.messages import findings_table

HEAD = """HeadBegin
Datamark:LANDUSE-VCT
Version:3.0
CoordinateSystemType:P
Dim:2
XAxisDirection:E
YAxisDirection:N
XYUnit:M
Spheroid:CGCS2000,6378137.0,298.257222101
Projection:高斯-克吕格投影
Parameters:117,1,39500000,0,3,39
Separator:,
HeadEnd

FeatureCodeBegin
2001010100,地类图斑,Polygon,,DLTB
2001010200,地类界线,Line,,DLJX
FeatureCodeEnd

TableStructureBegin
DLTB,4
BSM,Char,18
DLBM,Char,5
TBMJ,Float,15,2
DLSL,Int,4
0
DLBZ,1,NoneGeometry
BZ,Char,50
0
TableStructureEnd

"""

#: A square of 100 m in two lines, a neighbour that shares one of them, and a hole.
ORIGIN = (39580000, 4060000)
LINES = {
    "1": [(100, 0), (100, 100)],
    "2": [(100, 100), (0, 100), (0, 0), (100, 0)],
    "3": [(100, 0), (200, 0), (200, 100), (100, 100)],
    "4": [(20, 20), (40, 20), (40, 40), (20, 40), (20, 20)],
}
POLYGONS = {"11": ["1", "2", "0", "-4"], "12": ["3", "-1"], "13": ["4"]}
ROWS = ["11,05H1,9600.00,1", "12,0601,10000.00,2", "13,0601,400.00,3"]


def write(
    lines: dict[str, list[tuple[float, float]]] = LINES,
    polygons: dict[str, list[str]] = POLYGONS,
    rows: list[str] = ROWS,
) -> str:
    """A small VCT of line references; what the tests spoil."""
    out = [HEAD + "LineBegin"]
    for ident, points in lines.items():
        out += [ident, "2001010200", "X", "1", "1", "11", str(len(points))]
        out += [f"{ORIGIN[0] + x:.4f},{ORIGIN[1] + y:.4f}" for x, y in points] + ["0"]
    out += ["LineEnd", "", "PolygonBegin"]
    for ident, refs in polygons.items():
        out += [ident, "2001010100", "X", "100", f"{ORIGIN[0] + 50}.5,{ORIGIN[1] + 50}.5", "21", str(len(refs))]
        out += [",".join(refs[k : k + 8]) for k in range(0, len(refs), 8)] + ["0"]
    out += [
        "PolygonEnd",
        "",
        "AttributeBegin",
        "DLTB",
        *rows,
        "TableEnd",
        "DLBZ",
        "1,说明",
        "TableEnd",
        "AttributeEnd",
        "",
    ]
    return "\n".join(out)


def lay(text: str, encoding: str = "gb18030") -> ReadResult:
    return read(text.encode(encoding), "三调/示例.vct")


def named(result: ReadResult, name: str) -> Layer:
    (layer,) = [x for x in result.layers if x.name == name]
    return layer


def shapes(layer: Layer) -> list[shapely.Geometry | None]:
    assert layer.geometry is not None
    return list(shapely.from_wkb(layer.geometry.to_numpy(zero_copy_only=False)))


def box(a: float, b: float, c: float, d: float) -> shapely.Polygon:
    return shapely.box(ORIGIN[0] + a, ORIGIN[1] + b, ORIGIN[0] + c, ORIGIN[1] + d)


def test_polygons_of_signed_references_share_their_lines() -> None:
    for encoding in ("gb18030", "utf-8", "utf-8-sig"):
        data = write().encode(encoding)
        assert sniff(data)
        result = read(data, "x.vct")
        assert result.findings == []
        layer = named(result, "DLTB")
        a, b, c = shapes(layer)
        assert a.equals(box(0, 0, 100, 100).difference(box(20, 20, 40, 40)))
        assert b.equals(box(100, 0, 200, 100)) and c.equals(box(20, 20, 40, 40))
        assert layer.crs is not None and layer.crs.epsg == 4527
        frame = layer.frame()
        assert frame["DLBM"].to_list() == ["05H1", "0601", "0601"]
        assert frame["TBMJ"].to_list() == [9600.0, 10000.0, 400.0] and frame["DLSL"].to_list() == [1, 2, 3]
        assert layer.notes == ("要素名称=地类图斑",)
        bare = named(result, "DLBZ")
        assert bare.geometry is None and bare.frame()["BZ"].to_list() == ["说明"]


def test_direct_polygons_and_references_to_polygons() -> None:
    corners = [(0, 0), (100, 0), (100, 100), (0, 100), (0, 0)]
    hole = [(20, 20), (40, 20), (40, 40), (20, 40), (20, 20)]
    text = [HEAD + "PolygonBegin", "11", "2001010100", "X", "1", f"{ORIGIN[0]}.5,{ORIGIN[1]}.5", "2"]
    for ring in (corners, hole):
        text += [str(len(ring)), *(f"{ORIGIN[0] + x},{ORIGIN[1] + y}" for x, y in ring)]
    text += ["0", "12", "2001010100", "X", "100", f"{ORIGIN[0]}.5,{ORIGIN[1]}.5", "22", "1", "11", "0", "PolygonEnd"]
    text += ["AttributeBegin", "DLTB", *ROWS[:2], "TableEnd", "AttributeEnd"]
    result = lay("\n".join(text))
    assert result.findings == []
    a, b = shapes(named(result, "DLTB"))
    assert a.equals(box(0, 0, 100, 100).difference(box(20, 20, 40, 40))) and b.equals(a)


def test_a_broken_reference_is_named_with_its_line_and_costs_only_its_polygon() -> None:
    spoilt = {
        "不存在": {**POLYGONS, "12": ["3", "-9"]},
        "首尾不接": {**POLYGONS, "12": ["3", "1"]},
        "没有闭合": {**POLYGONS, "12": ["3"]},
    }
    for said, polygons in spoilt.items():
        text = write(polygons=polygons)
        line = text.split("\n").index("12", text.split("\n").index("PolygonBegin")) + 1
        result = lay(text)
        layer = named(result, "DLTB")
        assert [g is None for g in shapes(layer)] == [False, True, False]
        assert [(f.code, f.row, f.key) for f in result.findings] == [
            ("VCT-08", line, "12"),
            ("VCT-12", result.findings[1].row, "12"),
        ]
        assert said in result.findings[0].text.zh


def test_rows_and_shapes_without_each_other_are_kept() -> None:
    result = lay(write(rows=[*ROWS[:2], "99,0701,1.00,1"]))
    layer = named(result, "DLTB")
    assert layer.frame()["BSM"].to_list() == ["11", "12", "99", None]
    assert [g is None for g in shapes(layer)] == [False, False, True, False]
    assert {f.code for f in result.findings} == {"VCT-11", "VCT-12"}


def test_numbers_that_are_none_and_rows_of_the_wrong_length() -> None:
    result = lay(write(rows=["11,05H1,约9600,1", ROWS[1], "13,0601"]))
    frame = named(result, "DLTB").frame()
    assert frame["TBMJ"].to_list() == ["约9600", "10000.00", None]
    assert {f.code for f in result.findings} == {"VCT-10", "VCT-13"}


def test_a_cut_off_file_keeps_what_came_before() -> None:
    text = write()
    result = lay(text[: text.index("AttributeBegin")])
    assert sum(g is not None for g in shapes(named(result, "DLTB"))) == 3
    result = lay(text[: text.index("PolygonEnd") - 12])
    assert any(f.code == "VCT-04" for f in result.findings)


def test_the_system_is_taken_from_the_parameters() -> None:
    for parameters, epsg in (
        ("117,1,500000,0,3,39", 4548),
        ("117,1,20500000,0,6,20", 4498),
        ("120,1,40500000,0", 4528),
    ):
        layer = named(lay(write().replace("117,1,39500000,0,3,39", parameters)), "DLTB")
        assert layer.crs is not None and layer.crs.epsg == epsg
    result = lay(write().replace("Parameters:117,1,39500000,0,3,39\n", ""))
    assert named(result, "DLTB").crs is None and [f.code for f in result.findings] == ["VCT-14"]


def test_a_line_of_arcs_is_cut_finely() -> None:
    text = write().replace("1\n11\n5\n", "2\n12\n3\n", 1)
    first = f"{ORIGIN[0] + 20:.4f},{ORIGIN[1] + 20:.4f}\n"
    mid, end = f"{ORIGIN[0] + 40:.4f},{ORIGIN[1] + 20:.4f}\n", f"{ORIGIN[0] + 40:.4f},{ORIGIN[1] + 40:.4f}\n"
    text = text.replace(first + mid + end, first + mid + end + "12\n3\n" + end, 1)
    result = lay(text)
    hole = shapes(named(result, "DLTB"))[2]
    assert hole is not None and abs(hole.area - np.pi * 200) < 0.01 * 2 * np.pi * 15


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1900),
            st.text(st.sampled_from("0123456789,.-\nBegindLPoy面"), max_size=4),
            st.integers(0, 30),
        ),
        max_size=6,
    )
)
def test_nothing_makes_the_reader_fail(changes: list[tuple[int, str, int]]) -> None:
    text = write()
    for place, new, length in changes:
        text = text[:place] + new + text[place + length :]
    _sound(text.encode("gb18030"))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    _sound(data)
    _sound(b"HeadBegin\nHeadEnd\nPolygonBegin\n" + data)


def _sound(data: bytes) -> None:
    sniff(data)
    result = read(data, "x.vct")
    findings_table(result.findings)
    for layer in result.layers:
        assert layer.rows is not None and len(layer.rows) == layer.count
        assert layer.geometry is None or len(layer.geometry) == layer.count
