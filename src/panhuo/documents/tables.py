"""How a table stands on paper: cells as words, headers of several rows, totals, column widths, too wide pages.

Word and PDF use the same layout, Excel the same headers and totals.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from panhuo.documents.fonts import clean, text_width
from panhuo.documents.model import Align, Cell, Column, Table
from panhuo.documents.svg import MM
from panhuo.messages import Lang, PanhuoError

#: The type area of GB/T 9704-2012: 156 mm x 225 mm on A4; lying, the longer side less margins of 37 and 35 mm.
PORTRAIT, LANDSCAPE = 156 * MM, 225 * MM
#: Space between the text of a cell and its rules, both sides together, in points.
PADDING = 7.0
DASH = "—"
#: Tables lower than this (points) are kept on one page, upright and lying.
SHORT = {False: 400.0, True: 330.0}


@dataclass(frozen=True, slots=True)
class HeaderCell:
    """One cell of the header: place and span in rows and columns, from 0."""

    row: int
    column: int
    rows: int
    columns: int
    words: str
    column_of: Column | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A run of a table's columns that fits the page: their indices, widths in points, and the size of the type."""

    columns: tuple[int, ...]
    widths: tuple[float, ...]
    size: float
    landscape: bool


def words(value: Cell, column: Column, lang: Lang) -> str:
    """A cell as it stands in print. None and NaN are a dash; dates are 2026-11-21; numbers are grouped by thousands."""
    match value:
        case None:
            return DASH
        case bool():
            return ("是" if value else "否") if lang == "zh" else ("yes" if value else "no")
        case int() | float():
            if isinstance(value, float) and not math.isfinite(value):
                return DASH
            if column.kind in ("code", "text", "date"):
                return str(int(value)) if float(value).is_integer() else str(value)
            decimals = places(value, column)
            # Minus zero after rounding would read as a loss.
            return f"{round(value, decimals) + 0:,.{decimals}f}"
        case dt.datetime():
            return value.strftime("%Y-%m-%d %H:%M")
        case dt.date():
            return value.isoformat()
    return clean(value) or DASH


def places(value: float, column: Column) -> int:
    """Digits behind the point of ``value`` in ``column``."""
    if column.decimals is not None:
        return column.decimals
    return 0 if float(value).is_integer() else 2


def align(column: Column) -> Align:
    """Numbers to the right, codes and dates in the middle, text to the left, unless the column says otherwise."""
    if column.align:
        return column.align
    return {"number": "right", "code": "center", "date": "center", "text": "left"}[column.kind]  # type: ignore[return-value]


def title(column: Column, lang: Lang) -> str:
    """The column's own header with its unit."""
    if not column.unit:
        return clean(column.title)
    return clean(f"{column.title}（{column.unit}）" if lang == "zh" else f"{column.title} ({column.unit})")


def fitted(cell_words: str, column: Column | None, room: float, size: float, lang: Lang) -> str:
    """A header's words, broken before the unit where they do not stand on one line of ``room``."""
    if column is None or not column.unit or text_width(cell_words, size) <= room:
        return cell_words
    tail = title(replace(column, title=""), lang).strip()
    return clean(column.title) + "\n" + tail


def header(columns: Sequence[Column], lang: Lang) -> list[HeaderCell]:
    """The header as cells that span: groups over their columns, columns without a group over all rows."""
    depth = max((len(c.group) for c in columns), default=0) + 1
    cells: list[HeaderCell] = []
    for level in range(depth - 1):
        start = 0
        while start < len(columns):
            path = columns[start].group[: level + 1]
            end = start + 1
            while end < len(columns) and len(path) == level + 1 and columns[end].group[: level + 1] == path:
                end += 1
            if len(path) == level + 1:
                cells.append(HeaderCell(level, start, 1, end - start, clean(path[-1])))
            start = end
    for k, column in enumerate(columns):
        top = len(column.group)
        cells.append(HeaderCell(top, k, depth - top, 1, title(column, lang), column))
    return sorted(cells, key=lambda c: (c.row, c.column))


def depth(columns: Sequence[Column]) -> int:
    """Number of header rows."""
    return max((len(c.group) for c in columns), default=0) + 1


