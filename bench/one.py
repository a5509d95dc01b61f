"""One engine, one task, in a process of its own: prints a line of JSON for each run."""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from dataclasses import asdict
from pathlib import Path


def main() -> None:
    engine, task, folder, warm, runs = sys.argv[1], sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5])
    sys.path.insert(0, str(Path(__file__).parent))
    module = importlib.import_module(f"engines.{engine}")
    work = getattr(module, task)
    if hasattr(module, "prepare"):
        module.prepare(folder)
    else:
        work(warm)  # libraries loaded, kernels compiled: for every engine alike
    for _ in range(runs):
        gc.collect()
        began, worked = time.perf_counter(), time.process_time()
        answer = work(folder)
        taken = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - worked, "peak_mb": _peak()}
        print(json.dumps({**taken, **asdict(answer)}), flush=True)


def _peak() -> float:
    try:
        import resource
    except ImportError:
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main()
