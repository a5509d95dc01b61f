"""From longitude and latitude to Gauss-Krüger coordinates and back, over whole arrays.

The projection is Krüger's series in the third flattening to its sixth power (C. F. F. Karney, Transverse Mercator
with an accuracy of a few nanometers, J. Geodesy 85, 2011), exact to
nanometres wherever a Gauss-Krüger zone is used. Coordinates are always (x, y) = (east or longitude, north or latitude).
"""

from __future__ import annotations

import math
from functools import lru_cache
from threading import Lock
from typing import Literal

import numba as nb
import numpy as np
import pyproj
from numpy.typing import ArrayLike, NDArray

from panhuo.land.kernels import inner
from panhuo.land.systems import CGCS2000, SAME_AS_CGCS2000, Crs
from panhuo.land.threads import in_chunks
from panhuo.messages import PanhuoError

Coords = NDArray[np.float64]
Column = NDArray[np.float64]

#: The ellipsoid of CGCS2000 (GB 22021-2008).
SEMI_MAJOR = 6378137.0
FLATTENING = 1 / 298.257222101

_E2 = FLATTENING * (2 - FLATTENING)
_N = FLATTENING / (2 - FLATTENING)
_RADIUS = SEMI_MAJOR / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64 + _N**6 / 256)
_DEGREE = math.pi / 180

# Karney 2011, equations 35 and 36
_A1 = _N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16 + 41 * _N**4 / 180 - 127 * _N**5 / 288 + 7891 * _N**6 / 37800
_A2 = 13 * _N**2 / 48 - 3 * _N**3 / 5 + 557 * _N**4 / 1440 + 281 * _N**5 / 630 - 1983433 * _N**6 / 1935360
_A3 = 61 * _N**3 / 240 - 103 * _N**4 / 140 + 15061 * _N**5 / 26880 + 167603 * _N**6 / 181440
_A4 = 49561 * _N**4 / 161280 - 179 * _N**5 / 168 + 6601661 * _N**6 / 7257600
_A5 = 34729 * _N**5 / 80640 - 3418889 * _N**6 / 1995840
_A6 = 212378941 * _N**6 / 319334400
_B1 = _N / 2 - 2 * _N**2 / 3 + 37 * _N**3 / 96 - _N**4 / 360 - 81 * _N**5 / 512 + 96199 * _N**6 / 604800
_B2 = _N**2 / 48 + _N**3 / 15 - 437 * _N**4 / 1440 + 46 * _N**5 / 105 - 1118711 * _N**6 / 3870720
_B3 = 17 * _N**3 / 480 - 37 * _N**4 / 840 - 209 * _N**5 / 4480 + 5569 * _N**6 / 90720
_B4 = 4397 * _N**4 / 161280 - 11 * _N**5 / 504 - 830251 * _N**6 / 7257600
_B5 = 4583 * _N**5 / 161280 - 108847 * _N**6 / 3991680
_B6 = 20648693 * _N**6 / 638668800

# conformal to geographic latitude, same order (Karney 2011 by way of Krüger 1912)
_D1 = 2 * _N - 2 * _N**2 / 3 - 2 * _N**3 + 116 * _N**4 / 45 + 26 * _N**5 / 45 - 2854 * _N**6 / 675
_D2 = 7 * _N**2 / 3 - 8 * _N**3 / 5 - 227 * _N**4 / 45 + 2704 * _N**5 / 315 + 2323 * _N**6 / 945
_D3 = 56 * _N**3 / 15 - 136 * _N**4 / 35 - 1262 * _N**5 / 105 + 73814 * _N**6 / 2835
_D4 = 4279 * _N**4 / 630 - 332 * _N**5 / 35 - 399572 * _N**6 / 14175
_D5 = 4174 * _N**5 / 315 - 144838 * _N**6 / 6237
_D6 = 601676 * _N**6 / 22275

# Inside these bounds (radians; all of China lies south of 60 degrees, and a zone reaches 3 degrees to a side) every
# function is a short power series without a branch, which the compiler works out for several points at once.
_NORTH, _ASIDE = 60 * _DEGREE, 0.06

#: A transformer of PROJ's may not be used from two threads at once.
_PROJ = Lock()
_CHUNK = 16_384
_LANES = 256


@nb.njit(cache=True, nogil=True, inline="always")
def _sigma(sin_lat: float) -> float:
    """sinh(e atanh(e sin φ)) by its power series: e² is so small that eight terms are exact in double precision."""
    t = _E2 * sin_lat * sin_lat
    q = 1 + t * (1 / 3 + t * (1 / 5 + t * (1 / 7 + t * (1 / 9 + t * (1 / 11 + t * (1 / 13 + t / 15))))))
    q *= _E2 * sin_lat
    p = q * q
    return q * (1 + p / 6 * (1 + p / 20 * (1 + p / 42)))


