"""Shapes of parcels as columns: WKB of EPSG:4490 in, the store's multipolygons and their areas out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from panhuo.land.areas import ellipsoidal_area, planar_area
from panhuo.land.crs import ZONES, Crs
from panhuo.land.polygons import Polygons
from panhuo.land.projection import transform

_ONE = b"\x01\x06\x00\x00\x00\x01\x00\x00\x00"
_POLYGON, _MULTI = b"\x01\x03\x00\x00\x00", b"\x01\x06\x00\x00\x00"


def multipolygons(
    geometry: pa.LargeBinaryArray | Sequence[bytes | None], polygons: Polygons | None = None
) -> list[bytes | None]:
    """Each shape as WKB of a multipolygon (little-endian, two dimensions); None where there is no polygon."""
    parsed = Polygons.from_wkb(geometry) if polygons is None else polygons
    out: list[bytes | None] = []
    for blob in parsed.to_wkb().to_pylist():
        if blob is None:
            out.append(None)
        elif blob[:5] == _POLYGON:
            out.append(_ONE + blob if len(blob) > 9 else None)
        else:
            out.append(blob)
    return out


def areas(polygons: Polygons) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) m² on the ellipsoid, and (n,) m² in the 3° zone that each shape's middle lies in; nan without a shape, and
    in the plane where no zone of CGCS2000 reaches."""
    ellipsoid = ellipsoidal_area(polygons)
    plane = np.full(len(polygons), np.nan)
    middle = (polygons.bounds[:, 0] + polygons.bounds[:, 2]) / 2
    zones = np.floor((middle + 1.5) / 3)
    for zone in np.unique(zones[np.isin(zones, ZONES["gk3"])]):
        rows = np.flatnonzero(zones == zone)
        part = polygons if len(rows) == len(polygons) else polygons.take(rows)
        moved = transform(part.coords, Crs.from_epsg(4490), Crs.gauss_kruger(int(zone), prefix=False))
        plane[rows] = planar_area(part.with_coords(moved))
    return ellipsoid, plane


def common_shares(left: Polygons, right: Polygons) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64]]:
    """Pairs of rows that share area, and the share of the left one's area that is common, 0 to 1."""
    from panhuo.overlay import intersections

    pairs = intersections(left, right)
    whole = planar_area(left)[pairs.left]
    with np.errstate(divide="ignore", invalid="ignore"):
        return pairs.left, pairs.right, np.where(whole > 0, pairs.area / whole, 0.0)
