"""How lookups, functions and aggregates of GeoDjango are said in SQL here."""

from __future__ import annotations

from typing import Any

import shapely
from django.contrib.gis.db import models as gis
from django.contrib.gis.db.backends.base.operations import BaseSpatialOperations
from django.contrib.gis.db.backends.utils import SpatialOperator
from django.contrib.gis.geos import GEOSGeometry
from django.contrib.gis.geos.geometry import GEOSGeometryBase
from django.contrib.gis.geos.prototypes.io import wkb_r
from django.contrib.gis.measure import Distance
from django.db.backends.sqlite3.operations import DatabaseOperations
from django.db.models.expressions import Col

from panhuo_platform.geosqlite.functions import NAMES, transformed


def rtree(table: str, column: str) -> str:
    """The name of a column's R*Tree."""
    return f"rtree_{table}_{column}"


class Adapter:
    """A shape as a parameter of a statement: bound as WKB."""

    def __init__(self, shape: GEOSGeometry) -> None:
        self.wkb = bytes(shape.wkb)
        self.srid = shape.srid

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Adapter) and (self.wkb, self.srid) == (other.wkb, other.srid)

    def __hash__(self) -> int:
        return hash((self.wkb, self.srid))

    def __conform__(self, protocol: object) -> bytes:
        return self.wkb


class Indexed(SpatialOperator):
    """A predicate that only holds for shapes whose boxes meet: the R*Tree narrows the rows first."""

    def as_sql(self, connection: Any, lookup: Any, template_params: Any, sql_params: Any) -> Any:
        sql, params = super().as_sql(connection, lookup, template_params, sql_params)
        column, shape = lookup.lhs, lookup.rhs
        if not isinstance(column, Col) or not isinstance(shape, GEOSGeometry) or shape.empty:
            return sql, params
        field = column.target
        if not isinstance(field, gis.GeometryField) or not field.spatial_index:
            return sql, params
        far = 0.0
        if lookup.lookup_name == "dwithin":
            if not isinstance(lookup.rhs_params[0], int | float):
                return sql, params
            far = float(lookup.rhs_params[0])
        wkb = bytes(shape.wkb)
        if shape.srid not in (None, -1, field.srid):
            # by the same function as the statement: another one could differ in the last digit and lose a row
            wkb = transformed(wkb, shape.srid, field.srid)
        west, south, east, north = shapely.bounds(shapely.from_wkb(wkb)).tolist()
        name = connection.ops.quote_name
        within = (  # names are quoted, numbers are parameters
            f"{name(column.alias)}.{name(field.model._meta.pk.column)} IN (SELECT id FROM "  # noqa: S608
            f"{name(rtree(field.model._meta.db_table, field.column))} "
            "WHERE maxx >= %s AND minx <= %s AND maxy >= %s AND miny <= %s)"
        )
        return f"({within} AND {sql})", (west - far, east + far, south - far, north + far, *params)


class Operations(BaseSpatialOperations, DatabaseOperations):
    """GeoDjango's operations on a SQLite whose connections know :mod:`panhuo_platform.geosqlite.functions`."""

    name = "geosqlite"
    Adapter = Adapter
    geom_func_prefix = "ST_"
    from_text = ""  # type: ignore[assignment]
    unionagg, collect, extent = "ST_UnionAgg", "ST_CollectAgg", "ST_ExtentAgg"
    disallowed_aggregates = (gis.Extent3D, gis.MakeLine)
    function_names = {  # noqa: RUF012 - Django's own shape
        "NumPoints": "ST_NPoints",
        "AsWKT": "ST_AsText",
        "AsWKB": "ST_AsBinary",
    }
    unsupported_functions = BaseSpatialOperations.unsupported_functions - (NAMES | {"NumPoints"})

    gis_operators = {  # noqa: RUF012
        "intersects": Indexed(func="ST_Intersects"),
        "within": Indexed(func="ST_Within"),
        "coveredby": Indexed(func="ST_CoveredBy"),
        "contains": Indexed(func="ST_Contains"),
        "contains_properly": Indexed(func="ST_ContainsProperly"),
        "covers": Indexed(func="ST_Covers"),
        "touches": Indexed(func="ST_Touches"),
        "crosses": Indexed(func="ST_Crosses"),
        "overlaps": Indexed(func="ST_Overlaps"),
        "equals": Indexed(func="ST_Equals"),
        "dwithin": Indexed(func="ST_DWithin"),
        "bboverlaps": Indexed(func="Box_Overlaps"),
        "bbcontains": Indexed(func="Box_Contains"),
        "contained": Indexed(func="Box_Contained"),
        # as PostGIS reads them: the boxes are the same
        "same_as": Indexed(func="Box_Same"),
        "exact": Indexed(func="Box_Same"),
        "disjoint": SpatialOperator(func="ST_Disjoint"),
        "relate": SpatialOperator(func="ST_Relate"),
    }

    def geo_db_type(self, f: Any) -> str:
        return "geometry"

    def get_geom_placeholder(self, f: Any, value: Any, compiler: Any) -> str:
        if value is None:
            return "%s"
        of = value.output_field if hasattr(value, "as_sql") else value
        if getattr(of, "srid", None) in (None, -1, f.srid):
            return "%s"
        return f"ST_Transform(%s, {int(of.srid)}, {int(f.srid)})"

    def get_distance(self, f: Any, value: Any, lookup_type: str) -> list[float]:
        far = value[0]
        if isinstance(far, Distance):
            if f.geodetic(self.connection):
                raise ValueError("Give the distance in degrees, or store the shapes in a projected system.")
            far = getattr(far, Distance.unit_attname(f.units_name(self.connection)))
        return [far]

    def get_geometry_converter(self, expression: Any) -> Any:
        read, kind = wkb_r().read, expression.output_field.geom_class
        srid = expression.output_field.srid

        def convert(value: bytes | None, expression: Any, connection: Any) -> GEOSGeometryBase | None:
            if value is None:
                return None
            shape = GEOSGeometryBase(read(memoryview(value)), kind)
            if srid not in (None, -1):
                shape.srid = srid
            return shape

        return convert

    def convert_extent(self, box: str | None, srid: int | None = None) -> tuple[float, ...] | None:
        return tuple(map(float, box.split(","))) if box else None

    def spatial_aggregate_name(self, agg_name: str) -> str:
        return str(getattr(self, "unionagg" if agg_name.lower() == "union" else agg_name.lower()))
