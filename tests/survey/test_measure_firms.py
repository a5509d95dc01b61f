"""Facts of enterprises: counted once, and silence is told apart from no."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene import code, parcels, place, subject

from panhuo.land.credit_codes import make_credit_codes
from panhuo.survey.measure.facts import Facts
from panhuo.survey.measure.firms import NO_ENTERPRISE, NOT_LISTED, Rules, measure_firms

FIRMS = make_credit_codes(range(6)).to_list()
SQUARES = [(0, 0, 100, 100), (100, 0, 300, 100), (300, 0, 400, 100)]


def measured(*layers: object, rules: Rules | None = None, squares: list[tuple[float, ...]] = SQUARES) -> pl.DataFrame:
    sources, gathered = place(parcels(squares), *layers)  # type: ignore[arg-type]
    facts: Facts = measure_firms(sources, gathered.parcels, rules or Rules())
    return facts.frame


def firms(**columns: list[object]) -> object:
    n = len(next(iter(columns.values())))
    base = {"credit_code": FIRMS[:n], "enterprise_name": [f"企业{i}" for i in range(n)]}
    return subject("enterprises", {**base, "industry_code": ["2614"] * n, **columns})


def economy(tax: list[float | None], year: int = 2025, **more: list[object]) -> object:
    return subject("economy", {"credit_code": FIRMS[: len(tax)], "year": [year] * len(tax), "tax_wan": tax, **more})


def test_a_firm_on_two_parcels_is_divided_by_area_and_counted_once() -> None:
    frame = measured(firms(parcel_code=[f"{code(1)}、{code(2)}"]), economy([90.0]))

    assert frame["tax_wan"].to_list() == pytest.approx([30.0, 60.0, None], nan_ok=True) or frame["tax_wan"][2] is None
    assert frame["tax_wan"].sum() == pytest.approx(90.0)
    # 100 m x 100 m are fifteen mu
    assert frame["tax_per_mu"][0] == pytest.approx(30.0 / 15.0, rel=1e-3)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.lists(st.integers(0, 4), min_size=1, max_size=4, unique=True), st.floats(0, 1e4)), max_size=6)
)
def test_no_tax_is_lost_or_doubled(spread: list[tuple[list[int], float]]) -> None:
    squares = [(i * 100.0, 0.0, i * 100.0 + 40.0 + 10 * i, 50.0) for i in range(5)]
    if not spread:
        return
    codes = ["、".join(code(i + 1) for i in where) for where, _ in spread]

    frame = measured(firms(parcel_code=codes), economy([tax for _, tax in spread]), squares=squares)

    assert frame["tax_wan"].sum() == pytest.approx(sum(tax for _, tax in spread), abs=1e-6)


def test_the_holder_links_a_firm_that_names_no_parcel() -> None:
    sources, gathered = place(
        parcels(SQUARES, credit_code=[FIRMS[0], None, None]),
        firms(parcel_code=[None]),
        economy([12.0]),  # type: ignore[arg-type]
    )

    frame = measure_firms(sources, gathered.parcels, Rules()).frame

    assert frame["enterprise_count"].to_list() == [1, 0, 0]
    assert frame["tax_wan"].to_list() == [12.0, None, None]


def test_the_largest_firm_speaks_for_the_parcel() -> None:
    frame = measured(
        firms(parcel_code=[code(1), code(1)], industry_code=["1311", "2614"]),
        economy([1.0, 1.0], revenue_wan=[100.0, 900.0]),
    )

    assert frame["industry_division"][0] == "C26"
    assert frame["enterprise_name"][0] == "企业1等2家"


def test_without_a_firm_there_is_no_unsafe_firm_but_no_tax_is_known_either() -> None:
    frame = measured(
        firms(parcel_code=[code(1)]),
        economy([5.0]),
        subject("safety", {"credit_code": [FIRMS[0]], "compliant": ["否"]}),
        subject("yield_classes", {"credit_code": [FIRMS[0]], "yield_class": ["限制发展类"]}, year=2025),
    )

    assert frame["safety_compliant"].to_list() == [False, True, True]
    assert frame["tax_wan"].to_list() == [5.0, None, None]
    assert frame["yield_class"].to_list() == ["限制发展类", NO_ENTERPRISE, NO_ENTERPRISE]
    assert frame["enterprise_count"].to_list() == [1, 0, 0]


def test_a_firm_without_a_record_is_unknown_unless_the_pack_says_otherwise() -> None:
    layers = (
        firms(parcel_code=[code(1), code(2)]),
        subject("safety", {"credit_code": [FIRMS[0]], "compliant": ["是"]}),
    )

    assert measured(*layers)["safety_compliant"].to_list() == [True, None, True]
    assert measured(*layers, rules=Rules(silent_safety=True))["safety_compliant"].to_list() == [True, True, True]


@pytest.mark.requirement("S1-12")
def test_the_yearly_list_of_restricted_enterprises_marks_their_parcels() -> None:
    frame = measured(
        firms(parcel_code=[code(1), code(2)]),
        subject("yield_classes", {"credit_code": [FIRMS[0]], "yield_class": ["D"]}, year=2025),
        subject("yield_classes", {"credit_code": [FIRMS[0]], "yield_class": ["C"]}, year=2024),
    )

    assert frame["yield_class"].to_list()[:2] == ["限制发展类", NOT_LISTED]
    assert frame["yield_class_previous"].to_list()[:2] == ["提升发展类", None]


def test_the_worst_class_of_several_firms_counts_and_exempt_ones_do_not() -> None:
    frame = measured(
        firms(parcel_code=[code(1), code(1), code(2)]),
        subject(
            "yield_classes",
            {"credit_code": FIRMS[:3], "yield_class": ["优先发展类", "限制发展类", "暂不评价"]},
            year=2025,
        ),
    )

    assert frame["yield_class"].to_list()[:2] == ["限制发展类", "暂不评价"]


def test_only_the_asked_year_counts_and_several_years_are_averaged() -> None:
    layers = (firms(parcel_code=[code(1)]), economy([10.0], 2025), economy([20.0], 2024), economy([60.0], 2023))

    assert measured(*layers)["tax_wan"][0] == 10.0
    assert measured(*layers, rules=Rules(economy_year=2024))["tax_wan"][0] == 20.0
    assert measured(*layers, rules=Rules(years=3))["tax_wan"][0] == pytest.approx(30.0)


def test_no_register_of_enterprises_leaves_everything_unknown() -> None:
    frame = measured(economy([5.0]))

    assert "tax_wan" not in frame.columns
