"""Builds the pages' styles and scripts with Node: for dev.py and for the wheel. Standard library only."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

WEB = Path(__file__).resolve().parent
BUILT = WEB.parent / "src" / "panhuo_platform" / "static" / "panhuo"
#: Vite's own limit.
LEAST_NODE = (20, 19)


def stamp() -> str:
    """Changes when anything that is built from changes."""
    files = [p for p in sorted(WEB.rglob("*")) if p.is_file() and not {"node_modules", "__pycache__"} & set(p.parts)]
    told = hashlib.sha256()
    for file in files:
        told.update(file.relative_to(WEB).as_posix().encode() + b"\0" + file.read_bytes())
    return told.hexdigest()


def is_built() -> bool:
    """Do the built files come from these sources?"""
    mark = BUILT / ".stamp"
    return (BUILT / "manifest.json").exists() and mark.exists() and mark.read_text() == stamp()


def node_here() -> list[str] | None:
    """The command that runs npm with this machine's Node, or None where there is none that is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    numbers = tuple(int(n) for n in re.findall(r"\d+", said)[:2])
    return [npm] if numbers >= LEAST_NODE else None


def build(npm: list[str], path: str | None = None) -> bool:
    """Install from the lock file and build; ``path`` is put before PATH so that Vite finds its Node."""
    around = dict(os.environ)
    if path:
        around["PATH"] = path + os.pathsep + around.get("PATH", "")
    quiet = ["--no-audit", "--no-fund", "--loglevel=error"]
    for command in ([*npm, "ci", *quiet], [*npm, "run", "build", "--silent", "--", "--logLevel", "warn"]):
        if subprocess.call(command, cwd=WEB, env=around) != 0:
            return False
    for file in (f for f in BUILT.rglob("*") if f.suffix in (".js", ".css", ".json", ".svg")):
        # compressed once here, and not for every visitor; mtime=0: the same sources give the same bytes
        file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes(), 9, mtime=0))
    (BUILT / ".stamp").write_text(stamp())
    return True
