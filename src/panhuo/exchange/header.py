"""Finding the table in a sheet: title lines, a header of several merged rows, data, totals, footnotes.

Chinese forms put a title and a line with unit and date above the header, merge group headings over their columns,
number the columns below, and close with 合计 and signatures. A column is named by its header path, ``登记信息/用途``;
the rows that are not data are kept as notes, never lost.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Cells = Sequence[Sequence[Any]]
#: A merged range as (first row, first column, last row, last column), counted from 0.
Merge = tuple[int, int, int, int]

_TOTAL = re.compile(r"^(合计|总计|小计|共计|累计|总和|本页合计|本页小计|grandtotal|total|subtotal|sum)[:：]?$", re.I)
_FOOT_WORDS = (
    "注|备注|说明|填表说明|填表人|制表人|制表单位|填报单位|填报人|审核人|复核人|负责人|单位负责人|填表日期|数据来源"
    "|source|note"
)
_FOOT = re.compile(rf"^({_FOOT_WORDS})\s*\d*\s*[:：.、]", re.I)
_NUMBERED = re.compile(r"^[(（]?(\d{1,3}|[甲乙丙丁戊己庚辛壬癸]|[A-Z]|栏次|序号|行次|[—-])[)）]?([=＝+-].*)?$")
_CODE_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,30}$")
_LOOK = 30
_DEEP = 6


@dataclass(frozen=True, slots=True)
class Header:
    """Where the table stands (rows and columns counted from 0) and how its columns are called.

    ``paths`` are the column names, ``columns`` their positions; data are rows ``start`` to ``end`` (end not included);
    ``above`` are the texts of the lines over the header, ``skipped`` the rows between header and data (column numbers).
    """

    first: int
    start: int
    columns: tuple[int, ...]
    paths: tuple[str, ...]
    above: tuple[str, ...] = ()
    skipped: tuple[int, ...] = ()


def text_of(value: Any) -> str:
    """A cell as header text: without line breaks and spaces between Chinese characters."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    plain = re.sub(r"\s+", " ", str(value)).strip()
    return re.sub(r"(?<=[\u3400-\u9fff（）()]) (?=[\u3400-\u9fff（）()])", "", plain)


def detect(cells: Cells, merges: Sequence[Merge] = (), used: Callable[[int, int], bool] | None = None) -> Header | None:
    """The header of a sheet given as rows of cells (ragged rows allowed); None when there is no filled cell.

    With ``merges`` the header goes on as long as a heading spans rows or groups columns; without them it is one row,
    and a second row of field codes (ZDDM, DLBM …) below Chinese headings belongs to it. ``used(column, start)`` says
    whether a column without heading holds data from row ``start`` on; it is needed when ``cells`` are only the first
    rows of a table.
    """
    holds = used or (lambda k, start: any(k < len(row) and row[k] not in (None, "") for row in cells[start:]))
    filled = [[k for k, v in enumerate(row) if text_of(v)] for row in cells[: _LOOK + _DEEP]]
    if not any(filled):
        return None
    head_merges = [m for m in merges if m[0] < _LOOK + _DEEP]
    first = _first_row(cells, filled, head_merges)
    last = _last_row(cells, first, head_merges, bool(merges))
    rows = [_spread(cells, r, head_merges) for r in range(first, last + 1)]
    start, skipped = last + 1, []
    while start < len(cells) and _is_numbering(cells[start]):
        skipped.append(start)
        start += 1
    paths, columns = _paths(rows, holds, start, max(map(len, cells), default=0))
    above = tuple(" ".join(dict.fromkeys(text_of(v) for v in row if text_of(v))) for row in cells[:first])
    return Header(first, start, tuple(columns), tuple(paths), tuple(a for a in above if a), tuple(skipped))


def _first_row(cells: Cells, filled: list[list[int]], merges: Sequence[Merge]) -> int:
    """The first row that fills most of the table's width with distinct texts; titles and unit lines do not."""
    spread = [_spread(cells, r, merges) for r in range(min(len(cells), _LOOK))]
    width = max(len({k for k, v in enumerate(row) if v}) for row in spread)
    for r, row in enumerate(spread):
        texts = [v for v in row if v]
        distinct = len(set(texts))
        numbers = sum(isinstance(v, int | float) and not isinstance(v, bool) for v in cells[r])
        if distinct >= 2 and len(texts) >= max(2, 0.6 * width) and numbers <= 0.3 * len(filled[r]):
            return r
    for r, row in enumerate(spread):
        if len({v for v in row if v}) >= 2:
            return r
    return next(r for r, f in enumerate(filled) if f)


