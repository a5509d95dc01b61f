"""亩产效益 evaluation: a published formula computed by hand, missing items, veto, exemption, class cuts."""

from __future__ import annotations

from copy import deepcopy
from math import floor
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.identify import evaluate_yield, identify
from panhuo.messages import PanhuoError


def item(name: str, expr: str, weight: float, baseline: Any = "mean", **more: Any) -> dict[str, Any]:
    return {"id": name, "name": {"zh": name, "en": name}, "expr": expr, "weight": weight, "baseline": baseline, **more}


MU = "(occupied_area_m2 / 666.6666666666667)"
CLASSES = [
    {"id": "A", "name": "优先发展类", "top": 0.2},
    {"id": "B", "name": "支持发展类", "top": 0.6},
    {"id": "C", "name": "提升发展类", "top": 0.95},
    {"id": "D", "name": "限制发展类"},
]
#: The formula that 黄岩区 published for the year 2022 (district means as baselines).
HUANGYAN: dict[str, Any] = {
    "groups": [
        {
            "id": "规上",
            "name": {"zh": "规上工业企业", "en": "Above designated size"},
            "when": {"id": "above", "value": "above_scale", "is": True},
            "items": [
                item("亩均税收", f"tax_wan / {MU}", 30, 24.097),
                item("亩均增加值", f"added_value_wan / {MU}", 20, 136.16),
                item("单位能耗增加值", "added_value_wan / energy_tce", 20, 2.694),
                item("单位排放增加值", "added_value_wan / emission_t", 10, 4929.81, missing="mean"),
                item("全员劳动生产率", "added_value_wan / staff", 10, 18.14),
                item("研发占比", "rd_wan / revenue_wan", 10, 0.0302),
            ],
        },
        {
            "id": "规下",
            "name": {"zh": "规下工业企业", "en": "Below designated size"},
            "items": [
                item("亩均税收", f"tax_wan / {MU}", 50, 11.5932),
                item("单位用电税收", "tax_wan * 10000 / electricity_kwh", 50, 0.2352),
            ],
        },
    ],
    "by": "percentile",
    "classes": CLASSES,
}


def test_the_published_formula_gives_the_scores_computed_by_hand() -> None:
    mu = 2000 / 3
    firms = pl.DataFrame(
        {
            "credit_code": ["甲", "乙", "丙"],
            "above_scale": [True, True, False],
            "occupied_area_m2": [10 * mu, 10 * mu, 5 * mu],
            "tax_wan": [481.94, 240.97, 57.966],
            "added_value_wan": [680.8, 1361.6, None],
            "energy_tce": [680.8 / 2.694, 1361.6 / 1.347, None],
            "emission_t": [None, 1361.6 / 4929.81, None],
            "staff": [680.8 / 9.07, 1361.6 / 18.14, None],
            "rd_wan": [6.04, 3.02, None],
            "revenue_wan": [100.0, 100.0, None],
            "electricity_kwh": [None, None, 57.966 * 10000 / 0.1176],
        }
    )

    result = evaluate_yield(firms, HUANGYAN)

    # 甲: 2×30 + 0.5×20 + 1×20 + (mean of the others: 10) + 0.5×10 + 2×10; 乙: 30 + 20 + 0.5×20 + 10 + 10 + 10
    # 丙: 11.5932/11.5932×50 + 0.1176/0.2352×50
    assert result.frame["score"].to_list() == pytest.approx([125.0, 90.0, 75.0])
    assert result.frame["group"].to_list() == ["规上", "规上", "规下"]
    told = result.items.filter((pl.col("credit_code") == "甲") & (pl.col("item") == "单位排放增加值")).row(
        0, named=True
    )
    assert (told["value"], told["how"], told["score"]) == (None, "mean", pytest.approx(10.0))
    explained = result.explain("甲")
    for words in (
        "总分：125",
        "亩均税收：48.194，基准24.097，为基准的200%，权重30，得60分",
        "无数据，按本组平均分计10分",
    ):
        assert words in explained
    assert "no data, scored with the group's mean: 10" in result.explain("甲", "en")


def simple(**more: Any) -> dict[str, Any]:
    group = {"id": "all", "name": {"zh": "全部", "en": "all"}, "items": [item("税收", "tax_wan", 100, 10.0)]}
    return {"groups": [group], "classes": CLASSES, **more}


def firms(scores: list[float | None], **more: list[Any]) -> pl.DataFrame:
    tax = pl.Series([None if s is None else s / 10 for s in scores], dtype=pl.Float64)
    return pl.DataFrame({"credit_code": [f"{i:03}" for i in range(len(scores))], "tax_wan": tax, **more})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.randoms(use_true_random=False))
def test_class_cuts_are_whole_numbers_of_enterprises_and_rows_may_come_in_any_order(
    scores: list[int], random: Any
) -> None:
    frame = firms([float(s) for s in scores])
    n = len(scores)

    result = evaluate_yield(frame, simple()).frame

    counts = [result.filter(pl.col("yield_class") == c["name"]).height for c in CLASSES]
    cuts = [floor(t * n + 1e-9) for t in (0.2, 0.6, 0.95)] + [n]
    assert counts == [b - a for a, b in zip([0, *cuts], cuts, strict=False)]
    assert sorted(result["rank"].to_list()) == list(range(1, n + 1))
    by_rank = result.sort("rank")["score"].to_list()
    assert by_rank == sorted(by_rank, reverse=True)
    order = random.sample(range(n), n)
    mixed = evaluate_yield(frame[order], simple()).frame.sort("credit_code")
    assert mixed.equals(result)


