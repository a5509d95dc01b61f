"""亩, 公顷, 万元, and roundings that add up."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.land.units import (
    Range,
    convert,
    exact,
    format_area,
    guess_area_unit,
    parse_number,
    parse_range,
    round_half_up,
    round_parts,
    round_table,
    to_hectare,
    to_mu,
)
from panhuo.messages import PanhuoError

AMOUNTS = st.one_of(
    st.integers(0, 10**7), st.decimals(0, 10**7, places=4, allow_nan=False), st.floats(0, 1e7, allow_nan=False)
)


def test_one_mu_is_two_thousand_thirds_of_a_square_metre() -> None:
    assert convert(1, "mu", "m2") == Fraction(2000, 3)
    assert convert(15, "mu", "hectare") == 1
    assert to_mu(2000) == 3
    assert to_hectare(34_800) == Fraction("3.48")
    # what bureaus do (divide by 666.6667) is off in the eighth digit: a whole district does not come out the same
    assert round_half_up(to_mu(10**9), 2) != round_half_up(10**9 / 666.6667, 2)


@given(AMOUNTS, st.sampled_from(["m2", "hectare", "mu", "km2"]), st.sampled_from(["m2", "hectare", "mu", "km2"]))
def test_there_and_back_is_exact(value: int, a: str, b: str) -> None:
    assert convert(convert(value, a, b), b, a) == exact(value)


def test_areas_and_money_do_not_mix() -> None:
    assert convert("3.5", "yi_yuan", "wan_yuan") == 35_000
    with pytest.raises(PanhuoError, match="不能互换"):
        convert(1, "mu", "wan_yuan")
    with pytest.raises(PanhuoError, match="不认识单位"):
        convert(1, "mu", "acre")


@pytest.mark.parametrize(
    ("value", "decimals", "rounded"),
    [(2.5, 0, "3"), (0.125, 2, "0.13"), (1.005, 2, "1.01"), (-2.5, 0, "-3"), (2.675, 2, "2.68"), (1e-9, 2, "0.00")],
)
def test_halves_go_up_as_in_any_office(value: float, decimals: int, rounded: str) -> None:
    assert str(round_half_up(value, decimals)) == rounded


def test_how_areas_are_written() -> None:
    assert format_area(34_800) == "52.20亩"
    assert format_area(34_800, "hectare") == "3.4800公顷"
    assert format_area(34_800, "mu", decimals=4) == "52.2000亩"
    assert format_area(34_800, "hectare", lang="en") == "3.4800 ha"
    assert format_area(1_234_567.891, "m2", lang="en") == "1,234,567.89 m²"
    assert format_area(None) == format_area(float("nan")) == "—"


@given(st.lists(AMOUNTS, min_size=1, max_size=40), st.integers(0, 4))
def test_rounded_parts_add_up_to_the_rounded_total(parts: list[int], decimals: int) -> None:
    out = round_parts(parts, decimals=decimals)
    assert sum(out) == round_half_up(sum(map(exact, parts)), decimals)
    step = Fraction(1, 10**decimals)
    assert all(abs(Fraction(o) - exact(p)) < step for o, p in zip(out, parts, strict=True))


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=12), st.integers(0, 12_000))
def test_parts_can_be_made_to_fit_a_total_from_elsewhere(parts: list[int], total: int) -> None:
    assert sum(round_parts(parts, total, 2)) == total


def test_three_thirds_make_one() -> None:
    assert round_parts([1 / 3] * 3, 1, 2) == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert round_parts([]) == []
    with pytest.raises(PanhuoError, match="没有分项"):
        round_parts([], 5)


@settings(deadline=None)
@given(
    st.integers(1, 7).flatmap(
        lambda width: st.lists(st.lists(AMOUNTS, min_size=width, max_size=width), min_size=1, max_size=7)
    ),
    st.integers(0, 2),
)
def test_a_table_adds_up_both_ways(cells: list[list[int]], decimals: int) -> None:
    out = round_table(cells, decimals)
    step = Fraction(1, 10**decimals)
    values = [[exact(c) for c in row] for row in cells]

    def near(rounded: list[Decimal], true: list[Fraction]) -> bool:
        return abs(sum(map(Fraction, rounded)) - sum(true)) < step

    for row, true in zip(out, values, strict=True):
        assert near(row, true)
        assert all(near([o], [t]) for o, t in zip(row, true, strict=True))
    for row, true in zip(zip(*out, strict=True), zip(*values, strict=True), strict=True):
        assert near(list(row), list(true))
    assert near([c for row in out for c in row], [c for row in values for c in row])


@pytest.mark.parametrize("unit", ["m2", "hectare", "mu", "km2"])
def test_the_unit_of_a_declared_area_shows_in_the_geometry(unit: str) -> None:
    rng = np.random.default_rng(3)
    computed = rng.uniform(300, 60_000, 500)
    declared = computed / float(convert(1, unit, "m2")) * rng.normal(1, 0.003, 500)
    declared[:40] *= 1.7  # some are simply wrong
    declared[40:60] = np.nan
    declared[60:80] = 0
    guess = guess_area_unit(declared, computed)
    found, share = guess
    assert found == unit
    assert share == pytest.approx(420 / 460)
    assert guess.compared == 460


def test_no_unit_is_made_up() -> None:
    assert guess_area_unit([1.0, 2.0], [3.0, 70.0]).unit is None
    assert guess_area_unit([None, 0.0], [1.0, 2.0]).compared == 0  # type: ignore[list-item]
    with pytest.raises(PanhuoError, match="行数不同"):
        guess_area_unit([1.0], [1.0, 2.0])


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1.0-2.5", 1.0, 2.5),
        ("１．０－２．５", 1.0, 2.5),
        ("1.0~2.5", 1.0, 2.5),
        ("1.0至2.5", 1.0, 2.5),
        ("≥1.2", 1.2, None),
        ("不低于 1.2", 1.2, None),
        ("1.2以上", 1.2, None),
        ("≤40%", None, 0.4),
        ("不大于40％", None, 0.4),
        ("30-50%", 0.3, 0.5),
        ("1,200", 1200.0, 1200.0),
    ],
)
def test_ranges_of_plans(text: str, low: float | None, high: float | None) -> None:
    found = parse_range(text)
    assert found is not None
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


def test_a_range_knows_its_ends() -> None:
    assert parse_range(">2") == Range(2.0, None, low_open=True)
    assert 2.0 not in Range(2.0, None, low_open=True)
    assert 2.0 in Range(1.0, 2.0)
    assert 2.1 not in Range(1.0, 2.0)
    assert parse_range("按规划条件") is None
    assert parse_number("abc") is None
    assert parse_number("12,34.5") is None  # a comma in the wrong place: nobody knows what was meant
    assert parse_number(" １２，３４５．６ ") == 12_345.6
