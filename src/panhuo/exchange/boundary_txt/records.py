"""The plot records (the lines that end with ``@``): their items as columns."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from panhuo.exchange.boundary_txt.text import FULL_WIDTH_PATTERN, narrow

#: Items of the 9-item record, of TD/T 1008's exchange form; the last is ``@``.
ITEMS = ("界址点数", "地块面积", "地块编号", "地块名称", "图形属性", "图幅号", "地块用途", "地类编码")
#: What the 14-item record of land consolidation adds (TBLX, DL, GZQ, GZH, BZ).
MORE_ITEMS = ("图斑类型", "等别", "改造前", "改造后", "备注")
KINDS = ("点", "线", "面")
#: The stated area in m² and the unit it was written in: two columns that the reader adds.
AREA_M2, AREA_UNIT = "面积_平方米", "面积单位"
#: Area units as written behind a number, and how many m² one of them is.
UNITS = {"公顷": 10000.0, "平方米": 1.0, "亩": 2000.0 / 3.0}
_UNIT_WORDS = {
    "公顷": "公顷",
    "ha": "公顷",
    "hm2": "公顷",
    "hm²": "公顷",
    "㎡": "平方米",
    "m2": "平方米",
    "m²": "平方米",
} | {
    "平方米": "平方米",
    "平米": "平方米",
    "亩": "亩",
    "": "",
}
_AREA = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)$")


@dataclass(slots=True)
class Records:
    """The records of all plots as columns; index is the plot. A headless plot has nothing but None."""

    count: list[int | None] = field(default_factory=list)
    area: list[float | None] = field(default_factory=list)
    unit: list[str | None] = field(default_factory=list)
    kind: list[str | None] = field(default_factory=list)
    #: 编号, 名称, 图幅号, 用途, 地类编码, then the five of the 14-item record (备注 last)
    texts: list[list[str | None]] = field(default_factory=lambda: [[] for _ in range(10)])
    #: plot -> what was odd: (field, value, zh, en)
    odd: list[tuple[int, str, str, str, str]] = field(default_factory=list)
    longest: int = 0

    def add(self, text: str | None) -> None:
        """Append the record of one plot, or an empty one for a plot without record."""
        row = len(self.count)
        if text is None:
            self._append(None, None, None, None, [None] * 10)
            return
        items = _items(text)
        if len(items) == 8 and items[4] in KINDS:
            self.longest = max(self.longest, 9)
            count, (area, unit) = self._count(row, items[0]), self._area(row, items[1])
            texts: list[str | None] = [items[k].strip() or None for k in (2, 3, 5, 6, 7)]
            self._append(count, area, unit, items[4], [*texts, None, None, None, None, None])
            return
        self.longest = max(self.longest, len(items) + 1)
        head, extra = _place_kind(items)
        if len(head) != 8 and len(items) not in (7, 8, 13):
            zh = f"地块记录有 {len(items) + 1} 项（含 @），规定为 9 项，多出的项记入备注"
            en = f"the plot record has {len(items) + 1} items (with @) where 9 are ruled; items beyond go to 备注"
            self.odd.append((row, "", text[:80], zh, en))
        head += [""] * (8 - len(head))
        count = self._count(row, head[0])
        area, unit = self._area(row, head[1])
        if len(extra) <= 5:
            more = (
                [*extra, *[""] * (5 - len(extra))]
                if len(items) == 13
                else ["", "", "", "", ",".join(t for t in extra if t)]
            )
        else:
            more = [*extra[:4], ",".join(t for t in extra[4:] if t)]
        words = [head[2], head[3], head[5], head[6], head[7], *more]
        kind = narrow(head[4]).strip()
        if kind and kind not in KINDS:
            self.odd.append(
                (
                    row,
                    "图形属性",
                    kind[:40],
                    "记录图形属性应为 点、线 或 面，已按面读取",
                    "the kind is not 点, 线 or 面; read as 面",
                )
            )
        self._append(count, area, unit, kind or None, [t.strip() or None for t in words])

    def _append(
        self, count: int | None, area: float | None, unit: str | None, kind: str | None, texts: list[str | None]
    ) -> None:
        self.count.append(count)
        self.area.append(area)
        self.unit.append(unit)
        self.kind.append(kind)
        for column, value in zip(self.texts, texts, strict=True):
            column.append(value)

    def _count(self, row: int, text: str) -> int | None:
        clean = text.strip() if text.isascii() else narrow(text).strip()
        if clean.isascii() and clean.isdigit() and len(clean) < 10:
            return int(clean)
        if clean:
            self.odd.append(
                (row, "界址点数", clean[:40], "界址点数不是整数", "the number of points is not a whole number")
            )
        return None

    def _area(self, row: int, text: str) -> tuple[float | None, str | None]:
        clean = text.strip() if text.isascii() else narrow(text).strip()
        if not clean:
            return None, None
        found = _AREA.match(clean)
        unit = _UNIT_WORDS.get(found[2].strip().lower()) if found else None
        if found is None or unit is None or not abs(float(found[1])) < 1e15:
            self.odd.append((row, "地块面积", clean[:40], "地块面积不是数字", "the area is not a number"))
            return None, None
        return float(found[1]), unit or None


def _items(text: str) -> list[str]:
    """The items of a record without its ``@``."""
    body = re.sub(r"[@＠][\s,，;；]*$", "", text)
    if body.count(",") < 5 and FULL_WIDTH_PATTERN.search(body):
        body = narrow(body)
    if body.endswith(("，", ",")):
        body = body[:-1]
    return body.split(",")


def _place_kind(items: list[str]) -> tuple[list[str], list[str]]:
    """The first eight items with the kind (点, 线, 面) in its fifth place, and the items after them.

    A comma inside a name moves the kind to the right, a missing item to the left.
    """
    at = next((k for k, t in enumerate(items) if t.strip() in KINDS), 4)
    if at > 4 and len(items) > at:
        items = [*items[:3], ",".join(items[3:at]), *items[at:]]
    elif 2 <= at < 4:
        items = [*items[:at], *[""] * (4 - at), *items[at:]]
    return items[:8], items[8:]
