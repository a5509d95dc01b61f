"""Shapefiles as bureaus hand them over: every trap is made with real bytes."""

from __future__ import annotations

import struct
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
import shapely

from panhuo.exchange import Layer, open_delivery, write
from panhuo.land.crs import Crs

X, Y = 39_580_000.0, 4_050_000.0
ZONE39 = Crs.from_epsg(4527)


def parcels(n: int = 3, **columns: list[object]) -> Layer:
    boxes = [shapely.box(X + 20 * k, Y, X + 20 * k + 10, Y + 10).wkb for k in range(n)]
    table = pa.table({"ZDDM": [f"370112001001GB{k:05d}" for k in range(n)], **columns})
    return Layer("宗地", "", "", table, pa.array(boxes, pa.large_binary()), ZONE39)


@pytest.fixture
def shp(tmp_path: Path) -> Path:
    """A sound GBK shapefile with Chinese names and a 19-digit text."""
    write(parcels(权利人=["青岚机械", "澄湖纺织", None], 代码=["3701120010010000001"] * 3), tmp_path / "宗地.shp")
    return tmp_path / "宗地.shp"


def codes(delivery: object) -> list[str]:
    return list(delivery.findings["code"])  # type: ignore[attr-defined]


@pytest.mark.parametrize("cpg", ["GBK", "936", "CP936", "GB2312", "OEM 936", "ANSI 936", "GB18030", "gbk\r\n"])
def test_every_way_to_write_gbk_in_a_cpg_is_understood(shp: Path, cpg: str) -> None:
    shp.with_suffix(".cpg").write_text(cpg)
    delivery = open_delivery(shp)
    assert delivery.layers[0].table["权利人"].to_pylist() == ["青岚机械", "澄湖纺织", None]
    assert delivery.layers[0].encoding == "GB18030"
    said = [(f["code"], f["severity"], f["value"]) for f in delivery.findings.iter_rows(named=True)]
    assert said == ([("R01", "note", cpg)] if " " in cpg else [])


def test_a_code_page_number_that_nobody_else_understands_is_named(shp: Path) -> None:
    write(parcels(权利人=["青岚机械", "澄湖纺织", None]), shp, encoding="UTF-8")
    shp.with_suffix(".cpg").write_text("65001")
    found = open_delivery(shp).findings.row(0, named=True)
    assert (found["code"], found["severity"], "UTF-8" in found["zh"]) == ("R01", "note", True)


def test_without_cpg_the_language_byte_decides_and_without_that_the_content(shp: Path) -> None:
    shp.with_suffix(".cpg").unlink()
    by_language_byte = open_delivery(shp)
    assert codes(by_language_byte) == []
    dbf = bytearray(shp.with_suffix(".dbf").read_bytes())
    dbf[29] = 0
    shp.with_suffix(".dbf").write_bytes(dbf)
    guessed = open_delivery(shp)
    assert codes(guessed) == ["R01"]
    for delivery in (by_language_byte, guessed):
        assert delivery.layers[0].table["权利人"].to_pylist() == ["青岚机械", "澄湖纺织", None]


def test_a_cpg_that_lies_is_not_believed(shp: Path) -> None:
    shp.with_suffix(".cpg").write_text("65001")
    delivery = open_delivery(shp)
    assert delivery.layers[0].table["权利人"][0].as_py() == "青岚机械"
    assert codes(delivery)[0] == "R01"


def test_utf8_without_any_statement_is_read(tmp_path: Path) -> None:
    write(parcels(权利人=["青岚机械"] * 3), tmp_path / "a.shp", encoding="UTF-8")
    (tmp_path / "a.cpg").unlink()
    layer = open_delivery(tmp_path / "a.shp").layers[0]
    assert (layer.encoding, layer.table["权利人"][0].as_py()) == ("UTF-8", "青岚机械")


def test_a_code_of_19_digits_stays_what_it_is_in_text_and_number_fields(tmp_path: Path, shp: Path) -> None:
    assert open_delivery(shp).layers[0].table["代码"][0].as_py() == "3701120010010000001"
    dbf = bytearray(shp.with_suffix(".dbf").read_bytes())
    at = dbf.find("代码".encode("gbk"))
    dbf[at + 11 : at + 12] = b"N"
    shp.with_suffix(".dbf").write_bytes(dbf)
    assert open_delivery(shp).layers[0].table["代码"][0].as_py() == "3701120010010000001"


