"""The nearest single change that would turn a verdict round, for every parcel."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import polars as pl

from panhuo.identify.conditions import BelowAverage, Between, Compare, Condition, Expression, FromTable, Standard
from panhuo.identify.trees import Tree, with_pivots


def with_flip(work: pl.DataFrame, standard: Standard, tree: Tree) -> pl.DataFrame:
    """``work`` with ``flip`` (id of the condition) and ``flip_change`` (relative change of its value, null if
    yes-or-no).

    A condition counts when turning it round, alone, turns a decided verdict between identified and not identified.
    Among thresholds the smallest relative change |limit - value| / |value| wins; a yes-or-no condition is named when no
    threshold does it. Averages are held as they are. Undecided parcels have none: what they lack is in ``missing``.
    """
    conditions = standard.conditions()
    frame, pivots = with_pivots(work, tree)
    turning = frame.select(e.alias(n) for n, e in pivots.items())
    least = np.full(work.height, np.inf)
    winner = np.full(work.height, -1, dtype=np.int64)
    names = list(pivots)
    for i, name in sorted(enumerate(names), key=lambda n: _limits(conditions[n[1]]) is None):
        rows = turning[name].arg_true().to_numpy().astype(np.int64)
        rows = rows if _limits(conditions[name]) is not None else rows[winner[rows] < 0]
        away = _away(conditions[name], work, rows)
        nearer = (away < least[rows]) | (winner[rows] < 0)
        least[rows[nearer]] = away[nearer]
        winner[rows[nearer]] = i
    words = pl.Series("flip", names, dtype=pl.String)
    found = pl.Series("flip", winner).replace(-1, None)
    change = pl.Series("flip_change", np.where(np.isfinite(least), least, np.nan)).fill_nan(None)
    return work.with_columns(words.gather(found) if names else pl.lit(None, dtype=pl.String).alias("flip"), change)


def _limits(condition: Condition) -> list[pl.Expr] | None:
    """The numbers at which the condition turns; None for a condition without a number."""
    test, name = condition.test, condition.id
    match test:
        case Compare(operator="lt" | "le" | "gt" | "ge", threshold=FromTable()):
            return [pl.col(f"{name}@threshold")]
        case Compare(operator="lt" | "le" | "gt" | "ge", threshold=int() | float() as limit):
            return [pl.lit(float(limit))]
        case Between(low=int() | float() as low, high=int() | float() as high):
            return [pl.lit(float(low)), pl.lit(float(high))]
        case BelowAverage(factor=factor) if factor is not None:
            times = pl.col(f"{name}@factor") if isinstance(factor, FromTable) else pl.lit(factor)
            return [times * pl.col(f"{name}@average")]
        case _:
            return None


def _away(condition: Condition, work: pl.DataFrame, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """How far the values of these rows are from turning the condition, relative to themselves (infinite: no number, or
    0).
    """
    limits = _limits(condition)
    if limits is None or isinstance(condition.test, Expression):
        return np.full(len(rows), np.inf)
    value = pl.col(condition.test.fact).cast(pl.Float64)
    gap = pl.min_horizontal((limit - value).abs() for limit in limits) / value.abs()
    away = work.select(pl.when(value != 0).then(gap).fill_null(math.inf).alias("gap"))["gap"].to_numpy()
    return np.asarray(away[rows], dtype=np.float64)
