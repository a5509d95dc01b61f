"""Vector tiles (Mapbox Vector Tile 2.1): what a map in a browser draws.

A tile is a square of the Web Mercator map, by zoom, column and row. Its shapes are whole numbers from 0 to ``EXTENT``,
y downwards; they serve for drawing only, and areas never come from them. The format is written here and not by a
library of protocol buffers, which would make one Python object a point.

Source: https://github.com/mapbox/vector-tile-spec/tree/master/2.1
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from panhuo.exchange.tile_kernels import write_features, write_paths
from panhuo.land.polygons import Polygons

#: Steps along the side of a tile.
EXTENT = 4096
#: How far shapes are kept beyond the side, in steps, so that outlines at the border are not drawn as edges.
BUFFER = 64
#: The latitude at which Web Mercator ends.
_NORTH = math.degrees(math.atan(math.sinh(math.pi)))

_POINT, _LINE, _POLYGON = 1, 2, 3
#: Dimension and kind by Shapely's type number (point, line, ring, polygon, and their multi forms).
_KINDS = {0: _POINT, 1: _LINE, 2: _LINE, 3: _POLYGON, 4: _POINT, 5: _LINE, 6: _POLYGON}


@dataclass(frozen=True, slots=True)
class TileLayer:
    """A layer of a tile.

    shapes     : (n,) Shapely geometries in degrees, east and north, or :class:`Polygons`, which is several times
                 quicker; None and empty ones are left out
    ids        : (n,) whole numbers from 0 on, by which a map knows a shape again
    properties : columns of n values: text, whole numbers, numbers, yes or no; None says nothing
    """

    name: str
    shapes: ArrayLike | Polygons
    ids: Sequence[int]
    properties: Mapping[str, Sequence[Any]] = field(default_factory=dict)


def tile_bounds(zoom: int, column: int, row: int, *, buffer: int = BUFFER) -> tuple[float, float, float, float]:
    """West, south, east, north of a tile in degrees, with the ``buffer`` around it: what a query asks for."""
    count, more = 2.0**zoom, buffer / EXTENT

    def latitude(at: float) -> float:
        return math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * min(max(at, 0.0), count) / count))))

    west, east = ((column + d) / count * 360 - 180 for d in (-more, 1 + more))
    return max(west, -180.0), latitude(row + 1 + more), min(east, 180.0), latitude(row - more)


def vector_tile(zoom: int, column: int, row: int, layers: Sequence[TileLayer]) -> bytes:
    """The tile with these layers, in their order; layers of which nothing is seen are left out, b"" is an empty tile.

    Raises ValueError when a tile of this number does not exist, or a layer's columns differ in length.
    """
    if not (0 <= zoom <= 30 and 0 <= column < 2**zoom and 0 <= row < 2**zoom):
        raise ValueError(f"no tile {zoom}/{column}/{row}")
    return b"".join(_layer(layer, zoom, column, row) for layer in layers)


def _layer(layer: TileLayer, zoom: int, column: int, row: int) -> bytes:
    shapes = layer.shapes if isinstance(layer.shapes, Polygons) else np.asarray(layer.shapes, dtype=object)
    lengths = {len(shapes), len(layer.ids), *(len(values) for values in layer.properties.values())}
    if len(lengths) != 1:
        raise ValueError(f"the columns of layer {layer.name!r} differ in length: {sorted(lengths)}")
    drawn = _polygons(shapes, zoom, column, row) if isinstance(shapes, Polygons) else _any(shapes, zoom, column, row)
    seen = np.flatnonzero(drawn.ends > drawn.begins)
    if not len(seen):
        return b""
    tags, keys, values = _tags(layer.properties, seen)
    ids = np.fromiter((int(layer.ids[i]) for i in seen.tolist()), np.int64, len(seen))
    tag_ends = np.cumsum(np.fromiter(map(len, tags), np.int64, len(tags)))
    packed = np.frombuffer(b"".join(tags), dtype=np.uint8)
    features = write_features(
        ids, packed, tag_ends, drawn.kinds[seen], drawn.data, drawn.begins[seen], drawn.ends[seen]
    )
    out = [b"\x0a" + _sized(layer.name.encode()), features.tobytes()]
    out += [b"\x1a" + _sized(key.encode()) for key in keys]
    out += [b"\x22" + _sized(value) for value in values]
    out.append(b"\x28" + _varint(EXTENT) + b"\x78\x02")
    return b"\x1a" + _sized(b"".join(out))


@dataclass(frozen=True, slots=True)
class _Drawn:
    """Features as the format's commands: feature i is ``data[begins[i]:ends[i]]``, nothing where it is not seen.

    kinds : (n,) uint8, the kind of each feature
    """

    data: NDArray[np.uint8]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]
    kinds: NDArray[np.uint8]


def _any(shapes: NDArray[np.object_], zoom: int, column: int, row: int) -> _Drawn:
    paths = _Paths.of(_on_tile(shapes, zoom, column, row))
    return _written(paths, len(shapes))


def _written(paths: _Paths, count: int) -> _Drawn:
    data, ends = write_paths(paths.coords, paths.starts, paths.roles, paths.features, count)
    return _Drawn(data, np.concatenate((np.zeros(1, np.int64), ends))[:-1], ends, paths.kinds)


def _polygons(polygons: Polygons, zoom: int, column: int, row: int) -> _Drawn:
    """Polygons straight from their coordinates; only those that reach over the buffer become shapes, to be cut."""
    there = polygons.with_coords(_steps(polygons.coords, zoom, column, row))
    over = np.flatnonzero(_over(there.bounds))
    features = np.repeat(np.arange(len(there)), np.diff(there.geoms))
    roles = (2 + there.holes).astype(np.uint8)
    kinds = np.full(len(there), _POLYGON, dtype=np.uint8)
    drawn = _written(_Paths(np.ascontiguousarray(there.coords), there.rings, roles, features, kinds), len(there))
    if not len(over):
        return drawn
    cut = _written(_Paths.of(_cut(there.take(over).to_shapely())), len(over))
    begins, ends = drawn.begins.copy(), drawn.ends.copy()
    begins[over], ends[over] = cut.begins + len(drawn.data), cut.ends + len(drawn.data)
    return _Drawn(np.concatenate((drawn.data, cut.data)), begins, ends, kinds)


def _steps(coords: NDArray[np.float64], zoom: int, column: int, row: int) -> NDArray[np.float64]:
    """Degrees as steps of the tile."""
    count = 2.0**zoom
    latitude = np.radians(np.clip(coords[:, 1], -_NORTH, _NORTH))
    x = (coords[:, 0] + 180) / 360 * count - column
    y = (1 - np.arcsinh(np.tan(latitude)) / np.pi) / 2 * count - row
    return np.column_stack((x, y)) * EXTENT


def _over(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which boxes reach over the buffer."""
    with np.errstate(invalid="ignore"):
        below, beyond = boxes[:, :2] < -BUFFER, boxes[:, 2:] > EXTENT + BUFFER
    found: NDArray[np.bool_] = np.asarray(np.concatenate((below, beyond), axis=1).any(axis=1), dtype=np.bool_)
    return found


