"""The delivered layers by their role, ready to be checked and measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from panhuo.land.crs import Crs
from panhuo.land.roles import ROLES
from panhuo.quality.subject import Subject


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything that was delivered and understood: role -> layers, in the order of survey.yaml.

    ``crs`` is the planar zone that all shapes have been brought to.
    """

    by_role: Mapping[str, tuple[Subject, ...]] = field(default_factory=dict)
    crs: Crs | None = None

    def subjects(self, role: str) -> tuple[Subject, ...]:
        return self.by_role.get(role, ())

    def has(self, role: str) -> bool:
        return bool(self.by_role.get(role))

    def all(self) -> tuple[Subject, ...]:
        return tuple(s for subjects in self.by_role.values() for s in subjects)

    def table(self, role: str, *columns: str) -> pl.DataFrame | None:
        """The rows of all layers of a role with these standard columns (null where a layer has none); None without any.

        A column ``year`` that the rows lack is filled with the year that survey.yaml gives for the input.
        """
        subjects = self.subjects(role)
        if not subjects:
            return None
        kinds = {f.name: f for f in ROLES[role].fields}
        parts = []
        for subject in subjects:
            frame = subject.frame
            picked = []
            for name in columns:
                if name in frame.columns:
                    column = pl.col(name)
                    if name == "year" and subject.year is not None:
                        column = column.fill_null(subject.year)
                    picked.append(column)
                elif name == "year" and subject.year is not None:
                    picked.append(pl.lit(subject.year, pl.Int64).alias(name))
                else:
                    picked.append(pl.lit(None, dtype_of(kinds[name].kind)).alias(name))
            parts.append(frame.select(picked))
        return pl.concat(parts, how="vertical_relaxed")


def dtype_of(kind: str) -> pl.DataType:
    """The Polars type that a field of this kind has once normalised."""
    types: dict[str, pl.DataType] = {
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
    return types[kind]
