"""The SQL functions of a connection: Shapely under the names that PostGIS gives them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

Blob = bytes
Function = Callable[..., Any]

#: Predicates by PostGIS' name, with the Shapely function that asks the same of the arguments in turned order: a query
#: holds the second one constant, and Shapely is quick where the first one is prepared.
TURNED: dict[str, Function] = {
    "ST_Intersects": shapely.intersects,
    "ST_Disjoint": shapely.disjoint,
    "ST_Within": shapely.contains,
    "ST_CoveredBy": shapely.covers,
    "ST_Contains": shapely.within,
    "ST_Covers": shapely.covered_by,
    "ST_Touches": shapely.touches,
    "ST_Crosses": shapely.crosses,
    "ST_Overlaps": shapely.overlaps,
    "ST_Equals": shapely.equals,
}

MEASURES: dict[str, Function] = {
    "ST_Area": shapely.area,
    "ST_Length": lambda shape: shapely.length(shape) if shapely.get_dimensions(shape) == 1 else 0.0,
    "ST_Perimeter": lambda shape: shapely.length(shape) if shapely.get_dimensions(shape) == 2 else 0.0,
    "ST_IsValid": shapely.is_valid,
    "ST_IsEmpty": shapely.is_empty,
    "ST_NumGeometries": shapely.get_num_geometries,
    "ST_NPoints": shapely.get_num_coordinates,
}

DERIVED: dict[str, Function] = {
    "ST_Centroid": shapely.centroid,
    "ST_PointOnSurface": shapely.point_on_surface,
    "ST_Envelope": shapely.envelope,
    "ST_MakeValid": shapely.make_valid,
}

COMBINED: dict[str, Function] = {
    "ST_Union": shapely.union,
    "ST_Intersection": shapely.intersection,
    "ST_Difference": shapely.difference,
    "ST_SymDifference": shapely.symmetric_difference,
}

#: Names, without ``ST_``, of everything that a query can call.
NAMES = frozenset(
    name.removeprefix("ST_")
    for name in (*TURNED, *MEASURES, *DERIVED, *COMBINED, "AsBinary", "AsText", "AsGeoJSON", "Distance")
)


def register(connection: sqlite3.Connection) -> None:
    """Make every function known to ``connection``.

    Parsed and prepared shapes are kept per connection and so per thread: GEOS does not let threads share them.
    """
    prepared = lru_cache(maxsize=64)(_prepared)
    bounds = lru_cache(maxsize=8)(_bounds)

    def predicate(test: Function) -> Function:
        return lambda one, other: int(test(prepared(other), shapely.from_wkb(one)))

    functions: dict[tuple[str, int], Function] = {}
    functions |= {(name, 2): predicate(test) for name, test in TURNED.items()}
    functions |= {(name, 1): _measure(measure) for name, measure in MEASURES.items()}
    functions |= {(name, 1): _derive(derive) for name, derive in DERIVED.items()}
    functions |= {(name, 2): _combine(combine) for name, combine in COMBINED.items()}
    functions |= {
        ("ST_ContainsProperly", 2): lambda one, other: int(
            shapely.contains_properly(shapely.from_wkb(one), prepared(other))
        ),
        ("ST_DWithin", 3): lambda one, other, far: int(shapely.dwithin(prepared(other), shapely.from_wkb(one), far)),
        ("ST_Distance", 2): lambda one, other: float(shapely.distance(prepared(other), shapely.from_wkb(one))),
        ("ST_Relate", 3): lambda one, other, pattern: int(
            shapely.relate_pattern(shapely.from_wkb(one), shapely.from_wkb(other), pattern)
        ),
        ("ST_AsBinary", 1): lambda one: one,
        ("ST_AsText", 1): lambda one: shapely.to_wkt(shapely.from_wkb(one), rounding_precision=-1),
        ("ST_AsGeoJSON", 3): _as_geojson,
        ("ST_Transform", 3): transformed,
        ("Box_Overlaps", 2): lambda one, other: int(_overlap(bounds(one), bounds(other))),
        ("Box_Contains", 2): lambda one, other: int(_hold(bounds(one), bounds(other))),
        ("Box_Contained", 2): lambda one, other: int(_hold(bounds(other), bounds(one))),
        ("Box_Same", 2): lambda one, other: int(bounds(one) == bounds(other)),
    }
    for number, side in enumerate(("ST_XMin", "ST_YMin", "ST_XMax", "ST_YMax")):
        functions[side, 1] = lambda one, number=number: bounds(one)[number]
    for (name, count), function in functions.items():
        connection.create_function(name, count, _null_in_null_out(function), deterministic=True)
    for name, collect in (("ST_UnionAgg", _Union), ("ST_ExtentAgg", _Extent), ("ST_CollectAgg", _Collect)):
        connection.create_aggregate(name, 1, collect)  # type: ignore[arg-type]


def transformed(wkb: Blob, source: int, target: int) -> Blob:
    """``wkb`` from one EPSG system to another, coordinates in the order x, y."""
    there = shapely.transform(shapely.from_wkb(wkb), _transformer(source, target), interleaved=False)
    return bytes(shapely.to_wkb(there))


def _null_in_null_out(function: Function) -> Function:
    return lambda *arguments: None if any(a is None for a in arguments) else function(*arguments)


def _prepared(wkb: Blob) -> BaseGeometry:
    shape = shapely.from_wkb(wkb)
    shapely.prepare(shape)
    return shape


def _bounds(wkb: Blob) -> tuple[float, ...]:
    return tuple(shapely.bounds(shapely.from_wkb(wkb)).tolist())


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _hold(outer: Sequence[float], inner: Sequence[float]) -> bool:
    return outer[0] <= inner[0] and inner[2] <= outer[2] and outer[1] <= inner[1] and inner[3] <= outer[3]


def _measure(measure: Function) -> Function:
    def of(wkb: Blob) -> float | int:
        value = measure(shapely.from_wkb(wkb))
        return value.item() if hasattr(value, "item") else value  # type: ignore[no-any-return]

    return of


def _derive(derive: Function) -> Function:
    return lambda wkb: shapely.to_wkb(derive(shapely.from_wkb(wkb)))


def _combine(combine: Function) -> Function:
    return lambda one, other: shapely.to_wkb(combine(shapely.from_wkb(one), shapely.from_wkb(other)))


def _as_geojson(wkb: Blob, digits: int, options: int) -> str:
    """``options`` of PostGIS (a box, a coordinate system in the text) are not offered."""
    if options:
        raise ValueError(options)
    return str(shapely.to_geojson(shapely.transform(shapely.from_wkb(wkb), lambda xy: xy.round(digits))))


@lru_cache(maxsize=32)
def _transformer(source: int, target: int) -> Function:
    return pyproj.Transformer.from_crs(source, target, always_xy=True).transform


class _Collected:
    """The shapes of a group."""

    def __init__(self) -> None:
        self.shapes: list[Blob] = []

    def step(self, wkb: Blob | None) -> None:
        if wkb is not None:
            self.shapes.append(wkb)


class _Union(_Collected):
    def finalize(self) -> Blob | None:
        return shapely.to_wkb(shapely.union_all(shapely.from_wkb(self.shapes))) if self.shapes else None


class _Extent(_Collected):
    def finalize(self) -> str | None:
        if not self.shapes:
            return None
        return ",".join(map(repr, shapely.total_bounds(shapely.from_wkb(self.shapes)).tolist()))


class _Collect(_Collected):
    def finalize(self) -> Blob | None:
        """As PostGIS does: shapes of one kind become its multi kind, others a collection."""
        if not self.shapes:
            return None
        shapes = shapely.from_wkb(self.shapes)
        kinds = set(shapely.get_type_id(shapes).tolist())
        make = _MULTI.get(kinds.pop()) if len(kinds) == 1 else None
        return bytes(shapely.to_wkb((make or shapely.geometrycollections)(shapes)))


_MULTI: dict[int, Function] = {0: shapely.multipoints, 1: shapely.multilinestrings, 3: shapely.multipolygons}
