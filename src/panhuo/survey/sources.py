"""The delivered layers by their role, ready to be checked and measured."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import polars as pl
import pyarrow as pa

from panhuo.land.crs import Crs
from panhuo.land.polygons import Polygons
from panhuo.quality.subject import Subject, Texts

#: Roles that every county has something of.
NEVER_EMPTY = frozenset(
    {"patches", "second_survey", "zones", "buildings", "registration", "enterprises", "economy", "yield_classes",
     "safety", "environment", "boundaries"}
)  # fmt: skip


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

    def spoken(self) -> Sources:
        """Without the roles whose layers hold no row where an empty list can only mean that nothing was delivered.

        An empty list of idle land says that there is none; an empty register of enterprises says nothing.
        """
        kept = {r: s for r, s in self.by_role.items() if r not in NEVER_EMPTY or any(one.frame.height for one in s)}
        return Sources(kept, self.crs)

    def without_texts(self, quoted: Collection[str] = ()) -> Sources:
        """Without the delivered texts, which only checks quote, but for those of the roles ``quoted``."""
        kept = {r: found if r in quoted else tuple(map(without_texts, found)) for r, found in self.by_role.items()}
        return Sources(kept, self.crs)

    def without_shapes(self, roles: Collection[str]) -> Sources:
        """Without the shapes of some roles: those that have been laid over already."""
        kept = {
            r: tuple(replace(s, polygons=Polygons.none(len(s))) if s.polygons is not None else s for s in found)
            if r in roles
            else found
            for r, found in self.by_role.items()
        }
        return Sources(kept, self.crs)

    def table(self, role: str, *columns: str) -> pl.DataFrame | None:
        """The rows of all layers of a role with these standard columns (null where a layer has none); None without any.

        A column ``year`` that the rows lack is filled with the year that survey.yaml gives for the input.
        """
        subjects = self.subjects(role)
        if not subjects:
            return None
        parts = []
        for subject in subjects:
            frame = subject.columns(*columns)
            if "year" in columns and subject.year is not None:
                frame = frame.with_columns(pl.col("year").fill_null(subject.year))
            parts.append(frame)
        return pl.concat(parts, how="vertical_relaxed", rechunk=True)


def without_texts(subject: Subject) -> Subject:
    """A layer as it was understood, without what was delivered."""
    layer = subject.layer.with_(table=pa.table({}))
    return replace(subject, layer=layer, raw=Texts(layer, {}), bad=subject.bad.clear())
