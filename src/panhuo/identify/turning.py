"""The nearest single change that would turn a verdict round, for every parcel."""

from __future__ import annotations

import math

import polars as pl

from panhuo.identify.conditions import BelowAverage, Between, Compare, Condition, FromTable, Standard
from panhuo.identify.trees import Tree, with_pivots


def with_flip(work: pl.DataFrame, standard: Standard, tree: Tree) -> pl.DataFrame:
    """``work`` with ``flip`` (id of the condition) and ``flip_change`` (relative change of its value, null if yes-or-no).

    A condition counts when turning it round, alone, turns a decided verdict between identified and not identified. Among
    thresholds the smallest relative change |limit - value| / |value| wins; a yes-or-no condition is named when no threshold
    does it. Averages are held as they are. Undecided parcels have none: what they lack is in ``missing``.
    """
    conditions = standard.conditions()
    work, pivots = with_pivots(work, tree)
    gaps: dict[str, pl.Expr] = {}
    plain: list[pl.Expr] = []
    for name, pivot in pivots.items():
        gap = _gap(conditions[name])
        if gap is None:
            plain.append(pl.when(pivot).then(pl.lit(name)))
        else:
            gaps[name] = pl.when(pivot).then(gap)
    work = work.with_columns(gap.alias(f"~{name}") for name, gap in gaps.items())
    nothing, none = pl.lit(None, dtype=pl.Float64), pl.lit(None, dtype=pl.String)
    work = work.with_columns(pl.min_horizontal(nothing, *(pl.col(f"~{n}") for n in gaps)).alias("~least"))
    nearest = [pl.when(pl.col(f"~{n}") == pl.col("~least")).then(pl.lit(n)) for n in gaps]
    least = pl.col("~least")
    return work.with_columns(
        pl.coalesce(*nearest, *plain, none).alias("flip"),
        pl.when(least < math.inf).then(least).otherwise(nothing).alias("flip_change"),
    )


def _gap(condition: Condition) -> pl.Expr | None:
    """How far the value is from turning the condition, relative to itself; None for conditions without a number."""
    test, name = condition.test, condition.id
    match test:
        case Compare(operator="lt" | "le" | "gt" | "ge", threshold=FromTable()):
            limits = [pl.col(f"{name}@threshold")]
        case Compare(operator="lt" | "le" | "gt" | "ge", threshold=int() | float() as limit):
            limits = [pl.lit(float(limit))]
        case Between(low=int() | float() as low, high=int() | float() as high):
            limits = [pl.lit(float(low)), pl.lit(float(high))]
        case BelowAverage(factor=factor) if factor is not None:
            times = pl.col(f"{name}@factor") if isinstance(factor, FromTable) else pl.lit(factor)
            limits = [times * pl.col(f"{name}@average")]
        case _:
            return None
    value = pl.col(test.fact).cast(pl.Float64)
    away = pl.min_horizontal((limit - value).abs() for limit in limits)
    return pl.when(value != 0).then(away / value.abs()).otherwise(pl.lit(math.inf))
