"""Real worker processes on the database and the files of the test at hand, and how they are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection

Start = Callable[..., "subprocess.Popen[str]"]
#: Rows of a piece in workers that are to be killed between two pieces.
PIECE = 50


def url() -> str:
    """The address of the database that this test uses."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return f"postgis://{told['USER']}@{quote(told['HOST'], safe='')}/{told['NAME']}"


@contextmanager
def workers() -> Iterator[Start]:
    """Starts workers with these options, or another command of ``panhuo manage``, and with ``more`` in their
    environment; none outlives the context."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, command: str = "work", **more: str) -> subprocess.Popen[str]:
        environment = (
            os.environ
            | more
            | {
                "DATABASE_URL": url(),
                "DJANGO_SETTINGS_MODULE": "platform_settings",
                "PYTHONPATH": str(Path(__file__).parent),
                "PANHUO_TESTS_HOME": str(settings.HOME),
                # a test starts up to a dozen: they compile the program once, also where nobody wants it kept
                "PYTHONDONTWRITEBYTECODE": "",
                "PYTHONPYCACHEPREFIX": str(Path(settings.HOME) / "compiled"),
            }
        )
        told = [command, *(("--poll", "0.2") if command == "work" else ()), *options]
        process = subprocess.Popen(
            [sys.executable, "-m", "panhuo.cli", "manage", *told],
            env=environment, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


def until(what: Callable[[], Any], *, seconds: float = 60, pause: float = 0.05) -> Any:
    """What ``what`` gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(pause)
    raise AssertionError("it never came to be")


def kill(start: Start, moment: str, *options: str, after: float = 0.0, command: str = "work") -> None:
    """Start a worker, let it come to a moment and kill it there: ``module:function:n``, the n-th call of a function.

    after : seconds that it goes on from there before it dies, wherever it may be by then
    """
    sign = Path(settings.HOME) / f"held-{time.monotonic_ns()}"
    told = {"PANHUO_TESTS_PIECE": str(PIECE), "PANHUO_TESTS_HOLD": f"{moment}:{sign}"}
    if after:
        told["PANHUO_TESTS_PASS"] = "1"
    process = start(*options, command=command, **told)
    until(lambda: sign.exists() or process.poll() is not None, pause=0.002)
    assert process.poll() is None, f"it ended before {moment}"
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    sign.unlink()


def finish(start: Start) -> None:
    """Do whatever waits, undisturbed."""
    assert start("--once").wait(timeout=120) == 0
