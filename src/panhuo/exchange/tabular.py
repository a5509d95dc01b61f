"""Rows of cells, from a workbook or a text, as a layer: header, typed columns, totals and footnotes set apart."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from panhuo.exchange import header as hd
from panhuo.exchange.codes import finding
from panhuo.messages import Finding

_DAMAGED = re.compile(r"^\d(\.\d+)?E\+?(1[4-9]|2\d)$", re.I)
_NUMBER = re.compile(r"^[+-]?(0|[1-9]\d{0,14})(\.\d+)?$")


class Read(NamedTuple):
    """A table out of a sheet: columns, the sheet's line number of each row, and notes."""

    table: pa.Table
    rows: pa.Int64Array
    notes: tuple[str, ...]


def read(
    cells: Sequence[Sequence[Any]],
    merges: Sequence[hd.Merge],
    source: str,
    layer: str,
    findings: list[Finding],
    *,
    typed: bool = True,
    lines: Sequence[int] | None = None,
) -> Read | None:
    """A table from rows of cells; None when no cell is filled. ``lines`` are the line numbers of the rows (else 1, 2,
    …)."""
    head = hd.detect(cells, merges)
    if head is None:
        return None
    line = lines or range(1, len(cells) + 1)
    notes = [f"表头以上：{t} / above the header: {t}" for t in head.above]
    notes += [f"第 {line[k]} 行是列号，已略过 / line {line[k]} numbers the columns" for k in head.skipped]
    filled, count = _fill_down(cells, merges, head)
    if count:
        findings.append(
            finding(
                "R13",
                "note",
                f"数据区有 {count} 处合并单元格，已按同值填充。",
                f"{count} merged ranges in the data; each cell was given the common value.",
                source,
                layer=layer,
                count=count,
                do=("请核对填充是否符合原意。", "Check that this is what was meant."),
            )
        )
    kept: list[Sequence[Any]] = []
    numbers: list[int] = []
    for k in range(head.start, len(filled)):
        row = [filled[k][c] if c < len(filled[k]) else None for c in head.columns]
        if all(v is None or v == "" for v in row):
            continue
        if hd.is_total(row):
            notes.append(_total(row, head, int(line[k]), source, layer, findings))
        elif hd.is_footnote(row) and k >= len(filled) - 12:
            said = " ".join(str(v) for v in row if v not in (None, ""))
            notes.append(f"表尾第 {line[k]} 行：{said} / footnote, line {line[k]}")
        else:
            kept.append(row)
            numbers.append(int(line[k]))
    columns = list(zip(*kept, strict=True)) if kept else [()] * len(head.columns)
    arrays = [
        _column(values, numbers, name, head.columns[k], source, layer, findings, typed)
        for k, (values, name) in enumerate(zip(columns, head.paths, strict=True))
    ]
    return Read(pa.table(arrays, names=list(head.paths)), pa.array(numbers, pa.int64()), tuple(notes))


def _fill_down(
    cells: Sequence[Sequence[Any]], merges: Sequence[hd.Merge], head: hd.Header
) -> tuple[list[Sequence[Any]], int]:
    out: list[Sequence[Any]] = list(cells)
    count = 0
    for top, left, bottom, right in merges:
        if top < head.start or top >= len(cells) or left >= len(cells[top]):
            continue
        value = cells[top][left]
        if (
            value in (None, "")
            or hd.is_footnote([value])
            or hd.is_total([value])
            or right - left >= 0.8 * len(head.columns)
        ):
            continue
        count += 1
        for r in range(top, min(bottom, len(cells) - 1) + 1):
            row = list(out[r])
            row += [None] * (right + 1 - len(row))
            for c in range(left, right + 1):
                row[c] = value
            out[r] = row
    return out, count


