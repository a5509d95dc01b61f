"""Cells of delivered tables as plain text: half-width, trimmed, and empty where nothing is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.land import cell_kernels
from panhuo.land.cell_kernels import Texts, Words
from panhuo.land.tables import read_table

_FULL = "０１２３４５６７８９．，－／：（）％＋　；ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ"
_HALF = "0123456789.,-/:()%+ ;ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@cache
def words() -> Mapping[str, list[str]]:
    """Words in cells that mean ``yes``, ``no`` or ``nothing`` (``data/words.csv``)."""
    out: dict[str, list[str]] = {}
    for r in read_table("words.csv"):
        out.setdefault(r["meaning"], []).append(r["word"])
    return MappingProxyType(out)


@dataclass(frozen=True, slots=True)
class Normalised:
    """A column made regular. ``values``: null where empty or not understood; ``bad``: True where not understood."""

    values: pl.Series
    bad: pl.Series

    @property
    def bad_count(self) -> int:
        return int(self.bad.sum())


def half_width(text: pl.Expr) -> pl.Expr:
    """Full-width digits, capitals and the punctuation of numbers as their half-width forms; Chinese punctuation is
    left alone."""
    return text.str.replace_many(list(_FULL), list(_HALF))


def clean_text(text: pl.Expr) -> pl.Expr:
    """Text without blanks at its ends (also full-width and no-break ones); null where the cell says "nothing here"."""
    trimmed = text.cast(pl.String).str.strip_chars(" \t\r\n\u3000\u00a0\ufeff\u200b\x00")
    return pl.when(~trimmed.is_in(["", *words()["nothing"]])).then(trimmed)


@cache
def _nothing() -> Words:
    return Words.of(words()["nothing"])


#: Shorter columns are worked over as they are.
_MANY = 1000


@dataclass(frozen=True, slots=True)
class Repeats:
    """The different texts of a column: ``rows`` (k,) where each is met first, ``held`` (n,) which of them a row has."""

    rows: pl.Series
    held: pl.Series

    def pick(self, column: pl.Series) -> pl.Series:
        """One cell for each different text, (k,)."""
        return column.gather(self.rows)

    def lay(self, values: pl.Series) -> pl.Series:
        """A value for each different text (k,) laid out over the rows (n,)."""
        return values.gather(self.held)


def repeats(column: pl.Series) -> Repeats | None:
    """How the texts of a column repeat; None for a short column, or one that hardly repeats: more than a quarter of its
    texts differ."""
    if len(column) < _MANY:
        return None
    rows, held = cell_kernels.distinct(Texts.of(column), len(column) // 4)
    return Repeats(pl.Series(rows), pl.Series(held)) if len(rows) else None


def over_unique(
    text: pl.Expr, work: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType | type[pl.DataType] = pl.String
) -> pl.Expr:
    """``work`` done once for each different text of a column and laid out again; the column keeps its name.

    Codes and words repeat: a million rows hold a few hundred of them. Where they do not, every row is worked over.
    """

    def done(column: pl.Series) -> pl.Series:
        return pl.DataFrame({"text": column}).with_columns(value=work(pl.col("text")).cast(dtype))["value"]

    def apply(column: pl.Series) -> pl.Series:
        found = repeats(column)
        laid = done(column) if found is None else found.lay(done(found.pick(column)))
        return laid.alias(column.name)

    return text.cast(pl.String).map_batches(apply, return_dtype=dtype, is_elementwise=True)


def run_cells(
    column: pl.Series, value: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType | type[pl.DataType]
) -> Normalised:
    """Apply an expression to the cleaned text of a column; a text that gives null was not understood."""
    texts = column.cast(pl.String)
    found = repeats(texts)
    some = texts if found is None else found.pick(texts)
    frame = pl.DataFrame({"v": some}).select(text=clean_text(pl.col("v")))
    out = frame.select(value=value(pl.col("text")).cast(dtype), text="text")
    values, bad = out["value"], out["value"].is_null() & out["text"].is_not_null()
    if found is not None:
        values, bad = found.lay(values), found.lay(bad)
    return Normalised(values.alias(column.name), bad.alias(column.name))


def trimmed_texts(column: pl.Series) -> pl.Series:
    """:func:`clean_text` of a column (n,) of dtype String; only cells that it may change are touched."""
    return _mended(column, cell_kernels.odd_texts(Texts.of(column), _nothing()), clean_text)


def regular_codes(column: pl.Series, work: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """``work`` over a column (n,) of dtype String; only over cells that are not visible ASCII in capitals and Chinese
    characters already, which ``work`` must leave as they are."""
    return _mended(column, cell_kernels.odd_codes(Texts.of(column), _nothing()), work)


def _mended(column: pl.Series, odd: NDArray[np.bool_], work: Callable[[pl.Expr], pl.Expr]) -> pl.Series:
    """The column with ``work`` done on its odd cells."""
    at = np.flatnonzero(odd)
    if not at.size:
        return column
    # each odd cell takes its place from behind the column
    mended = column.gather(at).to_frame("v").select(over_unique(pl.col("v"), work))["v"]
    order = np.arange(len(column))
    order[at] = len(column) + np.arange(at.size)
    return pl.concat([column, mended.alias(column.name)]).gather(order)


def regular_cells(column: pl.Series, values: pl.Series) -> Normalised:
    bad = values.is_null() & column.is_not_null()
    return Normalised(values.alias(column.name), bad.alias(column.name))
