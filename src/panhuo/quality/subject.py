"""A layer ready to be checked and measured: its role known, its fields under their standard names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.exchange.delivery import Layer
from panhuo.land.crs import Crs
from panhuo.land.polygons import Polygons
from panhuo.land.schema import Role


@dataclass(frozen=True, slots=True)
class Texts:
    """The delivered values as texts under their standard names, made when they are asked for: a million rows are many.

    ``texts["parcel_code"]`` is a column; ``columns`` are the names there are.
    """

    layer: Layer
    mapping: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.mapping)

    def __getitem__(self, name: str) -> pl.Series:
        column = pl.Series(name, self.layer.table.column(self.mapping[name]))
        if column.dtype == pl.List(pl.String):
            return column.list.join("、")
        return column.cast(pl.String, strict=False)


@dataclass(frozen=True, slots=True)
class Subject:
    """One layer or table of the delivery, understood.

    frame    : values under the standard field names of ``role``, typed; null where missing or unreadable
    raw      : the same columns as they were delivered, as texts
    bad      : the same columns, True where a delivered value was not understood (its value in ``frame`` is null)
    polygons : the shapes in ``crs``, the planar zone of the survey; ``None`` for a table
    area_m2  : (n,) ellipsoidal areas; ``None`` for a table
    planar_m2: (n,) planar areas in ``crs``; ``None`` for a table
    mapping  : standard field name -> column of the file
    year, issued : the year the data speaks of and the day it was issued, as survey.yaml says
    """

    role: Role
    layer: Layer
    frame: pl.DataFrame
    raw: Texts
    bad: pl.DataFrame
    polygons: Polygons | None = None
    area_m2: NDArray[np.float64] | None = None
    planar_m2: NDArray[np.float64] | None = None
    crs: Crs | None = None
    mapping: dict[str, str] | None = None
    year: int | None = None
    issued: date | None = None

    def __len__(self) -> int:
        return self.frame.height

    def row_numbers(self) -> pl.Series:
        """For each row the number that a person sees in the file."""
        if self.layer.rows is not None:
            return pl.Series("row", self.layer.rows).cast(pl.Int64)
        return pl.int_range(1, self.frame.height + 1, eager=True).alias("row")

    def keys(self) -> pl.Series:
        """For each row its code (the role's key), as it was delivered."""
        key = self.role.key
        if key and key in self.raw.columns:
            return self.raw[key].cast(pl.String).alias("key")
        return pl.Series("key", [None] * self.frame.height, dtype=pl.String)

    def columns(self, *names: str) -> pl.DataFrame:
        """These standard fields, null where the layer has no such column."""
        kinds = {f.name: f.kind for f in self.role.fields}
        absent = [pl.lit(None, dtype_of(kinds[n])).alias(n) for n in names if n not in self.frame.columns]
        # added to the frame and then picked, so that a layer with none of them keeps its number of rows
        return (
            self.frame.with_columns(absent).select(names)
            if self.frame.width
            else pl.DataFrame({n: pl.Series([None] * len(self), dtype=dtype_of(kinds[n])) for n in names})
        )

    def has(self, *fields: str) -> bool:
        return all(f in self.frame.columns for f in fields)


#: The Polars type of each kind of field once normalised.
DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "code": pl.String(),
    "int": pl.Int64(),
    "year": pl.Int64(),
    "number": pl.Float64(),
    "area": pl.Float64(),
    "money": pl.Float64(),
    "date": pl.Date(),
    "bool": pl.Boolean(),
    "list": pl.List(pl.String()),
}


def dtype_of(kind: str) -> pl.DataType:
    """The Polars type that a field of this kind has once normalised."""
    return DTYPES[kind]
