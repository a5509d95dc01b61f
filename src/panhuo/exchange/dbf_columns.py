"""The columns of a dBASE table: fixed-width cells as texts, numbers, dates and truth values, a whole column at once.

What repeats, such as codes of use or names of townships, is decoded once for each different cell.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from panhuo.exchange.codes import finding
from panhuo.messages import Finding

#: From so many rows on it pays to look for repeated cells.
_MANY = 10_000


class Field(NamedTuple):
    """One field as the header declares it; ``raw`` is its name in bytes (up to 10, or 11 without a closing zero)."""

    raw: bytes
    kind: str
    offset: int
    width: int
    decimals: int


def column(
    f: Field,
    rows: NDArray[np.uint8],
    name: str,
    codec: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> pa.Array:
    cells = rows[:, f.offset : f.offset + f.width]
    n = len(rows)
    if f.kind in "I+" and f.width == 4:
        return pa.array(np.ascontiguousarray(cells).view("<i4").ravel())
    if f.kind == "O" or (f.kind == "B" and f.width == 8):
        return pa.array(np.ascontiguousarray(cells).view("<f8").ravel())
    if f.kind == "Y" and f.width == 8:
        return pa.array(np.ascontiguousarray(cells).view("<i8").ravel() / 10_000)
    if f.kind == "L":
        code = cells[:, 0] if f.width else np.zeros(n, np.uint8)
        yes, no = np.isin(code, list(b"TtYy1")), np.isin(code, list(b"FfNn0"))
        return pa.array(yes, mask=~(yes | no))
    texts = _strings(cells, codec, name, kept, source, layer, findings)
    if f.kind in "NF":
        return _numbers(texts, f, name, kept, source, layer, findings)
    if f.kind == "D":
        return _dates(texts, name, kept, source, layer, findings)
    return texts


def _strings(
    cells: NDArray[np.uint8],
    codec: str,
    name: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> pa.Array:
    """Fixed-width cells (n, w) as texts: ended by the first zero, trailing blanks off; blank is null."""
    n, width = cells.shape
    if width == 0:
        return pa.nulls(n, pa.string())
    cells = np.ascontiguousarray(cells)
    if _MANY <= n < 2**31 // width and (coded := _repeated(cells)) is not None:
        different, index = coded
        said: list[Finding] = []
        texts = _each(different, codec, name, kept, source, layer, said)
        if not said:  # else the findings must count rows
            return texts.take(index)
    return _each(cells, codec, name, kept, source, layer, findings)


def _repeated(cells: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], pa.Int32Array] | None:
    """The different cells (k, w) and for each row (n,) which of them it holds; None when most differ."""
    n, width = cells.shape
    whole = pa.Array.from_buffers(pa.binary(width), n, [None, pa.py_buffer(cells)])
    if len(whole.take(pa.array(np.linspace(0, n - 1, 4000).astype(np.int64))).unique()) > 2000:
        return None
    coded = whole.dictionary_encode()
    different = coded.dictionary
    if len(different) > n // 4:
        return None
    at = different.offset * width
    data = np.frombuffer(different.buffers()[1], np.uint8)[at : at + len(different) * width]
    return data.reshape(-1, width), coded.indices


def _each(
    cells: NDArray[np.uint8],
    codec: str,
    name: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> pa.Array:
    n, width = cells.shape
    zero = cells == 0
    ends = np.where(zero.any(axis=1), zero.argmax(axis=1), width) if zero.any() else np.full(n, width)
    inked = cells != 32
    if zero.any():
        inked &= np.arange(width) < ends[:, None]
    lengths = np.where(inked.any(axis=1), width - inked[:, ::-1].argmax(axis=1), 0)
    data = cells[np.arange(width) < lengths[:, None]]
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    if (data >= 0x80).any():
        data, offsets = _decoded(data, offsets, codec, width, name, kept, source, layer, findings)
    blank = pa.array(lengths > 0)
    texts = pa.LargeStringArray.from_buffers(n, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data)))
    texts = texts.cast(pa.string()) if data.nbytes < 2**31 else texts
    return pc.if_else(blank, texts, pa.scalar(None, texts.type))


def _decoded(
    data: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    codec: str,
    width: int,
    name: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All cells of a column to UTF-8 at once, with a zero between them that no multi-byte character can swallow."""
    n = len(offsets) - 1
    lengths = np.diff(offsets)
    joined = np.zeros(len(data) + n, np.uint8)
    place = np.ones(len(joined), bool)
    place[offsets[1:] + np.arange(n)] = False
    joined[place] = data
    blob = joined.tobytes()
    try:
        text = blob.decode(codec)
    except UnicodeDecodeError:
        text = _salvaged(blob, codec, width, lengths, name, kept, source, layer, findings)
    utf8 = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    marks = np.flatnonzero(utf8 == 0)
    starts = np.concatenate(([0], marks + 1))
    return utf8[utf8 != 0], (starts - np.arange(n + 1)).astype(np.int64)


