"""Where packs are: folders given, ``PANHUO_PACKS``, the packs shipped with the library."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from panhuo.messages import PanhuoError
from panhuo.packs.problems import hint

#: Folders that hold packs, several separated as in PATH.
ENVIRONMENT = "PANHUO_PACKS"


def pack_folders(folders: Iterable[Path | str] | None = None) -> tuple[Path, ...]:
    """The folders that are searched, first found first: those given, those of ``PANHUO_PACKS``, those shipped."""
    given = [Path(f) for f in folders or ()]
    named = [Path(f) for f in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if f]
    shipped = Path(__file__).resolve().parent.parent / "_packs"
    beside = [p / "packs" for p in Path(__file__).resolve().parents if _is_checkout(p)]
    return tuple(dict.fromkeys(f for f in (*given, *named, shipped, *beside) if f.is_dir()))


def _is_checkout(folder: Path) -> bool:
    """Whether this is the source of Panhuo itself, not a project that has Panhuo installed somewhere inside it."""
    project = folder / "pyproject.toml"
    return project.is_file() and 'name = "panhuo"' in project.read_text(encoding="utf-8")


def find_packs(folders: Iterable[Path | str] | None = None) -> dict[str, Path]:
    """Pack ids and their folders, sorted by id; the first folder that has an id wins."""
    found: dict[str, Path] = {}
    for folder in pack_folders(folders):
        for one in sorted(folder.iterdir()):
            if (one / "pack.yaml").is_file():
                found.setdefault(one.name, one)
    return dict(sorted(found.items()))


def find_pack(id_or_path: str | Path, folders: Iterable[Path | str] | None = None) -> Path:
    """The folder of a pack, by id or by path. Raises ``PanhuoError`` naming what there is."""
    path = Path(id_or_path)
    if isinstance(id_or_path, Path) or "/" in str(id_or_path) or "\\" in str(id_or_path) or str(id_or_path) == ".":
        if (path / "pack.yaml").is_file():
            return path.resolve()
        raise PanhuoError("此文件夹中没有 pack.yaml", "no pack.yaml in this folder", where=str(path))
    found = find_packs(folders)
    if str(id_or_path) in found:
        return found[str(id_or_path)].resolve()
    raise PanhuoError(*_not_found(str(id_or_path), list(found)))


def _not_found(name: str, known: Sequence[str]) -> tuple[str, str]:
    zh, en = hint(name, known)
    listed_zh = "、".join(known) or "无"
    listed_en = ", ".join(known) or "none"
    return (
        f"找不到政策包“{name}”{zh or '。'} 现有：{listed_zh}。可用环境变量 {ENVIRONMENT} 指定存放政策包的文件夹",
        f"no pack '{name}'{en or '.'} There are: {listed_en}. {ENVIRONMENT} can name a folder of packs",
    )
