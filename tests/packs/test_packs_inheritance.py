# ruff: noqa: E501 - a sample stays on one line
"""A county changes a number, not the policy: inheritance, dates and where each value comes from."""

from __future__ import annotations

import datetime
import string
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from packs_on_disk import CLAUSES, HEAD, ON, PACK, STANDARD, write_child, write_pack, write_workbook

from panhuo.packs import check_pack, freeze, load_pack, unset_values
from panhuo.packs.merge import merge_file
from panhuo.packs.problems import Place, Problems
from panhuo.packs.yamlfile import Located, parse_yaml


def contents(pack: Any) -> Any:
    """What a pack says, without what is its own (id, title, level, parents)."""
    content = freeze(pack)["content"]
    for key in ("id", "title", "level", "extends"):
        content["meta"].pop(key, None)
    return content


@pytest.mark.requirement("S1-13", "S2-13")
def test_a_county_sets_the_threshold_that_the_city_left_open(tmp_path: Path) -> None:
    write_pack(tmp_path)
    write_child(tmp_path, standard="conditions:\n  - {id: C1, lt: 12.5}\n")
    city, county = load_pack("river-city", ON, [tmp_path]), load_pack("lake-county", ON, [tmp_path])
    open_leaf, set_leaf = city.condition("C1"), county.condition("C1")
    assert open_leaf is not None and set_leaf is not None
    assert open_leaf.unset and not set_leaf.unset
    assert (set_leaf.operator, set_leaf.operand, set_leaf.text) == ("lt", 12.5, open_leaf.text)
    assert "standard.conditions.C1.lt" in {u.what for u in unset_values(city)}
    assert "standard.conditions.C1.lt" not in {u.what for u in unset_values(county)}


def test_every_value_knows_who_wrote_it(tmp_path: Path) -> None:
    write_pack(tmp_path)
    write_child(tmp_path, standard="conditions:\n  - id: C1\n    lt: 12.5\n")
    county = load_pack("lake-county", ON, [tmp_path])
    assert str(county.place("standard.conditions.C1", "lt")) == "lake-county/standard.yaml:3"
    assert str(county.place("standard.conditions.C1", "clause")) == "river-city/standard.yaml:16"
    assert county.origin("standard.conditions.C1") == ("river-city", "lake-county")
    assert str(county.place("thresholds.tables.ratio.C13", "value")) == "river-city/thresholds.xlsx[ratio]:2"
    assert county.cite(county.condition("C1").clause) == "《河城办法》（河政发〔2025〕1号）一(三)"  # type: ignore[union-attr]


def test_a_comparison_is_replaced_by_another(tmp_path: Path) -> None:
    write_pack(tmp_path)
    write_child(tmp_path, standard="conditions:\n  - {id: C2, eq: 限制发展类}\n  - {id: C1, test: tax_wan < 5}\n")
    county = load_pack("lake-county", ON, [tmp_path])
    assert (county.condition("C2").operator, county.condition("C2").operand) == ("eq", "限制发展类")  # type: ignore[union-attr]
    assert county.condition("C1").kind == "test"  # type: ignore[union-attr]


def test_an_entry_is_taken_away_and_an_unknown_one_is_told(tmp_path: Path) -> None:
    write_pack(tmp_path)
    write_child(
        tmp_path, "a", standard="preconditions:\n  - {id: P1, remove: true}\nconditions:\n  - {id: C3, remove: true}\n"
    )
    pack = load_pack("a", ON, [tmp_path])
    assert pack.standard.preconditions == () and pack.condition("C3") is None and pack.condition("C2") is not None
    write_child(tmp_path, "b", standard="preconditions:\n  - {id: PP1, remove: true}\n")
    problems = check_pack("b", ON, [tmp_path])
    assert [(p.kind, p.place.line) for p in problems] == [("remove_unknown", 2)]
    assert "是不是“P1”" in problems[0].text.zh