def check(table: Table) -> Table:
    """``table`` when its rows and its total are as wide as its columns and its sums are right.

    A total in a ``summed`` column that differs from the sum of the rows (by more than rounding) would make an official
    table contradict itself: that is an error.
    """
    where = table.caption or table.key or None
    width = len(table.columns)
    if not width:
        raise PanhuoError("表格没有列。", "The table has no columns.", where=where)
    for k, row in enumerate(table.rows, 1):
        if len(row) != width:
            raise PanhuoError(
                f"表格第 {k} 行有 {len(row)} 个单元格，应为 {width} 个。",
                f"Row {k} of the table has {len(row)} cells instead of {width}.",
                where=where,
            )
    if table.total is None:
        return table
    if len(table.total) != width:
        raise PanhuoError(
            f"表格合计行有 {len(table.total)} 个单元格，应为 {width} 个。",
            f"The total row has {len(table.total)} cells instead of {width}.",
            where=where,
        )
    for k, column in enumerate(table.columns):
        if not column.summed:
            continue
        found, said = _sum(table, k), table.total[k]
        if not isinstance(said, int | float) or abs(found - said) > 1e-6 * max(1.0, abs(found)):
            raise PanhuoError(
                f"表格合计行“{column.title}”为 {said}，与各行之和 {found} 不符，请核对。",
                f"The total of “{column.title}” is {said}, but the rows add up to {found}; check it.",
                where=where,
            )
    return table


def with_total(table: Table, label: str = "合计", **values: Cell) -> Table:
    """``table`` with a total row: ``label`` in the first column, sums in the summed columns.

    ``values`` gives further cells by the column's title (a rate that is no sum).
    """
    total: list[Cell] = [_sum(table, k) if c.summed else values.get(c.title, "") for k, c in enumerate(table.columns)]
    if table.columns and not table.columns[0].summed:
        total[0] = label
    return replace(table, total=tuple(total))


def _sum(table: Table, k: int) -> float:
    known = [v for row in table.rows if isinstance(v := row[k], int | float) and math.isfinite(v)]
    return sum(known) if all(isinstance(v, int) for v in known) else math.fsum(known)


def blank(value: Cell) -> bool:
    """True for the empty cells of a total row, which stay empty instead of becoming a dash."""
    return value is None or value == ""


def layout(table: Table, lang: Lang, portrait: float = PORTRAIT, landscape: float = LANDSCAPE) -> list[Panel]:
    """The panels that print ``table`` without overflow, in points.

    Tried in turn: upright at 10.5, 9 pt, lying at 10.5, 9 pt, then both at 8 pt; a table too wide even then
    is divided into panels that repeat the leading columns.
    """
    needs = [_need(table, k, lang) for k in range(len(table.columns))]
    every = tuple(range(len(table.columns)))
    pages = [(portrait, False), (landscape, True)]
    if table.landscape is not None:
        pages = [pages[int(table.landscape)]]
    for sizes, ease in (((10.5, 9.0), True), ((9.0, 8.0), False)):
        for room, lying in pages:
            for size in sizes:
                fitted = _fit([needs[k] for k in every], [table.columns[k] for k in every], size, room, ease)
                if fitted:
                    return [Panel(every, fitted, size, lying)]
    room, lying = pages[-1]
    return [
        Panel(part, _squeeze([needs[k] for k in part], 9.0, room), 9.0, lying)
        for part in _parts(table, needs, 9.0, room)
    ]


