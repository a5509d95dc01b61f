"""What surrounds a map: scale, grid ticks, scale bar, north arrow, legend; and where names can stand."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from panhuo.documents.chart_frame import Taken
from panhuo.documents.fonts import text_width
from panhuo.documents.map_shapes import Frame
from panhuo.documents.svg import GREY, INK, line, number, rect, shorten, text
from panhuo.land.polygons import Polygons
from panhuo.messages import Lang

_ROUND = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
SMALL = 6.2


def denominator(least: float) -> float:
    """The round scale denominator that is not below ``least``: 1:5 000, 1:25 000, …"""
    power = 10.0 ** math.floor(math.log10(least))
    return next(m * power for m in _ROUND if m * power >= least * 0.9999)


def round_step(span: float, parts: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that divides ``span`` into at least ``parts``."""
    power = 10.0 ** math.floor(math.log10(span / parts))
    return max(m * power for m in (1, 2, 5) if m * power <= span / parts * 1.0001)


def grid_ticks(frame: Frame) -> str:
    """Ticks at round coordinates with their values outside the frame, and faint crosses inside."""
    step = round_step(min(frame.ground_w, frame.ground_h), 3)
    xs = np.arange(math.ceil(frame.x0 / step), math.floor((frame.x0 + frame.ground_w) / step) + 1) * step
    ys = np.arange(math.ceil(frame.y0 / step), math.floor((frame.y0 + frame.ground_h) / step) + 1) * step
    right, bottom = frame.left + frame.width, frame.top + frame.height
    out = []
    px = frame.left + (xs - frame.x0) * frame.scale
    py = bottom - (ys - frame.y0) * frame.scale
    for x, value in zip(px.tolist(), xs.tolist(), strict=True):
        words = f"{value:.0f}"
        half = text_width(words, SMALL) / 2
        out += [line(x, frame.top, x, frame.top + 4, INK, 0.5), line(x, bottom, x, bottom - 4, INK, 0.5)]
        if frame.left + half <= x <= right - half:
            out.append(text(x, frame.top - 5.5, words, SMALL, anchor="middle", fill=GREY))
            out.append(text(x, bottom + 5 + SMALL, words, SMALL, anchor="middle", fill=GREY))
    for y, value in zip(py.tolist(), ys.tolist(), strict=True):
        words = f"{value:.0f}"
        half = text_width(words, SMALL) / 2
        out += [line(frame.left, y, frame.left + 4, y, INK, 0.5), line(right, y, right - 4, y, INK, 0.5)]
        if frame.top + half <= y <= bottom - half:
            out.append(text(frame.left - 5.5, y, words, SMALL, anchor="middle", fill=GREY, rotate=-90))
            out.append(text(right + 5 + SMALL, y, words, SMALL, anchor="middle", fill=GREY, rotate=-90))
    for x in px.tolist():
        for y in py.tolist():
            out += [line(x - 3, y, x + 3, y, "#7a7a7a", 0.35), line(x, y - 3, x, y + 3, "#7a7a7a", 0.35)]
    return "".join(out)


def neatline(frame: Frame) -> str:
    """The double frame: thin inside, heavy outside."""
    inner = rect(frame.left, frame.top, frame.width, frame.height, "none", INK, 0.6)
    gap = 14.0
    return inner + rect(
        frame.left - gap, frame.top - gap, frame.width + 2 * gap, frame.height + 2 * gap, "none", INK, 1.3
    )


def north_arrow(x: float, y: float, lang: Lang) -> str:
    """A north arrow of 30 points with its foot at (x, y + 30); grid north is up."""
    letter = "北" if lang == "zh" else "N"
    left = f'<path d="M{number(x)} {number(y + 9)}l-6.5 21l6.5 -5z" fill="{INK}" stroke="{INK}" stroke-width="0.5"/>'
    right = f'<path d="M{number(x)} {number(y + 9)}l6.5 21l-6.5 -5z" fill="#fff" stroke="{INK}" stroke-width="0.5"/>'
    return rect(x - 10, y - 3, 20, 36, "#ffffff") + text(x, y + 6, letter, 8, anchor="middle", bold=True) + left + right


