"""Shapes as GeoJSON: longitude, latitude."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.gis.geos import GEOSGeometry

from panhuo_platform.api.ogc.systems import CRS84, reference, shapes


def geojson(shape: GEOSGeometry | None) -> dict[str, Any] | None:
    """One shape of EPSG:4490; None where there is none."""
    if shape is None:
        return None
    told: dict[str, Any] = json.loads(shapes([bytes(shape.wkb)], reference(CRS84))[0])
    return told