def test_a_short_clause_belongs_to_the_document_of_the_pack_that_wrote_it(tmp_path: Path) -> None:
    write_pack(tmp_path)
    child = write_child(
        tmp_path,
        clauses="document: lake-rules\nclauses:\n  - {id: 一（三）, summary: {zh: 本县, en: Own}}\n",
        standard="preconditions:\n  - {id: P2, clause: 一（三）, also: [river-city#一], text: {zh: 面积, en: Area}, value: area_m2, ge: 1}\n",
    )
    with (child / "pack.yaml").open("a", encoding="utf-8") as file:
        file.write("documents:\n  - {id: lake-rules, title: {zh: 湖县办法, en: Lake rules}, level: county}\n")
    pack = load_pack(child, ON)
    own = next(p for p in pack.standard.preconditions if p.id == "P2")
    inherited = next(p for p in pack.standard.preconditions if p.id == "P1")
    assert (own.clause, own.also, inherited.clause) == ("lake-rules#一(三)", ("river-city#一",), "river-city#一")


def test_three_levels_and_two_parents(tmp_path: Path) -> None:
    write_pack(tmp_path)
    write_child(tmp_path, "middle", standard="conditions:\n  - {id: C1, lt: 5}\n")
    write_child(tmp_path, "aside", standard="classes:\n  - {id: C, order: 7}\n")
    write_child(tmp_path, "leaf", "middle, aside", standard="conditions:\n  - {id: C1, lt: 6}\n")
    pack = load_pack("leaf", ON, [tmp_path])
    assert [layer.id for layer in pack.layers] == ["river-city", "middle", "aside", "leaf"]
    assert pack.condition("C1").operand == 6 and pack.standard.classes[0].order == 7  # type: ignore[union-attr]


def test_what_holds_on_the_day(tmp_path: Path) -> None:
    """First and last day are included; a condition that does not hold leaves the list, and its class with the last one."""
    standard = STANDARD.replace("{id: C2, clause", "{id: C2, from: 2026-01-01, to: 2026-12-31, clause")
    pack = write_pack(tmp_path, {"standard.yaml": standard})
    on = {
        day: load_pack(pack, day).condition("C2") is not None
        for day in map(datetime.date.fromisoformat, ("2025-12-31", "2026-01-01", "2026-12-31", "2027-01-01"))
    }
    assert list(on.values()) == [False, True, True, False]
    write_child(tmp_path, "later", standard="conditions:\n  - {id: C1, from: 2027-01-01, lt: 3}\n")
    assert load_pack("later", ON, [tmp_path]).condition("C1").operand is None  # type: ignore[union-attr]
    assert load_pack("later", datetime.date(2027, 1, 1), [tmp_path]).condition("C1").operand == 3  # type: ignore[union-attr]


def test_dated_versions_of_one_entry(tmp_path: Path) -> None:
    dated = PACK.replace(
        "value: null, set_by: 市人民政府, clause: 三}\n",
        "value: 10, to: 2025-12-31, clause: 三}\n"
        "  - {id: notice_days, title: {zh: 公示天数, en: Days}, value: 15, from: 2026-01-01, clause: 三}\n",
    )
    pack = write_pack(tmp_path, {"pack.yaml": dated})
    values = [load_pack(pack, day).parameter("notice_days").value for day in (datetime.date(2025, 6, 1), ON)]  # type: ignore[union-attr]
    assert values == [10, 15]
    assert check_pack(pack) == ()


def test_rows_of_thresholds_are_inherited_one_by_one(tmp_path: Path) -> None:
    write_pack(tmp_path)
    child = write_child(tmp_path)
    write_workbook(child / "thresholds.xlsx", {"ratio": [HEAD, ["*", 0.5, None, "river-city#一(三)"]]})
    pack = load_pack(child, ON)
    assert pack.threshold("ratio", ("C13",)) == 0.8
    assert pack.threshold("ratio", ("C99",)) == 0.5
    assert load_pack("river-city", ON, [tmp_path]).threshold("ratio", ("C99",)) is None


