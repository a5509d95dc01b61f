#!/usr/bin/env python3
"""Run a command with DATABASE_URL naming a PostGIS of its own: started for it, gone after it. Standard library only.

    python tests/on_postgis.py COMMAND …

Ends with the command's exit code, or with 77 where PostgreSQL with PostGIS is not installed. A DATABASE_URL that is set
already is used as it stands.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

ABSENT = 77


def programs() -> Path | None:
    """The folder of the newest PostgreSQL that has PostGIS."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3]), reverse=True)
    if named := shutil.which("initdb"):
        found.append(Path(named))
    for initdb in found:
        share = subprocess.run(
            [initdb.with_name("pg_config"), "--sharedir"], capture_output=True, text=True, check=False
        )
        debian = Path("/usr/share/postgresql") / initdb.parts[-3]
        for home in (Path(share.stdout.strip() or "-"), debian):
            if (home / "extension" / "postgis.control").exists():
                return initdb.parent
    return None


@contextlib.contextmanager
def server(bin_folder: Path) -> Iterator[str]:
    """The address of a server that only this process reaches, by a socket in a folder that is removed afterwards."""
    user = _not_root()
    with tempfile.TemporaryDirectory(prefix="panhuo-postgis-") as folder:
        data = Path(folder) / "data"
        if user is not None:
            shutil.chown(folder, user)
        quick = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off -c max_connections=60"

        def do(*command: str | Path) -> None:
            subprocess.run(
                [str(c) for c in command], user=user, cwd=folder, check=True, stdout=subprocess.DEVNULL,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"},
            )  # fmt: skip

        do(bin_folder / "initdb", "-D", data, "-U", "panhuo", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' {quick}"
        do(bin_folder / "pg_ctl", "-D", data, "-w", "-l", Path(folder) / "log", "-o", options, "start")
        try:
            do(bin_folder / "createdb", "-h", folder, "-U", "panhuo", "panhuo")
            yield f"postgis://panhuo@{quote(folder, safe='')}/panhuo"
        finally:
            do(bin_folder / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _not_root() -> str | None:
    """PostgreSQL refuses to run as root; None where we are somebody else."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


def main() -> int:
    command = sys.argv[1:]
    if "DATABASE_URL" in os.environ:
        return subprocess.call(command)
    found = programs()
    if found is None:
        return ABSENT
    with server(found) as address:
        return subprocess.call(command, env=os.environ | {"DATABASE_URL": address})


if __name__ == "__main__":
    raise SystemExit(main())
