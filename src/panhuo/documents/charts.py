"""Charts for print: bars, lines, shares and histograms as SVG of our own.

Every value stands at its bar or point where there is room for it without touching another label; a missing value is
a gap and never a zero. Series differ in pattern, dash and marker besides colour.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from panhuo.documents import chart_frame as f
from panhuo.documents.chart_frame import FONT, Box, Scale, Taken
from panhuo.documents.fonts import text_width
from panhuo.documents.svg import GREY, INK, MM, PALETTE, Drawing, document, line, polyline, rect, shorten, text
from panhuo.messages import PanhuoError

ChartKind = Literal["bar", "stacked", "horizontal", "line", "share", "histogram"]


@dataclass(frozen=True, slots=True)
class Series:
    """One run of values, one a category; None where there is none."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as data.

    kind       : ``bar`` (grouped when there are several series), ``stacked``, ``horizontal``, ``line``, ``share`` (each
                 category a bar of 100 % divided among the series), ``histogram`` (``edges``: one more than the values)
    unit       : the unit of the values, at the head of the axis
    decimals   : digits of the value labels; None takes as many as the size of the values asks for, two at most
    height_mm  : for ``horizontal`` and ``share`` the height follows from the number of categories when it is None
    """

    kind: ChartKind
    categories: tuple[str, ...]
    series: tuple[Series, ...]
    unit: str = ""
    title: str = ""
    x_title: str = ""
    decimals: int | None = None
    edges: tuple[float, ...] = ()
    width_mm: float = 150
    height_mm: float | None = None
    alt: str = ""


def histogram(
    values: ArrayLike, *, bins: int | Sequence[float] = 10, name: str = "", unit: str = "", x_title: str = ""
) -> Chart:
    """Counts of ``values`` (n,) in ``bins`` as a chart; values that are not finite are left out.

    An integer asks for about that many classes of round width; a sequence gives the edges.
    """
    data = np.asarray(values, dtype=float)
    data = data[np.isfinite(data)]
    if isinstance(bins, int):
        low, high = (float(data.min()), float(data.max())) if len(data) else (0.0, 1.0)
        span = (high - low) or 1.0
        step = f.round_scale(0, span, max(1, bins)).step
        start = math.floor(low / step) * step
        count = max(1, math.floor((high - start) / step + 1e-9) + 1)
        edges = start + step * np.arange(count + 1)
    else:
        edges = np.asarray(bins, dtype=float)
    counts, _ = np.histogram(data, edges)
    labels = tuple(f"{f.figure(float(a), None)}–{f.figure(float(b), None)}" for a, b in pairwise(edges))
    series = (Series(name, tuple(int(c) for c in counts)),)
    return Chart("histogram", labels, series, unit, x_title=x_title, decimals=0, edges=tuple(float(e) for e in edges))


def chart(spec: Chart) -> Drawing:
    """Draw ``spec``. Raises :class:`PanhuoError` when a series has not one value a category."""
    for series in spec.series:
        if len(series.values) != len(spec.categories):
            raise PanhuoError(
                f"统计图的系列“{series.name}”有 {len(series.values)} 个值，与 {len(spec.categories)} 个类别不符。",
                f"Series “{series.name}” has {len(series.values)} values for {len(spec.categories)} categories.",
                where=spec.title or spec.alt or None,
            )
    if not spec.series or not any(_known(s.values) for s in spec.series):
        return _nothing(spec)
    if spec.decimals is None:
        spec = replace(spec, decimals=f.digits([v for s in spec.series for v in _known(s.values)]))
    if spec.kind in ("horizontal", "share"):
        return _level(spec)
    return _upright(spec)


def _known(values: Sequence[float | None]) -> list[float]:
    return [v for v in values if v is not None and math.isfinite(v)]


def _value(series: Series, k: int) -> float | None:
    v = series.values[k]
    return v if v is not None and math.isfinite(v) else None


def _nothing(spec: Chart) -> Drawing:
    w, h = spec.width_mm * MM, 30 * MM
    words = text(w / 2, h / 2 + 3, "（无数据 / no data）", FONT + 1, anchor="middle", fill=GREY)
    return document(spec.width_mm, 30, [words], alt=spec.alt or spec.title)


def _head(spec: Chart, room: float) -> tuple[str, float]:
    """Title and legend; returns the drawing and the height they take."""
    out, y = "", 4.0
    if spec.title:
        out += text(room / 2 + 6, y + 11, shorten(spec.title, room, 10.5), 10.5, anchor="middle", bold=True)
        y += 19
    if len(spec.series) > 1:
        drawn, height = f.legend([s.name for s in spec.series], 8, y, room - 8, strokes=spec.kind == "line")
        out, y = out + drawn, y + height + 2
    return out, y


def _range(spec: Chart) -> Scale:
    if spec.kind == "stacked":
        ups = [sum(v for s in spec.series if (v := _value(s, k) or 0) > 0) for k in range(len(spec.categories))]
        downs = [sum(v for s in spec.series if (v := _value(s, k) or 0) < 0) for k in range(len(spec.categories))]
        low, high = min(downs), max(ups)
    else:
        known = [v for s in spec.series for v in _known(s.values)]
        low, high = min(known), max(known)
    # A little air above the highest bar, so that its label stays inside the frame.
    return f.round_scale(low * 1.06 if low < 0 else low, high * 1.06)


def _upright(spec: Chart) -> Drawing:
    width, height = spec.width_mm * MM, (spec.height_mm or 80) * MM
    head, top = _head(spec, width - 12)
    scale = _range(spec)
    left = f.axis_room(scale) + 4
    top += 17 if spec.unit else 5
    plot_w = width - left - 8
    slot = plot_w / max(len(spec.categories), 1)
    how = f.standing(spec.categories, slot)
    if spec.kind == "histogram":
        how = f.Standing(FONT * 1.25 + 5, 1, FONT)
    foot = how.height + (FONT * 1.6 if spec.x_title else 2)
    box = Box(left, top, plot_w, max(height - top - foot, 40))
    labels = _labels(spec, slot)
    if labels == "upright":
        longest = max(text_width(f.figure(v, spec.decimals), _LABEL) for s in spec.series for v in _known(s.values))
        scale = f.round_scale(
            scale.low, max(_known([v for s in spec.series for v in s.values])) / (1 - (longest + 6) / box.h)
        )
    out = [head, f.value_axis(box, scale, spec.unit)]
    match spec.kind:
        case "line":
            out.append(_lines(spec, box, scale, slot))
        case "stacked":
            out.append(_stacked(spec, box, scale, slot))
        case _:
            out.append(_bars(spec, box, scale, slot, labels))
    if spec.kind == "histogram":
        out.append(_edges(spec, box))
    else:
        out.append(f.category_labels(spec.categories, box, slot, how))
    if spec.x_title:
        out.append(text(box.x + box.w / 2, box.y + box.h + foot - 3, spec.x_title, FONT, anchor="middle", fill=GREY))
    defs = "" if spec.kind == "line" else f.patterns(len(spec.series))
    return document(spec.width_mm, (box.y + box.h + foot) / MM, out, defs=defs, alt=spec.alt or spec.title)


_LABEL = 7.0


def _thickness(spec: Chart, slot: float) -> float:
    full = spec.kind == "histogram"
    return min(slot * (0.96 if full else 0.76) / len(spec.series), slot if full else 36)


def _labels(spec: Chart, slot: float) -> Literal["level", "upright", "none"]:
    """How the values stand on the bars of one chart: all level, all upright, or, where neither has room, not at all."""
    if spec.kind not in ("bar", "histogram"):
        return "none"
    thick = _thickness(spec, slot)
    room = slot if len(spec.series) == 1 else thick
    widest = max(text_width(f.figure(v, spec.decimals), _LABEL) for s in spec.series for v in _known(s.values))
    if widest <= room - 1:
        return "level"
    return "upright" if thick >= _LABEL + 0.5 else "none"


def _bars(spec: Chart, box: Box, scale: Scale, slot: float, labels: Literal["level", "upright", "none"]) -> str:
    out = []
    thick = _thickness(spec, slot)
    zero = box.y + box.h * (1 - scale.at(0))
    for k in range(len(spec.categories)):
        start = box.x + (k + 0.5) * slot - thick * len(spec.series) / 2
        for n, series in enumerate(spec.series):
            value = _value(series, k)
            if value is None:
                continue
            x, y = start + n * thick, box.y + box.h * (1 - scale.at(value))
            inner = thick * 0.94 if len(spec.series) > 1 else thick
            out.append(rect(x, min(y, zero), inner, abs(zero - y), f.fill(n, len(spec.series))))
            words, middle = f.figure(value, spec.decimals), x + inner / 2
            if labels == "level":
                base = min(y, zero) - 2.5 if value >= 0 else max(y, zero) + _LABEL
                out.append(text(middle, base, words, _LABEL, anchor="middle"))
            elif labels == "upright" and value >= 0:
                out.append(text(middle + _LABEL * 0.36, min(y, zero) - 2.5, words, _LABEL, rotate=-90))
    return "".join(out)


def _stacked(spec: Chart, box: Box, scale: Scale, slot: float) -> str:
    out = []
    thick = min(slot * 0.66, 40)
    label = 7.0
    for k in range(len(spec.categories)):
        up = down = 0.0
        x = box.x + (k + 0.5) * slot - thick / 2
        for n, series in enumerate(spec.series):
            value = _value(series, k) or 0.0
            if not value:
                continue
            base = up if value > 0 else down
            y1, y2 = (box.y + box.h * (1 - scale.at(v)) for v in (base, base + value))
            out.append(rect(x, min(y1, y2), thick, abs(y1 - y2), f.fill(n, len(spec.series)), "#ffffff", 0.4))
            words = f.figure(value, spec.decimals)
            if abs(y1 - y2) >= label + 3 and text_width(words, label) <= thick - 3:
                out.append(_plate(x + thick / 2, (y1 + y2) / 2, words, label))
            up, down = (up + value, down) if value > 0 else (up, down + value)
        whole = f.figure(up, spec.decimals)
        if up and not down and len(spec.series) > 1 and text_width(whole, label) <= slot - 2:
            y = box.y + box.h * (1 - scale.at(up)) - 2.5
            out.append(text(x + thick / 2, y, whole, label, anchor="middle", bold=True))
    return "".join(out)


def _plate(x: float, y: float, words: str, size: float) -> str:
    """A value inside a bar, on a small white plate: readable on every fill and pattern."""
    w = text_width(words, size) + 3
    plate = rect(x - w / 2, y - size / 2 - 0.8, w, size + 1.6, "#ffffff")
    return plate + text(x, y + size * 0.36, words, size, anchor="middle")


def _lines(spec: Chart, box: Box, scale: Scale, slot: float) -> str:
    out, labels, taken = [], [], Taken()
    label = _LABEL
    for n, series in enumerate(spec.series):
        colour, dash = PALETTE[n % len(PALETTE)], f.DASHES[n % len(f.DASHES)]
        run: list[tuple[float, float]] = []
        for k in range(len(spec.categories)):
            value = _value(series, k)
            if value is None:
                out.append(polyline(run, colour, 1.6, dash) if len(run) > 1 else "")
                run = []
                continue
            run.append((box.x + (k + 0.5) * slot, box.y + box.h * (1 - scale.at(value))))
            labels.append((*run[-1], f.figure(value, spec.decimals), colour))
            out.append(f.marker(n, *run[-1]))
        out.append(polyline(run, colour, 1.6, dash) if len(run) > 1 else "")
    for x, y, _, _ in labels:
        taken.boxes.append((x - 2, y - 2, 4, 4))
    for x, y, words, colour in labels:
        w = text_width(words, label)
        for base in (y - 5, y + label + 4, y - 13, y + label + 12):
            inside = box.y - 6 <= base - label and base <= box.y + box.h
            if inside and taken.place(x - w / 2 - 0.5, base - label, w + 1, label + 1):
                out.append(
                    text(x, base, words, label, anchor="middle", fill=colour if colour in _DARK else INK, halo=True)
                )
                break
    return "".join(out)


#: Colours of the palette that keep 4.5:1 as text on white; the labels of the others are black.
_DARK = {"#1f5a94", "#3f7f5f", "#9c3d54", "#7a5c99", "#4d4d4d"}


def _edges(spec: Chart, box: Box) -> str:
    """The class bounds of a histogram stand between the bars, thinned until they do not touch."""
    words = [f.figure(e, None) for e in spec.edges]
    slot = box.w / (len(words) - 1)
    every = max(1, math.ceil((max(text_width(w, FONT) for w in words) + 5) / slot))
    out = []
    for k in range(0, len(words), every):
        x = box.x + k * slot
        out.append(line(x, box.y + box.h, x, box.y + box.h + 3, INK, 0.6))
        out.append(text(x, box.y + box.h + FONT + 4, words[k], FONT, anchor="middle"))
    return "".join(out)


def _level(spec: Chart) -> Drawing:
    """Bars from left to right: ``horizontal`` and ``share``."""
    width = spec.width_mm * MM
    head, top = _head(spec, width - 12)
    names = [shorten(c, width * 0.32, FONT) for c in spec.categories]
    left = max((text_width(n, FONT) for n in names), default=0) + 10
    many = len(spec.series)
    share = spec.kind == "share"
    row = 21.0 if share else 9 + 11.0 * many
    if spec.height_mm:
        row = max(row * 0.6, (spec.height_mm * MM - top - 24) / max(len(names), 1))
    scale = Scale(0, 100, 20) if share else _range(spec)
    box = Box(left, top + 4, width - left - (14 if share else 34), row * len(names))
    out = [head]
    for tick, words in zip(scale.ticks(), f.tick_labels(scale), strict=True):
        x = box.x + box.w * scale.at(tick)
        zero = abs(tick) < scale.step / 1e6
        out.append(line(x, box.y, x, box.y + box.h, INK if zero else "#d9d9d9", 0.8 if zero else 0.5))
        out.append(text(x, box.y + box.h + FONT + 3, words, FONT, anchor="middle", fill=GREY))
    unit = spec.unit or ("%" if share else "")
    foot = FONT + 8 + (FONT * 1.4 if unit else 0)
    if unit:
        out.append(text(box.x + box.w, box.y + box.h + 2.4 * FONT + 3, unit, FONT, anchor="end", fill=GREY))
    for k, name in enumerate(names):
        y = box.y + k * row
        out.append(text(box.x - 5, y + row / 2 + FONT * 0.36, name, FONT, anchor="end"))
        out.append(_share_row(spec, box, k, y, row) if share else _level_row(spec, box, scale, k, y, row))
    defs = f.patterns(many)
    return document(spec.width_mm, (box.y + box.h + foot) / MM, out, defs=defs, alt=spec.alt or spec.title)


def _level_row(spec: Chart, box: Box, scale: Scale, k: int, y: float, row: float) -> str:
    out = []
    thick = min(row * 0.76 / len(spec.series), 14)
    start = y + (row - thick * len(spec.series)) / 2
    for n, series in enumerate(spec.series):
        value = _value(series, k)
        if value is None:
            continue
        x1, x2 = sorted((box.x + box.w * scale.at(0), box.x + box.w * scale.at(value)))
        out.append(rect(x1, start + n * thick, x2 - x1, thick * 0.94, f.fill(n, len(spec.series))))
        size = min(7.5, thick)
        x, anchor = (x2 + 3, "start") if value >= 0 else (x1 - 3, "end")
        base = start + (n + 0.5) * thick + size * 0.34
        out.append(text(x, base, f.figure(value, spec.decimals), size, anchor=anchor, halo=True))
    return "".join(out)


def _share_row(spec: Chart, box: Box, k: int, y: float, row: float) -> str:
    values = [max(_value(s, k) or 0.0, 0.0) for s in spec.series]
    whole = sum(values)
    if not whole:
        return text(box.x + 4, y + row / 2 + FONT * 0.36, "—", FONT, fill=GREY)
    out, x = [], box.x
    for n, value in enumerate(values):
        w = box.w * value / whole
        if w <= 0:
            continue
        out.append(rect(x, y + row * 0.14, w, row * 0.72, f.fill(n, len(values)), "#ffffff", 0.4))
        words = f.figure(100 * value / whole, 1) + "%"
        if text_width(words, 7) + 5 <= w:
            out.append(_plate(x + w / 2, y + row / 2, words, 7))
        x += w
    return "".join(out)
