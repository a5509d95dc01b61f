"""From the bytes of a boundary TXT to its lines: encodings, line ends, full-width characters."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

#: Full-width forms of ASCII (U+FF01..FF5E), the ideographic space and the ideographic comma, as their half-width twins.
FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x3001: 0x2C}
FULL_WIDTH_PATTERN = re.compile("[\uff01-\uff5e\u3000\u3001]")

#: What may stand around a line without meaning anything: blanks, byte order marks in the middle, NUL, DOS end of file.
BLANK = " \t\u3000\u00a0\ufeff\x00\x0b\x0c\x1a"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of a file, the encoding it was read with, and the first line with unreadable bytes (1-based) or None."""

    text: str
    encoding: str
    bad_line: int | None = None


def narrow(text: str) -> str:
    """Full-width letters, digits and punctuation as half-width."""
    return text.translate(FULL_WIDTH)


def decode(data: bytes) -> Decoded:
    """Byte order mark, else UTF-16 by its zero bytes, else strict UTF-8, else GB18030 (which holds GBK and GB2312).

    A file that is none of these without fault is read in the encoding that leaves the fewest unreadable characters.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return _decode_as(data[len(mark) :], (encoding,))
    guess = _utf16_by_zeros(data)
    if guess is not None:
        return _decode_as(data, (guess,))
    return _decode_as(data, ("utf-8", "gb18030"))


def _decode_as(data: bytes, encodings: tuple[str, ...]) -> Decoded:
    for encoding in encodings:
        try:
            return Decoded(_unix(data.decode(encoding)), encoding)
        except UnicodeDecodeError:
            continue
    worst: list[tuple[int, int, str, str]] = []
    for order, encoding in enumerate(encodings):
        text = _unix(data.decode(encoding, errors="replace"))
        worst.append((text.count("\ufffd"), order, encoding, text))
    _, _, encoding, text = min(worst)
    at = text.find("\ufffd")
    return Decoded(text, encoding, text.count("\n", 0, at) + 1 if at >= 0 else None)


def _utf16_by_zeros(data: bytes) -> str | None:
    """UTF-16 without a mark: in a text that is mostly digits every second byte is zero."""
    head = data[:2000]
    if len(head) < 8:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) * 0.2 and even == 0:
        return "utf-16-le"
    if even > len(head) * 0.2 and odd == 0:
        return "utf-16-be"
    return None


def _unix(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text
