"""Parcel codes, real-estate unit numbers, administrative codes.

宗地代码 (19) and 不动产单元号 (28) follow GB/T 37346-2019. Neither has a check digit: only the structure can be
wrong. Their digits 7-9 are the 地籍区, not the township.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from panhuo.land.cells import clean_text, half_width
from panhuo.messages import PanhuoError, Text

ParcelFault = Literal["length", "digits", "ownership", "feature", "serial", "fixture", "fixture_number"]

#: First letter: whose land; second letter: which right (later issues of the standard add letters, so others are a
#: doubt, not an error).
OWNERSHIP_LETTERS = {"G": "国有", "J": "集体", "Z": "争议"}
FEATURE_LETTERS = "ABCDEFGHLNSWXY"
FIXTURE_LETTERS = "FLQW"

PARCEL_FAULTS: dict[str, Text] = {
    "length": Text(
        "位数不对（宗地代码19位，不动产单元号28位）", "wrong length (a parcel code has 19, a unit number 28)"
    ),
    "digits": Text("前12位应为数字", "the first twelve must be digits"),
    "ownership": Text(
        "第13位应为G（国有）、J（集体）或Z（争议）", "the 13th must be G (state), J (collective) or Z (disputed)"
    ),
    "feature": Text("第14位应为宗地特征码字母", "the 14th must be the letter of the parcel's kind"),
    "serial": Text("第15–19位顺序号应为00001–99999", "the serial number (15th to 19th) must be 00001 to 99999"),
    "fixture": Text("第20位应为F、L、Q或W", "the 20th must be F, L, Q or W"),
    "fixture_number": Text(
        "第21–28位定着物单元号不符（W应为8个0，其余应为8位数字且不全为0）",
        "the fixture number (21st to 28th) is wrong (eight zeros after W, else eight digits not all zero)",
    ),
}


def tidy_code(text: pl.Expr) -> pl.Expr:
    """A code without blanks (display spaces, hyphens), half-width, in capitals; null where empty."""
    return half_width(clean_text(text)).str.replace_all(r"[\s\-_\u3000\u00a0]+", "").str.to_uppercase()


def _parcel_fault(code: pl.Expr) -> pl.Expr:
    return (
        pl.when(~code.str.contains(r"^\d{12}"))
        .then(pl.lit("digits"))
        .when(~code.str.slice(12, 1).is_in(list(OWNERSHIP_LETTERS)))
        .then(pl.lit("ownership"))
        .when(~code.str.contains(r"^.{13}[A-Z]"))
        .then(pl.lit("feature"))
        .when(~code.str.contains(r"^.{14}\d{5}") | (code.str.slice(14, 5) == "00000"))
        .then(pl.lit("serial"))
    )


def _checked(codes: pl.Series, fault: pl.Expr, length: int) -> pl.DataFrame:
    code = pl.col("code")
    wrong_length = pl.when(code.str.len_chars() != length).then(pl.lit("length"))
    frame = pl.DataFrame({"code": codes.cast(pl.String)}).select(code=tidy_code(code))
    frame = frame.with_columns(fault=pl.when(code.is_not_null()).then(pl.coalesce(wrong_length, fault)))
    return frame.select("code", valid=pl.when(code.is_not_null()).then(pl.col("fault").is_null()), fault="fault")


def check_parcel_codes(codes: pl.Series) -> pl.DataFrame:
    """Check a column of 宗地代码. Columns: ``code`` (tidied), ``valid``, ``fault`` (a key of ``PARCEL_FAULTS``); null
    where empty."""
    return _checked(codes, _parcel_fault(pl.col("code")), 19)


def check_unit_codes(codes: pl.Series) -> pl.DataFrame:
    """Check a column of 不动产单元号; display spaces are accepted. Columns as :func:`check_parcel_codes`."""
    code = pl.col("code")
    fixture = pl.when(~code.str.slice(19, 1).is_in(list(FIXTURE_LETTERS))).then(pl.lit("fixture"))
    none = code.str.slice(20) == "00000000"
    digits = code.str.contains(r"^.{20}\d{8}$")
    bare = code.str.slice(19, 1) == "W"
    number = pl.when(~digits | (bare & ~none) | (~bare & none)).then(pl.lit("fixture_number"))
    return _checked(codes, pl.coalesce(_parcel_fault(code), fixture, number), 28)


def parcel_of_unit(unit_code: pl.Expr) -> pl.Expr:
    """The parcel code within a unit number (its first 19); null where it is shorter."""
    code = tidy_code(unit_code)
    return pl.when(code.str.len_chars() >= 19).then(code.str.slice(0, 19))


def county_of(code: pl.Expr) -> pl.Expr:
    """The six-digit division code at the front of any code; null where there is none."""
    return tidy_code(code).str.extract(r"^(\d{6})")


def ownership_of_parcel(parcel_code: pl.Expr) -> pl.Expr:
    """国有, 集体 or 争议 from the 13th place of a parcel code; null where it says nothing."""
    letter = tidy_code(parcel_code).str.slice(12, 1)
    return letter.replace_strict(
        list(OWNERSHIP_LETTERS), list(OWNERSHIP_LETTERS.values()), default=None, return_dtype=pl.String
    )


def ownership_agrees(parcel_code: pl.Expr, nature: pl.Expr) -> pl.Expr:
    """Whether the letter of the parcel code and the family of QSXZ (1x 2x 国有, 3x 4x 集体) say the same; null where
    either is silent."""
    letter = tidy_code(parcel_code).str.slice(12, 1)
    family = tidy_code(nature).str.extract(r"^(\d)\d")
    by_code = letter.replace_strict(["G", "J"], ["G", "J"], default=None, return_dtype=pl.String)
    by_nature = family.replace_strict(["1", "2", "3", "4"], ["G", "G", "J", "J"], default=None, return_dtype=pl.String)
    return by_code == by_nature


def make_parcel_codes(
    serials: Sequence[int], *, county: str = "990112", district: int = 1, subdistrict: int = 1, kind: str = "GB"
) -> list[str]:
    """Sound 宗地代码 for invented parcels: county (6 digits), 地籍区, 地籍子区, kind (``GB`` 国有建设用地, ``JB``,
    ``JC`` …), serial 1-99999."""
    sound = (
        len(county) == 6
        and county.isdigit()
        and 0 <= district <= 999
        and 0 <= subdistrict <= 999
        and len(kind) == 2
        and kind[0] in OWNERSHIP_LETTERS
        and kind[1] in FEATURE_LETTERS
        and all(1 <= s <= 99_999 for s in serials)
    )
    if not sound:
        raise PanhuoError(
            "宗地代码的组成部分不符合GB/T 37346-2019。", "The parts of the parcel code do not follow GB/T 37346-2019."
        )
    return [f"{county}{district:03d}{subdistrict:03d}{kind}{s:05d}" for s in serials]


def make_unit_code(parcel_code: str, building: int = 0, unit: int = 0) -> str:
    """The unit number of a parcel alone (``W00000000``), or of a building and unit on it (``F`` + 4 + 4 digits)."""
    return f"{parcel_code}W00000000" if building == 0 else f"{parcel_code}F{building:04d}{unit:04d}"


DivisionLevel = Literal["province", "city", "county", "township", "village", "group"]


@dataclass(frozen=True, slots=True)
class Division:
    """An administrative code taken apart (GB/T 2260, GB/T 10114). ``kind``: 街道, 镇, 乡 …; 居委会, 村委会 …"""

    code: str
    level: DivisionLevel
    kind: str

    @property
    def county(self) -> str:
        return self.code[:6]

    @property
    def township(self) -> str | None:
        return self.code[:9] if len(self.code) >= 9 else None


_TOWNSHIPS = ((1, 99, "街道"), (100, 199, "镇"), (200, 399, "乡"), (400, 599, "类似乡级单位"))
_VILLAGES = ((1, 199, "居民委员会"), (200, 399, "村民委员会"), (400, 599, "类似村级单位"))


def _kind(number: int, table: tuple[tuple[int, int, str], ...]) -> str:
    return next((name for low, high, name in table if low <= number <= high), "其他")


def division(code: str) -> Division:
    """Take an administrative code of 6, 9, 12 or 19 digits apart; an error if it is none. Trailing zeros of 9 and 12
    digits fall away."""
    c = "".join(code.split())
    if not c.isdigit() or len(c) not in (6, 9, 12, 19):
        raise PanhuoError(
            f"“{code}”不是行政区划代码（应为6、9、12或19位数字）。",
            f"'{code}' is no division code (6, 9, 12 or 19 digits).",
        )
    if len(c) == 19 and c[12:] == "0" * 7:
        c = c[:12]
    if len(c) == 12 and c[9:] == "000":
        c = c[:9]
    if len(c) == 9 and c[6:] == "000":
        c = c[:6]
    if len(c) == 6:
        if c.endswith("0000"):
            return Division(c, "province", "省级")
        return Division(c, "city", "地级") if c.endswith("00") else Division(c, "county", "县级")
    if len(c) == 9:
        return Division(c, "township", _kind(int(c[6:]), _TOWNSHIPS))
    if len(c) == 12:
        return Division(c, "village", _kind(int(c[9:]), _VILLAGES))
    return Division(c, "group", "村民小组及以下")


def township_of(seat_code: pl.Expr) -> pl.Expr:
    """The nine-digit township code at the front of a 9-, 12- or 19-digit code (坐落单位代码, 统计用区划代码); null
    where it is not one.

    Not for parcel codes: their digits 7-9 are the 地籍区.
    """
    code = tidy_code(seat_code)
    township = code.str.slice(0, 9)
    return pl.when(code.str.contains(r"^(?:\d{9}|\d{12}|\d{19})$") & ~township.str.ends_with("000")).then(township)
