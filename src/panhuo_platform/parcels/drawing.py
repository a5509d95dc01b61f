"""Shapes that somebody drew in a browser: read, checked against the parcel and its neighbours, or refused in words.

GeoJSON in longitude and latitude (EPSG:4490; the numbers of WGS 84 are the same).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from shapely.ops import split as cut

from panhuo.land.polygons import Polygons
from panhuo.messages import format_number
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels import queries
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import ParcelVersion
from panhuo_platform.parcels.shapes import areas
from panhuo_platform.regions.models import Region

#: A drawing has at most so many corners, and a part at least so much area (m²).
CORNERS, LEAST_M2 = 20_000, 1.0
#: Corners of a drawing snap to the parcel's outline within this many degrees: about five centimetres, the accuracy
#: of boundary points in a cadastral survey.
SNAP = 5e-7
#: What of a construction is no more than this (square degrees, a square centimetre) is rounding.
_SLIVER = 1e-14
#: Overlaps up to this much (m²), and up to this share of the drawn shape, come from rounding and are let through.
ROUNDING_M2, ROUNDING_SHARE = 0.5, 1e-5


def read(text: str | dict[str, Any], *, line: bool = False) -> BaseGeometry:
    """A polygon (or a line) out of GeoJSON: a geometry, a feature, or a collection of features that are one shape."""
    try:
        told = json.loads(text) if isinstance(text, str) else text
        shapes = [shapely.from_geojson(json.dumps(g)) for g in _geometries(told)]
    except (ValueError, TypeError, KeyError, AttributeError, shapely.errors.GEOSException) as error:
        raise ValidationError(_("图形无法读取，请重新绘制。")) from error
    wanted = ("LineString", "MultiLineString") if line else ("Polygon", "MultiPolygon")
    if not shapes or any(s is None or s.is_empty or s.geom_type not in wanted for s in shapes):
        raise ValidationError(_("请画一条线。") if line else _("请画一个面。"))
    shape = shapely.force_2d(shapes[0] if len(shapes) == 1 else shapely.union_all(shapes))
    points = shapely.get_coordinates(shape)
    if len(points) > CORNERS:
        raise ValidationError(_("图形的节点超过 %(most)s 个，请先简化。") % {"most": format_number(CORNERS)})
    if not (np.isfinite(points).all() and (np.abs(points[:, 0]) <= 180).all() and (np.abs(points[:, 1]) <= 90).all()):
        raise ValidationError(_("坐标应当是经纬度，请检查坐标系。"))
    return shape


def _geometries(told: dict[str, Any]) -> list[dict[str, Any]]:
    if told["type"] == "FeatureCollection":
        return [f["geometry"] for f in told["features"]]
    if told["type"] == "Feature":
        return [told["geometry"]]
    return [told]


def area_of(shape: BaseGeometry) -> float:
    """m² on the ellipsoid."""
    return float(areas(polygons_of([shape]))[0][0])


def polygons_of(shapes: Sequence[BaseGeometry]) -> Polygons:
    return Polygons.from_shapely(np.array([*shapes, None], dtype=object)[:-1])


def wkb_of(shapes: Sequence[BaseGeometry]) -> pa.LargeBinaryArray:
    return pa.array([shapely.to_wkb(s) for s in shapes], type=pa.large_binary())


def cut_by_line(whole: BaseGeometry, line: BaseGeometry) -> list[BaseGeometry]:
    """The parts that a line cuts a shape into, from west to east. Together they are the shape, to the last digit."""
    if not shapely.intersects(whole, line):
        raise ValidationError(_("分割线没有穿过宗地。"))
    parts: list[BaseGeometry] = [whole]
    for piece in shapely.get_parts(line):
        parts = [p for part in parts for p in _cut(part, piece)]
    if len(parts) < 2:
        raise ValidationError(_("分割线没有把宗地分开：线的两端都要画到宗地之外。"))
    return sorted(parts, key=lambda p: (p.centroid.x, p.centroid.y))


def _cut(part: BaseGeometry, line: BaseGeometry) -> list[BaseGeometry]:
    cut_parts = [p for polygon in shapely.get_parts(part) for p in cut(polygon, line).geoms]
    if len(cut_parts) == len(shapely.get_parts(part)):
        return [part]
    return cut_parts


def fit_into(whole: BaseGeometry, drawn: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Drawn parts of a shape, drawn to its outline where they come close, that fill it without lying on each other."""
    parts = [_valid(_onto(part, whole), k) for k, part in enumerate(drawn, 1)]
    if len(parts) < 2:
        raise ValidationError(_("分割后至少要有两宗。"))
    total = area_of(whole)
    outside = area_of_all(shapely.difference(part, whole) for part in parts)
    if outside > slack(total):
        raise ValidationError(_("分割后的图形超出原宗地 %(area)s 平方米。") % {"area": format_number(outside, 2)})
    left = area_of_all([shapely.difference(whole, shapely.union_all(parts))])
    if left > slack(total):
        raise ValidationError(
            _("分割后的图形没有铺满原宗地，还有 %(area)s 平方米没有归属。") % {"area": format_number(left, 2)}
        )
    fitted: list[BaseGeometry] = []
    for k, part in enumerate(parts):
        for other, before in enumerate(fitted):
            common = area_of_all([shapely.intersection(part, before)])
            if common > slack(total):
                raise ValidationError(
                    _("第 %(one)s 宗与第 %(other)s 宗重叠 %(area)s 平方米。")
                    % {"one": other + 1, "other": k + 1, "area": format_number(common, 2)}
                )
        fitted.append(part)
    return _tight(whole, fitted)


