"""Many new rows at once: their boxes are filed together, after all of them are there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction


@contextmanager
def many_new_rows(model: Any, using: str = "default") -> Iterator[None]:
    """Within it, rows inserted into the model's table are not filed one by one; at its end all of them are.

    In one transaction: after an error neither the rows nor the change of the triggers are there. New rows need keys
    higher than those before them, as the table gives them by itself. Until the end, the new rows are not found by
    place; updates and deletions are filed as ever. On a store without R*Trees it does nothing.
    """
    connection = connections[using]
    with transaction.atomic(using=using):
        if connection.vendor != "sqlite":
            yield
            return
        # of SQLite's own backend, which must not be loaded where another one is at work
        from panhuo_platform.geosqlite.operations import rtree
        from panhuo_platform.geosqlite.schema import indexed

        columns = indexed(model._meta.local_fields)
        table, key = model._meta.db_table, model._meta.pk.column
        quoted = connection.ops.quote_name
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT COALESCE(MAX({quoted(key)}), 0) FROM {quoted(table)}")  # noqa: S608 - quoted names
            highest = cursor.fetchone()[0]
            filing = [_take_away(cursor, quoted, f"{rtree(table, column)}_insert") for column in columns]
        yield
        # an editor of its own would want to end the transaction: this one only files
        editor: Any = connection.SchemaEditorClass(connection, atomic=False)
        with connection.cursor() as cursor:
            for column, trigger in zip(columns, filing, strict=True):
                editor.fill(table, key, column, above=highest)
                cursor.execute(trigger)


def _take_away(cursor: Any, quoted: Any, trigger: str) -> str:
    """Drop a trigger; returns the statement that made it."""
    cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = %s", [trigger])
    (statement,) = cursor.fetchone()
    cursor.execute(f"DROP TRIGGER {quoted(trigger)}")
    return str(statement)
