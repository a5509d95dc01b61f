"""The short code lists: ownership, rights, supply, town attribute, yield class and the like
(``data/code_lists.csv``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import polars as pl

from panhuo.land.cells import clean_text, half_width, over_unique
from panhuo.land.tables import read_table
from panhuo.messages import PanhuoError, Text


@dataclass(frozen=True, slots=True)
class CodeItem:
    """One entry of a code list; ``kind`` is a wider class where the list has one (国有 or 集体; 城镇 or 村庄)."""

    list: str
    code: str
    zh: str
    en: str
    kind: str | None
    aliases: tuple[str, ...]

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


@cache
def _lists() -> Mapping[str, Mapping[str, CodeItem]]:
    out: dict[str, dict[str, CodeItem]] = {}
    for r in read_table("code_lists.csv"):
        out.setdefault(r["list"], {})[r["code"]] = CodeItem(
            r["list"], r["code"], r["zh"], r["en"], r["kind"] or None, tuple(a for a in r["aliases"].split("|") if a)
        )
    return MappingProxyType({k: MappingProxyType(v) for k, v in out.items()})


#: Code lists by id: ``qsxz`` 权属性质, ``qllx`` 权利类型, ``qlxz`` 权利性质, ``supply`` 供应方式, ``czcsx``
#: 城镇村属性, ``yield_class`` 亩产效益等级,
#: ``catalogue`` 产业目录类别, ``danger`` 危房等级, ``legacy_situation`` 历史遗留情形, ``case_state`` 办理状态,
#: ``control_line`` 控制线, ``renewal_kind`` 改造范围类型.
CODE_LISTS: Mapping[str, Mapping[str, CodeItem]] = _lists()


def code_list(name: str) -> Mapping[str, CodeItem]:
    """The entries of a code list by code; an error naming the lists there are."""
    if name not in CODE_LISTS:
        have = ", ".join(CODE_LISTS)
        raise PanhuoError(f"没有代码表“{name}”，可用：{have}。", f"There is no code list '{name}'; there are: {have}.")
    return CODE_LISTS[name]


def _squeeze(text: str) -> str:
    return text.replace("（", "(").replace("）", ")").replace(" ", "").upper()


@cache
def _spellings(name: str) -> Mapping[str, str]:
    """Every spelling (code, padded code, name, alias) -> code."""
    out: dict[str, str] = {}
    items = code_list(name).values()
    for item in items:
        for spelling in (item.code, item.zh, *item.aliases):
            out.setdefault(_squeeze(spelling), item.code)
        if item.code.isdigit():
            out.setdefault(item.code.zfill(2), item.code)
    return MappingProxyType(out)


def item_code(text: pl.Expr, name: str) -> pl.Expr:
    """The code of each entry, from its code, its name or both (``3``, ``国有建设用地使用权``, ``3
    国有建设用地使用权``); null if unknown."""
    code_list(name)
    return over_unique(text, lambda t: _code(t, name))


def _code(text: pl.Expr, name: str) -> pl.Expr:
    known = _spellings(name)
    t = half_width(clean_text(text)).str.replace_all(r"\s+", "").str.to_uppercase()
    t = t.str.replace_all("（", "(", literal=True).str.replace_all("）", ")", literal=True)
    t = t.str.replace(r"^(\d+)\.0+$", "${1}")
    front = t.str.extract(r"^([0-9A-Z]+)[^0-9A-Z(]")
    behind = t.str.extract(r"[(]([0-9A-Z]+)[)]$")
    bare = t.str.replace(r"[(].*[)]$", "")
    return pl.coalesce(
        x.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)
        for x in (t, bare, front, behind)
    )


def _attribute(text: pl.Expr, name: str, attribute: str) -> pl.Expr:
    table = {c: getattr(i, attribute) for c, i in code_list(name).items() if getattr(i, attribute) is not None}
    return over_unique(
        text,
        lambda t: _code(t, name).replace_strict(
            list(table), list(table.values()), default=None, return_dtype=pl.String
        ),
    )


def item_name(text: pl.Expr, name: str, lang: str = "zh") -> pl.Expr:
    """The official name of each entry; null if unknown."""
    return _attribute(text, name, "zh" if lang == "zh" else "en")


def item_kind(text: pl.Expr, name: str) -> pl.Expr:
    """The wider class of each entry (国有/集体, 城镇/村庄/其他); null if unknown."""
    return _attribute(text, name, "kind")


def is_item(text: pl.Expr, name: str) -> pl.Expr:
    """Whether each text is an entry of the list; null stays null."""
    return pl.when(clean_text(text).is_not_null()).then(item_code(text, name).is_not_null())


def ownership_kind(
    nature: pl.Expr | None = None,
    *,
    parcel_code: pl.Expr | None = None,
    right_type: pl.Expr | None = None,
    right_nature: pl.Expr | None = None,
) -> pl.Expr:
    """国有 or 集体 from whatever there is: 权属性质 first, then 权利类型, 权利性质 and the G or J of the parcel code;
    null if none says.

    The two-digit family of QSXZ decides (10, 2x 国有; 3x, 4x 集体; TD/T 1057-2020).
    """
    found: list[pl.Expr] = []
    if nature is not None:
        family = half_width(clean_text(nature)).str.slice(0, 1)
        digits = half_width(clean_text(nature)).str.contains(r"^\d{2}")
        by_family = (
            pl.when(digits & family.is_in(["1", "2"]))
            .then(pl.lit("国有"))
            .when(digits & family.is_in(["3", "4"]))
            .then(pl.lit("集体"))
        )
        found += [item_kind(nature, "qsxz"), by_family, _named_kind(nature)]
    if right_type is not None:
        found += [item_kind(right_type, "qllx"), _named_kind(right_type)]
    if right_nature is not None:
        found += [item_kind(right_nature, "qlxz"), _named_kind(right_nature)]
    if parcel_code is not None:
        letter = half_width(clean_text(parcel_code)).str.replace_all(r"\s+", "").str.to_uppercase().str.slice(12, 1)
        found.append(letter.replace_strict(["G", "J"], ["国有", "集体"], default=None, return_dtype=pl.String))
    return pl.coalesce(*found, pl.lit(None, dtype=pl.String))


def _named_kind(text: pl.Expr) -> pl.Expr:
    t = clean_text(text)
    state = t.str.contains("国有|国家")
    group = t.str.contains("集体|宅基地")
    return pl.when(state & ~group).then(pl.lit("国有")).when(group & ~state).then(pl.lit("集体"))
