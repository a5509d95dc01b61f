"""Names of townships, units and enterprises, brought to one spelling for comparison; what is stored stays as delivered.

Rare characters are never replaced or taken apart: they belong to the name.
"""

from __future__ import annotations

import polars as pl

from panhuo.land.cells import clean_text

#: Full-width digits and letters lie 0xFEE0 above the half-width ones.
_CHANGED = {chr(c): chr(c - 0xFEE0) for c in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))}
_CHANGED |= dict(zip("＆．－(),[]【】", "&.-（），（）（）", strict=True))
_TOWN_ENDINGS = r"(?:人民政府|街道办事处|街道办|办事处|镇政府|乡政府|街道|镇|乡)$"


def tidy_name(name: pl.Expr) -> pl.Expr:
    """One spelling of a name: no blanks, half-width letters and digits, Chinese brackets and commas; null where
    empty."""
    return clean_text(name).str.replace_all(r"[\s\u3000\u00a0\u200b]+", "").str.replace_many(_CHANGED)


def township_stem(name: pl.Expr) -> pl.Expr:
    """A township's name without its rank, for matching: ``洪家楼街道办事处``, ``洪家楼街道``, ``洪家楼`` -> ``洪家楼``.

    Only one ending falls away, and only where two characters stay (``乡镇`` of two characters, ``镇江`` and the like
    are left alone).
    A province, city or county before it falls away when the delivery names it in full (``某某市某某区…``).
    """
    t = tidy_name(name).str.replace(
        r"^(?:\p{Han}{2,8}(?:省|自治区))?(?:\p{Han}{2,6}市)?(?:\p{Han}{2,6}[区县])(\p{Han}{2,})$", "${1}"
    )
    stem = t.str.replace(_TOWN_ENDINGS, "")
    return pl.when(stem.str.len_chars() >= 2).then(stem).otherwise(t)


def enterprise_stem(name: pl.Expr) -> pl.Expr:
    """An enterprise's name for matching: tidied, without a remark in brackets at its end (``（已搬迁）``),
    有限责任公司 as 有限公司."""
    t = tidy_name(name).str.replace(r"（[^（）]*(?:搬迁|停产|注销|吊销|更名|原|曾用名)[^（）]*）$", "")
    return t.str.replace("有限责任公司", "有限公司", literal=True)