@nb.njit(cache=True, nogil=True, inline="always")
def _series(
    c1: float, c2: float, c3: float, c4: float, c5: float, c6: float, s: float, c: float, sh: float, ch: float
) -> tuple[float, float]:
    """Σ cj sin(2jξ)cosh(2jη) and Σ cj cos(2jξ)sinh(2jη) by Clenshaw's recurrence; s, c, sh, ch belong to 2ξ and 2η."""
    ar, ai = 2 * c * ch, -2 * s * sh
    y5r, y5i = ar * c6 + c5, ai * c6
    y4r, y4i = ar * y5r - ai * y5i - c6 + c4, ar * y5i + ai * y5r
    y3r, y3i = ar * y4r - ai * y4i - y5r + c3, ar * y4i + ai * y4r - y5i
    y2r, y2i = ar * y3r - ai * y3i - y4r + c2, ar * y3i + ai * y3r - y4i
    y1r, y1i = ar * y2r - ai * y2i - y3r + c1, ar * y2i + ai * y2r - y3i
    zr, zi = s * ch, c * sh
    return zr * y1r - zi * y1i, zr * y1i + zi * y1r


@nb.njit(cache=True, nogil=True, inline="always")
def _sinh(x: float) -> float:
    """sinh, by its power series where a zone is (|x| < 0.25): the library's is several times slower."""
    if abs(x) > 0.25:
        return math.sinh(x)
    t = x * x
    return x * (1 + t / 6 * (1 + t / 20 * (1 + t / 42 * (1 + t / 72 * (1 + t / 110 * (1 + t / 156))))))


@nb.njit(cache=True, nogil=True, inline="always")
def _asinh(x: float) -> float:
    """asinh, by its power series where a zone is (|x| < 0.1)."""
    return math.asinh(x) if abs(x) > 0.1 else _small_asinh(x)


@nb.njit(cache=True, nogil=True, inline="always")
def _sine_cosine(x: float) -> tuple[float, float]:
    """Sine and cosine of |x| < 1.1, by their power series at half the angle."""
    h = 0.5 * x
    t = h * h
    s = h * (1 - t / 6 * (1 - t / 20 * (1 - t / 42 * (1 - t / 72 * (1 - t / 110 * (1 - t / 156 * (1 - t / 210)))))))
    c = 1 - t / 2 * (1 - t / 12 * (1 - t / 30 * (1 - t / 56 * (1 - t / 90 * (1 - t / 132 * (1 - t / 182))))))
    return 2 * s * c, 1 - 2 * s * s


@nb.njit(cache=True, nogil=True, inline="always")
def _small_sinh(x: float) -> float:
    """sinh of |x| < 0.1."""
    t = x * x
    return x * (1 + t / 6 * (1 + t / 20 * (1 + t / 42 * (1 + t / 72))))


@nb.njit(cache=True, nogil=True, inline="always")
def _small_asin(x: float) -> float:
    """Arc sine of |x| < 0.01."""
    t = x * x
    return x * (1 + t * (1 / 6 + t * (3 / 40 + t * (15 / 336 + t * (105 / 3456)))))


@nb.njit(cache=True, nogil=True, inline="always")
def _small_atan(x: float) -> float:
    """Arc tangent of |x| < 0.15."""
    t = x * x
    return x * (
        1 - t * (1 / 3 - t * (1 / 5 - t * (1 / 7 - t * (1 / 9 - t * (1 / 11 - t * (1 / 13 - t * (1 / 15 - t / 17)))))))
    )


@nb.njit(cache=True, nogil=True, inline="always")
def _small_asinh(x: float) -> float:
    """asinh of |x| < 0.1."""
    t = x * x
    return x * (
        1
        - t
        * (
            1 / 6
            - t
            * (
                3 / 40
                - t * (15 / 336 - t * (105 / 3456 - t * (945 / 42240 - t * (10395 / 599040 - t * 135135 / 9676800))))
            )
        )
    )


