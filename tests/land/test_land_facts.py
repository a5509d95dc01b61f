"""The catalogue of facts, and its agreement with the roles it names."""

from __future__ import annotations

import polars as pl
import pytest

from panhuo.land.facts import FACTS, UNIT_NAMES, empty_facts, fact, facts_schema
from panhuo.land.roles import ROLES
from panhuo.messages import PanhuoError


def test_every_fact_says_what_it_is_and_whom_to_ask() -> None:
    assert len(FACTS) == 78
    for f in FACTS.values():
        assert f.text.zh and f.text.en and f.ask.zh and f.ask.en
        assert f.source_role in ROLES
        assert f.unit is None or f.unit in UNIT_NAMES


def test_nothing_is_known_at_first() -> None:
    frame = empty_facts(3)
    assert frame.shape == (3, len(FACTS))
    assert frame.null_count().row(0) == (3,) * len(FACTS)
    assert frame.schema["features"] == pl.List(pl.String)
    assert frame.schema["area_m2"] == pl.Float64
    assert facts_schema(["willing"]) == {"willing": pl.Boolean()}


def test_a_fact_by_name() -> None:
    assert fact("tax_per_mu").unit_text.zh == "万元/亩"
    assert fact("tax_wan").ask.zh == "税务部门"
    with pytest.raises(PanhuoError, match="nothing"):
        fact("nothing")
