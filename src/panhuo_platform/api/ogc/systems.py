"""Coordinate systems of OGC API Features: their addresses, the order of their axes, shapes and boxes in them.

Everything is stored in EPSG:4490, and here as everywhere x is longitude. What goes out is in the order that the system
itself has: latitude first for EPSG:4490 and EPSG:4326, northing first for the Gauss-Krüger zones, longitude first for
CRS84, easting first for EPSG:3857 (OGC 18-058r1, clause 5.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from panhuo.land.crs import ZONES, Crs, zone_of_longitude
from panhuo.land.projection import to_geographic, transform

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
STORED = f"{_EPSG}4490"
#: Systems that hold for any place; the 3° zones of a place are put behind them.
EVERYWHERE = (CRS84, STORED, f"{_EPSG}4326", f"{_EPSG}3857")
#: EPSG minus zone of the 3° zones of CGCS2000: with the zone number in the easting, and without it.
_ZONED = (4488, 4509)

Box = tuple[float, float, float, float]
Column = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Reference:
    """A coordinate system by its address; ``turned`` where its first axis points north."""

    uri: str
    crs: Crs
    turned: bool

    @property
    def degrees(self) -> bool:
        return self.crs.is_geographic


@lru_cache(maxsize=64)
def reference(uri: str) -> Reference:
    """The system with this address: one of those that :func:`systems` gives for some place."""
    if uri == CRS84:
        return Reference(uri, Crs.from_epsg(4326), False)
    crs = Crs.from_epsg(int(uri.removeprefix(_EPSG)))
    return Reference(uri, crs, crs.pyproj().axis_info[0].direction == "north")


def systems(extent: Box | None) -> list[str]:
    """The addresses of all systems for a place: those for everywhere and its own 3° zones (all zones without a place).

    extent : west, south, east, north in degrees
    """
    zones = ZONES["gk3"]
    if extent is not None:
        west, east = zone_of_longitude(extent[0]), zone_of_longitude(extent[2])
        zones = range(max(west, zones.start), min(east + 1, zones.stop))
    return [*EVERYWHERE, *(f"{_EPSG}{start + zone}" for start in _ZONED for zone in zones)]


def shapes(wkb: Sequence[bytes | None], out: Reference) -> list[str]:
    """Each shape of EPSG:4490 as GeoJSON text in another system; ``null`` where there is none.

    Degrees go out as they are stored; metres to a tenth of a millimetre. Outer rings run counter-clockwise (RFC 7946)
    where the first axis points east.
    """
    drawn = shapely.from_wkb(np.array(wkb, dtype=object))
    if not out.degrees:
        there = transform(shapely.get_coordinates(drawn), Crs.from_epsg(4490), out.crs).round(4)
        drawn = shapely.set_coordinates(drawn, there)
    drawn = shapely.orient_polygons(drawn)
    if out.turned:
        drawn = shapely.transform(drawn, lambda xy: xy[:, ::-1])
    texts: Column = shapely.to_geojson(drawn)
    return ["null" if t is None else str(t) for t in texts]


def box(numbers: Sequence[float], given: Reference) -> shapely.Geometry:
    """A box in some system as a shape of EPSG:4490; heights are left out.

    numbers : four or six, in the order of the system's axes. Raises ValueError for what is no box.
    """
    if len(numbers) == 6:
        numbers = (*numbers[:2], *numbers[3:5])
    if len(numbers) != 4 or not all(math.isfinite(n) and abs(n) < 1e9 for n in numbers):
        raise ValueError(numbers)
    if given.turned:
        numbers = (numbers[1], numbers[0], numbers[3], numbers[2])
    west, south, east, north = numbers
    if south > north or (west > east and not given.degrees):
        raise ValueError(numbers)
    if given.degrees:
        if west > east:  # over the date line
            return shapely.union(_area(west, south, 180.0, north), _area(-180.0, south, east, north))
        return _area(west, south, east, north)
    # the sides of a plane's box are no lines in degrees: a corner every hundredth of a side
    ring = shapely.get_coordinates(shapely.segmentize(shapely.box(west, south, east, north), _step(numbers)))
    there = to_geographic(ring, given.crs)
    if not np.isfinite(there).all():
        raise ValueError(numbers)
    return shapely.make_valid(shapely.polygons(there))


def _step(numbers: Sequence[float]) -> float:
    west, south, east, north = numbers
    return max(east - west, north - south, 1e-3) / 100


def _area(west: float, south: float, east: float, north: float) -> shapely.Geometry:
    """A box; a line or a point where it has no width."""
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    if (west, south) == (east, north):
        return shapely.Point(west, south)
    return shapely.LineString([(west, south), (east, north)])
