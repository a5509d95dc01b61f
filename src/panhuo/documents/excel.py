"""Workbook -> .xlsx by XlsxWriter: sheets an office can file, filter and print.

Texts are always stored as texts: a name that begins with = + - @ cannot become a formula, a code of nineteen digits
cannot lose its last ones. Totals are formulas with their value beside them.
"""

from __future__ import annotations

import datetime as dt
import io
import math
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_range_abs

from panhuo.documents import tables as tb
from panhuo.documents.fonts import clean
from panhuo.documents.model import Cell, Column, Sheet, Table, Workbook
from panhuo.documents.wording import WORDS

#: Rows a sheet can hold, and cells beyond which rows go to disk as they are written.
MOST_ROWS, BIG = 1_048_576, 400_000
_MOST_TEXT = 32_767
_BAD = str.maketrans(dict.fromkeys("[]:*?/\\", "_"))


def write_xlsx(book: Workbook, path: Path | str | None = None) -> bytes:
    """``book`` as .xlsx, also written to ``path`` when given. The same book gives the same bytes.

    A table longer than a sheet goes on in further sheets (``name（2）``), with its total at the end of the last.
    """
    buffer = io.BytesIO()
    cells = sum(len(s.table.rows) * len(s.table.columns) for s in book.sheets)
    options = {
        "constant_memory": cells > BIG,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(buffer, options) as made:
        moment = dt.datetime(book.date.year, book.date.month, book.date.day)
        made.set_properties({"title": clean(book.title), "author": clean(book.issuer), "created": moment})
        made.set_size(2400, 1600)
        names: set[str] = set()
        writer = _Writer(made, book)
        for sheet in book.sheets:
            tb.check(sheet.table)
            writer.sheet(sheet, names)
        if not book.sheets:
            made.add_worksheet("Sheet1")
    content = buffer.getvalue()
    if path is not None:
        Path(path).write_bytes(content)
    return content


def sheet_name(wanted: str, names: set[str]) -> str:
    """``wanted`` as Excel allows it (31 characters, none of []:*?/\\), made unique among ``names``."""
    base = clean(wanted).replace("\n", " ").translate(_BAD).strip("'").strip() or "Sheet"
    name, k = base[:31], 1
    while name.casefold() in names:
        k += 1
        tail = f"({k})"
        name = base[: 31 - len(tail)] + tail
    names.add(name.casefold())
    return name


class _Writer:
    """Writes sheets, row after row, as big workbooks need it."""

    def __init__(self, made: Any, book: Workbook) -> None:
        self.made, self.book, self.lang = made, book, book.lang
        self.formats: dict[tuple[Any, ...], Any] = {}

    def form(self, **properties: Any) -> Any:
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            base = {"font_name": "宋体" if self.lang == "zh" else "Calibri", "font_size": 10.5, "valign": "vcenter"}
            self.formats[key] = self.made.add_format(base | properties)
        return self.formats[key]

    def cell_form(self, column: Column, total: bool = False) -> Any:
        properties: dict[str, Any] = {"border": 1, "align": tb.align(column)}
        match column.kind:
            case "number":
                whole = (
                    "#,##0"
                    if column.decimals is None
                    else f"#,##0{'.' + '0' * column.decimals if column.decimals else ''}"
                )
                properties["num_format"] = whole if column.decimals is not None else "#,##0.##"
            case "date":
                properties["num_format"] = "yyyy-mm-dd"
            case _:
                properties["num_format"] = "@"
                properties["text_wrap"] = column.kind == "text"
        if total:
            properties |= {"bold": True, "bg_color": "#F2F2F2", "top": 2}
        return self.form(**properties)

    def sheet(self, sheet: Sheet, names: set[str]) -> None:
        table = sheet.table
        head = tb.depth(table.columns) + (1 if sheet.title else 0)
        room = MOST_ROWS - head - 2 - len(sheet.notes)
        rows = table.rows
        parts = [rows[k : k + room] for k in range(0, len(rows), room)] or [rows]
        ranges: list[tuple[str, int, int]] = []
        for k, part in enumerate(parts):
            wanted = sheet.name if k == 0 else f"{sheet.name[:26]}（{k + 1}）"
            name = sheet_name(wanted, names)
            ranges.append((name, head, head + len(part) - 1))
            self.part(sheet, name, part, ranges, last=k == len(parts) - 1)

    def part(
        self, sheet: Sheet, name: str, rows: Sequence[Sequence[Cell]], ranges: list[tuple[str, int, int]], *, last: bool
    ) -> None:
        table, columns = sheet.table, sheet.table.columns
        ws = self.made.add_worksheet(name)
        widths = column_widths(table, self.lang)
        for k, w in enumerate(widths):
            ws.set_column(k, k, w)
        top = 0
        if sheet.title:
            ws.set_row(0, 30)
            big = self.form(
                bold=True, font_size=16, align="center", font_name="黑体" if self.lang == "zh" else "Calibri"
            )
            self.merge(ws, 0, 0, 1, len(columns))
            ws.write_string(0, 0, clean(sheet.title), big)
            for k in range(1, len(columns)):
                ws.write_blank(0, k, None, big)
            top = 1
        first = self.header(ws, columns, top, widths)
        forms = [self.cell_form(c) for c in columns]
        for r, row in enumerate(rows, first):
            for c, value in enumerate(row):
                self.cell(ws, r, c, value, columns[c], forms[c])
        end = first + len(rows)
        if last and table.total is not None:
            self.total(ws, table, end, ranges)
            end += 1
        if last:
            note = self.form(align="left", font_size=9.5)
            texts = ([WORDS["note"][self.lang] + table.note] if table.note else []) + list(sheet.notes)
            for k, words in enumerate(texts):
                ws.write_string(end + k, 0, clean(words)[:_MOST_TEXT], note)
        ws.freeze_panes(first, min(table.frozen, len(columns)))
        if rows:
            ws.autofilter(first - 1, 0, first + len(rows) - 1, len(columns) - 1)
        self.print_setup(ws, first, sum(widths))

    def merge(self, ws: Any, row: int, column: int, rows: int, columns: int) -> None:
        # ``merge_range`` goes back to rows that a constant-memory sheet has already let go of; its list does not.
        if rows > 1 or columns > 1:
            ws.merge.append([row, column, row + rows - 1, column + columns - 1])

    def header(self, ws: Any, columns: Sequence[Column], top: int, widths: Sequence[float]) -> int:
        head = tb.header(columns, self.lang)
        form = self.form(bold=True, align="center", text_wrap=True, border=1, bg_color="#E8EEF5")
        depth = tb.depth(columns)
        begin = {(c.row, c.column): c for c in head}
        for level in range(depth):
            lines = max(
                (
                    math.ceil(_units(c.words) / (sum(widths[c.column : c.column + c.columns]) - 1))
                    for c in head
                    if c.row == level
                ),
                default=1,
            )
            tall = any(c.rows > 1 for c in head if c.row == level)
            ws.set_row(top + level, 18 * (1 if tall and depth > 1 else max(1, lines)) + 2)
            for k in range(len(columns)):
                cell = begin.get((level, k))
                if cell:
                    ws.write_string(top + level, k, cell.words, form)
                    self.merge(ws, top + level, k, cell.rows, cell.columns)
                else:
                    ws.write_blank(top + level, k, None, form)
        return top + depth

    def cell(self, ws: Any, r: int, c: int, value: Cell, column: Column, form: Any) -> None:
        match value:
            case None:
                ws.write_blank(r, c, None, form)
            case bool():
                ws.write_string(r, c, tb.words(value, column, self.lang), form)
            case int() | float() if column.kind == "number":
                if math.isfinite(value):
                    ws.write_number(r, c, value, form)
                else:
                    ws.write_blank(r, c, None, form)
            case dt.datetime() | dt.date() if column.kind == "date":
                ws.write_datetime(r, c, value, form)
            case str():
                ws.write_string(r, c, clean(value)[:_MOST_TEXT], form)
            case _:
                ws.write_string(r, c, tb.words(value, column, self.lang), form)

    def total(self, ws: Any, table: Table, r: int, ranges: list[tuple[str, int, int]]) -> None:
        assert table.total is not None
        for c, (value, column) in enumerate(zip(table.total, table.columns, strict=True)):
            form = self.cell_form(column, total=True)
            if not column.summed or not len(table.rows):
                self.cell(ws, r, c, None if tb.blank(value) else value, column, form)
                continue
            if len(ranges) == 1:
                area = xl_range_abs(ranges[0][1], c, ranges[0][2], c).replace("$", "")
            else:
                area = ",".join(f"'{n.replace(chr(39), chr(39) * 2)}'!{xl_range_abs(a, c, b, c)}" for n, a, b in ranges)
            ws.write_formula(r, c, f"=SUM({area})", form, value)

    def print_setup(self, ws: Any, first: int, width: float) -> None:
        ws.set_paper(9)
        if width > 90:
            ws.set_landscape()
        ws.fit_to_pages(1, 0)
        ws.set_margins(left=0.6, right=0.6, top=0.8, bottom=0.8)
        ws.repeat_rows(0, first - 1)
        ws.center_horizontally()
        ws.set_footer("&C第 &P 页，共 &N 页" if self.lang == "zh" else "&CPage &P of &N")


def column_widths(table: Table, lang: Any) -> list[float]:
    """Column widths in Excel's units (one digit each; a Chinese character takes two), between 7 and 48."""
    out = []
    step = max(1, len(table.rows) // 2000)
    for k, column in enumerate(table.columns):
        head = _units(tb.title(column, lang))
        wide = head if head <= 14 else max(head / 2 + 1, 14)
        for row in table.rows[::step]:
            wide = max(wide, _units(tb.words(row[k], column, lang)))
        if table.total is not None:
            # Sums are longer than their parts, and bold.
            wide = max(wide, _units(tb.words(table.total[k], column, lang)) * 1.1)
        out.append(min(max(wide + 2.5, 7.0), 48.0))
    return out


def _units(words: str) -> float:
    return max(
        (sum(2.1 if unicodedata.east_asian_width(c) in "WF" else 1 for c in row) for row in words.split("\n")),
        default=0,
    )
