"""Maps for print: classes of parcels, boundaries and names in a frame with scale, north, grid, legend and source.

Coordinates are planar metres (a zone of CGCS2000). A layer of a few thousand parcels is drawn as vectors; bigger ones
are painted as pixels of 300 dots an inch, so that a million parcels cost neither time nor megabytes.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panhuo.documents import map_parts as mp
from panhuo.documents import map_shapes as ms
from panhuo.documents.chart_frame import Taken
from panhuo.documents.fonts import text_width
from panhuo.documents.map_shapes import GRAIN, Frame
from panhuo.documents.svg import GREY, MM, Drawing, document, hatch, line, number, rect, shorten, text
from panhuo.documents.wording import written_date
from panhuo.land.polygons import Polygons
from panhuo.messages import Lang, PanhuoError

#: Beyond this many geometries or points in all layers the layers are painted as pixels.
MOST_SHAPES, MOST_POINTS = 12_000, 200_000
DPI = 300
#: Lines of numbered names in the legend: more would be no legend but a register.
KEY_LINES = 6


@dataclass(frozen=True, slots=True)
class ClassStyle:
    """How a class is filled: colour, pattern (0 none, 1 falling, 2 rising, 3 dots, 4 level lines), outline."""

    name: str
    fill: str
    pattern: int = 0
    stroke: str = "#5a5a5a"
    width: float = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class MapLayer:
    """Polygons (n) with a class (n,) each: an index into ``styles``, or -1 for what is not drawn."""

    polygons: Polygons
    classes: NDArray[np.integer]
    styles: tuple[ClassStyle, ...]


@dataclass(frozen=True, slots=True, eq=False)
class BoundaryLayer:
    """Outlines, such as those of townships; ``names`` (n or none) are written into the areas."""

    polygons: Polygons
    title: str = ""
    names: tuple[str, ...] = ()
    stroke: str = "#3a3a3a"
    width: float = 0.9
    dash: str = "6 2 1.5 2"


@dataclass(frozen=True, slots=True, eq=False)
class MapSpec:
    """A map as data.

    layers, boundaries : drawn in their order, boundaries on top
    extent             : (x0, y0, x1, y1) in metres; None takes what the boundaries, else the layers cover
    crs_note           : e.g. ``CGCS2000 3度带第39带，1985国家高程基准``; ``review_number`` the 审图号 when there is one
    width_mm, height_mm: the largest size; the scale is the roundest that fits
    """

    title: str
    layers: tuple[MapLayer, ...]
    boundaries: tuple[BoundaryLayer, ...] = ()
    extent: tuple[float, float, float, float] | None = None
    crs_note: str = ""
    date: dt.date | None = None
    source: str = ""
    review_number: str | None = None
    lang: Lang = "zh"
    width_mm: float = 156
    height_mm: float = 205
    alt: str = ""


def map_svg(spec: MapSpec, *, room: tuple[float, float] | None = None) -> Drawing:
    """Draw ``spec``, no larger than ``room`` (mm, mm). Raises :class:`PanhuoError` when there is nothing to draw."""
    width = min(spec.width_mm, room[0]) if room else spec.width_mm
    most = min(spec.height_mm, room[1]) if room else spec.height_mm
    _check(spec)
    # Names that find no room become numbers explained in the legend: one line is left for them at first, then six.
    drawing = _composed(spec, width, most, 26.0 if any(b.names for b in spec.boundaries) else 0.0)
    return drawing if drawing.height_mm <= most else _composed(spec, width, most, 10.0 * KEY_LINES + 10)


def _composed(spec: MapSpec, width: float, most: float, reserve: float) -> Drawing:
    """The map at the roundest scale that leaves ``reserve`` points of the height ``most`` free."""
    side, head = 20.0, 8.0 + (20.0 if spec.title else 0.0) + 16.0
    inner = width * MM - 2 * side
    foot, _ = _foot(spec, side, 0, inner, 1.0, 1.0, [])
    frame, scale = _frame(spec, side, head, inner, max(most * MM - head - foot - 30 - reserve, 60.0))
    body, defs = _layers(spec, frame)
    body.append(_boundaries(spec, frame))
    taken = Taken()
    arrow = mp.arrow_corner(frame, _sample(spec, frame))
    taken.boxes.append((arrow[0] - 11, arrow[1] - 4, 22, 38))
    names, keyed = _names(spec, frame, taken)
    window = rect(frame.left, frame.top, frame.width, frame.height, "#000")
    defs += f'<clipPath id="window">{window}</clipPath>'
    inside = f'<g clip-path="url(#window)">{"".join(body)}{names}</g>'
    title = (
        text(width * MM / 2, 19, shorten(spec.title, inner, 13), 13, anchor="middle", bold=True) if spec.title else ""
    )
    below = frame.top + frame.height + 24
    height, under = _foot(spec, side, below, inner, frame.scale, scale, keyed)
    pieces = [title, inside, mp.north_arrow(*arrow, spec.lang), mp.grid_ticks(frame), mp.neatline(frame), under]
    alt = spec.alt or spec.title
    return document(width, (below + height + 2) / MM, pieces, defs=defs, alt=alt)


def _check(spec: MapSpec) -> None:
    for layer in spec.layers:
        n, c = len(layer.polygons), np.asarray(layer.classes)
        if len(c) != n or (len(c) and int(c.max()) >= len(layer.styles)):
            raise PanhuoError(
                f"地图图层有 {n} 个图形、{len(c)} 个类别值、{len(layer.styles)} 种样式，三者不符。",
                f"A layer has {n} shapes, {len(c)} classes and {len(layer.styles)} styles, which do not agree.",
                where=spec.title,
            )
    for boundary in spec.boundaries:
        if boundary.names and len(boundary.names) != len(boundary.polygons):
            raise PanhuoError(
                f"界线图层有 {len(boundary.polygons)} 个图形、{len(boundary.names)} 个名称。",
                f"A boundary layer has {len(boundary.polygons)} shapes and {len(boundary.names)} names.",
                where=spec.title,
            )


def _frame(spec: MapSpec, left: float, top: float, room_w: float, room_h: float) -> tuple[Frame, float]:
    """The window at the roundest scale that shows everything, and the scale's denominator."""
    box = (
        spec.extent or ms.extent([b.polygons for b in spec.boundaries]) or ms.extent([m.polygons for m in spec.layers])
    )
    if box is None:
        raise PanhuoError("地图没有可绘制的图形。", "The map has no shape to draw.", where=spec.title)
    x0, y0, x1, y1 = box
    w, h = max(x1 - x0, 1.0) * 1.04, max(y1 - y0, 1.0) * 1.04
    metre = 1000 * MM  # points on paper a metre at 1:1
    scale = mp.denominator(max(w * metre / room_w, h * metre / room_h))
    per = metre / scale
    high = min(room_h, max(h * per, 0.45 * room_w))
    ground_w, ground_h = room_w / per, high / per
    cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
    return Frame(cx - ground_w / 2, cy - ground_h / 2, ground_w, ground_h, left, top, per), scale