def _cut(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    low, high = -BUFFER, EXTENT + BUFFER
    return np.asarray(shapely.clip_by_rect(shapes, low, low, high, high), dtype=object)


def _on_tile(shapes: NDArray[np.object_], zoom: int, column: int, row: int) -> NDArray[np.object_]:
    """The shapes in steps of the tile; those that reach over the buffer are cut there."""
    there = shapely.transform(shapes, lambda coords: _steps(coords, zoom, column, row))
    over = _over(shapely.bounds(there))
    if over.any():
        there[over] = _cut(there[over])
    return np.asarray(there, dtype=object)


@dataclass(frozen=True, slots=True)
class _Paths:
    """Rings, lines and points of all features, one after the other.

    coords   : (v, 2) float64; path k is ``coords[starts[k]:starts[k + 1]]``
    roles    : (p,) 0 point, 1 line, 2 shell, 3 hole of the shell before it
    features : (p,) the feature of each path, rising
    kinds    : (n,) the kind of each feature, 0 where it has none
    """

    coords: NDArray[np.float64]
    starts: NDArray[np.int64]
    roles: NDArray[np.uint8]
    features: NDArray[np.int64]
    kinds: NDArray[np.uint8]

    @classmethod
    def of(cls, shapes: NDArray[np.object_]) -> _Paths:
        parts, owner = shapely.get_parts(shapes, return_index=True)
        # a shape that was cut may be a collection; what counts is its part of the highest dimension
        types = shapely.get_type_id(parts)
        kind = np.array([_KINDS.get(int(t), 0) for t in range(8)], dtype=np.uint8)[np.clip(types, 0, 7)]
        kinds = np.zeros(len(shapes), dtype=np.uint8)
        np.maximum.at(kinds, owner, kind)
        wanted = (kind > 0) & (kind == kinds[owner]) & ~shapely.is_empty(parts)
        parts, owner, kind = parts[wanted], owner[wanted], kind[wanted]
        polygons = kind == _POLYGON
        rings, of = shapely.get_rings(parts[polygons], return_index=True)
        order = np.argsort(
            np.concatenate((np.flatnonzero(~polygons), np.flatnonzero(polygons)[of])), kind="stable"
        )  # fmt: skip
        pieces = np.concatenate((parts[~polygons], rings))[order]
        hole = np.concatenate(([False], of[1:] == of[:-1])) if len(of) else np.zeros(0, dtype=bool)
        roles = np.concatenate((kind[~polygons] - 1, 2 + hole)).astype(np.uint8)[order]
        features = np.concatenate((owner[~polygons], owner[polygons][of])).astype(np.int64)[order]
        coords, index = shapely.get_coordinates(pieces, return_index=True)
        starts = np.searchsorted(index, np.arange(len(pieces) + 1)).astype(np.int64)
        return cls(np.ascontiguousarray(coords), starts, roles, features, kinds)


def _tags(
    properties: Mapping[str, Sequence[Any]], seen: NDArray[np.int64]
) -> tuple[list[bytes], list[str], list[bytes]]:
    """For each feature its pairs of key and value, packed; the keys; the values, each once."""
    found: dict[bytes, int] = {}
    pairs: list[bytearray] = [bytearray() for _ in seen]
    keys: list[str] = []
    for key, column in properties.items():
        number = _varint(len(keys))
        known: dict[Any, bytes] = {}
        used = False
        for pair, i in zip(pairs, seen.tolist(), strict=True):
            value = column[i]
            if value is None or value != value:
                continue
            mark = (type(value), value)
            if mark not in known:
                known[mark] = _varint(found.setdefault(_value(value), len(found)))
            pair += number + known[mark]
            used = True
        if used:
            keys.append(key)
    return [bytes(p) for p in pairs], keys, list(found)


def _value(value: Any) -> bytes:
    """A value as the format's message: text, double, whole number (signed where negative) or truth."""
    if isinstance(value, bool | np.bool_):
        return b"\x38" + _varint(int(value))
    if isinstance(value, int | np.integer):
        whole = int(value)
        return b"\x28" + _varint(whole) if whole >= 0 else b"\x30" + _varint((-whole << 1) - 1)
    if isinstance(value, float | np.floating):
        return b"\x19" + struct.pack("<d", value)
    return b"\x0a" + _sized(str(value).encode())


def _sized(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
