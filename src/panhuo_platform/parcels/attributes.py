"""A parcel's attributes: the standard fields of the role ``parcels``, as columns and as a version's JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import polars as pl

from panhuo.land.roles import Field, role

#: Standard field -> how it is kept.
KINDS: Mapping[str, str] = {f.name: f.kind for f in role("parcels").fields}

_TYPES: Mapping[str, Any] = {
    "bool": pl.Boolean,
    "date": pl.Date,
    "year": pl.Int64,
    "int": pl.Int64,
    "list": pl.List(pl.String),
    "area": pl.Float64,
    "money": pl.Float64,
    "number": pl.Float64,
}
#: Standard field -> type of its column.
SCHEMA: Mapping[str, Any] = {name: _TYPES.get(kind, pl.String) for name, kind in KINDS.items()}


def standard(rows: pl.DataFrame) -> pl.DataFrame:
    """The standard fields of ``rows`` in their order and types, all of them; what is not there is null."""
    missing = [pl.lit(None, kind).alias(name) for name, kind in SCHEMA.items() if name not in rows.columns]
    present = [_cast(rows, name, kind) for name, kind in SCHEMA.items() if name in rows.columns]
    return rows.select([*present, *missing]).select(list(SCHEMA)).with_columns(pl.col(pl.Float64).fill_nan(None))


def _cast(rows: pl.DataFrame, name: str, kind: Any) -> pl.Expr:
    column = pl.col(name)
    if isinstance(kind, pl.List) and rows.schema[name] == pl.String:
        return column.str.split("、").alias(name)
    return column.cast(kind, strict=False)


def to_json(fields: pl.DataFrame) -> pl.Series:
    """(n,) JSON of each row of :func:`standard`: its fields that have a value, in their order."""
    parts = []
    for name, kind in fields.schema.items():
        column = pl.col(name)
        told = pl.struct(column).struct.json_encode()
        here = column.is_not_null()
        if kind == pl.String:
            here &= column != ""
        elif isinstance(kind, pl.List):
            here &= column.list.len() > 0
        parts.append(pl.when(here).then(told.str.strip_prefix("{").str.strip_suffix("}")))
    whole = pl.concat_str(parts, separator=",", ignore_nulls=True)
    return fields.select(pl.concat_str(pl.lit("{"), whole, pl.lit("}")).alias("attributes")).to_series()


def from_json(attributes: pl.Series) -> pl.DataFrame:
    """The columns of :func:`standard` out of what versions keep."""
    kind = pl.Struct({n: pl.String if k == pl.Date else k for n, k in SCHEMA.items()})
    decoded = attributes.cast(pl.String).str.json_decode(kind).struct.unnest()
    dates = [n for n, k in SCHEMA.items() if k == pl.Date]
    return decoded.with_columns(pl.col(dates).str.to_date("%Y-%m-%d", strict=False))


def readable(attributes: Mapping[str, Any]) -> list[tuple[Field, Any]]:
    """Each field with its value, in the order of the role, of what a version keeps."""
    found = []
    for field in role("parcels").fields:
        if field.name not in attributes:
            continue
        value = attributes[field.name]
        if field.kind == "date" and isinstance(value, str):
            value = date.fromisoformat(value)
        found.append((field, value))
    return found