def _need(table: Table, k: int, lang: Lang) -> tuple[float, float]:
    """Least and comfortable width of a column in em: the widest piece that should not break, the widest cell."""
    column = table.columns[k]
    name, unit = text_width(clean(column.title)), text_width(title(replace(column, title=""), lang))
    # A title breaks before its unit, and in the middle when it is longer than a word.
    least = max(name / 2 if name > 4.5 else name, unit, _unbreakable(title(column, lang)), 2.0)
    ease = max(least, name)
    step = max(1, len(table.rows) // 3000)
    shown = [words(row[k], column, lang) for row in table.rows[::step]]
    if table.total is not None and not blank(table.total[k]):
        shown.append(words(table.total[k], column, lang))
    widest = 0.0
    for cell in shown:
        whole = max(text_width(cell, face="serif"), text_width(cell, face="sans")) + 0.1
        widest = max(widest, whole)
        least = max(least, min(_unbreakable(cell), 14.0), whole if column.kind in ("number", "date") else 0)
    if column.kind == "code":
        least = max(least, min(widest, 16.0))
    elif widest <= 5.2:
        # Names of a few characters (澄湖街道) and yes or no stay on one line.
        least = max(least, widest)
    return least, max(ease, widest, least)


def _unbreakable(words: str) -> float:
    """Width in em of the widest run that no line break may divide: Latin words and numbers; Chinese breaks anywhere."""
    widest, run = 0.0, ""
    for char in words + " ":
        if char != " " and ord(char) < 0x2E80:
            run += char
        elif run:
            widest, run = max(widest, text_width(run, face="serif")), ""
    return widest


def _fit(
    needs: Sequence[tuple[float, float]], columns: Sequence[Column], size: float, room: float, ease: bool
) -> tuple[float, ...] | None:
    """Widths that fill ``room``, or None. With ``ease`` a text column may not be squeezed below half its cells."""
    least, good = [], []
    for (low, high), column in zip(needs, columns, strict=True):
        if column.width is not None:
            # Figures stay whole: a width written down is exceeded when a city's counts are longer than expected.
            fixed = max(column.width * MM, low * size + PADDING if column.kind == "number" else 0.0)
            least.append(fixed)
            good.append(fixed)
            continue
        wanted = min(high, 22.0)
        least.append(max(low, wanted / 2 if ease else 0) * size + PADDING)
        good.append(max(low, wanted) * size + PADDING)
    if sum(least) > room + 0.01:
        return None
    if sum(good) <= room:
        # A narrow table is widened to the type area, but not beyond twice what it needs: it would fall apart.
        stretch = min(room / sum(good), 2.0) if sum(good) else 1.0
        return tuple(w * stretch for w in good)
    spare = (room - sum(least)) / sum(g - low for g, low in zip(good, least, strict=True))
    return tuple(low + (g - low) * spare for g, low in zip(good, least, strict=True))


def _squeeze(needs: Sequence[tuple[float, float]], size: float, room: float) -> tuple[float, ...]:
    least = [low * size + PADDING for low, _ in needs]
    scale = room / sum(least)
    return tuple(w * min(scale, 2.0) for w in least)


def _parts(table: Table, needs: Sequence[tuple[float, float]], size: float, room: float) -> list[tuple[int, ...]]:
    """The columns of each panel: as few panels as can be, of about equal width, groups of columns kept together."""
    frozen = min(table.frozen, len(needs) - 1)
    wide = [low * size + PADDING for low, _ in needs]
    base = sum(wide[:frozen])
    runs: list[list[int]] = []
    for k in range(frozen, len(needs)):
        group = table.columns[k].group[:1]
        if runs and group and table.columns[runs[-1][-1]].group[:1] == group:
            runs[-1].append(k)
        else:
            runs.append([k])
    if any(base + sum(wide[k] for k in run) > room for run in runs):
        runs = [[k] for run in runs for k in run]

    def pack(limit: float) -> list[list[int]]:
        parts: list[list[int]] = []
        used = limit + 1
        for run in runs:
            w = sum(wide[k] for k in run)
            if used + w > limit or not parts:
                parts.append([])
                used = base
            parts[-1] += run
            used += w
        return parts

    best = pack(room)
    for tenth in range(9, 3, -1):
        tighter = pack(room * tenth / 10)
        if len(tighter) > len(best):
            break
        best = tighter
    return [(*range(frozen), *part) for part in best]


def height(table: Table, panel: Panel, lang: Lang) -> float:
    """About how high the panel stands, in points (for short tables: are they kept on one page)."""
    line = panel.size * 1.3
    high = depth(table.columns) * (2 * line + 6)
    for row in [*table.rows[:200], *([table.total] if table.total is not None else [])]:
        deep = max(
            (
                math.ceil(text_width(words(row[k], table.columns[k], lang), panel.size) / max(w - PADDING, 1))
                for k, w in zip(panel.columns, panel.widths, strict=True)
            ),
            default=1,
        )
        high += deep * line + 6
    return high * max(1.0, len(table.rows) / 200)


def panel_columns(table: Table, panel: Panel) -> list[Column]:
    """The columns of a panel."""
    return [table.columns[k] for k in panel.columns]
