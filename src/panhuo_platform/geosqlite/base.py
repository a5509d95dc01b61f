"""The entry that Django looks for."""

from __future__ import annotations

from typing import Any

from django.contrib.gis.db.models import GeometryField
from django.core import checks
from django.db.backends.base.validation import BaseDatabaseValidation
from django.db.backends.sqlite3 import base, introspection
from django.db.models import IntegerField, OneToOneField

from panhuo_platform.geosqlite.features import Features
from panhuo_platform.geosqlite.functions import register
from panhuo_platform.geosqlite.operations import Operations
from panhuo_platform.geosqlite.schema import SchemaEditor


class Introspection(introspection.DatabaseIntrospection):
    """Tables without the R*Trees, which belong to their columns and to nobody else."""

    def get_table_list(self, cursor: Any) -> Any:
        return [t for t in super().get_table_list(cursor) if not t.name.startswith("rtree_")]


class Validation(BaseDatabaseValidation):
    """Says at start-up what would fail at the first row."""

    def check_field(self, field: Any, **more: Any) -> list[checks.CheckMessage]:
        found: list[checks.CheckMessage] = super().check_field(field, **more)
        if isinstance(field, GeometryField) and field.spatial_index:
            key = field.model._meta.pk
            if not isinstance(key, IntegerField | OneToOneField):
                found.append(
                    checks.Error(
                        "A spatially indexed table needs an integer primary key: the keys of an R*Tree are integers.",
                        obj=field,
                        id="geosqlite.E001",
                    )
                )
        return found


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's SQLite with shapes."""

    SchemaEditorClass = SchemaEditor
    features_class = Features
    ops_class = Operations
    introspection_class = Introspection
    validation_class = Validation

    def get_new_connection(self, conn_params: Any) -> Any:
        connection = super().get_new_connection(conn_params)
        register(connection)
        return connection