def _total(row: Sequence[Any], head: hd.Header, line: int, source: str, layer: str, findings: list[Finding]) -> str:
    values = {p: v for p, v in zip(head.paths, row, strict=True) if v not in (None, "")}
    said = json.dumps(values, ensure_ascii=False, default=str)
    findings.append(
        finding(
            "C02",
            "note",
            f"第 {line} 行是合计行，不作为数据行，其数值留待核对。",
            f"Line {line} is a total; it is not taken as data, its figures are kept for checking.",
            source,
            layer=layer,
            row=line,
            value=said,
            do=("请核对合计与各行之和是否一致。", "Check that it equals the sum of the rows."),
        )
    )
    return f"合计行 {line} / total row {line}: {said}"


def _column(
    values: Sequence[Any],
    lines: Sequence[int],
    name: str,
    place: int,
    source: str,
    layer: str,
    findings: list[Finding],
    typed: bool,
) -> pa.Array:
    """One column: texts stay texts; a column of numbers may hold some numbers stored as text; else everything is
    text."""
    plain = [None if v == "" else v for v in values]
    kinds = {type(v) for v in plain if v is not None}
    damaged = [k for k, v in enumerate(plain) if _is_damaged(v)]
    if damaged:
        cell = f"{hd.column_letters(place)}{lines[damaged[0]]}"
        shown = plain[damaged[0]]
        findings.append(
            finding(
                "R11",
                "error",
                f"“{name}”有 {len(damaged)} 个长数字已被电子表格改写，末几位丢失（首个为 {cell}，显示 {shown}）。",
                f"'{name}': {len(damaged)} long numbers were damaged by the spreadsheet (the first in {cell}, "
                f"{shown}).",
                source,
                layer=layer,
                row=lines[damaged[0]],
                field=name,
                value=str(shown),
                count=len(damaged),
                do=(
                    "请把该列设为文本格式后重新填写代码，不能靠改格式恢复。",
                    "Set the column to text and enter the codes again; changing the format does not bring them back.",
                ),
            )
        )
    if not kinds:
        return pa.nulls(len(plain), pa.string())
    if not typed or kinds == {str}:
        return pa.array([None if v is None else as_text(v) for v in plain], pa.string())
    if kinds == {bool}:
        return pa.array(plain, pa.bool_())
    if kinds == {dt.date}:
        return pa.array(plain, pa.date32())
    if kinds <= {dt.date, dt.datetime}:
        return _moments(plain)
    if kinds == {dt.time} or kinds == {dt.timedelta}:
        return pa.array([None if v is None else str(v) for v in plain], pa.string())
    if kinds <= {int, float} or (kinds <= {int, float, str} and _numbers_as_text(plain)):
        if kinds == {int, float, str} or str in kinds:
            count = sum(isinstance(v, str) for v in plain)
            findings.append(
                finding(
                    "R08",
                    "note",
                    f"“{name}”有 {count} 个以文本存储的数字，已按数字读入。",
                    f"'{name}': {count} numbers stored as text were read as numbers.",
                    source,
                    layer=layer,
                    field=name,
                    count=count,
                )
            )
        numbers = [None if v is None else float(v) for v in plain]
        if not damaged and all(v is None or (v.is_integer() and abs(v) < 1e15) for v in numbers):
            return pa.array([None if v is None else int(v) for v in numbers], pa.int64())
        return pa.array(numbers, pa.float64())
    return pa.array([None if v is None else as_text(v) for v in plain], pa.string())


def _moments(plain: Sequence[Any]) -> pa.Array:
    """Dates and times; midnight everywhere means dates."""
    full = [dt.datetime.combine(v, dt.time()) if v is not None and not isinstance(v, dt.datetime) else v for v in plain]
    if all(v is None or v.time() == dt.time() for v in full):
        return pa.array([None if v is None else v.date() for v in full], pa.date32())
    return pa.array(full, pa.timestamp("us"))


def _is_damaged(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_DAMAGED.match(value.strip()))
    if isinstance(value, float):
        return abs(value) >= 1e15 and value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**15


def _numbers_as_text(plain: Sequence[Any]) -> bool:
    texts = [v for v in plain if isinstance(v, str)]
    return len(texts) < 0.5 * len(plain) and all(_NUMBER.match(t.strip()) for t in texts)


def as_text(value: Any) -> str:
    """A cell as text the way a person sees it: 3.0 is 3, dates are ISO, True is TRUE."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    return str(value)
