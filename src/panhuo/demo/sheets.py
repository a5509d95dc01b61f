"""Tables as offices send them: Excel with a title, a line of units and merged headers, CSV in GBK or with a BOM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import xlsxwriter

#: From this many rows on a table comes as CSV (GBK) instead of Excel.
CSV_FROM = 200_000


@dataclass(frozen=True, slots=True)
class Head:
    """One column: ``name`` in the frame, ``over`` the merged group above it (or ""), ``title``, width in characters."""

    name: str
    title: str
    over: str = ""
    width: int = 14


def write_book(
    path: Path,
    title: str,
    unit: str,
    heads: Sequence[Head],
    frame: pl.DataFrame,
    *,
    totals: Sequence[str] = (),
    total_rows: dict[str, float] | None = None,
    numbers: dict[tuple[int, str], float] | None = None,
    sheet: str = "Sheet1",
) -> Path:
    """Write one sheet: title, unit and date line, one or two header rows, the rows, and a 合计 row for ``totals``.

    ``total_rows`` replaces true totals and ``numbers`` cells (row, column) by numbers, for planted errors. Returns
    the file written: a CSV if there are too many rows.
    """
    if frame.height >= CSV_FROM:
        return write_csv(path.with_suffix(".csv"), heads, frame, "gbk")
    book = xlsxwriter.Workbook(
        str(path), {"constant_memory": frame.height > 20_000 and not numbers, "default_date_format": "yyyy-mm-dd"}
    )
    book.set_properties({"title": title, "author": "澄湖区自然资源局", "created": date(2026, 11, 1)})
    page = book.add_worksheet(sheet)
    big = book.add_format({"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"})
    small = book.add_format({"align": "right", "font_size": 9})
    head = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "border": 1, "text_wrap": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    last = len(heads) - 1
    page.merge_range(0, 0, 0, last, title, big)
    page.merge_range(1, 0, 1, last, unit, small)
    deep = any(h.over for h in heads)
    k = 0
    while k <= last:
        group = heads[k].over
        end = k
        while deep and group and end < last and heads[end + 1].over == group:
            end += 1
        if not deep:
            page.write(2, k, heads[k].title, head)
        elif not group:
            page.merge_range(2, k, 3, k, heads[k].title, head)
        elif end > k:
            page.merge_range(2, k, 2, end, group, head)
        else:
            page.write(2, k, group, head)
        k = end + 1
    if deep:
        for k, h in enumerate(heads):
            if h.over:
                page.write(3, k, h.title, head)
    top = 4 if deep else 3
    for k, h in enumerate(heads):
        page.set_column(k, k, h.width)
    page.freeze_panes(top, 0)
    row = top
    names = [h.name for h in heads]
    dates = [frame.schema[n] == pl.Date for n in names]
    for values in frame.select(names).iter_rows():
        for k, value in enumerate(values):
            if value is None:
                continue
            if dates[k]:
                page.write_datetime(row, k, value, day)
            elif isinstance(value, str):
                page.write_string(row, k, value)
            else:
                page.write(row, k, value)
        row += 1
    for (index, name), number in (numbers or {}).items():
        page.write_number(top + index, names.index(name), number)
    if totals:
        page.write(row, 0, "合计")
        for k, name in enumerate(names):
            if name in totals:
                true = round(float(frame[name].sum()), 4)
                page.write_number(row, k, (total_rows or {}).get(name, true))
    book.close()
    return path


def write_csv(path: Path, heads: Sequence[Head], frame: pl.DataFrame, encoding: str) -> Path:
    """CSV with CRLF; ``encoding`` gbk or utf-8-sig."""
    text = frame.select(pl.col(h.name).alias(h.title) for h in heads).write_csv(
        line_terminator="\r\n", date_format="%Y-%m-%d"
    )
    path.write_bytes(text.encode(encoding, "replace"))
    return path
