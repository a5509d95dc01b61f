"""The entities of a drawing, blocks exploded: areas with their rings, texts with their places, a count of all else."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ezdxf import path as paths
from ezdxf.math import OCS, Vec3

from panhuo.exchange.dxf.curves import CHORD, Coords, arc, bulged, chain
from panhuo.exchange.dxf.loading import plain

#: A polyline whose ends lie this near (drawing units) was meant to be closed.
GAP = 0.1
_DEEPEST = 12
_MOST = 2_000_000
_TEXTS = {"TEXT", "MTEXT", "ATTRIB", "ATTDEF"}


@dataclass(frozen=True, slots=True)
class Area:
    """One closed figure: its rings without closing points, and what the drawing says of it."""

    rings: list[Coords]
    layer: str
    colour: int | None
    kind: str
    handle: str | None
    block: str | None
    elevation: float | None
    code: str | None
    extra: str | None


@dataclass(slots=True)
class Drawn:
    """What was found: areas, texts (x, y, text), counts of what is no area, and almost closed polylines (area, gap)."""

    areas: list[Area] = field(default_factory=list)
    texts: list[tuple[float, float, str]] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    almost: list[tuple[int, float]] = field(default_factory=list)
    failed: list[tuple[str, str | None]] = field(default_factory=list)
    seen: int = 0
    too_many: bool = False


def walk(drawing: Any) -> Drawn:
    """All entities of the model space, and a count of those in paper space."""
    out = Drawn()
    _walk(drawing, drawing.modelspace(), out, None, None, None, 0)
    for layout in drawing.layouts:
        if layout.name != "Model":
            paper = sum(1 for e in layout if e.dxftype() != "VIEWPORT")
            if paper:
                out.others["图纸空间"] += paper
    return out


def _walk(
    drawing: Any,
    entities: Iterable[Any],
    out: Drawn,
    block: str | None,
    layer: str | None,
    colour: int | None,
    depth: int,
) -> None:
    for entity in entities:
        out.seen += 1
        if out.seen > _MOST:
            out.too_many = True
            return
        kind = entity.dxftype()
        try:
            own_layer, own_colour = _style(drawing, entity, layer, colour)
            if kind == "INSERT":
                _insert(drawing, entity, out, own_layer, own_colour, depth)
            elif kind in _TEXTS:
                _text(entity, out)
            else:
                rings, gap = _rings(entity, kind)
                if rings is None:
                    out.others["未闭合的多段线" if gap is not None else kind] += 1
                    continue
                code, extra = _south(entity)
                if gap:
                    out.almost.append((len(out.areas), gap))
                handle = entity.dxf.get("handle")
                out.areas.append(Area(rings, own_layer, own_colour, kind, handle, block, _height(entity), code, extra))
        except Exception:  # one damaged entity must not cost the others
            out.failed.append((kind, entity.dxf.get("handle")))


def _insert(drawing: Any, insert: Any, out: Drawn, layer: str, colour: int | None, depth: int) -> None:
    for attribute in insert.attribs:
        _text(attribute, out)
    if depth >= _DEEPEST:
        out.others["INSERT"] += 1
        return
    name = plain(insert.dxf.get("name", ""))
    for single in insert.multi_insert() if insert.mcount > 1 else (insert,):
        skipped: list[str] = []
        parts = single.virtual_entities(skipped_entity_callback=lambda e, _, found=skipped: found.append(e.dxftype()))
        _walk(drawing, parts, out, name, layer, colour, depth + 1)
        out.others.update(skipped)
        if out.too_many:
            return


def _style(drawing: Any, entity: Any, layer: str | None, colour: int | None) -> tuple[str, int | None]:
    """Layer and colour number; entities on layer 0 of a block take both from the block's insertion."""
    name = entity.dxf.get("layer", "0")
    own = entity.dxf.get("color", 256)
    if name == "0" and layer is not None:
        if own == 256:
            own = colour if colour is not None else 7
        shown = layer
    else:
        shown = plain(name)
    if own == 0:
        own = colour if colour is not None else 7
    if own == 256:
        own = drawing.layers.get(name).color if name in drawing.layers else 7
    return shown, int(own)


def _text(entity: Any, out: Drawn) -> None:
    kind = entity.dxftype()
    if kind == "MTEXT":
        words, place = entity.plain_text(), entity.dxf.insert
    else:
        words = entity.plain_text()
        aligned = entity.dxf.get("halign", 0) or entity.dxf.get("valign", 0)
        at = entity.dxf.align_point if aligned and entity.dxf.hasattr("align_point") else entity.dxf.insert
        place = entity.ocs().to_wcs(Vec3(at))
    words = " ".join(plain(words).split())
    if words and math.isfinite(place[0]) and math.isfinite(place[1]):
        out.texts.append((float(place[0]), float(place[1]), words))


