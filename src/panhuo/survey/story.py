"""What the chapters of the survey report are told from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.documents import Drawing, MapSpec, map_svg
from panhuo.documents.maps import BoundaryLayer, ClassStyle, MapLayer
from panhuo.identify import Verdicts
from panhuo.land.polygons import Polygons
from panhuo.land.projection import transform
from panhuo.land.systems import Crs
from panhuo.messages import Lang, Text
from panhuo.overlay import duplicates
from panhuo.packs import Pack
from panhuo.survey.config import SurveyConfig
from panhuo.survey.measured import Measured, Shapes
from panhuo.survey.tables import OUTCOMES, Reconciliation


@dataclass(frozen=True)
class Story:
    """A finished survey, as its report sees it.

    ``parcels`` are all delivered ones, ``summary`` the columns of the tables.
    """

    config: SurveyConfig
    pack: Pack
    measured: Measured
    verdicts: Verdicts
    findings: pl.DataFrame
    notes: dict[str, Any]
    parcels: pl.DataFrame
    summary: pl.DataFrame
    balance: Reconciliation
    lang: Lang

    def say(self, zh: str, en: str) -> str:
        return Text(zh, en)(self.lang)

    @cached_property
    def judged(self) -> pl.DataFrame:
        """The judged parcels, in the order of the shapes."""
        return self.parcels.filter(pl.col("outcome") != "handed_back")

    @cached_property
    def identified(self) -> pl.DataFrame:
        return self.parcels.filter(pl.col("outcome") == "identified")

    def has(self, *columns: str) -> bool:
        """Whether the columns exist and say anything at all."""
        return all(c in self.parcels.columns and self.parcels[c].is_not_null().any() for c in columns)

    def class_name(self, class_id: str | None) -> str:
        for one in self.verdicts.standard.classes:
            if one.id == class_id:
                return one.name(self.lang)
        return class_id or "—"

    @cached_property
    def shapes(self) -> Polygons:
        """The judged parcels' shapes in the survey's zone."""
        return _planar(self.measured.geometry, self.measured.crs)

    @cached_property
    def painted(self) -> NDArray[np.bool_]:
        """Which of the shapes are painted: of flats on one lot the first, the others would lie exactly under it."""
        return np.asarray(duplicates(self.shapes) == np.arange(len(self.shapes)))

    @cached_property
    def boundaries(self) -> tuple[BoundaryLayer, ...]:
        """Townships with their names, then the county's line without."""
        towns = self.measured.townships
        if not towns.frame.height or "division_name" not in towns.frame.columns:
            return ()
        code = towns.frame["division_code"].str.len_chars() >= 9
        out = []
        for mask, named in ((code, True), (~code, False)):
            rows = mask.fill_null(False).arg_true().to_numpy()
            if not len(rows):
                continue
            polygons = _planar(towns.geometry, self.measured.crs).take(rows)
            names = tuple(str(n or "") for n in towns.frame["division_name"].gather(rows)) if named else ()
            title = self.say("乡镇（街道）界", "township boundary") if named else self.say("县级界", "county boundary")
            out.append(
                BoundaryLayer(polygons, title, names, width=0.6, dash="5 3")
                if named
                else BoundaryLayer(polygons, title, (), width=1.3, dash="8 3 2 3")
            )
        return tuple(out)

    def map(self, title: str, classes: NDArray[np.int64], styles: tuple[ClassStyle, ...]) -> Drawing:
        """The judged parcels painted by class, with townships, scale, north arrow and legend.

        It is drawn here, once for all papers: it fits the pages of each.
        """
        spec = MapSpec(
            title=title,
            layers=(MapLayer(self.shapes, np.where(self.painted, classes, -1), styles),),
            boundaries=self.boundaries,
            crs_note=self.measured.crs.text(self.lang),
            date=self.config.on,
            lang=self.lang,
            height_mm=170,
        )
        return map_svg(spec)


#: One colour for one outcome, everywhere; told apart in print and by colour-blind readers.
OUTCOME_STYLES = {
    "identified": "#c0392b",
    "unknown": "#e8b04b",
    "not": "#c9d3dc",
    "excluded": "#7f8fa6",
}


def outcome_map(story: Story) -> Drawing:
    """All judged parcels by outcome."""
    names = list(OUTCOME_STYLES)
    rank = {name: i for i, name in enumerate(names)}
    classes = story.judged["outcome"].replace_strict(rank, return_dtype=pl.Int64).to_numpy()
    styles = tuple(ClassStyle(OUTCOMES[n](story.lang), OUTCOME_STYLES[n]) for n in names)
    return story.map(story.say("认定结论分布图", "Outcomes"), classes, styles)


def _planar(geometry: Any, crs: Crs) -> Polygons:
    polygons = Polygons.from_wkb(geometry)
    if not len(polygons.coords):
        return polygons
    return polygons.with_coords(transform(polygons.coords, Crs.from_epsg(4490), crs))


def empty(shapes: Shapes) -> bool:
    return shapes.frame.height == 0