def test_missing_shx_is_rebuilt_and_the_source_is_not_touched(shp: Path) -> None:
    before = open_delivery(shp).layers[0].geometry
    shp.with_suffix(".shx").unlink()
    kept = {p.name: p.read_bytes() for p in shp.parent.iterdir()}
    delivery = open_delivery(shp)
    assert delivery.layers[0].geometry == before
    assert codes(delivery) == ["R03"]
    assert {p.name: p.read_bytes() for p in shp.parent.iterdir()} == kept


def test_a_shx_of_another_file_is_not_used(shp: Path, tmp_path: Path) -> None:
    before = open_delivery(shp).layers[0].geometry
    data = bytearray(shp.with_suffix(".shx").read_bytes())
    data[108:116] = struct.pack(">ii", 51, 7)
    shp.with_suffix(".shx").write_bytes(data)
    delivery = open_delivery(shp)
    assert delivery.layers[0].geometry == before
    assert codes(delivery) == ["R03"]


def test_a_cut_shp_keeps_its_whole_shapes_and_all_rows(shp: Path) -> None:
    shp.write_bytes(shp.read_bytes()[:-20])
    delivery = open_delivery(shp)
    layer = delivery.layers[0]
    assert (layer.count, layer.geometry.null_count) == (3, 1)  # type: ignore[union-attr]
    assert {"D01", "R04"} <= set(codes(delivery))


def test_missing_prj_is_told_by_the_numbers(shp: Path) -> None:
    shp.with_suffix(".prj").unlink()
    delivery = open_delivery(shp)
    crs = delivery.layers[0].crs
    assert crs is not None and (crs.epsg, crs.source) == (4527, "magnitude")
    assert codes(delivery) == ["D02"]


def test_missing_dbf_gives_shapes_with_numbers(shp: Path) -> None:
    shp.with_suffix(".dbf").unlink()
    delivery = open_delivery(shp)
    assert delivery.layers[0].table.to_pydict() == {"FID": [1, 2, 3]}
    assert codes(delivery) == ["R03"]


def test_missing_shp_gives_a_table(shp: Path) -> None:
    shp.unlink()
    delivery = open_delivery(shp.parent)
    assert [(x.driver, x.count, x.geometry) for x in delivery.layers] == [("DBF", 3, None)]


def test_companions_are_found_whatever_the_case_of_their_names(shp: Path) -> None:
    for p in list(shp.parent.iterdir()):
        p.rename(p.with_name(p.stem + (p.suffix.upper() if p.suffix != ".shp" else p.suffix)))
    delivery = open_delivery(shp.parent)
    assert codes(delivery) == []
    assert {f.path: f.state for f in delivery.files} == {
        "宗地.CPG": "part",
        "宗地.DBF": "part",
        "宗地.PRJ": "part",
        "宗地.SHX": "part",
        "宗地.shp": "read",
    }


def test_deleted_rows_go_with_their_shapes_and_are_counted(shp: Path) -> None:
    dbf = bytearray(shp.with_suffix(".dbf").read_bytes())
    header, record = struct.unpack_from("<HH", dbf, 8)
    dbf[header + record] = 0x2A
    shp.with_suffix(".dbf").write_bytes(dbf)
    delivery = open_delivery(shp)
    layer = delivery.layers[0]
    assert layer.rows.to_pylist() == [1, 3]  # type: ignore[union-attr]
    assert layer.table["权利人"].to_pylist() == ["青岚机械", None]
    assert shapely.from_wkb(layer.geometry[1].as_py()).bounds[0] == X + 40  # type: ignore[index]
    assert codes(delivery) == ["R05"]


def test_more_shapes_than_rows_loses_neither(shp: Path) -> None:
    dbf = bytearray(shp.with_suffix(".dbf").read_bytes())
    struct.pack_into("<I", dbf, 4, 2)
    shp.with_suffix(".dbf").write_bytes(dbf)
    delivery = open_delivery(shp)
    layer = delivery.layers[0]
    assert (layer.count, layer.geometry.null_count) == (3, 0)  # type: ignore[union-attr]
    assert layer.table["ZDDM"].null_count == 1
    assert codes(delivery) == ["R04"]


def test_a_field_name_cut_inside_a_character_is_read_without_the_half(shp: Path) -> None:
    dbf = bytearray(shp.with_suffix(".dbf").read_bytes())
    at = dbf.find("权利人".encode("gbk"))
    dbf[at : at + 11] = "不动产单元号".encode("gbk")[:9] + b"\0\0"
    shp.with_suffix(".dbf").write_bytes(dbf)
    delivery = open_delivery(shp)
    assert "不动产单" in delivery.layers[0].fields
    assert codes(delivery) == ["R06"]


