"""Triggers of identification's tables: two standards are never in force at once, and what was done stays done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from panhuo_platform.triggers import execute, free, only_added

STANDARDS = "identification_standardversion"
#: Tables whose rows are only ever added.
ADDED = ("identification_verdict", "identification_recordstep", "identification_confirmation", "identification_shown")
TWO = "two standards in force at once"
SAID = "rows are only ever added"

_OTHERS = f"""
SELECT 1 FROM {STANDARDS} o
WHERE o.id <> NEW.id AND o.within = NEW.within
  AND o.state IN ('approved', 'ended') AND NEW.state IN ('approved', 'ended')
  AND (o.ends_on IS NULL OR o.ends_on > NEW.starts_on) AND (NEW.ends_on IS NULL OR NEW.ends_on > o.starts_on)
"""  # noqa: S608 - names of our own


def _one_at_a_time(vendor: str) -> Iterator[str]:
    if vendor == "sqlite":
        for when in ("INSERT", "UPDATE"):
            yield (
                f"CREATE TRIGGER {STANDARDS}_one_{when.lower()} AFTER {when} ON {STANDARDS} WHEN EXISTS ({_OTHERS}) "
                f"BEGIN SELECT RAISE(ABORT, '{TWO}'); END"
            )
        return
    yield (
        f"CREATE FUNCTION {STANDARDS}_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM pg_advisory_xact_lock(hashtext('{STANDARDS}')); "
        f"IF EXISTS ({_OTHERS}) THEN RAISE EXCEPTION '{TWO}' USING ERRCODE = 'exclusion_violation'; END IF; "
        "RETURN NEW; END $$"
    )
    yield (
        f"CREATE TRIGGER {STANDARDS}_one AFTER INSERT OR UPDATE ON {STANDARDS} "
        f"FOR EACH ROW EXECUTE FUNCTION {STANDARDS}_one()"
    )


def protect(connection: Any) -> None:
    """Put the triggers in place."""
    execute(connection, _one_at_a_time(connection.vendor))
    for table in ADDED:
        execute(connection, only_added(connection.vendor, table, f"{table}: {SAID}"))


def release(connection: Any) -> None:
    """Take them away: when the migration is undone."""
    for table in ADDED:
        execute(connection, free(connection.vendor, table))
    if connection.vendor == "sqlite":
        execute(connection, [f"DROP TRIGGER IF EXISTS {STANDARDS}_one_{w}" for w in ("insert", "update")])
    else:
        execute(connection, [f"DROP TRIGGER IF EXISTS {STANDARDS}_one ON {STANDARDS}"])
        execute(connection, [f"DROP FUNCTION IF EXISTS {STANDARDS}_one()"])
