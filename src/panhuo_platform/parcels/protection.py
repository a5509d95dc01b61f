"""The triggers that keep a sealed register of legacy land as it was sealed, for the migration that makes the tables.

A seal holds for every row whose division begins with the seal's code. The seal itself cannot be changed or removed
either. Rows of divisions that have not been sealed are free.
"""

from __future__ import annotations

from typing import Any

from panhuo_platform.triggers import execute

ROWS, SEALS = "parcels_legacyparcel", "parcels_legacyseal"
SAID = "the register of legacy land is sealed"

_SEALED = (
    f"SELECT 1 FROM {SEALS} s WHERE s.sealed_at IS NOT NULL "  # noqa: S608 - names of our own
    "AND substr({row}.township_code, 1, length(s.region_code)) = s.region_code"
)
#: statement -> the rows that it touches
_TOUCHED = {"INSERT": ("NEW",), "UPDATE": ("OLD", "NEW"), "DELETE": ("OLD",)}


def _sqlite() -> list[str]:
    statements = []
    for what, rows in _TOUCHED.items():
        sealed = " OR ".join(f"EXISTS ({_SEALED.format(row=row)})" for row in rows)
        statements.append(
            f"CREATE TRIGGER {ROWS}_sealed_{what.lower()} BEFORE {what} ON {ROWS} "
            f"WHEN {sealed} BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )
    for what in ("UPDATE", "DELETE"):
        statements.append(
            f"CREATE TRIGGER {SEALS}_sealed_{what.lower()} BEFORE {what} ON {SEALS} "
            f"WHEN OLD.sealed_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        )
    return statements


def _postgres() -> list[str]:
    branches = " ".join(
        f"IF TG_OP = '{what}' AND ({' OR '.join(f'EXISTS ({_SEALED.format(row=row)})' for row in rows)}) "
        f"THEN RAISE EXCEPTION '{SAID}'; END IF;"
        for what, rows in _TOUCHED.items()
    )
    back = "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
    return [
        f"CREATE FUNCTION {ROWS}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {branches} {back} END $$",
        f"CREATE TRIGGER {ROWS}_sealed BEFORE INSERT OR UPDATE OR DELETE ON {ROWS} "
        f"FOR EACH ROW EXECUTE FUNCTION {ROWS}_refuse()",
        f"CREATE FUNCTION {SEALS}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"IF OLD.sealed_at IS NOT NULL THEN RAISE EXCEPTION '{SAID}'; END IF; {back} END $$",
        f"CREATE TRIGGER {SEALS}_sealed BEFORE UPDATE OR DELETE ON {SEALS} "
        f"FOR EACH ROW EXECUTE FUNCTION {SEALS}_refuse()",
        f"CREATE FUNCTION {SEALS}_keep() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN PERFORM 1 FROM {SEALS} WHERE sealed_at IS NOT NULL; IF FOUND "
        f"THEN RAISE EXCEPTION '{SAID}'; END IF; RETURN NULL; END $$",
        *(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {SEALS}_keep()"
            for table in (ROWS, SEALS)
        ),
    ]


def protect(connection: Any) -> None:
    """Refuse changes of what is sealed from now on."""
    execute(connection, _sqlite() if connection.vendor == "sqlite" else _postgres())


def release(connection: Any) -> None:
    """Take the triggers away again, when the migration is undone."""
    if connection.vendor == "sqlite":
        names = [f"{ROWS}_sealed_{what.lower()}" for what in _TOUCHED]
        names += [f"{SEALS}_sealed_{what}" for what in ("update", "delete")]
        execute(connection, [f"DROP TRIGGER IF EXISTS {name}" for name in names])
        return
    for table in (ROWS, SEALS):
        execute(connection, [f"DROP TRIGGER IF EXISTS {table}_{name} ON {table}" for name in ("sealed", "no_truncate")])
    execute(
        connection,
        [f"DROP FUNCTION IF EXISTS {name}()" for name in (f"{ROWS}_refuse", f"{SEALS}_refuse", f"{SEALS}_keep")],
    )
