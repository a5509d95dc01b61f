"""Shapes of a map on paper: projected to points, thinned to what print can show, as paths or as pixels."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numba as nb
import numpy as np
import shapely
from numpy.typing import NDArray

from panhuo.land.polygons import Polygons

#: The finest step of a path, in points: 0.02 mm, below what a printer resolves.
GRAIN = 0.06
#: How many geometries are projected at a time: few enough for their points to stay in the processor's cache.
_PIECE = 8192


@dataclass(frozen=True, slots=True)
class Frame:
    """The window of the map: lower left corner and size on the ground, place on paper in points, points a metre."""

    x0: float
    y0: float
    ground_w: float
    ground_h: float
    left: float
    top: float
    scale: float

    @property
    def width(self) -> float:
        return self.ground_w * self.scale

    @property
    def height(self) -> float:
        return self.ground_h * self.scale

    def project(self, coords: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ground (n, 2) -> paper (n, 2) in points; y runs downwards."""
        out = np.empty_like(coords)
        out[:, 0] = self.left + (coords[:, 0] - self.x0) * self.scale
        out[:, 1] = self.top + self.height - (coords[:, 1] - self.y0) * self.scale
        return out


def extent(shapes: list[Polygons]) -> tuple[float, float, float, float] | None:
    """The box (x0, y0, x1, y1) of all coordinates that are finite; None when there is none."""
    boxes = []
    for polygons in shapes:
        coords = polygons.coords
        if len(coords):
            x, y = coords[:, 0], coords[:, 1]  # column by column: many times faster than over both at once
            low, high = np.array((x.min(), y.min())), np.array((x.max(), y.max()))
            if np.isfinite(low).all() and np.isfinite(high).all():
                boxes.append((low, high))
    if not boxes:
        return None
    x0, y0 = np.min([b[0] for b in boxes], axis=0)
    x1, y1 = np.max([b[1] for b in boxes], axis=0)
    return float(x0), float(y0), float(x1), float(y1)