def _salvaged(
    blob: bytes,
    codec: str,
    width: int,
    lengths: NDArray[np.int64],
    name: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> str:
    """Cell by cell: a character cut by the field's width is dropped, other undecodable bytes become U+FFFD, both
    said."""
    cells, cut, lost = [], [], []
    for row, raw in enumerate(blob.split(b"\x00")[:-1]):
        text = raw.decode(codec, "replace")
        if "\ufffd" in text:
            if text.find("\ufffd") >= len(text) - 3 and lengths[row] >= width - 1:
                text = raw.decode(codec, "ignore")
                cut.append(row)
            else:
                lost.append(row)
        cells.append(text)
    for rows, zh, en in (
        (cut, "文字超出字段宽度，末尾汉字被截断", "texts longer than the field, their last character is cut"),
        (lost, "文字含无法解码的字节", "texts with bytes that cannot be decoded"),
    ):
        if rows:
            findings.append(
                finding(
                    "R02",
                    "warning",
                    f"字段“{name}”有 {len(rows)} 行{zh}（首个为第 {kept[rows[0]] + 1} 行）。",
                    f"Field '{name}': {len(rows)} {en} (the first in row {kept[rows[0]] + 1}).",
                    source,
                    layer=layer,
                    row=int(kept[rows[0]]) + 1,
                    field=name,
                    value=cells[rows[0]],
                    count=len(rows),
                    do=("请对照原始数据补全。", "Complete them from the source data."),
                )
            )
    return "\x00".join(cells) + "\x00"


def _numbers(
    texts: pa.Array,
    f: Field,
    name: str,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
    findings: list[Finding],
) -> pa.Array:
    """Numbers; an integer field whose values pass 18 digits stays text, because no number holds them exactly."""
    plain = pc.utf8_trim_whitespace(texts)
    plain = pc.if_else(pc.equal(plain, ""), None, plain)
    whole = f.decimals == 0 and f.kind == "N"
    kind = pa.int64() if whole else pa.float64()
    if whole and f.width > 18 and (pc.max(pc.utf8_length(plain)).as_py() or 0) > 18:
        return plain
    try:
        return pc.cast(plain, kind)
    except pa.ArrowInvalid:
        pass
    if whole and pc.any(pc.match_substring_regex(plain, r"^[+-]?\d*\.\d*$|[eE]")).as_py():
        kind = pa.float64()
    pattern = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$" if kind == pa.float64() else r"^[+-]?\d{1,18}$"
    good = pc.fill_null(pc.match_substring_regex(plain, pattern), True)
    wrong = np.flatnonzero(~np.asarray(good))
    if wrong.size:
        value = plain[int(wrong[0])].as_py()
        findings.append(_misfit(name, "数值", "a number", wrong, value, kept, source, layer))
    plain = pc.if_else(good, pc.replace_substring_regex(plain, r"^\+", ""), None)
    return pc.cast(plain, kind)


def _dates(
    texts: pa.Array, name: str, kept: NDArray[np.int64], source: str, layer: str, findings: list[Finding]
) -> pa.Array:
    coded = texts.dictionary_encode()
    days = []
    unread = []
    for k, v in enumerate(coded.dictionary.to_pylist()):
        m = re.fullmatch(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})", v.strip())
        try:
            days.append(date(*map(int, m.groups())) if m else None)
        except ValueError:
            days.append(None)
        if days[-1] is None and v.strip("0 "):
            unread.append(k)
    if unread:
        wrong = np.flatnonzero(pc.fill_null(pc.is_in(coded.indices, pa.array(unread, coded.indices.type)), False))
        findings.append(_misfit(name, "日期", "a date", wrong, texts[int(wrong[0])].as_py(), kept, source, layer))
    return pa.array(days, pa.date32()).take(coded.indices)


def _misfit(
    name: str,
    zh: str,
    en: str,
    wrong: NDArray[np.int64],
    value: str | None,
    kept: NDArray[np.int64],
    source: str,
    layer: str,
) -> Finding:
    row = int(kept[wrong[0]]) + 1
    return finding(
        "R08",
        "warning",
        f"字段“{name}”有 {wrong.size} 行的值不是{zh}，按空值读入（首个为第 {row} 行“{value}”）。",
        f"Field '{name}': {wrong.size} values are not {en} and are read as empty (the first in row {row}: '{value}').",
        source,
        layer=layer,
        row=row,
        field=name,
        value=value,
        count=int(wrong.size),
        do=("请更正后重新导出。", "Correct them and export again."),
    )
