"""``panhuo demo``, ``survey init | run | status``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

import panhuo as ph
from panhuo.progress import Progress


def test_a_delivery_becomes_a_survey(desk: Path, panhuo) -> None:
    made = panhuo("survey", "init", "demo-district/交付", "--to", "mine", "--pack", "demo", "--on", "2026-11-21")
    assert made.code == 0
    assert "请核对角色" in made.out
    assert "宗地（调查单元）" in made.out
    config = yaml.safe_load((desk / "mine" / "survey.yaml").read_text(encoding="utf-8"))
    assert {e["role"] for e in config["inputs"]} >= {"parcels", "patches", "registration", "economy"}

    again = panhuo("survey", "init", "demo-district/交付", "--to", "mine", "--pack", "demo")
    assert again.code == 1
    assert "--force" in again.err


def test_a_pack_that_identifies_nothing_is_pointed_out(desk: Path, panhuo) -> None:
    made = panhuo("survey", "init", "demo-district/交付/09问题", "--to", "mine", "--lang", "en")
    assert made.code == 0
    assert "panhuo pack list" in made.out


def test_a_finished_survey_is_taken_over(desk: Path, panhuo) -> None:
    again = panhuo("survey", "run", "demo-district", "--quiet")
    assert again.code == 0
    assert "各步都沿用上次的结果" in again.out
    assert "：平" in again.out
    assert "两库一清单.gpkg" in again.out
    assert again.err == ""


def test_from_scratch_forgets_half_way_results(desk: Path, panhuo, monkeypatch: pytest.MonkeyPatch) -> None:
    results = desk / "demo-district" / "成果"

    def stopped_at_once(*_: object, from_scratch: bool, progress: Progress) -> None:
        assert from_scratch
        progress("量算", 0, 1)
        raise ph.Stopped

    assert results.exists()
    monkeypatch.setattr("panhuo.survey.run", stopped_at_once)
    told = panhuo("survey", "run", "demo-district", "--from-scratch")
    assert told.code == 1
    assert told.out == ""
    assert "量算" in told.err  # progress is no result
    assert "已按要求停止" in told.err
    assert (results / "汇总表.xlsx").exists()


def test_a_run_without_all_its_data_says_so_and_ends_with_3(desk: Path, panhuo) -> None:
    shutil.copytree(desk / "demo-district" / "交付", desk / "torn" / "交付")
    shutil.copy(desk / "demo-district" / "survey.yaml", desk / "torn")
    (desk / "torn" / "交付" / "06企业" / "经济指标.xlsx").write_bytes(b"PK\x03\x04 torn off")
    (desk / "torn" / "交付" / "09问题" / "闲置土地.xlsx").unlink()
    told = panhuo("survey", "run", "torn", "--quiet")
    assert told.code == 3
    after = told.out[told.out.index("注意") :]
    assert "有 2 项" in after and "交付/06企业/经济指标.xlsx" in after and "交付/09问题/闲置土地.xlsx" in after
    assert (desk / "torn" / "成果" / "两库一清单.gpkg").exists()
    assert json.loads(panhuo("survey", "status", "torn", "--json").out)["missing"] == [
        "交付/06企业/经济指标.xlsx",
        "交付/09问题/闲置土地.xlsx",
    ]


def test_status_says_how_far_it_is(desk: Path, panhuo) -> None:
    told = panhuo("survey", "status", "demo-district", "--lang", "en")
    assert told.code == 0
    assert "handed back" in told.out
    assert "as in force on 2026-11-21" in told.out
    manifest = json.loads(panhuo("survey", "status", "demo-district", "--json").out)
    assert manifest["holds"] is True

    shutil.rmtree(desk / "demo-district" / "成果")
    shutil.rmtree(desk / "demo-district" / ".成果.work")
    told = panhuo("survey", "status", "demo-district")
    assert told.code == 0
    assert "还没有成果" in told.out
    assert "未做" in told.out


def test_demo_makes_a_district(tmp_path: Path, panhuo) -> None:
    made = panhuo("demo", tmp_path / "d", "--parcels", "500", "--lang", "en")
    assert made.code == 0
    assert "next: panhuo survey run" in made.out
    assert (tmp_path / "d" / "survey.yaml").exists()
    assert panhuo("demo", tmp_path / "e", "--parcels", "7").code == 1
    assert panhuo("demo", tmp_path / "e", "--shapes", tmp_path / "none.parquet").code == 1
