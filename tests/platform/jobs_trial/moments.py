"""Holds a worker's process at a moment that a test names, so that it can be killed just there.

``PANHUO_TESTS_HOLD`` is ``module:function:n:file`` (or ``Class.method``): at its ``n``-th call the function writes the
file and waits to be killed, before it has done anything; with ``PANHUO_TESTS_PASS`` it only writes the file.
``PANHUO_TESTS_PIECE`` makes the pieces small in which rows are written.
"""

from __future__ import annotations

import importlib
import os
import time
from functools import reduce
from pathlib import Path
from typing import Any


def prepare() -> None:
    """What the environment asks for, in this process."""
    if piece := os.environ.get("PANHUO_TESTS_PIECE"):
        importlib.import_module("panhuo_platform.parcels.bulk").PIECE = int(piece)  # type: ignore[attr-defined]
    if hold := os.environ.get("PANHUO_TESTS_HOLD"):
        module, function, number, sign = hold.split(":", 3)
        _hold(importlib.import_module(module), function, int(number), Path(sign))


def _hold(module: Any, function: str, number: int, sign: Path) -> None:
    *owners, name = function.split(".")
    owner = reduce(getattr, owners, module)
    real, calls = getattr(owner, name), 0

    def held(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number:
            sign.touch()
            time.sleep(0 if "PANHUO_TESTS_PASS" in os.environ else 600)
        return real(*given, **named)

    setattr(owner, name, held)
