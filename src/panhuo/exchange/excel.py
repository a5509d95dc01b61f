"""Workbooks: xlsx, xlsm, xls, ods by calamine; what calamine does not tell (formula errors) is looked up in the xlsx
itself.

Also the two kinds of file that call themselves .xls and are text: HTML tables and the XML Spreadsheet of 2003.
"""

from __future__ import annotations

import html.parser
import io
import re
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

import python_calamine as calamine

from panhuo.exchange import encoding as enc
from panhuo.exchange import tabular
from panhuo.exchange.codes import finding, unreadable
from panhuo.exchange.delivery import Layer
from panhuo.exchange.header import Merge, column_letters
from panhuo.exchange.result import ReadResult
from panhuo.exchange.swollen import swollen
from panhuo.exchange.xlsx import Beneath, beneath
from panhuo.messages import Finding

_SAVE_AS = ("请另存为 .xlsx 后提供。", "Save it as .xlsx and send that.")
_LESS = (
    "请把有数据的区域复制到新工作簿后提供。",
    "Copy the range that holds data into a new workbook and send that.",
)


def read(data: bytes, source: str) -> ReadResult:
    """Every worksheet of a workbook as a table; chart sheets and empty sheets are named, not silently passed by."""
    findings: list[Finding] = []
    if (why := swollen(data)) is not None:
        return ReadResult((), [finding("R16", "error", why.zh, why.en, source, do=_LESS)])
    try:
        book = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
    except calamine.PasswordError:
        return ReadResult((), [locked(source)])
    except Exception as error:  # calamine has several, also Rust panics turned into exceptions
        return ReadResult(
            (), [unreadable(f"工作簿无法打开：{error}。", f"The workbook cannot be opened: {error}.", source, _SAVE_AS)]
        )
    below = beneath(data)
    layers: list[Layer] = []
    for meta in book.sheets_metadata:
        name = meta.name
        notes: tuple[str, ...] = ()
        if meta.typ != calamine.SheetTypeEnum.WorkSheet:
            findings.append(
                _aside(source, name, "不是工作表（图表或宏表），未读取", "is a chart or macro sheet and is not read")
            )
            continue
        if meta.visible != calamine.SheetVisibleEnum.Visible:
            notes = ("隐藏工作表 / hidden sheet",)
            findings.append(
                _aside(source, name, "是隐藏工作表，已一并读取，请确认是否需要", "is hidden; it was read too")
            )
        try:
            sheet = book.get_sheet_by_name(name)
            cells: list[list[Any]] = sheet.to_python(skip_empty_area=False)
            merges = [(a[0], a[1], b[0], b[1]) for a, b in (sheet.merged_cell_ranges or ())]
            del sheet  # as large as the cells
        except Exception as error:  # see above
            findings.append(
                unreadable(
                    f"工作表“{name}”无法读取：{error}。",
                    f"Sheet '{name}' cannot be read: {error}.",
                    source,
                    _SAVE_AS,
                    name,
                )
            )
            continue
        under = below.get(name, Beneath())
        _put_errors(under.errors, source, name, findings)
        notes += _hidden(under, cells, source, name, findings)
        layer = _layer(cells, merges, source, name, "Excel", findings)
        if layer is None:
            findings.append(_aside(source, name, "是空表", "is empty"))
        else:
            layers.append(layer.with_(notes=notes + layer.notes))
    if not layers:
        findings.append(
            finding(
                "D01", "error", "工作簿中没有数据。", "The workbook holds no data.", source,
                do=("请核对是否交错文件。", "Check that this is the right file."),
            )
        )  # fmt: skip
    return ReadResult(tuple(layers), findings)


def locked(source: str) -> Finding:
    """D01 for a workbook with a password."""
    return unreadable(
        "工作簿设有打开密码。",
        "The workbook is protected by a password.",
        source,
        ("请去除密码后重新提供。", "Remove the password and send it again."),
    )


def _aside(source: str, sheet: str, zh: str, en: str) -> Finding:
    return finding("R14", "note", f"工作表“{sheet}”{zh}。", f"Sheet '{sheet}' {en}.", source, layer=sheet)


def _layer(
    cells: Sequence[Sequence[Any]],
    merges: Sequence[Merge],
    source: str,
    name: str,
    driver: str,
    findings: list[Finding],
) -> Layer | None:
    read = tabular.read(cells, merges, source, name, findings)
    if read is None:
        return None
    if read.table.num_rows == 0:
        findings.append(
            finding(
                "D01", "warning", f"工作表“{name}”只有表头，没有数据行。", f"Sheet '{name}' has a header and no rows.",
                source, layer=name, do=("请填写后提供，或说明确无数据。", "Fill it in, or say that there is none."),
            )
        )  # fmt: skip
    return Layer(name, source, driver, read.table, rows=read.rows, notes=read.notes)


def _hidden(under: Beneath, cells: list[list[Any]], source: str, name: str, findings: list[Finding]) -> tuple[str, ...]:
    """Hidden rows and columns within the table: they are read, and said, because nobody sees them in the sheet."""
    rows = [r + 1 for r in under.rows if r < len(cells)]
    columns = [column_letters(c) for c in under.columns if c < max(map(len, cells), default=0)]
    notes = []
    for places, zh, en in ((rows, "行", "rows"), (columns, "列", "columns")):
        if places:
            some = "、".join(str(p) for p in places[:5]) + ("…" if len(places) > 5 else "")
            findings.append(
                finding(
                    "R14", "note", f"工作表“{name}”有 {len(places)} {zh}被隐藏（{some}），已一并读取，请确认是否需要。",
                    f"Sheet '{name}' has {len(places)} hidden {en} ({some}); they were read too.", source, layer=name,
                    row=rows[0] if places is rows else None, count=len(places),
                )
            )  # fmt: skip
            notes.append(f"隐藏的{zh}：{some} / hidden {en}: {some}")
    return tuple(notes)


