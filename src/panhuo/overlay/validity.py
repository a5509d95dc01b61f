"""What is wrong with a polygon and where: validity in bulk, and flaws of form that are valid.

A kernel compares every polygon's edges and rings and clears nearly all of them; only the suspects go to GEOS, which
gives the verdict (OGC 06-103r4, clause 6.1.11.1: simple, closed rings; holes inside the shell; connected interior).
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import polars as pl
import shapely
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner
from panhuo.land.polygons import NOT_FINITE, NOT_POLYGON, UNREADABLE, Polygons
from panhuo.land.threads import in_chunks
from panhuo.overlay.places import representative_points
from panhuo.progress import Progress, silent

#: Reason codes of :func:`validity`, by the words GEOS uses.
_REASONS: Final = {
    "self-intersection": "self_intersection",
    "ring self-intersection": "ring_self_intersection",
    "hole lies outside shell": "hole_outside_shell",
    "holes are nested": "nested_holes",
    "nested shells": "nested_shells",
    "interior is disconnected": "disconnected_interior",
    "duplicate rings": "duplicate_rings",
    "too few points in geometry component": "too_few_points",
    "invalid coordinate": "not_finite",
}
_STATES: Final = {NOT_POLYGON: "not_polygon", UNREADABLE: "unreadable", NOT_FINITE: "not_finite"}
_BLOCK = 4
_SUSPECT, _FEW, _DOUBLE = 1, 2, 4

_SCHEMA: Final = {"row": pl.UInt32, "code": pl.String, "x": pl.Float64, "y": pl.Float64}


def validity(polygons: Polygons, *, threads: int | None = None, progress: Progress = silent) -> pl.DataFrame:
    """What is invalid, one row a matter, sorted by row: ``row`` (UInt32), ``code``, ``x``, ``y`` (a place, or null).

    Codes: ``self_intersection``, ``ring_self_intersection``, ``hole_outside_shell``, ``nested_holes``,
    ``nested_shells``,
    ``disconnected_interior``, ``duplicate_rings``, ``too_few_points`` (a ring with fewer than three different points),
    ``duplicate_point`` (the same point twice in a row: valid for OGC, an error in Chinese survey data),
    ``not_polygon``,
    ``unreadable``, ``not_finite``, ``invalid`` (anything else). Missing and empty rows are not listed.
    """
    flags, place = _look(polygons, threads, progress)
    frames = [_frame(np.flatnonzero(polygons.state == state), code) for state, code in _STATES.items()]
    skewed = np.flatnonzero((np.diff(polygons.geoms) > 0) & np.isnan(polygons.bounds[:, 0]))
    frames.append(_frame(skewed, "not_finite"))
    few = np.flatnonzero(flags & _FEW)
    frames.append(_frame(few, "too_few_points", place[few, 0]))
    double = np.flatnonzero(flags & _DOUBLE)
    frames.append(_frame(double, "duplicate_point", place[double, 1]))
    suspects = np.flatnonzero((flags & _SUSPECT > 0) & (flags & _FEW == 0) & ~np.isnan(polygons.bounds[:, 0]))
    frames.append(_verdicts(polygons, suspects, threads))
    return pl.concat(frames).sort("row", "code")


def doubtful(polygons: Polygons, *, threads: int | None = None) -> NDArray[np.bool_]:
    """(n,) bool: rows whose edges or rings may meet where they should not, so that their inside is not certain.

    What :func:`validity` looked at is remembered with the polygons.
    """
    if "doubtful" not in polygons._kept:
        _look(polygons, threads, silent)
    out: NDArray[np.bool_] = polygons._kept["doubtful"]
    return out


def _look(polygons: Polygons, threads: int | None, progress: Progress) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """(n,) flags and (n, 2, 2) places of what the kernel does not clear."""
    n = len(polygons)
    flags, place = np.zeros(n, np.uint8), np.full((n, 2, 2), np.nan)

    def work(first: int, last: int) -> None:
        _suspects(polygons.coords, polygons.rings, polygons.holes, polygons.geoms, first, last, flags, place)

    in_chunks(work, n, chunk=_chunk(polygons), threads=threads, progress=progress, step="检查图形")
    polygons._kept["doubtful"] = flags & (_SUSPECT | _FEW) > 0
    return flags, place


def _chunk(polygons: Polygons) -> int:
    """Rows of one chunk, of about equal work: a red line of a county is as much as a thousand parcels."""
    each = len(polygons.coords) / max(1, len(polygons))
    return int(min(4_096, max(1, 65_536 / max(1.0, each))))


def shape_flaws(
    polygons: Polygons,
    *,
    spike_below: float = 10.0,
    closer_than: float = 0.001,
    thinner_than: float = 0.01,
    threads: int | None = None,
) -> pl.DataFrame:
    """Flaws of form, each polygon's worst of each kind: ``row``, ``code``, ``x``, ``y``, ``value``.

    ``spike`` (狭长角): the angle at a vertex is below ``spike_below`` degrees; ``value`` is the angle.
    ``close_vertices``: two different neighbouring vertices nearer than ``closer_than``; ``value`` is the distance.
    ``sliver`` (狭长面): 4 pi area / perimeter² (1 for a circle) below ``thinner_than``; ``value`` is that number.
    Nothing is said of a row without geometry.
    """
    n = len(polygons)
    worst, place = np.full((n, 3), np.nan), np.full((n, 2, 2), np.nan)

    def work(first: int, last: int) -> None:
        _worst(polygons.coords, polygons.rings, polygons.holes, polygons.geoms, first, last, worst, place)

    in_chunks(work, n, chunk=8_192, threads=threads)
    frames = []
    for k, (code, limit) in enumerate((("spike", spike_below), ("close_vertices", closer_than))):
        rows = np.flatnonzero(worst[:, k] < limit)
        frames.append(_frame(rows, code, place[rows, k]).with_columns(value=pl.Series(worst[rows, k])))
    rows = np.flatnonzero(worst[:, 2] < thinner_than)
    points = representative_points(polygons.take(rows), threads=threads)
    frames.append(_frame(rows, "sliver", points).with_columns(value=pl.Series(worst[rows, 2])))
    return pl.concat(frames).sort("row", "code")


def _frame(rows: NDArray[np.int64], code: str, place: NDArray[np.float64] | None = None) -> pl.DataFrame:
    x, y = (place[:, 0], place[:, 1]) if place is not None else (np.full(len(rows), np.nan),) * 2
    frame = pl.DataFrame({"row": rows.astype(np.uint32), "code": [code] * len(rows), "x": x, "y": y}, schema=_SCHEMA)
    return frame.with_columns(pl.col("x", "y").fill_nan(None))


def _verdicts(polygons: Polygons, rows: NDArray[np.int64], threads: int | None) -> pl.DataFrame:
    shapes = polygons.take(rows).to_shapely()
    reasons: NDArray[np.object_] = np.full(len(rows), None, dtype=object)

    def work(first: int, last: int) -> None:
        reasons[first:last] = shapely.is_valid_reason(shapes[first:last])

    in_chunks(work, len(rows), chunk=max(1, min(2_048, len(rows) // 8)), threads=threads)
    found: list[tuple[int, str, float | None, float | None]] = []
    for row, reason in zip(rows.tolist(), reasons.tolist(), strict=True):
        if reason == "Valid Geometry":
            continue
        x, y = None, None
        words = (reason or "").lower()
        if place := re.search(r"\[(\S+) (\S+)\]", words):
            x, y = float(place[1]), float(place[2])
        found.append((row, _REASONS.get(words.split("[")[0].strip(), "invalid"), x, y))
    return pl.DataFrame(found, schema=_SCHEMA, orient="row")


@njit(cache=True, nogil=True)
def _suspects(coords, rings, holes, geoms, first, last, flags, place):  # type: ignore[no-untyped-def]
    blocks, ring_of, ring_boxes = np.empty((64, 6)), np.empty(64, np.int64), np.empty((8, 4))
    for row in range(first, last):
        n, count = 0, geoms[row + 1] - geoms[row]
        if count == 1 and _seen_from_inside(coords, rings[geoms[row]], rings[geoms[row] + 1] - 1):
            continue
        flag = 0
        if count > len(ring_boxes):
            ring_boxes = np.empty((2 * count, 4))
        need = (rings[geoms[row + 1]] - rings[geoms[row]]) // _BLOCK + count + 1
        if need > len(blocks):
            blocks, ring_of = np.empty((2 * need, 6)), np.empty(2 * need, np.int64)
        for ring in range(geoms[row], geoms[row + 1]):
            start, end = rings[ring], rings[ring + 1] - 1
            distinct = 0
            for p in range(start, end):
                if coords[p, 0] == coords[p + 1, 0] and coords[p, 1] == coords[p + 1, 1]:
                    if flag & _DOUBLE == 0:
                        flag |= _DOUBLE
                        place[row, 1, 0], place[row, 1, 1] = coords[p, 0], coords[p, 1]
                else:
                    distinct += 1
            if distinct < 3:
                flag |= _FEW
                place[row, 0, 0], place[row, 0, 1] = coords[start, 0], coords[start, 1]
            k = ring - geoms[row]
            ring_boxes[k, 0], ring_boxes[k, 1] = np.inf, np.inf
            ring_boxes[k, 2], ring_boxes[k, 3] = -np.inf, -np.inf
            for b in range(start, end, _BLOCK):
                stop = min(b + _BLOCK, end)
                x0, y0, x1, y1 = np.inf, np.inf, -np.inf, -np.inf
                for p in range(b, stop + 1):
                    x0, x1 = min(x0, coords[p, 0]), max(x1, coords[p, 0])
                    y0, y1 = min(y0, coords[p, 1]), max(y1, coords[p, 1])
                blocks[n, 0], blocks[n, 1], blocks[n, 2], blocks[n, 3] = x0, y0, x1, y1
                blocks[n, 4], blocks[n, 5] = b, stop
                ring_of[n] = ring
                n += 1
                ring_boxes[k, 0], ring_boxes[k, 1] = min(ring_boxes[k, 0], x0), min(ring_boxes[k, 1], y0)
                ring_boxes[k, 2], ring_boxes[k, 3] = max(ring_boxes[k, 2], x1), max(ring_boxes[k, 3], y1)
        if _crossing(coords, rings, blocks, ring_of, n) or (
            count > 1 and _rings_misplaced(coords, rings, holes, geoms[row], geoms[row + 1], ring_boxes)
        ):
            flag |= _SUSPECT
        flags[row] = flag


@inner()
def _seen_from_inside(coords, start, end):  # type: ignore[no-untyped-def]
    """Whether all of a ring is seen from its centre of gravity: then it cannot meet itself.

    Most parcels and buildings are so. Anything near rounding says no.
    """
    ox, oy = coords[start, 0], coords[start, 1]
    twice, cx, cy, px, py = 0.0, 0.0, 0.0, 0.0, 0.0
    for p in range(start + 1, end + 1):
        x, y = coords[p, 0] - ox, coords[p, 1] - oy
        cross = px * y - x * py
        twice, cx, cy = twice + cross, cx + (px + x) * cross, cy + (py + y) * cross
        px, py = x, y
    if not abs(twice) > 0.0:
        return False
    cx, cy = cx / (3.0 * twice), cy / (3.0 * twice)
    least, ways = 1e-9 * abs(twice), 0
    px, py = -cx, -cy
    for p in range(start + 1, end + 1):
        x, y = coords[p, 0] - ox - cx, coords[p, 1] - oy - cy
        cross = px * y - x * py
        if not (cross if twice > 0.0 else -cross) > least:
            return False
        ways += (py > 0.0) != (y > 0.0)
        px, py = x, y
    return ways == 2  # once around


@inner()
def _crossing(coords, rings, blocks, ring_of, n):  # type: ignore[no-untyped-def]
    """Whether two edges meet that should not; rounding decides for suspicion."""
    for a in range(n):
        for b in range(a, n):
            if (
                blocks[b, 0] > blocks[a, 2]
                or blocks[b, 2] < blocks[a, 0]
                or blocks[b, 1] > blocks[a, 3]
                or blocks[b, 3] < blocks[a, 1]
            ):
                continue
            same_ring = ring_of[a] == ring_of[b]
            start, end = rings[ring_of[a]], rings[ring_of[a] + 1] - 1
            for p in range(np.int64(blocks[a, 4]), np.int64(blocks[a, 5])):
                ox, oy = coords[p, 0], coords[p, 1]
                px, py = coords[p + 1, 0] - ox, coords[p + 1, 1] - oy
                if px == 0.0 and py == 0.0:
                    continue
                x0, x1, y0, y1 = min(px, 0.0), max(px, 0.0), min(py, 0.0), max(py, 0.0)
                for q in range(p + 1 if a == b else np.int64(blocks[b, 4]), np.int64(blocks[b, 5])):
                    cx, cy = coords[q, 0] - ox, coords[q, 1] - oy
                    dx, dy = coords[q + 1, 0] - ox, coords[q + 1, 1] - oy
                    if min(cx, dx) > x1 or max(cx, dx) < x0 or min(cy, dy) > y1 or max(cy, dy) < y0:
                        continue
                    if same_ring and (q == p + 1 or (p == start and q == end - 1)):
                        # neighbours share a point; they may only not run back on one another
                        cross, along = px * (dy - cy) - py * (dx - cx), px * (dx - cx) + py * (dy - cy)
                        if along < 0.0 and abs(cross) <= 1e-9 * abs(along):
                            return True
                        continue
                    scale = 1e-14 * (abs(px) + abs(py) + abs(cx) + abs(cy) + abs(dx) + abs(dy))
                    e1 = scale * (abs(px) + abs(py))
                    s1, s2 = px * cy - py * cx, px * dy - py * dx
                    if (s1 > e1 and s2 > e1) or (s1 < -e1 and s2 < -e1):
                        continue
                    ux, uy = dx - cx, dy - cy
                    e2 = scale * (abs(ux) + abs(uy))
                    s3, s4 = uy * cx - ux * cy, ux * (py - cy) - uy * (px - cx)
                    if (s3 > e2 and s4 > e2) or (s3 < -e2 and s4 < -e2):
                        continue
                    if ux != 0.0 or uy != 0.0:
                        return True
    return False


@inner()
def _in_ring(coords, start, end, x, y):  # type: ignore[no-untyped-def]
    odd = False
    for p in range(start, end - 1):
        xa, ya, xb, yb = coords[p, 0] - x, coords[p, 1] - y, coords[p + 1, 0] - x, coords[p + 1, 1] - y
        if (ya > 0.0) != (yb > 0.0):
            cross = xa * yb - xb * ya
            if (cross > 0.0) == (yb > ya):
                odd = not odd
    return odd


@inner()
def _rings_misplaced(coords, rings, holes, first, last, boxes):  # type: ignore[no-untyped-def]
    """Whether a hole is not in its shell, or a ring lies in another ring of its kind (edges do not cross)."""
    shell = first
    for ring in range(first, last):
        x, y = coords[rings[ring], 0], coords[rings[ring], 1]
        if holes[ring]:
            if not _in_ring(coords, rings[shell], rings[shell + 1], x, y):
                return True
        else:
            shell = ring
        for other in range(first, last):
            if other == ring or holes[other] != holes[ring]:
                continue
            k = other - first
            if (
                boxes[k, 0] <= x <= boxes[k, 2]
                and boxes[k, 1] <= y <= boxes[k, 3]
                and _in_ring(coords, rings[other], rings[other + 1], x, y)
            ):
                return True
    return False


@njit(cache=True, nogil=True)
def _worst(coords, rings, holes, geoms, first, last, worst, place):  # type: ignore[no-untyped-def]
    """Least angle (degrees), least distance of neighbouring vertices and roundness of each row, with the places."""
    for row in range(first, last):
        if geoms[row] == geoms[row + 1]:
            continue
        sharpest, shortest, around, area = -2.0, np.inf, 0.0, 0.0
        for ring in range(geoms[row], geoms[row + 1]):
            start, end = rings[ring], rings[ring + 1] - 1
            ox, oy = coords[start, 0], coords[start, 1]
            # the edge that comes into the first vertex: the last one that has a length
            inx, iny, long_in = 0.0, 0.0, 0.0
            for p in range(end - 1, start - 1, -1):
                inx, iny = coords[p + 1, 0] - coords[p, 0], coords[p + 1, 1] - coords[p, 1]
                long_in = np.sqrt(inx * inx + iny * iny)
                if long_in > 0.0:
                    break
            twice = 0.0
            for p in range(start, end):
                outx, outy = coords[p + 1, 0] - coords[p, 0], coords[p + 1, 1] - coords[p, 1]
                long_out = np.sqrt(outx * outx + outy * outy)
                twice += (coords[p, 0] - ox) * outy - (coords[p, 1] - oy) * outx
                if not long_out > 0.0:
                    continue
                around += long_out
                if long_out < shortest:
                    shortest = long_out
                    place[row, 1, 0], place[row, 1, 1] = coords[p, 0], coords[p, 1]
                cosine = -(inx * outx + iny * outy) / (long_in * long_out)
                if cosine > sharpest:
                    sharpest = cosine
                    place[row, 0, 0], place[row, 0, 1] = coords[p, 0], coords[p, 1]
                inx, iny, long_in = outx, outy, long_out
            area += -abs(twice) / 2 if holes[ring] else abs(twice) / 2
        if around > 0.0:
            worst[row, 0] = np.degrees(np.arccos(min(max(sharpest, -1.0), 1.0)))
            worst[row, 1] = shortest
            worst[row, 2] = 4 * np.pi * area / (around * around)
