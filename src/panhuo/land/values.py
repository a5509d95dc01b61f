"""Values as people type them, made regular: yes and no, dates, years, numbers, areas, money, lists, codes.

Every function takes a whole column and gives two: the regular values (null where there is none), and which rows hold
something that could not be understood.
Nothing is guessed: what is not understood is null and named, the delivered column stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl

from panhuo.land.cell_kernels import Texts, plain_numbers
from panhuo.land.cells import (
    Normalised,
    clean_text,
    half_width,
    regular_cells,
    regular_codes,
    run_cells,
    trimmed_texts,
    words,
)
from panhuo.land.dates import to_date, to_year
from panhuo.land.headers import UNITS
from panhuo.land.units import AREA_UNITS, MONEY_UNITS, factor
from panhuo.messages import PanhuoError

_WORDS = words()


def to_text(column: pl.Series) -> Normalised:
    """Texts, trimmed; nothing is ever not understood."""
    return Normalised(trimmed_texts(column.cast(pl.String)), _all_understood(column))


def to_code(column: pl.Series) -> Normalised:
    """Codes: half-width, capitals, without any blank; ``5.0`` of a spreadsheet number is ``5``. A leading zero once
    lost is not made up."""
    if column.dtype.is_float():
        whole = (column.is_null() | (column == column.floor())).all()
        column = column.cast(pl.Int64).cast(pl.String) if whole else column

    def work(text: pl.Expr) -> pl.Expr:
        t = half_width(clean_text(text)).str.replace_all(r"[\s\u3000\u00a0]+", "").str.to_uppercase()
        return t.str.replace(r"^(\d+)\.0+$", "${1}")

    return Normalised(regular_codes(column.cast(pl.String), work), _all_understood(column))


def _all_understood(column: pl.Series) -> pl.Series:
    return pl.repeat(False, len(column), dtype=pl.Boolean, eager=True).alias(column.name)


def to_bool(column: pl.Series) -> Normalised:
    """Yes and no in the words offices use: 是/否, 有/无, 1/0, √/×, 达标/不达标, 已抵押/未抵押 …"""
    if column.dtype == pl.Boolean:
        return regular_cells(column, column)
    if column.dtype.is_numeric():
        values = pl.select(pl.when(column == 1).then(True).when(column == 0).then(False)).to_series()
        return regular_cells(column, values.cast(pl.Boolean))

    def value(text: pl.Expr) -> pl.Expr:
        t = half_width(text).str.to_lowercase().str.replace_all(r"[\s。.!！]+$", "").str.strip_chars()
        return pl.when(t.is_in(_WORDS["yes"])).then(True).when(t.is_in(_WORDS["no"])).then(False)

    return run_cells(column, value, pl.Boolean)


def to_number(column: pl.Series, *, unit: str | None = None, to_unit: str | None = None) -> Normalised:
    """Numbers as typed: full-width digits, thousands commas, per cent signs (a share), a unit behind the number.

    unit, to_unit : multiply from one unit of :mod:`.units` to another. A unit written in the cell itself wins over
    ``unit``.
    """
    if column.dtype.is_numeric():
        given = column.cast(pl.Float64).fill_nan(None)
        values = given * _factor(unit, to_unit)
        return regular_cells(given, values.set(values.is_infinite().fill_null(False), None))

    def value(text: pl.Expr) -> pl.Expr:
        t = half_width(text).str.replace_all(r"[\s,，]+", "").str.replace(r"^[约¥￥]", "")
        number = t.str.extract(r"^([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)").cast(pl.Float64, strict=False)
        tail = t.str.replace(r"^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", "")
        found = number * _tail_factor(tail, unit, to_unit)
        # 1e999 is written like a number and is none
        return pl.when(found.is_finite()).then(found)

    if column.dtype != pl.String:
        return run_cells(column, value, pl.Float64)
    return _numbers(column, value, _factor(unit, to_unit))


def _numbers(column: pl.Series, value: Callable[[pl.Expr], pl.Expr], scale: float) -> Normalised:
    """Texts as numbers: what is plainly written is read and multiplied by ``scale``, the rest done by ``value``."""
    numbers, odd = plain_numbers(Texts.of(column))
    numbers *= scale
    empty, bad = column.is_null().to_numpy().copy(), np.zeros(len(column), bool)
    if odd.any():
        rest = run_cells(column.filter(pl.Series(odd)), value, pl.Float64)
        numbers[odd] = rest.values.fill_null(0.0).to_numpy()
        empty[odd], bad[odd] = rest.values.is_null().to_numpy(), rest.bad.to_numpy()
    values = pl.Series(column.name, numbers)
    return Normalised(values.set(pl.Series(empty), None) if empty.any() else values, pl.Series(column.name, bad))


#: Units as they stand behind a number in a cell.
_CELL_UNITS = {w: u for w, u in UNITS.items() if u in AREA_UNITS or u in MONEY_UNITS} | {"m²": "m2", "万": "wan_yuan"}
_PLAIN_TAIL = r"^(?:人|层|米|m|吨|度|千瓦时|kwh|年|吨标煤|吨标准煤|tce|t|家|幢|栋|户)?$"


def _factor(unit: str | None, to_unit: str | None) -> float:
    if unit == "percent":
        return 0.01
    if unit is None or to_unit is None or unit == to_unit:
        return 1.0
    return factor(unit, to_unit)


def _tail_factor(tail: pl.Expr, unit: str | None, to_unit: str | None) -> pl.Expr:
    low = tail.str.to_lowercase()
    out = pl.when(low == "%").then(0.01).when(low.str.contains(_PLAIN_TAIL)).then(_factor(unit, to_unit))
    for word, cell_unit in _CELL_UNITS.items():
        if to_unit is None:
            out = out.when(low == word).then(1.0)
            continue
        try:
            out = out.when(low == word).then(factor(cell_unit, to_unit))
        except PanhuoError:  # a unit of another kind is not understood here
            continue
    return out.otherwise(None)


def to_area(column: pl.Series, *, unit: str = "m2") -> Normalised:
    """Areas in m². ``unit`` is that of the column (``m2``, ``mu``, ``hectare`` …); one written in the cell wins."""
    return to_number(column, unit=unit, to_unit="m2")


def to_money(column: pl.Series, *, unit: str = "wan_yuan") -> Normalised:
    """Money in 万元. ``unit`` is that of the column; one written in the cell wins."""
    return to_number(column, unit=unit, to_unit="wan_yuan")


def to_share(column: pl.Series, *, unit: str | None = None) -> Normalised:
    """Shares 0..1. ``30%`` is 0.3; a column with ``unit="percent"`` is divided by 100.

    Without a unit, a numeric column most of whose values that are not zero lie over 1, and none over 100, is per
    cent: a few values over 1 are mistakes, not another unit.
    """
    found = to_number(column, unit=unit)
    some = found.values.filter(found.values != 0).drop_nulls()
    over = int((some > 1).sum()) / max(1, len(some))
    if unit is None and over > 0.5 and (some <= 100).all() and not _has_percent(column):
        return Normalised(found.values / 100, found.bad)
    return found


def _has_percent(column: pl.Series) -> bool:
    return column.dtype == pl.String and bool(column.str.contains("%|％").any())


def to_list(column: pl.Series) -> Normalised:
    """Lists: ``布局散乱、利用粗放`` split at 、；;，,|/ and line ends; empty items fall away. ``无`` is the empty
    list."""
    if isinstance(column.dtype, pl.List):
        return regular_cells(column, column)

    def value(text: pl.Expr) -> pl.Expr:
        parts = text.str.replace_all(r"[、；;，,|/\n\r]+", "、").str.split("、")
        parts = parts.list.eval(pl.element().str.strip_chars().filter(pl.element().str.strip_chars() != ""))
        return pl.when(text.is_in(["无", "没有"])).then(parts.list.head(0)).otherwise(parts)

    return run_cells(column, value, pl.List(pl.String))


def to_int(column: pl.Series) -> Normalised:
    """Whole numbers; a number with a fraction, or too large to be counted exactly, is not understood."""
    found = to_number(column)
    exact = (found.values == found.values.floor()) & (found.values.abs() <= 2.0**53)
    whole = found.values.is_null() | exact
    values = found.values.set(~whole, None).cast(pl.Int64)
    return Normalised(values, (found.bad | ~whole).alias(column.name))


def normalise(column: pl.Series, kind: str, *, unit: str | None = None, to_unit: str | None = None) -> Normalised:
    """A column made regular by the kind of its field (see :class:`panhuo.land.roles.Field`).

    unit : the unit of the column (from its header or found by :func:`panhuo.land.units.guess_area_unit`); None for
    the usual one.
    to_unit : for kind ``number``: the field's own unit (``share`` for a share, ``kWh`` …)
    """
    match kind:
        case "text":
            return to_text(column)
        case "code":
            return to_code(column)
        case "bool":
            return to_bool(column)
        case "date":
            return to_date(column)
        case "year":
            return to_year(column)
        case "list":
            return to_list(column)
        case "int":
            return to_int(column)
        case "area":
            return to_area(column, unit=unit or "m2")
        case "money":
            return to_money(column, unit=unit or "wan_yuan")
        case "number" if to_unit == "share":
            return to_share(column, unit=unit)
        case "number":
            scale = {"wan_kWh": 1e4, "wan_tce": 1e4, "kg": 1e-3}.get(unit or "", 1.0)
            found = to_number(column)
            return Normalised(found.values * scale, found.bad)
    raise PanhuoError(f"不认识字段类型“{kind}”。", f"Unknown kind of field '{kind}'.")