@inner(error_model="numpy", fastmath={"contract", "arcp"})
def _forward_in_zone(x: Column, y: Column, meridian: float, false_easting: float) -> None:
    """As ``_forward``, within the bounds, each column by itself and in place.

    Angles that differ by little are told by the sine of their difference.
    """
    for i in range(len(x)):
        lat = y[i] * _DEGREE
        sin_lat, cos_lat = _sine_cosine(lat)
        sin_lam, cos_lam = _sine_cosine((x[i] - meridian) * _DEGREE)
        sigma = _sigma(sin_lat)
        long = math.sqrt(1 + sigma * sigma)
        tau1 = (sin_lat * long - sigma) / cos_lat
        h = math.sqrt(tau1 * tau1 + cos_lam * cos_lam)
        sx, cx, se = tau1 / h, cos_lam / h, sin_lam / h
        ce = math.sqrt(1 + se * se)
        p, q = _series(_A1, _A2, _A3, _A4, _A5, _A6, 2 * sx * cx, (cx - sx) * (cx + sx), 2 * se * ce, 1 + 2 * se * se)
        x[i] = _RADIUS * (_small_asinh(se) + q) + false_easting
        # from the latitude to the conformal one, and from that to the angle along the meridian
        n = math.sqrt(1 + tau1 * tau1)
        less = _small_asin((sigma - sin_lat * sigma * sigma / (long + 1)) / n)
        more = _small_asin(tau1 * sin_lam * sin_lam / ((1 + cos_lam) * h * n))
        y[i] = _RADIUS * (lat - less + more + p)


@inner(error_model="numpy", fastmath={"contract", "arcp"})
def _inverse_in_zone(x: Column, y: Column, meridian: float, false_easting: float) -> None:
    """As ``_inverse``, within the bounds, each column by itself and in place."""
    for i in range(len(x)):
        xi = y[i] / _RADIUS
        eta = (x[i] - false_easting) / _RADIUS
        s, c = _sine_cosine(xi)
        sh = _small_sinh(eta)
        ch = math.sqrt(1 + sh * sh)
        p, q = _series(_B1, _B2, _B3, _B4, _B5, _B6, 2 * s * c, (c - s) * (c + s), 2 * sh * ch, 1 + 2 * sh * sh)
        t = p * p
        sp, cp = p * (1 - t / 6 * (1 - t / 20 * (1 - t / 42))), 1 - t / 2 * (1 - t / 12 * (1 - t / 30 * (1 - t / 56)))
        sx, cx = s * cp - c * sp, c * cp + s * sp
        se = _small_sinh(eta - q)
        h = math.sqrt(se * se + cx * cx)
        n = math.sqrt(1 + se * se)
        sc, cc = sx / n, h / n
        cosine = 2 * (cc - sc) * (cc + sc)
        y2, y1 = _D6, cosine * _D6 + _D5
        y2, y1 = y1, cosine * y1 - y2 + _D4
        y2, y1 = y1, cosine * y1 - y2 + _D3
        y2, y1 = y1, cosine * y1 - y2 + _D2
        y2, y1 = y1, cosine * y1 - y2 + _D1
        x[i] = meridian + _small_atan(se / cx) / _DEGREE
        # the conformal latitude is less than the angle along the meridian by what this sine says
        less = _small_asin(sx * se * se / ((h + cx) * n))
        y[i] = (xi - p - less + 2 * sc * cc * y1) / _DEGREE


@nb.njit(cache=True, nogil=True)
def _forward_by_lanes(
    coords: Coords, out: Coords, meridian: float, false_easting: float, first: int, last: int
) -> None:
    """Columns of ``_LANES`` points. The last ones are filled up: what comes out for a point must not hang on whether it
    was worked out among others or as one of the rest, or neighbours would no longer share their corners."""
    x, y = np.empty(_LANES), np.empty(_LANES)
    for start in range(first, last, _LANES):
        for k in range(_LANES):
            i = min(start + k, last - 1)
            x[k], y[k] = coords[i, 0], coords[i, 1]
        _forward_in_zone(x, y, meridian, false_easting)
        for i in range(start, min(start + _LANES, last)):
            out[i, 0], out[i, 1] = x[i - start], y[i - start]


@nb.njit(cache=True, nogil=True)
def _inverse_by_lanes(
    coords: Coords, out: Coords, meridian: float, false_easting: float, first: int, last: int
) -> None:
    """As ``_forward_by_lanes``."""
    x, y = np.empty(_LANES), np.empty(_LANES)
    for start in range(first, last, _LANES):
        for k in range(_LANES):
            i = min(start + k, last - 1)
            x[k], y[k] = coords[i, 0], coords[i, 1]
        _inverse_in_zone(x, y, meridian, false_easting)
        for i in range(start, min(start + _LANES, last)):
            out[i, 0], out[i, 1] = x[i - start], y[i - start]


