"""Decision tables: the first row that holds, rows that cannot be judged yet, and what they lack."""

from __future__ import annotations

from typing import Any

import polars as pl

from panhuo.identify import decide

HOUSING = {"id": "housing", "value": "plan_use", "in": ["0701"]}
WILLING = {"id": "willing", "value": "willing", "is": True}
AGREED = {"id": "agreed", "value": "take_back_agreed", "is": True}
TABLE: dict[str, Any] = {
    "id": "mode",
    "title": {"zh": "再开发模式", "en": "Mode"},
    "hit": "first",
    "inputs": [{"id": "take_back_agreed", "text": {"zh": "约定收回", "en": "take-back agreed"}, "kind": "bool"}],
    "rows": [
        {"id": "r1", "order": 1, "clause": "三(一)", "when": {"any": [HOUSING, AGREED]}, "result": "government"},
        {"id": "r2", "order": 2, "clause": "三(二)", "when": WILLING, "result": "owner"},
        {"id": "r3", "order": 3, "clause": "三(四)", "result": "market"},
    ],
}


def facts(**columns: list[Any]) -> pl.DataFrame:
    size = len(next(iter(columns.values())))
    return pl.DataFrame({"parcel_code": [str(i) for i in range(size)], **columns})


def test_the_first_row_that_holds_decides_and_unknown_rows_before_it_are_kept() -> None:
    frame = facts(
        plan_use=["0701", "1001", None, "1001"],
        willing=[True, True, True, False],
        take_back_agreed=[None, False, False, False],
    )

    result = decide([TABLE], frame)

    assert [(r.row, r.state) for r in result.of("0")] == [("r1", "holds")]
    assert [(r.row, r.state) for r in result.of("1")] == [("r2", "holds")]
    assert [(r.row, r.state, r.missing) for r in result.of("2")] == [
        ("r1", "unknown", ("plan_use",)),
        ("r2", "holds", ()),
    ]
    assert [(r.row, r.result) for r in result.of("3")] == [("r3", "market")]


def test_an_input_that_nobody_answered_is_missing() -> None:
    result = decide([TABLE], facts(plan_use=["1001"], willing=[False]))

    assert result.of("0")[0].missing == ("take_back_agreed",)


def test_all_rows_that_hold_count_when_the_table_says_so() -> None:
    result = decide([{**TABLE, "hit": "all"}], facts(plan_use=["0701"], willing=[True], take_back_agreed=[False]))

    assert [r.row for r in result.of("0")] == ["r1", "r2", "r3"]
    assert result.of("0")[0].clause == "三(一)"


def test_an_input_may_be_filled_from_a_fact() -> None:
    table = {**TABLE, "inputs": [{**TABLE["inputs"][0], "fact": "in_exit_list"}]}

    result = decide([table], facts(plan_use=["1001"], willing=[True], in_exit_list=[True]))

    assert [r.row for r in result.of("0")] == ["r1"]
