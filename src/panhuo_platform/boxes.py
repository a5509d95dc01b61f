"""Rows by the box of their shape, with the same answer on every store."""

from __future__ import annotations

from django.contrib.gis.geos import Polygon
from django.db import connection
from django.db.models import F, FloatField, Func, Q
from django.db.models.lookups import GreaterThanOrEqual, LessThanOrEqual

Box = tuple[float, float, float, float]


def meets(column: str, box: Box) -> Q:
    """The condition that a shape's box meets ``box`` (west, south, east, north in degrees), edges included.

    PostGIS keeps the boxes of ``&&`` in 32 bits, rounded outwards: about a metre wide here, so that it also finds what
    lies up to a metre beside the box. SQLite's lookup compares the shapes' own coordinates. Here PostGIS does as well.
    """
    shape = Polygon.from_bbox(box)
    shape.srid = 4490
    found = Q(**{f"{column}__bboverlaps": shape})
    if connection.vendor == "postgresql":
        west, south, east, north = box
        found &= Q(
            GreaterThanOrEqual(_side("ST_XMax", column), west), GreaterThanOrEqual(_side("ST_YMax", column), south)
        )
        found &= Q(LessThanOrEqual(_side("ST_XMin", column), east), LessThanOrEqual(_side("ST_YMin", column), north))
    return found


def _side(function: str, column: str) -> Func:
    return Func(F(column), function=function, output_field=FloatField())