def _layers(spec: MapSpec, frame: Frame) -> tuple[list[str], str]:
    shapes = sum(int((np.asarray(m.classes) >= 0).sum()) for m in spec.layers)
    points = sum(len(m.polygons.coords) for m in spec.layers)
    defs = "".join(
        hatch(f"m{k}c{c}", style.fill, _ink(style.fill), style.pattern, 3.6)
        for k, layer in enumerate(spec.layers)
        for c, style in enumerate(layer.styles)
        if style.pattern
    )
    if shapes <= MOST_SHAPES and points <= MOST_POINTS:
        return [_drawn(k, layer, frame) for k, layer in enumerate(spec.layers)], defs
    return [_painted(spec.layers, frame)], defs


def _drawn(k: int, layer: MapLayer, frame: Frame) -> str:
    classes = np.asarray(layer.classes)
    out = [f'<g transform="scale({GRAIN})" fill-rule="evenodd" stroke-linejoin="round">']
    for c, style in enumerate(layer.styles):
        data = ms.paths(layer.polygons, frame, np.flatnonzero(classes == c))
        # A pattern inside the scaled group would shrink with it.
        paint = style.fill if not style.pattern else f"url(#m{k}c{c}s)"
        shapes = "".join(f'<path d="{d}"/>' for d in data if d)
        out.append(
            f'<g fill="{paint}" stroke="{style.stroke}" stroke-width="{number(style.width / GRAIN)}">{shapes}</g>'
        )
    scaled = "".join(
        f'<pattern id="m{k}c{c}s" xlink:href="#m{k}c{c}" patternTransform="scale({1 / GRAIN:.4f})"/>'
        for c, style in enumerate(layer.styles)
        if style.pattern
    )
    return f"<defs>{scaled}</defs>{''.join(out)}</g>" if scaled else "".join(out) + "</g>"


