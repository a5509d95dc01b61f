"""Geometry of any kind as ISO WKB in two dimensions, little-endian: what a layer holds.

Sources hand out Z and M values, arcs, TINs, EWKB with an SRID, big-endian bytes. Plain rows are left untouched (one
look at each header, vectorised); only the others are rewritten. Coordinates are never moved or repaired here.
Source: OGC 06-103r4 (Simple Features), clause 8.2; ISO 13249-3 for the curve types.
"""

from __future__ import annotations

import itertools
import struct
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import shapely
from numba import njit
from numpy.typing import NDArray

from panhuo.exchange.arcs import circular

NAMES = {
    1: "Point",
    2: "LineString",
    3: "Polygon",
    4: "MultiPoint",
    5: "MultiLineString",
    6: "MultiPolygon",
    7: "GeometryCollection",
    8: "CircularString",
    9: "CompoundCurve",
    10: "CurvePolygon",
    11: "MultiCurve",
    12: "MultiSurface",
    15: "PolyhedralSurface",
    16: "TIN",
    17: "Triangle",
}
_MEMBER = {4: 1, 5: 2, 6: 3}
Coords = NDArray[np.float64]


class Flat(NamedTuple):
    """Rewritten geometry and what was done to it.

    ``geometry`` has the length of the input; ``kinds`` counts the geometry types of the source (1..17), ``lifted`` the
    rows that had Z or M, ``bent`` the rows with arcs, ``faces`` the rows with TIN, triangle or polyhedral surface,
    ``bad`` lists the rows whose bytes are no WKB (they are null now).
    """

    geometry: pa.LargeBinaryArray
    kinds: dict[int, int]
    lifted: int
    bent: int
    faces: int
    bad: list[int]


