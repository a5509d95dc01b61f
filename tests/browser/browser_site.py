"""The demo district as the tests in a browser have it served."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Site:
    """A running platform with the demo district."""

    address: str
    home: Path
    password: str
    process: subprocess.Popen[bytes]


def environment(home: Path) -> dict[str, str]:
    around = {k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL")}
    return around | {"PANHUO_HOME": str(home), "PANHUO_HOSTS": "127.0.0.1"}


def panhuo(home: Path, *command: str) -> str:
    """Run a command on the site's store; its output."""
    line = [sys.executable, "-m", "panhuo.cli", *command]
    done = subprocess.run(line, env=environment(home), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def violations(page: Any) -> list[str]:
    """What axe finds that keeps people from using the page."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']}: {v['help']} ({n['html'][:120]})"
        for v in found
        if v["impact"] in ("serious", "critical")
        for n in v["nodes"][:3]
    ]
