"""Coordinates shifted for public maps (GCJ-02) among land data.

Maps on phones (AMap, Tencent and what is drawn on them) are shifted by some hundred metres in a way that depends on
the place. Such a layer looks right and lies wrong. The shift is smooth and
known well enough to be recognised; it is never taken away without somebody's decision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from panhuo.messages import PanhuoError, Text

Coords = NDArray[np.float64]

_A, _E2 = 6378245.0, 0.00669342162296594323


def gcj02_shift(coords: ArrayLike) -> Coords:
    """What the public shift adds to (v, 2) longitudes and latitudes, degrees."""
    xy = np.asarray(coords, dtype=np.float64)
    x, y = xy[:, 0] - 105.0, xy[:, 1] - 35.0
    root = np.sqrt(np.abs(x))
    waves = 20 * np.sin(6 * math.pi * x) + 20 * np.sin(2 * math.pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (waves + 20 * np.sin(math.pi * y) + 40 * np.sin(math.pi * y / 3)) * 2 / 3
    north += (160 * np.sin(math.pi * y / 12) + 320 * np.sin(math.pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (waves + 20 * np.sin(math.pi * x) + 40 * np.sin(math.pi * x / 3)) * 2 / 3
    east += (150 * np.sin(math.pi * x / 12) + 300 * np.sin(math.pi * x / 30)) * 2 / 3
    lat = np.radians(xy[:, 1])
    w = 1 - _E2 * np.sin(lat) ** 2
    return np.column_stack(
        [
            np.degrees(east / (_A / np.sqrt(w) * np.cos(lat))),
            np.degrees(north / (_A * (1 - _E2) / (w * np.sqrt(w)))),
        ]
    )


def to_gcj02(coords: ArrayLike) -> Coords:
    """(v, 2) longitudes and latitudes with the public shift."""
    xy = np.asarray(coords, dtype=np.float64)
    return xy + gcj02_shift(xy)


def from_gcj02(coords: ArrayLike) -> Coords:
    """(v, 2) shifted longitudes and latitudes without the shift, to a millimetre of the published formula."""
    shifted = np.asarray(coords, dtype=np.float64)
    xy = shifted.copy()
    for _ in range(6):
        xy = shifted - gcj02_shift(xy)
    return xy


@dataclass(frozen=True, slots=True)
class GcjSuspicion:
    """Whether a layer seems to be shifted against a reference.

    ``which`` names the shifted side (``points`` or ``reference``); ``hits`` the share of points that lie on the
    reference as they are, ``hits_moved`` once the shift is
    taken away; ``shift_m`` the length of the shift here, metres.
    """

    suspected: bool
    which: str | None
    hits: float
    hits_moved: float
    shift_m: float
    text: Text


def gcj02_suspicion(
    points: ArrayLike, reference: ArrayLike, *, tolerance_m: float = 10.0, most: int = 20_000
) -> GcjSuspicion:
    """Whether ``points`` or ``reference`` carry the public shift against each other.

    points, reference : (n, 2) and (m, 2) longitudes and latitudes of the same kind of things (corners of parcels in
    two deliveries, say). They need not match one by one: a point counts as a hit where
    any point of the reference lies within ``tolerance_m``. Of large layers an even sample of ``most`` points is
    looked at.
    The shift is suspected where at least a fifth of the points hit after it is taken away, and three times as many as
    before.
    """
    p, r = _finite(points), _finite(reference)
    if not len(p) or not len(r):
        return GcjSuspicion(False, None, 0.0, 0.0, 0.0, Text("没有可比较的点。", "There are no points to compare."))
    p = p[:: max(1, len(p) // most)]
    centre = p.mean(axis=0)
    scale = np.array([111_320 * math.cos(math.radians(centre[1])), 111_000.0])
    shift = float(np.hypot(*(gcj02_shift(centre[None])[0] * scale)))

    def share(a: Coords, b: Coords) -> float:
        tree = shapely.STRtree(shapely.points((b - centre) * scale))
        found = tree.query(shapely.points((a - centre) * scale), predicate="dwithin", distance=tolerance_m)
        return len(np.unique(found[0])) / len(a)

    as_is = share(p, r)
    moved = {"points": share(from_gcj02(p), r), "reference": share(to_gcj02(p), r)}
    which = max(moved, key=lambda k: moved[k])
    best = moved[which]
    suspected = best >= 0.2 and best > 3 * as_is
    if not suspected:
        text = Text("未发现GCJ-02（火星坐标）偏移迹象。", "No sign of the public map shift (GCJ-02).")
    else:
        zh = "本图层" if which == "points" else "参照图层"
        en = "This layer" if which == "points" else "The reference layer"
        text = Text(
            f"{zh}疑似GCJ-02（火星坐标），在此地偏移约{shift:.0f}米：去除偏移后有{best:.0%}的点与参照重合，去除前为{as_is:.0%}。请向提供单位核实，不要直接使用。",
            f"{en} seems to carry the public map shift (GCJ-02), about {shift:.0f} m here: {best:.0%} of the points "
            f"meet the "
            f"other layer once it is taken away, {as_is:.0%} before. Ask the sender; do not use it as it is.",
        )
    return GcjSuspicion(suspected, which if suspected else None, as_is, best, shift, text)


def _finite(coords: ArrayLike) -> Coords:
    xy = np.asarray(coords, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise PanhuoError(f"坐标数组应为 (n, 2)，实为 {xy.shape}。", f"Coordinates must be (n, 2), not {xy.shape}.")
    return xy[np.isfinite(xy).all(axis=1)]
