"""The facts that a survey measures: one row a parcel, null where it is not known.

The catalogue is data (``data/facts.csv``). Other floors take names, units and "whom to ask" from here and nowhere
else, so that a report,
an evidence sheet and a message about a missing value use the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal, cast

import polars as pl

from panhuo.land.tables import read_table
from panhuo.messages import PanhuoError, Text

FactKind = Literal["text", "number", "int", "bool", "date", "list"]

DTYPES: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "text": pl.String(),
        "number": pl.Float64(),
        "int": pl.Int64(),
        "bool": pl.Boolean(),
        "date": pl.Date(),
        "list": pl.List(pl.String()),
    }
)

#: How a unit of the catalogue is written.
UNIT_NAMES: Mapping[str, Text] = MappingProxyType(
    {
        "m2": Text("平方米", "m²"),
        "share": Text("", ""),
        "ratio": Text("", ""),
        "year": Text("年", ""),
        "buildings": Text("幢", "buildings"),
        "enterprises": Text("家", "enterprises"),
        "wan_yuan": Text("万元", "10,000 yuan"),
        "wan_yuan_per_mu": Text("万元/亩", "10,000 yuan per mu"),
        "wan_yuan_per_hectare": Text("万元/公顷", "10,000 yuan per hectare"),
    }
)


@dataclass(frozen=True, slots=True)
class FactColumn:
    """One column of the facts: its names, type, unit, the role it is measured from, and whom to ask when it is
    missing."""

    name: str
    zh: str
    en: str
    kind: FactKind
    unit: str | None
    source_role: str
    ask: Text

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type of the column."""
        return DTYPES[self.kind]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)

    @property
    def unit_text(self) -> Text:
        """The unit as people write it; empty for shares and plain texts."""
        return UNIT_NAMES.get(self.unit or "", Text("", ""))


@cache
def _load() -> Mapping[str, FactColumn]:
    return MappingProxyType(
        {
            r["name"]: FactColumn(
                r["name"],
                r["zh"],
                r["en"],
                cast(FactKind, r["dtype"]),
                r["unit"] or None,
                r["source_role"],
                Text(r["ask_zh"], r["ask_en"]),
            )
            for r in read_table("facts.csv")
        }
    )


#: Every fact by name, in the order of the facts table.
FACTS: Mapping[str, FactColumn] = _load()


def fact(name: str) -> FactColumn:
    """The catalogue entry of one fact; an error naming it if there is none."""
    if name not in FACTS:
        raise PanhuoError(
            f"没有名为“{name}”的指标；可用指标见指标目录。",
            f"There is no fact called '{name}'; see the catalogue of facts.",
        )
    return FACTS[name]


def facts_schema(names: Iterable[str] | None = None) -> dict[str, pl.DataType]:
    """Column name to Polars type, for all facts or those named."""
    return {n: fact(n).dtype for n in (FACTS if names is None else names)}


def empty_facts(count: int) -> pl.DataFrame:
    """A facts table of ``count`` rows in which nothing is known yet: every column null."""
    return pl.DataFrame({n: pl.Series(n, [None] * count, dtype=d) for n, d in facts_schema().items()})
