"""Files on their way in: where their bytes lie, and a private folder for copies, so that the source is never
touched."""

from __future__ import annotations

import hashlib
import itertools
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may ask of this machine. Passing a limit is a finding, never a crash."""

    bytes_total: int = 20 << 30
    ratio: float = 200.0
    ratio_from: int = 64 << 20
    members: int = 100_000
    depth: int = 4


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the delivery: its path there, and where its bytes lie on disk. ``sha256`` is empty while it is still
    being made (see ``open_delivery``)."""

    path: str
    local: Path
    size: int
    sha256: str

    @property
    def folder(self) -> str:
        return self.path.rpartition("/")[0]

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def stem(self) -> str:
        return self.name.rpartition(".")[0] or self.name

    @property
    def ext(self) -> str:
        return self.name.rpartition(".")[2].lower() if "." in self.name else ""

    def data(self) -> bytes:
        return self.local.read_bytes()

    def head(self, n: int = 65536) -> bytes:
        with self.local.open("rb") as f:
            return f.read(n)


def item(path: str, local: Path) -> Item:
    """The file at ``local`` as a member of the delivery; reads it once for its SHA-256."""
    return Item(path, local, local.stat().st_size, checksum(local))


def checksum(local: Path) -> str:
    """The SHA-256 of a file in hexadecimal."""
    with local.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def unsummed(path: str, local: Path) -> Item:
    """The file at ``local`` without its SHA-256, which is to come; an OSError when it cannot be read."""
    with local.open("rb") as f:
        f.read(1)
    return Item(path, local, local.stat().st_size, "")


class Stage:
    """A temporary folder with numbered rooms; readers that need files beside each other get them here under plain
    names."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._numbers = itertools.count(1)  # safe to ask from several threads

    def room(self) -> Path:
        room = self.root / str(next(self._numbers))
        room.mkdir()
        return room

    def together(self, files: Iterable[tuple[str, Path]], *, copy: bool = False, inside: str | None = None) -> Path:
        """A room with links (or copies) of the files under the given names."""
        room = self.room()
        if inside:
            room = room / inside
            room.mkdir()
        for name, local in files:
            put(local, room / name, copy=copy)
        return room


def put(source: Path, target: Path, *, copy: bool = False) -> None:
    """A link to the source, or a copy where links are not allowed or not wanted."""
    if not copy:
        try:
            target.symlink_to(source.resolve())
        except OSError:
            copy = True
    if copy:
        shutil.copyfile(source, target)
