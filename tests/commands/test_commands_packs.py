"""``panhuo pack …``."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from panhuo.packs import list_packs


@pytest.mark.parametrize(("lang", "heading"), [("zh", "编号"), ("en", "extends")])
def test_list(panhuo, lang: str, heading: str) -> None:
    told = panhuo("pack", "list", "--lang", lang)
    assert told.code == 0
    assert heading in told.out
    assert "demo" in told.out


def test_show_and_check(panhuo) -> None:
    assert "尚未确定" in panhuo("pack", "show", "demo").out
    told = panhuo("pack", "check", "demo", "--lang", "en")
    assert told.code == 0
    assert "0 failed" in told.out
    assert "of formulas" in told.out


def test_check_without_a_name_checks_all(panhuo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANHUO_PACKS", str(tmp_path))
    assert panhuo("pack", "new", "lake-county", "--extends", "demo", "--in", tmp_path).code == 0
    (tmp_path / "lake-county" / "standard.yaml").write_text(
        "conditions:\n  - {id: odd, clause: 第九十条, text: {zh: 怪, en: odd}, value: no_such_fact, is: true}\n",
        encoding="utf-8",
    )
    few = [p for p in list_packs() if p.id in ("lake-county", "national-2023")]
    monkeypatch.setattr("panhuo.packs.list_packs", lambda: few)
    told = panhuo("pack", "check")
    assert told.code == 1
    assert "✗ lake-county/standard.yaml:2" in told.out
    assert "national-2023：无错误" in told.out
    assert "1 个有错误" in told.out


def test_diff(panhuo) -> None:
    assert "没有不同" in panhuo("pack", "diff", "demo", "demo").out
    told = panhuo("pack", "diff", "demo", "liaocheng-2020", "--lang", "en")
    assert told.code == 0
    assert "→" in told.out


def test_thresholds_there_and_back(panhuo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANHUO_PACKS", str(tmp_path))
    panhuo("pack", "new", "lake-county", "--extends", "demo", "--in", tmp_path)
    out = tmp_path / "t.xlsx"
    assert panhuo("pack", "thresholds", "lake-county", "--to", out).code == 0
    book = openpyxl.load_workbook(out)
    assert "min_tax_per_mu" in book.sheetnames
    told = panhuo("pack", "thresholds", "lake-county", "--from", out)
    assert told.code == 0
    assert "处变化" in told.out
    assert panhuo("pack", "thresholds", "lake-county").code == 2
    assert panhuo("pack", "thresholds", "lake-county", "--from", tmp_path / "none.xlsx").code == 1


def test_unknown_pack_names_those_there_are(panhuo) -> None:
    for words in (("show", "dem"), ("check", "dem"), ("diff", "demo", "dem"), ("thresholds", "dem", "--to", "x.xlsx")):
        told = panhuo("pack", *words)
        assert told.code == 1
        assert "demo" in told.out + told.err
