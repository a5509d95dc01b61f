"""The R*Trees through every change of a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import shapely
from django.contrib.gis.db.models import GeometryField
from django.db.backends.sqlite3.schema import DatabaseSchemaEditor

from panhuo_platform.geosqlite.operations import rtree

#: How Django calls a table while it makes it anew under its old name.
_REMADE = "new__"
#: Rows whose boxes are filed at once.
_AT_ONCE = 20_000


class SchemaEditor(DatabaseSchemaEditor):
    """One R*Tree and three triggers per spatially indexed column."""

    def create_model(self, model: Any) -> None:
        super().create_model(model)
        if not model._meta.db_table.startswith(_REMADE):
            self.index(model._meta.db_table, model._meta.pk.column, indexed(model._meta.local_fields))

    def delete_model(self, model: Any, **more: Any) -> None:
        self.drop_indexes(model._meta.db_table)
        super().delete_model(model, **more)

    def alter_db_table(self, model: Any, old_db_table: str, new_db_table: str, *more: Any, **named: Any) -> None:
        """Also the last step of a table that is made anew."""
        self.drop_indexes(old_db_table)
        super().alter_db_table(model, old_db_table, new_db_table, *more, **named)
        self.drop_indexes(new_db_table)
        self.index(new_db_table, model._meta.pk.column, indexed(model._meta.local_fields))

    def add_field(self, model: Any, field: Any) -> None:
        table = model._meta.db_table
        self.drop_indexes(table)
        super().add_field(model, field)
        others = [f for f in model._meta.local_fields if f.name != field.name]
        self._again(model, indexed([*others, field]))

    def remove_field(self, model: Any, field: Any) -> None:
        self.drop_indexes(model._meta.db_table)
        super().remove_field(model, field)
        self._again(model, indexed(f for f in model._meta.local_fields if f.name != field.name))

    def alter_field(self, model: Any, old_field: Any, new_field: Any, strict: bool = False) -> None:
        self.drop_indexes(model._meta.db_table)
        super().alter_field(model, old_field, new_field, strict=strict)
        fields = [new_field if f.column == old_field.column else f for f in model._meta.local_fields]
        self._again(model, indexed(fields))

    def _again(self, model: Any, columns: list[str]) -> None:
        """Index what the change left without: a table that was made anew has its R*Trees already."""
        table = model._meta.db_table
        if set(self._trees(table)) == {rtree(table, column) for column in columns}:
            return
        self.drop_indexes(table)
        self.index(table, model._meta.pk.column, columns)

    def index(self, table: str, key: str, columns: Iterable[str]) -> None:
        """Make and fill the R*Tree of each of ``columns``, and the triggers that keep it."""
        name = self.quote_name
        for column in columns:
            tree = rtree(table, column)
            self.execute(f"CREATE VIRTUAL TABLE {name(tree)} USING rtree(id, minx, maxx, miny, maxy)")
            self.fill(table, key, column)
            filed = (
                f"INSERT OR REPLACE INTO {name(tree)} SELECT NEW.{name(key)}, ST_XMin(NEW.{name(column)}), "
                f"ST_XMax(NEW.{name(column)}), ST_YMin(NEW.{name(column)}), ST_YMax(NEW.{name(column)}) "
                f"WHERE NEW.{name(column)} IS NOT NULL AND NOT ST_IsEmpty(NEW.{name(column)})"
            )
            gone = f"DELETE FROM {name(tree)} WHERE id = OLD.{name(key)}"  # noqa: S608
            self.execute(f"CREATE TRIGGER {name(f'{tree}_insert')} AFTER INSERT ON {name(table)} BEGIN {filed}; END")
            self.execute(
                f"CREATE TRIGGER {name(f'{tree}_update')} AFTER UPDATE OF {name(key)}, {name(column)} ON {name(table)} "
                f"BEGIN {gone}; {filed}; END"
            )
            self.execute(f"CREATE TRIGGER {name(f'{tree}_delete')} AFTER DELETE ON {name(table)} BEGIN {gone}; END")

    def fill(self, table: str, key: str, column: str, above: int | None = None) -> None:
        """File the boxes of the rows that are there (or only of those with keys above one), many at a time."""
        if self.collect_sql:
            return
        name = self.quote_name
        tree = rtree(table, column)
        with self.connection.cursor() as rows, self.connection.cursor() as filing:
            rows.execute(
                f"SELECT {name(key)}, {name(column)} FROM {name(table)} WHERE {name(column)} IS NOT NULL"  # noqa: S608
                + ("" if above is None else f" AND {name(key)} > {int(above)} ORDER BY {name(key)}")
            )
            while batch := rows.fetchmany(_AT_ONCE):
                keys, blobs = zip(*batch, strict=True)
                boxes = shapely.bounds(shapely.from_wkb(blobs))[:, [0, 2, 1, 3]].tolist()
                filing.executemany(
                    f"INSERT OR REPLACE INTO {name(tree)} (id, minx, maxx, miny, maxy) VALUES (%s, %s, %s, %s, %s)",  # noqa: S608
                    [(k, *box) for k, box in zip(keys, boxes, strict=True) if box[0] == box[0]],
                )

    def drop_indexes(self, table: str) -> None:
        """Remove the R*Trees of a table with their triggers, where there are any."""
        for tree, triggers in self._trees(table).items():
            for trigger in triggers:
                self.execute(f"DROP TRIGGER {self.quote_name(trigger)}")
            self.execute(f"DROP TABLE IF EXISTS {self.quote_name(tree)}")

    def _trees(self, table: str) -> dict[str, list[str]]:
        """The R*Trees of a table, each with its triggers."""
        with self.connection.cursor() as cursor:
            cursor.execute(
                "SELECT name FROM sqlite_master "
                "WHERE type = 'trigger' AND tbl_name = %s AND name LIKE 'rtree~_%%' ESCAPE '~' ORDER BY name",
                [table],
            )
            triggers = [row[0] for row in cursor.fetchall()]
        trees: dict[str, list[str]] = {}
        for trigger in triggers:
            trees.setdefault(trigger.rsplit("_", 1)[0], []).append(trigger)
        return trees


def indexed(fields: Iterable[Any]) -> list[str]:
    """The spatially indexed columns among fields."""
    return [f.column for f in fields if isinstance(f, GeometryField) and f.spatial_index and f.column]
