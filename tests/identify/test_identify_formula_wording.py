"""Formulas of a pack, said in words."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from panhuo.identify.conditions import Expression, Standard
from panhuo.identify.expressions import names_in
from panhuo.identify.from_pack import standard_of
from panhuo.identify.wording import formula_text
from panhuo.packs import load_pack


@pytest.fixture(scope="module")
def standard() -> Standard:
    return standard_of(load_pack("demo", on=date(2026, 11, 21)))


@pytest.mark.parametrize(
    ("source", "parameters", "zh", "en"),
    [
        (
            "area_m2 >= least_area and tax_wan < least_tax", {"least_area": 33333.3, "least_tax": 100},
            "面积（椭球面积）不低于33,333.3平方米，且税收低于100万元",
            "Area (ellipsoidal) is at least 33,333.3 m² and Tax paid is below 100 (10,000 yuan)",
        ),
        (
            "is_urban_stock or is_village_land", {},
            "是否城镇存量建设用地为“是”，或是否村庄用地为“是”",
            "Existing urban construction land is “yes” or Village land is “yes”",
        ),
        ("not is_village_land", {}, "是否村庄用地为“否”", "Village land is “no”"),
        ("tax_wan < least", {"least": None}, "税收低于（尚未确定）", "Tax paid is below (not set)"),
        (
            "plot_ratio < share * (max_plot_ratio + 1)", {"share": 0.4},
            "容积率低于0.4 × （规划容积率上限 + 1）", "Plot ratio is below 0.4 × (Highest plot ratio allowed + 1)",
        ),
        (
            "(tax_wan > 1 or area_m2 > 2) and current_use in ['0601', '0701']", {},
            "（税收高于1万元，或面积（椭球面积）高于2平方米），且现状用途属于0601 工业用地、0701 城镇住宅用地",
            "(Tax paid is above 1 (10,000 yuan) or Area (ellipsoidal) is above 2 m²) and "
            "Current use is one of 0601 Industrial land, 0701 Urban housing",
        ),
    ],
)  # fmt: skip
def test_a_formula_is_said_in_words(
    standard: Standard, source: str, parameters: dict[str, Any], zh: str, en: str
) -> None:
    facts = tuple(n for n in names_in(source) if n not in parameters)
    told = formula_text(Expression(source, facts, tuple(parameters.items())), standard)
    assert (told.zh, told.en) == (zh, en)
