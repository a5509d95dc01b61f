"""The table of facts while it is being measured: values beside where they came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.exchange import Layer
from panhuo.identify import FactSource
from panhuo.land.polygons import Polygons
from panhuo.quality.subject import Subject


@dataclass(frozen=True, slots=True)
class Parcels:
    """The parcels that are measured, from all the layers that delivered some.

    frame    : standard fields of the role `parcels`, one row a parcel; ``parcel_code`` is unique and not null
    polygons : their shapes in the planar zone of the survey, same order
    area     : (n,) ellipsoidal areas in m²
    planar   : (n,) planar areas in m²
    """

    frame: pl.DataFrame
    polygons: Polygons
    area: NDArray[np.float64]
    planar: NDArray[np.float64]

    def __len__(self) -> int:
        return self.frame.height


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts, one row a parcel in the parcels' order, and the source of each column.

    Columns are those of ``panhuo.land.facts``; a fact whose source was not delivered is no column here and
    null in the end.
    """

    frame: pl.DataFrame
    sources: Mapping[str, FactSource] = field(default_factory=dict)

    @classmethod
    def empty(cls, rows: int) -> Facts:
        return cls(pl.DataFrame({"_row": pl.int_range(rows, eager=True, dtype=pl.Int64)}))

    def __len__(self) -> int:
        return self.frame.height

    def join(self, by_row: pl.DataFrame, source: FactSource) -> Facts:
        """Add columns given by ``row`` (0-based); parcels without a row get null."""
        added = by_row.rename({"row": "_row"}).with_columns(pl.col("_row").cast(pl.Int64))
        names = [c for c in added.columns if c != "_row"]
        frame = self.frame.join(added, on="_row", how="left", maintain_order="left")
        return Facts(frame, {**self.sources, **dict.fromkeys(names, source)})

    def add(self, columns: Mapping[str, pl.Series | NDArray[np.float64]], source: FactSource) -> Facts:
        """Add whole columns in the parcels' order."""
        frame = self.frame.with_columns(pl.Series(n, v) for n, v in columns.items())
        return Facts(frame, {**self.sources, **dict.fromkeys(columns, source)})

    def with_columns(self, *expressions: pl.Expr, source: FactSource | None = None) -> Facts:
        """Add or replace columns by expressions; ``source`` is noted for those that have none yet."""
        frame = self.frame.with_columns(*expressions)
        names = [e.meta.output_name() for e in expressions]
        noted = dict(self.sources)
        for name in names:
            if source is not None and name not in noted:
                noted[name] = source
        return Facts(frame, noted)

    def fill(self, name: str, value: object) -> Facts:
        """Put a value where a column is null (the source says so by its completeness)."""
        return Facts(self.frame.with_columns(pl.col(name).fill_null(value)), self.sources)

    def merged(self, *others: Facts) -> Facts:
        """These facts and others side by side; an earlier column wins."""
        frame, sources = self.frame, dict(self.sources)
        for other in others:
            new = [c for c in other.frame.columns if c not in frame.columns]
            frame = frame.hstack(other.frame.select(new))
            sources.update({k: v for k, v in other.sources.items() if k not in sources})
        return Facts(frame, sources)


def source_of(subjects: Iterable[Subject], year: int | None = None) -> FactSource:
    """The source that several layers of one role are: their names, the year they speak of, the latest day of issue."""
    named, day = [], None
    for subject in subjects:
        name = label(subject.layer)
        if name not in named:
            named.append(name)
        if subject.issued is not None:
            day = max(day, subject.issued) if day else subject.issued
        year = year or subject.year
    together = "、".join(named[:3]) + ("等" if len(named) > 3 else "")
    return FactSource(together + (f"（{year}年度）" if year else ""), day)


_GENERIC = re.compile(r"^(sheet|工作表|table)\s*\d*$", re.I)


def label(layer: Layer) -> str:
    """What people call a layer: its own name, or its file's where the name says nothing (Sheet1)."""
    if _GENERIC.match(layer.name):
        return PurePosixPath(layer.source).stem
    return layer.name
