"""Speed against other engines, as ratios of one run, with the answers compared.

    python3 dev.py bench [--quick] [--size N …] [--tasks landuse zones …] [--engines duckdb …] [--cap SECONDS]

Makes its data in ``PANHUO_BENCH_DATA`` (default ``bench-data``); a real city is added when the development data lies
beside the checkout (``PANHUO_SHARED_DATA``). Writes ``results.json`` and ``results.md`` there. An engine that is not
installed, takes longer than the cap or fails is said to have done so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ENGINES = {
    "ours": "Panhuo",
    "with_shapely": "Shapely arrays, threads",
    "with_duckdb": "DuckDB spatial",
    "with_sedonadb": "SedonaDB",
    "with_geopandas": "GeoPandas",
    "with_postgis": "PostGIS",
}
WARM_UP = 2_000
#: Answers must agree to this, relative, or to this much a row: engines that build the common polygon round its corners
#: to the last digit of the coordinates (1e-9 m in a national grid), which shows in slivers.
AGREE, ROUNDED_M2 = 1e-9, 1e-7


def data_folder() -> Path:
    return Path(os.environ.get("PANHUO_BENCH_DATA", HERE.parent / "bench-data"))


def ensure_city(size: int) -> Path:
    folder = data_folder() / f"city-{size}"
    if not (folder / "buildings.parquet").exists():
        print(f"making a city of {size:,} parcels in {folder} …", flush=True)
        subprocess.run([sys.executable, HERE / "city.py", str(size), folder], check=True)
    return folder


def ensure_contagem() -> Path | None:
    shared = Path(os.environ.get("PANHUO_SHARED_DATA", HERE.parent.parent / "shared" / "data"))
    source = shared / "contagem" / "parcels.parquet"
    if not source.exists():
        print(f"no real city: {source} is missing", flush=True)
        return None
    folder = data_folder() / "contagem"
    if not (folder / "zones.parquet").exists():
        subprocess.run([sys.executable, HERE / "city.py", "contagem", folder, source], check=True)
    return folder


def run_one(engine: str, task: str, folder: Path, warm: Path, runs: int, cap: float) -> dict[str, Any]:
    """The runs that ended within ``cap`` seconds, or why there are none."""
    command = [sys.executable, HERE / "one.py", engine, task, folder, warm, str(runs)]
    began = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    note = ""
    try:
        out, err = began.communicate(timeout=cap)
    except subprocess.TimeoutExpired:
        began.kill()
        out, err = began.communicate()
        note = f"stopped after {cap:.0f} s"
    lines = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    if not lines:
        return {"note": note or (err.strip().splitlines() or ["no output"])[-1][:300]}
    middle = statistics.median(line["seconds"] for line in lines)
    return {**lines[-1], "seconds": middle, "runs": len(lines), "note": note}


def agrees(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    def close(a: float, b: float) -> bool:
        return abs(a - b) <= max(AGREE * max(abs(a), abs(b)), ROUNDED_M2 * min(ours["rows"], 1_000))

    same_pairs = ours["pairs"] < 0 or theirs["pairs"] < 0 or ours["pairs"] == theirs["pairs"]
    return (
        same_pairs
        and ours["rows"] == theirs["rows"]
        and close(ours["area"], theirs["area"])
        and close(ours["second"], theirs["second"])
    )


def verdict(task: str, ours: dict[str, Any], theirs: dict[str, Any]) -> str:
    """Whether the answers agree. A ring that crosses itself has several areas: Panhuo's has the winding number."""
    if agrees(ours, theirs):
        return "same"
    apart = abs(ours["area"] - theirs["area"]) / max(abs(theirs["area"]), 1e-9)
    if task == "invalid":
        return f"as defined ({apart:.1e} apart)"
    return f"differs: {theirs['rows']} rows, {theirs['area']:.6f} m², {apart:.1e} apart"