def arrow_corner(frame: Frame, points: NDArray[np.float64]) -> tuple[float, float]:
    """The upper corner with fewer of the ``points`` in it: where the arrow covers least."""
    left, right = frame.left + 14, frame.left + frame.width - 14
    high = points[points[:, 1] < frame.top + 44]
    busy = [(int((np.abs(high[:, 0] - x) < 16).sum()), k, x) for k, x in enumerate((right, left))]
    return min(busy)[2], frame.top + 7


def scale_bar(x: float, y: float, room: float, points_a_metre: float, scale: float, lang: Lang) -> str:
    """A bar of two round parts with its length in m or km, and the ratio above it."""
    length = round_step(room * 0.8 / points_a_metre, 1)
    unit, per = ("km", 1000.0) if length >= 1000 else ("m", 1.0)
    words = {"km": "千米", "m": "米"}[unit] if lang == "zh" else unit
    w = length * points_a_metre
    ratio = f"1:{scale:,.0f}".replace(",", "\u2009")
    out = [text(x, y + 7, f"比例尺 {ratio}" if lang == "zh" else f"Scale {ratio}", 7.5)]
    top = y + 13
    for k, shade in enumerate((INK, "#ffffff", INK, "#ffffff")):
        out.append(rect(x + k * w / 4, top, w / 4, 3.2, shade, INK, 0.5))
    for part in (0, 0.5, 1):
        value = f"{length * part / per:g}"
        said = f"{value} {words}" if part == 1 else value
        anchor = "middle" if part != 1 else "start"
        shift = -text_width(value, 6.5) / 2 if part == 1 else 0
        out.append(text(x + part * w + shift, top + 11, said, 6.5, anchor=anchor))
    return "".join(out)


