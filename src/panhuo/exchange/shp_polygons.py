"""Polygons of one ring straight from the bytes of a .shp: nearly all that cadastres hold, and nothing to be decided.

Which of several rings are holes, and whatever else is not as simple, is left to GDAL.
Source: ESRI Shapefile Technical Description, July 1998; OGC 06-103r4 for the WKB.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner
from panhuo.land.threads import in_chunks

_CHUNK = 1 << 17
#: Bytes of a polygon's record before its points, when it has one ring, and of its WKB.
_HEAD, _WKB_HEAD = 48, 13
_ODD = -1
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int64]


class Polygons(NamedTuple):
    """The polygons of a .shp file: where each record's content begins (n,), the bytes of its WKB (n,; 0 where there is
    no shape), and the records that are not as simple (k,)."""

    path: Path
    starts: Ints
    sizes: Ints
    odd: Ints


def look(path: Path, index: Path) -> Polygons:
    """What the records are that a sound index lists; the header must say that they are polygons."""
    entries = np.fromfile(index, ">i4", offset=100).reshape(-1, 2).astype(np.int64) * 2
    starts, lengths = entries[:, 0] + 8, entries[:, 1]
    data = np.memmap(path, np.uint8, "r")
    pieces = in_chunks(lambda a, b: _sizes(data, starts[a:b], lengths[a:b]), len(starts), chunk=_CHUNK)
    sizes = np.concatenate([np.empty(0, np.int64), *pieces])
    return Polygons(path, starts, sizes, np.flatnonzero(sizes == _ODD))


def build(polygons: Polygons, others: pa.LargeBinaryArray) -> pa.LargeBinaryArray:
    """All shapes as WKB (n,), null where there is none; ``others`` (k,) are those of the odd records."""
    sizes = polygons.sizes.copy()
    valid = sizes > 0
    at = np.frombuffer(others.buffers()[1], np.int64)[others.offset : others.offset + len(others) + 1]
    sizes[polygons.odd] = np.diff(at)
    valid[polygons.odd] = ~np.asarray(others.is_null())
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    buffer = pa.allocate_buffer(int(offsets[-1]))
    out, data = np.frombuffer(buffer, np.uint8), np.memmap(polygons.path, np.uint8, "r")

    def work(first: int, last: int) -> None:
        _write(data, polygons.starts[first:last], polygons.sizes[first:last], out, offsets[first:last])

    in_chunks(work, len(sizes), chunk=_CHUNK)
    if others.buffers()[2] is not None:
        _copy(np.frombuffer(others.buffers()[2], np.uint8), at, out, offsets[polygons.odd])
    bits = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(sizes), [bits, pa.py_buffer(offsets), buffer])


@inner()
def _word(data: Bytes, at: int) -> int:
    """The little-endian 32-bit number at ``at``, taken as not negative."""
    value = 0
    for k in range(4):
        value |= int(np.int64(data[at + k])) << (8 * k)
    return value


@njit(cache=True, nogil=True)
def _sizes(data: Bytes, starts: Ints, lengths: Ints) -> Ints:
    """Bytes of the WKB of each record (n,): 0 for a null shape, -1 for one that is not a polygon of one ring."""
    sizes = np.full(len(starts), _ODD, np.int64)
    for i in range(len(starts)):
        at, length = starts[i], lengths[i]
        kind = _word(data, at) if length >= 4 else -1
        if kind == 0:
            sizes[i] = 0
        elif kind == 5 and length > _HEAD:
            parts, points, first = _word(data, at + 36), _word(data, at + 40), _word(data, at + 44)
            if parts == 1 and first == 0 and points >= 4 and length == _HEAD + 16 * points:
                sizes[i] = _WKB_HEAD + 16 * points
    return sizes


@njit(cache=True, nogil=True)
def _write(data: Bytes, starts: Ints, sizes: Ints, out: Bytes, offsets: Ints) -> None:
    """The WKB of the polygons of one ring at their ``offsets`` (n,): order, type, one ring, its points."""
    for i in range(len(starts)):
        if sizes[i] <= 0:
            continue
        at, to = starts[i], offsets[i]
        out[to : to + _WKB_HEAD - 4] = 0
        out[to], out[to + 1], out[to + 5] = 1, 3, 1
        out[to + 9 : to + 13] = data[at + 40 : at + 44]
        out[to + _WKB_HEAD : to + sizes[i]] = data[at + _HEAD : at + _HEAD + sizes[i] - _WKB_HEAD]


@njit(cache=True, nogil=True)
def _copy(data: Bytes, offsets: Ints, out: Bytes, to: Ints) -> None:
    """Texts of bytes, one after another by ``offsets`` (k + 1,), to their places ``to`` (k,)."""
    for k in range(len(to)):
        length = offsets[k + 1] - offsets[k]
        out[to[k] : to[k] + length] = data[offsets[k] : offsets[k + 1]]
