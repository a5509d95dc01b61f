"""A run that is killed, again and again, ends in the same results as one that is left in peace."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyogrio
import pytest

from panhuo.survey import Result

#: Parts of the manifest that speak of the run and not of its results.
PASSING = ("finished", "seconds")


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "panhuo.cli", "survey", "run", str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def kill_after(folder: Path, lines: int) -> int:
    """Run until so many lines of progress have been said, then kill -9; returns how many were said."""
    process = start(folder)
    assert process.stdout is not None
    said = 0
    for _line in process.stdout:
        said += 1
        if said >= lines:
            process.kill()
            break
    process.wait()
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.close()
    return said


def contents(folder: Path) -> dict[str, object]:
    """Everything that the results say, file by file."""
    out: dict[str, object] = {}
    for file in sorted(folder.rglob("*")):
        name = str(file.relative_to(folder))
        if file.is_dir():
            continue
        if file.suffix == ".gpkg":
            for layer, _kind in pyogrio.list_layers(file):
                _meta, table = pyogrio.read_arrow(file, layer=layer)
                out[f"{name}#{layer}"] = table.to_pylist()
        elif file.suffix == ".parquet":
            out[name] = pl.read_parquet(file).rows()
        elif file.name == "清单.json":
            manifest = json.loads(file.read_text(encoding="utf-8"))
            out[name] = {k: v for k, v in manifest.items() if k not in PASSING}
        else:
            out[name] = file.read_bytes()
    return out


@pytest.mark.parametrize("seed", [20261121])
def test_five_kills_change_nothing(copied: Callable[[], Path], finished_result: Result, seed: int) -> None:
    folder = copied()
    # as many lines as an undisturbed run says before it prints its results
    chance = random.Random(seed)
    for moment in sorted(chance.sample(range(1, 60), 5)):
        kill_after(folder, moment)

    process = start(folder)
    told, error = process.communicate(timeout=600)

    assert process.returncode == 0, error
    assert "：平" in told
    disturbed, peaceful = contents(folder / "成果"), contents(finished_result.folder)
    assert disturbed.keys() == peaceful.keys()
    different = [name for name, content in peaceful.items() if disturbed[name] != content]
    assert different == []
    left = [p.name for p in folder.iterdir() if p.name.startswith(".成果") and p.name != ".成果.work"]
    assert left == []


def test_a_second_run_takes_everything_over(copied: Callable[[], Path], finished_result: Result) -> None:
    from panhuo.survey import load_config, run

    folder = finished_result.folder.parent

    again = run(load_config(folder))

    assert set(again.manifest["seconds"]) == {"all"}
    assert again.manifest["counts"] == finished_result.manifest["counts"]


def test_a_changed_input_is_noticed(copied: Callable[[], Path]) -> None:
    from panhuo.survey import load_config, run

    folder = copied()
    first = run(load_config(folder))
    idle = folder / "交付" / "09问题" / "闲置土地.xlsx"
    idle.unlink()

    second = run(load_config(folder))

    assert "check" in second.manifest["seconds"]
    findings = pl.read_parquet(second.folder / "检查发现.parquet")
    missing = findings.filter((pl.col("code") == "D01") & pl.col("zh").str.contains("闲置土地"))
    assert missing.height == 1
    assert second.balance.delivered == first.balance.delivered
    # nobody is said to be free of idle land because the list is missing: unknown is not false
    assert second.manifest["counts"]["excluded"] < first.manifest["counts"]["excluded"]
    assert second.manifest["counts"]["identified"] <= first.manifest["counts"]["identified"]
