"""The triggers that keep events as they are, for the migration that makes the table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

TABLE = "audit_auditevent"
SAID = "audit events are only ever added"

SQLITE = (
    f"CREATE TRIGGER {TABLE}_no_update BEFORE UPDATE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{SAID}'); END",
    f"CREATE TRIGGER {TABLE}_no_delete BEFORE DELETE ON {TABLE} BEGIN SELECT RAISE(ABORT, '{SAID}'); END",
)
POSTGRES = (
    f"CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '{SAID}'; END $$",
    f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
    f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()",
    f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()",
)


def protect(connection: Any) -> None:
    """Refuse updates and deletions from now on."""
    _execute(connection, SQLITE if connection.vendor == "sqlite" else POSTGRES)


def release(connection: Any) -> None:
    """Take the triggers away again, when the migration is undone."""
    if connection.vendor == "sqlite":
        names = [f"{TABLE}_{name}" for name in ("no_update", "no_delete")]
        _execute(connection, [f"DROP TRIGGER IF EXISTS {name}" for name in names])
    else:
        names = [f"{TABLE}_{name}" for name in ("no_change", "no_truncate")]
        _execute(connection, [f"DROP TRIGGER IF EXISTS {name} ON {TABLE}" for name in names])
        _execute(connection, [f"DROP FUNCTION IF EXISTS {TABLE}_refuse()"])


def _execute(connection: Any, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
