"""Dates and years as people type them."""

from __future__ import annotations

import polars as pl

from panhuo.land.cells import Normalised, half_width, regular_cells, run_cells

#: A date with its parts apart (2023年1月5日, 2023/1/5, 2023.1.5), run together (20230105), or a month alone; a time
#: may follow.
_TIME = r"(?:[日T\s]+\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?秒?)?分?(?:Z|\+\d{2}:\d{2})?)?"
_APART = rf"^(\d{{4}})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*日?{_TIME}$"
_TOGETHER = r"^(\d{4})(\d{2})(\d{2})(?:\d{6})?$"
_MONTH = r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?$"
_EXCEL_DAY_ZERO = -25_569  # 1899-12-30 in days from 1970-01-01


def to_date(column: pl.Series) -> Normalised:
    """Dates: ``2023年1月5日``, ``20230105``, ``2023/1/5``, ``2023.1.5``, with a time behind, and Excel's day numbers.

    A month without a day (``2023年5月``) is its first day. Day numbers count from 1899-12-30 and are read between
    1954 and 2119.
    """
    if column.dtype == pl.Date:
        return regular_cells(column, column)
    if column.dtype == pl.Datetime or isinstance(column.dtype, pl.Datetime):
        return regular_cells(column, column.cast(pl.Date))

    def value(text: pl.Expr) -> pl.Expr:
        t = half_width(text).str.strip_chars().str.replace(r"^(\d+)\.0+$", "${1}")
        number = pl.when(t.str.contains(r"^\d{5}(?:\.\d+)?$")).then(t.str.slice(0, 5).cast(pl.Int32, strict=False))
        serial = pl.when(number.is_between(20_000, 80_000)).then((number + _EXCEL_DAY_ZERO).cast(pl.Date))
        # one form, parsed once: trying format after format takes a minute for a million cells
        form = t.str.replace(_APART, "${1}-${2}-${3}").str.replace(_TOGETHER, "${1}-${2}-${3}")
        form = form.str.replace(_MONTH, "${1}-${2}-1")
        found = pl.coalesce(form.str.to_date("%Y-%m-%d", strict=False), serial)
        return pl.when(found.dt.year().is_between(1900, 2150)).then(found)

    return run_cells(column, value, pl.Date)


def to_year(column: pl.Series) -> Normalised:
    """Years as numbers: ``2024``, ``2024年``, ``2024年度``, a date, ``202412``. Only 1900 to 2150."""
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return regular_cells(column, column.dt.year().cast(pl.Int64))

    def value(text: pl.Expr) -> pl.Expr:
        t = half_width(text).str.replace(r"^(\d+)\.0+$", "${1}")
        plain = t.str.extract(r"^\s*((?:19|20|21)\d{2})(?:\s*年?度?|\s*[-/.年].*|\d{2}|\d{4})$").cast(
            pl.Int64, strict=False
        )
        number = pl.when(t.str.contains(r"^\d{5}$")).then(t.cast(pl.Int32, strict=False))
        serial = pl.when(number.is_between(20_000, 80_000)).then((number + _EXCEL_DAY_ZERO).cast(pl.Date).dt.year())
        found = pl.coalesce(plain, serial)
        return pl.when(found.is_between(1900, 2150)).then(found)

    return run_cells(column, value, pl.Int64)
