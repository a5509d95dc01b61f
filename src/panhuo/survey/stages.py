"""The stages of a run on disk: what is finished stays finished, and a killed run loses nothing.

A run keeps its half-way results in a hidden folder beside the results. Every stage writes into a fresh temporary folder
and is then renamed into place in one step, together with the key of everything it rests on (inputs, pack, settings,
the stages before it). A later run takes a stage over when its key is the same and makes it anew when it is not.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import panhuo
from panhuo.messages import PanhuoError

_DONE = "done.json"


def key_of(*parts: object) -> str:
    """A short key that changes when any part changes. Parts must be JSON-able."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]


@cache
def program() -> str:
    """A key of the program's own files: no program reads the half-way results of another.

    The version alone would not do for those who run from a checkout.
    """
    home = Path(panhuo.__file__).parent
    files = sorted(home.rglob("*.py"))
    return key_of([(str(f.relative_to(home)), f.stat().st_size, f.stat().st_mtime_ns) for f in files])


@dataclass(frozen=True, slots=True)
class Stages:
    """The half-way results of one survey, in ``folder``."""

    folder: Path

    def done(self, name: str, key: str) -> Path | None:
        """The folder of a finished stage with this key, or None."""
        mark = self.folder / name / _DONE
        try:
            record = json.loads(mark.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        same = record.get("key") == key and record.get("files") == _sizes(mark.parent)
        return mark.parent if same else None

    def make(self, name: str, key: str, write: Callable[[Path], dict[str, Any] | None]) -> Path:
        """Run ``write(folder)`` into a fresh folder and put it in place; what it returns becomes the stage's notes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f".{name}.{os.getpid()}"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        try:
            notes = write(fresh) or {}
            mark = fresh / _DONE
            mark.write_text(
                json.dumps({"key": key, "notes": notes, "files": _sizes(fresh)}, ensure_ascii=False), encoding="utf-8"
            )
            _to_disk(mark)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        place(fresh, self.folder / name)
        return self.folder / name

    def notes(self, name: str) -> dict[str, Any]:
        """What a finished stage noted."""
        record: dict[str, Any] = json.loads((self.folder / name / _DONE).read_text(encoding="utf-8"))
        notes = record["notes"]
        assert isinstance(notes, dict)
        return notes

    def sweep(self, *, everything: bool = False) -> None:
        """Remove what killed runs left behind; with ``everything`` the finished stages too."""
        if self.folder.is_dir():
            for left in self.folder.iterdir():
                if left.is_dir() and (everything or left.name.startswith(".")):
                    shutil.rmtree(left, ignore_errors=True)


def _sizes(folder: Path) -> dict[str, int]:
    """What a stage left, by name: a stage from which somebody took a file is no finished stage."""
    return {p.name: p.stat().st_size for p in sorted(folder.iterdir()) if p.is_file() and p.name != _DONE}


def _to_disk(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def place(fresh: Path, target: Path) -> None:
    """Put the folder ``fresh`` where ``target`` is; what was there is removed only after the new one stands.

    A machine that dies between the two renames leaves ``.<name>.before``, which :func:`recover` puts back.
    """
    before = target.with_name(f".{target.name}.before")
    recover(target)
    if target.exists():
        try:
            target.rename(before)
        except OSError as error:
            raise PanhuoError(
                f"结果文件夹“{target.name}”正被占用，无法更新：{error.strerror}。请关闭打开它的程序后重试。",
                f"The results folder '{target.name}' is in use and cannot be replaced: {error.strerror}. "
                "Close the program that has it open and try again.",
                where=str(target),
            ) from error
    fresh.rename(target)
    shutil.rmtree(before, ignore_errors=True)


def recover(target: Path) -> None:
    """Bring back a folder that a dying machine left between two renames."""
    before = target.with_name(f".{target.name}.before")
    if before.exists():
        if target.exists():
            shutil.rmtree(before, ignore_errors=True)
        else:
            before.rename(target)
