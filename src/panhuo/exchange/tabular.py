"""Rows of cells, from a workbook or a text, as a layer: header, typed columns, totals and footnotes set apart.

The header is found in the first rows; the body is taken by columns (:mod:`panhuo.exchange.columns`), because tables of
a district have a million rows.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from panhuo.exchange import header as hd
from panhuo.exchange.codes import finding
from panhuo.exchange.columns import Column, empty_rows, total_rows, typed
from panhuo.messages import Finding

#: So many rows at a table's end may be footnotes.
_FOOT = 12


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
    lines: Sequence[int] | None = None,
) -> Read | None:
    """A table from rows of cells; None when no cell is filled. ``lines`` are the line numbers of the rows (else 1, 2,
    …)."""
    head = hd.detect(cells, merges)
    if head is None:
        return None
    filled, count = _fill_down(cells, merges, head)
    line = np.arange(1, len(cells) + 1) if lines is None else np.asarray(lines, np.int64)
    notes = _above(head, line)
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
    body = filled[head.start :]
    width = max(head.columns, default=-1) + 1
    if body and min(map(len, body)) < width:
        body = [row if len(row) >= width else [*row, *[None] * (width - len(row))] for row in body]
    columns = [Column.of(list(map(itemgetter(c), body))) for c in head.columns]
    return _body(head, columns, line[head.start :], notes, source, layer, findings)


def read_texts(
    top: Sequence[Sequence[str | None]],
    texts: pl.DataFrame,
    lines: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> Read | None:
    """The same from columns of texts (n rows, empty cells null); ``top`` are the first rows among them.

    None when no cell is filled. ValueError when the table does not begin within ``top``.
    """
    head = hd.detect(top, used=lambda k, start: k < texts.width and bool(texts[start:, k].is_not_null().any()))
    if head is None:
        return None
    if head.start >= len(top) < texts.height:
        raise ValueError("the header is longer than the rows at hand")
    columns = [Column.of_texts(texts[head.start :, c]) for c in head.columns]
    return _body(head, columns, lines[head.start :], _above(head, lines), source, layer, findings)


def _above(head: hd.Header, line: NDArray[np.int64]) -> list[str]:
    notes = [f"表头以上：{t} / above the header: {t}" for t in head.above]
    return notes + [f"第 {line[k]} 行是列号，已略过 / line {line[k]} numbers the columns" for k in head.skipped]


def _body(
    head: hd.Header,
    columns: list[Column],
    lines: NDArray[np.int64],
    notes: list[str],
    source: str,
    layer: str,
    findings: list[Finding],
) -> Read:
    """The rows below the header, ``lines`` (n,) being their numbers: what is not data is set apart, the rest typed."""
    n = len(lines)
    drop = empty_rows(columns, n)
    totals = set(total_rows(columns, n)) if columns else set()
    for k in sorted(totals.union(range(max(0, n - _FOOT), n))):
        if drop[k]:
            continue
        row = [c.cell(k) for c in columns]
        if k in totals:
            notes.append(_total(row, head, int(lines[k]), source, layer, findings))
        elif hd.is_footnote(row):
            said = " ".join(str(v) for v in row if v not in (None, ""))
            notes.append(f"表尾第 {lines[k]} 行：{said} / footnote, line {lines[k]}")
        else:
            continue
        drop[k] = True
    if drop.any():
        columns, lines = [c.kept(~drop) for c in columns], lines[~drop]
    arrays = [
        typed(column, lines, name, place, source, layer, findings)
        for column, name, place in zip(columns, head.paths, head.columns, strict=True)
    ]
    return Read(pa.table(arrays, names=list(head.paths)), pa.array(lines, pa.int64()), tuple(notes))


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
