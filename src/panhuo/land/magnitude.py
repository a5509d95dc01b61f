"""What the size of coordinates says about the system they are in."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from panhuo.land.systems import CGCS2000, ZONES, Crs, zone_of_longitude
from panhuo.messages import Text

Bounds = tuple[float, float, float, float]

#: What the numbers may be in China: longitude, latitude, northing (metres) and easting without prefix.
_LON, _LAT = (72.0, 137.0), (2.0, 55.0)
_NORTHING, _EASTING = (2.0e5, 6.2e6), (5.0e4, 9.5e5)
_MERCATOR_X, _MERCATOR_Y = (8.0e6, 1.53e7), (2.2e5, 7.4e6)
#: A county's layer may reach this far (degrees) from the county's centre before the place is doubted.
FAR = 1.5


@dataclass(frozen=True, slots=True)
class Shape:
    """What the size of the numbers says: the CRS if it can be named, how likely, and the reason."""

    crs: Crs
    swapped: bool
    reason: Text


def robust_bounds(coords: NDArray[np.float64], trim: float = 0.01) -> Bounds | None:
    """Bounds of (v, 2) coordinates without the outermost ``trim`` share on each side, so that one stray point decides
    nothing.

    None if there is no finite coordinate.
    """
    good = coords[np.isfinite(coords).all(axis=1)]
    if not len(good):
        return None
    (x0, y0), (x1, y1) = np.quantile(good, [trim, 1 - trim], axis=0, method="nearest")
    return float(x0), float(y0), float(x1), float(y1)


def _inside(low: float, high: float, span: tuple[float, float]) -> bool:
    return span[0] <= low and high <= span[1]


def rough_longitude(crs: Crs, x: float, y: float) -> float | None:
    """Longitude of a point to about a hundredth of a degree (enough to tell zones apart); None where it cannot be
    told."""
    if crs.kind == "geographic":
        return x
    if not crs.is_gauss_kruger or crs.central_meridian is None:
        return None
    latitude = y / 110_900.0
    return crs.central_meridian + (x - crs.false_easting) / (111_320.0 * max(0.2, math.cos(math.radians(latitude))))


def shapes_of(bounds: Bounds, longitude: float | None) -> list[Shape]:
    """Every reading of the numbers, likeliest first; both orders of the axes are tried."""
    x0, y0, x1, y1 = bounds
    out: list[Shape] = []
    for swapped, (a0, b0, a1, b1) in ((False, (x0, y0, x1, y1)), (True, (y0, x0, y1, x1))):
        out += [replace(s, swapped=swapped) for s in _read_numbers(a0, b0, a1, b1, longitude)]
    # unswapped before swapped, then by confidence
    return sorted(out, key=lambda s: (-s.crs.confidence, s.swapped))


def _read_numbers(x0: float, y0: float, x1: float, y1: float, longitude: float | None) -> list[Shape]:
    out: list[Shape] = []
    if _inside(x0, x1, _LON) and _inside(y0, y1, _LAT):
        crs = Crs.from_epsg(4490, source="magnitude", confidence=0.7)
        out.append(
            Shape(crs, False, Text("坐标数值在中国经纬度范围内", "the numbers are longitudes and latitudes of China"))
        )
    if _inside(y0, y1, _NORTHING):
        if _inside(x0, x1, _EASTING):
            out.append(_plain(x0, y0, x1, y1, longitude))
        zone = int(x0 // 1e6)
        if zone == int(x1 // 1e6) and _inside(x0 % 1e6, x1 % 1e6, _EASTING) and 13 <= zone <= 45:
            width: Literal[3, 6] | None = 3 if zone >= 25 else 6 if zone <= 23 else None
            if width:
                crs = Crs.gauss_kruger(zone, width=width, source="magnitude", confidence=0.8)
                out.append(
                    Shape(
                        crs,
                        False,
                        Text(
                            f"横坐标为8位，前两位{zone}是{width}度带带号",
                            f"eastings have eight digits; the first two, {zone}, are a {width}-degree zone",
                        ),
                    )
                )
    if _inside(x0, x1, _MERCATOR_X) and _inside(y0, y1, _MERCATOR_Y):
        lon = (x0 + x1) / 2 / 111_319.490793
        near = longitude is not None and abs(lon - longitude) < FAR
        crs = Crs.from_epsg(3857, source="magnitude", confidence=0.6 if near else 0.3)
        out.append(
            Shape(
                crs,
                False,
                Text("坐标数值像网络墨卡托（底图切片）坐标", "the numbers look like Web Mercator (map tiles)"),
            )
        )
    return out


def _plain(x0: float, y0: float, x1: float, y1: float, longitude: float | None) -> Shape:
    """Gauss-Krüger without zone number: the county's longitude has to say which zone."""
    if longitude is None:
        crs = Crs(
            name="", datum=CGCS2000, kind="gk3", prefix=False, source="magnitude", confidence=0.3
        )  # no zone: cannot be transformed
        return Shape(
            crs,
            False,
            Text(
                "横坐标为6位、不含带号，像高斯-克吕格坐标",
                "eastings have six digits and no zone number, as in Gauss-Krüger",
            ),
        )
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    nearest = zone_of_longitude(longitude)
    options = [
        Crs.gauss_kruger(z, prefix=False, source="magnitude")
        for z in range(nearest - 1, nearest + 2)
        if z in ZONES["gk3"]
    ] or [Crs.gauss_kruger(min(45, max(25, nearest)), prefix=False, source="magnitude")]

    def error(crs: Crs) -> float:
        return abs((rough_longitude(crs, x, y) or 0.0) - longitude)

    best = min(options, key=error)
    trust = 0.7 if error(best) <= FAR else 0.35
    return Shape(
        replace(best, confidence=trust),
        False,
        Text(
            f"横坐标为6位、不含带号，按本县经度{longitude:.2f}°推定中央经线{best.central_meridian:g}°",
            f"eastings have six digits and no zone number; the county's longitude {longitude:.2f}° gives meridian "
            f"{best.central_meridian:g}°",
        ),
    )
