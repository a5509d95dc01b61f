"""Dates and years as people type them."""

from __future__ import annotations

import polars as pl

from panhuo.land.cells import Normalised, half_width, regular_cells, run_cells

_DAY_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y%m%d", "%Y年%m月%d")
_TIME_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%Y%m%d%H%M%S",
)
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
        t = half_width(text).str.replace_all(r"\s+", " ").str.strip_chars()
        t = t.str.replace(r"^(\d+)\.0+$", "${1}").str.replace(r"[.](\d{3,6})$", "").str.replace(r"Z$|\+00:00$", "")
        month = t.str.replace(r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?$", "${1}-${2}-1")
        month = month.str.replace_all(r"\s*([-/.年月日])\s*", "${1}").str.replace(r"日(\d)", "日 ${1}")
        month = month.str.replace(r"^(\d{4})年(\d{1,2})月(\d{1,2})日? (\d.*)$", "${1}-${2}-${3} ${4}")
        number = pl.when(t.str.contains(r"^\d{5}$")).then(t.cast(pl.Int32, strict=False))
        serial = pl.when(number.is_between(20_000, 80_000)).then((number + _EXCEL_DAY_ZERO).cast(pl.Date))
        tried = [month.str.to_datetime(f, strict=False).cast(pl.Date) for f in _TIME_FORMATS]
        tried += [month.str.to_date(f, strict=False) for f in _DAY_FORMATS]
        found = pl.coalesce(serial, *tried)
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