class Gathered:
    """Binary arrays that come one after another, as one: each is copied when it is added, so that it can be freed.

    ``expected``: about how many bytes will come. So much is asked of the system at once, which gives it page by page as
    it is written to; nothing has to be copied a second time unless more comes.
    """

    def __init__(self, expected: int = 0) -> None:
        self._data = np.empty(max(expected, 1 << 16), np.uint8)
        self._used = 0
        self._lengths: list[NDArray[np.int64]] = []
        self._valid: list[NDArray[np.bool_]] = []

    def add(self, array: pa.BinaryArray) -> None:
        """The next rows."""
        if not len(array):
            return
        _, starts, data = array.buffers()
        at = np.frombuffer(starts, np.int32)[array.offset : array.offset + len(array) + 1]
        raw = np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)
        raw = raw[at[0] : at[-1]]
        end = self._used + len(raw)
        if end > len(self._data):
            more = np.empty(max(end, len(self._data) * 3 // 2), np.uint8)
            more[: self._used] = self._data[: self._used]
            self._data = more
        self._data[self._used : end] = raw
        self._used = end
        self._lengths.append(np.diff(at).astype(np.int64))
        self._valid.append(~np.asarray(array.is_null()))

    def whole(self) -> pa.LargeBinaryArray:
        """All rows (n,)."""
        offsets = np.concatenate([np.zeros(1, np.int64), *self._lengths])
        np.cumsum(offsets, out=offsets)
        valid = np.concatenate([np.ones(0, np.bool_), *self._valid])
        bits = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
        # what was asked for and never written to takes no memory, but is not kept for a few rows either
        used = self._data[: self._used]
        data = pa.py_buffer(used if 2 * self._used > len(self._data) else used.copy())
        return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(valid), [bits, pa.py_buffer(offsets), data])


@njit(cache=True, nogil=True)
def _headers(data: NDArray[np.uint8], offsets: NDArray[np.int64], valid: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """The type (1-6) of each geometry (n,) that is little-endian and has two dimensions already; 0 for others."""
    kinds = np.zeros(len(valid), np.uint8)
    for i in range(len(valid)):
        at = offsets[i]
        if not valid[i] or offsets[i + 1] - at < 5 or data[at] != 1:
            continue
        if 1 <= data[at + 1] <= 6 and data[at + 2] == 0 and data[at + 3] == 0 and data[at + 4] == 0:
            kinds[i] = data[at + 1]
    return kinds


def flatten(geometry: pa.Array | pa.ChunkedArray) -> Flat:
    """Geometry (n,) binary as two-dimensional little-endian ISO WKB (n,), see :class:`Flat`."""
    if isinstance(geometry, pa.ChunkedArray):
        geometry = geometry.combine_chunks() if geometry.num_chunks != 1 else geometry.chunk(0)
    if isinstance(geometry, pa.ExtensionArray):
        geometry = geometry.storage
    wkb = geometry.cast(pa.large_binary())
    valid = ~np.asarray(wkb.is_null())
    if len(wkb) == 0 or wkb.buffers()[2] is None:
        empty = np.flatnonzero(valid).tolist()
        return Flat(pa.nulls(len(wkb), pa.large_binary()), {}, 0, 0, 0, empty)
    offsets = np.frombuffer(wkb.buffers()[1], np.int64)[wkb.offset : wkb.offset + len(wkb) + 1]
    data = np.frombuffer(wkb.buffers()[2], np.uint8)
    if (np.diff(offsets) < 0).any() or offsets[-1] > len(data):
        raise ValueError("broken binary array")
    codes = _headers(data, offsets, valid)
    todo = np.flatnonzero(valid & (codes == 0))
    found = np.bincount(codes[codes > 0], minlength=1)
    kinds = {int(k): int(found[k]) for k in np.flatnonzero(found)}
    if not todo.size:
        return Flat(wkb, kinds, 0, 0, 0, [])
    return _rewritten(wkb, todo, kinds)


def _rewritten(wkb: pa.LargeBinaryArray, todo: NDArray[np.int64], kinds: dict[int, int]) -> Flat:
    source = wkb.take(pa.array(todo)).to_pylist()
    rewritten: list[bytes | None] = []
    lifted = bent = faces = 0
    bad: list[int] = []
    quick = _drop_dimensions(source)
    for row, blob, easy in zip(todo.tolist(), source, quick, strict=True):
        try:
            marks = _header(blob)
            kinds[marks.kind] = kinds.get(marks.kind, 0) + 1
            lifted += marks.dims > 2
            if easy is not None:
                rewritten.append(easy)
                continue
            reader = _Reader(blob)
            shape = reader.shape()
            rewritten.append(_write(shape))
            bent += reader.bent
            faces += reader.faces
        except (struct.error, ValueError, IndexError, RecursionError):
            rewritten.append(None)
            bad.append(row)
    merged = _put(wkb, todo, rewritten)
    return Flat(merged, kinds, lifted, bent, faces, bad)


def _put(wkb: pa.LargeBinaryArray, at: NDArray[np.int64], new: list[bytes | None]) -> pa.LargeBinaryArray:
    index = np.arange(len(wkb))
    index[at] = len(wkb) + np.arange(len(new))
    both = pa.concat_arrays([wkb, pa.array(new, pa.large_binary())])
    return both.take(pa.array(index))


def _drop_dimensions(source: list[bytes]) -> list[bytes | None]:
    """Z and M dropped by GEOS where it can read the row (a million rows in seconds); None where it cannot or must
    not."""
    easy: list[bytes | None] = [None] * len(source)
    at = [k for k, b in enumerate(source) if len(b) >= 5 and 1 <= _kind(b) <= 6]
    if len(at) < 1000:
        return easy
    shapes = shapely.from_wkb([source[k] for k in at], on_invalid="ignore")
    flat = shapely.to_wkb(shapely.force_2d(shapes), output_dimension=2, byte_order=1, flavor="iso")
    for k, b in zip(at, flat, strict=True):
        easy[k] = b
    return easy


class _Header(NamedTuple):
    order: str
    kind: int
    dims: int
    srid: bool


def _kind(blob: bytes) -> int:
    return _header(blob).kind


def _header(blob: bytes, at: int = 0) -> _Header:
    order = "<" if blob[at] == 1 else ">"
    if blob[at] not in (0, 1):
        raise ValueError("byte order")
    code = struct.unpack_from(order + "I", blob, at + 1)[0]
    flags, base = code & 0xE0000000, code & 0x1FFFFFFF
    dims = 2 + bool(flags & 0x80000000) + bool(flags & 0x40000000)
    if base >= 1000:
        dims = 4 if base >= 3000 else 3
    return _Header(order, base % 1000, dims, bool(flags & 0x20000000))


class _Shape(NamedTuple):
    """A geometry of type 1..7: coordinates of a point or line, rings of a polygon, or parts."""

    kind: int
    coords: tuple[Coords, ...] = ()
    parts: tuple[_Shape, ...] = ()


class _Reader:
    """Reads one WKB value; arcs become chords, faces become polygons."""

    def __init__(self, blob: bytes) -> None:
        self.blob, self.at = blob, 0
        self.bent = self.faces = False

    def shape(self) -> _Shape:
        head = _header(self.blob, self.at)
        self.at += 9 if head.srid else 5
        kind = head.kind
        if kind == 1:
            return _Shape(1, (self._coords(head, 1),))
        if kind == 2:
            return _Shape(2, (self._coords(head),))
        if kind == 8:
            self.bent = True
            return _Shape(2, (circular(self._coords(head)),))
        if kind in (3, 17):
            self.faces |= kind == 17
            return _Shape(3, tuple(self._coords(head) for _ in range(self._count(head))))
        if kind not in NAMES:
            raise ValueError(f"geometry type {kind}")
        parts = tuple(self.shape() for _ in range(self._count(head)))
        if kind == 9:
            return _Shape(2, (_chain(parts),))
        if kind == 10:
            return _Shape(3, tuple(p.coords[0] for p in parts))
        self.faces |= kind in (15, 16)
        return _Shape({11: 5, 12: 6, 15: 6, 16: 6}.get(kind, kind), (), parts)

    def _count(self, head: _Header) -> int:
        n = int(struct.unpack_from(head.order + "I", self.blob, self.at)[0])
        self.at += 4
        if n > len(self.blob):
            raise ValueError("count")
        return n

    def _coords(self, head: _Header, n: int | None = None) -> Coords:
        n = self._count(head) if n is None else n
        xy = np.frombuffer(self.blob, head.order + "f8", n * head.dims, self.at).reshape(n, head.dims)[:, :2]
        self.at += 8 * n * head.dims
        return xy.astype("<f8")


def _chain(parts: tuple[_Shape, ...]) -> Coords:
    """The curves of a compound curve one after another, their common points once."""
    pieces = [p.coords[0] for p in parts]
    kept = pieces[:1] + [
        p[1:] if len(p) and len(q) and (p[0] == q[-1]).all() else p for q, p in itertools.pairwise(pieces)
    ]
    return np.concatenate(kept) if kept else np.empty((0, 2))


def _write(shape: _Shape) -> bytes:
    head = struct.pack("<BI", 1, shape.kind)
    if shape.kind == 1:
        return head + shape.coords[0].tobytes()
    if shape.kind == 2:
        return head + struct.pack("<I", len(shape.coords[0])) + shape.coords[0].tobytes()
    if shape.kind == 3:
        rings = b"".join(struct.pack("<I", len(r)) + r.tobytes() for r in shape.coords)
        return head + struct.pack("<I", len(shape.coords)) + rings
    parts = [p if p.kind == _MEMBER.get(shape.kind, p.kind) else None for p in shape.parts]
    if None in parts:
        raise ValueError("member type")
    return head + struct.pack("<I", len(shape.parts)) + b"".join(_write(p) for p in shape.parts)


def type_name(kinds: dict[int, int]) -> str | None:
    """The one name for the types of a layer: Polygon and MultiPolygon together are MultiPolygon; mixed is Geometry."""
    plain = {{8: 2, 9: 2, 10: 3, 11: 5, 12: 6, 15: 6, 16: 6, 17: 3}.get(k, k) for k in kinds}
    if not plain:
        return None
    if len(plain) == 1:
        return NAMES[next(iter(plain))]
    for single, multi in ((3, 6), (2, 5), (1, 4)):
        if plain == {single, multi}:
            return NAMES[multi]
    return "Geometry"
