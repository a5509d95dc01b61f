"""Laws of the verdict: unknown is never read as false, and what is asked for is what could matter."""

from __future__ import annotations

from itertools import product
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from panhuo.identify import explanation_of, identify
from panhuo.identify.conditions import Condition, Group, Is, Leaf, holds
from panhuo.messages import Text

FACTS = ("is_urban_stock", "ownership_clear", "in_dispute", "in_exit_list", "facilities_backward")
STATES = (True, False, None)


def all_rows() -> pl.DataFrame:
    """Every combination of true, false and unknown: one parcel each."""
    rows = list(product(STATES, repeat=len(FACTS)))
    codes = pl.Series("parcel_code", ["".join("TF?"[STATES.index(v)] for v in row) for row in rows])
    frame = pl.DataFrame(rows, schema=dict.fromkeys(FACTS, pl.Boolean), orient="row")
    return frame.with_columns(codes)


ROWS = all_rows()


def leaf(fact: str) -> dict[str, Any]:
    return {"id": fact[:6], "text": {"zh": fact, "en": fact}, "clause": "一", "value": fact, "is": True}


def trees(facts: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.recursive(
        facts.map(leaf),
        lambda inner: st.one_of(
            st.builds(lambda k, of: {k: of}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda one: {"not": one}, inner),
        ),
        max_leaves=6,
    )


@st.composite
def standards(draw: st.DrawFn) -> dict[str, Any]:
    node = trees(st.sampled_from(FACTS))
    named = {"clause": "一", "text": {"zh": "组合", "en": "combined"}}
    return {
        "exclusions": [{"id": f"X{i}", **named, "when": n} for i, n in enumerate(draw(st.lists(node, max_size=1)))],
        "preconditions": [{"id": f"P{i}", **named, "when": n} for i, n in enumerate(draw(st.lists(node, max_size=2)))],
        "classes": [
            {"id": f"K{i}", "name": {"zh": "类", "en": "class"}, "order": i, "when": n}
            for i, n in enumerate(draw(st.lists(node, min_size=1, max_size=2)))
        ],
    }


@st.composite
def read_once(draw: st.DrawFn) -> dict[str, Any]:
    """A standard in which every fact stands in one place only."""
    order = draw(st.permutations(FACTS))
    first, second = order[:3], order[3:]
    inner: dict[str, Any] = {draw(st.sampled_from(["all", "any"])): [leaf(first[1]), {"not": leaf(first[2])}]}
    tree = {draw(st.sampled_from(["all", "any"])): [leaf(first[0]), inner]}
    return {
        "preconditions": [leaf(second[0])],
        "exclusions": [leaf(second[1])],
        "classes": [{"id": "K", "name": {"zh": "类", "en": "class"}, "order": 1, "when": tree}],
    }


def completions(code: str) -> list[str]:
    return ["".join(c) for c in product(*("TF" if c == "?" else c for c in code))]


@pytest.mark.parametrize("operator", ["all", "any"])
def test_truth_tables_are_kleenes(operator: str) -> None:
    text = Text("", "")
    leaves = tuple(Leaf(Condition(f, Is(f, True), text)) for f in "ab")
    node = Group("all" if operator == "all" else "any", leaves)
    decisive = operator == "any"
    frame = pl.DataFrame(list(product(STATES, repeat=2)), schema={"a": pl.Boolean, "b": pl.Boolean}, orient="row")
    columns = (pl.all_horizontal if operator == "all" else pl.any_horizontal)("a", "b")

    for (a, b), got in zip(frame.iter_rows(), frame.select(columns).to_series(), strict=True):
        wanted = decisive if decisive in (a, b) else None if None in (a, b) else not decisive
        assert got is wanted
        assert holds(node, {"a": a, "b": b}) is wanted
    assert holds(Group("not", (leaves[0],)), {"a": None}) is None


@settings(max_examples=40, deadline=None)
@given(standards())
def test_a_decided_verdict_stays_whatever_is_still_found_out(standard: dict[str, Any]) -> None:
    outcomes = dict(identify(ROWS, standard).frame.select("parcel_code", "outcome").iter_rows())

    for code, outcome in outcomes.items():
        later = {outcomes[c] for c in completions(code)}
        assert "unknown" not in later
        if outcome == "identified":
            assert later == {"identified"}
        elif outcome == "excluded":
            assert later == {"excluded"}
        elif outcome == "not":
            assert "identified" not in later


@settings(max_examples=40, deadline=None)
@given(standards())
def test_what_is_not_asked_for_cannot_change_whether_a_parcel_is_identified(standard: dict[str, Any]) -> None:
    frame = identify(ROWS, standard).frame
    outcomes = dict(frame.select("parcel_code", "outcome").iter_rows())

    for code, missing in frame.filter(pl.col("outcome") == "unknown").select("parcel_code", "missing").iter_rows():
        asked = [i for i, f in enumerate(FACTS) if f in missing]
        by_answer: dict[tuple[str, ...], set[bool]] = {}
        for full in completions(code):
            by_answer.setdefault(tuple(full[i] for i in asked), set()).add(outcomes[full] == "identified")
        assert all(len(answers) == 1 for answers in by_answer.values())


@settings(max_examples=30, deadline=None)
@given(read_once())
def test_what_is_asked_for_can_change_it_and_the_flip_does(standard: dict[str, Any]) -> None:
    frame = identify(ROWS, standard).frame
    outcomes = dict(frame.select("parcel_code", "outcome").iter_rows())

    def turned(code: str, i: int) -> str:
        return code[:i] + ("F" if code[i] == "T" else "T") + code[i + 1 :]

    for code, outcome, missing, flip in frame.select("parcel_code", "outcome", "missing", "flip").iter_rows():
        for i, fact in enumerate(FACTS):
            if fact in missing:
                pairs = [(outcomes[c], outcomes[turned(c, i)]) for c in completions(code)]
                assert any((a == "identified") != (b == "identified") for a, b in pairs)
        if flip is not None:
            (i,) = [i for i, f in enumerate(FACTS) if f[:6] == flip]
            after = outcomes[turned(code, i)]
            assert after != "unknown"
            assert (after == "identified") != (outcome == "identified")


@settings(max_examples=20, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(random: Any) -> None:
    rows = list(range(40))
    facts = pl.DataFrame(
        {
            "parcel_code": [str(i) for i in rows],
            "plot_ratio": [0.1 * (i % 7) + 0.1 for i in rows],
            "industry_division": [["C13", "C26", None][i % 3] for i in rows],
        }
    )
    standard = {
        "classes": [
            {
                "id": "C",
                "name": {"zh": "低", "en": "low"},
                "when": {
                    "id": "C1",
                    "below_average": ["plot_ratio"],
                    "by": "industry_division",
                    "factor": 1.0,
                    "leave_one_out": random.random() < 0.5,
                    "statistic": random.choice(["mean", "median"]),
                },
            }
        ]
    }
    order = random.sample(rows, len(rows))

    straight = identify(facts, standard).frame
    mixed = identify(facts[order], standard).frame

    assert_frame_equal(straight[order], mixed)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["plot_ratio", "tax_per_mu"]), st.sampled_from(["lt", "ge"]), st.integers(1, 9))
    ),
    st.integers(0, 10),
    st.integers(1, 10),
    st.sampled_from(["all", "any"]),
)
def test_the_nearest_change_turns_the_verdict_when_it_is_made(
    tests: list[tuple[str, str, int]], ratio: int, tax: int, how: str
) -> None:
    leaves = [{"id": f"c{i}", "value": f, op: n} for i, (f, op, n) in enumerate([*tests, ("plot_ratio", "lt", 5)])]
    standard = {"classes": [{"id": "K", "name": {"zh": "类", "en": "class"}, "when": {how: leaves}}]}
    facts = pl.DataFrame({"parcel_code": ["1"], "plot_ratio": [float(ratio)], "tax_per_mu": [float(tax)]})
    verdicts = identify(facts, standard)
    was = verdicts.frame["outcome"][0]

    for change, _ in explanation_of(verdicts, "1").changes:
        changed = facts.with_columns(pl.lit(change.then).alias(change.fact))
        assert identify(changed, standard).frame["outcome"][0] == change.outcome != was
