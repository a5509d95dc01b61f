"""Column headers as people write them, taken apart: the bare name, a unit, a year.

``2024年税收(万元)`` is 税收, 万元, 2024; ``面积（亩）`` is 面积, 亩; ``登记信息/用途`` is the column 用途 under the
heading 登记信息.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

#: How units are written in headers -> our id of the unit.
UNITS = {
    "亩": "mu",
    "mu": "mu",
    "公顷": "hectare",
    "ha": "hectare",
    "hm2": "hectare",
    "平方米": "m2",
    "平米": "m2",
    "㎡": "m2",
    "m2": "m2",
    "万平方米": "wan_m2",
    "万㎡": "wan_m2",
    "万m2": "wan_m2",
    "平方公里": "km2",
    "km2": "km2",
    "元": "yuan",
    "万元": "wan_yuan",
    "千元": "qian_yuan",
    "亿元": "yi_yuan",
    "百万元": "million_yuan",
    "%": "percent",
    "百分比": "percent",
    "人": "persons",
    "吨标准煤": "tce",
    "吨标煤": "tce",
    "tce": "tce",
    "万吨标准煤": "wan_tce",
    "吨": "t",
    "千克": "kg",
    "公斤": "kg",
    "千瓦时": "kWh",
    "kwh": "kWh",
    "度": "kWh",
    "万千瓦时": "wan_kWh",
    "万kwh": "wan_kWh",
    "万度": "wan_kWh",
    "米": "m",
    "m": "m",
    "层": "floors",
    "万元/亩": "wan_yuan_per_mu",
    "万元/公顷": "wan_yuan_per_hectare",
    "年": "year",
}

_BRACKETS = re.compile(r"[(\[{<【〔《「]([^)\]}>】〕》」]*)[)\]}>】〕》」]")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})\s*年?度?")
_LEADING = re.compile(r"^(?:[*★※#]+|[(]?[0-9一二三四五六七八九十]{1,3}[)]?[.、:：]\s*)+")
_TAIL = re.compile(r"[*:：;；,，_\-]+$")
_SUFFIX = re.compile(r"_\d{1,2}$")
_UNIT_TAIL = sorted((u for u in UNITS if len(u) > 1 or u in "亩%"), key=len, reverse=True)


@dataclass(frozen=True, slots=True)
class Header:
    """A header taken apart. ``names`` are what it may be called, surest first, each with the trust in that reading
    (0..1)."""

    raw: str
    names: tuple[tuple[str, float], ...]
    unit: str | None = None
    year: int | None = None


def squeeze(text: str) -> str:
    """One spelling for one name: half-width, without any space, lower case, ² as 2."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).casefold()


def unit_id(text: str) -> str | None:
    """The unit that a text names (``亩``, ``单位：万元``), or None."""
    t = squeeze(text).removeprefix("单位").lstrip(":")
    return UNITS.get(t)


def _single(text: str) -> tuple[str, str, str | None, int | None]:
    """Bare name, name with the words in its brackets, unit and year of one header cell."""
    unit: str | None = None
    year: int | None = None
    t = _LEADING.sub("", squeeze(text))
    kept: list[str] = []
    for inner in _BRACKETS.findall(t):
        u = unit_id(inner)
        y = _YEAR.fullmatch(inner)
        if u:
            unit = unit or u
        elif y:
            year = year or int(y[1])
        else:
            kept.append(inner)
    bare = _BRACKETS.sub("", t)
    found = _YEAR.search(bare)
    if found and bare != found[0]:
        year = year or int(found[1])
        bare = bare[: found.start()] + bare[found.end() :]
    elif found:
        year, bare = year or int(found[1]), ""
    bare = _TAIL.sub("", _SUFFIX.sub("", bare)).lstrip("_-")
    if unit is None:
        for u in _UNIT_TAIL:
            stem = bare.removesuffix(u).rstrip("_-:")
            if stem and stem != bare and not (u.isascii() and stem[-1:].isascii() and stem == bare[: len(stem)]):
                unit, bare = UNITS[u], stem
                break
        else:
            head, _, tail = bare.rpartition("_")
            if head and tail in UNITS:
                unit, bare = UNITS[tail], head
    return bare, bare + "".join(kept), unit, year


_GROUP_WORDS = re.compile(r"(?:基本)?(?:信息|情况|数据|资料|部分|指标|内容)$")


def read_header(raw: str) -> Header:
    """Take one header apart; ``A/B`` is the column B under the heading A (multi-row headers), read from the bottom
    up."""
    flat = squeeze(raw)
    cells = [c for c in re.split(r"[/\\|\n>]+", raw) if squeeze(c)]
    names: dict[str, float] = {}

    def add(name: str, trust: float) -> None:
        if name and trust > names.get(name, 0.0):
            names[name] = trust

    bare, full, unit, year = _single(flat)
    add(full, 1.0)
    add(bare, 0.97)
    if len(cells) > 1:
        parts = [_single(c) for c in cells]
        unit = unit or next((p[2] for p in reversed(parts) if p[2]), None)
        year = year or next((p[3] for p in reversed(parts) if p[3]), None)
        if unit_id(cells[-1]):
            unit = unit_id(cells[-1])
            parts = parts[:-1]
        worded = [p for p in parts if p[0]]
        if worded:
            last = worded[-1]
            if len(worded) > 1:
                head = _GROUP_WORDS.sub("", worded[-2][0])
                add(head + last[0], 0.98)
            add(last[1], 0.93)
            add(last[0], 0.92)
    return Header(raw, tuple(sorted(names.items(), key=lambda p: -p[1])), unit, year)
