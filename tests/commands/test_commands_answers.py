"""``panhuo explain`` and ``panhuo compare``."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest

import panhuo as ph

IN = ("--in", "demo-district")


@pytest.fixture
def codes(desk: Path) -> dict[str, str]:
    """One parcel of each outcome, and one that was handed back with its code."""
    done = ph.finished("demo-district")
    found = dict(
        done.verdicts().frame.group_by("outcome", maintain_order=True).first()["outcome", "parcel_code"].rows()
    )
    back = done.handed_back().filter(pl.col("reason") == "crossing")
    return {**found, "handed_back": back["parcel_code"][0]}


@pytest.mark.parametrize(
    ("outcome", "zh", "en"),
    [
        ("identified", "认定为低效用地", "identified"),
        ("not", "不属于低效用地", "not"),
        ("unknown", "待核实", "unknown"),
        ("excluded", "不纳入认定范围", "excluded"),
    ],
)
def test_every_outcome_is_explained(codes: dict[str, str], panhuo, outcome: str, zh: str, en: str) -> None:
    told = panhuo("explain", codes[outcome], *IN)
    assert told.code == 0
    assert f"结论：{zh}" in told.out or zh in told.out.splitlines()[1]
    assert len(told.out.splitlines()) < 45
    assert "（第" in told.out or outcome == "not"
    assert "Verdict: " in panhuo("explain", codes[outcome], *IN, "--lang", "en").out
    full = panhuo("explain", codes[outcome], *IN, "--full")
    assert len(full.out) > len(told.out)
    assert "条款要旨" in full.out


def test_unknown_says_whom_to_ask(codes: dict[str, str], panhuo) -> None:
    told = panhuo("explain", codes["unknown"], *IN).out
    assert "还需查明" in told
    assert "向" in told


def test_explanation_for_programs(codes: dict[str, str], panhuo) -> None:
    told = json.loads(panhuo("explain", codes["identified"], *IN, "--json").out)
    assert told["outcome"] == "identified"
    assert told["sections"][0]["lines"][0]["clause"]["zh"]


def test_by_another_day(codes: dict[str, str], panhuo) -> None:
    told = panhuo("explain", codes["identified"], *IN, "--pack", "demo@2026-06-30")
    assert told.code == 0
    assert "2026年6月30日" in told.out


def test_a_part_of_the_code_is_enough(codes: dict[str, str], panhuo) -> None:
    told = panhuo("explain", codes["identified"][4:].lower(), *IN)
    assert told.code == 0
    assert codes["identified"] in told.out


def test_near_misses(codes: dict[str, str], panhuo) -> None:
    several = panhuo("explain", codes["identified"][:12], *IN)
    assert several.code == 1
    assert "的代码含" in several.err
    like = panhuo("explain", codes["identified"][:-1] + "X", *IN)
    assert like.code == 1
    assert codes["identified"][:12] in like.err
    back = panhuo("explain", codes["handed_back"], *IN)
    assert back.code == 1
    assert "已退回" in back.err
    assert "宗地.shp" in back.err


def test_two_standards(desk: Path, panhuo) -> None:
    told = panhuo("compare", "demo@2025-06-30", "demo", *IN, "--to", "flips.csv")
    assert told.code == 0
    assert "两套标准对比" in told.out
    assert "分类别" in told.out
    with Path("flips.csv").open(encoding="utf-8-sig") as file:
        flips = list(csv.DictReader(file))
    assert "2025-06-30 时有效" in told.out
    # what lies between the area of last year and that of this year is left out no more
    assert len(flips) > 10
    assert {row["outcome_a"] for row in flips} >= {"excluded"}
    english = panhuo("compare", "demo", "liaocheng-2020", *IN, "--lang", "en")
    assert english.code == 0
    assert "By township" in english.out
    assert "By class" in english.out