@nb.njit(cache=True, nogil=True)
def _forward(coords: Coords, out: Coords, meridian: float, false_easting: float, first: int, last: int) -> None:
    for i in range(first, last):
        lat = coords[i, 1] * _DEGREE
        lam = (coords[i, 0] - meridian) * _DEGREE
        sin_lat, cos_lat = math.sin(lat), math.cos(lat)
        if cos_lat < 1e-300:
            cos_lat = 1e-300
        tau = sin_lat / cos_lat
        sigma = _sigma(sin_lat)
        tau1 = tau * math.sqrt(1 + sigma * sigma) - sigma / cos_lat
        sin_lam, cos_lam = math.sin(lam), math.cos(lam)
        h = math.sqrt(tau1 * tau1 + cos_lam * cos_lam)
        sx, cx, se = tau1 / h, cos_lam / h, sin_lam / h
        ce = math.sqrt(1 + se * se)
        p, q = _series(_A1, _A2, _A3, _A4, _A5, _A6, 2 * sx * cx, (cx - sx) * (cx + sx), 2 * se * ce, 1 + 2 * se * se)
        out[i, 0] = _RADIUS * (_asinh(se) + q) + false_easting
        out[i, 1] = _RADIUS * (math.atan2(tau1, cos_lam) + p)


@nb.njit(cache=True, nogil=True)
def _inverse(coords: Coords, out: Coords, meridian: float, false_easting: float, first: int, last: int) -> None:
    for i in range(first, last):
        xi = coords[i, 1] / _RADIUS
        eta = (coords[i, 0] - false_easting) / _RADIUS
        s, c = math.sin(xi), math.cos(xi)
        sh = _sinh(eta)
        ch = math.sqrt(1 + sh * sh)
        p, q = _series(_B1, _B2, _B3, _B4, _B5, _B6, 2 * s * c, (c - s) * (c + s), 2 * sh * ch, 1 + 2 * sh * sh)
        if abs(p) < 0.01:
            t = p * p
            sp, cp = (
                p * (1 - t / 6 * (1 - t / 20 * (1 - t / 42))),
                1 - t / 2 * (1 - t / 12 * (1 - t / 30 * (1 - t / 56))),
            )
            sx, cx = s * cp - c * sp, c * cp + s * sp
        else:
            sx, cx = math.sin(xi - p), math.cos(xi - p)
        se = _sinh(eta - q)
        h = math.sqrt(se * se + cx * cx)
        k = 1 / math.sqrt(1 + se * se)
        # sine and cosine of the conformal latitude, then its series to the geographic one
        sc, cc = sx * k, h * k
        cosine = 2 * (cc - sc) * (cc + sc)
        y2, y1 = _D6, cosine * _D6 + _D5
        y2, y1 = y1, cosine * y1 - y2 + _D4
        y2, y1 = y1, cosine * y1 - y2 + _D3
        y2, y1 = y1, cosine * y1 - y2 + _D2
        y2, y1 = y1, cosine * y1 - y2 + _D1
        out[i, 0] = meridian + math.atan2(se, cx) / _DEGREE
        out[i, 1] = (math.atan2(sx, h) + 2 * sc * cc * y1) / _DEGREE