def _onto(part: BaseGeometry, whole: BaseGeometry) -> BaseGeometry:
    """The part with its corners on those of the whole, or on its outline, where they come close."""
    outline = shapely.boundary(whole)

    def drawn_to(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        points = shapely.points(xy)
        near = shapely.distance(points, outline) < SNAP
        ends = shapely.shortest_line(points[near], outline)
        xy = xy.copy()
        xy[near] = shapely.get_coordinates(ends)[1::2]
        return xy

    return shapely.transform(shapely.snap(part, whole, SNAP), drawn_to)


def _tight(whole: BaseGeometry, parts: list[BaseGeometry]) -> list[BaseGeometry]:
    """Take the last slivers away: each part keeps what no part before it has, the last one gets the rest."""
    out: list[BaseGeometry] = []
    rest = whole
    for part in parts[:-1]:
        mine = _areal(shapely.intersection(part, rest))
        rest = _areal(shapely.difference(rest, mine))
        out.append(mine)
    return [*out, rest]


def _areal(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape; lines and points that a construction left behind fall away."""
    polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon" and p.area > _SLIVER]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def area_of_all(shapes: Any) -> float:
    return sum(area_of(areal) for areal in map(_areal, shapes) if not areal.is_empty)


def slack(area: float) -> float:
    """How much area rounding may account for (m²)."""
    return max(ROUNDING_M2, ROUNDING_SHARE * area)


def _valid(shape: BaseGeometry, number: int | None = None) -> BaseGeometry:
    which = _("第 %(number)s 宗") % {"number": number} if number else _("图形")
    if not shapely.is_valid(shape):
        flaw = shapely.is_valid_reason(shape)
        raise ValidationError(
            _("%(which)s的边界自相交或不闭合（%(flaw)s），请改正后再提交。") % {"which": which, "flaw": _place(flaw)}
        )
    if area_of(shape) < LEAST_M2:
        raise ValidationError(
            _("%(which)s的面积不足 %(least)s 平方米。") % {"which": which, "least": format_number(LEAST_M2)}
        )
    return shape


def _place(reason: str) -> str:
    """Where GEOS found the flaw."""
    found = reason[reason.find("[") + 1 : reason.find("]")] if "[" in reason else ""
    return _("位置 %(place)s") % {"place": found} if found else reason


def checked(actor: User, shape: BaseGeometry, *, without: Sequence[int], township: str) -> BaseGeometry:
    """A shape that ``actor`` has drawn, if it may stand in the register beside its neighbours and in its township.

    without : keys of the parcels whose ground it takes
    """
    shape = _valid(shape)
    overlaps(actor, shape, without=without)
    inside_township(shape, township)
    return shape


def overlaps(actor: User, shape: BaseGeometry, *, without: Sequence[int]) -> None:
    """Stop where a shape lies on ground of living parcels, naming the one it takes most of if ``actor`` sees it."""
    near = ParcelFilter(box=tuple(shapely.bounds(shape).tolist())).versions(ParcelVersion.objects.all())
    worst: tuple[float, str] = (0.0, "")
    others = near.exclude(parcel__in=list(without)).annotate(_wkb=queries.AsWkb("geometry"))
    for number, code, wkb in others.values_list("parcel__number", "code", "_wkb"):
        other = shapely.from_wkb(bytes(wkb))
        common = _areal(_intersection(shape, other))
        if not common.is_empty:
            worst = max(worst, (area_of(common), code or number))
    if worst[0] > slack(area_of(shape)):
        named = (Q(code=worst[1]) & ~Q(code="")) | Q(number=worst[1])
        seen = queries.parcels(actor).filter(named).exists()
        raise ValidationError(
            _("与相邻宗地 %(neighbour)s 重叠 %(area)s 平方米，请修改界线。")
            % {"neighbour": worst[1] if seen else _("（辖区外）"), "area": format_number(worst[0], 2)}
        )


def _intersection(one: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    """GEOS refuses shapes that are not valid, such as one delivered long ago may be."""
    return shapely.intersection(one, other if shapely.is_valid(other) else shapely.make_valid(other))


def inside_township(shape: BaseGeometry, township: str) -> None:
    """Stop where a shape leaves its township; a township whose boundary is not known does not bound it."""
    known = Region.objects.on(timezone.localdate()).filter(code=township)
    town = known.filter(boundary__isnull=False).first()
    if town is None or town.boundary is None:
        return
    bounds = shapely.from_wkb(bytes(town.boundary.wkb))
    out = area_of_all([shapely.difference(shape, bounds)])
    if out > slack(area_of(shape)):
        raise ValidationError(
            _("超出%(town)s界线 %(area)s 平方米，请修改界线。") % {"town": town.name, "area": format_number(out, 2)}
        )