def test_values_that_are_no_numbers_or_dates_are_named(tmp_path: Path) -> None:
    layer = parcels(面积=[1.5, 2.5, 3.5], 日期=[date(2020, 1, 2), None, date(2024, 2, 29)])
    write(layer, tmp_path / "a.shp")
    dbf = (tmp_path / "a.dbf").read_bytes()
    (tmp_path / "a.dbf").write_bytes(dbf.replace(b"2.5", b"***").replace(b"20240229", b"20240230"))
    delivery = open_delivery(tmp_path / "a.shp")
    assert delivery.layers[0].table["面积"].to_pylist() == [1.5, None, 3.5]
    assert delivery.layers[0].table["日期"].to_pylist() == [date(2020, 1, 2), None, None]
    assert [(f["code"], f["row"], f["value"]) for f in delivery.findings.iter_rows(named=True)] == [
        ("R08", 2, "***"),
        ("R08", 3, "20240230"),
    ]


def test_a_text_cut_inside_its_last_character_is_named(tmp_path: Path) -> None:
    write(parcels(备注=["甲乙丙", "甲乙", "甲"]), tmp_path / "a.shp")
    dbf = (tmp_path / "a.dbf").read_bytes()
    whole = "甲乙丙".encode("gbk")
    (tmp_path / "a.dbf").write_bytes(dbf.replace(whole, whole[:4] + b"x\xb1"))
    delivery = open_delivery(tmp_path / "a.shp")
    assert delivery.layers[0].table["备注"][0].as_py() == "甲乙x"
    assert codes(delivery) == ["R02"]


def test_a_wrong_extension_does_not_hide_a_shapefile(shp: Path) -> None:
    shp.rename(shp.with_suffix(".dat"))
    delivery = open_delivery(shp.parent)
    assert [(x.driver, x.count) for x in delivery.layers] == [("ESRI Shapefile", 3)]


def test_the_writer_keeps_the_names_it_had_to_shorten(tmp_path: Path) -> None:
    layer = parcels(不动产单元号码甲=["a"] * 3, 不动产单元号码乙=["b"] * 3)
    written = write(layer, tmp_path / "a.shp")
    assert (tmp_path / "a_字段对照.csv").is_file()
    assert [f.code for f in written.findings] == ["R20"]
    assert open_delivery(tmp_path / "a.shp").layers[0].fields == layer.fields
    (tmp_path / "a_字段对照.csv").unlink()
    short = open_delivery(tmp_path / "a.shp").layers[0].fields
    assert len(set(short)) == 3 and all(len(n.encode("gbk")) <= 10 for n in short)


def test_texts_over_254_bytes_are_cut_between_characters_and_told(tmp_path: Path) -> None:
    written = write(parcels(备注=["甲" * 200, "乙", None]), tmp_path / "a.shp")
    assert [(f.code, f.row) for f in written.findings] == [("R20", 1)]
    assert open_delivery(tmp_path / "a.shp").layers[0].table["备注"][0].as_py() == "甲" * 127


def test_mixed_geometry_is_written_as_a_shapefile_a_kind(tmp_path: Path) -> None:
    shapes = [shapely.box(X, Y, X + 1, Y + 1).wkb, shapely.Point(X, Y).wkb, None]
    layer = Layer("混合", "", "", pa.table({"n": [1, 2, 3]}), pa.array(shapes, pa.large_binary()), ZONE39)
    write(layer, tmp_path / "a.shp")
    read = open_delivery(tmp_path)
    assert {x.name: x.table["n"].to_pylist() for x in read} == {"a": [1, 3], "a_点": [2]}


def test_repeated_texts_read_as_they_would_one_by_one(tmp_path: Path) -> None:
    """A long table decodes each different cell once; texts cut inside a character are still counted by rows."""
    n = 12_000
    uses = ["工业用地", "仓储", None, "商服用地  ", "a"]
    write(
        parcels(n, 用途=[uses[k % 5] for k in range(n)], 残=["丙" if k % 2 else "丁" for k in range(n)]),
        tmp_path / "a.shp",
    )
    dbf = bytearray((tmp_path / "a.dbf").read_bytes())
    at = dbf.rfind("丁".encode("gbk"))
    dbf[at : at + 2] = b"\x81 "
    (tmp_path / "a.dbf").write_bytes(dbf)
    delivery = open_delivery(tmp_path / "a.shp")
    table = delivery.layers[0].table
    assert table["用途"].to_pylist() == [v and v.rstrip() for v in (uses * (n // 5))]
    assert table["残"].to_pylist()[:2] == ["丁", "丙"]
    found = delivery.findings.filter(code="R02").row(0, named=True)
    assert (found["row"], found["count"], found["field"]) == (n - 1, 1, "残")
