"""Every kind of condition, what makes it unknown, and what is refused with a word of help."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from panhuo.identify import identify
from panhuo.identify.expressions import formula
from panhuo.messages import PanhuoError


def judged(node: Any, facts: dict[str, list[Any]], **pack: Any) -> list[bool | None]:
    """The states of one condition (or tree) on a few parcels."""
    size = len(next(iter(facts.values())))
    frame = pl.DataFrame({"parcel_code": [str(i) for i in range(size)], **facts})
    on = pack.pop("on", None)
    standard = {"classes": [{"id": "K", "name": {"zh": "类", "en": "class"}, "when": {"id": "top", "any": [node]}}]}
    standard |= pack.pop("standard", {})
    return identify(frame, {"standard": standard, **pack}, on=on).evidence["top"].to_list()


@pytest.mark.parametrize(
    ("test", "values", "wanted"),
    [
        ({"lt": 1}, [0.5, 1.0, None], [True, False, None]),
        ({"le": 1}, [0.5, 1.0, 1.1], [True, True, False]),
        ({"gt": 1}, [1.0, 1.1, None], [False, True, None]),
        ({"ge": 1}, [0.9, 1.0, None], [False, True, None]),
        ({"eq": 1}, [1, 2, None], [True, False, None]),
        ({"ne": 1}, [1, 2, None], [False, True, None]),
        ({"between": [1, 2]}, [0.9, 1.0, 2.0, 2.1, None], [False, True, True, False, None]),
        ({"lt": 1}, [float("nan"), 0.0], [None, True]),
        ({"lt": None, "set_by": "县"}, [0.5, None], [None, None]),
        ({"between": [1, None], "set_by": "县"}, [0.5, 1.5, None], [False, None, None]),
    ],
)
def test_numbers(test: dict[str, Any], values: list[Any], wanted: list[bool | None]) -> None:
    assert judged({"id": "n", "value": "plot_ratio", **test}, {"plot_ratio": values}) == wanted


@pytest.mark.parametrize(
    ("test", "values", "wanted"),
    [
        ({"in": ["C13", "C26"]}, ["C26", "C27", None], [True, False, None]),
        ({"not_in": ["C13"]}, ["C26", "C13", None], [True, False, None]),
        ({"starts_with": ["C26", "C27"]}, ["C2614", "C3000", None], [True, False, None]),
        ({"eq": "C13"}, ["C13", "C26", None], [True, False, None]),
        ({"in": [1, 2]}, [1, 3, None], [True, False, None]),
    ],
)
def test_codes(test: dict[str, Any], values: list[Any], wanted: list[bool | None]) -> None:
    assert judged({"id": "c", "value": "industry_code", **test}, {"industry_code": values}) == wanted


def test_lists_dates_and_yes_or_no() -> None:
    features = [["布局散乱", "建筑危旧"], ["其他"], [], None]
    assert judged({"id": "f", "value": "features", "any_of": ["建筑危旧"]}, {"features": features}) == [
        True,
        False,
        False,
        None,
    ]
    written = ["布局散乱；建筑危旧", "其他", None]
    assert judged({"id": "f", "value": "features", "any_of": ["建筑危旧"]}, {"features": written}) == [
        True,
        False,
        None,
    ]
    days = [date(2009, 12, 30), date(2010, 1, 1), None]
    test = {"id": "d", "value": "completion_date", "le": date(2009, 12, 31)}
    assert judged(test, {"completion_date": days}) == [True, False, None]
    assert judged({"id": "b", "value": "willing", "is": False}, {"willing": [False, True, None]}) == [True, False, None]


def test_a_fact_that_nobody_delivered_is_unknown_for_all() -> None:
    node = {"any": [{"id": "a", "value": "willing", "is": True}, {"id": "b", "value": "tax_per_mu", "lt": 3}]}

    assert judged(node, {"willing": [True, False]}) == [True, None]


def test_a_column_without_any_value_is_unknown_for_all() -> None:
    assert judged({"id": "a", "value": "willing", "is": True}, {"willing": [None, None]}) == [None, None]
    assert judged({"id": "a", "value": "plot_ratio", "lt": 1}, {"plot_ratio": [None]}) == [None]
    assert judged({"id": "a", "value": "features", "any_of": ["x"]}, {"features": [None]}) == [None]


def test_a_threshold_by_industry_and_town_falls_back_to_the_star_and_stays_unknown_where_unset() -> None:
    rows = [
        {"keys": ["C13", "001"], "value": 1.0},
        {"keys": ["C13", "*"], "value": 0.8},
        {"keys": ["C26", "001"], "value": None, "set_by": "工业和信息化局"},
        {"keys": ["*", "*"], "value": 0.5},
    ]
    tables = {"min_far": {"keys": ["industry_division", "township_code"], "rows": rows}}
    node = {
        "id": "far",
        "value": "plot_ratio",
        "lt": {"table": "min_far", "key": ["industry_division", "township_code"], "times": 0.5},
    }
    facts = {
        "plot_ratio": [0.45, 0.45, 0.1, 0.1, 0.1],
        "industry_division": ["C13", "C13", "C26", "C39", None],
        "township_code": ["001", "002", "001", "002", "002"],
    }

    assert judged(node, facts, thresholds=tables) == [True, False, None, True, None]


def test_entries_hold_from_day_to_day() -> None:
    node = {
        "any": [
            {"id": "old", "value": "plot_ratio", "lt": 0.5, "to": date(2023, 12, 31)},
            {"id": "new", "value": "plot_ratio", "lt": 0.8, "from": date(2024, 1, 1)},
        ]
    }
    facts: dict[str, list[Any]] = {"plot_ratio": [0.6]}

    assert judged(node, facts, on=date(2023, 12, 31)) == [False]
    assert judged(node, facts, on=date(2024, 1, 1)) == [True]
    with pytest.raises(PanhuoError, match="请指定认定日期"):
        judged(node, facts)


def test_expressions_are_three_valued_and_never_divide_by_nothing() -> None:
    node = {"id": "e", "test": "tax_wan / (area_m2 / 1000) < limit and is_industry_land"}
    facts = {"tax_wan": [1.0, 9.0, None, 1.0], "area_m2": [1000.0, 1000.0, 1000.0, 0.0]}
    land: dict[str, list[Any]] = {**facts, "is_industry_land": [True, None, False, True]}

    assert judged({**node, "parameters": {"limit": {"value": 3}}}, land) == [True, False, False, None]
    open_ = {"limit": {"value": None, "set_by": "县（市、区）"}}
    assert judged({**node, "parameters": open_}, land) == [None, None, False, None]


@pytest.mark.parametrize(
    "source",
    [
        "__import__('os').system('x')",
        "plot_ratio.real",
        "[x for x in (1, 2)]",
        "lambda: 1",
        "plot_ratio ** 2",
        "open('x')",
        "plot_ratio <",
        "(yield)",
        "plot_ratio in industry_code",
    ],
)
def test_whatever_is_not_in_the_little_language_is_refused(source: str) -> None:
    with pytest.raises(PanhuoError) as error:
        formula(source, where="C9")

    assert error.value.where == "C9"
    assert error.value.text.zh and error.value.text.en


def test_derived_facts_are_computed_and_their_parts_are_asked_for() -> None:
    standard = {
        "classes": [
            {
                "id": "K",
                "name": {"zh": "类", "en": "class"},
                "when": {"id": "t", "value": "tax_yield", "lt": 3.0, "ask": "税务局"},
            }
        ]
    }
    pack = {
        "standard": standard,
        "indicators": [{"id": "tax_yield", "zh": "税收产出", "en": "Tax yield", "expr": "tax_wan / (area_m2 / 1000)"}],
    }
    frame = pl.DataFrame({"parcel_code": ["1", "2"], "tax_wan": [1.0, None], "area_m2": [1000.0, 1000.0]})

    verdicts = identify(frame, pack)

    assert verdicts.frame["outcome"].to_list() == ["identified", "unknown"]
    assert verdicts.frame["missing"].to_list() == [[], ["tax_wan"]]
    assert verdicts.frame["ask"].to_list() == [[], ["税务局"]]


def test_sub_classes_need_their_parent_and_stand_for_it() -> None:
    def leaf(name: str, fact: str) -> dict[str, Any]:
        return {"id": name, "value": fact, "is": True}

    names = {"zh": "类", "en": "class"}
    classes = [
        {"id": "industry", "name": names, "order": 1, "when": leaf("i", "is_industry_land")},
        {"id": "town", "name": names, "order": 2},
        {"id": "shops", "name": names, "order": 2, "parent": "town", "when": leaf("s", "in_exit_list")},
        {"id": "homes", "name": names, "order": 1, "parent": "town", "when": leaf("h", "is_village_land")},
        {"id": "village", "name": names, "order": 3, "when": leaf("v", "willing")},
        {"id": "old", "name": names, "order": 1, "parent": "village", "when": leaf("o", "facilities_backward")},
    ]
    facts = {
        "parcel_code": ["shops", "both", "old", "old without village", "main", "open"],
        "is_industry_land": [False, False, False, False, True, False],
        "in_exit_list": [True, True, False, False, True, None],
        "is_village_land": [False, True, False, False, False, False],
        "willing": [False, False, True, False, False, False],
        "facilities_backward": [False, False, True, True, False, False],
    }

    frame = identify(pl.DataFrame(facts), {"classes": classes}).frame

    assert frame["outcome"].to_list() == ["identified", "identified", "identified", "not", "identified", "unknown"]
    assert frame["main_class"].to_list() == ["shops", "homes", "old", None, "industry", None]
    assert frame["classes"].to_list() == [
        ["shops", "town"],
        ["homes", "shops", "town"],
        ["old", "village"],
        [],
        ["industry", "shops", "town"],
        [],
    ]
    assert frame["classes_open"].to_list()[-1] == ["shops", "town"]


@pytest.mark.parametrize(
    ("when", "word"),
    [
        ("no_such", "没有定义的条件"),
        ({"id": "a", "value": "willing"}, "且只写一种比较"),
        ({"id": "a", "value": "willing", "is": True, "test": "1 < 2"}, "只能写一种判断"),
        ({"id": "a", "value": "wiling", "is": True}, "willing"),
        ({"id": "a", "below_average": ["plot_ratio"]}, "缺少 by"),
        ({"reading": "none", "of": [{"id": "a", "value": "willing", "is": True}]}, "没有定义理解开关"),
        ({"id": "a", "value": "plot_ratio", "lt": {"table": "t", "key": "industry_code"}}, "阈值表“t”不存在"),
        ({"all": []}, "没有"),
        ({"any": [{"id": "a", "value": "plot_ratio", "lt": n} for n in (1, 2)]}, "两个不同的条件"),
        ({"id": "a", "value": "township_name", "is": True}, "应为是/否"),
        ({"id": "a", "value": "township_name", "lt": 3}, "应为数字"),
        ({"id": "a", "test": "township_name < 3"}, "无法计算"),
    ],
)
def test_a_wrong_standard_is_told_in_both_languages(when: Any, word: str) -> None:
    frame = pl.DataFrame({"parcel_code": ["1"], "township_name": ["城关"], "plot_ratio": [1.0]})
    classes = [{"id": "K", "name": {"zh": "类", "en": "class"}, "when": when}]

    with pytest.raises(PanhuoError) as error:
        identify(frame, {"id": "draft", "classes": classes})

    assert word in str(error.value)
    assert error.value.say("en") != error.value.say("zh")


def test_wrong_readings_and_packs_without_a_standard_are_told() -> None:
    frame = pl.DataFrame({"parcel_code": ["1"]})
    classes = [{"id": "K", "name": {"zh": "类", "en": "class"}, "when": {"id": "a", "value": "willing", "is": True}}]

    with pytest.raises(PanhuoError, match="没有名为"):
        identify(frame, {"classes": classes}, readings={"x": "any"})
    with pytest.raises(PanhuoError, match="没有认定标准"):
        identify(frame, {"id": "empty", "standard": {}})
    with pytest.raises(PanhuoError, match="parcel_code"):
        identify(pl.DataFrame({"a": [1]}), {"classes": classes})


def test_no_parcels_give_no_verdicts() -> None:
    node = {"id": "a", "below_average": ["plot_ratio"], "by": "industry_division", "factor": 0.5}

    assert judged(node, {"plot_ratio": [], "industry_division": []}) == []
