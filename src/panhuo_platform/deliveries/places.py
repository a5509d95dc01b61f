"""Where the findings of one row lie: its shape, what of it lies on another, and the places that the checks named."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping

from panhuo.land.polygons import Polygons
from panhuo.land.projection import to_geographic
from panhuo.messages import PanhuoError
from panhuo_platform.deliveries import kept
from panhuo_platform.deliveries.models import DeliveredLayer, Finding

#: The finding that is about two shapes: what they share is shown.
_OVERLAP = "G03"


def of_row(layer: DeliveredLayer, number: int, findings: Iterable[Finding]) -> dict[str, Any] | None:
    """GeoJSON (degrees) of a row with ``kind`` shape, overlap or place on each feature; None where there is nothing."""
    found = list(findings)
    features = _of_shape(layer, number, overlaps=any(f.code == _OVERLAP for f in found))
    # what is shared says more than a point in the one of the two
    drawn = {_OVERLAP} if any(f["properties"]["kind"] == "overlap" for f in features) else set()
    places = [f.place for f in found if f.place is not None and f.code not in drawn]
    features += [_feature("place", shapely.Point(place.x, place.y)) for place in places]
    return {"type": "FeatureCollection", "features": features} if features else None


def _feature(kind: str, shape: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": {"kind": kind}, "geometry": mapping(shape)}


def _of_shape(layer: DeliveredLayer, number: int, *, overlaps: bool) -> list[dict[str, Any]]:
    opened = kept.opened(layer)
    if opened.geometry is None or opened.rows is None or opened.crs is None or not opened.crs.known:
        return []
    polygons = Polygons.from_wkb(opened.geometry)
    at = np.flatnonzero(opened.rows.to_numpy() == number)
    if not len(at) or not len(polygons.take(at[:1]).coords):
        return []
    row = int(at[0])
    near = np.array([row])
    if overlaps:
        b, own = polygons.bounds, polygons.bounds[row]
        near = np.flatnonzero((b[:, 0] <= own[2]) & (b[:, 2] >= own[0]) & (b[:, 1] <= own[3]) & (b[:, 3] >= own[1]))
    picked = polygons.take(near)
    try:
        shapes = picked.with_coords(to_geographic(picked.coords, opened.crs)).to_shapely()
    except PanhuoError:  # another datum, without a known way to ours
        return []
    mine = shapes[int(np.flatnonzero(near == row)[0])]
    features = [_feature("shape", mine)]
    if overlaps:
        whole = shapely.make_valid(shapes)
        others = np.delete(whole, np.flatnonzero(near == row))
        common = shapely.intersection(shapely.make_valid(mine), others)
        features += [_feature("overlap", one) for one in common if shapely.area(one) > 0]
    return features