def _last_row(cells: Cells, first: int, merges: Sequence[Merge], known: bool) -> int:
    last = first
    for _ in range(_DEEP):
        grown = last
        for top, left, bottom, right in merges:
            if not first <= top <= last or (top == bottom == last and left == right):
                continue
            if right > left and bottom >= last and not _whole_width(cells, top, left, right):
                grown = max(grown, min(bottom + 1, len(cells) - 1))
            grown = max(grown, bottom)
        grown = min(grown, first + _DEEP - 1)
        if grown == last:
            break
        last = grown
    following = cells[last + 1] if last + 1 < len(cells) else ()
    names = [text_of(v) for v in following if text_of(v)]
    heads = [text_of(v) for v in cells[first] if text_of(v)]
    chinese = sum(bool(re.search(r"[\u3400-\u9fff]", h)) for h in heads) > 0.5 * len(heads)
    codes = len(names) >= 2 and len(set(names)) == len(names) and all(_CODE_NAME.match(x) and len(x) > 1 for x in names)
    if chinese and codes and len(names) >= 0.8 * len(heads) and not known:
        return last + 1
    return last


def _whole_width(cells: Cells, row: int, left: int, right: int) -> bool:
    """Whether a merged heading is alone in its row: a title, which groups nothing."""
    return all(not text_of(v) for k, v in enumerate(cells[row]) if not left <= k <= right)


def _spread(cells: Cells, row: int, merges: Sequence[Merge]) -> list[str]:
    """A row's texts, each merged heading repeated over the columns and rows that it covers."""
    texts = [text_of(v) for v in cells[row]] if row < len(cells) else []
    for top, left, bottom, right in merges:
        if top <= row <= bottom and top < len(cells):
            value = text_of(cells[top][left]) if left < len(cells[top]) else ""
            texts += [""] * (right + 1 - len(texts))
            texts[left : right + 1] = [value] * (right + 1 - left)
    return texts


def _is_numbering(row: Sequence[Any]) -> bool:
    """A row of column numbers below the header: 甲, 乙 … first, then 1, 2, 3 … without a gap."""
    texts = [text_of(v) for v in row if text_of(v)]
    if len(texts) < 3 or not all(_NUMBERED.match(t) for t in texts):
        return False
    letters = [t for t in texts if not re.search(r"\d", t)]
    numbers = [int(m.group()) for t in texts if (m := re.search(r"\d+", t))]
    first = texts[: len(letters)] == letters and len(set(letters)) == len(letters)
    rising = all(b - a == 1 for a, b in itertools.pairwise(numbers))
    return first and rising and numbers[:1] in ([], [1], [len(letters) + 1])


def _paths(
    rows: list[list[str]], holds: Callable[[int, int], bool], start: int, width: int
) -> tuple[list[str], list[int]]:
    """Unique header paths of the columns that hold a header or any datum."""
    paths, columns = [], []
    seen: dict[str, int] = {}
    for k in range(width):
        steps = [r[k] for r in rows if k < len(r) and r[k]]
        path = "/".join(dict.fromkeys(s.replace("/", "／") if len(rows) > 1 else s for s in steps))
        if not path and not holds(k, start):
            continue
        path = path or f"列{column_letters(k)}"
        seen[path] = seen.get(path, 0) + 1
        paths.append(path if seen[path] == 1 else f"{path}_{seen[path]}")
        columns.append(k)
    return paths, columns


def column_letters(k: int) -> str:
    """The letters of a column counted from 0: 0 is A, 26 is AA."""
    out = ""
    k += 1
    while k:
        k, rest = divmod(k - 1, 26)
        out = chr(65 + rest) + out
    return out


def is_total(row: Sequence[Any]) -> bool:
    """Whether a row is a sum of others: 合计, 小计 … stands in one of its first four filled cells."""
    texts = [re.sub(r"\s+", "", str(v)) for v in row if isinstance(v, str) and v.strip()]
    return any(_TOTAL.match(t) for t in texts[:4])


def is_footnote(row: Sequence[Any]) -> bool:
    """Whether a row is a remark or a line of signatures under the table."""
    texts = [str(v).strip() for v in row if v is not None and str(v).strip()]
    return 0 < len(texts) <= 6 and bool(_FOOT.match(texts[0]))