def _put_errors(errors: dict[tuple[int, int], str], source: str, name: str, findings: list[Finding]) -> None:
    """Formula errors: calamine hands out an empty cell, which would hide them; the cell stays empty and is named."""
    by_kind: dict[str, list[tuple[int, int]]] = {}
    for at, kind in errors.items():
        by_kind.setdefault(kind, []).append(at)
    for kind, places in by_kind.items():
        row, column = min(places)
        cell = f"{column_letters(column)}{row + 1}"
        missing = kind == ""
        zh = f"有 {len(places)} 个公式没有计算结果" if missing else f"有 {len(places)} 个单元格公式错误 {kind}"
        en = (
            f"{len(places)} formulas without a stored result"
            if missing
            else f"{len(places)} cells with the error {kind}"
        )
        findings.append(
            finding(
                "R12", "error" if not missing else "warning", f"{zh}，按空值读入（首个为 {cell}）。",
                f"{en}; read as empty (the first is {cell}).", source, layer=name, row=row + 1, value=kind or None,
                count=len(places),
                do=("请在电子表格中修正公式，或粘贴为数值后保存。", "Mend the formulas or paste them as values."),
            )
        )  # fmt: skip


class _Tables(html.parser.HTMLParser):
    """The tables of an HTML page as cells and merged ranges."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[tuple[list[list[Any]], list[Merge]]] = []
        self._cell: list[str] | None = None
        self._span = (1, 1)
        self._taken: set[tuple[int, int]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.tables.append(([], []))
            self._taken = set()
        elif tag == "tr" and self.tables:
            self.tables[-1][0].append([])
        elif tag in ("td", "th") and self.tables:
            self._close()
            if not self.tables[-1][0]:
                self.tables[-1][0].append([])
            at = {k: int(v) for k, v in attrs if k in ("rowspan", "colspan") and v and v.isdigit()}
            self._span = (min(at.get("rowspan", 1), 10_000) or 1, min(at.get("colspan", 1), 1_000) or 1)
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append(" ")

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._close()

    def _close(self) -> None:
        if self._cell is None:
            return
        rows, merges = self.tables[-1]
        row, at = rows[-1], len(rows) - 1
        text, self._cell = "".join(self._cell).strip(), None
        while (at, len(row)) in self._taken:
            row.append(None)
        down, right = self._span
        left = len(row)
        row += [text or None] + [None] * (right - 1)
        if down > 1 or right > 1:
            merges.append((at, left, at + down - 1, left + right - 1))
            self._taken |= {(r, c) for r in range(at + 1, at + down) for c in range(left, left + right)}


def read_html(data: bytes, source: str, stem: str) -> ReadResult:
    """An .xls that is an HTML page: each table is a layer; all cells are texts."""
    findings: list[Finding] = []
    declared = re.search(rb"charset\s*=\s*[\"']?([\w-]+)", data[:4096])
    decoded = enc.decode(data, declared.group(1).decode() if declared else None)
    parser = _Tables()
    parser.feed(decoded.text)
    layers = []
    for number, (cells, merges) in enumerate(parser.tables, 1):
        name = stem if len(parser.tables) == 1 else f"{stem}_{number}"
        layer = _layer(cells, merges, source, name, "HTML", findings)
        if layer is not None and layer.table.num_columns > 1:
            layers.append(layer.with_(encoding=enc.shown(decoded.encoding)))
    if not layers:
        findings.append(unreadable("网页中没有表格。", "The page holds no table.", source, _SAVE_AS))
    return ReadResult(tuple(layers), findings)


def read_xml(data: bytes, source: str) -> ReadResult:
    """An .xls that is an XML Spreadsheet of 2003."""
    findings: list[Finding] = []
    ns = "{urn:schemas-microsoft-com:office:spreadsheet}"
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - expat refuses entity bombs
    except ElementTree.ParseError as error:
        return ReadResult(
            (), [unreadable(f"表格 XML 损坏：{error}。", f"The spreadsheet XML is broken: {error}.", source, _SAVE_AS)]
        )
    layers = []
    for sheet in root.iter(f"{ns}Worksheet"):
        name = sheet.get(f"{ns}Name") or "Sheet"
        cells: list[list[Any]] = []
        merges: list[Merge] = []
        for row in sheet.iter(f"{ns}Row"):
            index = int(row.get(f"{ns}Index") or len(cells) + 1)
            cells += [[] for _ in range(index - 1 - len(cells))]
            line: list[Any] = []
            for cell in row.iter(f"{ns}Cell"):
                line += [None] * (int(cell.get(f"{ns}Index") or len(line) + 1) - 1 - len(line))
                value = cell.find(f"{ns}Data")
                right, down = int(cell.get(f"{ns}MergeAcross") or 0), int(cell.get(f"{ns}MergeDown") or 0)
                if right or down:
                    merges.append((len(cells), len(line), len(cells) + down, len(line) + right))
                text = "".join(value.itertext()) if value is not None else ""
                number = value is not None and value.get(f"{ns}Type") == "Number"
                line += [float(text) if number and text else text or None] + [None] * right
            cells.append(line)
        layer = _layer(cells, merges, source, name, "Excel", findings)
        if layer is not None:
            layers.append(layer)
    return ReadResult(tuple(layers), findings)