def test_a_tie_across_a_cut_is_marked_and_the_credit_code_decides() -> None:
    result = evaluate_yield(firms([50.0, 50.0, 50.0, 40.0, 30.0]), simple()).frame

    assert result["yield_class"].to_list()[:3] == ["优先发展类", "支持发展类", "支持发展类"]
    assert result["tied"].to_list() == [True, True, True, False, False]


def test_a_veto_puts_an_enterprise_last_whatever_its_score() -> None:
    when = {"id": "s", "value": "safety_compliant", "is": False}
    veto = [{"id": "V1", "text": {"zh": "重大事故", "en": "accident"}, "when": when, "class": "D"}]
    frame = firms([90.0, 80.0, 70.0, 60.0, 50.0], safety_compliant=[False, True, True, None, True])

    result = evaluate_yield(frame, simple(veto=veto)).frame

    assert result["yield_class"].to_list()[:2] == ["限制发展类", "优先发展类"]
    assert result["decided_by"].to_list()[:2] == ["veto", "rank"]
    assert result["rank"].to_list() == [5, 1, 2, 3, 4]
    assert result["to_verify"].to_list()[3] == ["V1"]


@pytest.mark.requirement("S1-12")
def test_an_enterprise_that_is_not_evaluated_is_never_restricted() -> None:
    young = {"id": "y", "value": "start_year", "ge": 2024}
    exclusions = [{"id": "T1", "text": {"zh": "初创期", "en": "young"}, "when": young}]
    frame = firms([0.0, 90.0, 80.0, 70.0], start_year=[2025, 2001, 2001, 2001])

    result = evaluate_yield(frame, simple(exclusions=exclusions)).frame

    exempt = result.row(0, named=True)
    assert (exempt["status"], exempt["yield_class"], exempt["score"]) == ("exempt", "暂不评价", None)
    assert result["group_size"].to_list() == [None, 3, 3, 3]
    restricted = {"id": "C2", "value": "yield_class", "in": ["限制发展类"]}
    standard = {"classes": [{"id": "C", "name": {"zh": "低效", "en": "low"}, "when": restricted}]}
    facts = result.select(pl.col("credit_code").alias("parcel_code"), "yield_class")
    assert identify(facts, standard).frame["outcome"][0] == "not"


def test_missing_items_count_as_the_scheme_says() -> None:
    frame = firms([100.0, None, 50.0])
    states = {}
    for rule in ("mean", "zero", "unknown"):
        scheme = simple()
        scheme["groups"][0]["items"][0]["missing"] = rule
        states[rule] = evaluate_yield(frame, scheme).frame.row(1, named=True)

    assert states["mean"]["score"] == pytest.approx(75.0)
    assert states["zero"]["score"] == 0.0
    assert states["unknown"]["score"] is None
    assert (states["unknown"]["status"], states["unknown"]["missing"]) == ("unknown", ["税收"])


def test_caps_floors_bonus_penalty_and_lower_is_better() -> None:
    scheme = deepcopy(simple())
    scheme["groups"][0]["items"] = [
        item("税收", "tax_wan", 100, 10.0, cap=150),
        item("能耗", "energy_tce", 10, 5.0, higher_is_better=False, floor=2),
    ]
    good = {"id": "g", "value": "willing", "is": True}
    scheme["bonus"] = [{"id": "B1", "text": {"zh": "加分", "en": "bonus"}, "when": good, "points": 5}]
    scheme["penalty"] = [{"id": "N1", "text": {"zh": "减分", "en": "penalty"}, "when": {"not": good}, "points": 3}]
    frame = firms([300.0, 100.0], energy_tce=[2.5, 50.0], willing=[True, False])

    result = evaluate_yield(frame, scheme)

    assert result.frame["base_score"].to_list() == [170.0, 102.0]
    assert result.frame["score"].to_list() == [175.0, 99.0]
    assert result.items["how"].to_list() == ["capped", "value", "value", "floor"]


def test_means_of_the_group_are_the_baselines_and_groups_do_not_mix() -> None:
    scheme = simple()
    scheme["groups"][0]["items"][0]["baseline"] = "mean"
    scheme["groups"][0]["when"] = {"id": "a", "value": "above_scale", "is": True}
    frame = firms([100.0, 300.0, 999.0, 100.0], above_scale=[True, True, False, None])

    result = evaluate_yield(frame, scheme).frame

    assert result["score"].to_list() == [50.0, 150.0, None, None]
    assert result["status"].to_list() == ["evaluated", "evaluated", "unknown", "unknown"]


def test_classes_may_be_cut_by_score_and_an_open_cut_gives_no_class() -> None:
    classes = [{"id": "A", "name": "优先发展类", "min_score": 80}, {"id": "D", "name": "限制发展类"}]
    frame = firms([90.0, 80.0, 10.0])

    by_score = evaluate_yield(frame, simple(by="score", classes=classes)).frame
    open_cut = [{**classes[0], "min_score": None, "set_by": "市"}, classes[1]]
    nothing = evaluate_yield(frame, simple(by="score", classes=open_cut)).frame

    assert by_score["yield_class"].to_list() == ["优先发展类", "优先发展类", "限制发展类"]
    assert nothing["yield_class"].to_list() == [None] * 3
    assert nothing["score"].to_list() == [90.0, 80.0, 10.0]


def test_a_target_that_nobody_set_and_a_misspelt_fact() -> None:
    scheme = simple()
    scheme["groups"][0]["items"][0]["baseline"] = {"target": None, "set_by": "市工业和信息化局"}
    assert evaluate_yield(firms([90.0]), scheme).frame["status"].to_list() == ["unknown"]

    scheme["groups"][0]["items"][0]["expr"] = "tax_wann / 2"
    with pytest.raises(PanhuoError, match="tax_wan"):
        evaluate_yield(firms([90.0]), scheme)
