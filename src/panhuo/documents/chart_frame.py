"""What all charts share: round axes, number labels, the legend, the frame of the plot, labels that may not overlap."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from panhuo.documents.fonts import text_width
from panhuo.documents.svg import GREY, INK, PALETTE, hatch, line, lines, rect, shorten, text, wrap

FONT = 8.0


@dataclass(frozen=True, slots=True)
class Box:
    """The plot area: left, top, width, height in points."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis from ``low`` to ``high`` in round ``step``s."""

    low: float
    high: float
    step: float

    def at(self, value: float) -> float:
        """Where ``value`` lies, 0 at ``low`` and 1 at ``high``."""
        return (value - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        count = round((self.high - self.low) / self.step)
        return [self.low + k * self.step for k in range(count + 1)]


@dataclass(slots=True)
class Taken:
    """The boxes that are already covered by labels; ``place`` takes one when it is free."""

    boxes: list[tuple[float, float, float, float]] = field(default_factory=list)

    def place(self, x: float, y: float, w: float, h: float) -> bool:
        if any(x < bx + bw and bx < x + w and y < by + bh and by < y + h for bx, by, bw, bh in self.boxes):
            return False
        self.boxes.append((x, y, w, h))
        return True


def round_scale(low: float, high: float, parts: int = 5) -> Scale:
    """A scale that holds ``low`` to ``high`` and zero, in steps of 1, 2, 2.5 or 5 times a power of ten."""
    low, high = min(0.0, low), max(0.0, high)
    if high - low < 1e-9:
        high = low + 1
    rough = (high - low) / parts
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * 0.999999)
    return Scale(math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step, step)


def figure(value: float, decimals: int | None) -> str:
    """A number as a label: grouped by thousands; without ``decimals`` as many digits as it needs, two at most."""
    if decimals is None:
        written = f"{value:,.2f}"
        return written.rstrip("0").rstrip(".") if "." in written else written
    return f"{value:,.{decimals}f}"


def digits(values: Sequence[float]) -> int:
    """Digits behind the point that labels of these values share: none for whole or big numbers, two for small ones."""
    if all(float(v).is_integer() for v in values):
        return 0
    most = max(abs(v) for v in values)
    return 0 if most >= 10_000 else 1 if most >= 100 else 2


def tick_labels(scale: Scale) -> list[str]:
    """The ticks' labels, all with the same number of digits."""
    digits = max(0, -math.floor(math.log10(scale.step) + 1e-9))
    if round(scale.step * 10**digits, 6) % 1:
        digits += 1
    return [f"{tick:,.{digits}f}".replace("-0", "0") if not tick else f"{tick:,.{digits}f}" for tick in scale.ticks()]


def fill(k: int, total: int) -> str:
    """The fill of series ``k`` of ``total``: plain for the first, then in turn hatched and plain."""
    return PALETTE[k % len(PALETTE)] if not _pattern(k, total) else f"url(#s{k})"


def patterns(total: int) -> str:
    """Definitions of the patterns that ``fill`` names."""
    return "".join(
        hatch(f"s{k}", PALETTE[k % len(PALETTE)], kind=_pattern(k, total)) for k in range(total) if _pattern(k, total)
    )


