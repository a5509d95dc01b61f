"""Facts of the land itself: areas, present land class, construction land then and now, urban stock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.identify import FactSource
from panhuo.land.codes.landuse import is_construction, is_farmland, land_group
from panhuo.survey.measure.facts import Facts, Parcels
from panhuo.survey.measure.shares import Overlaid

#: Town attributes of the land survey: 201 city, 202 town (A = detached industrial land); 203 village.
URBAN, VILLAGE = ("201", "201A", "202", "202A"), ("203", "203A")


@dataclass(frozen=True, slots=True)
class Rules:
    """From which share on a parcel counts as construction land, as urban land, as village land (set locally)."""

    construction: float = 0.5
    second_survey: float = 0.5
    urban: float = 0.5
    village: float = 0.5
    covered: float = 0.5


def of_codes(frame: pl.DataFrame, column: str, test: Callable[[pl.Expr, str], pl.Expr], scheme: str) -> pl.Series:
    """A test of land class codes, made once a code and not once a row."""
    codes = frame.select(pl.col(column).unique())
    answers = codes.with_columns(test(pl.col(column), scheme).alias("_answer"))
    return frame.select(column).join(answers, on=column, how="left", nulls_equal=True, maintain_order="left")["_answer"]


def measure_areas(parcels: Parcels) -> Facts:
    """Ellipsoidal and planar areas; the declared area stays what was declared."""
    facts = Facts.empty(len(parcels)).add(
        {"area_m2": parcels.area, "planar_area_m2": parcels.planar}, FactSource("图形量算")
    )
    return facts


def measure_patches(overlaid: Overlaid, source: FactSource, rules: Rules) -> Facts:
    """Present land class, construction and farmland share, urban stock, village land."""
    frame = overlaid.frame
    group = of_codes(frame, "land_class", land_group, "survey3")
    main = overlaid.main("land_class").rename({"land_class": "main_land_class"}).drop("share")
    facts = Facts.empty(len(overlaid.parcels)).join(main, source)
    facts = facts.join(
        overlaid_main(overlaid, group.alias("land_group")).drop("share"),
        source,
    )
    covered = pl.Series(overlaid.known("land_class")) >= rules.covered
    facts = facts.add(
        {
            "construction_share": _where(
                overlaid.share(of_codes(frame, "land_class", is_construction, "survey3")), covered
            ),
            "farmland_share": _where(overlaid.share(of_codes(frame, "land_class", is_farmland, "survey3")), covered),
        },
        source,
    )
    town = frame["town_attribute"].cast(pl.String)
    if town.is_not_null().any():
        facts = facts.add(
            {
                "urban_share": _where(overlaid.share(town.is_in(list(URBAN))), covered),
                "_village": _where(overlaid.share(town.is_in(list(VILLAGE))), covered),
            },
            source,
        )
        facts = facts.with_columns(
            ((pl.col("urban_share") >= rules.urban) & (pl.col("construction_share") >= rules.construction)).alias(
                "is_urban_stock"
            ),
            (pl.col("_village") >= rules.village).alias("is_village_land"),
            source=source,
        )
        facts = Facts(facts.frame.drop("_village"), {k: v for k, v in facts.sources.items() if k != "_village"})
    return facts


def measure_second_survey(overlaid: Overlaid, source: FactSource, rules: Rules) -> Facts:
    """Share of a parcel that was construction land in the second survey, and the yes or no that S1's P1 asks for."""
    built = of_codes(overlaid.frame, "land_class", is_construction, "survey2")
    covered = pl.Series(overlaid.known("land_class")) >= rules.covered
    facts = Facts.empty(len(overlaid.parcels)).add(
        {"second_survey_construction_share": _where(overlaid.share(built), covered)}, source
    )
    return facts.with_columns(
        (pl.col("second_survey_construction_share") >= rules.second_survey).alias("second_survey_is_construction"),
        source=source,
    )


def overlaid_main(overlaid: Overlaid, labels: pl.Series) -> pl.DataFrame:
    """The label that covers most of each parcel, for labels that are worked out of the layer's own fields."""
    return Overlaid(overlaid.parcels, overlaid.pairs, labels.to_frame()).main(labels.name)


def _where(values: NDArray[np.float64], known: pl.Series) -> pl.Series:
    """The values where enough of the parcel is covered by the layer; null elsewhere: not mapped is not known."""
    series = pl.Series(values).fill_nan(None)
    return pl.select(pl.when(known).then(series)).to_series()