def test_outside_its_validity_a_pack_warns(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"pack.yaml": PACK + "from: 2026-01-01\n"})
    assert load_pack(pack, ON).warnings == ()
    assert [w.kind for w in load_pack(pack, datetime.date(2025, 1, 1)).warnings] == ["validity"]


def test_the_environment_names_folders_of_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_pack(tmp_path)
    monkeypatch.setenv("PANHUO_PACKS", str(tmp_path))
    assert load_pack("river-city", ON).id == "river-city"


# laws

names = st.sampled_from(["a", "b", "c", "d"])
values = st.one_of(st.integers(-9, 9), st.booleans(), st.none(), st.text(string.ascii_letters, min_size=1, max_size=4))
entries = st.lists(
    st.fixed_dictionaries(
        {"id": names, "title": values}, optional={"unit": values, "list": st.lists(values, max_size=3)}
    ),
    unique_by=lambda e: e["id"],
    max_size=4,
)
files = st.fixed_dictionaries(
    {"items": entries}, optional={"others": entries, "terms": st.dictionaries(names, values, max_size=3)}
)


def located(content: dict[str, Any]) -> Located:
    problems = Problems()
    tree = parse_yaml(yaml.safe_dump(content, allow_unicode=True), Place("p", "f"), problems)
    return tree if tree is not None else Located({}, Place("p", "f"))


def merged(parent: dict[str, Any], child: dict[str, Any]) -> Any:
    laid = merge_file(located(parent), located(child), "organisation", Problems())
    assert laid is not None
    return laid.plain()


@settings(max_examples=40, deadline=None)
@given(files)
def test_law_an_empty_child_is_its_parent(parent: dict[str, Any]) -> None:
    assert merged(parent, {}) == located(parent).plain()


@settings(max_examples=40, deadline=None)
@given(files, files)
def test_law_overriding_twice_is_overriding_once(parent: dict[str, Any], child: dict[str, Any]) -> None:
    once = merge_file(located(parent), located(child), "organisation", Problems())
    assert once is not None
    twice = merge_file(once, located(child), "organisation", Problems())
    assert twice is not None and twice.plain() == once.plain()


@settings(max_examples=40, deadline=None)
@given(files, files)
def test_law_the_child_has_the_last_word_and_nothing_else_is_lost(
    parent: dict[str, Any], child: dict[str, Any]
) -> None:
    laid = {e["id"]: e for e in merged(parent, child)["items"]}
    before, after = (
        {e["id"]: e for e in located(parent).plain()["items"]},
        {e["id"]: e for e in located(child).plain()["items"]},
    )
    assert set(laid) == set(before) | set(after)
    for name, entry in laid.items():
        assert entry == {**before.get(name, {}), **after.get(name, {})}


@settings(max_examples=8, deadline=None)
@given(st.dictionaries(st.sampled_from(["C1", "C3"]), st.floats(0.1, 50), min_size=0, max_size=2))
def test_law_a_child_that_says_nothing_new_changes_nothing(numbers: dict[str, float]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        write_pack(root)
        lines = [f"  - {{id: {name}, lt: {value!r}}}" for name, value in numbers.items()]
        standard = "conditions:\n" + "\n".join(lines) + "\n" if lines else "# nothing\n"
        write_child(root, "child", standard=standard)
        write_child(root, "same", "child", standard=standard)
        write_child(root, "empty", "child")
        child, same, empty = (load_pack(name, ON, [root]) for name in ("child", "same", "empty"))
        assert contents(child) == contents(same) == contents(empty)
        assert (not numbers) == (contents(child) == contents(load_pack("river-city", ON, [root])))


def test_clauses_can_be_added_below(tmp_path: Path) -> None:
    write_pack(tmp_path)
    write_child(tmp_path, clauses="clauses:\n  - {id: 五, document: river-city, summary: {zh: 附则, en: Final}}\n")
    assert set(load_pack("lake-county", ON, [tmp_path]).clauses) >= {"river-city#五", "river-city#一"}
    assert "五" not in CLAUSES
