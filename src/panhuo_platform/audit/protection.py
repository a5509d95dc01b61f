"""The triggers that keep events as they are, for the migration that makes the table."""

from __future__ import annotations

from typing import Any

from panhuo_platform.triggers import execute, free, only_added

TABLE = "audit_auditevent"
SAID = "audit events are only ever added"


def protect(connection: Any) -> None:
    """Refuse updates and deletions from now on."""
    execute(connection, only_added(connection.vendor, TABLE, SAID))


def release(connection: Any) -> None:
    """Take the triggers away again, when the migration is undone."""
    execute(connection, free(connection.vendor, TABLE))