def _painted(layers: tuple[MapLayer, ...], frame: Frame) -> str:
    """All layers as one picture of pixels: fills, patterns, and outlines where the shapes are big enough for them."""
    per = DPI / 72
    w, h = math.ceil(frame.width * per), math.ceil(frame.height * per)
    grid, owner = np.zeros((h, w), dtype=np.int16), np.zeros((h, w), dtype=np.int32)
    palette: list[tuple[int, int, int]] = [(255, 255, 255)]
    hatched: list[tuple[int, int]] = []
    first = base = 0
    for layer in layers:
        classes = np.asarray(layer.classes, dtype=np.int64)
        shifted = np.where(classes >= 0, classes + base, -1)
        for start, coords, rings, geoms in ms.pieces(layer.polygons):
            pixels = (frame.project(coords) - (frame.left, frame.top)) * per
            ms.paint(grid, owner, pixels, rings, geoms, shifted[start:], first + start)
        first += len(layer.polygons)
        palette += [_rgb(s.fill) for s in layer.styles]
        hatched += [(base + c + 1, s.pattern) for c, s in enumerate(layer.styles) if s.pattern]
        base += len(layer.styles)
    if base > 120:
        raise PanhuoError("地图分类超过120种，无法区分。", "More than 120 classes cannot be told apart on a map.")
    indices = grid.astype(np.uint8)
    styles = [s for layer in layers for s in layer.styles]
    rows, columns = np.indices((h, w), sparse=True)
    for index, kind in hatched:
        spots = {
            1: (columns - rows) % 12 < 3,
            2: (columns + rows) % 12 < 3,
            3: (rows % 12 < 4) & (columns % 12 < 4),
            4: (rows + 0 * columns) % 12 < 3,
        }[kind]
        palette.append(_rgb(_ink(styles[index - 1].fill)))
        indices[spots & (grid == index)] = len(palette) - 1
    seen = int((owner > 0).sum())
    if seen and seen / max(int(np.count_nonzero(np.bincount(owner.ravel()))) - 1, 1) >= 80:
        edge = np.zeros((h, w), dtype=bool)
        edge[:, :-1] |= owner[:, :-1] != owner[:, 1:]
        edge[:-1] |= owner[:-1] != owner[1:]
        palette.append((90, 90, 90))
        indices[edge & ((owner > 0) | np.roll(owner > 0, -1, 1))] = len(palette) - 1
    picture = ms.data_uri(ms.png(indices, palette))
    place = f'x="{number(frame.left)}" y="{number(frame.top)}" width="{number(w / per)}" height="{number(h / per)}"'
    return f'<image {place} preserveAspectRatio="none" image-rendering="optimizeQuality" xlink:href="{picture}"/>'


def _rgb(colour: str) -> tuple[int, int, int]:
    value = colour.lstrip("#")
    if len(value) != 6:
        raise PanhuoError(f"颜色应写作 #rrggbb：{colour}", f"A colour is written #rrggbb: {colour}")
    return int(value[:2], 16), int(value[2:4], 16), int(value[4:], 16)


def _ink(fill: str) -> str:
    """The colour of pattern lines on ``fill``: white on dark, dark grey on light."""
    r, g, b = _rgb(fill)
    return "#ffffff" if 0.299 * r + 0.587 * g + 0.114 * b < 140 else "#4d4d4d"