def _pattern(k: int, total: int) -> int:
    return 0 if total == 1 or k % 2 == 0 else (1, 2, 3, 4)[(k // 2) % 4]


def legend(names: Sequence[str], x: float, y: float, room: float, *, strokes: bool = False) -> tuple[str, float]:
    """The legend in rows from the top at ``y``; returns the drawing and the height it takes."""
    out, left, top = [], x, y
    row = FONT * 1.6
    for k, name in enumerate(names):
        name = shorten(name, room - 24, FONT)
        need = 18 + text_width(name, FONT) + 12
        if left > x and left + need - 12 > x + room:
            left, top = x, top + row
        middle = top + row / 2
        if strokes:
            out.append(line(left, middle, left + 14, middle, PALETTE[k % len(PALETTE)], 1.6, DASHES[k % len(DASHES)]))
            out.append(marker(k, left + 7, middle))
        else:
            out.append(rect(left, middle - 4, 13, 8, fill(k, len(names)), "#ffffff", 0.3))
        out.append(text(left + 18, middle + FONT * 0.36, name, FONT))
        left += need
    return "".join(out), top + row - y


#: Lines differ in dash and marker too, not in colour alone.
DASHES = ("", "5 2", "1.5 1.5", "6 2 1.5 2", "8 3", "3 1", "1 3", "9 2 2 2 2 2")


def marker(k: int, x: float, y: float) -> str:
    """The point marker of series ``k``: circle, square, triangle, diamond."""
    colour, r = PALETTE[k % len(PALETTE)], 2.4
    match k % 4:
        case 0:
            return f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{r}" fill="{colour}"/>'
        case 1:
            return rect(x - r, y - r, 2 * r, 2 * r, colour)
        case 2:
            return f'<path d="M{x:.2f} {y - r - 0.6:.2f}l{r + 0.5} {2 * r + 0.4}h{-2 * r - 1}z" fill="{colour}"/>'
        case _:
            s = r + 0.8
            return f'<path d="M{x:.2f} {y - s:.2f}l{s} {s}l{-s} {s}l{-s} {-s}z" fill="{colour}"/>'


@dataclass(frozen=True, slots=True)
class Standing:
    """How category labels stand: the height they take, the lines they are broken into (0: upright), the type size."""

    height: float
    lines: int
    size: float


def standing(names: Sequence[str], slot: float) -> Standing:
    """Level on one line if they fit, then a little smaller, then in two or three lines, else turned upright."""
    for size, most in ((FONT, 1), (FONT - 1, 1), (FONT, 2), (FONT, 3)):
        if all(wrap(name, slot - 3, size, most) is not None for name in names):
            return Standing(most * size * 1.25 + 5, most, size)
    return Standing(min(max((text_width(name, FONT) for name in names), default=0), 90) + 6, 0, FONT)


def category_labels(names: Sequence[str], box: Box, slot: float, how: Standing) -> str:
    """The labels under the plot, one a slot; upright labels are thinned when the slots are narrower than a line."""
    out = []
    size = how.size
    every = 1 if how.lines or slot >= size * 1.15 else math.ceil(size * 1.15 / slot)
    for k, name in enumerate(names):
        x = box.x + (k + 0.5) * slot
        if how.lines:
            rows = wrap(name, slot - 3, size) or [""]
            # Lines of about the same length: 澄湖 / 街道, not 澄湖街 / 道.
            even = wrap(name, text_width(name, size) / len(rows) + size * 0.6, size) or rows
            rows = even if len(even) == len(rows) else rows
            out.append(lines(x, box.y + box.h + size + 3, rows, size, anchor="middle"))
        elif k % every == 0:
            words = shorten(name, 90, size)
            out.append(text(x + size * 0.36, box.y + box.h + 4, words, size, anchor="end", rotate=-90))
    return "".join(out)


def value_axis(box: Box, scale: Scale, unit: str) -> str:
    """Level grid lines with their labels to the left, and the unit above them."""
    out = []
    for tick, label in zip(scale.ticks(), tick_labels(scale), strict=True):
        y = box.y + box.h * (1 - scale.at(tick))
        zero = abs(tick) < scale.step / 1e6
        out.append(line(box.x, y, box.x + box.w, y, INK if zero else "#d9d9d9", 0.8 if zero else 0.5))
        out.append(text(box.x - 4, y + FONT * 0.36, label, FONT, anchor="end", fill=GREY))
    if unit:
        out.append(text(box.x - 4, box.y - 7, unit, FONT, anchor="start" if box.x < 40 else "middle", fill=GREY))
    return "".join(out)


def axis_room(scale: Scale) -> float:
    """Width that the labels of the value axis take."""
    return max(text_width(label, FONT) for label in tick_labels(scale)) + 8
