"""The map on paper: what the window shows, with legend, scale, north and its own number (图号), as a PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from panhuo.documents import BoundaryLayer, ClassStyle, Figure, MapLayer, MapSpec, Paper, map_svg, write_pdf
from panhuo.land.crs import ZONES, Crs, zone_of_longitude
from panhuo.land.polygons import Polygons
from panhuo.land.projection import transform
from panhuo.messages import Lang
from panhuo_platform import boxes
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.boxes import Box
from panhuo_platform.maps import divisions, overlays, rows, styles
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import LegacyParcel

#: More parcels than this are no map that somebody reads on paper, and minutes of work.
MOST = 300_000
_FRAME_MM = (156.0, 190.0)
#: A window that reaches over more degrees than two zones cannot be drawn in one.
_WIDEST = 6.0


@dataclass(frozen=True, slots=True)
class Printed:
    """A map as PDF, and its number."""

    pdf: bytes
    number: str


def printed_map(
    actor: User, chosen: ParcelFilter, window: Box, *, colouring: str, layers: Sequence[str], title: str
) -> Printed:
    """The map of ``window`` (west, south, east, north in degrees) as ``actor`` may see it; an export in the audit.

    Raises ValidationError where the window holds nothing to draw, or too much.
    """
    require(actor, "S", "database")
    lang: Lang = "en" if (get_language() or "").startswith("en") else "zh"
    title = title or _("低效用地分布图")
    looks = styles.colouring(colouring)
    held = rows.versions(actor, chosen).filter(boxes.meets("geometry", window))
    count = held.count()
    if count > MOST:
        raise ValidationError(
            _("当前范围内有 %(n)d 宗，一张图最多画 %(most)d 宗；请放大地图或先筛选。") % {"n": count, "most": MOST}
        )
    column = {"outcome": "outcome", "class": "main_class", "stage": "stage"}.get(looks.id, "outcome")
    values, blobs = rows.columns(held, f"parcel__{column}", rows.Wkb("geometry"))
    system = _system(window)
    drawn = [_parcels(values, blobs, looks, system)] if count else []
    drawn = [*_others(actor, window, layers, system), *drawn]
    boundaries = _boundaries(window, system) if "townships" in layers else ()
    if not drawn and not boundaries:
        raise ValidationError(_("当前范围内没有可以打印的内容；请移动地图或放宽筛选。"))
    today = timezone.localdate()
    spec = MapSpec(
        title="",
        layers=tuple(drawn),
        boundaries=boundaries,
        extent=_extent(window, system),
        crs_note=system.label(lang),
        date=today,
        source=_source(chosen, today),
        lang=lang,
        width_mm=_FRAME_MM[0],
        height_mm=_FRAME_MM[1],
        alt=title,
    )
    drawing = map_svg(spec)
    with transaction.atomic():
        event = record(
            AuditEvent.Action.EXPORTED,
            f"打印地图：{title}（{count} 宗）",
            actor=actor,
            detail={"filter": chosen.query(), "window": list(window), "parcels": count},
        )
    number = f"{today:%Y%m%d}-{event.number:06d}"
    paper = Paper(title, today, (Figure(drawing),), number=_("图号：%(number)s") % {"number": number}, lang=lang,
                  size="compact")  # fmt: skip
    return Printed(write_pdf(paper), number)


@dataclass(frozen=True, slots=True)
class System:
    """The 3° zone of the middle of a window."""

    crs: Crs
    zone: int

    def label(self, lang: Lang) -> str:
        meridian = self.zone * 3
        if lang == "zh":
            return f"CGCS2000 3度带第{self.zone}带（中央经线{meridian}°）"
        return f"CGCS2000, 3-degree zone {self.zone} (central meridian {meridian}°)"

    def to_plane(self, polygons: Polygons) -> Polygons:
        return polygons.with_coords(transform(polygons.coords, Crs.from_epsg(4490), self.crs))


def _system(window: Box) -> System:
    zone = zone_of_longitude((window[0] + window[2]) / 2)
    if zone not in ZONES["gk3"] or window[2] - window[0] > _WIDEST or window[3] - window[1] > _WIDEST:
        raise ValidationError(_("打印的范围太大，或不在国内；请放大地图后再打印。"))
    return System(Crs.gauss_kruger(zone, prefix=False), zone)


def _extent(window: Box, system: System) -> Box:
    west, south, east, north = window
    corners = np.array([(west, south), (east, south), (east, north), (west, north)])
    there = transform(corners, Crs.from_epsg(4490), system.crs)
    return float(there[:, 0].min()), float(there[:, 1].min()), float(there[:, 0].max()), float(there[:, 1].max())


def _style(look: styles.Look) -> ClassStyle:
    return ClassStyle(look.label, look.fill, styles.PATTERNS[look.pattern], look.line)


def _parcels(values: list[str], blobs: list[bytes], looks: styles.Colouring, system: System) -> MapLayer:
    """Parcels by the values that are there: a legend names what the map shows."""
    known = [look.value for look in looks.looks[:-1]] if looks.property else []
    found: NDArray[np.int64] = np.array([known.index(v) if v in known else len(known) for v in values], dtype=np.int64)
    used = np.unique(found)
    shown = tuple(_style(looks.looks[k]) for k in used.tolist())
    return MapLayer(system.to_plane(Polygons.from_wkb(blobs)), np.searchsorted(used, found), shown)


def _others(actor: User, window: Box, layers: Sequence[str], system: System) -> list[MapLayer]:
    """Legacy land and overlays below the parcels."""
    made = []
    if "legacy" in layers:
        found = LegacyParcel.objects.visible_to(actor).filter(rows.inside(LegacyParcel, window))
        (blobs,) = rows.columns(found.filter(geometry__isnull=False), rows.Wkb("geometry"))
        made.append((styles.other("legacy"), Polygons.from_wkb(blobs)))
    made += [(look, shapes) for look, shapes in overlays.printed(actor, window, layers)]
    return [
        MapLayer(system.to_plane(shapes), np.zeros(len(shapes), dtype=np.int64), (_style(look),))
        for look, shapes in made
        if len(shapes)
    ]


def _boundaries(window: Box, system: System) -> tuple[BoundaryLayer, ...]:
    box = shapely.box(*window)
    here = [
        (name, shape) for _k, _c, name, shape in divisions.townships() if shape is not None and shape.intersects(box)
    ]
    if not here:
        return ()
    shapes = system.to_plane(Polygons.from_shapely([shape for _name, shape in here]))
    look = styles.other("townships")
    return (BoundaryLayer(shapes, look.label, tuple(name for name, _shape in here), look.line),)


def _source(chosen: ParcelFilter, today: date) -> str:
    day = chosen.day or today
    return _("低效用地数据库，%(day)s 时点") % {"day": day.isoformat()}
