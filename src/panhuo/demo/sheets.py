"""Tables as offices send them: Excel with a title, a line of units and merged headers, CSV in GBK or with a BOM."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl
import xlsxwriter
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

#: From this many rows on a table comes as CSV (GBK) instead of Excel: bureaus dump what Excel opens too slowly.
CSV_FROM = 60_000
#: From this many rows on the rows are written as text by column; XlsxWriter takes ten microseconds and more a cell.
BY_COLUMN_FROM = 2_000
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_SHEET = "xl/worksheets/sheet1.xml"
_EXCEL_DAY_ZERO = date(1899, 12, 30)


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
    the file written: a CSV if there are too many rows. The same table gives the same bytes.
    """
    if frame.height >= CSV_FROM:
        return write_csv(path.with_suffix(".csv"), heads, frame, "gbk")
    names = [h.name for h in heads]
    frame = frame.select(names)
    fast = frame.height >= BY_COLUMN_FROM
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    book.set_properties({"title": title, "author": "澄湖区自然资源局", "created": datetime(2026, 11, 1)})
    page = book.add_worksheet(sheet)
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    top = _headers(book, page, title, unit, heads)
    if fast:
        page.write_datetime(top, 0, _EXCEL_DAY_ZERO.replace(year=2026), day)  # gives the number of the date format
    else:
        dates = [frame.schema[n] == pl.Date for n in names]
        for row, values in enumerate(frame.iter_rows(), top):
            for k, value in enumerate(values):
                if value is None:
                    continue
                if dates[k]:
                    page.write_datetime(row, k, value, day)
                elif isinstance(value, str):
                    page.write_string(row, k, value)
                else:
                    page.write(row, k, value)
        for (index, name), number in (numbers or {}).items():
            page.write_number(top + index, names.index(name), number)
    if totals:
        page.write(top + frame.height, 0, "合计")
        for k, name in enumerate(names):
            if name in totals:
                true = round(float(frame[name].sum()), 4)
                page.write_number(top + frame.height, k, (total_rows or {}).get(name, true))
    book.close()
    path.write_bytes(_with_rows(target, frame, top + 1, numbers or {}) if fast else target.getvalue())
    return path


def _headers(book: xlsxwriter.Workbook, page: Worksheet, title: str, unit: str, heads: Sequence[Head]) -> int:
    """Write title, unit line and header; returns the first row below."""
    big = book.add_format({"bold": True, "font_size": 16, "align": "center", "valign": "vcenter"})
    small = book.add_format({"align": "right", "font_size": 9})
    head = book.add_format({"bold": True, "align": "center", "valign": "vcenter", "border": 1, "text_wrap": True})
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
    return top


def _with_rows(book: io.BytesIO, frame: pl.DataFrame, first: int, numbers: dict[tuple[int, str], float]) -> bytes:
    """The workbook with the frame's rows put in from line ``first`` on, in place of the one cell that stands there."""
    line = (pl.int_range(pl.len()) + first).cast(pl.String)
    with zipfile.ZipFile(book) as source:
        xml = source.read(_SHEET).decode()
        found = re.search(rf'<row r="{first}".*?<c r="A{first}" s="(\d+)".*?</row>', xml, re.S)
        assert found is not None
        cells = []
        for k, (name, kind) in enumerate(frame.schema.items()):
            at = [pl.lit(f'<c r="{xl_col_to_name(k)}'), line]
            value = pl.col(name)
            if kind == pl.String:
                text = value.str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True)
                cell = pl.concat_str(*at, pl.lit('" t="inlineStr"><is><t>'), text, pl.lit("</t></is></c>"))
            elif kind == pl.Date:
                days = (value - pl.lit(_EXCEL_DAY_ZERO)).dt.total_days().cast(pl.String)
                cell = pl.concat_str(*at, pl.lit(f'" s="{found[1]}"><v>'), days, pl.lit("</v></c>"))
            else:
                cell = pl.concat_str(*at, pl.lit('"><v>'), value.cast(pl.String), pl.lit("</v></c>"))
            cells.append(cell.fill_null("").alias(name))
        table = frame.select(cells)
        for (index, name), number in numbers.items():
            at_cell = f"{xl_col_to_name(frame.columns.index(name))}{first + index}"
            table[index, name] = f'<c r="{at_cell}"><v>{number:.16G}</v></c>'
        rows = table.select(pl.concat_str(pl.lit('<row r="'), line, pl.lit('">'), *frame.columns, pl.lit("</row>")))
        body = rows.to_series().str.join("")[0]
        xml = xml[: found.start()] + body + xml[found.end() :]
        corner = f"{xl_col_to_name(frame.width - 1)}{first + frame.height}"  # with the line of totals, if there is one
        xml = re.sub(r'<dimension ref="[^"]*"/>', f'<dimension ref="A1:{corner}"/>', xml, count=1)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for item in source.infolist():
                info = zipfile.ZipInfo(item.filename, _ZIP_DATE)
                info.compress_type = zipfile.ZIP_DEFLATED
                made.writestr(info, xml.encode() if item.filename == _SHEET else source.read(item))
    return out.getvalue()


def write_csv(path: Path, heads: Sequence[Head], frame: pl.DataFrame, encoding: str) -> Path:
    """CSV with CRLF; ``encoding`` gbk or utf-8-sig."""
    text = frame.select(pl.col(h.name).alias(h.title) for h in heads).write_csv(
        line_terminator="\r\n", date_format="%Y-%m-%d"
    )
    path.write_bytes(text.encode(encoding, "replace"))
    return path