def table(results: list[dict[str, Any]]) -> str:
    """The results as Markdown: seconds, and how many times longer than Panhuo.

    On a machine that others use too, the processor's seconds say more than the clock's.
    """
    lines = [
        "| data | task | engine | seconds | CPU seconds | times Panhuo | peak MB | rows | answer |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        name = f"| {r['data']} | {r['task']} | {ENGINES[r['engine']]}"
        if "seconds" not in r:
            lines.append(f"{name} | – | – | – | – | – | {r['note']} |")
            continue
        ratio = f"{r['ratio']:.1f}" if "ratio" in r else "–"
        lines.append(
            f"{name} | {r['seconds']:.2f} | {r['cpu']:.2f} | {ratio} | {r['peak_mb']:.0f} | {r['rows']:,} "
            f"| {r.get('answer', '')} |"
        )
    return "\n".join(lines)


def growth(results: list[dict[str, Any]]) -> str:
    """Cost per parcel as the city grows."""
    ours = [r for r in results if r["engine"] == "ours" and "seconds" in r and r["data"].startswith("city-")]
    lines = []
    for task in dict.fromkeys(r["task"] for r in ours):
        steps = [(int(r["data"].split("-")[1]), r["seconds"]) for r in ours if r["task"] == task]
        lines.append(f"- {task}: " + ", ".join(f"{n:,} parcels {1e6 * s / n:.2f} µs each" for n, s in sorted(steps)))
    return "\n".join(lines)


def main() -> None:
    sys.path.insert(0, str(HERE))
    from engines import TASKS

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="20,000 parcels, one run")
    parser.add_argument("--size", type=int, nargs="*", help="parcels of the synthetic city (default 100000 1000000)")
    parser.add_argument("--tasks", nargs="*", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--engines", nargs="*", help="ours, shapely, duckdb, sedonadb, geopandas, postgis")
    parser.add_argument("--runs", type=int, default=3, help="runs of each; the median counts")
    parser.add_argument("--cap", type=float, default=300.0, help="seconds that one engine may take for one task")
    parser.add_argument("--no-real", action="store_true", help="without the real city")
    options = parser.parse_args()
    sizes = [20_000] if options.quick else (options.size if options.size is not None else [100_000, 1_000_000])
    runs = 1 if options.quick else options.runs
    wanted = {e if e == "ours" else f"with_{e}" for e in options.engines or [k.removeprefix("with_") for k in ENGINES]}
    if "BENCH_PG_DSN" not in os.environ:
        wanted.discard("with_postgis")
    warm = ensure_city(WARM_UP)
    cases = [(f"city-{size}", ensure_city(size), options.tasks) for size in sizes]
    real = None if options.no_real else ensure_contagem()
    if real:
        cases.append(("contagem", real, [t for t in options.tasks if t in ("landuse", "zones", "overlaps")]))
    results: list[dict[str, Any]] = []
    for name, folder, tasks in cases:
        for task in tasks:
            ours: dict[str, Any] | None = None
            for engine in (e for e in ENGINES if e == "ours" or e in wanted):
                got = {"data": name, "task": task, "engine": engine}
                got |= run_one(engine, task, folder, warm, runs, options.cap)
                if engine == "ours":
                    ours = got
                elif "seconds" in got and ours and "seconds" in ours:
                    got["ratio"] = got["seconds"] / ours["seconds"]
                    got["answer"] = (
                        "same" if agrees(ours, got) else f"differs: {got['rows']} rows, {got['area']:.6f} m²"
                    )
                results.append(got)
                print(table([got]).splitlines()[-1], flush=True)
    text = (
        f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n\n"
    )
    text += table(results) + "\n\nCost per parcel:\n\n" + growth(results) + "\n"
    (data_folder() / "results.json").write_text(json.dumps(results, ensure_ascii=False, indent=1))
    (data_folder() / "results.md").write_text(text)
    print("\n" + text)
    wrong = [r for r in results if r.get("answer", "").startswith("differs")]
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
