"""From the bytes of a DXF to an ezdxf drawing: code pages, cut-off files, texts with escapes."""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import ezdxf
from ezdxf import recover
from ezdxf.lldxf.encoding import decode_dxf_unicode, decode_mif_to_unicode, has_dxf_unicode, has_mif_encoding

from panhuo.exchange.boundary_txt.text import decode

BINARY = b"AutoCAD Binary DXF"


class Loaded(NamedTuple):
    """A drawing, the encoding of its texts, whether it had to be repaired, and the line where it was cut off."""

    drawing: Any
    encoding: str
    repaired: bool
    cut: int | None


def load(data: bytes) -> Loaded:
    """Load a DXF of any release. Raises whatever ezdxf raises if even its recovery finds no drawing.

    The bytes are decoded here (UTF-8 if they are, else GB18030, which holds ANSI_936): many programs write GBK into
    files that claim UTF-8 or no code page at all.
    """
    if data.startswith(BINARY):
        drawing, auditor = recover.read(io.BytesIO(data))
        return Loaded(drawing, drawing.encoding, bool(auditor.errors), None)
    decoded = decode(data)
    if "SECTION" not in decoded.text:
        raise ezdxf.DXFStructureError("no SECTION")
    text, cut = _whole(decoded.text)
    try:
        return Loaded(ezdxf.read(io.StringIO(text)), decoded.encoding, cut is not None, cut)
    except Exception:
        # a damaged drawing: ezdxf's recovery wants bytes in the code page that the file claims; ASCII with escapes is
        # the same in all of them
        drawing, _ = recover.read(io.BytesIO(text.encode("ascii", errors="dxfreplace")))
        return Loaded(drawing, decoded.encoding, True, cut)


def _whole(text: str) -> tuple[str, int | None]:
    """The text, ended properly if it was cut off; then also the line where it was."""
    if text.rstrip().endswith("EOF"):
        return text, None
    lines = text.split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    end = len(lines)
    for at in range(end - (end % 2) - 2, -1, -2):
        if lines[at].strip() == "0":
            break
    else:
        return text, end
    section = any(lines[k].strip() == "0" and lines[k + 1].strip() == "SECTION" for k in range(0, at - 1, 2))
    tail = ["0", "ENDSEC"] if section and lines[at + 1].strip() != "ENDSEC" else []
    return "\n".join([*lines[:at], *tail, "0", "EOF", ""]), end


def plain(text: str) -> str:
    """A text with its escapes resolved: ``\\U+4E2D`` for 中, ``\\M+5D6D0`` for a character of code page 936."""
    if has_mif_encoding(text):
        text = decode_mif_to_unicode(text)
    if has_dxf_unicode(text):
        text = decode_dxf_unicode(text)
    return "".join(c if not "\ud800" <= c <= "\udfff" else "\ufffd" for c in text)