def _rings(entity: Any, kind: str) -> tuple[list[Coords] | None, float | None]:
    """Rings of an entity, None if it encloses nothing; the second value is the gap of a polyline, 0 if closed."""
    if kind == "LWPOLYLINE":
        points = bulged(entity.get_points("xyb"), entity.closed)
        return _closed(_world(points, entity.ocs(), entity.dxf.get("elevation", 0.0)), entity.closed)
    if kind == "POLYLINE" and (entity.is_2d_polyline or entity.is_3d_polyline):
        vertices = [v for v in entity.vertices if not v.dxf.get("flags", 0) & 16]
        triples = [(v.dxf.location.x, v.dxf.location.y, v.dxf.get("bulge", 0.0)) for v in vertices]
        if entity.is_3d_polyline:
            return _closed(np.array([t[:2] for t in triples], np.float64).reshape(-1, 2), entity.is_closed)
        return _closed(
            _world(bulged(triples, entity.is_closed), entity.ocs(), _height(entity) or 0.0), entity.is_closed
        )
    if kind in ("HATCH", "MPOLYGON"):
        ocs, elevation = entity.ocs(), entity.dxf.get("elevation", Vec3()).z
        rings = [ring for boundary in entity.paths for ring in _boundary(boundary, ocs, elevation)]
        rings = [_open(r) for r in rings if len(_open(r)) >= 3]
        return (rings, 0.0) if rings else (None, None)
    return None, None


def _closed(points: Coords, closed: bool) -> tuple[list[Coords] | None, float | None]:
    points = points[np.isfinite(points).all(axis=1)]
    ring = _open(points)
    if closed or len(ring) < len(points):
        return [ring], 0.0
    gap = float(np.hypot(*(points[-1] - points[0]))) if len(points) > 1 else math.inf
    length = float(np.hypot(*np.diff(points, axis=0).T).sum()) if len(points) > 1 else 0.0
    if len(points) >= 3 and gap <= GAP and gap < 0.1 * length:
        return [ring], gap
    return None, gap


def _open(points: Coords) -> Coords:
    """A ring without its repeated first point."""
    end = len(points)
    while end > 1 and np.array_equal(points[end - 1], points[0]):
        end -= 1
    return points[:end]


def _world(points: Coords, ocs: OCS, elevation: float) -> Coords:
    if not ocs.transform or not len(points):
        return points
    return np.array([ocs.to_wcs(Vec3(x, y, elevation)).vec2 for x, y in points.tolist()], np.float64)


def _boundary(boundary: Any, ocs: OCS, elevation: float) -> list[Coords]:
    if hasattr(boundary, "vertices"):
        return [_world(bulged(boundary.vertices, True), ocs, elevation)]
    pieces: list[Coords] = []
    for edge in boundary.edges:
        if hasattr(edge, "radius"):
            start, end = math.radians(edge.start_angle), math.radians(edge.end_angle)
            sweep = (end - start) % (2 * math.pi) or 2 * math.pi
            piece = arc((edge.center.x, edge.center.y), edge.radius, start, sweep)
            pieces.append(piece if edge.ccw else piece[::-1])
        elif hasattr(edge, "major_axis") or hasattr(edge, "control_points"):
            whole = paths.from_hatch_edge_path(boundary, ocs, elevation)
            parts = whole.sub_paths() if whole.has_sub_paths else [whole]
            return [np.array([(v.x, v.y) for v in p.flattening(CHORD)], np.float64) for p in parts]
        else:
            pieces.append(np.array([(edge.start.x, edge.start.y), (edge.end.x, edge.end.y)], np.float64))
    joined = chain(pieces)
    if len(joined) > 1:
        joined = joined[np.append(True, np.abs(np.diff(joined, axis=0)).sum(axis=1) > 1e-9)]
        if np.abs(joined[0] - joined[-1]).sum() <= 1e-6:
            joined[-1] = joined[0]
    return [_world(joined, ocs, elevation)]


def _height(entity: Any) -> float | None:
    value = entity.dxf.get("elevation")
    if value is None:
        return None
    return float(value.z if hasattr(value, "z") else value)


def _south(entity: Any) -> tuple[str | None, str | None]:
    """CASS: the feature code and the further values kept as extended data of the application SOUTH."""
    if not entity.has_xdata("SOUTH"):
        return None, None
    values = [plain(str(tag.value)) for tag in entity.get_xdata("SOUTH") if tag.code not in (1001, 1002)]
    return (values[0], "；".join(values[1:]) or None) if values else (None, None)
