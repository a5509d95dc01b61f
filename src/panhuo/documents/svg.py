"""SVG by hand: small pieces from which charts and maps are drawn, and the print palette.

Lengths are in points (1/72 inch); a drawing carries its size in millimetres. Text is set in the sans face whose widths
are measured by ``fonts.text_width``.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from panhuo.documents.fonts import clean, text_width

MM = 72 / 25.4
FAMILY = "Noto Sans SC, Source Han Sans SC, Microsoft YaHei, SimHei, sans-serif"

#: Fills that keep 3:1 against white paper (WCAG 2.1, 1.4.11) and stay apart for the three kinds of colour blindness;
#: neighbours also differ in lightness, so that a grey copy can be read.
PALETTE = ("#1f5a94", "#d9822b", "#3f7f5f", "#9c3d54", "#6f9ed6", "#7a5c99", "#8a7a1f", "#4d4d4d")
INK, GREY, LINE, FAINT = "#1a1a1a", "#595959", "#8c8c8c", "#dcdcdc"
#: The fill of "no data": light, hatched, never one of the palette.
NO_DATA = "#e6e6e6"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A finished SVG document with its printed size; ``alt`` says in words what it shows."""

    svg: str
    width_mm: float
    height_mm: float
    alt: str = ""


def number(value: float) -> str:
    """A coordinate with two digits, without trailing zeros."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def text(
    x: float,
    y: float,
    words: str,
    size: float = 8,
    *,
    anchor: str = "start",
    fill: str = INK,
    rotate: float = 0,
    halo: bool = False,
    bold: bool = False,
) -> str:
    """One line of text with its baseline at ``y``; ``halo`` keeps it legible on a map."""
    words = escape(clean(words).replace("\n", " "))
    turn = f' transform="rotate({number(rotate)} {number(x)} {number(y)})"' if rotate else ""
    place = f'x="{number(x)}" y="{number(y)}" font-size="{number(size)}" text-anchor="{anchor}"{turn}'
    # The font has one weight: bold is drawn as a thin outline of the letters' own colour.
    heavy = f' stroke="{fill}" stroke-width="{number(size * 0.035)}"' if bold else ""
    front = f'<text {place} fill="{fill}"{heavy}>{words}</text>'
    if not halo:
        return front
    width = number(size * 0.28)
    return (
        f'<text {place} fill="#fff" stroke="#fff" stroke-width="{width}" stroke-linejoin="round">{words}</text>{front}'
    )


def lines(
    x: float,
    y: float,
    rows: Sequence[str],
    size: float = 8,
    *,
    anchor: str = "start",
    fill: str = INK,
    leading: float = 1.25,
) -> str:
    """Several lines of text, the first baseline at ``y``."""
    return "".join(text(x, y + k * size * leading, row, size, anchor=anchor, fill=fill) for k, row in enumerate(rows))


def rect(x: float, y: float, w: float, h: float, fill: str, stroke: str = "none", width: float = 0.5) -> str:
    """A rectangle; negative sizes are drawn as nothing."""
    edge = f' stroke="{stroke}" stroke-width="{number(width)}"' if stroke != "none" else ""
    box = f'x="{number(x)}" y="{number(y)}" width="{number(max(w, 0))}" height="{number(max(h, 0))}"'
    return f'<rect {box} fill="{fill}"{edge}/>'


def line(x1: float, y1: float, x2: float, y2: float, stroke: str = LINE, width: float = 0.5, dash: str = "") -> str:
    """A straight line."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    ends = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
    return f'<line {ends} stroke="{stroke}" stroke-width="{number(width)}"{dashes}/>'


def polyline(points: Iterable[tuple[float, float]], stroke: str, width: float = 1.5, dash: str = "") -> str:
    """An open line through ``points``."""
    path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<polyline points="{path}" fill="none" stroke="{stroke}" stroke-width="{number(width)}"'
        f' stroke-linejoin="round"{dashes}/>'
    )


def hatch(name: str, fill: str, ink: str = "#ffffff", kind: int = 1, step: float = 4) -> str:
    """A pattern on ``fill`` (1 falling lines, 2 rising lines, 3 dots, 4 level lines) for legible grey prints."""
    s, half, less, more = (number(v) for v in (step, step / 2, step - 1, step + 1))
    pen = f'stroke="{ink}" stroke-width="0.7"'
    marks = {
        1: f'<path d="M0 0L{s} {s}M-1 {less}L1 {more}M{less} -1L{more} 1" {pen}/>',
        2: f'<path d="M0 {s}L{s} 0M-1 1L1 -1M{less} {more}L{more} {less}" {pen}/>',
        3: f'<circle cx="{half}" cy="{half}" r="0.8" fill="{ink}"/>',
        4: f'<path d="M0 {half}H{s}" {pen}/>',
    }[kind]
    return (
        f'<pattern id={quoteattr(name)} width="{s}" height="{s}" patternUnits="userSpaceOnUse">'
        f'<rect width="{s}" height="{s}" fill="{fill}"/>{marks}</pattern>'
    )


def document(width_mm: float, height_mm: float, body: Iterable[str], *, defs: str = "", alt: str = "") -> Drawing:
    """Pieces as one SVG document with a white ground; ``alt`` becomes its title for screen readers."""
    w, h = number(width_mm * MM), number(height_mm * MM)
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' width="{number(width_mm)}mm" height="{number(height_mm)}mm" viewBox="0 0 {w} {h}"'
        f' font-family="{FAMILY}" role="img">'
    )
    name = f"<title>{escape(clean(alt))}</title>" if alt else ""
    block = f"<defs>{defs}</defs>" if defs else ""
    inner = _own_names(block + f'<rect width="{w}" height="{h}" fill="#fff"/>' + "".join(body))
    return Drawing(f"{head}{name}{inner}</svg>", width_mm, height_mm, alt)


def _own_names(body: str) -> str:
    """``body`` with its ids made its own by a checksum: several drawings may stand in one web page."""
    names = set(re.findall(r'<(?:pattern|clipPath) id="(\w+)"', body))
    if not names:
        return body
    tail = f"-{zlib.crc32(body.encode('utf-8', 'replace')):08x}"
    one = "|".join(sorted(names, key=len, reverse=True))
    return re.sub(rf'( id="|="url\(#|href="#)({one})(?=[")])', rf"\g<1>\g<2>{tail}", body)


def wrap(words: str, room: float, size: float, most: int = 3) -> list[str] | None:
    """``words`` broken into at most ``most`` lines no wider than ``room``; None when they do not fit.

    Chinese breaks between any two characters, Latin at spaces only.
    """
    tokens: list[str] = []
    for char in clean(words).replace("\n", " "):
        if tokens and char.isascii() and char != " " and tokens[-1][-1].isascii() and tokens[-1][-1] != " ":
            tokens[-1] += char
        else:
            tokens.append(char)
    rows: list[str] = []
    row, used = "", 0.0
    for token in tokens:
        wide = text_width(token.rstrip(), size)
        if wide > room:
            return None
        if used + wide > room:
            if len(rows) + 1 == most:
                return None
            rows.append(row.strip())
            row, used = "", 0.0
            token = token.lstrip()
        row += token
        used += text_width(token, size)
    return [*rows, row.strip()]


def shorten(words: str, room: float, size: float) -> str:
    """``words``, cut with … where they are wider than ``room``."""
    words = clean(words).replace("\n", " ")
    if text_width(words, size) <= room:
        return words
    used = text_width("…", size)
    for k, char in enumerate(words):
        used += text_width(char, size)
        if used > room:
            return words[:k] + "…"
    return words
