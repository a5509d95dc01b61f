"""Frozen packs load again as they were, and with other thresholds."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from panhuo.identify import standard_of
from panhuo.messages import PanhuoError
from panhuo.packs import (
    NewValue,
    PackError,
    find_packs,
    freeze,
    load_pack,
    read_frozen,
    read_settings,
    settings,
    table_titles,
    thaw,
    with_values,
    write_settings,
)

DAY = date(2026, 11, 21)


def frozen(name: str) -> dict:  # type: ignore[type-arg]
    return json.loads(json.dumps(freeze(load_pack(name, on=DAY))))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", sorted(find_packs()))
def test_freezing_and_thawing_lose_nothing(name: str) -> None:
    before = frozen(name)
    again = freeze(thaw(before))
    assert again["content"] == before["content"] and again["sha256"] == before["sha256"]
    pack = load_pack(name, on=DAY)
    if pack.standard.classes:
        assert standard_of(thaw(before)) == standard_of(pack)


@pytest.mark.parametrize("name", sorted(find_packs()))
def test_every_setting_can_be_set_and_only_it_changes(name: str) -> None:
    before = frozen(name)
    for one in settings(before):
        value = one.options[-1] if one.options else 0.125
        after = with_values(before, [NewValue(one.entry, one.key, value)])
        told = {s.id: s.value for s in settings(after)}
        assert told == {s.id: s.value for s in settings(before)} | {one.id: value}, one.id
        thaw(after)
        assert (after["sha256"] == before["sha256"]) == (value == one.value)
    assert settings(frozen(name)) == settings(before), "the pack itself is left alone"


def test_a_value_that_is_open_stays_unknown_until_it_is_set() -> None:
    before = frozen("jinghai-2024")
    unset = [s for s in settings(before) if s.value is None]
    assert unset and all(s.set_by for s in unset)
    names = {s.entry.rpartition(".")[2] for s in unset}
    assert {c.id for c in standard_of(thaw(before)).conditions().values() if c.unset} >= names & set(
        standard_of(thaw(before)).conditions()
    )
    after = with_values(before, [NewValue(s.entry, s.key, 1.0) for s in unset])
    assert not any(c.unset for c in standard_of(thaw(after)).conditions().values())


def test_what_cannot_be_set_is_said() -> None:
    before = frozen("demo")
    for new, words in (
        (NewValue("standard.conditions.spars", "lt", 1), "是不是“standard.conditions.sparse”"),
        (NewValue("standard.conditions.sparse", "gt", 1), "没有可设定"),
        (NewValue("thresholds.tables.none.C13", "value", 1), "没有可设定"),
        (NewValue("thresholds.tables.min_plot_ratio.C13|x", "value", 1), "按 industry_division 查"),
        (NewValue("standard.readings.yield_indicators", "default", "some"), "没有可设定"),
    ):
        with pytest.raises(PanhuoError, match=words):
            with_values(before, [new])
    with pytest.raises(PanhuoError, match=r"below_average|factor"):
        thaw(with_values(before, [NewValue("standard.conditions.below_industry", "factor", -1)]))


def test_a_frozen_file_says_what_is_wrong_with_it(tmp_path: Path) -> None:
    path = tmp_path / "政策包.json"
    path.write_text(json.dumps(frozen("demo")), encoding="utf-8")
    assert read_frozen(path, on=date(2026, 12, 1)).on == date(2026, 12, 1)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(PanhuoError, match="读不出"):
        read_frozen(path)
    path.write_text("[]", encoding="utf-8")
    with pytest.raises(PanhuoError, match="不是冻结的政策包"):
        read_frozen(path)


def test_the_workbook_brings_back_what_was_changed_and_nothing_else(tmp_path: Path) -> None:
    before = frozen("demo")
    path = write_settings(before, tmp_path / "阈值.xlsx")
    assert read_settings(before, path) == []
    book = openpyxl.load_workbook(path)
    sheet = book["min_plot_ratio"]
    sheet["B2"], sheet["B3"] = 0.9, None
    book.save(path)
    with pytest.raises(PackError, match="set_by"):
        read_settings(before, path)
    sheet.cell(3, [c.value for c in sheet[1]].index("set_by") + 1).value = "区政府"
    book.save(path)
    first, second = read_settings(before, path)
    assert (first.entry, first.value) == ("thresholds.tables.min_plot_ratio.C13", 0.9)
    assert (second.value, second.set_by) == (None, "区政府")
    thaw(with_values(before, [first, second]))
    sheet.title = "min_plot"
    book.save(path)
    with pytest.raises(PackError, match="min_plot_ratio"):
        read_settings(before, path)


def test_settings_are_called_what_people_call_them() -> None:
    """Tables by what they limit and by what, parameters of formulas by their names; nobody meets an id."""
    frozen = freeze(load_pack("demo", on=date(2026, 11, 21)))
    titles = table_titles(frozen)
    assert titles["min_tax_per_mu"].zh == "亩均税收（按行业大类）"
    assert titles["min_plot_ratio"].en == "Plot ratio by industry division"
    assert set(titles) == {t["id"] for t in frozen["content"]["tables"]}
    said = {s.id: s.text for s in settings(frozen)}
    assert said["standard.conditions.large_small_tax:parameters.least_area"].zh == "占地较大而年税收很少（面积下限）"
    named = [t.zh for i, t in said.items() if i.startswith("standard.conditions.")]
    assert not [t for t in named if re.search("[a-z]+_[a-z]", t)]
