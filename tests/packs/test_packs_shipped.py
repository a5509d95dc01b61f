# ruff: noqa: E501 - a sample stays on one line
"""The packs of the repository, and the road to a new one."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from packs_on_disk import HEAD, ON, write_pack, write_workbook

from panhuo.messages import PanhuoError, Text
from panhuo.packs import Pack, check_pack, list_packs, load_pack, new_pack, show, unset_values
from panhuo.packs.models import ByReading, Not, TableRef, walk
from panhuo.packs.trials import Evaluated, facts_of, run_formula_examples, run_tests


def shipped(folder: Path) -> list[str]:
    return sorted(p.parent.name for p in folder.glob("*/pack.yaml"))


def test_every_pack_of_the_repository_is_sound_on_every_day_that_matters(packs_folder: Path) -> None:
    names = shipped(packs_folder)
    assert {"national-2023", "demo"} <= set(names)
    problems = [p.say() for name in names for p in check_pack(name, None, [packs_folder]) if p.severity == "error"]
    assert problems == []


def test_every_formula_of_every_pack_gives_its_examples(packs_folder: Path) -> None:
    for name in shipped(packs_folder):
        failed = [t for t in run_formula_examples(load_pack(name, ON, [packs_folder])) if not t.passed]
        assert failed == []


def test_the_demonstration_uses_the_whole_grammar_and_leaves_nothing_open(packs_folder: Path) -> None:
    pack = load_pack("demo", ON, [packs_folder])
    own = [leaf for leaf in pack.conditions() if "demo" in pack.origin(f"standard.conditions.{leaf.id}")]
    assert len(own) >= 30
    assert unset_values(pack) == ()
    operators = {leaf.operator for leaf in own}
    assert operators >= {"is", "eq", "ne", "lt", "le", "gt", "ge", "between", "in", "not_in", "any_of", "starts_with", "below_average", "test"}  # fmt: skip
    assert any(isinstance(leaf.operand, TableRef) and leaf.operand.times != 1 for leaf in own)
    nodes = [n for c in pack.standard.classes for n in walk(c.when)]
    assert any(isinstance(n, ByReading) for n in nodes) and any(isinstance(n, Not) for n in nodes)
    assert {c.id for c in pack.standard.classes if c.parent is None} == {"IND", "URB", "VIL"}


def test_the_demonstration_names_posts_and_no_persons(packs_folder: Path) -> None:
    pack = load_pack("demo", ON, [packs_folder])
    seats = [s for t in pack.organisation.task_forces for s in (*t.seats, *t.deputies)]
    assert {s.post for s in seats} <= {"常务副区长", "分管副区长", "局长", "副局长", "主任", "副主任", "大队长", "主要负责同志", "分管负责同志"}  # fmt: skip


def test_thresholds_change_with_the_year(packs_folder: Path) -> None:
    chemicals = ("C26",)
    before, after = (load_pack("demo", datetime.date(year, 6, 30), [packs_folder]) for year in (2025, 2026))
    assert (before.threshold("min_tax_per_mu", chemicals), after.threshold("min_tax_per_mu", chemicals)) == (10, 12)


def test_a_list_and_a_page_about_a_pack(packs_folder: Path) -> None:
    infos = {info.id: info for info in list_packs([packs_folder])}
    assert infos["demo"].extends == ("national-2023",) and infos["demo"].places == ("990112",)
    page = show(load_pack("demo", ON, [packs_folder]), "zh")
    assert "national-2023 → demo" in page and "澄政发〔2025〕6号" in page
    assert "not set yet (1)" in show(load_pack("national-2023", ON, [packs_folder]), "en")


def test_a_new_pack_is_valid_and_says_what_its_parent_says(tmp_path: Path, packs_folder: Path) -> None:
    folder = new_pack(
        "new-county", "national-2023", tmp_path, title=Text("新县“办法”", 'New "county"'), folders=[packs_folder]
    )
    assert check_pack(folder) == ()
    parent, child = load_pack("national-2023", ON, [packs_folder]), load_pack(folder, ON)
    assert child.standard == parent.standard and child.title.en == 'New "county"'
    with pytest.raises(PanhuoError, match="已存在"):
        new_pack("new-county", "national-2023", tmp_path, folders=[packs_folder])
    with pytest.raises(PanhuoError, match="不能用作"):
        new_pack("New County", "national-2023", tmp_path)
    with pytest.raises(PanhuoError, match="找不到"):
        new_pack("other", "nowhere", tmp_path)


def test_the_examples_in_a_new_pack_hold_when_they_are_used(tmp_path: Path, packs_folder: Path) -> None:
    folder = new_pack("new-county", ["national-2023"], tmp_path, folders=[packs_folder])
    for path in folder.rglob("*.yaml"):
        lines = [
            line if line.startswith("##") else re.sub(r"^# ", "", line) for line in path.read_text("utf-8").splitlines()
        ]
        path.write_text("\n".join(lines) + "\n", "utf-8")
    write_workbook(folder / "thresholds.xlsx", {"min_tax_per_mu": [HEAD, ["*", 5, "万元/亩", "一(三)"]]})
    assert [p.say() for p in check_pack(folder)] == []
    pack = load_pack(folder, datetime.date(2027, 6, 1))
    assert pack.standard.classes and pack.calendar.deadlines and pack.modes.tables
    assert all(t.passed for t in run_formula_examples(pack))


def test_a_packs_own_tests_say_what_differs(packs_folder: Path) -> None:
    pack = load_pack("demo", ON, [packs_folder])

    def always_not(pack: Pack, facts: pl.DataFrame, readings: Mapping[str, str]) -> Evaluated:
        assert facts.height >= 1 and facts["parcel_code"][0] == "TEST-0000"
        return Evaluated("not", (), {})

    trials = {t.id: t for t in run_tests(pack, always_not)}
    assert not trials["class-d"].passed and "结论应为 identified，实为 not" in trials["class-d"].told.zh
    assert trials["good-housing"].passed and trials["tax_subsidy/1"].passed
    assert trials["class-d"].place is not None and trials["class-d"].place.file == "tests/工业.yaml"


def test_an_example_of_another_day_is_tried_on_that_day(tmp_path: Path) -> None:
    example = "tests:\n  - {id: t, name: {zh: 例, en: T}, on: 2025-06-01, facts: {tax_per_mu: 1}, expect: {outcome: unknown}}\n"
    pack = write_pack(tmp_path, {"tests/a.yaml": example})
    days: list[datetime.date] = []

    def evaluate(pack: Pack, facts: pl.DataFrame, readings: Mapping[str, str]) -> Evaluated:
        days.append(pack.on)
        return Evaluated("unknown", (), {})

    trials = run_tests(load_pack(pack, ON), evaluate, reload=lambda day: load_pack(pack, day))
    assert trials[0].passed and days == [datetime.date(2025, 6, 1)]


def test_facts_of_an_example_are_a_facts_table(packs_folder: Path) -> None:
    pack = load_pack("demo", ON, [packs_folder])
    example = next(t for t in pack.tests if t.id == "below-average")
    facts = facts_of(pack, example)
    assert facts.height == 5 and facts["tax_per_mu"].null_count() == 5
    assert facts["investment_intensity"].to_list() == [500.0, 2200.0, 2400.0, 2600.0, 2800.0]


def test_packs_are_found_from_anywhere(tmp_path: Path, packs_folder: Path) -> None:
    """In a checkout the packs beside the code are found whatever the working directory is."""
    code = "from panhuo.packs import list_packs; print(*(p.id for p in list_packs()))"
    environment = {k: v for k, v in os.environ.items() if k != "PANHUO_PACKS"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert set(shipped(packs_folder)) <= set(done.stdout.split())


def test_a_copied_pack_stands_on_its_own_folder(tmp_path: Path, packs_folder: Path) -> None:
    for name in ("demo", "national-2023"):
        shutil.copytree(packs_folder / name, tmp_path / name)
    pack = load_pack(tmp_path / "demo", ON)
    assert pack.layers[0].folder == (tmp_path / "national-2023").resolve()
