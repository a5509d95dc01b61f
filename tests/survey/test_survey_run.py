"""The demo district through the main job: registers, tables, papers and reconciliation say the same."""

from __future__ import annotations

import hashlib
import json

import openpyxl
import polars as pl
import pyogrio
import pypdf
import pytest

from panhuo.identify import explain
from panhuo.survey import Result
from panhuo.survey.completeness import GROUPS, completeness, matches
from panhuo.survey.measured import load_measured
from panhuo.survey.tables import OUTCOMES


def register(result: Result, layer: str) -> pl.DataFrame:
    meta, table = pyogrio.read_arrow(result.folder / "两库一清单.gpkg", layer=layer)
    frame = pl.DataFrame(pl.from_arrow(table))
    geometry = meta["geometry_name"] or "wkb_geometry"
    return frame.drop([c for c in (geometry, "wkb_geometry", "fid") if c in frame.columns])


def facts(result: Result) -> pl.DataFrame:
    return load_measured(result.folder.parent / ".成果.work" / "measure").facts


def test_the_reconciliation_holds_in_count_and_in_area(finished_result: Result) -> None:
    balance = finished_result.balance

    assert balance.holds
    assert balance.delivered == sum(balance.counts.values())
    assert all(balance.counts[outcome] > 0 for outcome in OUTCOMES)


@pytest.mark.requirement("S1-14", "S2-23")
def test_the_two_registers_and_the_issue_list_come_as_one_package(finished_result: Result) -> None:
    layers = [name for name, _ in pyogrio.list_layers(finished_result.folder / "两库一清单.gpkg")]
    manifest = json.loads((finished_result.folder / "清单.json").read_text(encoding="utf-8"))

    assert set(layers) == {"低效用地数据库", "历史遗留用地数据库", "问题清单", "全部宗地"}
    identified = register(finished_result, "低效用地数据库")
    assert identified.height == finished_result.balance.counts["identified"]
    assert identified["主要类别"].null_count() == 0
    assert identified["依据条款"].str.contains("第").all()
    # tables, maps, summary and check sheet stand beside it, each with its checksum, and the package is dated
    for name, digest in manifest["results"].items():
        assert hashlib.sha256((finished_result.folder / name).read_bytes()).hexdigest() == digest
    assert {"汇总表.xlsx", "调查报告.docx", "调查报告.pdf", "检查发现.xlsx", "两库一清单.gpkg"} <= manifest[
        "results"
    ].keys()
    assert manifest["finished"]


def test_all_parcels_are_in_the_register_with_their_outcome_or_reason(finished_result: Result) -> None:
    every = register(finished_result, "全部宗地")

    assert every.height == finished_result.balance.delivered
    counted = dict(every.group_by("认定结论").len().rows())
    assert counted == {OUTCOMES[o].zh: n for o, n in finished_result.balance.counts.items() if n}
    back = every.filter(pl.col("认定结论") == "退回")
    assert back["退回原因"].null_count() == 0
    assert back["交付行号"].null_count() == 0


@pytest.mark.requirement("S2-20")
def test_issues_are_tied_to_parcels_with_kind_wish_and_unit(finished_result: Result) -> None:
    listed = register(finished_result, "问题清单")

    assert {"宗地代码", "问题类型", "诉求", "责任单位", "认定结论"} <= set(listed.columns)
    reported = listed.filter(pl.col("来源") == "报送")
    assert reported.height > 0
    assert reported["问题类型"].null_count() == 0
    known = set(register(finished_result, "全部宗地")["宗地代码"])
    tied = reported.filter(pl.col("宗地代码").is_in(list(known)))
    assert tied["认定结论"].null_count() == 0


@pytest.mark.requirement("S4-22")
def test_legacy_land_is_taken_up_in_the_same_survey_in_its_own_register(finished_result: Result) -> None:
    old = register(finished_result, "历史遗留用地数据库")
    marked = facts(finished_result)["in_legacy_register"]

    assert old.height > 0
    assert old["面积（平方米）"].min() > 0
    assert marked.null_count() == 0


