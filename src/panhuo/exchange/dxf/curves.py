"""Polylines with arcs as chords: the chord is never further than ``CHORD`` from its arc."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

#: Greatest distance between an arc and its chords, drawing units (metres).
CHORD = 0.01
_MOST_CHORDS = 5000
Coords = NDArray[np.float64]


def arc(centre: tuple[float, float], radius: float, start: float, sweep: float) -> Coords:
    """Points along a circular arc, ends included; angles in radians, ``sweep`` positive against the clock."""
    step = 2 * math.acos(max(-1.0, 1 - CHORD / radius)) if radius > CHORD else math.pi / 2
    n = min(_MOST_CHORDS, max(1, math.ceil(abs(sweep) / step)))
    angles = start + np.linspace(0.0, sweep, n + 1)
    return np.column_stack([centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)])


def bulged(points: Iterable[Sequence[float]], closed: bool) -> Coords:
    """Vertices (x, y, bulge) as plain points (n, 2); the closing point is not repeated.

    The bulge is the tangent of a quarter of the arc's angle, positive against the clock (DXF reference, group code 42).
    """
    vertices = [(float(p[0]), float(p[1]), float(p[2])) for p in points]
    out: list[Coords] = []
    count = len(vertices)
    for k, (x, y, bulge) in enumerate(vertices):
        if k == count - 1 and not closed:
            out.append(np.array([[x, y]]))
            break
        ex, ey, _ = vertices[(k + 1) % count]
        chord = math.hypot(ex - x, ey - y)
        if abs(bulge) < 1e-12 or chord == 0 or not math.isfinite(bulge):
            out.append(np.array([[x, y]]))
            continue
        sweep = 4 * math.atan(bulge)
        radius = chord / (2 * abs(math.sin(sweep / 2)))
        # the centre lies on the perpendicular of the chord
        away = chord / 2 * (1 - bulge * bulge) / (2 * bulge)
        centre = ((x + ex) / 2 - (ey - y) / chord * away, (y + ey) / 2 + (ex - x) / chord * away)
        points_ = arc(centre, radius, math.atan2(y - centre[1], x - centre[0]), sweep)[:-1]
        points_[0] = (x, y)
        out.append(points_)
    return np.vstack(out) if out else np.zeros((0, 2))


def chain(pieces: Sequence[Coords]) -> Coords:
    """Edges of a boundary one after another, each turned so that it begins where the one before it ends."""
    if not pieces:
        return np.zeros((0, 2))
    if len(pieces) > 1:
        ends = pieces[1][[0, -1]]
        first = pieces[0]
        near = [float(np.abs(ends - p).sum(axis=1).min()) for p in (first[0], first[-1])]
        out = [first[::-1] if near[0] < near[1] else first]
    else:
        out = [pieces[0]]
    for piece in pieces[1:]:
        tip = out[-1][-1]
        turn = np.abs(piece[-1] - tip).sum() < np.abs(piece[0] - tip).sum()
        out.append(piece[::-1] if turn else piece)
    return np.vstack(out)