def _boundaries(spec: MapSpec, frame: Frame) -> str:
    out = []
    for layer in spec.boundaries:
        data = ms.outlines(layer.polygons, frame)
        wide = layer.width / GRAIN
        dashes = " ".join(number(float(v) / GRAIN) for v in layer.dash.split())
        dash = f' stroke-dasharray="{dashes}"' if dashes else ""
        path = f'<path d="{data}" fill="none" stroke-linejoin="round"'
        halo = f'{path} stroke="#fff" stroke-opacity="0.8" stroke-width="{number(wide * 2.4)}"/>'
        stroke = f'{path} stroke="{layer.stroke}" stroke-width="{number(wide)}"{dash}/>'
        out.append(f'<g transform="scale({GRAIN})">{halo}{stroke}</g>')
    return "".join(out)


def _names(spec: MapSpec, frame: Frame, taken: Taken) -> tuple[str, list[tuple[int, str]]]:
    out, keyed = [], []
    for layer in spec.boundaries:
        if layer.names:
            placed, numbered = mp.name_places(layer.polygons, layer.names, frame, taken)
            out += [text(x, y, words, size, anchor="middle", halo=True, bold=True) for x, y, words, size in placed]
            keyed += numbered
    return "".join(out), keyed


def _sample(spec: MapSpec, frame: Frame) -> NDArray[np.float64]:
    """Some of the points of the layers, on paper."""
    parts = [m.polygons.coords[:: max(1, len(m.polygons.coords) // 20000)] for m in spec.layers]
    parts += [b.polygons.coords[:: max(1, len(b.polygons.coords) // 5000)] for b in spec.boundaries]
    return frame.project(np.concatenate(parts)) if parts else np.zeros((0, 2))


def _foot(
    spec: MapSpec, x: float, y: float, room: float, per: float, scale: float, keyed: list[tuple[int, str]]
) -> tuple[float, str]:
    """Legend to the left, scale bar to the right, notes below; returns the height and the drawing."""
    zh = spec.lang == "zh"
    entries = []
    for k, layer in enumerate(spec.layers):
        for c, style in enumerate(layer.styles):
            paint = f"url(#m{k}c{c})" if style.pattern else style.fill
            entries.append((rect(0, 0, 16, 9, paint, style.stroke, 0.4), style.name))
    for boundary in spec.boundaries:
        if boundary.title:
            entries.append((line(0, 4.5, 16, 4.5, boundary.stroke, boundary.width, boundary.dash), boundary.title))
    out, height = mp.legend(entries, x, y, room * 0.66, "图　例" if zh else "Legend")
    bar = mp.scale_bar(x + room * 0.72, y, room * 0.26, per, scale, spec.lang) if y else ""
    height = max(height, 28.0)
    if keyed:
        row = ""
        rows: list[str] = []
        for n, name in keyed:
            entry = f"{n} {name}"
            if row and text_width(f"{row}　{entry}", 7) > room:
                if len(rows) == KEY_LINES - 1:
                    row = f"{row}　……"
                    break
                rows.append(row)
                row = ""
            row = f"{row}　{entry}" if row else entry
        for words in [*rows, row]:
            out += text(x, y + height + 8, shorten(words, room, 7), 7)
            height += 10
    notes = [
        spec.crs_note,
        (("制图日期：" if zh else "Date: ") + written_date(spec.date, spec.lang)) if spec.date else "",
    ]
    more = [(("数据来源：" if zh else "Source: ") + spec.source) if spec.source else ""]
    if spec.review_number is not None:
        more.append(("审图号：" if zh else "Map review no.: ") + (spec.review_number or "________"))
    for left, right in (notes, [*more, ""][:2]):
        if not left and not right:
            continue
        gap = text_width(right, 7) + 8 if right else 0
        out += text(x, y + height + 12, shorten(left, room - gap, 7), 7, fill=GREY)
        out += text(x + room, y + height + 12, right, 7, anchor="end", fill=GREY)
        height += 11
    return height + 6, out + bar
