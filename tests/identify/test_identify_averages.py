"""Local averages: the group, the smallest group, leaving the parcel itself out, weights."""

from __future__ import annotations

from statistics import mean, median
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.identify import identify
from panhuo.messages import PanhuoError

VALUES = st.one_of(st.none(), st.floats(0.01, 1e6))


def standard(**leaf: Any) -> dict[str, Any]:
    test = {
        "id": "C1",
        "below_average": ["plot_ratio"],
        "by": "industry_division",
        "factor": 0.5,
        "min_group": 1,
        **leaf,
    }
    return {"classes": [{"id": "C", "name": {"zh": "低效", "en": "low"}, "when": test}]}


def facts(values: list[float | None], groups: list[str | None] | None = None, **more: list[Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "parcel_code": [str(i) for i in range(len(values))],
            "plot_ratio": pl.Series(values, dtype=pl.Float64),
            "industry_division": pl.Series(groups or ["C26"] * len(values), dtype=pl.String),
            **more,
        }
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(VALUES, st.sampled_from(["C13", "C26", None])), min_size=1, max_size=30),
    st.sampled_from(["mean", "median"]),
    st.booleans(),
)
def test_the_average_is_that_of_the_group_by_brute_force(
    rows: list[tuple[float | None, str | None]], statistic: str, leave_one_out: bool
) -> None:
    frame = facts([v for v, _ in rows], [g for _, g in rows])
    pack = standard(statistic=statistic, leave_one_out=leave_one_out)

    evidence = identify(frame, pack).evidence

    for i, (_, group) in enumerate(rows):
        peers = [v for j, (v, g) in enumerate(rows) if g == group and v is not None and (j != i or not leave_one_out)]
        got = evidence.row(i, named=True)
        if group is None or not peers:
            assert got["C1@average"] is None
            assert got["C1"] is None
        else:
            wanted = mean(peers) if statistic == "mean" else median(peers)
            assert got["C1@average"] == pytest.approx(wanted, rel=1e-6, abs=1e-6)
            assert got["C1@group_size"] == len(peers)


def test_too_small_a_group_is_unknown_and_says_so() -> None:
    verdicts = identify(facts([0.1, 1.0, 1.0], ["C26", "C26", "C13"]), standard(min_group=3))

    assert verdicts.frame["outcome"].to_list() == ["unknown"] * 3
    assert verdicts.frame["missing"][0].to_list() == ["group:C1"]


def test_equal_values_are_never_below_their_own_mean() -> None:
    verdicts = identify(facts([0.1] * 11), standard(factor=1.0))

    assert verdicts.frame["outcome"].to_list() == ["not"] * 11


def test_a_single_huge_neighbour_counts_once() -> None:
    verdicts = identify(facts([1.0, 1.0, 1.0, 97.0]), standard(statistic="median", factor=0.9))

    assert verdicts.evidence["C1@average"].to_list() == [1.0] * 4


def test_groups_may_be_made_of_several_facts_within_a_territory() -> None:
    frame = facts([0.1, 1.0, 5.0, 5.0], ["C26"] * 4, township_code=["001", "001", "002", "002"])

    within = identify(frame, standard(within="township_code")).evidence["C1@average"].to_list()
    by_two = identify(frame, standard(by=["industry_division", "township_code"])).evidence["C1@average"].to_list()

    assert within == by_two == pytest.approx([0.55, 0.55, 5.0, 5.0])


def test_a_mean_may_be_weighted_by_area() -> None:
    frame = facts([1.0, 3.0, None], area_m2=[3000.0, 1000.0, 500.0])

    evidence = identify(frame, standard(weights="area_m2")).evidence

    assert evidence["C1@average"].to_list() == pytest.approx([1.5, 1.5, 1.5])


def test_a_median_takes_no_weights() -> None:
    with pytest.raises(PanhuoError, match="中位数不能加权"):
        identify(facts([1.0]), standard(weights="area_m2", statistic="median"))


def test_the_factor_may_stand_in_a_table_by_industry() -> None:
    pack = {
        "standard": standard(factor={"table": "factors", "key": "industry_division"}),
        "thresholds": {"factors": {"C26": 0.5, "C13": None}},
    }
    verdicts = identify(facts([0.1, 1.0, 0.1, 1.0], ["C26", "C26", "C13", "C13"]), pack)

    assert verdicts.frame["outcome"].to_list() == ["identified", "not", "unknown", "unknown"]
    assert verdicts.frame["missing"][2].to_list() == ["threshold:C1"]
