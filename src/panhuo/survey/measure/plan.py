"""Facts of plans: planned use, renewal areas, control lines, the exit list, legacy land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from panhuo.identify import FactSource
from panhuo.survey.measure.facts import Facts, Parcels, source_of
from panhuo.survey.measure.registration import speaks_of_parcels
from panhuo.survey.measure.shares import Overlaid, lay_over
from panhuo.survey.sources import Sources

#: Fact -> kind of control line, and whether the fact is an area (m²) or a share of the parcel.
LINES = {
    "redline_area_m2": "生态保护红线",
    "basic_farmland_area_m2": "永久基本农田",
    "urban_boundary_share": "城镇开发边界",
    "control_line_share": "工业用地控制线",
}


@dataclass(frozen=True, slots=True)
class Rules:
    """From which share on a parcel counts as lying in a renewal area, on the exit list, in the legacy register."""

    renewal: float = 0.5
    exit_list: float = 0.5
    legacy: float = 0.5


def measure_zones(overlaid: Overlaid, source: FactSource) -> Facts:
    """Planned use of most of the parcel, with its share, and the plot ratio that the plan allows (mean by area)."""
    main = overlaid.main("plan_use").rename({"share": "plan_use_share"})
    facts = Facts.empty(len(overlaid.parcels)).join(main, source)
    if overlaid.frame["max_plot_ratio"].is_not_null().any():
        ratio = pl.Series(overlaid.mean("max_plot_ratio")).fill_nan(None)
        facts = facts.add({"max_plot_ratio": ratio}, source)
    return facts


def measure_renewal(overlaid: Overlaid, source: FactSource, rules: Rules) -> Facts:
    """Whether a plan marks the parcel for renewal, and as what kind of area."""
    kinds = overlaid.main("area_kind").rename({"area_kind": "renewal_area_kind"}).drop("share")
    share = pl.Series(overlaid.share()).fill_nan(None)
    facts = Facts.empty(len(overlaid.parcels)).add({"renewal_share": share}, source).join(kinds, source)
    return facts.with_columns(
        (pl.col("renewal_share") >= rules.renewal).alias("in_renewal_area"),
        pl.when(pl.col("renewal_share") >= rules.renewal)
        .then(pl.col("renewal_area_kind"))
        .otherwise(pl.lit("不在更新改造范围"))
        .alias("renewal_area_kind"),
        source=source,
    )


def measure_lines(overlaid: Overlaid, source: FactSource) -> Facts:
    """Areas in the red line and in basic farmland, shares inside the urban boundary and the industrial control line.

    A line of a kind that was not delivered at all leaves its fact unknown.
    """
    facts = Facts.empty(len(overlaid.parcels))
    kinds = overlaid.frame["line_kind"]
    for name, kind in LINES.items():
        mask = kinds == kind
        if not mask.any():
            continue
        share = np.nan_to_num(overlaid.share(mask))
        facts = facts.add({name: share * overlaid.parcels.area if name.endswith("_m2") else share}, source)
    return facts


def measure_exit_list(sources: Sources, parcels: Parcels, rules: Rules) -> Facts:
    """Whether the parcel is on the 退二进三 list: by its code, or by lying in a listed area. The list is complete."""
    listed = np.zeros(len(parcels), bool)
    table = sources.table("exit_list", "parcel_code")
    if table is not None:
        listed |= parcels.frame["parcel_code"].is_in(table["parcel_code"].drop_nulls().implode()).to_numpy()
    shapes = [s for s in sources.subjects("exit_list") if s.polygons is not None]
    if not shapes and table is not None and not speaks_of_parcels(table):
        return Facts.empty(len(parcels))
    if shapes:
        share = lay_over(parcels, shapes, ("parcel_code",)).share()
        listed |= np.nan_to_num(share) >= rules.exit_list
    return Facts.empty(len(parcels)).add({"in_exit_list": pl.Series(listed)}, source_of(sources.subjects("exit_list")))


def measure_legacy(overlaid: Overlaid, source: FactSource, rules: Rules) -> Facts:
    """Whether most of the parcel lies on land of the legacy register, and in which situation that land is."""
    share = pl.Series(np.nan_to_num(overlaid.share()))
    kinds = overlaid.main("situation").rename({"situation": "legacy_situation"}).drop("share")
    facts = Facts.empty(len(overlaid.parcels)).add({"_share": share}, source).join(kinds, source)
    facts = facts.with_columns(
        (pl.col("_share") >= rules.legacy).alias("in_legacy_register"),
        pl.when(pl.col("_share") >= rules.legacy).then(pl.col("legacy_situation")).alias("legacy_situation"),
        source=source,
    )
    return Facts(facts.frame.drop("_share"), {k: v for k, v in facts.sources.items() if k != "_share"})
