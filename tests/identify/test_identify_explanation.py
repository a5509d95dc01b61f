"""An official reads why: values, thresholds, clauses, sources, what is missing, what would turn the verdict."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from panhuo.identify import FactSource, Verdicts, condition_table, explain, explanation_of, identify, load, save
from panhuo.identify.examples import facts_of
from panhuo.messages import PanhuoError

SOURCES = {"plot_ratio": FactSource("房屋（2025年度）", date(2025, 12, 31))}


@pytest.fixture
def verdicts(liaocheng_set: dict[str, Any]) -> Verdicts:
    plain = {**liaocheng_set["tests"][0]["facts"], "is_industry_land": True, "township_name": "东阿镇"}
    rows = [
        {**plain, "parcel_code": f"37150200{i}", "plot_ratio": 0.2 + 0.4 * i, "area_m2": 20_000.0} for i in range(5)
    ]
    rows[1] |= {"in_dispute": None, "catalogue_status": "淘汰类", "environment_compliant": None}
    rows[2] |= {"catalogue_status": "淘汰类"}
    return identify(facts_of(rows), liaocheng_set, on=date(2026, 11, 21), sources=SOURCES)


def test_the_text_gives_value_threshold_clause_source_and_date(verdicts: Verdicts) -> None:
    told = explain(verdicts, "371502000")

    for words in (
        "结论：认定为低效用地",
        "类别：用地效益提升类",
        "认定日期2026年11月21日",
        "✓ P4 权属清晰（一）",
        "✓ C1 控制指标明显低于地方行业平均水平（符合以下任一项）（一(三)）",
        "✓ C1.plot_ratio 容积率低于全域同行业大类平均值的50%",
        "容积率：0.2；来源：房屋（2025年度）；时点：2025年12月31日",
        "比较：同组（行业大类 C26 化学原料和化学制品制造业，5宗有效数据）平均值1，本宗为平均值的20%",
        "确认单位：不动产登记机构",
        "容积率由0.2升至0.5（变动150%），则不属于低效用地",
    ):
        assert words in told


def test_the_english_text_is_complete(verdicts: Verdicts) -> None:
    told = explain(verdicts, "371502000", "en")

    for words in (
        "Verdict: identified as inefficient land",
        "applied as of 2026-11-21",
        "Plot ratio: 0.2; source: 房屋（2025年度）; as of 2025-12-31",
        "✓ C1.plot_ratio Plot ratio is below 50% of the mean of the same industry division",
        "this parcel is 20% of it",
        "Readings in force",
    ):
        assert words in told


def test_only_what_could_change_the_verdict_is_asked_for(verdicts: Verdicts) -> None:
    # 淘汰类 already meets the class: whether the environment rules are kept no longer matters.
    told = explanation_of(verdicts, "371502001")

    assert told.outcome == "unknown"
    assert [(m.item, [a.zh for a in m.ask], m.conditions) for m in told.missing] == [
        ("in_dispute", ["自然资源部门、信访部门"], ("P5",))
    ]
    assert "未掌握“是否存在争议”" in explain(verdicts, "371502001")


def test_the_nearest_change_is_the_smallest_and_really_turns_the_verdict(
    verdicts: Verdicts, liaocheng_set: dict[str, Any]
) -> None:
    told = explanation_of(verdicts, "371502003")

    change, text = told.changes[0]
    # Investment and output both stand at their group's mean: either would have to fall by half.
    assert (change.fact, change.outcome) == ("investment_intensity", "identified")
    assert change.relative == pytest.approx(0.5)
    assert text.zh == "投资强度由1,000万元/公顷降至500万元/公顷以下（变动50%），则认定为低效用地"
    row = verdicts.frame.row(3, named=True)
    assert row["flip"] in {"C1.output_per_hectare", "C1.investment_intensity"}
    assert row["flip_change"] == pytest.approx(0.5)


def test_sections_follow_the_standard(verdicts: Verdicts) -> None:
    told = explanation_of(verdicts, "371502002")

    assert [(s.kind, s.class_id, s.state) for s in told.sections] == [
        ("preconditions", None, True),
        ("class", "A", True),
        ("class", "B", False),
        ("class", "C", False),
        ("gate", None, None),
    ]
    states = {line.id: line.state for s in told.sections for line in s.lines}
    assert states["A1"] is True
    assert states["C1"] is False
    assert told.readings[0][2] == "any"


def test_an_open_threshold_is_said_with_who_decides(liaocheng: dict[str, Any]) -> None:
    plain = {**liaocheng["tests"][0]["facts"], "is_industry_land": True, "parcel_code": "1"}

    told = explain(identify(facts_of([plain]), liaocheng), "1")

    assert "无法判定的原因：阈值尚未确定，由县（市、区）人民政府确定" in told
    assert "平均值（倍数尚未确定）" in told


def test_an_unknown_parcel_is_answered_with_the_nearest_codes(verdicts: Verdicts) -> None:
    with pytest.raises(PanhuoError) as error:
        explain(verdicts, "371502009")

    assert "371502000" in error.value.say("zh")
    assert "Similar codes" in error.value.say("en")


def test_a_saved_run_explains_the_same_without_judging_again(verdicts: Verdicts, tmp_path: Path) -> None:
    save(verdicts, tmp_path / "成果")
    again = load(tmp_path / "成果")

    for code in verdicts.frame["parcel_code"]:
        for lang in ("zh", "en"):
            assert explain(again, code, lang) == explain(verdicts, code, lang)
    assert again.frame.equals(verdicts.frame)
    assert again.counts().equals(verdicts.counts())


def test_an_incomplete_folder_is_told(verdicts: Verdicts, tmp_path: Path) -> None:
    save(verdicts, tmp_path)
    (tmp_path / "evidence.parquet").unlink()

    with pytest.raises(PanhuoError, match=r"evidence\.parquet"):
        load(tmp_path)


def test_counts_add_up_to_the_survey(verdicts: Verdicts) -> None:
    counts = verdicts.counts()

    assert counts["outcome"].to_list() == ["identified", "not", "unknown", "excluded"]
    assert counts["parcels"].sum() == 5
    assert counts["area_m2"].sum() == pytest.approx(100_000.0)


def test_a_table_threshold_and_a_formula_are_shown_with_their_numbers() -> None:
    standard = {
        "exclusions": [{"id": "X", "text": {"zh": "闲置土地", "en": "Idle land"}, "value": "is_idle_land", "is": True}],
        "classes": [
            {
                "id": "K",
                "name": {"zh": "低效工业", "en": "Inefficient industry"},
                "when": {
                    "all": [
                        {
                            "id": "far",
                            "text": {"zh": "容积率低", "en": "Low ratio"},
                            "value": "plot_ratio",
                            "lt": {"table": "min_far", "key": "industry_division"},
                        },
                        {
                            "id": "t",
                            "text": {"zh": "税收低", "en": "Low tax"},
                            "test": "tax_wan / (area_m2 / 1000) < 3",
                        },
                    ]
                },
            }
        ],
    }
    frame = pl.DataFrame(
        {
            "parcel_code": ["1", "2"],
            "plot_ratio": [0.5, 0.5],
            "industry_division": ["C26", "C99"],
            "tax_wan": [1.0, 1.0],
            "area_m2": [1000.0, 1000.0],
            "is_idle_land": [False, False],
        }
    )
    verdicts = identify(frame, {"standard": standard, "thresholds": {"min_far": {"C26": 0.8}}})

    assert "容积率低于0.8（阈值表“min_far”）" in explain(verdicts, "1")
    assert "税收 ÷ （面积（椭球面积） ÷ 1,000）低于3" in explain(verdicts, "1")
    assert "阈值表“min_far”没有“C99”的数值" in explain(verdicts, "2")
    assert "table “min_far” has no value for “C99”" in explain(verdicts, "2", "en")
    assert "排除情形：无" in explain(verdicts, "1")


def test_the_standard_of_a_run_is_a_table_with_clauses_units_and_sources(verdicts: Verdicts) -> None:
    table = condition_table(verdicts)

    row = table.filter(pl.col("condition") == "C1.plot_ratio").row(0, named=True)
    assert row["part"] == "C"
    assert row["clause"] == "一(三)"
    assert row["requirement_zh"] == "容积率低于全域同行业大类平均值的50%"
    assert row["sources"][0] == "房屋（2025年度）"
    assert row["dates"][0] == date(2025, 12, 31)
    assert (row["holds"], row["fails"], row["unknown"]) == (1, 4, 0)
    assert table["condition"].to_list()[:5] == ["P1", "P2", "P3", "P4", "P5"]
