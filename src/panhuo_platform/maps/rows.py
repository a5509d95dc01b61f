"""Rows of the register as maps need them: by place, with their shapes as bytes."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, TypeVar

import numpy as np
import shapely
from django.contrib.gis.geos import Polygon
from django.core.exceptions import EmptyResultSet
from django.db import connection, models
from django.db.models import BinaryField, Func, Q, QuerySet
from django.db.models.expressions import RawSQL
from numpy.typing import NDArray

from panhuo_platform.boxes import Box
from panhuo_platform.organisations import rights
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel, ParcelVersion
from panhuo_platform.parcels.models.register import Parcels, Versions

Row = TypeVar("Row", bound=models.Model)


class Wkb(Func):
    """A shape as it lies in the table, without an object for each row."""

    function = "ST_AsBinary"
    output_field = BinaryField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s", **more)


def inside(model: type[models.Model], box: Box, column: str = "geometry") -> Q:
    """The condition that a row's shape has its box in ``box`` (west, south, east, north), by the index alone.

    For tiles, which cut their shapes anyway: indexes keep boxes in 32 bits, each store rounds them in its own way, and
    what lies within a metre beside ``box`` is found on one and not on the other. What is counted or listed asks
    :func:`panhuo_platform.boxes.meets`.
    """
    if connection.vendor == "postgresql":
        return Q(**{f"{column}__bboverlaps": Polygon.from_bbox(box)})
    from panhuo_platform.geosqlite.operations import rtree

    west, south, east, north = box
    tree = connection.ops.quote_name(rtree(model._meta.db_table, column))
    found = RawSQL(  # noqa: S611 - a quoted name of our own; numbers are parameters
        f"SELECT id FROM {tree} WHERE maxx >= %s AND minx <= %s AND maxy >= %s AND miny <= %s",  # noqa: S608
        (west, east, south, north),
    )
    return Q(pk__in=found)


def parcels(user: User) -> Parcels:
    """Every parcel, living or not, that the user may see: what a filter is laid over."""
    return Parcel.objects.visible_to(user)


def versions(user: User, chosen: ParcelFilter, box: Box | None = None) -> Versions:
    """Versions of the parcels that are asked for, of those that the user may see."""
    held = chosen.versions(ParcelVersion.objects.visible_to(user))
    return held if box is None else held.filter(inside(ParcelVersion, box))


def scope_of(user: User, thing: str = "database") -> str:
    """What the user may see of such things, as a key: two users with the same one see the same rows."""
    return repr(rights.rows(user, thing, "township_code"))


def columns(rows: QuerySet[Any], *names: Any, by_key: bool = False) -> tuple[list[Any], ...]:
    """The columns of the rows, each as a list; ``by_key``: in the order of the first column, so that the same rows are
    told alike however the store found them."""
    try:
        statement, values = rows.order_by().values_list(*names).query.sql_with_params()
    except EmptyResultSet:  # a condition that nothing can meet
        return tuple([] for _ in names)
    with connection.cursor() as cursor:  # straight from the driver: these values need no conversion
        cursor.execute(statement, values)
        found = cursor.fetchall()
    if by_key:  # here and not in the statement: a store asked for an order may leave its index of places aside
        found.sort(key=itemgetter(0))
    return tuple(map(list, zip(*found, strict=True))) if found else tuple([] for _ in names)


def shapes_of(blobs: list[Any]) -> NDArray[np.object_]:
    """(n,) Shapely geometries of WKB, None where there is none."""
    out: NDArray[np.object_] = shapely.from_wkb(np.array(blobs, dtype=object)) if blobs else np.zeros(0, dtype=object)
    return out
