"""Columns go a short way where their cells are regular already; it must lead to the same place as the long one."""

from __future__ import annotations

from unittest.mock import patch

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_series_equal

from panhuo.land import cell_kernels, cells, values
from panhuo.land.cells import Normalised, clean_text, half_width, over_unique, words
from panhuo.land.values import normalise

BLANKS = [" ", "\t", "\n", "\r\n", "\x00", "\x1f", "\x85", "\u00a0", "\u2003", "\u200b", "\u3000", "\ufeff"]
NASTY = [
    *BLANKS,
    *words()["nothing"],
    *words()["yes"][:6],
    *words()["no"][:6],
    "１２３．４５",
    "123.0",
    "123.00",
    "１２.0",
    "007",
    "-0.00",
    "+5",
    "-12.5",
    "1.5e3",
    "1E+05",
    "1e999",
    "1.7976931348623157e308",
    "9007199254740993",
    "0.1",
    "123456789.123456789",
    "1,234.5",
    "30%",
    "3亩",
    "12.5公顷",
    "约5万元",
    ".5",
    "5.",
    "1..2",
    "٣",
    "²",
    "ab",
    "Ｄ类",
    "ß",
    "ı",
    "é",
    "ﬁ",
    "𠮷",
    "𰻝",
    "㐀",
    "龥",
    "、",
    "（甲）",
    "宅基地使用权",
    "无",
    "无数",
    "布局散乱、利用粗放",
    "a；b，c",
    "2024年",
    "2024-13-01",
    "20240131",
    "2024年1月5日",
    "45291",
    "1900-01-01 00:00:00",
    "990112011564JC00001",
]
pieces = st.one_of(st.sampled_from(NASTY), st.text(max_size=4), st.decimals(allow_nan=False, places=3).map(str))
texts = st.lists(pieces, min_size=0, max_size=3).map("".join)
columns = st.lists(st.one_of(st.none(), texts), min_size=1, max_size=30)
KINDS = ["text", "code", "bool", "date", "year", "list", "int", "area", "money", "number"]


def everything_odd(column: cell_kernels.Texts, *_: object) -> np.ndarray:
    return ~column.null


def the_long_way(column: pl.Series, kind: str, unit: str | None, to_unit: str | None) -> Normalised:
    """Every cell worked over, none known to repeat."""
    with (
        patch.object(cell_kernels, "odd_texts", everything_odd),
        patch.object(cell_kernels, "odd_codes", everything_odd),
        patch.object(values, "plain_numbers", lambda t: (np.zeros(len(t.null)), ~t.null)),
        patch.object(cells, "repeats", lambda column: None),
    ):
        return normalise(column, kind, unit=unit, to_unit=to_unit)


def assert_same(column: pl.Series, kind: str, unit: str | None = None, to_unit: str | None = None) -> None:
    short = normalise(column, kind, unit=unit, to_unit=to_unit)
    long = the_long_way(column, kind, unit, to_unit)
    assert_series_equal(short.values, long.values, check_exact=True)
    assert_series_equal(short.bad, long.bad)


@settings(max_examples=300, deadline=None)
@given(columns, st.sampled_from(KINDS), st.booleans())
def test_the_short_way_is_the_long_way(cells_given: list[str | None], kind: str, stated: bool) -> None:
    unit = {"area": "mu", "money": "yuan"}.get(kind) if stated else None
    assert_same(pl.Series("c", cells_given, dtype=pl.String), kind, unit)


@settings(max_examples=60, deadline=None)
@given(columns, st.sampled_from(KINDS), st.integers(0, 99))
def test_repeated_cells_are_laid_out_in_their_places(cells_given: list[str | None], kind: str, seed: int) -> None:
    order = np.random.default_rng(seed).integers(0, len(cells_given), 2000)
    many = [cells_given[k] for k in order]
    assert_same(pl.Series("c", many, dtype=pl.String), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_each_nasty_cell_alone(kind: str) -> None:
    for cell in NASTY:
        for text in (cell, cell + "1", "1" + cell, cell + "甲", "甲" + cell):
            assert_same(pl.Series("c", [text, None, "A1"]), kind)


@pytest.mark.parametrize("kind", ["text", "code", "year", "number", "int"])
def test_columns_of_numbers(kind: str) -> None:
    for column in (
        pl.Series("c", [2001, None, 2001, 3] * 600),
        pl.Series("c", [2001.0, None, 5.0, -0.0] * 600),
        pl.Series("c", [2001.5, None, 5.0] * 600),
    ):
        assert_same(column, kind)


def test_codes_and_texts_are_what_their_expressions_say() -> None:
    column = pl.Series("c", [a + b for a in NASTY for b in ("", *NASTY)])
    frame = column.to_frame()
    code = half_width(clean_text(pl.col("c"))).str.replace_all(r"[\s\u3000\u00a0]+", "").str.to_uppercase()
    code = code.str.replace(r"^(\d+)\.0+$", "${1}")
    assert_series_equal(normalise(column, "code").values, frame.select(code).to_series())
    assert_series_equal(normalise(column, "text").values, frame.select(clean_text(pl.col("c"))).to_series())


def test_plain_numbers_are_the_nearest_ones() -> None:
    """Held against Python's own reading, which rounds correctly."""
    rng = np.random.default_rng(1)
    written = [f"{x:.{k % 9}f}" for k, x in enumerate(rng.normal(0, 10.0 ** rng.integers(-3, 9, 20_000)))]
    written += [f"{x:.{k % 12}e}" for k, x in enumerate(rng.normal(0, 1, 20_000))]
    found = normalise(pl.Series("c", written), "number").values
    assert found.to_list() == [float(w) for w in written]


def test_over_unique_gives_each_row_its_own() -> None:
    column = pl.Series("c", ["a", None, "b", "", "a"] * 500)
    done = column.to_frame().select(over_unique(pl.col("c"), lambda t: t.str.to_uppercase()))["c"]
    assert done.to_list() == ["A", None, "B", "", "A"] * 500
    different = pl.Series("c", [f"x{k}" for k in range(5000)])
    done = different.to_frame().select(over_unique(pl.col("c"), lambda t: t.str.len_chars(), pl.UInt32))["c"]
    assert_series_equal(done, different.str.len_chars())


def test_an_empty_column_and_one_of_nothing() -> None:
    for column in (pl.Series("c", [], dtype=pl.String), pl.Series("c", [None] * 3000, dtype=pl.String)):
        for kind in KINDS:
            assert_same(column, kind)
