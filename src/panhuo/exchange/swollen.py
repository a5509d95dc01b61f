"""Workbooks that would burst the memory: a cell in the last corner of an empty sheet, or zeros packed a thousandfold.

Calamine lays a sheet out as one rectangle from its first to its last cell, 32 bytes a cell, and ends the whole process
where there is no room for it. So the reach of every sheet is looked up in its XML before.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator

from panhuo.exchange.stage import Limits
from panhuo.messages import Text

#: Cells of one sheet's rectangle; a full sheet of 250 columns has as many.
MOST_CELLS = 1_048_576 * 250
_PIECE = 8 << 20
_TAG = 400
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,9})"')
_THREE = re.compile(rb'\br="[A-Za-z]{3}\d')
_TWO = re.compile(rb'\br="[A-Za-z]{2}\d')
_COLUMN = re.compile(rb'\br="([A-Za-z]{1,3})\d')

BURSTS = Text(
    "工作表从第一格到最后一格的范围过大（可能在很远的空白处误填了一格），未读取。",
    "A sheet reaches too far from its first to its last cell (perhaps one cell was filled far out by mistake); it was "
    "not read.",
)
BOMB = Text("压缩比异常（疑似压缩炸弹），未读取。", "Abnormal compression ratio (a zip bomb?); it was not read.")


def swollen(data: bytes, limits: Limits | None = None) -> Text | None:
    """Why a workbook must not be opened; None where it may, or where it is no zip at all."""
    if not data.startswith(b"PK"):
        return None
    limits = limits or Limits()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            for info in z.infolist():
                if info.is_dir():
                    continue
                said = _member(z, info, limits)
                if said is not None:
                    return said
    except (zipfile.BadZipFile, zlib.error, KeyError, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        return None  # the reader says what is wrong with it
    return None


def _member(z: zipfile.ZipFile, info: zipfile.ZipInfo, limits: Limits) -> Text | None:
    sheet = "worksheets/" in info.filename.replace("\\", "/").lower() and info.filename.lower().endswith(".xml")
    done, tall, wide, columns = 0, 0, 1, set[bytes]()
    with z.open(info) as source:
        for piece, size in _pieces(source):
            done += size
            if done > limits.ratio_from and done / max(info.compress_size, 1) > limits.ratio:
                return BOMB
            if not sheet:
                continue
            tall = max([tall, *map(int, _ROW.findall(piece))])
            if _beyond(tall).search(piece):
                tall = 1_048_576
            wide = max(wide, 16_384 if _THREE.search(piece) else 702 if _TWO.search(piece) else 26)
            # letters are looked at one by one only where the sheet is tall and wide enough to matter
            if tall * wide > MOST_CELLS:
                columns |= set(_COLUMN.findall(piece))
                if tall * max(map(_number, columns), default=1) > MOST_CELLS:
                    return BURSTS
    return None


def _pieces(source: object) -> Iterator[tuple[bytes, int]]:
    """A member in pieces that overlap by a tag, so that none is cut; and how many bytes are new in each."""
    tail = b""
    while chunk := source.read(_PIECE):  # type: ignore[attr-defined]
        yield tail + chunk, len(chunk)
        tail = chunk[-_TAG:]


def _number(letters: bytes) -> int:
    """A -> 1, Z -> 26, AA -> 27."""
    n = 0
    for letter in letters.upper():
        n = n * 26 + letter - 64
    return n


def _beyond(n: int) -> re.Pattern[bytes]:
    """Finds a cell in a row after the ``n``-th: rows may say one number and their cells another."""
    digits = str(n)
    ways = [rf"[1-9]\d{{{len(digits)},}}"]
    for k, digit in enumerate(digits):
        if digit != "9":
            ways.append(rf"{digits[:k]}[{int(digit) + 1}-9]\d{{{len(digits) - k - 1}}}")
    return re.compile(rf'\br="[A-Za-z]{{1,3}}(?:{"|".join(ways)})"'.encode())
