"""What a finished survey can be asked, and how far an unfinished one is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from panhuo.identify import Verdicts, identify
from panhuo.identify import load as load_verdicts
from panhuo.messages import PanhuoError
from panhuo.packs import Pack, load_pack, read_frozen
from panhuo.survey.config import SurveyConfig, load_config
from panhuo.survey.measured import load_measured
from panhuo.survey.run import STAGES
from panhuo.survey.tables import Reconciliation


@dataclass(frozen=True, slots=True)
class StageState:
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class State:
    """How far a survey is: each stage, and the manifest and reconciliation of its last finished run."""

    stages: tuple[StageState, ...]
    manifest: dict[str, Any] | None
    balance: Reconciliation | None


@dataclass(frozen=True, slots=True)
class Finished:
    """A survey that has been run."""

    config: SurveyConfig
    folder: Path

    def verdicts(self) -> Verdicts:
        """The verdicts as they were put in place, with their evidence."""
        return load_verdicts(self.folder / "证据")

    def facts(self) -> pl.DataFrame:
        """The facts that they were judged by: every fact that was measured, not only those that the pack used."""
        return load_measured(self._measured()).facts

    def _measured(self) -> Path:
        measured = self.config.folder / f".{self.config.results}.work" / "measure"
        if not measured.exists():
            raise PanhuoError(
                "量算的中间结果不在了；请再运行一次 panhuo survey run。",
                "The measured facts are gone; run `panhuo survey run` again.",
                where=str(measured),
            )
        return measured

    def verdicts_by(self, pack: str | None) -> Verdicts:
        """The verdicts, or those that another pack would give on the same facts."""
        if pack is None:
            return self.verdicts()
        sources = self.verdicts().sources
        return identify(self.facts(), self.pack(pack), on=self.config.on, sources=sources)

    def pack(self, name: str, on: date | None = None) -> Pack:
        """A pack by id, folder or frozen file, also one that stands beside the survey, on its day or another."""
        if name.endswith(".json"):
            return read_frozen(self.config.folder / name, on=on or self.config.on)
        return load_pack(name, on or self.config.on, [self.config.folder / p for p in self.config.packs] or None)

    def handed_back(self) -> pl.DataFrame:
        """The parcels that never reached identification: code, area, reason, file and row."""
        return load_measured(self._measured()).handed_back.frame


def finished(survey: str | Path) -> Finished:
    """Open the results of a survey; an error that says what to do when there are none."""
    config = load_config(survey)
    if not (config.results_folder / "清单.json").exists():
        raise PanhuoError(
            "这次调查还没有成果；请先运行 panhuo survey run。",
            "This survey has no results yet; run `panhuo survey run` first.",
            where=str(config.file),
        )
    return Finished(config, config.results_folder)


def status(config: SurveyConfig) -> State:
    """Which stages stand on disk, and what the last finished run came to."""
    work = config.folder / f".{config.results}.work"
    stages = tuple(
        StageState(zh, "已完成 / done" if (work / name / "done.json").exists() else "未做 / not yet")
        for name, zh in STAGES.items()
    )
    file = config.results_folder / "清单.json"
    if not file.exists():
        return State(stages, None, None)
    manifest = json.loads(file.read_text(encoding="utf-8"))
    counts, areas = dict(manifest["counts"]), dict(manifest["areas_m2"])
    delivered, delivered_m2 = counts.pop("delivered"), areas.pop("delivered")
    return State(stages, manifest, Reconciliation(counts, areas, delivered, delivered_m2))
