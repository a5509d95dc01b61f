"""Stories of Liaocheng's standard: each rule of part one, and what is not known yet."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from panhuo.identify import compare, flips_between, identify, run_pack_tests
from panhuo.identify.examples import facts_of
from panhuo.messages import PanhuoError

STORIES = [
    t["id"] for t in yaml.safe_load((Path(__file__).parent / "liaocheng" / "stories.yaml").read_text("utf-8"))["tests"]
]


@pytest.mark.requirement("S1-04", "S1-05", "S1-06", "S1-07", "S1-08", "S1-09", "S1-10", "S1-12")
@pytest.mark.parametrize("story", STORIES)
def test_a_story_of_the_standard(liaocheng: dict[str, Any], story: str) -> None:
    tests = [t for t in liaocheng["tests"] if t["id"] == story]

    (result,) = run_pack_tests(liaocheng, tests)

    assert result.passed, result.say("zh")


@pytest.mark.requirement("S1-11")
def test_below_average_shows_value_average_ratio_and_verdict(liaocheng_set: dict[str, Any]) -> None:
    plain = liaocheng_set["tests"][0]["facts"]
    rows = [
        {**plain, "parcel_code": str(i), "is_industry_land": True, "plot_ratio": ratio, "area_m2": 100.0}
        for i, ratio in enumerate([0.2, 1.0, 1.2, None])
    ]
    verdicts = identify(facts_of(rows), liaocheng_set)

    assert verdicts.frame["outcome"].to_list() == ["identified", "not", "not", "unknown"]
    low = verdicts.evidence.row(0, named=True)
    assert low["C1.plot_ratio"] is True
    assert low["C1"] is True
    assert low["C1.plot_ratio@average"] == pytest.approx(0.8)
    assert low["C1.plot_ratio@ratio"] == pytest.approx(0.25)
    assert low["C1.plot_ratio@group_size"] == 3
    assert verdicts.frame["missing"][3].to_list() == ["plot_ratio"]


@pytest.mark.requirement("S1-11")
def test_readings_choose_between_any_and_all_indicators(liaocheng_set: dict[str, Any]) -> None:
    plain = {**liaocheng_set["tests"][0]["facts"], "is_industry_land": True}
    rows = [{**plain, "parcel_code": str(i), "plot_ratio": r} for i, r in enumerate([0.2, 1.0, 1.2])]

    any_is_enough = identify(facts_of(rows), liaocheng_set)
    all_are_needed = identify(facts_of(rows), liaocheng_set, readings={"indicators_below": "all"})

    assert any_is_enough.frame["outcome"][0] == "identified"
    assert all_are_needed.frame["outcome"][0] == "not"


def test_an_open_factor_asks_the_county_and_nobody_else(liaocheng: dict[str, Any]) -> None:
    plain = {**liaocheng["tests"][0]["facts"], "is_industry_land": True}
    rows = [{**plain, "parcel_code": str(i)} for i in range(3)]

    verdict = identify(facts_of(rows), liaocheng).frame.row(0, named=True)

    assert verdict["outcome"] == "unknown"
    assert verdict["missing"] == [
        "threshold:C1.investment_intensity",
        "threshold:C1.plot_ratio",
        "threshold:C1.output_per_hectare",
    ]
    assert verdict["ask"] == ["县（市、区）人民政府"]


@pytest.mark.requirement("S1-13")
def test_a_county_tries_out_how_many_parcels_a_factor_would_catch(liaocheng_set: dict[str, Any]) -> None:
    plain = {**liaocheng_set["tests"][0]["facts"], "is_industry_land": True, "township_code": "001"}
    rows = [{**plain, "parcel_code": str(i), "plot_ratio": 0.1 * (i + 1), "area_m2": 1000.0} for i in range(10)]
    stricter = deepcopy(liaocheng_set)
    stricter["standard"]["classes"][2]["when"]["all"][1]["any"][0]["factor"] = 0.8

    flips = compare(facts_of(rows), liaocheng_set, stricter)

    # The mean is 0.55: below 0.275 are two parcels, below 0.44 four.
    assert flips.frame["flipped"].to_list() == [False, False, True, True, *[False] * 6]
    (row,) = flips.matrix.rows(named=True)[:1]
    assert (row["outcome_a"], row["outcome_b"], row["class_b"], row["parcels"]) == ("not", "identified", "C", 2)
    assert flips.matrix["parcels"].sum() == 10
    assert flips.matrix["area_m2"].sum() == pytest.approx(10_000.0)
    assert flips.townships.row(0, named=True)["identified_b"] == 4
    assert flips.causes["condition"].to_list() == ["C1.plot_ratio"]
    assert "结论不同2宗" in flips.say("zh")
    assert "verdict differs: 2" in flips.say("en")


def test_the_gate_does_not_decide_the_verdict(liaocheng: dict[str, Any]) -> None:
    facts = {**liaocheng["tests"][0]["facts"], "catalogue_status": "淘汰类"}
    rows = [{**facts, "parcel_code": str(i), "in_upper_register": g} for i, g in enumerate([True, False, None])]

    frame = identify(facts_of(rows), liaocheng).frame

    assert frame["outcome"].to_list() == ["identified"] * 3
    assert frame["gate"].to_list() == [True, False, None]
    surveyed = identify(facts_of(rows).drop("in_upper_register"), liaocheng).frame
    assert surveyed["gate"].to_list() == [None] * 3


def test_a_failing_story_says_what_was_expected_and_why_it_came_out_otherwise(liaocheng: dict[str, Any]) -> None:
    wrong = {**liaocheng["tests"][0], "expect": {"outcome": "identified", "class": "A", "conditions": {"P1": False}}}

    (result,) = run_pack_tests(liaocheng, [wrong])

    assert not result.passed
    told = result.say("zh")
    assert "结论：应为“认定为低效用地”，实为“不属于低效用地”" in told
    assert "主类：应为“产业转型升级类”，实为“无”" in told
    assert "条件 P1：应为“不符合”，实为“符合”" in told
    assert "产业目录类别：允许类" in told
    assert "outcome: expected “identified as inefficient land”" in result.say("en")


def test_a_story_with_a_wrong_type_is_told_not_run(liaocheng: dict[str, Any]) -> None:
    wrong = {**liaocheng["tests"][0], "facts": {"in_dispute": "也许"}}

    (result,) = run_pack_tests(liaocheng, [wrong])

    assert "in_dispute" in result.say("zh")


def test_runs_over_different_parcels_are_not_compared(liaocheng: dict[str, Any]) -> None:
    facts = liaocheng["tests"][0]["facts"]
    one, two = (identify(facts_of([{**facts, "parcel_code": str(i)}]), liaocheng) for i in range(2))

    with pytest.raises(PanhuoError, match="不能对比"):
        flips_between(one, two)


def test_what_is_only_unknown_about_an_exclusion_keeps_the_verdict_open(liaocheng: dict[str, Any]) -> None:
    text = {"zh": "闲置土地", "en": "idle land"}
    liaocheng["standard"]["exclusions"] = [{"id": "X", "text": text, "value": "is_idle_land", "is": True}]
    facts = {**liaocheng["tests"][0]["facts"], "catalogue_status": "淘汰类"}
    rows = [{**facts, "parcel_code": str(v), "is_idle_land": v} for v in (True, False, None)]

    frame = identify(facts_of(rows), liaocheng).frame

    assert frame["outcome"].to_list() == ["excluded", "identified", "unknown"]
    assert frame["reasons"].to_list() == [["X"], ["A1"], ["X"]]
