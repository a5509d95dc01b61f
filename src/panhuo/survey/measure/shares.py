"""How much of each parcel lies in what: one overlay of a layer, many questions put to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.land.polygons import Polygons
from panhuo.overlay import Pairs, intersections
from panhuo.progress import Progress, silent
from panhuo.quality.subject import Subject
from panhuo.survey.measure.facts import Parcels


@dataclass(frozen=True, slots=True)
class Overlaid:
    """The parcels laid over one or several layers of a role.

    pairs : areas of intersection (planar m²) of parcel rows with the rows of all layers put one after the other
    frame : the standard fields of those rows
    """

    parcels: Parcels
    pairs: Pairs
    frame: pl.DataFrame

    def _sum(self, weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
        area = self.pairs.area if weights is None else self.pairs.area * weights[self.pairs.right]
        total: NDArray[np.float64] = np.bincount(self.pairs.left, area, minlength=len(self.parcels)).astype(np.float64)
        return total

    def share(self, mask: pl.Series | None = None) -> NDArray[np.float64]:
        """(n,) share of each parcel inside the rows where ``mask`` holds (all of them by default), 0 to 1.

        Rows whose mask is null count as not holding; see :meth:`known` for how much of a parcel they are. A layer that
        overlaps itself would give more than 1; that is cut off here and a finding of its own elsewhere.
        """
        weights = None if mask is None else mask.fill_null(False).cast(pl.Float64).to_numpy()
        return self._portion(self._sum(weights))

    def known(self, column: str) -> NDArray[np.float64]:
        """(n,) share of each parcel that is covered by rows with a value in ``column``."""
        return self._portion(self._sum(self.frame[column].is_not_null().cast(pl.Float64).to_numpy()))

    def _portion(self, area: NDArray[np.float64]) -> NDArray[np.float64]:
        planar = self.parcels.planar
        out = np.divide(area, planar, out=np.full(len(area), np.nan), where=planar > 0)
        portion: NDArray[np.float64] = np.clip(out, 0.0, 1.0)
        return portion

    def mean(self, column: str) -> NDArray[np.float64]:
        """(n,) mean of a number over the covered part of each parcel, weighted by area; nan where nothing is known."""
        values = self.frame[column].cast(pl.Float64)
        there = values.is_not_null().cast(pl.Float64).to_numpy()
        area = self._sum(there)
        total = self._sum(values.fill_null(0.0).to_numpy())
        mean: NDArray[np.float64] = np.divide(total, area, out=np.full(len(area), np.nan), where=area > 0)
        return mean

    def main(self, *columns: str) -> pl.DataFrame:
        """For each parcel the values of ``columns`` that cover most of it: ``row``, the columns, ``share``.

        Ties go to the value that sorts first, so that the answer is stable. Parcels that nothing covers have no row.
        """
        labels = self.frame.select(columns)
        names = labels.unique().sort(columns, nulls_last=True).with_row_index("g")
        group = labels.join(names, on=columns, how="left", nulls_equal=True, maintain_order="left")["g"]
        known = labels[columns[0]].is_not_null()
        right = pl.Series(self.pairs.right)
        pairs = pl.DataFrame(
            {
                "row": pl.Series(self.pairs.left).cast(pl.Int64),
                "g": group.gather(right),
                "area": self.pairs.area,
                "known": known.gather(right),
            }
        ).filter("known")
        best = (
            pairs.group_by("row", "g")
            .agg(pl.col("area").sum())
            .sort(["row", "area", "g"], descending=[False, True, False])
            .group_by("row", maintain_order=True)
            .first()
        )
        planar = pl.Series(self.parcels.planar).gather(best["row"])
        return (
            best.join(names, on="g", how="left", maintain_order="left")
            .with_columns((pl.col("area") / planar).clip(0.0, 1.0).alias("share"))
            .select("row", *columns, "share")
        )


def lay_over(
    parcels: Parcels, subjects: Sequence[Subject], columns: Sequence[str], *, progress: Progress = silent
) -> Overlaid:
    """Lay the parcels over the layers of one role; ``columns`` are the standard fields that will be asked for."""
    shapes, frames = [], []
    for subject in subjects:
        if subject.polygons is None:
            continue
        shapes.append(subject.polygons)
        frames.append(subject.columns(*columns))
    both = Polygons.concat(shapes) if len(shapes) != 1 else shapes[0]
    nothing = pl.DataFrame({c: [] for c in columns})
    frame = pl.concat(frames, how="vertical_relaxed", rechunk=True) if frames else nothing
    return Overlaid(parcels, intersections(parcels.polygons, both, progress=progress), frame)
