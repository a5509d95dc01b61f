"""Real worker processes on the database and the files of the test at hand."""

from __future__ import annotations

import os
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


def url() -> str:
    """The address of the database that this test uses."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return f"postgis://{told['USER']}@{quote(told['HOST'], safe='')}/{told['NAME']}"


@contextmanager
def workers() -> Iterator[Start]:
    """Starts workers with these options; none outlives the context."""
    started: list[subprocess.Popen[str]] = []

    def start(*options: str) -> subprocess.Popen[str]:
        environment = os.environ | {
            "DATABASE_URL": url(),
            "DJANGO_SETTINGS_MODULE": "platform_settings",
            "PYTHONPATH": str(Path(__file__).parent),
            "PANHUO_TESTS_HOME": str(settings.HOME),
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "panhuo.cli", "manage", "work", "--poll", "0.2", *options],
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
