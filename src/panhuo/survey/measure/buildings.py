"""Facts of buildings: footprint, floor area, plot ratio, density, age, danger, idleness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.identify import FactSource
from panhuo.overlay import homes
from panhuo.survey.measure.facts import Facts
from panhuo.survey.measure.shares import Overlaid

#: JGJ 125-2016: grade C is partly, grade D wholly dangerous.
DANGEROUS = ("C", "D", "C级", "D级")
#: The columns that measuring buildings asks for.
FIELDS = ("floors", "height_m", "built_year", "danger_grade", "idle")
_IDLE = dict.fromkeys(("是", "闲置", "全部闲置", "空置", "1", "true"), 1.0) | {"部分闲置": 0.5}
_IDLE |= dict.fromkeys(("否", "在用", "使用", "0", "false", "未闲置", "不闲置"), 0.0)


@dataclass(frozen=True, slots=True)
class Rules:
    """``double_height_m``: a storey higher than this counts twice in the plot ratio (工业项目建设用地控制指标: 8 m)."""

    double_height_m: float = 8.0


def measure_buildings(overlaid: Overlaid, source: FactSource, rules: Rules) -> Facts:
    """Buildings are divided among parcels by area: a house on two parcels gives each its part.

    A parcel without any building has footprint, floor area and plot ratio 0: the building layer is complete by its
    nature.
    A building whose number of floors is missing makes the floor area of its parcels unknown, not smaller.
    """
    n = len(overlaid.parcels)
    frame, left, right = overlaid.frame, overlaid.pairs.left, overlaid.pairs.right
    area = overlaid.pairs.area
    floors = frame["floors"].cast(pl.Float64).to_numpy().copy()
    height = (
        frame["height_m"].cast(pl.Float64).to_numpy() if "height_m" in frame.columns else np.full(len(frame), np.nan)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        double = (height / floors) > rules.double_height_m
    counted = np.where(double, floors * 2.0, floors)
    unknown = np.isnan(counted)
    footprint = np.bincount(left, area, minlength=n).astype(np.float64)
    floor_area = np.bincount(left, area * np.nan_to_num(counted)[right], minlength=n)
    missing = np.bincount(left, (area * unknown[right]) > 0, minlength=n) > 0
    # planar areas to areas on the ellipsoid: by the parcel's own ratio
    planar, ellipsoid = overlaid.parcels.planar, overlaid.parcels.area
    ratio = np.divide(ellipsoid, planar, out=np.ones(n), where=planar > 0)
    footprint, floor_area = footprint * ratio, floor_area * ratio
    built = np.where(missing, np.nan, floor_area)
    home = homes(overlaid.pairs, len(frame))
    held = np.bincount(home[home >= 0], minlength=n)
    facts = Facts.empty(n).add(
        {
            "building_count": pl.Series(held).cast(pl.Int64),
            "footprint_m2": pl.Series(footprint),
            "floor_area_m2": pl.Series(built).fill_nan(None),
            "plot_ratio": pl.Series(_ratio(built, ellipsoid)).fill_nan(None),
            "building_density": pl.Series(np.clip(_ratio(footprint, ellipsoid), 0.0, 1.0)).fill_nan(None),
        },
        source,
    )  # fmt: skip
    facts = _ages(overlaid, facts, source)
    return _quality(overlaid, facts, source, np.where(unknown, 1.0, counted))


def _ratio(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return ratio


def _ages(overlaid: Overlaid, facts: Facts, source: FactSource) -> Facts:
    years = overlaid.frame["built_year"]
    if not years.is_not_null().any():
        return facts
    pairs = pl.DataFrame({"row": overlaid.pairs.left, "year": years.gather(pl.Series(overlaid.pairs.right))})
    oldest = pairs.drop_nulls().group_by("row").agg(pl.col("year").min().cast(pl.Int64).alias("oldest_built_year"))
    return facts.join(oldest.with_columns(pl.col("row").cast(pl.Int64)), source)


def _quality(overlaid: Overlaid, facts: Facts, source: FactSource, floors: NDArray[np.float64]) -> Facts:
    """Shares of dangerous and of idle floor area among the floor area of which it is known."""
    frame = overlaid.frame
    grade = frame["danger_grade"].cast(pl.String).str.to_uppercase()
    idle = frame["idle"].cast(pl.String).str.strip_chars()
    share = idle.replace_strict(_IDLE, default=None, return_dtype=pl.Float64)
    number = idle.str.extract(r"^(\d+(?:\.\d+)?)").cast(pl.Float64)
    given = pl.select(
        pl.when(share.is_not_null()).then(share).when(idle.str.ends_with("%")).then(number / 100).otherwise(number)
    ).to_series()
    given = pl.select(pl.when(given.is_between(0.0, 1.0)).then(given)).to_series()
    for name, value in (
        ("dangerous_share", grade.is_in(list(DANGEROUS)).cast(pl.Float64)),
        ("idle_floor_share", given),
    ):
        if not value.is_not_null().any():
            continue
        known = value.is_not_null().to_numpy() * floors
        held = np.bincount(overlaid.pairs.left, overlaid.pairs.area * known[overlaid.pairs.right], minlength=len(facts))
        bad = value.fill_null(0.0).to_numpy() * floors
        part = np.bincount(overlaid.pairs.left, overlaid.pairs.area * bad[overlaid.pairs.right], minlength=len(facts))
        shares = np.divide(part, held, out=np.full(len(facts), np.nan), where=held > 0)
        facts = facts.add({name: pl.Series(shares).fill_nan(None)}, source)
    return facts
