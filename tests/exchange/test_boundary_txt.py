"""A clerk hands over boundary point files as surveyors' programs write them; every one must be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from panhuo.exchange.boundary_txt import TxtOptions, read, render, sniff, write
from panhuo.exchange.boundary_txt.sheets import sheet_numbers
from panhuo.exchange.delivery import Layer
from panhuo.exchange.result import ReadResult
from panhuo.messages import PanhuoError

HEAD = """[属性描述]
格式版本号=1.01版本
数据产生单位=某测绘单位
坐标系=2000国家大地坐标系
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号=39
精度=0.001
转换参数=,,,,,,
[地块坐标]
"""
RECORD = "10,0.7600,DK001,地块1,面,J50G080063,工业用地,0601,@\n"
SHELL = """J1,1,4060080.000,39580000.000
J2,1,4060080.000,39580100.000
J3,1,4060000.000,39580100.000
J4,1,4060000.000,39580000.000
J1,1,4060080.000,39580000.000
"""
HOLE = """J5,2,4060050.000,39580020.000
J6,2,4060030.000,39580020.000
J7,2,4060030.000,39580040.000
J8,2,4060050.000,39580040.000
J5,2,4060050.000,39580020.000
"""
STANDARD = HEAD + RECORD + SHELL + HOLE
SQUARE = shapely.box(39580000, 4060000, 39580100, 4060080)
WITH_HOLE = SQUARE.difference(shapely.box(39580020, 4060030, 39580040, 4060050))


def lay(text: str, encoding: str = "gbk") -> ReadResult:
    return read(text.encode(encoding), "权籍/补充宗地.txt")


def shapes(layer: Layer) -> list[shapely.Geometry | None]:
    assert layer.geometry is not None
    return list(shapely.from_wkb(layer.geometry.to_numpy(zero_copy_only=False)))


def codes(result: ReadResult) -> list[str]:
    return [f.code for f in result.findings]


def only(result: ReadResult) -> Layer:
    (layer,) = result.layers
    return layer


def test_the_sample_of_the_rule_is_read_without_a_word() -> None:
    result = lay(STANDARD)
    layer = only(result)
    assert result.findings == []
    assert layer.name == "补充宗地"
    assert layer.crs is not None and layer.crs.epsg == 4527
    assert layer.rows is not None and layer.rows.to_pylist() == [12]
    assert shapes(layer)[0].equals(WITH_HOLE)
    row = layer.frame().row(0, named=True)
    assert row["地块编号"] == "DK001" and row["地类编码"] == "0601" and row["图幅号"] == "J50G080063"
    assert row["界址点数"] == 10 and row["地块面积"] == 0.76
    assert row["面积_平方米"] == pytest.approx(7600) and row["面积单位"] == "公顷"
    assert "属性描述.数据产生单位=某测绘单位" in layer.notes


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_encoding_and_line_end(encoding: str, newline: str) -> None:
    data = STANDARD.replace("\n", newline).encode(encoding)
    assert sniff(data)
    result = read(data, "a.txt")
    assert result.findings == []
    assert shapes(only(result))[0].equals(WITH_HOLE)
    assert only(result).frame()["地块用途"].to_list() == ["工业用地"]


def test_full_width_punctuation_and_leading_blanks() -> None:
    wide = STANDARD.translate({ord(c): ord(c) + 0xFEE0 for c in "[]=,@0123456789.J"}).replace("\n", "\n  　")
    result = lay(wide)
    assert result.findings == []
    layer = only(result)
    assert shapes(layer)[0].equals(WITH_HOLE) and layer.crs is not None and layer.crs.epsg == 4527
    assert layer.frame()["地块编号"].to_list() == ["DK001"]


def test_more_sections_are_kept_as_notes() -> None:
    result = lay("[项目信息]\n项目名称=澄湖区低效用地\n" + STANDARD)
    assert result.findings == []
    assert "项目信息.项目名称=澄湖区低效用地" in only(result).notes


@pytest.mark.parametrize("key", ["几度分带=3", "分带=3度带", "几度分带=三度带", "几度分带=3°分带"])
def test_zone_width_in_all_spellings(key: str) -> None:
    text = STANDARD.replace("几度分带=3", key).replace(",39580", ",580")
    layer = only(lay(text))
    assert layer.crs is not None and layer.crs.epsg == 4548


@pytest.mark.parametrize(
    ("system", "epsg"),
    [
        ("2000国家大地坐标系", 4527),
        ("CGCS2000", 4527),
        ("1980西安坐标系", 2363),
        ("80国家大地坐标系", 2363),
        ("1954年北京坐标系", 2415),
    ],
)
def test_datum_in_all_spellings(system: str, epsg: int) -> None:
    layer = only(lay(STANDARD.replace("2000国家大地坐标系", system)))
    assert layer.crs is not None and layer.crs.epsg == epsg


def test_six_degree_zone_from_the_eastings_alone() -> None:
    text = STANDARD.replace(",39580", ",20580").replace("带号=39", "带号=").replace("几度分带=3", "几度分带=6")
    result = lay(text)
    assert result.findings == []
    assert only(result).crs.epsg == 4498  # type: ignore[union-attr]


def test_an_unknown_system_stays_open_and_is_asked_for() -> None:
    for text in (
        STANDARD.replace("2000国家大地坐标系", "某市城市坐标系"),
        STANDARD.replace("39580", "580").replace("带号=39", "带号="),
    ):
        result = lay(text)
        assert only(result).crs is None
        assert codes(result) == ["TXT-09"]


def test_a_zone_that_contradicts_the_eastings_is_said() -> None:
    result = lay(STANDARD.replace("带号=39", "带号=40"))
    assert codes(result) == ["TXT-09"] and "40" in result.findings[0].text.zh
    assert only(result).crs.epsg == 4527  # type: ignore[union-attr]


def test_swapped_columns_are_put_right_and_said_once() -> None:
    lines = [
        ",".join([*t.split(",")[:2], *t.split(",")[:1:-1]]) if t.startswith("J") else t for t in STANDARD.split("\n")
    ]
    result = lay("\n".join(lines))
    assert codes(result) == ["TXT-06"]
    assert shapes(only(result))[0].equals(WITH_HOLE)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("10,0.7600,DK001,地块1,面,,,@", {"地类编码": None, "备注": None}),
        ("10,0.7600,DK001,地块1,面,J50G080063,工业用地,0601,@", {"地类编码": "0601"}),
        (
            "10,0.76,DK001,地块1,面,,工业用地,0601,TB,5,6,7,复耕,@",
            {"图斑类型": "TB", "等别": "5", "改造前": "6", "备注": "复耕"},
        ),
        ("10,0.7600,DK001,地块1,面,J50G080063,工业用地,0601,甲,乙,@", {"备注": "甲,乙"}),
        ("10,0.7600公顷,DK001,地块1,面,J50G080063,工业用地,0601,@", {"面积单位": "公顷"}),
        ("8,0.7600,DK001,地块1,面,J50G080063,工业用地,0601,@", {"界址点数": 8}),
        ("10,0.7600,DK001,一期,二期,面,J50G080063,工业用地,0601,@", {"地块名称": "一期,二期", "地类编码": "0601"}),
        ("10,0.7600,DK001,面,J50G080063,工业用地,0601,@", {"地块编号": "DK001", "地块名称": None, "地类编码": "0601"}),
    ],
)
def test_records_of_any_length(record: str, expected: dict[str, object]) -> None:
    result = lay(HEAD + record + "\n" + SHELL + HOLE)
    row = only(result).frame().row(0, named=True)
    assert {k: row[k] for k in expected} == expected
    assert row["地块面积"] == 0.76
    assert set(codes(result)) <= {"TXT-20"}


def test_area_written_in_other_units_is_recognised_by_the_geometry() -> None:
    for written, unit in (("7600", "平方米"), ("11.4", "亩")):
        result = lay(STANDARD.replace("0.7600", written))
        assert codes(result) == ["TXT-10"]
        row = only(result).frame().row(0, named=True)
        assert row["面积单位"] == unit and row["面积_平方米"] == pytest.approx(7600)


def test_area_and_count_that_do_not_agree_are_said_with_their_line() -> None:
    result = lay(STANDARD.replace("10,0.7600", "12,0.7800"))
    assert {(f.code, f.row, f.key) for f in result.findings} == {("TXT-11", 12, "DK001"), ("TXT-12", 12, "DK001")}
    assert "7600.00" in next(f for f in result.findings if f.code == "TXT-11").text.en


def test_ring_numbers_of_parts_are_no_holes() -> None:
    far = HOLE.replace(",395800", ",395805")
    layer = only(lay(STANDARD.replace(HOLE, far)))
    (shape,) = shapes(layer)
    assert shape.geom_type == "MultiPolygon" and len(shape.geoms) == 2
    assert layer.geometry_type == "MultiPolygon"


def test_an_island_in_a_hole_is_a_part() -> None:
    island = "".join(f"J{k},3,{y},{x}\n" for k, y, x in ((9, 4060045, 39580025), (10, 4060035, 39580025)))
    island += "".join(f"J{k},3,{y},{x}\n" for k, y, x in ((11, 4060035, 39580035), (12, 4060045, 39580035)))
    (shape,) = shapes(only(lay(STANDARD + island)))
    assert shape.equals(WITH_HOLE.union(shapely.box(39580025, 4060035, 39580035, 4060045)))


def test_a_hole_that_touches_the_shell() -> None:
    touching = "J5,2,4060080,39580050\nJ6,2,4060030,39580020\nJ7,2,4060030,39580080\nJ5,2,4060080,39580050\n"
    (shape,) = shapes(only(lay(HEAD + RECORD + SHELL + touching)))
    assert shape.is_valid and len(shape.interiors) == 1


def test_numbers_that_restart_without_a_new_ring_number() -> None:
    hole = "J1,1,4060050,39580020\nJ2,1,4060030,39580020\nJ3,1,4060030,39580040\nJ4,1,4060050,39580040\n"
    closed = lay(HEAD + RECORD + SHELL + hole + "J1,1,4060050,39580020\n")
    unclosed = lay(HEAD + RECORD.replace("10,", "8,") + SHELL.rsplit("J1", 1)[0] + hole)
    for result in (closed, unclosed):
        assert result.findings == []
        assert shapes(only(result))[0].equals(WITH_HOLE)


def test_plain_numbers_and_padded_names_as_points() -> None:
    for old, new in (("J", ""), ("J", "J0"), ("J", "JZD-")):
        text = HEAD + RECORD + (SHELL + HOLE).replace(old, new)
        result = lay(text)
        assert result.findings == [] and shapes(only(result))[0].equals(WITH_HOLE)


def test_two_plots_with_the_same_record_are_both_kept() -> None:
    result = lay(STANDARD + RECORD + (SHELL + HOLE).replace("3958", "3959"))
    layer = only(result)
    assert layer.count == 2 and codes(result) == ["TXT-19"]
    assert not shapes(layer)[0].intersects(shapes(layer)[1])


def test_records_of_points_and_lines_stay_what_they_are() -> None:
    text = (
        HEAD
        + "1,0,P1,井,点,,,,@\nJ1,1,4060080,39580000\n3,0,L1,渠,线,,,,@\n"
        + SHELL.split("J4")[0]
        + RECORD
        + SHELL
        + HOLE
    )
    result = lay(text)
    layer = only(result)
    assert [g.geom_type for g in shapes(layer)] == ["Point", "LineString", "Polygon"]
    assert codes(result) == ["TXT-17", "TXT-17"] and layer.geometry_type == "Unknown"


def test_headless_file_a_blank_line_ends_a_feature() -> None:
    text = SHELL + "\n" + SHELL.replace("3958", "3959")
    data = text.encode()
    assert sniff(data)
    result = read(data, "x.txt")
    layer = only(result)
    assert layer.count == 2 and layer.rows.to_pylist() == [1, 7]  # type: ignore[union-attr]
    assert layer.crs.epsg == 4527 and layer.crs.source == "magnitude"  # type: ignore[union-attr]
    assert codes(result) == ["TXT-05", "TXT-09"]


def test_provincial_form() -> None:
    rows = [t.split(",") for t in (SHELL + HOLE).strip().split("\n")]
    one = "\n".join(f"{i},1,{r[1]},{r[0]},{r[2]},{r[3]}" for i, r in enumerate(rows, 1))
    two = "\n".join(f"{i},2,{r[1]},{r[0]},{r[2]},{r[3].replace('3958', '3959')}" for i, r in enumerate(rows, 1))
    for text in (one + "\n\n" + two, one + "\n" + two):
        assert sniff(text.encode())
        layer = only(lay(text))
        assert layer.count == 2 and shapes(layer)[0].equals(WITH_HOLE)


def test_degrees_in_either_order() -> None:
    for order in ("{lat},{lon}", "{lon},{lat}"):
        corners = [(36.6, 117.3), (36.6, 117.31), (36.61, 117.31), (36.61, 117.3), (36.6, 117.3)]
        text = "".join(f"J{i % 4 + 1},1," + order.format(lat=a, lon=b) + "\n" for i, (a, b) in enumerate(corners))
        result = lay(text)
        layer = only(result)
        assert layer.crs is not None and layer.crs.epsg == 4490
        assert shapes(layer)[0].equals(shapely.box(117.3, 36.6, 117.31, 36.61))
        assert ("TXT-06" in codes(result)) == order.startswith("{lon}")


def test_files_put_together_keep_each_its_own_system() -> None:
    other = STANDARD.replace("2000国家大地坐标系", "1980西安坐标系").replace("DK001", "DK002")
    result = lay(STANDARD + other)
    assert [(x.name, x.crs.epsg, x.count) for x in result.layers if x.crs] == [  # type: ignore[misc]
        ("补充宗地_EPSG4527", 4527, 1),
        ("补充宗地_EPSG2363", 2363, 1),
    ]
    assert codes(result) == ["TXT-21"]


def test_a_height_or_other_separators_do_no_harm() -> None:
    text = HEAD + RECORD + "".join(f"{t},12.5\n" for t in SHELL.split()) + HOLE.replace(",", "\t")
    result = lay(text)
    assert result.findings == [] and shapes(only(result))[0].equals(WITH_HOLE)


MUTATIONS = [
    ("J3,1,4060000.000,39580100.000", "J3,1,406OOOO.000,39580100.000", "TXT-02"),
    ("J3,1,4060000.000,39580100.000", "J3,1,4060000.000", "TXT-02"),
    ("J3,1,4060000.000,39580100.000", "J3,1,4060000.000,", "TXT-02"),
    ("J3,1,4060000.000,39580100.000", "J3,1,nan,39580100.000", "TXT-02"),
    ("J3,1,4060000.000,39580100.000", "J3,1,4060000.000,39580100.000,1,2,3", "TXT-02"),
    ("J3,1,4060000.000,39580100.000", "J3 1 4060000.000 39580100.0x0", "TXT-02"),
    ("J3,1,4060000.000,39580100.000", "J3,1,4060000.000,580100.000", "TXT-08"),
    ("J3,1,4060000.000,39580100.000", "J3,1,39580100.000,4060000.000", "TXT-23"),
    ("J3,1,4060000.000,39580100.000", "— — —", "TXT-03"),
]


@pytest.mark.parametrize(("old", "new", "code"), MUTATIONS)
def test_a_spoilt_line_is_named_and_every_other_plot_is_kept(old: str, new: str, code: str) -> None:
    other = (RECORD + SHELL + HOLE).replace("DK001", "DK002").replace("3958", "3959")
    text = STANDARD + other
    spoilt = text.replace(old, new, 1)
    line = text[: text.index(old)].count("\n") + 1
    result = lay(spoilt)
    layer = only(result)
    assert (code, line) in {(f.code, f.row) for f in result.findings}
    assert layer.count == 2 and layer.frame()["地块编号"].to_list() == ["DK001", "DK002"]
    assert shapes(layer)[1] is not None
    if code in ("TXT-02", "TXT-08"):
        assert shapes(layer)[0] is None
    for finding in result.findings:
        assert finding.text.zh and finding.text.en and finding.suggestion


def test_a_record_that_lost_its_at_sign_is_still_a_record() -> None:
    result = lay(
        STANDARD
        + RECORD.replace(",@", ",").replace("DK001", "DK002")
        + SHELL.replace("3958", "3959")
        + HOLE.replace("3958", "3959")
    )
    assert only(result).frame()["地块编号"].to_list() == ["DK001", "DK002"]
    assert [(f.code, f.row) for f in result.findings] == [("TXT-04", 23)]


def test_a_closing_point_that_misses_is_named() -> None:
    text = STANDARD.replace("J1,1,4060080.000,39580000.000\nJ5", "J1,1,4060080.500,39580000.000\nJ5")
    result = lay(text)
    assert [(f.code, f.row, f.value) for f in result.findings] == [("TXT-14", 17, "0.500")]
    assert shapes(only(result))[0].equals(WITH_HOLE)


def test_rings_without_area_doubled_rings_and_empty_plots_are_named() -> None:
    flat = "J5,2,4060050,39580020\nJ6,2,4060030,39580020\nJ5,2,4060050,39580020\n"
    assert "TXT-13" in codes(lay(HEAD + RECORD + SHELL + flat))
    assert "TXT-16" in codes(lay(HEAD + RECORD + SHELL + SHELL.replace(",1,", ",2,")))
    result = lay(HEAD + RECORD + RECORD.replace("DK001", "DK002") + SHELL + HOLE)
    assert ("TXT-18", "DK001") in {(f.code, f.key) for f in result.findings}
    assert shapes(only(result))[0] is None and shapes(only(result))[1] is not None


def test_a_bow_tie_is_kept_as_delivered_for_the_checks_to_find() -> None:
    corners = ((4060080, 39580000), (4060000, 39580100), (4060080, 39580100), (4060000, 39580000))
    points = "".join(f"J{k},1,{n},{e}\n" for k, (n, e) in enumerate(corners, 1))
    result = lay(HEAD + "4,,DK1,甲,面,,,,@\n" + points)
    (shape,) = shapes(only(result))
    assert shape is not None and not shape.is_valid and result.findings == []


def test_a_tangle_of_rings_neither_hangs_nor_hides() -> None:
    points = "".join(f"J{k % 3},1,{4000000 + k * k % 7919},{39500000 + k * 7 % 7907}\n" for k in range(30_000))
    result = lay(HEAD + "0,,DK1,甲,面,,,,@\n" + points)
    assert only(result).count == 1 and len(result.findings) > 0


def test_missing_section_lines() -> None:
    for text in (STANDARD.replace("[地块坐标]\n", ""), STANDARD.replace("[属性描述]\n", "")):
        layer = only(lay(text))
        assert layer.count == 1 and shapes(layer)[0].equals(WITH_HOLE)


def test_a_file_cut_off_in_a_line_or_in_a_character() -> None:
    data = (STANDARD + RECORD.replace("DK001", "DK002") + SHELL).encode("gbk")
    for cut in range(1, 150, 7):
        layer = only(read(data[:-cut], "x.txt"))
        assert shapes(layer)[0].equals(WITH_HOLE)
    half = STANDARD.encode("utf-8") + "12,1,DK9,地".encode()[:-1]
    result = read(half, "x.txt")
    assert only(result).encoding == "utf-8" and "TXT-01" in codes(result)


def test_nothing_in_it() -> None:
    for data in (b"", b"\xff\xfe", b"hello\n", "[属性描述]\n坐标系=CGCS2000\n".encode()):
        result = read(data, "x.txt")
        assert result.layers == () and "TXT-22" in codes(result)
    assert not sniff(b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n")
    assert not sniff("宗地代码,面积,经度,纬度\n1,2.5,117.1,36.2\n".encode())


def test_written_in_the_ruled_form_by_default(tmp_path: Path) -> None:
    layer = only(lay(STANDARD))
    write(layer, tmp_path / "出.txt")
    text = (tmp_path / "出.txt").read_bytes().decode("gbk")
    assert RECORD.strip() + "\r\n" in text and SHELL.replace("\n", "\r\n") + HOLE.replace("\n", "\r\n") in text
    assert list(tmp_path.iterdir()) == [tmp_path / "出.txt"]


def test_map_sheet_numbers_follow_the_coordinates() -> None:
    assert sheet_numbers(np.array([117.8949, np.nan]), np.array([36.6676, 30.0])) == ["J50G080063", None]
    layer = only(lay(STANDARD.replace("J50G080063", "")))
    assert b",J50G080063," in render(layer)


def test_the_writer_says_what_it_cannot_write(tmp_path: Path) -> None:
    layer = only(lay(STANDARD.replace("地块1", "㵘地块1"), "gb18030"))
    with pytest.raises(PanhuoError, match="㵘"):
        write(layer, tmp_path / "x.txt")
    assert not list(tmp_path.iterdir())
    assert "㵘" in render(layer, TxtOptions(encoding="gb18030")).decode("gb18030")
    with pytest.raises(PanhuoError):
        TxtOptions(ring_numbers="one", numbering="continue", close=False)
    with pytest.raises(PanhuoError, match="没有图形"):
        render(layer.with_(geometry=None))
