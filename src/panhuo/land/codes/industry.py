"""The classification of industries, GB/T 4754-2017: sections (A-T) and divisions (01-97)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import polars as pl

from panhuo.land.cells import clean_text, half_width, over_unique
from panhuo.land.tables import read_table
from panhuo.messages import Lang, Text


@dataclass(frozen=True, slots=True)
class Industry:
    """A section (``C``) or a division (``C26``)."""

    code: str
    section: str
    zh: str
    en: str

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en or self.zh)


@cache
def _load() -> Mapping[str, Industry]:
    return MappingProxyType(
        {
            r["division"] or r["section"]: Industry(r["division"] or r["section"], r["section"], r["zh"], r["en"])
            for r in read_table("industries.csv")
        }
    )


#: Sections and divisions by code.
INDUSTRIES: Mapping[str, Industry] = _load()
SECTIONS: Mapping[str, Industry] = MappingProxyType({c: i for c, i in INDUSTRIES.items() if len(c) == 1})
DIVISIONS: Mapping[str, Industry] = MappingProxyType({c: i for c, i in INDUSTRIES.items() if len(c) == 3})

_BY_NUMBER = {c[1:]: c for c in DIVISIONS}
_BY_NAME = {i.zh: c for c, i in DIVISIONS.items()}

#: High energy use, as the planning authorities count it: the six divisions.
ENERGY_INTENSIVE = frozenset({"C25", "C26", "C30", "C31", "C32", "D44"})


def industry_division(text: pl.Expr) -> pl.Expr:
    """The division of each industry code: ``C26``, ``26``, ``C2614``, ``2614 有机化学原料制造``,
    ``化学原料和化学制品制造业`` -> ``C26``.

    Null where there is none: a section alone (``C``), no such number, or a letter that the division does not belong
    to (``A26``).
    A three- or four-digit number counts from the front; a leading zero lost by a spreadsheet (``111`` for ``0111``)
    cannot be told from a group
    and is read as the group of its first two digits.
    """
    return over_unique(text, _division)


def _division(text: pl.Expr) -> pl.Expr:
    t = half_width(clean_text(text)).str.replace_all(r"\s+", "").str.to_uppercase().str.replace(r"^(\d+)\.0+$", "${1}")
    letter = t.str.extract(r"^([A-T])\d")
    number = t.str.extract(r"^[A-T]?(\d{2})\d{0,2}(?:\D|$)")
    alone = t.str.extract(r"^([1-9])$").str.zfill(2)
    found = pl.coalesce(number, alone).replace_strict(
        list(_BY_NUMBER), list(_BY_NUMBER.values()), default=None, return_dtype=pl.String
    )
    fits = letter.is_null() | (found.str.slice(0, 1) == letter)
    named = t.str.replace(r"^[A-T]?\d*", "").replace_strict(
        list(_BY_NAME), list(_BY_NAME.values()), default=None, return_dtype=pl.String
    )
    return pl.coalesce(pl.when(fits).then(found), pl.when(number.is_null()).then(named))


def industry_section(text: pl.Expr) -> pl.Expr:
    """The section (``C`` 制造业) of each industry code; a section's own letter or name counts too."""
    return over_unique(text, _section)


def _section(text: pl.Expr) -> pl.Expr:
    t = half_width(clean_text(text)).str.replace_all(r"\s+", "").str.to_uppercase()
    names = {i.zh: c for c, i in SECTIONS.items()}
    named = t.replace_strict(list(names), list(names.values()), default=None, return_dtype=pl.String)
    single = t.str.extract(r"^([A-T])(?:\D|$)")
    return pl.coalesce(_division(text).str.slice(0, 1), single, named)


def division_name(division: pl.Expr, lang: Lang = "zh") -> pl.Expr:
    """The name of each division (``C26``) in a language; null if unknown."""
    return division.replace_strict(
        list(DIVISIONS), [i.text(lang) for i in DIVISIONS.values()], default=None, return_dtype=pl.String
    )


def is_industrial(text: pl.Expr) -> pl.Expr:
    """Whether the industry is 工业 as statistics count it: sections B, C and D."""
    return industry_section(text).is_in(["B", "C", "D"])
