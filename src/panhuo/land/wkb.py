"""Well-known binary to flat arrays and back, for bytes that nobody vouches for.

Format: OGC 06-103r4 (Simple Features, part 1) clause 8 with the ISO/IEC 13249-3 numbers for Z and M, and the "extended"
flags (Z, M, SRID) that PostGIS writes. Every length is checked against the bytes that are there before it is believed.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner

READ, MISSING, EMPTY, NOT_POLYGON, UNREADABLE, NOT_FINITE, CLOSED = range(7)

_HEADER = 5  # byte order and type
_COUNT = 4


@inner()
def _uint32(data, at, little):  # type: ignore[no-untyped-def]
    a, b, c, d = np.int64(data[at]), np.int64(data[at + 1]), np.int64(data[at + 2]), np.int64(data[at + 3])
    if little:
        return a | (b << 8) | (c << 16) | (d << 24)
    return d | (c << 8) | (b << 16) | (a << 24)


@inner()
def _kind(code):  # type: ignore[no-untyped-def]
    """Geometry type, numbers per coordinate and whether an SRID follows, of a WKB type number; type -1: unknown."""
    has_z, has_m = (code & 0x80000000) != 0, (code & 0x40000000) != 0
    srid = (code & 0x20000000) != 0
    base = code & 0x1FFFFFFF
    thousand = base // 1000
    if thousand > 3:
        return -1, 2, srid
    if thousand == 1 or thousand == 3:
        has_z = True
    if thousand == 2 or thousand == 3:
        has_m = True
    return base % 1000, 2 + int(has_z) + int(has_m), srid


@inner()
def _same_point(data, a, b):  # type: ignore[no-untyped-def]
    for k in range(16):  # noqa: SIM110 - Numba compiles the loop, not the generator
        if data[a + k] != data[b + k]:
            return False
    return True


@inner()
def _copy_points(data, at, points, size, little, coords, raw, first):  # type: ignore[no-untyped-def]
    """Copy ``points`` points to ``coords[first:]`` (``raw`` is the same memory as bytes)."""
    if little and size == 16:
        # unsigned: an index that may be negative keeps the loop from being compiled to wide copies
        to, source = np.uint64(first * 16), np.uint64(at)
        for k in range(np.uint64(points * 16)):
            raw[to + k] = data[source + k]
        return
    for p in range(points):
        source, to = at + p * size, (first + p) * 16
        if little:
            for k in range(16):
                raw[to + k] = data[source + k]
        else:
            for k in range(8):
                raw[to + k] = data[source + 7 - k]
                raw[to + 8 + k] = data[source + 15 - k]


@njit(cache=True, nogil=True)
def measure_rows(data, offsets, valid, first, last, rings, points, state):  # type: ignore[no-untyped-def]
    """First pass: rings, points and state of the rows ``first`` to ``last``, without touching the coordinates."""
    for row in range(first, last):
        rings[row] = 0
        points[row] = 0
        if not valid[row]:
            if state[row] == READ:
                state[row] = MISSING
            continue
        at, end = offsets[row], offsets[row + 1]
        pending, parts, count, total = 1, 0, 0, 0
        code = READ
        # A collection's members follow it directly, so a count of geometries still to come replaces recursion.
        while pending > 0 and code in (READ, CLOSED):
            pending -= 1
            if end - at < _HEADER or data[at] > 1:
                code = UNREADABLE
                break
            little = data[at] == 1
            kind, dimensions, srid = _kind(_uint32(data, at + 1, little))
            at += _HEADER
            if srid:
                at += 4
            if kind != 3 and kind != 6 and kind != 7:
                code = NOT_POLYGON if 1 <= kind <= 17 else UNREADABLE
                break
            if end - at < _COUNT:
                code = UNREADABLE
                break
            members = _uint32(data, at, little)
            at += _COUNT
            if kind != 3:
                if members * (_HEADER + _COUNT) > end - at:
                    # A member may be a point or line, whose own bytes are checked when it comes; here: bytes for all.
                    code = UNREADABLE
                    break
                pending += members
                continue
            if members * _COUNT > end - at:
                code = UNREADABLE
                break
            shell_missing = False
            for k in range(members):
                if end - at < _COUNT:
                    code = UNREADABLE
                    break
                m = _uint32(data, at, little)
                at += _COUNT
                size = 8 * dimensions
                if m * size > end - at:
                    code = UNREADABLE
                    break
                if m == 0:
                    shell_missing = shell_missing or k == 0
                    continue
                if shell_missing:
                    code = UNREADABLE  # a hole in nothing
                    break
                count += 1
                total += m
                if not _same_point(data, at, at + (m - 1) * size):
                    total += 1
                    code = CLOSED
                at += m * size
            if count > 0:
                parts += 1
        if code in (READ, CLOSED):
            if count == 0:
                code = EMPTY
            else:
                rings[row] = count
                points[row] = total
        state[row] = code


@njit(cache=True, nogil=True)
def fill_rows(data, offsets, first, last, geoms, first_point, coords, raw, rings, holes, state):  # type: ignore[no-untyped-def]
    """Second pass: the coordinates of the rows that the first pass found readable. Returns how many are not finite."""
    bad = 0
    for row in range(first, last):
        ring, ring_end, point = geoms[row], geoms[row + 1], first_point[row]
        if ring == ring_end:
            continue
        at = offsets[row]
        while ring < ring_end:
            little = data[at] == 1
            kind, dimensions, srid = _kind(_uint32(data, at + 1, little))
            at += _HEADER
            if srid:
                at += 4
            members = _uint32(data, at, little)
            at += _COUNT
            if kind != 3:
                continue
            size = 8 * dimensions
            for k in range(members):
                m = _uint32(data, at, little)
                at += _COUNT
                if m == 0:
                    continue
                _copy_points(data, at, m, size, little, coords, raw, point)
                start = point
                point += m
                if not _same_point(data, at, at + (m - 1) * size):
                    coords[point, 0] = coords[start, 0]
                    coords[point, 1] = coords[start, 1]
                    point += 1
                holes[ring] = k > 0
                ring += 1
                rings[ring] = point
                at += m * size
        check = 0.0
        for p in range(first_point[row], first_point[row + 1]):
            check += coords[p, 0] * 0.0 + coords[p, 1] * 0.0
        if check != 0.0:  # only a NaN or an infinity survives the factor zero
            state[row] = NOT_FINITE
            bad += 1
    return bad


@inner()
def _put_uint32(out, at, value):  # type: ignore[no-untyped-def]
    for k in range(4):
        out[at + k] = (value >> (8 * k)) & 255


@njit(cache=True, nogil=True)
def wkb_sizes(rings, holes, geoms, state, first, last, sizes, parts):  # type: ignore[no-untyped-def]
    """Bytes and number of parts of each row; a row without rings has 9 bytes if it is empty and none otherwise."""
    for row in range(first, last):
        shells = 0
        for ring in range(geoms[row], geoms[row + 1]):
            if not holes[ring]:
                shells += 1
        parts[row] = shells
        if geoms[row] == geoms[row + 1]:
            sizes[row] = 9 if state[row] == EMPTY else 0
            continue
        count = geoms[row + 1] - geoms[row]
        points = rings[geoms[row + 1]] - rings[geoms[row]]
        sizes[row] = 9 * shells + 4 * count + 16 * points + (9 if shells > 1 else 0)


@njit(cache=True, nogil=True)
def write_wkb(raw, rings, holes, geoms, first, last, offsets, parts, out):  # type: ignore[no-untyped-def]
    """Little-endian ISO WKB of the rows: Polygon, or MultiPolygon when there is more than one shell."""
    for row in range(first, last):
        at, end = offsets[row], offsets[row + 1]
        if at == end:
            continue
        out[at] = 1
        if geoms[row] == geoms[row + 1]:
            _put_uint32(out, at + 1, 3)
            _put_uint32(out, at + 5, 0)
            continue
        if parts[row] > 1:
            _put_uint32(out, at + 1, 6)
            _put_uint32(out, at + 5, parts[row])
            at += 9
        ring, last_ring = geoms[row], geoms[row + 1]
        while ring < last_ring:
            after = ring + 1
            while after < last_ring and holes[after]:
                after += 1
            out[at] = 1
            _put_uint32(out, at + 1, 3)
            _put_uint32(out, at + 5, after - ring)
            at += 9
            for k in range(ring, after):
                points = rings[k + 1] - rings[k]
                _put_uint32(out, at, points)
                at += 4
                source, to = np.uint64(rings[k] * 16), np.uint64(at)
                for b in range(np.uint64(points * 16)):
                    out[to + b] = raw[source + b]
                at += points * 16
            ring = after


def valid_rows(bitmap: NDArray[np.uint8] | None, rows: int, offset: int) -> NDArray[np.bool_]:
    """Arrow's validity bitmap (or None: all valid) as one bool a row."""
    if bitmap is None:
        return np.ones(rows, dtype=np.bool_)
    return np.unpackbits(bitmap, bitorder="little", count=offset + rows)[offset:].view(np.bool_)
