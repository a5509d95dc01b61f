"""Circular arcs as chords."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Greatest distance between arc and chord, as a share of a coordinate unit: 1 mm in metres, about 1 mm in degrees.
SAGITTA_M = 0.001
SAGITTA_DEGREE = 1e-8
STEP = np.radians(4.0)


def circular(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """A circular string (n, 2), n odd, as a line (m, 2) through the same given points.

    Each three points (start, on the arc, end) are one arc; equal start and end mean a full circle whose middle point
    lies opposite (ISO 13249-3). Chords leave the arc by no more than a millimetre and turn by no more than four
    degrees.
    """
    if len(points) < 3:
        return points
    flat = [points[:1]]
    sagitta = SAGITTA_DEGREE if np.abs(points).max() <= 360.0 else SAGITTA_M
    for k in range(0, len(points) - 2, 2):
        flat.append(_arc(points[k], points[k + 1], points[k + 2], sagitta))
    rest = (len(points) - 1) % 2
    return np.concatenate([*flat, points[len(points) - rest :]])


def _arc(a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], sagitta: float) -> NDArray[np.float64]:
    """The points after ``a`` of one arc through a, b, c, ending exactly in ``c`` and passing exactly through ``b``."""
    full = bool((a == c).all())
    if full:
        centre = (a + b) / 2
    else:
        u, v = b - a, c - a
        cross = 2 * (u[0] * v[1] - u[1] * v[0])
        if abs(cross) < 1e-12 * max(float(u @ u), float(v @ v), 1e-300):
            return np.array([b, c])
        uu, vv = float(u @ u), float(v @ v)
        centre = a + np.array([v[1] * uu - u[1] * vv, u[0] * vv - v[0] * uu]) / cross
    radius = float(np.hypot(*(a - centre)))
    at = [float(np.arctan2(*(p - centre)[::-1])) for p in (a, b, c)]
    turn = 2 * np.pi
    first = (at[1] - at[0]) % turn
    whole = turn if full else (at[2] - at[0]) % turn
    if first > whole:  # clockwise
        first, whole = first - turn, whole - turn
    step = min(STEP, 2 * float(np.arccos(max(-1.0, 1 - min(sagitta / max(radius, sagitta), 1.0)))))
    step = max(step, turn / 20_000)
    pieces = []
    for start, angle, end in ((at[0], first, b), (at[0] + first, whole - first, c)):
        n = max(1, int(np.ceil(abs(angle) / step)))
        angles = start + angle * np.arange(1, n) / n
        pieces.append(centre + radius * np.column_stack([np.cos(angles), np.sin(angles)]))
        pieces.append(end[None, :])
    return np.concatenate(pieces)
