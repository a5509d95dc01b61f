"""Cells as people fill them in."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.land.values import (
    normalise,
    to_area,
    to_bool,
    to_code,
    to_date,
    to_int,
    to_list,
    to_money,
    to_number,
    to_share,
    to_text,
    to_year,
)
from panhuo.messages import PanhuoError


def test_yes_and_no_in_the_words_of_offices() -> None:
    found = to_bool(pl.Series(["是", "有", "1", " √ ", "达标", "已抵押", "否", "无", "0", "×", "不达标", "未抵押"]))
    assert found.values.to_list() == [True] * 6 + [False] * 6
    assert found.bad_count == 0


def test_what_is_neither_is_unknown_and_named() -> None:
    found = to_bool(pl.Series(["可能", "待定", "", None, "—"]))
    assert found.values.to_list() == [None] * 5
    assert found.bad.to_list() == [True, True, False, False, False]
    numbers = to_bool(pl.Series([1, 0, 2, None]))
    assert numbers.values.to_list() == [True, False, None, None]
    assert numbers.bad.to_list() == [False, False, True, False]


@pytest.mark.parametrize(
    "text",
    [
        "2023年1月5日",
        "2023年01月05日",
        "２０２３年１月５日",
        "20230105",
        "20230105.0",
        "2023/1/5",
        "2023-1-5",
        "2023.1.5",
        "2023 年 1 月 5 日",
        "2023-01-05 12:30:00",
        "2023/1/5 0:00:00",
        "2023/1/5 8:30",
        "2023-01-05T00:00:00",
        "2023年1月5日 8:00",
        "2023年1月5日8时30分",
        "2023-01-05 12:30:00.000",
        "2023-01-05T00:00:00.000Z",
        "20230105123000",
        "44931.5",
        "44931",
    ],
)
def test_dates(text: str) -> None:
    assert to_date(pl.Series([text])).values.to_list() == [date(2023, 1, 5)]


def test_dates_that_are_none() -> None:
    found = to_date(pl.Series(["13/5/2023", "2023年13月5日", "2023", "不详", None, "", "99999999"]))
    assert found.values.null_count() == 7
    assert found.bad.to_list() == [True, True, True, True, False, False, True]
    assert to_date(pl.Series(["2023年5月", "2023-05"])).values.to_list() == [date(2023, 5, 1)] * 2


def test_dates_that_are_dates_already() -> None:
    assert to_date(pl.Series([datetime(2023, 1, 5, 8)])).values.to_list() == [date(2023, 1, 5)]
    assert to_date(pl.Series([44931, None])).values.to_list() == [date(2023, 1, 5), None]
    assert to_year(pl.Series([date(2023, 1, 5)])).values.to_list() == [2023]


@settings(deadline=None, max_examples=40)
@given(
    st.dates(date(1954, 10, 4), date(2118, 1, 1)),
    st.sampled_from(["{y}年{m}月{d}日", "{y}/{m}/{d}", "{y}{m:02}{d:02}"]),
)
def test_a_date_written_down_is_read_again(day: date, form: str) -> None:
    text = form.format(y=day.year, m=day.month, d=day.day)
    assert to_date(pl.Series([text])).values.to_list() == [day]


@settings(deadline=None, max_examples=40)
@given(st.dates(date(1954, 10, 4), date(2118, 1, 1)))
def test_the_day_numbers_of_spreadsheets(day: date) -> None:
    serial = (day - date(1899, 12, 30)).days
    assert to_date(pl.Series([serial])).values.to_list() == [day]


def test_years() -> None:
    found = to_year(
        pl.Series(["2024", "2024年", "2024年度", "2024-05-01", "202412", "20241231", "2024.0", "45400", "二〇二四"])
    )
    assert found.values.to_list() == [2024] * 8 + [None]
    assert found.bad.to_list() == [False] * 8 + [True]
    assert to_year(pl.Series([2024, 24])).values.to_list() == [2024, None]


def test_numbers() -> None:
    found = to_number(pl.Series(["1,234.5", "１２３", "30%", "约5", "1.2e3", "-3", "abc", "-", None, "3-5"]))
    assert found.values.to_list() == [1234.5, 123, 0.3, 5, 1200, -3, None, None, None, None]
    assert found.bad.to_list() == [False] * 6 + [True, False, False, True]


def test_a_unit_in_the_cell_wins_over_that_of_the_column() -> None:
    found = to_area(pl.Series(["12", "3.5公顷", "500平方米", "5万元"]), unit="mu")
    assert found.values.to_list() == [pytest.approx(8000), 35_000, 500, None]
    assert found.bad.to_list() == [False, False, False, True]
    assert to_area(pl.Series([12.0, None]), unit="mu").values.to_list() == [pytest.approx(8000), None]
    assert to_money(pl.Series(["12", "3.5亿元", "100元"])).values.to_list() == [12, 35_000, pytest.approx(0.01)]
    assert to_money(pl.Series([5]), unit="yi_yuan").values.to_list() == [50_000]


def test_shares() -> None:
    assert to_share(pl.Series(["30%", "0.5"])).values.to_list() == [0.3, 0.5]
    assert to_share(pl.Series([30.0, 50.0])).values.to_list() == [0.3, 0.5]
    assert to_share(pl.Series([0.3, 1.0])).values.to_list() == [0.3, 1.0]
    assert to_share(pl.Series([0.5, 0.8]), unit="percent").values.to_list() == [0.005, 0.008]


def test_whole_numbers() -> None:
    found = to_int(pl.Series(["3", "3.5", "5人"]))
    assert found.values.to_list() == [3, None, 5]
    assert found.bad.to_list() == [False, True, False]


def test_lists() -> None:
    found = to_list(pl.Series(["布局散乱、利用粗放", "a;b；c", "a，、b", "无", " ", None]))
    assert found.values.to_list() == [["布局散乱", "利用粗放"], ["a", "b", "c"], ["a", "b"], [], None, None]


def test_codes_are_texts() -> None:
    assert to_code(pl.Series([" 05h1", "０６０１", "3701 12", "3.0", None])).values.to_list() == [
        "05H1",
        "0601",
        "370112",
        "3",
        None,
    ]
    assert to_code(pl.Series([601.0, None])).values.to_list() == ["601", None]
    assert to_text(pl.Series(["\u3000 望湖镇 ", "nan", "龙"])).values.to_list() == ["望湖镇", None, "龙"]


def test_by_the_kind_of_the_field() -> None:
    assert normalise(pl.Series(["52.2"]), "area", unit="mu").values[0] == pytest.approx(34_800)
    assert normalise(pl.Series(["30"]), "number", to_unit="share").values[0] == pytest.approx(0.3)
    assert normalise(pl.Series(["3"]), "number", unit="wan_kWh", to_unit="kWh").values[0] == 30_000
    for kind in ("text", "code", "int", "number", "area", "money", "date", "year", "bool", "list"):
        empty = normalise(pl.Series("x", [None, ""], dtype=pl.String), kind)
        assert empty.values.null_count() == 2
        assert empty.bad_count == 0
        assert empty.values.name == "x"
    with pytest.raises(PanhuoError, match="字段类型"):
        normalise(pl.Series(["1"]), "colour")


@settings(deadline=None, max_examples=25)
@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), min_size=1, max_size=20))
def test_no_cell_breaks_a_reader_and_none_is_lost(cells: list[str | None]) -> None:
    column = pl.Series("v", cells, dtype=pl.String)
    for kind in ("text", "code", "int", "number", "area", "money", "date", "year", "bool", "list"):
        found = normalise(column, kind)
        assert len(found.values) == len(found.bad) == len(cells)
        assert not (found.bad & found.values.is_not_null()).any()
        assert not (found.bad & column.is_null()).any()