def test_the_tables_add_up_to_the_reconciliation(finished_result: Result) -> None:
    book = openpyxl.load_workbook(finished_result.folder / "汇总表.xlsx", data_only=True)
    sheet = book["按乡镇"]
    rows = [[c.value for c in row] for row in sheet.iter_rows()]
    total = next(r for r in rows if r[0] == "合计")
    townships = [r for r in rows if isinstance(r[1], int | float) and r[0] != "合计"]

    assert total[1] == finished_result.balance.delivered
    assert total[1] == sum(r[1] for r in townships)
    assert total[2] == pytest.approx(sum(r[2] for r in townships), abs=1e-6)
    counts = finished_result.balance.counts
    assert [total[3 + 2 * i] for i in range(len(OUTCOMES))] == [counts[o] for o in OUTCOMES]


@pytest.mark.requirement("S2-19")
def test_the_report_tells_scale_structure_distribution_and_potential_with_maps(finished_result: Result) -> None:
    reader = pypdf.PdfReader(finished_result.folder / "调查报告.pdf")
    text = "".join(page.extract_text() for page in reader.pages)

    for chapter in ("规模、结构与分布", "投入产出", "再开发潜力", "认定结果", "待核实事项", "认定标准"):
        assert chapter in text
    assert "认定结论分布" in text
    assert "比例尺" in text
    assert f"{finished_result.balance.delivered:,}" in text


@pytest.mark.requirement("S0-36", "S1-21")
def test_completeness_is_told_for_every_content_group_and_township(finished_result: Result) -> None:
    rates = completeness(facts(finished_result))

    assert rates.height == 12
    for group in GROUPS:
        assert rates[group].is_between(0.0, 1.0).all()
    # the generator leaves blanks in the survey form; parcels that came as TXT name no location
    assert rates["place"].median() == 1.0
    assert 0.5 < rates["potential"].mean() < 1.0


@pytest.mark.requirement("S0-33")
def test_survey_registration_and_yield_results_are_joined_with_their_match_rates(finished_result: Result) -> None:
    found = matches(facts(finished_result))
    findings = pl.read_parquet(finished_result.folder / "检查发现.parquet")

    assert {"patches", "registration", "enterprises", "yield_classes"} <= found.keys()
    assert all(0 < hit <= of for hit, of in found.values())
    assert found["patches"][0] == found["patches"][1]
    # records that match nothing are conflicts, told row by row
    assert findings.filter(pl.col("code") == "C01").height > 0


@pytest.mark.requirement("S2-15")
def test_the_base_survey_and_its_year_stand_beside_what_was_measured_on_it(finished_result: Result) -> None:
    verdicts = finished_result.verdicts()
    parcel = verdicts.frame.filter(pl.col("outcome") == "identified")["parcel_code"][0]

    assert "DLTB（2025年度）" in explain(verdicts, parcel, "zh")


@pytest.mark.requirement("S2-16")
def test_the_parcel_code_is_the_key_and_repeated_codes_and_overlaps_are_shown(finished_result: Result) -> None:
    findings = pl.read_parquet(finished_result.folder / "检查发现.parquet")
    every = register(finished_result, "全部宗地")
    judged = every.filter(pl.col("认定结论") != "退回")

    assert judged["宗地代码"].is_unique().all()
    assert findings.filter(pl.col("code") == "A05").height > 0
    overlaps = findings.filter((pl.col("code") == "G03") & (pl.col("layer") == "宗地"))
    assert overlaps.height > 0
    assert overlaps["x"].null_count() == 0
    places = pyogrio.read_info(finished_result.folder / "检查发现.gpkg", layer="检查发现")
    assert places["features"] > 0


def test_nothing_that_was_delivered_has_been_touched(finished_result: Result) -> None:
    manifest = json.loads((finished_result.folder / "清单.json").read_text(encoding="utf-8"))
    root = finished_result.folder.parent / "交付"

    for file in manifest["inputs"]:
        path = root / file["path"]
        if path.exists():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
