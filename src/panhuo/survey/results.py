"""The results folder: put in place in one step, and nothing of other people's work is lost on the way."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from panhuo.exchange.stage import checksum
from panhuo.messages import PanhuoError
from panhuo.survey.config import SurveyConfig
from panhuo.survey.stages import place

MANIFEST = "清单.json"
#: What the stages leave for each other only.
_INNER = ("done.json", "对账.parquet", "对账.json")
#: What the files of the check are called among the results.
_NAMES = {"findings.parquet": "检查发现.parquet", "repairs.parquet": "修复建议.parquet"}
#: Traces of programs that had a folder or a file open.
_TRACES = (".DS_Store", "Thumbs.db", "desktop.ini")


def examine(config: SurveyConfig) -> None:
    """Stop before anything is done when the place of the results holds something that no run has made."""
    folder = config.results_folder
    if not folder.exists():
        return
    if not folder.is_dir() or (not (folder / MANIFEST).is_file() and any(folder.iterdir())):
        raise PanhuoError(
            f"“{config.results}”已存在，而且不是调查成果；为免覆盖，没有运行。"
            "请移走它，或在 survey.yaml 的 results 中另起名称。",
            f"'{config.results}' is there and is not the results of a survey; nothing was run, so that it is not "
            "overwritten. Move it, or give another name under `results` in survey.yaml.",
            where=str(folder),
        )


def sweep(config: SurveyConfig) -> None:
    """Remove half-assembled results that killed runs left behind."""
    for left in config.folder.glob(f".{config.results}.*"):
        if left.suffix[1:].isdigit():
            shutil.rmtree(left, ignore_errors=True)


def assemble(config: SurveyConfig, parts: Mapping[str, Path], manifest: dict[str, Any]) -> Path | None:
    """Gather the stages' files into one fresh folder and put it in place in one step.

    What people added to the results before or changed in them is moved beside them, into a folder that is returned;
    None where there was nothing of that kind. The manifest gets the checksum of every file.
    """
    fresh = config.results_folder.with_name(f".{config.results}.{os.getpid()}")
    shutil.rmtree(fresh, ignore_errors=True)
    kept = _Kept(config.results_folder)
    copies: list[tuple[Path, Path]] = []
    try:
        fresh.mkdir(parents=True)
        for name, part in parts.items():
            target = fresh / "证据" if name == "identify" else fresh
            target.mkdir(exist_ok=True)
            copies += [(f, target / _NAMES.get(f.name, f.name)) for f in part.iterdir() if f.name not in _INNER]
        with ThreadPoolExecutor(2) as pool:
            sums = {to.relative_to(fresh).as_posix(): pool.submit(checksum, file) for file, to in copies}
            for file, to in copies:
                # a copy, not a link: who edits a result must not edit what the next run takes over
                shutil.copyfile(file, to)
            manifest["results"] = {name: sums[name].result() for name in sorted(sums)}
        (fresh / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=2), encoding="utf-8")
        _keep(kept)
        place(fresh, config.results_folder)
    except BaseException:
        if fresh.exists():  # the old results still stand, or will be brought back
            shutil.rmtree(fresh, ignore_errors=True)
            if kept.folder is not None:
                shutil.rmtree(kept.folder, ignore_errors=True)
        raise
    return kept.folder


@dataclass
class _Kept:
    """The folder beside the results for what people did there; made when there is something for it."""

    results: Path
    folder: Path | None = None

    def take(self, name: str) -> None:
        self.folder = self.folder or self._fresh()
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(self.results / name, target)

    def _fresh(self) -> Path:
        """成果-留存, 成果-留存2, … : the first that is not there yet."""
        for number in count(1):
            folder = self.results.with_name(f"{self.results.name}-留存{number if number > 1 else ''}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
        raise AssertionError


def _keep(kept: _Kept) -> None:
    """Copy aside what is not as the last run put it there, by the checksums of its manifest."""
    try:
        placed: dict[str, str] = json.loads((kept.results / MANIFEST).read_text(encoding="utf-8")).get("results", {})
    except (OSError, ValueError, AttributeError):  # somebody wrote into the manifest: what its files were nobody knows
        placed = {}
    for name in _files(kept.results):
        file = kept.results / name
        if name == MANIFEST or file.name in _TRACES or file.name.startswith("~$") or name.endswith(("-wal", "-shm")):
            continue
        if placed.get(name) != checksum(file):
            kept.take(name)


def _files(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