def _points(coords: ArrayLike) -> Coords:
    xy = np.ascontiguousarray(coords, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise PanhuoError(f"坐标数组应为 (n, 2)，实为 {xy.shape}。", f"Coordinates must be (n, 2), not {xy.shape}.")
    return xy


def gauss_forward(
    coords: ArrayLike, meridian: float, *, false_easting: float = 500_000.0, threads: int | None = None
) -> Coords:
    """CGCS2000 longitude and latitude, (v, 2) degrees, to Gauss-Krüger easting and northing, (v, 2) metres.

    Good to nanometres within ten degrees of the central ``meridian``; nan stays nan.
    """
    xy = _points(coords)
    aside = _ASIDE / _DEGREE
    kernel = _forward_by_lanes if _within(xy, meridian - aside, meridian + aside, _NORTH / _DEGREE) else _forward
    out = np.empty_like(xy)
    in_chunks(lambda a, b: kernel(xy, out, meridian, false_easting, a, b), len(xy), chunk=_CHUNK, threads=threads)
    return out


def gauss_inverse(
    coords: ArrayLike, meridian: float, *, false_easting: float = 500_000.0, threads: int | None = None
) -> Coords:
    """Gauss-Krüger easting and northing, (v, 2) metres, to CGCS2000 longitude and latitude, (v, 2) degrees."""
    xy = _points(coords)
    aside = _ASIDE * _RADIUS
    kernel = (
        _inverse_by_lanes if _within(xy, false_easting - aside, false_easting + aside, _NORTH * _RADIUS) else _inverse
    )
    out = np.empty_like(xy)
    in_chunks(lambda a, b: kernel(xy, out, meridian, false_easting, a, b), len(xy), chunk=_CHUNK, threads=threads)
    return out


@inner()
def _within(xy: Coords, west: float, east: float, north: float) -> bool:
    """Whether all points lie in a zone's bounds; not so where one is nan."""
    inside = True
    for i in range(len(xy)):
        inside &= west <= xy[i, 0] <= east and -north <= xy[i, 1] <= north
    return inside


def to_zone(
    coords: ArrayLike,
    zone: int,
    *,
    width: Literal[3, 6] = 3,
    prefix: bool = False,
    crs: Crs | None = None,
    threads: int | None = None,
) -> Coords:
    """(v, 2) coordinates in ``crs`` (CGCS2000 longitude and latitude if not given) in a CGCS2000 Gauss-Krüger zone."""
    target = Crs.gauss_kruger(zone, width=width, prefix=prefix)
    return transform(coords, crs or Crs.from_epsg(4490), target, threads=threads)


def to_geographic(coords: ArrayLike, crs: Crs, *, threads: int | None = None) -> Coords:
    """(v, 2) coordinates in ``crs`` as CGCS2000 longitude and latitude, degrees (EPSG:4490). See :func:`transform`."""
    return transform(coords, crs, Crs.from_epsg(4490), threads=threads)


def transform(coords: ArrayLike, from_crs: Crs, to_crs: Crs, *, threads: int | None = None) -> Coords:
    """(v, 2) coordinates from one system to another; always a new array.

    WGS 84 counts as CGCS2000: the numbers are the same to a few centimetres, and there is no published difference to
    apply.
    From or to 北京54 and 西安80 there is none that could be: the parameters are not public, and a wrong one moves a
    parcel by tens of metres. Such a change raises an error; within
    one of these datums (zone to zone) it is allowed.
    """
    xy = _points(coords)
    _check_datums(from_crs, to_crs)
    if same_numbers(from_crs, to_crs):
        return xy.copy()
    if by_kernel(from_crs) and by_kernel(to_crs):
        if from_crs.is_gauss_kruger:
            assert from_crs.central_meridian is not None
            xy = gauss_inverse(xy, from_crs.central_meridian, false_easting=from_crs.false_easting, threads=threads)
        if to_crs.is_gauss_kruger:
            assert to_crs.central_meridian is not None
            xy = gauss_forward(xy, to_crs.central_meridian, false_easting=to_crs.false_easting, threads=threads)
        return xy
    with _PROJ:
        x, y = _transformer(_key(from_crs), _key(to_crs)).transform(xy[:, 0], xy[:, 1])
    return np.ascontiguousarray(np.column_stack([x, y]))


def by_kernel(crs: Crs) -> bool:
    """Whether coordinates in this system are worked out here; those of others by PROJ, in one thread at a time."""
    if crs.is_geographic:
        return crs.datum in SAME_AS_CGCS2000
    return crs.is_gauss_kruger and crs.datum == CGCS2000


def same_numbers(a: Crs, b: Crs) -> bool:
    """Whether coordinates are the same numbers in both systems, so that :func:`transform` would only copy them."""
    if a.is_geographic and b.is_geographic:
        return a.datum == b.datum or (a.same_as_cgcs2000 and b.same_as_cgcs2000)
    if a.is_gauss_kruger and b.is_gauss_kruger:
        return (a.datum, a.central_meridian, a.false_easting) == (b.datum, b.central_meridian, b.false_easting)
    return a.epsg is not None and a.epsg == b.epsg


def _check_datums(a: Crs, b: Crs) -> None:
    for crs in (a, b):
        if not crs.known:
            raise PanhuoError(
                f"{crs.text.zh}，无法换算；请在配置中指定坐标系（如 crs: EPSG:4527）。",
                f"{crs.text.en[0].upper()}{crs.text.en[1:]}: name the system in the configuration (crs: EPSG:4527).",
            )
    old = {"西安80", "北京54"} & {a.datum, b.datum}
    if old and a.datum != b.datum:
        name = "、".join(sorted(old))
        raise PanhuoError(
            f"{name}与其他基准之间没有公开的转换参数，不能自动换算；请提供CGCS2000成果，或经测绘主管部门批准的转换成果。",
            f"There are no public parameters between {name} and other datums, so nothing is converted; ask for "
            f"CGCS2000 "
            "data, or data converted with parameters approved by the surveying authority.",
        )


def _key(crs: Crs) -> str:
    return f"EPSG:{crs.epsg}" if crs.epsg is not None else (crs.wkt or "")


@lru_cache(maxsize=64)
def _transformer(source: str, target: str) -> pyproj.Transformer:
    return pyproj.Transformer.from_crs(source, target, always_xy=True)
