"""What the policy leaves open is unknown, whatever kind of comparison it will become."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from panhuo.identify import explain, identify


def standard(test: dict[str, Any]) -> dict[str, Any]:
    leaf = {"id": "c", "clause": "一", "text": {"zh": "待定", "en": "Open"}, "set_by": "市自然资源局", **test}
    name = {"zh": "低效", "en": "Inefficient"}
    return {"standard": {"classes": [{"id": "K", "clause": "一", "name": name, "order": 1, "when": leaf}]}}


@pytest.mark.parametrize(
    "test",
    [
        {"value": "willing", "is": None},
        {"value": "yield_class", "in": None},
        {"value": "yield_class", "not_in": None},
        {"value": "yield_class", "eq": None},
        {"value": "industry_code", "starts_with": None},
        {"value": "features", "any_of": None},
        {"value": "plot_ratio", "lt": None},
        {"value": "plot_ratio", "ne": None},
    ],
    ids=lambda t: next(k for k in t if k != "value"),
)
def test_an_open_comparison_is_unknown_and_names_who_decides(test: dict[str, Any]) -> None:
    facts = pl.DataFrame(
        {
            "parcel_code": ["1"],
            "willing": [False],
            "yield_class": ["限制发展类"],
            "industry_code": ["C2614"],
            "features": [["建筑危旧"]],
            "plot_ratio": [0.3],
        }
    )
    verdicts = identify(facts, standard(test))
    assert verdicts.frame["outcome"].to_list() == ["unknown"]
    assert "由市自然资源局确定" in explain(verdicts, "1")
