"""Unified social credit codes, GB 32100-2015: structure, the inner organisation code (GB 11714) and the check
character.

Codes of village collectives begin with N, of the armed forces with A, of others with Y; all are as good as the 9 of a
company.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from panhuo.land.cells import clean_text, half_width
from panhuo.messages import PanhuoError, Text

#: The 31 characters of the code: no I, O, S, V, Z.
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = np.array([pow(3, i, 31) for i in range(17)], dtype=np.int64)
_BODY_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
#: Who registers (1st character) -> what kind of body (2nd character) may follow.
_KINDS = {
    "1": "1239",
    "2": "19",
    "3": "123459",
    "4": "19",
    "5": "1239",
    "6": "129",
    "7": "129",
    "8": "19",
    "9": "1239",
    "A": "19",
    "N": "1239",
    "Y": "19",
}

CreditCodeFault = Literal["length", "character", "kind", "region", "check", "body"]

FAULTS: dict[str, Text] = {
    "length": Text("统一社会信用代码应为18位", "a credit code has 18 characters"),
    "character": Text(
        "含有不允许的字符（不使用I、O、S、V、Z）", "it has a character that is not used (I, O, S, V, Z are not)"
    ),
    "kind": Text("前两位（登记管理部门、机构类别）不存在", "the first two characters (registry and kind) do not exist"),
    "region": Text("第3–8位（行政区划）应为数字", "characters 3 to 8 (administrative division) must be digits"),
    "check": Text("第18位校验码不符", "the check character (18th) is wrong"),
    "body": Text(
        "第17位不符：主体标识码（组织机构代码）的校验码错误",
        "the inner organisation code's check character (17th) is wrong",
    ),
}

_VALUE31 = np.full(256, -1, dtype=np.int64)
_VALUE36 = np.full(256, -1, dtype=np.int64)
for _i, _c in enumerate(ALPHABET):
    _VALUE31[ord(_c)] = _i
for _i, _c in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
    _VALUE36[ord(_c)] = _i
_CHARS = np.frombuffer(ALPHABET.encode(), dtype=np.uint8)


def _letters(codes: pl.Series, length: int) -> NDArray[np.uint8]:
    """(n, length) bytes of ASCII texts that all have this length."""
    return np.frombuffer("".join(codes.to_list()).encode("ascii"), dtype=np.uint8).reshape(-1, length)


def _check_values(letters: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Value (0-30) of the check character that the first 17 characters ask for."""
    sums: NDArray[np.int64] = (_VALUE31[letters[:, :17]] * _WEIGHTS).sum(axis=1)
    return (31 - sums % 31) % 31


def _body_check(letters: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The check character (as a byte) of organisation codes, from their first eight characters."""
    rest = 11 - (_VALUE36[letters[:, :8]] * _BODY_WEIGHTS).sum(axis=1) % 11
    return np.where(rest == 10, ord("X"), np.where(rest == 11, ord("0"), rest + ord("0"))).astype(np.uint8)


def check_credit_codes(codes: pl.Series) -> pl.DataFrame:
    """Check a column of credit codes; one row a code, in order.

    Columns: ``code`` (half-width, capitals, without blanks; null where empty), ``valid`` (null where empty),
    ``fault`` (the first of ``FAULTS`` in the order
    length, character, kind, region, check, body; null where valid).
    """
    cleaned = half_width(clean_text(pl.col("code"))).str.replace_all(r"[\s\-\u3000\u00a0]+", "").str.to_uppercase()
    frame = pl.DataFrame({"code": codes.cast(pl.String)}).select(code=cleaned).with_row_index("i")
    code = pl.col("code")
    kinds = [a + b for a, seconds in _KINDS.items() for b in seconds]
    frame = frame.with_columns(
        fault=pl.when(code.str.len_chars() != 18)
        .then(pl.lit("length"))
        .when(~code.str.contains(rf"^[{ALPHABET}]*$"))
        .then(pl.lit("character"))
        .when(~code.str.slice(0, 2).is_in(kinds))
        .then(pl.lit("kind"))
        .when(~code.str.contains(r"^..\d{6}"))
        .then(pl.lit("region"))
    )
    sound = frame.filter(code.is_not_null() & pl.col("fault").is_null())
    if sound.height:
        letters = _letters(sound["code"], 18)
        check = _check_values(letters) == _VALUE31[letters[:, 17]]
        body = _body_check(letters[:, 8:17]) == letters[:, 16]
        faults = np.where(~check, "check", np.where(~body, "body", ""))
        late = pl.DataFrame({"i": sound["i"], "late": pl.Series(faults, dtype=pl.String)}).with_columns(
            late=pl.when(pl.col("late") != "").then(pl.col("late"))
        )
        frame = frame.join(late, on="i", how="left", maintain_order="left").with_columns(
            fault=pl.coalesce("fault", "late")
        )
    return frame.select("code", valid=pl.when(code.is_not_null()).then(pl.col("fault").is_null()), fault="fault")


def is_credit_code(code: str) -> bool:
    """Whether one text is a sound credit code, check characters and all."""
    return bool(check_credit_codes(pl.Series([code]))["valid"][0])


def credit_code_fault(code: str) -> CreditCodeFault | None:
    """What is wrong with one credit code, or None."""
    fault: CreditCodeFault | None = check_credit_codes(pl.Series([code]))["fault"][0]
    return fault


def make_credit_codes(numbers: ArrayLike, *, region: str = "990112", kind: str = "91") -> pl.Series:
    """Sound credit codes for invented bodies: one a number (0 to 31^6 - 1), different for different numbers.

    region : six digits; 99… belongs to no province, so that no real body is named. kind : the first two characters.
    """
    n = np.asarray(numbers, dtype=np.int64).reshape(-1)
    if len(n) and (n.min() < 0 or n.max() >= 31**6):
        raise PanhuoError("序号超出范围（0 至 31^6−1）。", "A number is out of range (0 to 31^6 - 1).")
    if not (region.isdigit() and len(region) == 6) or kind[1:] not in tuple(_KINDS.get(kind[:1], "")):
        raise PanhuoError(
            f"区划“{region}”应为6位数字，类别“{kind}”应为登记部门加机构类别。",
            f"Region '{region}' must be six digits and kind '{kind}' a registry and a kind of body.",
        )
    letters = np.empty((len(n), 18), dtype=np.uint8)
    letters[:, :8] = np.frombuffer((kind + region).encode(), dtype=np.uint8)
    letters[:, 8:10] = np.frombuffer(b"MA", dtype=np.uint8)
    for k in range(6):
        letters[:, 15 - k] = _CHARS[(n // 31**k) % 31]
    letters[:, 16] = _body_check(letters[:, 8:17])
    letters[:, 17] = _CHARS[_check_values(letters)]
    return pl.Series("credit_code", [row.tobytes().decode() for row in letters], dtype=pl.String)
