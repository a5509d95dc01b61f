"""dBASE tables written column by column with NumPy: GBK text, blank for unknown numbers, numbers that come back
exactly."""

from __future__ import annotations

import struct
from collections.abc import Collection
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from panhuo.exchange.codes import finding
from panhuo.messages import Finding

WIDEST = 254


class Names:
    """Names that are unique without regard to case and fit into ``limit`` bytes of an encoding, cut between
    characters."""

    def __init__(self, limit: int, codec: str = "utf-8", reserved: Collection[str] = ()) -> None:
        self.limit, self.codec = limit, codec
        self.taken = {r.lower() for r in reserved}

    def add(self, name: str) -> str:
        plain = name.replace("\x00", "") or "_"
        out, k = self._cut(plain, self.limit), 1
        while out.lower() in self.taken:
            k += 1
            tail = f"_{k}"
            out = self._cut(plain, self.limit - len(tail)) + tail
        self.taken.add(out.lower())
        return out

    def _cut(self, text: str, limit: int) -> str:
        return text.encode(self.codec, "replace")[:limit].decode(self.codec, "ignore")


class Block(NamedTuple):
    """One field ready to be written: declaration and the cells (n, width) as bytes."""

    name: str
    kind: str
    decimals: int
    cells: NDArray[np.uint8]


def write(table: pa.Table, path: Path, codec: str, source: str, layer: str, findings: list[Finding]) -> dict[str, str]:
    """Write a DBF file of simple columns (see ``plain_types.simple``); returns column name -> field name.

    Texts over 254 bytes are cut between characters, field names over 10 bytes too; both are told. ``codec`` is
    ``gb18030`` or ``utf-8``. Raises OSError.
    """
    names = Names(10, codec)
    given = {c: names.add(c) for c in table.column_names}
    blocks = [
        _block(given[c], table.column(c).combine_chunks(), codec, source, layer, c, findings)
        for c in table.column_names
    ]
    n = table.num_rows
    if not blocks:
        blocks = [Block("FID", "N", 0, _right(pa.array(np.arange(1, n + 1)).cast(pa.string()), 9)[0])]
    record = 1 + sum(b.cells.shape[1] for b in blocks)
    today = date(2000, 1, 1)  # the header's date says nothing and would make equal tables differ
    head = struct.pack("<BBBBIHH", 3, today.year - 1900, today.month, today.day, n, 33 + 32 * len(blocks), record)
    head += b"\x00" * 17 + bytes([0x4D if codec == "gb18030" else 0]) + b"\x00\x00"
    for b in blocks:
        raw = b.name.encode(codec, "replace")[:10].ljust(11, b"\x00")
        head += raw + b.kind.encode() + b"\x00" * 4 + bytes([b.cells.shape[1], b.decimals]) + b"\x00" * 14
    rows = np.full((n, record), 32, np.uint8)
    at = 1
    for b in blocks:
        rows[:, at : at + b.cells.shape[1]] = b.cells
        at += b.cells.shape[1]
    with path.open("wb") as f:
        f.write(head + b"\x0d")
        rows.tofile(f)
        f.write(b"\x1a")
    return given


def _block(
    name: str, column: pa.Array, codec: str, source: str, layer: str, said: str, findings: list[Finding]
) -> Block:
    kind = column.type
    if pa.types.is_boolean(kind):
        texts = pc.if_else(pc.fill_null(column, False), "T", "F")
        return Block(name, "L", 0, _right(pc.if_else(column.is_valid(), texts, "?"), 1)[0])
    if pa.types.is_date32(kind):
        return Block(name, "D", 0, _right(pc.strftime(column, format="%Y%m%d"), 8)[0])
    if pa.types.is_integer(kind):
        cells, width = _right(column.cast(pa.string()), 1)
        return Block(name, "N", 0, cells) if width <= 20 else Block(name, "C", 0, cells)
    if pa.types.is_floating(kind):
        finite = pc.if_else(pc.is_finite(column), column, None)
        texts = finite.cast(pa.string())
        cells, _ = _right(texts, 3)
        powers = bool(pc.any(pc.match_substring(texts, "e")).as_py())
        dots = pc.max(pc.utf8_length(pc.replace_substring_regex(texts, r"^[^.]*\.?", ""))).as_py() or 0
        return Block(name, "F" if powers else "N", min(15, max(1, dots)), cells)
    texts = column.cast(pa.timestamp("s"), safe=False).cast(pa.string()) if pa.types.is_timestamp(kind) else column
    return Block(name, "C", 0, _left(texts.cast(pa.string()), codec, source, layer, said, findings))


def _right(texts: pa.Array, least: int) -> tuple[NDArray[np.uint8], int]:
    """ASCII texts (n,) as cells (n, width), set to the right; null is blank."""
    width = max(least, pc.max(pc.utf8_length(texts)).as_py() or 0)
    full = pc.utf8_lpad(pc.fill_null(texts, ""), width)
    return np.frombuffer("".join(full.to_pylist()).encode("ascii"), np.uint8).reshape(len(texts), width), width


def _left(
    texts: pa.Array, codec: str, source: str, layer: str, field: str, findings: list[Finding]
) -> NDArray[np.uint8]:
    """Texts (n,) as cells (n, width), set to the left and encoded all at once; null is blank."""
    n = len(texts)
    plain = pc.replace_substring(pc.fill_null(texts, ""), "\x00", "")
    blob = ("\x00".join(plain.to_pylist()) + "\x00").encode(codec, "replace") if n else b""
    data = np.frombuffer(blob, np.uint8)
    marks = np.flatnonzero(data == 0)
    lengths = np.diff(np.concatenate(([-1], marks))) - 1
    if n and lengths.max() > WIDEST:
        return _cut(plain.to_pylist(), lengths, codec, source, layer, field, findings)
    width = max(1, int(lengths.max()) if n else 1)
    cells = np.full((n, width), 32, np.uint8)
    cells[np.arange(width) < lengths[:, None]] = data[data != 0]
    return cells


def _cut(
    texts: list[str],
    lengths: NDArray[np.int64],
    codec: str,
    source: str,
    layer: str,
    field: str,
    findings: list[Finding],
) -> NDArray[np.uint8]:
    long = np.flatnonzero(lengths > WIDEST)
    row = int(long[0]) + 1
    findings.append(
        finding(
            "R20",
            "warning",
            f"字段“{field}”有 {long.size} 行文字超过 254 字节，Shapefile 装不下，已截断（首个为第 {row} 行）。",
            f"Field '{field}': {long.size} texts over 254 bytes were cut, a shapefile holds no more (the first in "
            f"row {row}).",
            source,
            layer=layer,
            row=row,
            field=field,
            value=texts[row - 1],
            count=int(long.size),
            do=("请改用 GeoPackage 或文件地理数据库。", "Use GeoPackage or a file geodatabase."),
        )
    )
    raw = [_fit(t, codec) for t in texts]
    cells: Any = np.frombuffer(b"".join(r.ljust(WIDEST) for r in raw), np.uint8)
    return np.asarray(cells.reshape(len(texts), WIDEST))


def _fit(text: str, codec: str) -> bytes:
    return text.encode(codec, "replace")[:WIDEST].decode(codec, "ignore").encode(codec, "replace")
