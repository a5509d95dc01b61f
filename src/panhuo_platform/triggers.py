"""Triggers by which a database itself keeps rows as they are, on both stores; for migrations that make tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any


def execute(connection: Any, statements: Iterable[str]) -> None:
    """Run the statements one after the other."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def only_added(vendor: str, table: str, said: str) -> Iterator[str]:
    """Statements that make rows of ``table`` be added and nothing else: no update, no deletion, no truncation.

    vendor : ``sqlite`` or ``postgresql``; SQLite truncates by deleting
    said   : what the database answers with
    """
    if vendor == "sqlite":
        for what in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{said}'); END"
            )
        return
    yield (
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '{said}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for what, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        name = f"{table}_no_{'change' if each == 'ROW' else 'truncate'}"
        yield f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH {each} EXECUTE FUNCTION {table}_refuse()"


def free(vendor: str, table: str) -> Iterator[str]:
    """Statements that undo :func:`only_added`, also where it was not done."""
    if vendor == "sqlite":
        yield from (f"DROP TRIGGER IF EXISTS {table}_no_{what}" for what in ("update", "delete"))
        return
    yield from (f"DROP TRIGGER IF EXISTS {table}_no_{what} ON {table}" for what in ("change", "truncate"))
    yield f"DROP FUNCTION IF EXISTS {table}_refuse()"
