"""The columns of a dBASE table: fixed-width cells as texts, numbers, dates and truth values.

Records are read in blocks, several at once, and each block is cut into its columns while it is at hand. What compiled
code (:mod:`panhuo.exchange.dbf_cells`) does not take as plain is decoded or parsed again by Python and Arrow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from panhuo.exchange import dbf_cells
from panhuo.exchange.codes import finding
from panhuo.land.threads import in_chunks
from panhuo.messages import Finding

#: Bytes of records read at once: few enough to stay near the processor, many enough to be worth a call.
_BLOCK = 1 << 21
_NO_PAIRS = np.empty(0, np.uint16)


class Field(NamedTuple):
    """One field as the header declares it; ``raw`` is its name in bytes (up to 10, or 11 without a closing zero)."""

    raw: bytes
    kind: str
    offset: int
    width: int
    decimals: int


class Records(NamedTuple):
    """The records of a DBF file: where they begin and how long each is in bytes, how many there are, and which of them
    (0-based, rising) are kept."""

    path: Path
    header: int
    width: int
    total: int
    kept: NDArray[np.int64]

    def block(self, first: int, last: int) -> NDArray[np.uint8]:
        """The kept ones of the records from ``first`` to ``last`` (not included): (m, width) bytes."""
        count, start = (last - first) * self.width, self.header + first * self.width
        rows = np.fromfile(self.path, np.uint8, count, offset=start).reshape(-1, self.width)
        low, high = np.searchsorted(self.kept, (first, last))
        return rows if high - low == len(rows) else rows[self.kept[low:high] - first]


class _Piece(NamedTuple):
    """One field of one block. ``odd``: cells of a text that are left out in ``array``, as bytes by their place in it;
    ``plain`` is False when the values are not what the field declares and ``array`` is not to be used."""

    array: pa.Array
    odd: dict[int, bytes]
    plain: bool


class _Place(NamedTuple):
    """Where a column stands, for what is found in it. ``kept`` (n,) are the records of its rows."""

    name: str
    kept: NDArray[np.int64]
    source: str
    layer: str


def columns(
    fields: Sequence[Field],
    names: Sequence[str],
    records: Records,
    codec: str,
    source: str,
    layer: str,
    findings: list[Finding],
) -> list[pa.Array]:
    """The columns (n,) of the kept records, one a field."""
    pieces = _pieces(fields, records, codec)
    texts = [f._replace(kind="C") for f, own in zip(fields, pieces, strict=True) if not all(p.plain for p in own)]
    again = iter(_pieces(texts, records, codec))
    out = []
    for k, (f, name) in enumerate(zip(fields, names, strict=True)):
        place = _Place(name, records.kept, source, layer)
        own, pieces[k] = pieces[k], []
        if not all(p.plain for p in own):
            out.append(_parsed(f, _texts(next(again), f.width, codec, place, findings), place, findings))
        elif _is_text(f):
            out.append(_texts(own, f.width, codec, place, findings))
        else:
            out.append(pa.concat_arrays([p.array for p in own]))
    return out


def _pieces(fields: Sequence[Field], records: Records, codec: str) -> list[list[_Piece]]:
    """For each field what each block of records gives."""
    if not fields:
        return []
    readers = [_reader(f, codec) for f in fields]

    def work(first: int, last: int) -> list[_Piece]:
        rows = records.block(first, last)
        return [read(rows) for read in readers]

    chunk = max(1, _BLOCK // records.width)
    blocks = in_chunks(work, records.total, chunk=chunk) if records.total else [work(0, 0)]
    return [list(own) for own in zip(*blocks, strict=True)]


def _is_text(f: Field) -> bool:
    fixed = (f.kind in "I+" and f.width == 4) or (f.kind in "BY" and f.width == 8) or f.kind in "OLNFD"
    return not fixed


def _reader(f: Field, codec: str) -> Callable[[NDArray[np.uint8]], _Piece]:
    """What reads a field out of a block of records."""
    if _is_text(f):
        return partial(_text_piece, f, codec)
    if f.kind in "NFD":
        return partial(_value_piece, f)
    return lambda rows: _Piece(_fixed(f, rows[:, f.offset : f.offset + f.width]), {}, True)


def _fixed(f: Field, cells: NDArray[np.uint8]) -> pa.Array:
    """Cells (m, width) of fields that are not written as texts."""
    if f.kind == "L":
        code = cells[:, 0] if f.width else np.zeros(len(cells), np.uint8)
        yes, no = np.isin(code, list(b"TtYy1")), np.isin(code, list(b"FfNn0"))
        return pa.array(yes, mask=~(yes | no))
    raw = np.ascontiguousarray(cells)
    if f.kind in "I+":
        return pa.array(raw.view("<i4").ravel())
    return pa.array(raw.view("<i8").ravel() / 10_000 if f.kind == "Y" else raw.view("<f8").ravel())


def _value_piece(f: Field, rows: NDArray[np.uint8]) -> _Piece:
    """A number or date of each row, null where the cell is blank."""
    if f.kind == "D":
        kind, read = pa.date32(), dbf_cells.days
    elif f.decimals == 0 and f.kind == "N":
        kind, read = pa.int64(), dbf_cells.whole_numbers
    else:
        kind, read = pa.float64(), dbf_cells.numbers
    values, filled, plain = read(rows, f.offset, f.width)
    return _Piece(pa.Array.from_buffers(kind, len(rows), [_bits(filled), pa.py_buffer(values)]), {}, bool(plain))


def _text_piece(f: Field, codec: str, rows: NDArray[np.uint8]) -> _Piece:
    """Fixed-width cells as texts: ended by the first zero, trailing blanks off; blank is null."""
    utf8 = codec == "utf-8"
    pairs = dbf_cells.gb18030_pairs() if codec == "gb18030" else _NO_PAIRS
    out = np.empty(len(rows) * (f.width + f.width // 2 + 1), np.uint8)
    offsets, filled, odd = dbf_cells.decode_cells(rows, f.offset, f.width, pairs, utf8, out)
    data = pa.py_buffer(out[: offsets[-1]].copy())
    texts = pa.StringArray.from_buffers(len(rows), pa.py_buffer(offsets), data, _bits(filled))
    if not odd.any():
        return _Piece(texts, {}, True)
    lengths = dbf_cells.cell_lengths(rows, f.offset, f.width)
    cells = {k: rows[k, f.offset : f.offset + lengths[k]].tobytes() for k in np.flatnonzero(odd).tolist()}
    return _Piece(texts, cells, True)


def _bits(filled: NDArray[np.bool_]) -> pa.Buffer:
    """The truth values (m,) as Arrow packs them."""
    return pa.py_buffer(np.packbits(filled, bitorder="little"))


def _texts(
    pieces: Sequence[_Piece], width: int, codec: str, place: _Place, findings: list[Finding]
) -> pa.Array:  # fmt: skip
    """The texts of a column in one piece."""
    if width == 0:
        return pa.nulls(sum(len(p.array) for p in pieces), pa.string())
    arrays = [p.array for p in pieces]
    if any(p.odd for p in pieces):
        arrays = _completed(pieces, width, codec, place, findings)
    if sum(a.buffers()[2].size for a in arrays) >= 2**31:
        arrays = [a.cast(pa.large_string()) for a in arrays]
    return pa.concat_arrays(arrays)


def _completed(
    pieces: Sequence[_Piece], width: int, codec: str, place: _Place, findings: list[Finding]
) -> list[pa.Array]:
    """The pieces with their odd cells decoded by Python: a character cut by the field's width is dropped, other
    undecodable bytes become U+FFFD, both said."""
    starts = np.cumsum([0] + [len(p.array) for p in pieces])
    rows = [int(start) + k for start, p in zip(starts, pieces, strict=False) for k in p.odd]
    cells = [cell for p in pieces for cell in p.odd.values()]
    texts: list[str] = []
    try:
        texts += [_strictly(cell, codec) for cell in cells]
    except UnicodeDecodeError:
        texts = _salvaged(rows, cells, width, codec, place, findings)
    utf8 = [text.encode("utf-8", "replace") for text in texts]
    bounds = np.searchsorted(rows, starts)
    return [
        _with_cells(p.array, list(p.odd), utf8[low:high])
        for p, (low, high) in zip(pieces, pairwise(bounds.tolist()), strict=True)
    ]


@cache
def _strictly(cell: bytes, codec: str) -> str:
    return cell.decode(codec)


def _with_cells(texts: pa.Array, at: list[int], cells: list[bytes]) -> pa.Array:
    """The texts with others in the places ``at``."""
    if not at:
        return texts
    here = np.zeros(len(texts), bool)
    here[at] = True
    return pc.replace_with_mask(texts, pa.array(here), pa.array(cells, pa.binary()).cast(pa.string()))


def _salvaged(
    rows: Sequence[int], cells: Sequence[bytes], width: int, codec: str, place: _Place, findings: list[Finding]
) -> list[str]:
    """The odd cells of a column some of whose bytes cannot be decoded; ``rows`` are their places in it."""
    texts = []
    cut: list[tuple[int, str]] = []
    lost: list[tuple[int, str]] = []
    for row, raw in zip(rows, cells, strict=True):
        text = raw.decode(codec, "replace")
        if "\ufffd" in text:
            if text.find("\ufffd") >= len(text) - 3 and len(raw) >= width - 1:
                text = raw.decode(codec, "ignore")
                cut.append((row, text))
            else:
                lost.append((row, text))
        texts.append(text)
    for some, zh, en in (
        (cut, "文字超出字段宽度，末尾汉字被截断", "texts longer than the field, their last character is cut"),
        (lost, "文字含无法解码的字节", "texts with bytes that cannot be decoded"),
    ):
        if some:
            row, text = int(place.kept[some[0][0]]) + 1, some[0][1]
            findings.append(
                finding(
                    "R02",
                    "warning",
                    f"字段“{place.name}”有 {len(some)} 行{zh}（首个为第 {row} 行）。",
                    f"Field '{place.name}': {len(some)} {en} (the first in row {row}).",
                    place.source,
                    layer=place.layer,
                    row=row,
                    field=place.name,
                    value=text,
                    count=len(some),
                    do=("请对照原始数据补全。", "Complete them from the source data."),
                )
            )
    return texts


def _parsed(f: Field, texts: pa.Array, place: _Place, findings: list[Finding]) -> pa.Array:
    """Numbers or dates out of texts, of a column that is not written plainly throughout."""
    return _dates(texts, place, findings) if f.kind == "D" else _numbers(texts, f, place, findings)


def _numbers(
    texts: pa.Array,
    f: Field,
    place: _Place,
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
        findings.append(_misfit("数值", "a number", wrong, value, place))
    plain = pc.if_else(good, pc.replace_substring_regex(plain, r"^\+", ""), None)
    return pc.cast(plain, kind)


def _dates(texts: pa.Array, place: _Place, findings: list[Finding]) -> pa.Array:
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
        findings.append(_misfit("日期", "a date", wrong, texts[int(wrong[0])].as_py(), place))
    return pa.array(days, pa.date32()).take(coded.indices)


def _misfit(zh: str, en: str, wrong: NDArray[np.int64], value: str | None, place: _Place) -> Finding:
    row, name = int(place.kept[wrong[0]]) + 1, place.name
    return finding(
        "R08",
        "warning",
        f"字段“{name}”有 {wrong.size} 行的值不是{zh}，按空值读入（首个为第 {row} 行“{value}”）。",
        f"Field '{name}': {wrong.size} values are not {en} and are read as empty (the first in row {row}: '{value}').",
        place.source,
        layer=place.layer,
        row=row,
        field=name,
        value=value,
        count=int(wrong.size),
        do=("请更正后重新导出。", "Correct them and export again."),
    )
