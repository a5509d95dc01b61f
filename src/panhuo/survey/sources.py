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

    def lighter(self, laid: Collection[str]) -> Sources:
        """Without what only checks ask for: delivered texts, and the shapes of the roles ``laid`` over already."""
        return Sources(
            {r: tuple(lighter(s, shapeless=r in laid) for s in found) for r, found in self.by_role.items()}, self.crs
        )

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
        return pl.concat(parts, how="vertical_relaxed")


def lighter(subject: Subject, *, shapeless: bool = False) -> Subject:
    """A layer without its delivered texts, and if so wished without its shapes."""
    layer = subject.layer.with_(table=pa.table({}))
    polygons = Polygons.none(len(subject)) if shapeless and subject.polygons is not None else subject.polygons
    return replace(subject, layer=layer, raw=Texts(layer, {}), bad=subject.bad.clear(), polygons=polygons)
