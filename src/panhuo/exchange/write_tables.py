"""Tables for people: Excel workbooks and csv."""

from __future__ import annotations

import csv
import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely
import xlsxwriter

from panhuo.exchange.codes import finding
from panhuo.exchange.delivery import Layer
from panhuo.exchange.encoding import codec_of
from panhuo.exchange.plain_types import simple
from panhuo.exchange.write_dbf import Names
from panhuo.messages import Finding
from panhuo.progress import Progress

ROWS = 1_048_576
CELL = 32_767
#: The moment that workbooks say they were made at: they hold no clock, so that two runs give the same file.
_MADE = dt.datetime(2000, 1, 1)


def write_xlsx(
    layers: list[Layer], path: Path, findings: list[Finding], titles: Mapping[str, str], progress: Progress
) -> list[Path]:
    """One sheet a layer: bold frozen header, filter, widths for Chinese text, texts (codes) as texts. Returns [path].

    A layer longer than a sheet goes on in further sheets; integers that Excel would damage are written as text;
    geometry is not written. All this is told.
    """
    names = Names(31 * 3)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "nan_inf_to_errors": False})
    book.set_properties({"created": _MADE})  # the same layers give the same bytes
    head = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "vcenter", "align": "center", "bg_color": "#DDEBF7", "border": 1}
    )
    formats = {
        "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        "text": book.add_format({"num_format": "@"}),
    }
    try:
        for layer in layers:
            if layer.geometry is not None:
                findings.append(
                    _told(
                        layer, "Excel 不含图形，只写出属性表。", "Excel holds no geometry; only the table was written."
                    )
                )
            table = simple(layer.table)
            step = ROWS - 1
            pages = max(1, math.ceil(table.num_rows / step))
            if pages > 1:
                findings.append(
                    _told(
                        layer,
                        f"超过一张工作表的行数，分写为 {pages} 张。",
                        f"More rows than a sheet holds; written as {pages} sheets.",
                    )
                )
            for page in range(pages):
                progress(f"写出工作表 {layer.name}", page, pages)
                sheet = book.add_worksheet(_sheet_name(layer.name, page, names))
                _sheet(sheet, table.slice(page * step, step), titles, head, formats, layer, findings)
    finally:
        book.close()
    return [path]


def _told(layer: Layer, zh: str, en: str) -> Finding:
    return finding("R20", "note", zh, en, layer.source, layer=layer.name)


def _sheet_name(name: str, page: int, names: Names) -> str:
    """At most 31 characters (UTF-16 units), without the characters that Excel forbids, unique."""
    tail = f"_{page + 1}" if page else ""
    plain = re.sub(r"[\[\]:*?/\\]", "_", name).strip("'") or "Sheet"
    while len((plain + tail).encode("utf-16-le")) > 50:
        plain = plain[:-1]
    return names.add(plain + tail)


def _sheet(
    sheet: Any,
    table: pa.Table,
    titles: Mapping[str, str],
    head: Any,
    formats: Mapping[str, Any],
    layer: Layer,
    findings: list[Finding],
) -> None:
    columns = [_cells(table.column(k), name, layer, findings) for k, name in enumerate(table.column_names)]
    shown = [titles.get(n, n) for n in table.column_names]
    kinds = []
    for k, (title, field) in enumerate(zip(shown, table.schema, strict=True)):
        kind = field.type
        look = "date" if pa.types.is_date(kind) else "time" if pa.types.is_timestamp(kind) else None
        look = "text" if columns[k] and any(isinstance(v, str) for v in columns[k][:50]) else look
        kinds.append(look)
        width = max([_width(title)] + [_width(str(v)) for v in columns[k][:200] if v is not None])
        sheet.set_column(k, k, min(60, max(8, width + 2)), formats.get(look) if look else None)
    sheet.freeze_panes(1, 0)
    if columns:
        sheet.autofilter(0, 0, table.num_rows, len(columns) - 1)
    for k, title in enumerate(shown):
        sheet.write_string(0, k, title, head)
    for row, values in enumerate(zip(*columns, strict=True), 1):
        for k, v in enumerate(values):
            if v is None:
                continue
            if isinstance(v, str):
                sheet.write_string(row, k, v, formats["text"])
            elif isinstance(v, bool):
                sheet.write_boolean(row, k, v)
            elif isinstance(v, dt.date):
                sheet.write_datetime(row, k, v, formats["time" if isinstance(v, dt.datetime) else "date"])
            else:
                sheet.write_number(row, k, v)


def _cells(column: pa.ChunkedArray, name: str, layer: Layer, findings: list[Finding]) -> list[Any]:
    """Values that Excel takes unharmed: long integers, dates before 1900 and numbers that are none become text."""
    values: list[Any] = column.to_pylist()
    if pa.types.is_integer(column.type) and any(v is not None and abs(v) >= 10**15 for v in values):
        return [None if v is None else str(v) for v in values]
    if pa.types.is_floating(column.type):
        return [v if v is None or math.isfinite(v) else None for v in values]
    if pa.types.is_date(column.type) or pa.types.is_timestamp(column.type):
        return [v.isoformat() if v is not None and v.year < 1900 else v for v in values]
    long = [k for k, v in enumerate(values) if isinstance(v, str) and len(v) > CELL]
    if long:
        findings.append(
            finding(
                "R20",
                "warning",
                f"字段“{name}”有 {len(long)} 行文字超过单元格上限，已截断（首个为第 {long[0] + 1} 行）。",
                f"Field '{name}': {len(long)} texts are longer than a cell holds and were cut (first row "
                f"{long[0] + 1}).",
                layer.source,
                layer=layer.name,
                row=long[0] + 1,
                field=name,
                count=len(long),
            )
        )
        values = [v[:CELL] if isinstance(v, str) else v for v in values]
    return values


def _width(text: str) -> int:
    """Width in Latin letters: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text[:60])


def write_csv(
    layer: Layer, path: Path, encoding: str, titles: Mapping[str, str], findings: list[Finding]
) -> list[Path]:
    """csv with a header; geometry as WKT in the column ``WKT``. UTF-8 has a byte order mark, so that Excel reads it."""
    codec = codec_of(encoding) or "utf-8"
    table = simple(layer.table)
    names = [titles.get(n, n) for n in table.column_names]
    columns = [_shown(table.column(k)) for k in range(table.num_columns)]
    if layer.geometry is not None:
        shapes = shapely.from_wkb(layer.geometry.to_numpy(zero_copy_only=False), on_invalid="ignore")
        columns.append(list(shapely.to_wkt(shapes, rounding_precision=-1)))
        names.append("WKT" if "WKT" not in names else "WKT_")
    with path.open("w", encoding="utf-8-sig" if codec == "utf-8" else codec, newline="", errors="replace") as f:
        writer = csv.writer(f)
        writer.writerow(names)
        writer.writerows(zip(*columns, strict=True))
    return [path]


def _shown(column: pa.ChunkedArray) -> list[str | None]:
    kind = column.type
    if pa.types.is_boolean(kind):
        return [None if v is None else "true" if v else "false" for v in column.to_pylist()]
    if pa.types.is_floating(kind):
        return [None if v is None else repr(v) for v in column.to_pylist()]
    if pa.types.is_timestamp(kind):
        return [None if v is None else v.isoformat(sep=" ") for v in column.to_pylist()]
    return [None if v is None else str(v) for v in column.to_pylist()]
