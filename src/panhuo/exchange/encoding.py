"""Which encoding a text is in: names of code pages as they are met, language bytes, and a decision from the bytes.

Order of belief for attribute tables (TXT and CSV have only the bytes): the .cpg file, the DBF language byte, strict
UTF-8, GB18030. GB18030 holds GBK and GB2312, so one decoder serves all three.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from panhuo.exchange import dbf_cells, text_kernels

#: DBF header byte 29 -> Python codec. Only values met in land data; others are left to the content.
LANGUAGE_BYTES: dict[int, str] = {
    0x01: "cp437",
    0x02: "cp850",
    0x03: "cp1252",
    0x08: "cp865",
    0x13: "cp932",
    0x26: "cp866",
    0x4D: "gb18030",
    0x4E: "cp949",
    0x4F: "cp950",
    0x57: "cp1252",
    0x58: "cp1252",
    0x59: "cp1252",
    0x78: "cp950",
    0x79: "cp949",
    0x7A: "gb18030",
    0x7B: "cp932",
    0xC8: "cp1250",
    0xC9: "cp1251",
}

_CHINESE = {"936", "gbk", "gb2312", "gb18030", "gb_2312-80", "euccn", "euc-cn", "54936", "20936", "chinese", "gb"}
_USUAL = re.compile(
    r"(?i)UTF-?8|GBK|GB2312|GB18030|BIG-?5|(CP|WINDOWS-)?(437|737|775|8[56]\d|874|932|936|949|950|125\d)"
    r"|(ISO[-_ ]?)?8859[-_ ]?\d{1,2}|(US-)?ASCII|(EUC|KOI8|SHIFT)[-_].*|LDID/\d+"
)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Decoded(NamedTuple):
    """A text, the codec it was read with, whether that was stated or guessed, and how many characters were lost."""

    text: str
    encoding: str
    guessed: bool
    lost: int


def codec_of(name: str) -> str | None:
    """The Python codec for a code page as people write it (``GBK``, ``OEM 936``, ``ANSI 936``, ``65001``); None if
    unknown."""
    plain = name.strip().strip("\ufeff\x00").lower()
    if not plain:
        return None
    number = re.search(r"(\d{3,5})$", plain)
    words = re.sub(r"^(oem|ansi|cp|ms|windows|x-cp|ibm|ldid/)[\s_-]*", "", plain)
    if words in _CHINESE or (number and number.group(1) in _CHINESE):
        return "gb18030"
    if plain in {"65001", "utf8", "utf-8", "cp65001", "utf_8", "unicode"} or (number and number.group(1) == "65001"):
        return "utf-8"
    if re.fullmatch(r"8859[\s_-]?\d{1,2}", words):
        return "iso8859-" + re.split(r"[\s_-]", words)[-1].removeprefix("8859")
    if plain == "ldid/87":
        return None
    if plain.startswith("ldid/") and plain[5:].isdigit():
        return LANGUAGE_BYTES.get(int(plain[5:]))
    for candidate in (plain, words, f"cp{number.group(1)}" if number else plain):
        try:
            return codecs.lookup(candidate).name
        except LookupError:
            continue
    return None


def is_usual(name: str) -> bool:
    """Whether a .cpg names its code page in a way that other programs understand too: ``GBK``, ``UTF-8``, ``936``,
    ``8859-1``, ``CP1252``; ``OEM 936`` or ``65001`` is understood here and misread elsewhere."""
    return bool(_USUAL.fullmatch(name.strip().strip("\ufeff\x00")))


def shown(codec: str) -> str:
    """The name of a codec as people know it."""
    return {"gb18030": "GB18030", "utf-8": "UTF-8", "cp1252": "Windows-1252", "utf-16-le": "UTF-16LE"}.get(
        codec, codec.upper()
    )


def guess(data: bytes) -> str:
    """The codec of bytes without a declaration: UTF-8 when it holds strictly, else GB18030, else Windows-1252.

    Western text often is valid GB18030 by accident (an accented letter swallows its neighbour); there high bytes stand
    alone, in Chinese text they come in pairs. ``data`` may be a long sample cut at a character.
    """
    if _strict(data, "utf-8"):
        return "utf-8"
    return "cp1252" if _stands_alone(data) > 0.6 or not _mostly(data) else "gb18030"


def _strict(data: bytes, codec: str) -> bool:
    try:
        codecs.getincrementaldecoder(codec)("strict").decode(data, final=False)
    except UnicodeDecodeError:
        return False
    return True


def _mostly(data: bytes) -> bool:
    """Whether GB18030 loses less than one character in a thousand bytes (a cut field may lose its last one)."""
    lost = data.decode("gb18030", "replace").count("\ufffd")
    return lost <= 2 + len(data) // 1000


def _stands_alone(data: bytes) -> float:
    """Share of the runs of high bytes that are one byte long."""
    high = np.frombuffer(data, np.uint8) >= 0x80
    edges = np.flatnonzero(np.diff(np.concatenate(([False], high, [False])).astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return float((lengths == 1).mean()) if lengths.size else 0.0


class Utf8(NamedTuple):
    """A text as the bytes of its UTF-8, each line ended by a line feed; its first characters as they were; the codec it
    was read with, and whether that was guessed."""

    data: NDArray[np.uint8]
    head: str
    encoding: str
    guessed: bool


def as_utf8(data: bytes, head: int) -> Utf8 | None:
    """A whole text file as :func:`decode` reads it, but for its line ends, and ``head`` characters of its beginning.

    It does not make a Python text of it, which takes long and keeps other threads waiting. None for a text that is not
    plainly UTF-8 or GB18030, or holds a zero.
    """
    marked = data.startswith(codecs.BOM_UTF8)
    if not marked and (_without_mark(data[:4096]) or any(data.startswith(mark) for mark, _ in _BOMS)):
        return None
    start = len(codecs.BOM_UTF8) if marked else 0
    codec = "utf-8" if marked else guess(data[: 1 << 22])
    if codec not in ("utf-8", "gb18030"):
        return None
    utf8 = codec == "utf-8"
    raw = np.frombuffer(data, np.uint8)[start:]
    out = np.empty(len(raw) + (0 if utf8 else len(raw) // 2) + 4, np.uint8)
    length = text_kernels.decode_text(raw, dbf_cells.gb18030_pairs(), utf8, out)
    if length < 0:
        return None
    # no character is longer than four bytes; one cut at the end lies behind the wanted ones
    begin = data[start : start + 4 * head + 4].decode(codec, "ignore")[:head]
    return Utf8(out[:length], begin, codec, guessed=not utf8)


def decode(data: bytes, declared: str | None = None) -> Decoded:
    """A whole text file as text. A byte order mark wins, then ``declared`` where it holds, then the bytes decide."""
    for mark, codec in _BOMS:
        if data.startswith(mark):
            return _with(data[len(mark) :], codec, guessed=False)
    if declared and (codec := codec_of(declared) or "") and _strict(data, codec):
        return _with(data, codec, guessed=False)
    if wide := _without_mark(data[:4096]):
        return _with(data, wide, guessed=True)
    sample = data[: 1 << 22]
    codec = guess(sample)
    if codec == "utf-8" and len(data) > len(sample) and not _strict(data, "utf-8"):
        codec = "gb18030"
    return _with(data, codec, guessed=codec != "utf-8")


def _without_mark(head: bytes) -> str | None:
    """UTF-16 without a byte order mark: every second byte of ASCII text is zero."""
    if len(head) < 4:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    half = len(head) / 2
    if odd > 0.3 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _with(data: bytes, codec: str, *, guessed: bool) -> Decoded:
    try:
        return Decoded(data.decode(codec), codec, guessed, 0)
    except UnicodeDecodeError:
        text = data.decode(codec, "replace")
        return Decoded(text, codec, guessed, text.count("\ufffd"))
