"""The packs of the repository: their own stories come out as their policy officers expect."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from panhuo.identify import compare, evaluate_yield, explain, identify, load, run_pack_tests, save, standard_of
from panhuo.identify.examples import facts_of
from panhuo.messages import PanhuoError
from panhuo.packs import find_packs, load_pack

TODAY = date(2026, 11, 21)
FOLDER = Path(__file__).parents[2] / "packs"
#: What makes an idle shop inefficient in the demo district.
VACANT_SHOP = {
    "land_group": "商服",
    "vacancy_rate": 0.9,
    "is_urban_stock": True,
    "construction_share": 1.0,
    "ownership_clear": True,
    "in_dispute": False,
    "area_m2": 5000.0,
    "is_idle_land": False,
    "redline_area_m2": 0.0,
    "basic_farmland_area_m2": 0.0,
    "contract_start_date": date(2001, 1, 1),
}
PACKS = sorted(find_packs([FOLDER]))


@pytest.mark.parametrize("name", PACKS)
def test_a_packs_own_stories(name: str) -> None:
    pack = load_pack(name, TODAY, [FOLDER])

    failed = [r.say("zh") for r in run_pack_tests(pack) if not r.passed]

    assert not failed, "\n".join(failed)


@pytest.mark.skipif("demo" not in PACKS, reason="the demo pack is not there")
def test_a_loaded_pack_explains_with_its_own_words(tmp_path: Path) -> None:
    pack = load_pack("demo", TODAY, [FOLDER])
    facts = facts_of([{"parcel_code": "1", "is_industry_land": True, "plot_ratio": 0.2, "is_idle_land": True}])

    verdicts = identify(facts, pack)
    told = explain(verdicts, "1")
    low = identify(facts_of([{**VACANT_SHOP, "parcel_code": "2"}]), pack)

    assert explain(load(save(verdicts, tmp_path)), "1") == told
    assert "类别：低效城镇用地—低效商服用地\n" in explain(low, "2")
    assert "结论：不纳入认定范围" in told
    assert "依据：《" in told
    assert "条款要旨：" in told
    assert "确认单位：区自然资源局" in told


@pytest.mark.skipif("demo" not in PACKS, reason="the demo pack is not there")
def test_a_pack_is_only_used_for_the_day_it_was_loaded_for() -> None:
    pack = load_pack("demo", TODAY, [FOLDER])

    assert standard_of(pack).on == TODAY
    with pytest.raises(PanhuoError, match="重新载入"):
        identify(pl.DataFrame({"parcel_code": ["1"]}), pack, on=date(2025, 1, 1))


@pytest.mark.skipif("demo" not in PACKS, reason="the demo pack is not there")
def test_two_days_of_one_pack_can_be_compared() -> None:
    before, after = (load_pack("demo", d, [FOLDER]) for d in (date(2025, 11, 21), TODAY))

    flips = compare(facts_of([{"parcel_code": "1"}, {"parcel_code": "2"}]), before, after)

    assert flips.matrix["parcels"].sum() == 2


@pytest.mark.skipif("demo" not in PACKS, reason="the demo pack is not there")
def test_the_demo_packs_yield_scheme_runs() -> None:
    pack = load_pack("demo", TODAY, [FOLDER])
    firms = pl.DataFrame(
        {
            "credit_code": ["甲", "乙"],
            "above_scale": [True, True],
            "tax_wan": [100.0, 200.0],
            "occupied_area_m2": [10_000.0, 10_000.0],
        }
    )

    result = evaluate_yield(firms, pack)

    assert result.frame["credit_code"].to_list() == ["甲", "乙"]
    assert result.items.height > 0
