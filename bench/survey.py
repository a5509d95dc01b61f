"""The main job at size: seconds and memory of ``panhuo survey run``, cost per parcel, and the rules alone.

    python bench/survey.py                    100k and 1M parcels (makes the demo districts if they are not there)
    python bench/survey.py --sizes 20000      another size
    python bench/survey.py --rules            only the rules: 1M parcels x 30 conditions with evidence

Every figure is of one machine at one time; the ratios between sizes are what the project watches.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

#: The demo standard is cut to about so many conditions: what a locality writes.
CONDITIONS = 34
DATA = Path(os.environ.get("PANHUO_BENCH_DATA", "bench-data"))


def district(size: int) -> Path:
    """The demo district of this size, made once."""
    folder = DATA / f"district-{size}"
    if not (folder / "survey.yaml").exists():
        shutil.rmtree(folder, ignore_errors=True)
        began = time.monotonic()
        subprocess.run([sys.executable, "-m", "panhuo.cli", "demo", str(folder), "--parcels", str(size)], check=True)
        print(f"made {folder} in {time.monotonic() - began:.0f} s", flush=True)
    return folder


def run_survey(folder: Path) -> dict[str, float]:
    """One undisturbed run from nothing: wall seconds, CPU seconds, peak memory (GB), and the seconds of each stage."""
    for left in (folder / "成果", folder / ".成果.work"):
        shutil.rmtree(left, ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "panhuo.cli", "survey", "run", str(folder), "-q"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    wall = time.monotonic() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    manifest = json.loads((folder / "成果" / "清单.json").read_text(encoding="utf-8"))
    return {
        "parcels": manifest["counts"]["delivered"],
        "wall": wall,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "gb": after.ru_maxrss / 1024**2,
        "holds": manifest["holds"],
        **{f"  {k}": v for k, v in manifest["seconds"].items()},
    }


def rules(size: int) -> None:
    """The demo standard (30 conditions and more, averages included) on simulated facts: verdicts and all evidence."""
    from dataclasses import replace

    import numpy as np
    import polars as pl

    from panhuo.identify import identify, standard_of
    from panhuo.land.facts import FACTS
    from panhuo.packs import load_pack

    pack = load_pack("demo", on=date(2026, 11, 21))
    dice = np.random.default_rng(1)
    standard = standard_of(pack)
    kept = len(standard.classes)
    while len(replace(standard, classes=standard.classes[:kept]).conditions()) > CONDITIONS and kept > 1:
        kept -= 1
    standard = replace(standard, classes=standard.classes[:kept])
    used = dict.fromkeys(f for c in standard.conditions().values() for f in c.facts)
    columns: dict[str, object] = {"parcel_code": np.arange(size).astype(str), "area_m2": dice.lognormal(8, 1, size)}
    for name in used:
        if name in columns or name not in FACTS:
            continue
        kind = FACTS[name].kind
        holes = dice.random(size) < 0.1
        if kind == "bool":
            values = pl.Series(dice.random(size) < 0.3)
        elif kind == "number":
            values = pl.Series(dice.gamma(2.0, 1.0, size))
        elif kind == "int":
            values = pl.Series(dice.integers(1970, 2025, size))
        elif kind == "date":
            values = pl.Series(dice.integers(0, 20_000, size)).cast(pl.Int32).cast(pl.Date)
        elif kind == "list":
            values = pl.Series(dice.choice(["布局散乱", "建筑危旧", ""], size)).str.split("、")
        else:
            words = {"land_group": ["工业", "商服", "住宅", "公服"], "industry_division": ["C13", "C26", "C35"]}
            values = pl.Series(dice.choice(words.get(name, ["甲", "乙", "丙"]), size))
        columns[name] = pl.select(pl.when(pl.Series(~holes)).then(values)).to_series()
    facts = pl.DataFrame(columns)
    identify(facts.head(1000), standard)  # loads what is loaded once
    times = []
    for _ in range(3):
        began, cpu = time.monotonic(), time.process_time()
        verdicts = identify(facts, standard)
        times.append((time.monotonic() - began, time.process_time() - cpu))
    conditions = len(verdicts.standard.conditions())
    wall, cpu = sorted(times)[1]
    print(f"rules: {size:,} parcels x {conditions} conditions with evidence: {wall:.2f} s wall, {cpu:.2f} s CPU")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--rules", action="store_true", help="only the rules")
    options = parser.parse_args()
    rules(1_000_000)
    if options.rules:
        return
    results = []
    for size in options.sizes:
        found = run_survey(district(size))
        results.append(found)
        verdict = "holds" if found["holds"] else "DOES NOT HOLD"
        print(f"survey of {found['parcels']:,.0f} parcels: {found['wall']:.1f} s wall, {found['cpu']:.1f} s CPU")
        print(f"  {found['gb']:.2f} GB at most, reconciliation {verdict}")
        for name, seconds in found.items():
            if name.startswith("  "):
                print(f"{name}: {seconds:.1f} s")
    if len(results) > 1:
        first, last = results[0], results[-1]
        wall = (last["wall"] / last["parcels"]) / (first["wall"] / first["parcels"])
        cpu = (last["cpu"] / last["parcels"]) / (first["cpu"] / first["parcels"])
        print(
            f"cost per parcel, {last['parcels']:,.0f} against {first['parcels']:,.0f}: wall x{wall:.2f}, CPU x{cpu:.2f}"
        )


if __name__ == "__main__":
    main()
