"""Between flat polygons and Shapely: unions of cells that share their edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from panhuo.demo.tiling import Ints
from panhuo.land.polygons import Polygons

Geometries = NDArray[Any]


def to_shapely(polygons: Polygons) -> Geometries:
    """Shapely polygons of flat polygons with one ring each."""
    return np.asarray(
        shapely.from_ragged_array(
            shapely.GeometryType.POLYGON, polygons.coords, (polygons.rings, np.arange(len(polygons) + 1))
        )
    )


def union_by(polygons: Polygons, group: Ints) -> tuple[Geometries, Ints]:
    """Union of the polygons of each group (they share edges exactly), in order of the group number.

    Returns one row a group; a union in several parts stays a multipolygon.
    """
    shapes = to_shapely(polygons)
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    starts = np.concatenate([[0], np.flatnonzero(np.diff(ordered)) + 1])
    ends = np.concatenate([starts[1:], [len(ordered)]])
    out = np.empty(len(starts), object)
    for k, (a, b) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        out[k] = shapes[order[a]] if b - a == 1 else shapely.coverage_union_all(shapes[order[a:b]])
    return out, ordered[starts]


def explode(shapes: Geometries) -> tuple[Geometries, Ints]:
    """Single polygons and the row each comes from."""
    parts, row = shapely.get_parts(shapes, return_index=True)
    return np.asarray(parts), np.asarray(row, np.int64)


def to_polygons(shapes: Geometries) -> Polygons:
    """Flat polygons of Shapely polygons and multipolygons; None stays a missing geometry."""
    n = len(shapes)
    coords = shapely.get_coordinates(shapes)
    missing = shapely.is_missing(shapes)
    plain = (shapely.get_type_id(shapes) == 3) & (shapely.get_num_interior_rings(shapes) == 0)
    # Nearly all have one ring and need not be taken apart.
    rest = np.flatnonzero(~plain & ~missing)
    parts, part_row = shapely.get_parts(shapes[rest], return_index=True)
    rings, ring_part = shapely.get_rings(parts, return_index=True)
    first = np.ones(len(ring_part), np.bool_)
    first[1:] = ring_part[1:] != ring_part[:-1]
    one = np.flatnonzero(plain)
    row = np.concatenate([one, rest[part_row[ring_part]] if len(ring_part) else np.zeros(0, np.int64)])
    size = np.concatenate([shapely.get_num_coordinates(shapes[one]), shapely.get_num_coordinates(rings)])
    hole = np.concatenate([np.zeros(len(one), np.bool_), ~first])
    order = np.argsort(row, kind="stable")
    bounds = np.concatenate([[0], np.cumsum(size[order], dtype=np.int64)])
    geoms = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=n))])
    state = np.where(missing, 1, 0).astype(np.uint8)
    return Polygons(np.asarray(coords), bounds, hole[order], geoms.astype(np.int64), state)
