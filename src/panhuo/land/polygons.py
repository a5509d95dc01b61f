"""Arrays of polygons as flat coordinate buffers: what every kernel works on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import shapely
from numba import njit
from numpy.typing import ArrayLike, NDArray

from panhuo.land import wkb
from panhuo.land.threads import in_chunks
from panhuo.messages import PanhuoError

READ: Final = wkb.READ
MISSING: Final = wkb.MISSING
EMPTY: Final = wkb.EMPTY
NOT_POLYGON: Final = wkb.NOT_POLYGON
UNREADABLE: Final = wkb.UNREADABLE
NOT_FINITE: Final = wkb.NOT_FINITE
CLOSED: Final = wkb.CLOSED

_CHUNK = 16_384

_Piece = tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Polygons:
    """``n`` polygons or multipolygons as flat arrays, without one Python object per row.

    coords : (v, 2) float64      x (east or longitude), y (north or latitude); rings are closed (first = last)
    rings  : (r + 1,) int64      first coordinate of each ring; ring k is ``coords[rings[k]:rings[k + 1]]``
    holes  : (r,) bool           True where the ring is a hole of the shell before it; a shell starts a new part
    geoms  : (n + 1,) int64      first ring of each geometry; a missing or unreadable geometry has no rings
    state  : (n,) uint8          0 read; 1 missing (null); 2 empty; 3 not a polygon; 4 unreadable WKB;
                                 5 coordinate not finite; 6 a ring was closed by the reader. 1 to 5 have no rings.

    Nothing is assumed of a ring's direction: kernels go by ``holes``. The arrays are not to be written to.
    """

    coords: NDArray[np.float64]
    rings: NDArray[np.int64]
    holes: NDArray[np.bool_]
    geoms: NDArray[np.int64]
    state: NDArray[np.uint8]
    _kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.geoms) - 1

    @classmethod
    def from_wkb(
        cls, geometry: pa.Array | pa.ChunkedArray | Sequence[bytes | None], *, threads: int | None = None
    ) -> Polygons:
        """Parse WKB (OGC, ISO or extended; any byte order; Z and M are dropped) straight from Arrow's buffers.

        ``geometry``: an Arrow binary or large_binary array (chunked or not), or a sequence of bytes with None for null.
        No row raises: what cannot be used has a ``state`` that says why, and no rings.
        """
        pieces = [_buffers(chunk) for chunk in _chunks(geometry)]
        return cls._parse([piece for piece in pieces if len(piece[2])], threads)

    @classmethod
    def _parse(cls, pieces: Sequence[_Piece], threads: int | None) -> Polygons:
        rows = sum(len(valid) for _, _, valid in pieces)
        state = np.zeros(rows, np.uint8)
        geoms, points = np.zeros(rows + 1, np.int64), np.zeros(rows + 1, np.int64)
        # chunk by chunk, so that no chunk has to be copied to lie beside the next
        start = np.cumsum([0, *(len(valid) for _, _, valid in pieces)])

        def measure(first: int, last: int, piece: int = 0) -> None:
            data, offsets, valid = pieces[piece]
            at = start[piece]
            wkb.measure_rows(data, offsets, valid, first, last, geoms[at + 1 :], points[at + 1 :], state[at:])

        for k in range(len(pieces)):
            in_chunks(partial(measure, piece=k), len(pieces[k][2]), chunk=_CHUNK, threads=threads)
        np.cumsum(geoms, out=geoms)
        np.cumsum(points, out=points)
        coords = np.empty((int(points[-1]), 2), np.float64)
        raw = coords.reshape(-1).view(np.uint8)
        rings, holes = np.zeros(int(geoms[-1]) + 1, np.int64), np.zeros(int(geoms[-1]), np.bool_)

        def fill(first: int, last: int, piece: int = 0) -> int:
            data, offsets, _ = pieces[piece]
            at = start[piece]
            return int(
                wkb.fill_rows(
                    data, offsets, first, last, geoms[at:], points[at:], coords, raw, rings, holes, state[at:]
                )
            )

        bad = 0
        for k in range(len(pieces)):
            bad += sum(in_chunks(partial(fill, piece=k), len(pieces[k][2]), chunk=_CHUNK, threads=threads))
        if bad:
            # Rare: rows with NaN or infinity. Take them out by parsing again without them.
            off = state == NOT_FINITE
            again = [
                (data, offsets, valid & ~off[start[k] : start[k + 1]])
                for k, (data, offsets, valid) in enumerate(pieces)
            ]
            parsed = cls._parse(again, threads)
            parsed.state[off] = NOT_FINITE
            return parsed
        return cls(coords, rings, holes, geoms, state)

    @classmethod
    def none(cls, rows: int = 0) -> Polygons:
        """``rows`` missing geometries."""
        return cls(
            np.zeros((0, 2)),
            np.zeros(1, np.int64),
            np.zeros(0, np.bool_),
            np.zeros(rows + 1, np.int64),
            np.full(rows, MISSING, np.uint8),
        )

    @classmethod
    def from_shapely(cls, geometry: ArrayLike, *, threads: int | None = None) -> Polygons:
        """From an array of Shapely geometries (None for null); what is no polygon gets state 3."""
        objects = np.atleast_1d(np.asarray(geometry, dtype=object))
        return cls.from_wkb(pa.array(shapely.to_wkb(objects), type=pa.large_binary()), threads=threads)

    def to_shapely(self) -> NDArray[np.object_]:
        """(n,) Shapely polygons and multipolygons; None where there is none or a ring has fewer than 4 points."""
        blobs = self.to_wkb().to_numpy(zero_copy_only=False)
        return np.asarray(shapely.from_wkb(blobs, on_invalid="ignore"), dtype=object)

    def to_wkb(self, *, threads: int | None = None) -> pa.LargeBinaryArray:
        """Little-endian ISO WKB: a Polygon for one part, a MultiPolygon for several; null for states 1, 3, 4 and 5."""
        rows = len(self)
        sizes, parts = np.zeros(rows + 1, np.int64), np.zeros(rows, np.int64)

        def size(first: int, last: int) -> None:
            wkb.wkb_sizes(self.rings, self.holes, self.geoms, self.state, first, last, sizes[1:], parts)

        in_chunks(size, rows, chunk=_CHUNK, threads=threads)
        here = sizes[1:] > 0
        np.cumsum(sizes, out=sizes)
        out = np.empty(int(sizes[-1]), np.uint8)
        raw = np.ascontiguousarray(self.coords).reshape(-1).view(np.uint8)

        def write(first: int, last: int) -> None:
            wkb.write_wkb(raw, self.rings, self.holes, self.geoms, first, last, sizes, parts, out)

        in_chunks(write, rows, chunk=_CHUNK, threads=threads)
        bitmap = None if here.all() else pa.py_buffer(np.packbits(here, bitorder="little"))
        return pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), rows, [bitmap, pa.py_buffer(sizes), pa.py_buffer(out)], int(rows - here.sum())
        )

    @property
    def bounds(self) -> NDArray[np.float64]:
        """(n, 4) float64: least x, least y, greatest x, greatest y; NaN for a row without rings."""
        if "bounds" not in self._kept:
            boxes = np.empty((len(self), 4), np.float64)

            def work(first: int, last: int) -> None:
                _boxes(self.coords, self.rings, self.geoms, first, last, boxes)

            in_chunks(work, len(self), chunk=_CHUNK)
            self._kept["bounds"] = boxes
        kept: NDArray[np.float64] = self._kept["bounds"]
        return kept

    @property
    def vertex_counts(self) -> NDArray[np.int64]:
        """(n,) int64: stored coordinates of each row, the closing ones included."""
        return np.diff(self.rings[self.geoms])

    @property
    def part_counts(self) -> NDArray[np.int64]:
        """(n,) int64: parts (shells) of each row."""
        shells = np.zeros(len(self.holes) + 1, np.int64)
        np.cumsum(~self.holes, out=shells[1:])
        return np.diff(shells[self.geoms])

    def take(self, indices: ArrayLike) -> Polygons:
        """The rows named by ``indices`` (int, or bool of length n), in that order; a row may come twice."""
        rows = np.asarray(indices)
        if rows.dtype == np.bool_:
            if len(rows) != len(self):
                raise PanhuoError(
                    f"掩码有 {len(rows)} 个值，图形有 {len(self)} 行，二者应相等。",
                    f"The mask has {len(rows)} values for {len(self)} rows; they must be equal.",
                )
            rows = np.flatnonzero(rows)
        rows = rows.astype(np.int64)
        if len(rows) and (rows.min() < 0 or rows.max() >= len(self)):
            raise PanhuoError(
                f"行号应在 0 到 {len(self) - 1} 之间。", f"Row numbers must lie between 0 and {len(self) - 1}."
            )
        geoms, point = np.zeros(len(rows) + 1, np.int64), np.zeros(len(rows) + 1, np.int64)
        np.cumsum(self.geoms[rows + 1] - self.geoms[rows], out=geoms[1:])
        np.cumsum(self.vertex_counts[rows], out=point[1:])
        coords = np.empty((int(point[-1]), 2), np.float64)
        rings, holes = np.zeros(int(geoms[-1]) + 1, np.int64), np.zeros(int(geoms[-1]), np.bool_)
        _copy_rows(self.coords, self.rings, self.holes, self.geoms, rows, geoms, point, coords, rings, holes)
        return Polygons(coords, rings, holes, geoms, self.state[rows])

    @staticmethod
    def concat(parts: Sequence[Polygons]) -> Polygons:
        """Several arrays as one, in the order given."""
        if not parts:
            return Polygons.none()
        points = np.cumsum([0, *(len(p.coords) for p in parts)])
        rings = np.cumsum([0, *(len(p.holes) for p in parts)])
        return Polygons(
            np.concatenate([p.coords for p in parts]),
            np.concatenate([np.zeros(1, np.int64), *(p.rings[1:] + points[k] for k, p in enumerate(parts))]),
            np.concatenate([p.holes for p in parts]),
            np.concatenate([np.zeros(1, np.int64), *(p.geoms[1:] + rings[k] for k, p in enumerate(parts))]),
            np.concatenate([p.state for p in parts]),
        )

    def with_coords(self, coords: ArrayLike) -> Polygons:
        """The same rings with other coordinates ((v, 2), as after a change of the reference system).

        A coordinate that came out not finite is kept as it is; the kernels skip its row and name it.
        """
        new = np.ascontiguousarray(coords, dtype=np.float64)
        if new.shape != self.coords.shape:
            raise PanhuoError(
                f"新坐标的形状是 {new.shape}，应为 {self.coords.shape}。",
                f"The new coordinates have shape {new.shape}; it must be {self.coords.shape}.",
            )
        return Polygons(new, self.rings, self.holes, self.geoms, self.state)


def _chunks(geometry: pa.Array | pa.ChunkedArray | Sequence[bytes | None]) -> list[pa.Array]:
    """Arrow binary arrays of whatever holds WKB."""
    if isinstance(geometry, pa.ChunkedArray):
        return [_binary(chunk) for chunk in geometry.chunks]
    if not isinstance(geometry, pa.Array):
        geometry = pa.array(list(geometry), type=pa.large_binary())
    return [_binary(geometry)]


def _binary(array: pa.Array) -> pa.Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = array.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return array
    if pa.types.is_null(kind) or pa.types.is_fixed_size_binary(kind) or "binary_view" in str(kind):
        return array.cast(pa.large_binary())
    raise PanhuoError(
        f"几何列的类型是 {kind}，应为 binary 或 large_binary（WKB）。",
        f"The geometry column has type {kind}; it must be binary or large_binary (WKB).",
    )


def _buffers(array: pa.Array) -> _Piece:
    """Bytes, offsets and validity of a binary array, without copying the bytes."""
    rows = len(array)
    bitmap, starts, body = array.buffers()
    if rows == 0 or starts is None:
        return np.zeros(0, np.uint8), np.zeros(rows + 1, np.int64), np.zeros(rows, np.bool_)
    width: type[Any] = np.int64 if pa.types.is_large_binary(array.type) else np.int32
    offsets = np.frombuffer(starts, dtype=width)[array.offset : array.offset + rows + 1].astype(np.int64)
    data = np.frombuffer(body, dtype=np.uint8) if body is not None else np.zeros(0, np.uint8)
    mask = np.frombuffer(bitmap, dtype=np.uint8) if bitmap is not None else None
    return data, offsets, wkb.valid_rows(mask, rows, array.offset)


@njit(cache=True, nogil=True)
def _boxes(coords, rings, geoms, first, last, out):  # type: ignore[no-untyped-def]
    for row in range(first, last):
        start, end = rings[geoms[row]], rings[geoms[row + 1]]
        if start == end:
            for k in range(4):
                out[row, k] = np.nan
            continue
        x0, y0 = coords[start, 0], coords[start, 1]
        x1, y1 = x0, y0
        check = 0.0
        for p in range(start, end):
            x, y = coords[p, 0], coords[p, 1]
            check += x * 0.0 + y * 0.0
            x0 = x if x < x0 else x0
            x1 = x if x > x1 else x1
            y0 = y if y < y0 else y0
            y1 = y if y > y1 else y1
        # one value that is not finite makes the whole box NaN: no kernel will look at the row
        out[row, 0], out[row, 1], out[row, 2], out[row, 3] = x0 + check, y0 + check, x1 + check, y1 + check


@njit(cache=True, nogil=True)
def _copy_rows(coords, rings, holes, geoms, rows, new_geoms, point, out, new_rings, new_holes):  # type: ignore[no-untyped-def]
    for k in range(len(rows)):
        row = rows[k]
        ring = new_geoms[k]
        to = point[k]
        start = rings[geoms[row]]
        for r in range(geoms[row], geoms[row + 1]):
            new_holes[ring] = holes[r]
            ring += 1
            new_rings[ring] = to + rings[r + 1] - start
        for p in range(start, rings[geoms[row + 1]]):
            out[to, 0] = coords[p, 0]
            out[to, 1] = coords[p, 1]
            to += 1
