"""Triggers of identification's tables: two standards are never in force at once, and what was done stays done."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

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


def _sqlite() -> Iterable[str]:
    for when in ("INSERT", "UPDATE"):
        yield (
            f"CREATE TRIGGER {STANDARDS}_one_{when.lower()} AFTER {when} ON {STANDARDS} WHEN EXISTS ({_OTHERS}) "
            f"BEGIN SELECT RAISE(ABORT, '{TWO}'); END"
        )
    for table in ADDED:
        for what in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: {SAID}'); END"
            )


def _postgres() -> Iterable[str]:
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
    yield (
        "CREATE FUNCTION identification_only_added() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"RAISE EXCEPTION '%: {SAID}', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in ADDED:
        yield (
            f"CREATE TRIGGER {table}_only_added BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION identification_only_added()"
        )


def protect(connection: Any) -> None:
    """Put the triggers in place."""
    _execute(connection, _sqlite() if connection.vendor == "sqlite" else _postgres())


def release(connection: Any) -> None:
    """Take them away: when the migration is undone."""
    if connection.vendor == "sqlite":
        names = [f"{STANDARDS}_one_{w}" for w in ("insert", "update")]
        names += [f"{t}_no_{w}" for t in ADDED for w in ("update", "delete")]
        _execute(connection, [f"DROP TRIGGER IF EXISTS {n}" for n in names])
    else:
        _execute(connection, [f"DROP TRIGGER IF EXISTS {STANDARDS}_one ON {STANDARDS}"])
        _execute(connection, [f"DROP TRIGGER IF EXISTS {t}_only_added ON {t}" for t in ADDED])
        functions = (f"{STANDARDS}_one", "identification_only_added")
        _execute(connection, [f"DROP FUNCTION IF EXISTS {f}()" for f in functions])


def _execute(connection: Any, statements: Iterable[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
