"""Cells of delivered tables as plain text: half-width, trimmed, and empty where nothing is said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import polars as pl

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


def over_unique(
    text: pl.Expr, work: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType | type[pl.DataType] = pl.String
) -> pl.Expr:
    """``work`` done once for each different text of a column and laid out again; the column keeps its name.

    Codes and words repeat: a million rows hold a few hundred of them.
    """

    def apply(column: pl.Series) -> pl.Series:
        different = pl.DataFrame({"text": column.unique()})
        done = different.with_columns(value=work(pl.col("text")).cast(dtype))
        laid = pl.DataFrame({"text": column}).join(done, on="text", how="left", nulls_equal=True, maintain_order="left")
        return laid["value"].alias(column.name)

    return text.cast(pl.String).map_batches(apply, return_dtype=dtype, is_elementwise=True)


def run_cells(
    column: pl.Series, value: Callable[[pl.Expr], pl.Expr], dtype: pl.DataType | type[pl.DataType]
) -> Normalised:
    """Apply an expression to the cleaned text of a column; a text that gives null was not understood."""
    frame = pl.DataFrame({"v": column.cast(pl.String)}).select(text=clean_text(pl.col("v")))
    out = frame.select(value=over_unique(pl.col("text"), value, dtype), text="text")
    values = out["value"].cast(dtype).alias(column.name)
    return Normalised(values, (values.is_null() & out["text"].is_not_null()).alias(column.name))


def regular_cells(column: pl.Series, values: pl.Series) -> Normalised:
    bad = values.is_null() & column.is_not_null()
    return Normalised(values.alias(column.name), bad.alias(column.name))