def legend(entries: Sequence[tuple[str, str]], x: float, y: float, room: float, heading: str) -> tuple[str, float]:
    """Legend entries (swatch at 0, 0 with 16 x 9 points, words) in columns; returns the drawing and its height."""
    if not entries:
        return "", 0.0
    size, row = 7.5, 13.0
    widest = max(text_width(words, size) for _, words in entries) + 32
    columns = max(1, min(len(entries), int(room // min(widest, room))))
    wide = room / columns
    rows = math.ceil(len(entries) / columns)
    out = [text(x, y + 8, heading, 8, bold=True)]
    for k, (swatch, words) in enumerate(entries):
        left, top = x + (k // rows) * wide, y + 13 + (k % rows) * row
        out.append(f'<g transform="translate({number(left)} {number(top)})">{swatch}</g>')
        out.append(text(left + 21, top + 7.4, shorten(words, wide - 26, size), size))
    return "".join(out), 13 + rows * row


def name_places(
    polygons: Polygons, names: Sequence[str], frame: Frame, taken: Taken, size: float = 8
) -> tuple[list[tuple[float, float, str, float]], list[tuple[int, str]]]:
    """Places for the names of areas: (x, y of the baseline's middle, words, size), biggest areas first.

    Each name stands inside its area when it can, at the place nearest to the middle of the largest circle that fits, or
    a little smaller. Of the others a few may reach over their boundary; many become numbers, told in the second list,
    which the legend explains. Where not even a number has room, nothing is written: names never lie on each other.
    """
    order, shapes = _areas(polygons, frame)
    placed: list[tuple[float, float, str, float]] = []
    keyed: list[tuple[int, str]] = []
    rest = []
    for k in order:
        shape = shapes[k]
        if shape is None or not names[k]:
            continue
        shapely.prepare(shape)
        spots = _spots(shape)
        for trial in (size, size * 0.85):
            spot = _free(shape, spots, text_width(names[k], trial) + 2, trial * 1.25, taken, inside=True)
            if spot:
                placed.append((spot[0], spot[1] + trial * 0.36, names[k], trial))
                break
        else:
            rest.append((shape, spots, names[k]))
    small = size * 0.85
    for shape, spots, words in rest:
        if len(rest) <= 6 and (
            spot := _free(shape, spots, text_width(words, small) + 2, small * 1.25, taken, inside=False)
        ):
            placed.append((spot[0], spot[1] + small * 0.36, words, small))
            continue
        spot = _free(shape, spots, 10, 8, taken, inside=False)
        if spot:
            keyed.append((len(keyed) + 1, words))
            placed.append((spot[0], spot[1] + 2.3, str(len(keyed)), 6.5))
    return placed, keyed


def _areas(polygons: Polygons, frame: Frame) -> tuple[list[int], list[shapely.Polygon | None]]:
    """The part of each area inside the frame on paper, largest piece only, and the order from big to small."""
    window = shapely.box(frame.left, frame.top, frame.left + frame.width, frame.top + frame.height)
    points = frame.project(polygons.coords)
    shapes: list[shapely.Polygon | None] = []
    for g in range(len(polygons)):
        pieces = []
        for r in range(polygons.geoms[g], polygons.geoms[g + 1]):
            ring = points[polygons.rings[r] : polygons.rings[r + 1]]
            if not polygons.holes[r] and len(ring) >= 4:
                pieces.append(shapely.Polygon(ring))
        if not pieces:
            shapes.append(None)
            continue
        biggest = max(pieces, key=lambda p: p.area).simplify(0.4)
        seen = shapely.intersection(shapely.make_valid(biggest), window)
        parts = [p for p in shapely.get_parts(seen) if p.geom_type == "Polygon" and p.area > 1]
        shapes.append(max(parts, key=lambda p: p.area) if parts else None)
    sizes = [(-s.area, k) for k, s in enumerate(shapes) if s is not None]
    return [k for _, k in sorted(sizes)], shapes


def _spots(shape: shapely.Polygon) -> NDArray[np.float64]:
    """(k, 2): the centre of the largest circle inside, then points of a grid inside, nearest to it first."""
    centre = shapely.get_coordinates(shapely.maximum_inscribed_circle(shape, tolerance=0.5))[0]
    x0, y0, x1, y1 = shape.bounds
    step = max((x1 - x0) / 24, (y1 - y0) / 24, 2.0)
    xs, ys = np.meshgrid(np.arange(x0 + step / 2, x1, step), np.arange(y0 + step / 2, y1, step))
    inside = np.column_stack((xs.ravel(), ys.ravel()))
    inside = inside[shapely.contains_xy(shape, inside[:, 0], inside[:, 1])]
    far = np.hypot(*(inside - centre).T)
    return np.concatenate((centre[None], inside[np.argsort(far, kind="stable")]))


def _free(
    shape: shapely.Polygon, spots: NDArray[np.float64], w: float, h: float, taken: Taken, *, inside: bool
) -> tuple[float, float] | None:
    """The first of ``spots`` around which a box of this size is free (and, if asked, inside the area); it is taken."""
    half = np.array([w / 2, h / 2])
    low, high = spots - half, spots + half
    if inside:
        x0, y0, x1, y1 = shape.bounds
        fits = (low[:, 0] >= x0) & (low[:, 1] >= y0) & (high[:, 0] <= x1) & (high[:, 1] <= y1)
        if not fits.any():
            return None
        fits[fits] = shapely.contains(shape, shapely.box(*low[fits].T, *high[fits].T))
    else:
        fits = np.ones(len(spots), dtype=bool)
    (left, top), (right, bottom) = low.min(axis=0), high.max(axis=0)
    near = [b for b in taken.boxes if b[0] < right and b[0] + b[2] > left and b[1] < bottom and b[1] + b[3] > top]
    for x, y, wide, deep in near:
        fits &= (low[:, 0] >= x + wide) | (high[:, 0] <= x) | (low[:, 1] >= y + deep) | (high[:, 1] <= y)
    if not fits.any():
        return None
    x, y = spots[int(np.argmax(fits))].tolist()
    taken.boxes.append((x - w / 2, y - h / 2, w, h))
    return x, y
