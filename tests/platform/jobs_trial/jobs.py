"""Jobs that count, wait, fail; the worker's processes find them by this name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from jobs_trial import moments
from panhuo.messages import PanhuoError
from panhuo_platform.jobs.registry import Running, job

moments.prepare()


@job("trial.count", "数数")
def count(running: Running, *, to: int) -> dict[str, Any]:
    for n in range(to):
        running("数数", n, to)
    return {"counted": to}


@job("trial.slow_once", "第一次很慢")
def slow_once(running: Running, *, note: str) -> dict[str, Any]:
    """Writes a line at each beginning; the first time it does not come to an end by itself."""
    lines = Path(note)
    with lines.open("a") as writer:
        writer.write("begun\n")
    begun = len(lines.read_text().splitlines())
    for second in range(600 if begun == 1 else 2):
        running("等待", second, 600)
        time.sleep(0.1)
    return {"begun": begun}


@job("trial.refuse", "说不")
def refuse(running: Running, *, how: str) -> None:
    if how == "told":
        raise PanhuoError("图层没有坐标系。请指定后重试。", "The layer has no CRS. Name one.", where="地块.shp")
    raise ZeroDivisionError("a secret of the program")
