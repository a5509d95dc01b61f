"""``panhuo check`` and ``panhuo convert``."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pyogrio
import pytest


def test_check_counts_before_it_lists(desk: Path, panhuo) -> None:
    told = panhuo("check", "demo-district/交付", "--to", "found.xlsx")
    assert told.code == 0
    assert "宗地（调查单元）" in told.out
    assert "EPSG:4527" in told.out
    assert "检查发现：" in told.out
    assert "其余" in told.out
    assert "✗ " in told.out
    assert all(width(line) <= 112 for line in told.out.splitlines() if "  " in line)
    assert openpyxl.load_workbook(desk / "found.xlsx").sheetnames[:2] == ["汇总", "清单"]


def width(line: str) -> int:
    return sum(2 if ord(c) > 0x2E7F else 1 for c in line)


@pytest.mark.parametrize(("lang", "words"), [("zh", "图层和表"), ("en", "Layers and tables")])
def test_check_speaks_both_languages(desk: Path, panhuo, lang: str, words: str) -> None:
    told = panhuo("check", "demo-district/交付/09问题", "--lang", lang)
    assert told.code == 0
    assert words in told.out


def test_language_from_the_environment(desk: Path, panhuo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANHUO_LANG", "en")
    assert "Layers and tables" in panhuo("check", "demo-district/交付/09问题").out


def test_strict_has_an_exit_code_of_its_own(desk: Path, panhuo) -> None:
    parcels = "demo-district/交付/01权籍/宗地.shp"
    assert panhuo("check", parcels).code == 0
    assert panhuo("check", parcels, "--strict").code == 3


def test_findings_for_programs(desk: Path, panhuo) -> None:
    told = panhuo("check", "demo-district/交付/01权籍", "--json")
    found = json.loads(told.out)
    assert {"code", "severity", "source", "row", "zh", "en", "mender"} <= set(found[0])


def test_roles_can_be_said(desk: Path, panhuo) -> None:
    file = "demo-district/交付/09问题/争议.xlsx"
    assert panhuo("check", file, "--role", "Sheet1=disputes").code == 0
    wrong = panhuo("check", file, "--role", "Sheet1=dispute")
    assert wrong.code == 1
    assert "disputes" in wrong.err
    assert panhuo("check", file, "--role", "disputes").code == 1


def test_a_folder_without_data(tmp_path: Path, panhuo) -> None:
    (tmp_path / "读我.txt").write_text("没有数据", encoding="utf-8")
    told = panhuo("check", tmp_path)
    assert told.code == 0
    assert "没有可读的图层" in told.out


def test_convert_there_and_back(desk: Path, panhuo) -> None:
    source = "demo-district/交付/01权籍/宗地.shp"
    assert panhuo("convert", source, "a.gpkg", "--crs", "EPSG:4490").code == 0
    assert panhuo("convert", "a.gpkg", "b.shp", "--encoding", "UTF-8", "--lang", "en").code == 0
    assert pyogrio.read_info("b.shp")["features"] == pyogrio.read_info(source)["features"]
    assert "4490" in pyogrio.read_info("a.gpkg")["crs"]


def test_convert_says_what_it_cannot(desk: Path, panhuo) -> None:
    source = "demo-district/交付/01权籍/宗地.shp"
    assert ".gpkg" in panhuo("convert", source, "a.foo").err
    assert panhuo("convert", source, "nowhere/a.gpkg").code == 1
    none = panhuo("convert", source, "a.gpkg", "--layer", "楼")
    assert none.code == 1
    assert "宗地" in none.err