def snapped(points: NDArray[np.float64], rings: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Paper points on the grid of ``GRAIN``, repeated points dropped: (coordinates (m, 2), ring starts (r + 1,))."""
    grid = np.rint(points / GRAIN).astype(np.int64)
    keep = np.ones(len(grid), dtype=bool)
    keep[1:] = (grid[1:] != grid[:-1]).any(axis=1)
    keep[rings[:-1][rings[:-1] < len(grid)]] = True
    starts = np.concatenate(([0], np.cumsum(keep)))[rings]
    return grid[keep], starts


def paths(polygons: Polygons, frame: Frame, chosen: NDArray[np.int64]) -> list[str]:
    """SVG path data of the ``chosen`` geometries; what shrinks to a point on paper is an empty string."""
    part = take(polygons, chosen)
    grid, starts = snapped(frame.project(part.coords), part.rings)
    steps = np.diff(grid, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    out = []
    for g in range(len(part)):
        pieces = []
        for r in range(part.geoms[g], part.geoms[g + 1]):
            a, b = int(starts[r]), int(starts[r + 1])
            if b - a < 4:
                continue
            x, y = grid[a].tolist()
            moves = " ".join(f"{dx} {dy}" for dx, dy in steps[a + 1 : b - 1].tolist())
            pieces.append(f"M{x} {y}l{moves}z")
        out.append("".join(pieces))
    return out


def outlines(polygons: Polygons, frame: Frame) -> str:
    """SVG path data of all outlines, an edge that two areas share drawn once: dashes laid over each other close up."""
    grid, starts = snapped(frame.project(polygons.coords), polygons.rings)
    ends = np.stack((grid[:-1], grid[1:]), axis=1)
    inside = np.ones(len(ends), dtype=bool)
    inside[starts[1:-1][starts[1:-1] < len(grid)] - 1] = False
    ends = ends[inside]
    # One direction for both neighbours' copies of an edge.
    turned = (ends[:, 0, 0] > ends[:, 1, 0]) | ((ends[:, 0, 0] == ends[:, 1, 0]) & (ends[:, 0, 1] > ends[:, 1, 1]))
    ends[turned] = ends[turned][:, ::-1]
    edges = np.unique(ends.reshape(-1, 4), axis=0).reshape(-1, 2, 2)
    merged = shapely.line_merge(shapely.multilinestrings([shapely.linestrings(edges.astype(float))]))
    out = []
    for piece in shapely.get_parts(merged):
        points = shapely.get_coordinates(piece).astype(np.int64)
        moves = " ".join(f"{dx} {dy}" for dx, dy in np.diff(points, axis=0).tolist())
        out.append(f"M{points[0, 0]} {points[0, 1]}l{moves}")
    return "".join(out)


def take(polygons: Polygons, chosen: NDArray[np.int64]) -> Polygons:
    """The geometries with these indices, in this order."""
    if len(chosen) == len(polygons) and (chosen == np.arange(len(polygons))).all():
        return polygons
    ring_of = _ranges(polygons.geoms[chosen], polygons.geoms[chosen + 1])
    point_of = _ranges(polygons.rings[ring_of], polygons.rings[ring_of + 1])
    sizes = polygons.rings[ring_of + 1] - polygons.rings[ring_of]
    counts = polygons.geoms[chosen + 1] - polygons.geoms[chosen]
    return Polygons(
        polygons.coords[point_of],
        np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        polygons.holes[ring_of],
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        polygons.state[chosen],
    )


def pieces(
    polygons: Polygons,
) -> Iterator[tuple[int, NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]]:
    """The geometries some thousands at a time: number of the first, then coordinates, rings and geoms of its piece."""
    for start in range(0, len(polygons), _PIECE):
        geoms = polygons.geoms[start : start + _PIECE + 1]
        rings = polygons.rings[geoms[0] : geoms[-1] + 1]
        yield start, polygons.coords[rings[0] : rings[-1]], rings - rings[0], geoms - geoms[0]


def _ranges(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """All the integers of the ranges [start, end), one range after the other."""
    sizes = ends - starts
    whole = int(sizes.sum())
    if not whole:
        return np.zeros(0, dtype=np.int64)
    offsets = np.repeat(starts - np.concatenate(([0], np.cumsum(sizes)[:-1])), sizes)
    return np.asarray(np.arange(whole) + offsets, dtype=np.int64)


@nb.njit(cache=True, nogil=True)
def paint(grid, owner, points, rings, geoms, classes, first):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Fill ``grid`` (h, w) with class + 1 and ``owner`` with the geometry's number, by the centres of the pixels.

    points : (v, 2) in pixels, y downwards; even-odd rule, so holes stay open. A geometry that covers no centre takes
    the one pixel it lies in if that is still free: a small parcel is seen, and a big one is not covered by it.
    """
    height, width = grid.shape
    crossings = np.empty(64, dtype=np.float64)
    for g in range(len(geoms) - 1):
        if classes[g] < 0 or geoms[g] == geoms[g + 1]:
            continue
        a, b = rings[geoms[g]], rings[geoms[g + 1]]
        if b - a < 4:
            continue
        low, high = np.inf, -np.inf
        left, right = np.inf, -np.inf
        for i in range(a, b):
            low, high = min(low, points[i, 1]), max(high, points[i, 1])
            left, right = min(left, points[i, 0]), max(right, points[i, 0])
        if not (high >= 0 and low <= height and right >= 0 and left <= width):
            continue
        painted = False
        row0, row1 = max(0, int(np.floor(low))), min(height - 1, int(np.ceil(high)))
        for row in range(row0, row1 + 1):
            y = row + 0.5
            count = 0
            for r in range(geoms[g], geoms[g + 1]):
                for i in range(rings[r], rings[r + 1] - 1):
                    y1, y2 = points[i, 1], points[i + 1, 1]
                    if (y1 <= y) != (y2 <= y):
                        if count == len(crossings):
                            bigger = np.empty(2 * count, dtype=np.float64)
                            bigger[:count] = crossings
                            crossings = bigger
                        x1, x2 = points[i, 0], points[i + 1, 0]
                        crossings[count] = x1 + (y - y1) * (x2 - x1) / (y2 - y1)
                        count += 1
            if not count:
                continue
            # Few crossings a row: insertion beats a sort, and compiles in a fraction of its time.
            for k in range(1, count):
                value, j = crossings[k], k - 1
                while j >= 0 and crossings[j] > value:
                    crossings[j + 1] = crossings[j]
                    j -= 1
                crossings[j + 1] = value
            for k in range(0, count - 1, 2):
                start = max(0, int(np.ceil(crossings[k] - 0.5)))
                end = min(width, int(np.ceil(crossings[k + 1] - 0.5)))
                for column in range(start, end):
                    grid[row, column] = classes[g] + 1
                    owner[row, column] = first + g + 1
                    painted = True
        if not painted:
            row, column = int((low + high) / 2), int((left + right) / 2)
            if 0 <= row < height and 0 <= column < width and grid[row, column] == 0:
                grid[row, column] = classes[g] + 1
                owner[row, column] = first + g + 1


def png(indices: NDArray[np.uint8], palette: list[tuple[int, int, int]]) -> bytes:
    """An 8-bit palette picture (h, w); index 0 is transparent."""
    height, width = indices.shape
    lines = np.zeros((height, width + 1), dtype=np.uint8)
    lines[:, 1:] = indices

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    colours = b"".join(bytes(c) for c in palette)
    body = zlib.compress(lines.tobytes(), 6)
    parts = (chunk(b"IHDR", head), chunk(b"PLTE", colours), chunk(b"tRNS", b"\x00"), chunk(b"IDAT", body))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def data_uri(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")
