"""Which process has a job, and whether it still lives."""

from __future__ import annotations

import os
import platform
import secrets
from datetime import timedelta
from functools import cache
from pathlib import Path

#: A worker that cannot be seen from here and gave no sign for so long is dead.
LOST_AFTER = timedelta(minutes=2)


@cache
def me() -> str:
    """This process: machine, number, when it began, and something that no other says."""
    return f"{_machine()}/{os.getpid()}/{_began(os.getpid())}/{secrets.token_hex(4)}"


def lives(worker: str) -> bool | None:
    """Does that process live? None where that cannot be seen from here: another machine, another container."""
    machine, number, began, _own = (*worker.rsplit("/", 3), "", "", "")[:4]
    if os.name != "posix" or machine != _machine() or not number.isdigit():
        return None
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return _began(int(number)) == began


def _machine() -> str:
    """The host, and on Linux the space of process numbers, which each container has for itself."""
    try:
        return f"{platform.node()}:{Path('/proc/self/ns/pid').readlink().name}"
    except OSError:
        return platform.node()


def _began(number: int) -> str:
    """When the process began, in the kernel's ticks; empty for the dead (zombies too) and off Linux."""
    try:
        text = Path(f"/proc/{number}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in "ZX" else fields[19]
