"""The worker that lives beside the web server."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from worker_processes import until

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes as Linux shows them")


def alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def below(process: int) -> dict[int, str]:
    """The command lines of the processes that descend from this one."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            commands[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue
    found: dict[int, str] = {}
    grown = True
    while grown:
        new = {n: commands.get(n, "") for n, p in parents.items() if n not in found and (p == process or p in found)}
        found |= new
        grown = bool(new)
    return found


def workers(process: int) -> set[int]:
    return {n for n, command in below(process).items() if " manage work " in command}


def test_a_worker_that_dies_is_started_again_and_none_outlives_the_server(tmp_path: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PANHUO_", "DATABASE_URL", "DJANGO_"))}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "panhuo.cli", "serve", "--port", str(port)],
        env=kept | {"PANHUO_HOME": str(tmp_path / "home")}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    family: dict[int, str] = {}
    try:
        first = until(lambda: workers(server.pid))
        os.kill(next(iter(first)), signal.SIGKILL)
        second = until(lambda: workers(server.pid) - first)
        family = below(server.pid)
        server.kill()
        server.wait()
        until(lambda: not any(alive(n) for n in second))
    finally:
        server.kill()
        for number in family:  # web processes that a server killed so leaves behind
            with contextlib.suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
