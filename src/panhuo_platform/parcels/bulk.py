"""Many rows into a table or over its rows, by the quickest way of each store, in bounded pieces.

Frames name the columns of the table. Within a transaction of the caller.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from django.db import connection, models
from numpy.typing import NDArray

#: Rows of a piece: what lies in memory at a time.
PIECE = 50_000
#: How a missing value is told apart from an empty text on the way into PostgreSQL.
_NULL = "\\N"
_SRID = 4490


def new_keys(model: type[models.Model], count: int) -> NDArray[np.int64]:
    """(count,) int64: keys that no row of the table has or will be given by the store itself."""
    table, key = model._meta.db_table, _key(model)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)", [table, key, count]
            )
            return np.array([row[0] for row in cursor.fetchall()], dtype=np.int64)
        # one writer at a time: nobody else can take them before they are inserted
        cursor.execute("SELECT COALESCE((SELECT seq FROM sqlite_sequence WHERE name = %s), 0)", [table])
        first = int(cursor.fetchone()[0]) + 1
        return np.arange(first, first + count, dtype=np.int64)


def insert(
    model: type[models.Model],
    rows: pl.DataFrame,
    shapes: Sequence[bytes | None] | None = None,
    **constants: Any,
) -> None:
    """Insert ``rows``; ``shapes`` are WKB of EPSG:4490 for the column ``geometry``; ``constants`` go into every row.

    Every column of the table has to be given: these are no model instances, and have no defaults.
    """
    fixed = {_column(model, name): value for name, value in constants.items()}
    columns = [*rows.columns, *fixed, *(["geometry"] if shapes is not None else [])]
    given = [_adapted(model, name, value) for name, value in fixed.items()]
    with connection.cursor() as cursor:
        for start in range(0, rows.height, PIECE):
            piece = rows[start : start + PIECE]
            ours = list(shapes[start : start + PIECE]) if shapes is not None else None
            if connection.vendor == "postgresql":
                _copy(cursor, _q(model._meta.db_table), columns, piece, given, ours)
            else:
                _insert(cursor, _q(model._meta.db_table), columns, piece, given, ours)


def update(model: type[models.Model], key: str, rows: pl.DataFrame, **constants: Any) -> int:
    """Set the other columns of ``rows``, and ``constants``, on the rows of the table with the same ``key``.

    Only rows that differ are written. Returns how many were.
    """
    fixed = {_column(model, name): value for name, value in constants.items()}
    table, name = _q(model._meta.db_table), _q("bulk_new_values")
    changed = [*(c for c in rows.columns if c != key), *fixed]
    if not rows.height or not changed:
        return 0
    with connection.cursor() as cursor:
        listed = ", ".join(_q(c) for c in (key, *changed))
        cursor.execute(f"CREATE TEMPORARY TABLE {name} AS SELECT {listed} FROM {table} LIMIT 0")  # noqa: S608
        given = [_adapted(model, c, value) for c, value in fixed.items()]
        postgres = connection.vendor == "postgresql"
        load = _copy if postgres else _insert
        for start in range(0, rows.height, PIECE):
            load(cursor, name, [*rows.columns, *fixed], rows[start : start + PIECE], given, None)
        if postgres:
            cursor.execute(f"ANALYZE {name}")
        differ = "IS DISTINCT FROM" if postgres else "IS NOT"
        cursor.execute(
            f"UPDATE {table} SET {', '.join(f'{_q(c)} = n.{_q(c)}' for c in changed)} "  # noqa: S608
            f"FROM {name} n WHERE {table}.{_q(key)} = n.{_q(key)} "
            f"AND ({' OR '.join(f'{table}.{_q(c)} {differ} n.{_q(c)}' for c in changed)})"
        )
        written = int(cursor.rowcount)
        # after an error the transaction takes the table away with everything else
        cursor.execute(f"DROP TABLE {name}")
    return written


def _insert(
    cursor: Any, table: str, columns: list[str], rows: pl.DataFrame, given: list[Any], shapes: list[Any] | None
) -> None:
    places = ", ".join(["%s"] * len(columns))
    tail = tuple(given)
    plain = rows.with_columns(
        pl.col(pl.Date).dt.to_string("%Y-%m-%d"),
        pl.col(pl.Boolean).cast(pl.Int8),
    )
    values: Any = (row + tail for row in plain.iter_rows())
    if shapes is not None:
        values = (row + tail + (shape,) for row, shape in zip(plain.iter_rows(), shapes, strict=True))
    cursor.executemany(
        f"INSERT INTO {table} ({', '.join(map(_q, columns))}) VALUES ({places})",  # noqa: S608 - quoted names
        values,
    )


def _copy(
    cursor: Any, table: str, columns: list[str], rows: pl.DataFrame, given: list[Any], shapes: list[Any] | None
) -> None:
    texts = [c for c, kind in rows.schema.items() if kind == pl.String]
    # PostgreSQL's texts hold every character but this one
    whole = rows.with_columns(pl.col(texts).str.replace_all("\x00", "", literal=True)).with_columns(
        pl.lit(None if value is None else str(value), pl.String).alias(f"_{k}") for k, value in enumerate(given)
    )
    if shapes is not None:
        whole = whole.with_columns(pl.Series("_shape", [None if s is None else _ewkb(s) for s in shapes], pl.String))
    with cursor.copy(
        f"COPY {table} ({', '.join(map(_q, columns))}) FROM STDIN WITH (FORMAT csv, NULL '{_NULL}')"
    ) as out:
        out.write(whole.write_csv(include_header=False, quote_style="non_numeric", null_value=_NULL).encode())


def _ewkb(wkb: bytes) -> str:
    """Little-endian WKB with the number of its system, in hexadecimal."""
    kind = int.from_bytes(wkb[1:5], "little") | 0x20000000
    return (wkb[:1] + kind.to_bytes(4, "little") + _SRID.to_bytes(4, "little") + wkb[5:]).hex()


def _adapted(model: type[models.Model], column: str, value: Any) -> Any:
    field = next(f for f in model._meta.local_fields if f.column == column)
    if isinstance(field, models.JSONField):
        return json.dumps(value, ensure_ascii=False)
    value = field.get_db_prep_save(value, connection)
    return value.isoformat() if hasattr(value, "isoformat") else value


def _column(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]


def _key(model: type[models.Model]) -> str:
    return str(model._meta.pk.column)


def _q(name: str) -> str:
    return connection.ops.quote_name(name)
