"""Columns of a table as people fill them in: which type a column has, and what a spreadsheet did to its numbers.

Whole columns at once; Python looks only at the cells that a filter has picked.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from panhuo.exchange.codes import finding
from panhuo.exchange.header import column_letters, is_total
from panhuo.messages import Finding

_DAMAGED = re.compile(r"^\d(\.\d+)?E\+?(1[4-9]|2\d)$", re.I)
_NUMBER = re.compile(r"^[+-]?(0|[1-9]\d{0,14})(\.\d+)?$")
# Filters in Rust's dialect, somewhat wider than the tests that then decide: its \s lacks four of Python's blanks.
_BLANK = r"[\s\x1c-\x1f]"
_PERHAPS_DAMAGED = rf"^{_BLANK}*\d(\.\d+)?[eE]\+?[12]\d{_BLANK}*$"
_PERHAPS_TOTAL = rf"^{_BLANK}*[合总小共累本gGtTsSſ]"


@dataclass(frozen=True, slots=True)
class Column:
    """The cells of one column: ``texts`` when all are texts (empty ones null), else ``values`` as they came."""

    values: Sequence[Any]
    texts: pl.Series | None

    @staticmethod
    def of(values: Sequence[Any]) -> Column:
        """A column of cells as a workbook or a text gives them."""
        if set(map(type, values)) <= {str, type(None)}:
            return Column.of_texts(pl.Series(values, dtype=pl.String))
        return Column(values, None)

    @staticmethod
    def of_texts(texts: pl.Series) -> Column:
        empty = texts == ""
        return Column((), texts.set(empty, None) if empty.any() else texts)

    def cell(self, row: int) -> Any:
        return self.values[row] if self.texts is None else self.texts[row]

    def filled(self) -> NDArray[np.bool_]:
        """Which cells hold anything, (n,)."""
        if self.texts is not None:
            return self.texts.is_not_null().to_numpy()
        return np.fromiter((v is not None and v != "" for v in self.values), bool, len(self.values))

    def strings(self) -> pl.Series:
        """The cells that are texts; null elsewhere."""
        if self.texts is not None:
            return self.texts
        return pl.Series([v if type(v) is str else None for v in self.values], dtype=pl.String)

    def kept(self, keep: NDArray[np.bool_]) -> Column:
        """The rows of the mask ``keep``; what is left may turn out to be texts only."""
        if self.texts is not None:
            return Column((), self.texts.filter(pl.Series(keep)))
        return Column.of(list(itertools.compress(self.values, keep.tolist())))


def empty_rows(columns: Sequence[Column], n: int) -> NDArray[np.bool_]:
    """Which rows hold nothing, (n,)."""
    empty = np.ones(n, bool)
    for column in columns:
        if not empty.any():
            break
        empty &= ~column.filled()
    return empty


def total_rows(columns: Sequence[Column], n: int) -> list[int]:
    """The rows that are sums of others, as :func:`panhuo.exchange.header.is_total` tells them."""
    texts_before = np.zeros(n, np.int32)
    found: set[int] = set()
    for column in columns:
        if n == 0 or texts_before.min() >= 4:  # only the first four texts of a row count
            break
        texts = column.strings()
        perhaps = texts.str.contains(_PERHAPS_TOTAL).fill_null(False)
        named = [t for t in texts.filter(perhaps).unique() if is_total([t])]
        if named:
            found.update(texts.is_in(named).fill_null(False).arg_true().to_list())
        texts_before += texts.str.contains(r"^[^\s\x1c-\x1f]").fill_null(False).to_numpy()
    return sorted(k for k in found if is_total([c.cell(k) for c in columns]))


def typed(
    column: Column,
    lines: NDArray[np.int64],
    name: str,
    place: int,
    source: str,
    layer: str,
    findings: list[Finding],
) -> pa.Array:
    """One column as an Arrow array: texts stay texts; a column of numbers may hold some numbers stored as text; else
    everything is text. ``place`` is its position in the sheet, ``lines`` (n,) the line of each cell there."""
    if column.texts is not None:
        _say_damaged(_damaged_texts(column.texts), column, lines, name, place, source, layer, findings)
        if column.texts.null_count() == len(column.texts):
            return pa.nulls(len(column.texts), pa.string())
        return _arrow(column.texts)
    plain = [None if v == "" else v for v in column.values]
    kinds = set(map(type, plain)) - {type(None)}
    if kinds <= {int, float}:
        return _numbers(column, plain, lines, name, place, source, layer, findings)
    damaged = [k for k, v in enumerate(plain) if _is_damaged(v)]
    _say_damaged(damaged, column, lines, name, place, source, layer, findings)
    if kinds == {bool}:
        return pa.array(plain, pa.bool_())
    if kinds == {dt.date}:
        return pa.array(plain, pa.date32())
    if kinds <= {dt.date, dt.datetime}:
        return _moments(plain)
    if kinds <= {int, float, str} and _numbers_as_text(plain):
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
        return _as_numbers(np.array([np.nan if v is None else float(v) for v in plain]), plain, bool(damaged))
    return pa.array([None if v is None else as_text(v) for v in plain], pa.string())


def _arrow(texts: pl.Series) -> pa.Array:
    array = texts.to_arrow()
    return array.cast(pa.string()) if array.nbytes < 2**31 else array.cast(pa.large_string())


def _numbers(
    column: Column,
    plain: list[Any],
    lines: NDArray[np.int64],
    name: str,
    place: int,
    source: str,
    layer: str,
    findings: list[Finding],
) -> pa.Array:
    if None in plain:
        numbers = np.array([np.nan if v is None else v for v in plain], np.float64)
    else:
        numbers = np.array(plain, np.float64)
    large = np.abs(numbers) >= 1e15
    damaged = [k for k in np.flatnonzero(large).tolist() if _is_damaged(plain[k])] if large.any() else []
    _say_damaged(damaged, column, lines, name, place, source, layer, findings)
    return _as_numbers(numbers, plain, bool(damaged))


def _as_numbers(numbers: NDArray[np.float64], plain: list[Any], damaged: bool) -> pa.Array:
    """Floating point, or whole numbers when all are whole; ``plain`` tells the empty cells (None)."""
    missing = np.isnan(numbers)
    if missing.any():
        missing = np.fromiter((v is None for v in plain), bool, len(plain))
    there = numbers[~missing]
    if not damaged and bool(((np.abs(there) < 1e15) & (there == np.floor(there))).all()):
        return pa.array(np.where(missing, 0, numbers).astype(np.int64), mask=missing, from_pandas=False)
    return pa.array(numbers, mask=missing, from_pandas=False)


def _damaged_texts(texts: pl.Series) -> list[int]:
    perhaps = texts.str.contains(_PERHAPS_DAMAGED).fill_null(False)
    return [k for k in perhaps.arg_true().to_list() if _is_damaged(texts[k])]


def _say_damaged(
    damaged: list[int],
    column: Column,
    lines: NDArray[np.int64],
    name: str,
    place: int,
    source: str,
    layer: str,
    findings: list[Finding],
) -> None:
    """R11 for long numbers that a spreadsheet has rounded to 15 digits."""
    if not damaged:
        return
    row = int(lines[damaged[0]])
    cell, shown = f"{column_letters(place)}{row}", column.cell(damaged[0])
    findings.append(
        finding(
            "R11",
            "error",
            f"“{name}”有 {len(damaged)} 个长数字已被电子表格改写，末几位丢失（首个为 {cell}，显示 {shown}）。",
            f"'{name}': {len(damaged)} long numbers were damaged by the spreadsheet (the first in {cell}, {shown}).",
            source,
            layer=layer,
            row=row,
            field=name,
            value=str(shown),
            count=len(damaged),
            do=(
                "请把该列设为文本格式后重新填写代码，不能靠改格式恢复。",
                "Set the column to text and enter the codes again; changing the format does not bring them back.",
            ),
        )
    )


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
