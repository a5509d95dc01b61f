"""thresholds.xlsx as it is edited in Excel: one sheet is one table, one row one threshold."""

from __future__ import annotations

import datetime
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

from panhuo.packs.problems import Place, Problems
from panhuo.packs.yamlfile import Located

MAX_BYTES = 10_000_000
MAX_UNPACKED = 200_000_000
MAX_ROWS = 50_000
#: Columns written for the reader's eye only: who wrote an inherited row.
IGNORED = ("origin", "来源")
#: The columns that are not keys, and what they may be headed with.
COLUMNS = {
    "value": ("value", "取值", "值", "阈值"),
    "unit": ("unit", "单位"),
    "clause": ("clause", "条款", "依据条款"),
    "from": ("from", "起始日期", "起"),
    "to": ("to", "截止日期", "止"),
    "set_by": ("set_by", "由谁确定", "确定单位"),
    "note": ("note", "说明", "备注"),
}
_NAMES = {heading: name for name, headings in COLUMNS.items() for heading in headings}


def read_thresholds(path: Path, place: Place, problems: Problems) -> Located | None:
    """The workbook as ``{tables: [{id, keys, rows: [{id, keys, value, …}]}]}``; None when it cannot be read.

    Sheets whose name starts with ``_`` are notes. An empty value is a threshold that nobody has set.
    """
    try:
        if path.stat().st_size > MAX_BYTES or _unpacked(path) > MAX_UNPACKED:
            problems.add(place, "too_large", "工作簿过大", "the workbook is too large")
            return None
        written = openpyxl.load_workbook(path, data_only=False, keep_links=False)
        formulas = any(c.data_type == "f" for sheet in written.worksheets for row in sheet.iter_rows() for c in row)
        cached = openpyxl.load_workbook(path, data_only=True, keep_links=False) if formulas else written
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, TypeError, SyntaxError) as error:
        problems.add(
            place,
            "workbook",
            f"打不开工作簿（{error}），请在 Excel 中另存为 .xlsx",
            f"the workbook cannot be opened ({error}); save it as .xlsx in Excel",
        )
        return None
    tables = []
    for sheet in written.worksheets:
        if not sheet.title.startswith("_"):
            table = _sheet(sheet, cached[sheet.title], place, problems)
            if table is not None:
                tables.append(table)
    return Located({"tables": Located(tuple(tables), place)}, place)


def _unpacked(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def _sheet(sheet: Any, cached: Any, place: Place, problems: Problems) -> Located | None:
    def at(row: int) -> Place:
        return Place(place.pack, place.file, row, sheet.title)

    headings = [str(c.value).strip() if c.value is not None else "" for c in next(sheet.iter_rows(max_row=1), ())]
    names = ["" if h in IGNORED else _NAMES.get(h, h) for h in headings]
    keys = [n for n in names if n and n not in COLUMNS]
    if not any(names):
        return None
    if "value" not in names or not keys:
        problems.add(
            at(1),
            "columns",
            f"表头须有至少一个关键字段列和 value（取值）列，这里是：{'、'.join(h for h in headings if h)}",
            f"the header needs a key column and a 'value' column; here: {', '.join(h for h in headings if h)}",
        )
        return None
    twice = next((n for n in names if n and names.count(n) > 1), None)
    if twice:
        problems.add(at(1), "columns", f"列“{twice}”出现两次", f"column '{twice}' stands twice")
        return None
    rows = []
    for number, cells in _rows(sheet):
        if number > MAX_ROWS:
            problems.add(at(number), "too_large", f"超过 {MAX_ROWS} 行", f"more than {MAX_ROWS} rows")
            break
        row = _row(cells, names, keys, at(number), cached, problems)
        if row is not None:
            rows.append(row)
    content = {
        "id": Located(sheet.title, at(1)),
        "keys": Located(tuple(Located(k, at(1)) for k in keys), at(1)),
        "rows": Located(tuple(rows), at(1)),
    }
    return Located(content, at(1))


def _rows(sheet: Any) -> Iterator[tuple[int, Any]]:
    blank = 0
    for number, cells in enumerate(sheet.iter_rows(min_row=2), start=2):
        if all(c.value is None or str(c.value).strip() == "" for c in cells):
            blank += 1
            if blank > 1000:  # formatting far below the data
                return
            continue
        blank = 0
        yield number, cells


def _row(
    cells: Any, names: list[str], keys: list[str], place: Place, cached: Any, problems: Problems
) -> Located | None:
    content: dict[str, Located] = {"value": Located(None, place)}
    given: dict[str, str] = {}
    for cell, name in zip(cells, names, strict=False):
        value = cell.value
        if not name or value is None or (isinstance(value, str) and not value.strip()):
            continue
        where = f"{get_column_letter(cell.column)}{cell.row}"
        if cell.data_type == "f":
            value = cached[where].value
            if value is None:
                zh = f"{where} 是未计算的公式，请在 Excel 中打开并保存，或粘贴为数值"
                problems.add(place, "formula", zh, f"{where} is a formula without a result; open and save it in Excel")
                return None
        if name in keys:
            given[name] = _word(value)
        else:
            read = _cell(name, value, where, place, problems)
            if read is not None:
                content[name] = Located(read, place)
    missing = [k for k in keys if k not in given]
    if missing:
        zh = f"关键字段“{'、'.join(missing)}”为空；适用于其余全部时请写 *"
        problems.add(place, "key", zh, f"key '{', '.join(missing)}' is empty; write * for all others")
        return None
    if content["value"].value is None and "set_by" not in content:
        zh = "取值为空时须在 set_by（由谁确定）列写明由谁确定"
        problems.add(place, "set_by", zh, "an empty value needs set_by: who decides it")
    content["keys"] = Located(tuple(Located(given[k], place) for k in keys), place)
    content["id"] = Located("|".join(given[k] for k in keys), place)
    return Located(content, place)


def _word(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _cell(name: str, value: object, where: str, place: Place, problems: Problems) -> object:
    if name == "value":
        if isinstance(value, bool) or not isinstance(value, int | float):
            zh = f"{where} 应为数字，这里是“{value}”"
            problems.add(place, "number", zh, f"{where} must be a number, not '{value}'")
            return None
        return float(value)
    if name in ("from", "to"):
        if isinstance(value, datetime.datetime):
            return value.date()
        if isinstance(value, datetime.date):
            return value
        try:
            return datetime.date.fromisoformat(str(value).strip())
        except ValueError:
            zh = f"{where} 应为日期（2026-11-21），这里是“{value}”"
            problems.add(place, "date", zh, f"{where} must be a date (2026-11-21), not '{value}'")
            return None
    return _word(value)
