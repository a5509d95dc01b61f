"""The demo district plants mistakes and says so: every one is found, and nothing is found where nothing was planted."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from panhuo.demo import make_district
from panhuo.survey.check import check
from panhuo.survey.config import load_config
from panhuo.survey.deliver import deliver
from panhuo.survey.gather import gather
from panhuo.survey.mending import mend
from panhuo.survey.run import pack_of
from panhuo.survey.settings import check_settings


@dataclass(frozen=True)
class Checked:
    """A district: what was planted, what is promised to be clean, and what the checks say."""

    planted: list[dict[str, Any]]
    clean: list[str]
    findings: pl.DataFrame

    def rows(self, file: str) -> set[int]:
        """Every row of a file that takes part in a planted mistake."""
        own = [p for p in self.planted if p["file"] == file]
        return {r for p in own for r in (p["row"], *p.get("rows", ())) if r is not None}


@pytest.fixture(scope="module", params=[1, 20261121])
def checked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    folder: Path = tmp_path_factory.mktemp("planted")
    make_district(folder, parcels=2000, seed=request.param)
    truth = json.loads((folder / "planted.json").read_text(encoding="utf-8"))
    config = load_config(folder)
    settings = check_settings(config, pack_of(config))
    mended = mend(deliver(config, settings), settings)
    findings = check(mended, gather(mended.sources, settings, faults=mended.remaining), settings)
    return Checked(truth["planted"], truth["clean"]["codes"], findings)


def test_every_planted_mistake_is_found(checked: Checked) -> None:
    found = list(checked.findings.select("code", "source", "row", "count").iter_rows())

    def is_found(planted: dict[str, Any]) -> bool:
        codes = {planted["code"], *planted.get("also", ())}
        rows = {planted["row"], *planted.get("rows", ())}
        return any(
            # a finding of several rows names the first of them
            code in codes and (source or "").startswith(planted["file"]) and (row in rows or count > 1)
            for code, source, row, count in found
        )

    missed = [(p["code"], p["file"], p["row"], p["detail"]["zh"]) for p in checked.planted if not is_found(p)]
    assert missed == []
    assert len(checked.planted) > 60


def test_nothing_is_found_where_nothing_was_planted(checked: Checked) -> None:
    # that villages lie beyond the urban boundary is a warning of G11 that the district does not promise to be without
    told = checked.findings.filter(
        pl.col("code").is_in(checked.clean),
        pl.col("severity") != "note",
        ~((pl.col("code") == "G11") & (pl.col("severity") == "warning")),
    )

    surprising = [
        (f["code"], f["source"], f["row"], f["zh"])
        for f in told.iter_rows(named=True)
        if f["row"] not in checked.rows(f["source"])
    ]
    assert surprising == []


def test_every_finding_says_where_and_what_to_do(checked: Checked) -> None:
    findings = checked.findings

    assert findings["source"].is_not_null().all()
    assert findings["zh"].is_not_null().all() and findings["en"].is_not_null().all()
    assert not findings["zh"].str.contains(r"[{}]").any()
    catalogued = findings.filter(pl.col("code").is_in(checked.clean), pl.col("severity") != "note")
    assert catalogued["suggestion_zh"].is_not_null().all()
    assert catalogued.filter(pl.col("code").str.starts_with("G"))["row"].is_not_null().all()
