"""Areas of polygons: on the ellipsoid, as the land surveys ask, and in the plane."""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner
from panhuo.land.polygons import Polygons
from panhuo.land.projection import FLATTENING, SEMI_MAJOR, by_kernel, to_geographic
from panhuo.land.systems import Crs
from panhuo.land.threads import in_chunks
from panhuo.messages import PanhuoError

_E2 = FLATTENING * (2 - FLATTENING)
_SEMI_MINOR = SEMI_MAJOR * (1 - FLATTENING)
_DEGREE = math.pi / 180
# 《图幅理论面积与图斑椭球面积计算公式及要求》, the constants of the second national survey, kept by the third
_A = 1 + 3 / 6 * _E2 + 30 / 80 * _E2**2 + 35 / 112 * _E2**3 + 630 / 2304 * _E2**4
_B = 1 / 6 * _E2 + 15 / 80 * _E2**2 + 21 / 112 * _E2**3 + 420 / 2304 * _E2**4
_C = 3 / 80 * _E2**2 + 7 / 112 * _E2**3 + 180 / 2304 * _E2**4
_D = 1 / 112 * _E2**3 + 45 / 2304 * _E2**4
_E = 5 / 2304 * _E2**4

_CHUNK = 16_384


@inner()
def _ring_on_ellipsoid(coords: NDArray[np.float64], start: int, stop: int) -> float:
    """Signed area of one closed ring in longitude and latitude: trapezoids between each edge and the ring's first
    meridian."""
    lon0, lat0 = coords[start, 0], coords[start, 1]
    total = 0.0
    lon1, lat1 = 0.0, lat0 * _DEGREE
    for i in range(start + 1, stop):
        lon2 = (coords[i, 0] - lon0) * _DEGREE
        lat2 = coords[i, 1] * _DEGREE
        half = (lat2 - lat1) / 2
        middle = (lat1 + lat2) / 2
        # sines and cosines of the odd multiples by recurrence: two pairs of calls an edge in place of ten
        s1, c1 = math.sin(half), math.cos(middle)
        s2, c2 = 2 - 4 * s1 * s1, 4 * c1 * c1 - 2
        s3, c3 = s1 * (s2 + 1), c1 * (c2 - 1)
        s5, c5 = s2 * s3 - s1, c2 * c3 - c1
        s7, c7 = s2 * s5 - s3, c2 * c5 - c3
        s9, c9 = s2 * s7 - s5, c2 * c7 - c5
        total += (lon1 + lon2) * (_A * s1 * c1 - _B * s3 * c3 + _C * s5 * c5 - _D * s7 * c7 + _E * s9 * c9)
        lon1, lat1 = lon2, lat2
    return total * _SEMI_MINOR * _SEMI_MINOR


@inner()
def _ring_in_plane(coords: NDArray[np.float64], start: int, stop: int) -> float:
    """Signed area of one closed ring, taken from its own first point so that eight-digit eastings lose nothing."""
    x0, y0 = coords[start, 0], coords[start, 1]
    total = 0.0
    for i in range(start + 1, stop):
        ax, ay = coords[i - 1, 0] - x0, coords[i - 1, 1] - y0
        bx, by = coords[i, 0] - x0, coords[i, 1] - y0
        total += ax * by - bx * ay
    return total / 2


@njit(cache=True, nogil=True)
def _areas(
    coords: NDArray[np.float64],
    rings: NDArray[np.int64],
    holes: NDArray[np.bool_],
    geoms: NDArray[np.int64],
    ellipsoid: bool,
    out: NDArray[np.float64],
    first: int,
    last: int,
) -> None:
    for g in range(first, last):
        total = 0.0
        for r in range(geoms[g], geoms[g + 1]):
            start, stop = rings[r], rings[r + 1]
            if stop - start < 4:
                continue
            area = _ring_on_ellipsoid(coords, start, stop) if ellipsoid else _ring_in_plane(coords, start, stop)
            total += -abs(area) if holes[r] else abs(area)
        out[g] = total


def _all(polygons: Polygons, ellipsoid: bool, threads: int | None) -> NDArray[np.float64]:
    out = np.zeros(len(polygons))
    in_chunks(
        lambda a, b: _areas(polygons.coords, polygons.rings, polygons.holes, polygons.geoms, ellipsoid, out, a, b),
        len(polygons),
        chunk=_CHUNK,
        threads=threads,
    )
    out[(polygons.state >= 1) & (polygons.state <= 5)] = np.nan
    return out


def ellipsoidal_area(polygons: Polygons, *, threads: int | None = None) -> NDArray[np.float64]:
    """Areas on the CGCS2000 ellipsoid, (n,) m², of polygons in longitude and latitude (degrees).

    The statutory formula of the land surveys (三调技术规程 TD/T 1055-2019, 图斑椭球面积). Holes are taken off
    whatever the direction of their points. A row
    without a shape is nan. A ring that crosses itself counts its loops with their
    signs, as the formula does. Edges are straight in longitude and latitude and enter with their mean longitude,
    which for
    parcels is a few millionths off the geodesic area.
    """
    if len(polygons.coords) and not bool(np.abs(polygons.coords[:: max(1, len(polygons.coords) // 1000)]).max() <= 400):
        raise PanhuoError(
            "椭球面积需要经纬度坐标，收到的是投影坐标；请先换算。",
            "The ellipsoidal area needs longitude and latitude, but these are projected coordinates; transform them "
            "first.",
        )
    return _all(polygons, True, threads)


def planar_area(polygons: Polygons, *, threads: int | None = None) -> NDArray[np.float64]:
    """Areas in the plane, (n,) in squared units of the coordinates (m² in a Gauss-Krüger zone); nan where there is no
    shape.

    The coordinate method of the cadastral survey (GB/T 42547). Holes are taken off whatever the direction of their
    points.
    """
    return _all(polygons, False, threads)


def area_m2(polygons: Polygons, crs: Crs, *, threads: int | None = None) -> NDArray[np.float64]:
    """Ellipsoidal areas, (n,) m², of polygons in any system that can be brought to CGCS2000."""
    return areas_on_earth(polygons, crs, threads=threads)[0]


def areas_on_earth(
    polygons: Polygons, crs: Crs, *, threads: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Ellipsoidal areas, (n,) m², and which rows are nowhere on earth, (n,): their coordinates are not of ``crs``.

    Piece by piece, so that the degrees of a large layer never lie in memory all at once. The area of a row that is
    nowhere is nan.
    """
    area, off = np.zeros(len(polygons)), np.zeros(len(polygons), np.bool_)

    def work(first: int, last: int) -> None:
        rings = polygons.rings[polygons.geoms[first] : polygons.geoms[last] + 1]
        degrees = to_geographic(polygons.coords[rings[0] : rings[-1]], crs, threads=1)
        geoms = polygons.geoms[first : last + 1] - polygons.geoms[first]
        holes = polygons.holes[polygons.geoms[first] : polygons.geoms[last]]
        with np.errstate(invalid="ignore"):
            wrong = ~((np.abs(degrees[:, 0]) <= 180) & (np.abs(degrees[:, 1]) <= 90))
        if wrong.any():
            until = np.concatenate([[0], np.cumsum(wrong)])[(rings - rings[0])[geoms]]
            off[first:last] = np.diff(until) > 0
        _areas(degrees, rings - rings[0], holes, geoms, True, area[first:last], 0, last - first)

    in_chunks(work, len(polygons), chunk=_CHUNK, threads=threads if by_kernel(crs) else 1)
    area[off | ((polygons.state >= 1) & (polygons.state <= 5))] = np.nan
    return area, off
