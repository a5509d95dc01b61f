"""Land classes in the five schemes that occur side by side.

A code means nothing without its scheme: 1001 is 铁路用地 in the surveys and 工业用地 in the planning scheme of 2023.
Every function therefore takes the scheme.
Whole columns are Polars expressions; texts such as ``0601工业用地``, ``工业用地(0601)`` or a name alone are read as
the code they hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Literal

import polars as pl

from panhuo.land.cells import clean_text, half_width, over_unique
from panhuo.land.tables import read_table
from panhuo.messages import PanhuoError, Text

BigClass = Literal["建设用地", "农用地", "未利用地", "海域"]
Group = Literal[
    "工业", "仓储", "商服", "住宅", "公服", "交通", "公用设施", "特殊", "其他建设", "农用", "未利用", "海域"
]

GROUPS: tuple[Group, ...] = (
    "工业",
    "仓储",
    "商服",
    "住宅",
    "公服",
    "交通",
    "公用设施",
    "特殊",
    "其他建设",
    "农用",
    "未利用",
    "海域",
)
_BIG: Mapping[str, BigClass] = MappingProxyType({"农用": "农用地", "未利用": "未利用地", "海域": "海域"})


@dataclass(frozen=True, slots=True)
class Scheme:
    """One classification of land. ``also`` are schemes whose codes are understood in the same column (they mean the
    same there)."""

    id: str
    zh: str
    en: str
    standard: str
    also: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en)


#: The schemes by id.
SCHEMES: Mapping[str, Scheme] = MappingProxyType(
    {
        s.id: s
        for s in (
            Scheme(
                "gbt21010",
                "土地利用现状分类",
                "Current land use classification",
                "GB/T 21010-2017",
                ("survey3", "survey2"),
                ("21010", "现状分类", "GB/T21010", "GB/T 21010"),
            ),
            Scheme(
                "survey3",
                "三调工作分类",
                "Third national land survey",
                "TD/T 1055-2019",
                ("gbt21010", "survey2"),
                ("三调", "第三次全国国土调查", "变更调查"),
            ),
            Scheme(
                "survey2",
                "二调分类",
                "Second national land survey",
                "GB/T 21010-2007",
                ("gbt21010",),
                ("二调", "第二次全国土地调查"),
            ),
            Scheme(
                "landsea2023",
                "国土空间用地用海分类",
                "Land and sea use in territorial planning",
                "自然资发〔2023〕234号",
                (),
                ("用地用海", "用地用海分类", "用地用海2023"),
            ),
            Scheme(
                "gb50137",
                "城市用地分类",
                "Urban land use classification",
                "GB 50137-2011",
                (),
                ("GB50137", "GB 50137", "城市建设用地分类", "控规"),
            ),
        )
    }
)


@dataclass(frozen=True, slots=True)
class LandClass:
    """One class of one scheme. ``group`` and ``big`` are None where the class holds land of several kinds (``12
    其他土地``)."""

    scheme: str
    code: str
    zh: str
    en: str
    group: Group | None
    big: BigClass | None
    parent: str | None

    @property
    def text(self) -> Text:
        return Text(self.zh, self.en or self.zh)


def scheme(name: str) -> Scheme:
    """The scheme with this id or one of its usual names (``三调``, ``GB/T 21010-2017``)."""
    if name in SCHEMES:
        return SCHEMES[name]
    for s in SCHEMES.values():
        if name in (s.zh, s.standard, *s.aliases):
            return s
    have = "、".join(f"{s.id}（{s.zh}）" for s in SCHEMES.values())
    raise PanhuoError(
        f"不认识分类标准“{name}”，可用：{have}。", f"Unknown scheme '{name}'; there are: {', '.join(SCHEMES)}."
    )


#: First-level classes that gather second-level codes of other numbers (三调 group 00 湿地).
_PARENTS = {("survey3", c): "00" for c in ("0303", "0304", "0306", "0402", "0603", "1105", "1106", "1108")}


@cache
def _tables() -> Mapping[str, Mapping[str, LandClass]]:
    out: dict[str, dict[str, LandClass]] = {s: {} for s in SCHEMES}
    for r in read_table("land_classes.csv"):
        known = out[r["scheme"]]
        code = r["code"]
        parent = _PARENTS.get((r["scheme"], code)) or next(
            (code[:k] for k in range(len(code) - 1, 0, -1) if code[:k] in known), None
        )
        above = known[parent] if parent else None
        group = r["group"] or (above.group if above else None)
        big = r["big"] or (_BIG.get(group, "建设用地") if group else None) or (above.big if above else None)
        known[code] = LandClass(r["scheme"], code, r["zh"], r["en"], group or None, big, parent)  # type: ignore[arg-type]
    return MappingProxyType({s: MappingProxyType(t) for s, t in out.items()})


def classes(scheme_name: str) -> Mapping[str, LandClass]:
    """Every class of a scheme by code."""
    return _tables()[scheme(scheme_name).id]


def find_class(scheme_name: str, code: str) -> LandClass | None:
    """The class of a code exactly as it stands, or None."""
    return classes(scheme_name).get(code)


def land_class(scheme_name: str, code: str) -> LandClass:
    """The class of a code; an error naming the scheme if it has none."""
    found = find_class(scheme_name, code)
    if found is None:
        s = scheme(scheme_name)
        raise PanhuoError(
            f"“{code}”不是{s.zh}（{s.standard}）的代码。", f"'{code}' is no code of {s.en} ({s.standard})."
        )
    return found


def known_classes(scheme_name: str) -> Mapping[str, LandClass]:
    """Every class that is understood in a scheme by code: its own, and those of the schemes that are used beside it."""
    return _known(scheme(scheme_name).id)


@cache
def _known(scheme_id: str) -> Mapping[str, LandClass]:
    """Code -> class, with the codes of related schemes that the scheme itself has not."""
    out: dict[str, LandClass] = {}
    for s in (*reversed(SCHEMES[scheme_id].also), scheme_id):
        out.update(_tables()[s])
    return MappingProxyType(out)


#: What people write for a class besides its name.
_COLLOQUIAL = {
    "商业": "商服用地",
    "商业用地": "商服用地",
    "商服": "商服用地",
    "办公": "商务金融用地",
    "商务办公": "商务金融用地",
    "工矿": "工矿仓储用地",
    "仓储": "仓储用地",
    "物流仓储": "物流仓储用地",
    "城镇单一住宅用地": "城镇住宅用地",
    "商品住宅": "城镇住宅用地",
    "居住": "居住用地",
    "学校": "教育用地",
    "医院": "医疗卫生用地",
    "宅基地": "农村宅基地",
    "道路": "城镇村道路用地",
    "厂房": "工业用地",
    "工业厂房": "工业用地",
    "一般工业用地": "工业用地",
    "公共设施用地": "公用设施用地",
}


@cache
def _names(scheme_id: str) -> Mapping[str, str]:
    """Name (with and without 用地 behind it) -> code; a name of the scheme itself wins over a related one's, a deeper
    class over a wider."""
    out: dict[str, str] = {}
    for s in (*reversed(SCHEMES[scheme_id].also), scheme_id):
        for c in _tables()[s].values():
            for name in (c.zh, c.zh.removesuffix("用地")):
                if len(name) > 1:
                    out[name] = c.code
    for said, name in _COLLOQUIAL.items():
        if said not in out and name in out:
            out[said] = out[name]
    return MappingProxyType(out)


_NUMERIC = r"^[\[(]?(\d{2}(?:H\d|\d{0,4})[A-Z]?)"
_NUMERIC_BEHIND = r"[\[(](\d{2}(?:H\d|\d{0,4})[A-Z]?)[\])]$"
_LETTER, _LETTER_BEHIND = r"^[\[(]?([A-Z]\d{0,3})", r"[\[(]([A-Z]\d{0,3})[\])]$"


def normalise_codes(text: pl.Expr, scheme_name: str) -> pl.Expr:
    """The code that each text holds: ``0601工业用地``, ``工业用地(0601)``, ``工业用地`` -> ``0601``; null where there
    is none.

    Of several uses (``0601/0604``, ``商服、住宅``) the first counts. Whether the code is known is another question:
    see :func:`is_known`.
    """
    s = scheme(scheme_name).id
    return over_unique(text, lambda t: _codes(t, s))


def _codes(text: pl.Expr, s: str) -> pl.Expr:
    front, behind = (_LETTER, _LETTER_BEHIND) if s == "gb50137" else (_NUMERIC, _NUMERIC_BEHIND)
    t = half_width(clean_text(text)).str.replace_all(r"\s+", "").str.replace(r"^(\d{2,6})\.0+$", "${1}")
    t = t.str.replace_all("（", "(", literal=True).str.replace_all("）", ")", literal=True)
    first = t.str.replace(r"[、;；,，/+|].*$", "")
    upper = first.str.to_uppercase()
    names = _names(s)
    named = first.replace_strict(list(names), list(names.values()), default=None, return_dtype=pl.String)
    return pl.coalesce(upper.str.extract(front), upper.str.extract(behind), named)


def normalise_code(text: str | None, scheme_name: str) -> str | None:
    """The same for one text."""
    out = pl.DataFrame({"v": [text]}, schema={"v": pl.String}).select(normalise_codes(pl.col("v"), scheme_name))
    value = out.item()
    return value if isinstance(value, str) else None


def _mapped(code: pl.Expr, scheme_id: str, attribute: str, *, prefixes: bool) -> pl.Expr:
    """An attribute of the class of each code; with ``prefixes``, of its nearest known ancestor."""
    known = {c: getattr(x, attribute) for c, x in _known(scheme_id).items()}
    known = {c: v for c, v in known.items() if v is not None}
    cuts = [code]
    if prefixes:
        # one letter in GB 50137; never less than two digits elsewhere
        cuts += [code.str.slice(0, k) for k in ((2, 1) if scheme_id == "gb50137" else (4, 3, 2))]
    return pl.coalesce(
        c.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String) for c in cuts
    )


def is_known(text: pl.Expr, scheme_name: str, *, related: bool = False) -> pl.Expr:
    """Whether each text is a code of the scheme (with ``related``, also of one that is understood beside it); null
    stays null."""
    s = scheme(scheme_name).id
    table = _known(s) if related else _tables()[s]

    def known(t: pl.Expr) -> pl.Expr:
        return pl.when(clean_text(t).is_not_null()).then(_codes(t, s).is_in(list(table)).fill_null(False))

    return over_unique(text, known, pl.Boolean)


def land_group(text: pl.Expr, scheme_name: str) -> pl.Expr:
    """工业, 仓储, 商服, 住宅, 公服, 交通, 公用设施, 特殊, 其他建设, 农用, 未利用 (or 海域); null where the code does
    not tell."""
    s = scheme(scheme_name).id
    return over_unique(text, lambda t: _mapped(_codes(t, s), s, "group", prefixes=True))


def big_class(text: pl.Expr, scheme_name: str) -> pl.Expr:
    """建设用地, 农用地, 未利用地 (土地管理法 art. 4); null where the code does not tell."""
    s = scheme(scheme_name).id
    return over_unique(text, lambda t: _mapped(_codes(t, s), s, "big", prefixes=True))


def is_construction(text: pl.Expr, scheme_name: str) -> pl.Expr:
    """Whether it is construction land; null where the code does not tell."""
    return big_class(text, scheme_name) == "建设用地"


def is_farmland(text: pl.Expr, scheme_name: str) -> pl.Expr:
    """Whether it is agricultural land (农用地: also woods, ponds and farm roads); null where the code does not tell."""
    return big_class(text, scheme_name) == "农用地"


def is_industry(text: pl.Expr, scheme_name: str) -> pl.Expr:
    """Whether it is 工业用地 (neither mining nor storage); null where the code does not tell."""
    return land_group(text, scheme_name) == "工业"


def class_name(text: pl.Expr, scheme_name: str, lang: Literal["zh", "en"] = "zh") -> pl.Expr:
    """The name of the class of each code; null where the code is not known."""
    s = scheme(scheme_name).id

    def name(t: pl.Expr) -> pl.Expr:
        zh = _mapped(_codes(t, s), s, "zh", prefixes=False)
        if lang == "zh":
            return zh
        en = _mapped(_codes(t, s), s, "en", prefixes=False)
        return pl.when(en.str.len_bytes() > 0).then(en).otherwise(zh)

    return over_unique(text, name)
