"""Fonts: where the files are, how wide a text is, which characters no font can print.

The Chinese fonts come with ``pylopdf-fonts-zh-cn`` (Noto Sans SC and Noto Serif SC, OFL-1.1). An office that has
licensed 仿宋_GB2312, 楷体_GB2312, 黑体 or 方正小标宋 names their folders in ``PANHUO_FONT_DIRS`` (separated as in
PATH); they are preferred then. Fonts of the machine are never used: the same paper looks the same everywhere.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import pylopdf_fonts_zh_cn
import typst
from fontTools.ttLib import TTCollection, TTFont

from panhuo.messages import PanhuoError

Face = Literal["serif", "sans"]
Roles = Mapping[str, tuple[str, ...]]

#: What each part of an official paper is set in (GB/T 9704-2012, 5.2), the licensed face first, ours last.
ROLES: Roles = {
    "title": ("FZXiaoBiaoSong-B05S", "FZXiaoBiaoSong-B05", "STZhongsong", "Noto Serif SC"),
    "body": ("FangSong_GB2312", "FangSong", "STFangsong", "Noto Serif SC"),
    "kai": ("KaiTi_GB2312", "KaiTi", "STKaiti", "Noto Serif SC"),
    "hei": ("SimHei", "STHeiti", "Noto Sans SC"),
    "song": ("SimSun", "Noto Serif SC"),
}
#: The geta mark that Chinese printers set where a character is missing from the case.
MISSING = "〓"
_SUFFIXES = {".otf", ".ttf", ".ttc", ".otc"}


@dataclass(frozen=True, slots=True)
class Fonts:
    """The fonts a paper is set in: folders, the families found there, the characters they hold, Typst's handle."""

    folders: tuple[Path, ...]
    families: frozenset[str]
    characters: frozenset[int]
    handle: Any

    def stack(self, role: str) -> list[str]:
        """The families of ``role`` that are there, then every other family, so that rare characters find their font."""
        named = [name for name in ROLES[role] if name in self.families]
        return named + sorted(self.families - set(named))


def font_folders() -> tuple[Path, ...]:
    """The folders of ``PANHUO_FONT_DIRS``, then the folder of the fonts that come with Panhuo."""
    own = Path(pylopdf_fonts_zh_cn.sans_path()).parent
    named = [Path(p) for p in os.environ.get("PANHUO_FONT_DIRS", "").split(os.pathsep) if p]
    for folder in named:
        if not folder.is_dir():
            raise PanhuoError(
                "字体文件夹不存在，请检查环境变量 PANHUO_FONT_DIRS。",
                "The font folder does not exist; check the environment variable PANHUO_FONT_DIRS.",
                where=str(folder),
            )
    return (*named, own)


@lru_cache(maxsize=8)
def load_fonts(folders: tuple[Path, ...]) -> Fonts:
    """Look into ``folders`` (not below them): families as Typst sees them, and the union of their characters."""
    found = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder) for folder in folders]
    )
    characters: set[int] = set()
    for folder in folders:
        for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES):
            for font in _open(path):
                characters.update(font.getBestCmap() or {})
    return Fonts(folders, frozenset(found.families()), frozenset(characters), found)


def fonts() -> Fonts:
    """The fonts of this machine's Panhuo."""
    return load_fonts(font_folders())


def _open(path: Path) -> Iterable[TTFont]:
    if path.suffix.lower() in {".ttc", ".otc"}:
        return list(TTCollection(path, lazy=True).fonts)
    return [TTFont(path, lazy=True)]


@lru_cache(maxsize=2)
def _advances(face: Face) -> dict[int, float]:
    """Advance widths of ASCII and Latin-1 in em; everything else follows from its East Asian width."""
    path = pylopdf_fonts_zh_cn.sans_path() if face == "sans" else pylopdf_fonts_zh_cn.serif_path()
    font = TTFont(path, lazy=True)
    cmap, hmtx, em = font.getBestCmap(), font["hmtx"], font["head"].unitsPerEm
    return {code: hmtx[cmap[code]][0] / em for code in range(0x20, 0x180) if code in cmap}


@lru_cache(maxsize=65536)
def text_width(text: str, size: float = 1.0, face: Face = "sans") -> float:
    """Width of one line of ``text`` set at ``size``, in the unit of ``size`` (Noto Sans SC or Noto Serif SC)."""
    advances = _advances(face)
    em = 0.0
    for char in text:
        code = ord(char)
        if code in advances:
            em += advances[code]
        elif unicodedata.east_asian_width(char) in "WFA":
            em += 1.0
        elif unicodedata.combining(char) == 0 and char != "\u200b":
            em += 0.65
    return em * size


#: Control characters, lone surrogates, non-characters; and marks that turn the reading direction, which can only hide
#: something in a parcel's name.
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef"
    + "".join(f"{chr(plane * 0x10000 + 0xFFFE)}{chr(plane * 0x10000 + 0xFFFF)}" for plane in range(17))
    + "]"
)


def clean(text: str) -> str:
    """``text`` without what no paper can hold: control characters, lone surrogates, non-characters. Newlines stay."""
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").replace("\v", "\n").replace("\f", "\n")
    return _UNWRITABLE.sub("", text)


def printable(text: str, known: frozenset[int], missing: set[str]) -> str:
    """``text`` with each character no font holds as 〓; the characters go into ``missing`` for the note at the end."""
    text = clean(text)
    if text.isascii():
        return text
    lost = {c for c in text if ord(c) not in known and c != "\n" and unicodedata.category(c) not in {"Cf", "Zs"}}
    if not lost:
        return text
    missing |= lost
    return "".join(MISSING if c in lost else c for c in text)
