"""Local averages of an industry: the benchmark of "明显低于地方行业平均水平"."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from panhuo.identify.conditions import BelowAverage

#: A value counts as below its benchmark only beyond rounding: equal values are never below their own mean.
ROUNDING = 1e-9

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def with_averages(frame: pl.DataFrame, tests: Iterable[tuple[str, BelowAverage]]) -> pl.DataFrame:
    """``frame`` with ``<id>@average`` and ``<id>@group_size`` for every below-average condition.

    The average is null where a fact of the group is unknown; ``group_size`` counts the values the average was made of
    (the others only, when ``leave_one_out``). The smallest allowed group is judged by the condition, not here.
    """
    numbered: dict[tuple[str, ...], tuple[Ints, int]] = {}
    columns: list[pl.Series] = []
    for name, test in tests:
        if test.group not in numbered:
            numbered[test.group] = group_numbers(frame, test.group)
        group, groups = numbered[test.group]
        value = _numbers(frame, test.fact)
        if test.statistic == "median":
            average, size = _medians(value, group, groups, test.leave_one_out)
        else:
            weight = _numbers(frame, test.weights) if test.weights else None
            average, size = _means(value, weight, group, groups, test.leave_one_out)
        outside = group < 0
        average[outside] = np.nan
        columns += [
            pl.Series(f"{name}@average", average).fill_nan(None),
            pl.Series(f"{name}@group_size", np.where(outside, -1, size)).replace(-1, None).cast(pl.UInt32),
        ]
    return frame.with_columns(columns)


def group_numbers(frame: pl.DataFrame, keys: tuple[str, ...]) -> tuple[Ints, int]:
    """A number from 0 for every group of equal keys, -1 where a key is unknown; and how many groups there are."""
    plain = frame.select(keys)
    groups = plain.unique(maintain_order=True).drop_nulls().with_row_index("@group")
    number = plain.join(groups, on=list(keys), how="left", maintain_order="left")["@group"]
    return number.cast(pl.Int64).fill_null(-1).to_numpy(), groups.height


def _numbers(frame: pl.DataFrame, name: str) -> Floats:
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _means(value: Floats, weight: Floats | None, group: Ints, groups: int, leave_one_out: bool) -> tuple[Floats, Ints]:
    """Mean of each row's group (without the row itself, if so asked) and of how many values."""
    mine = ~np.isnan(value) & (group >= 0)
    if weight is not None:
        mine &= ~np.isnan(weight)
    own_weight = np.where(mine, 1.0 if weight is None else weight, 0.0)
    own = np.where(mine, value, 0.0) * own_weight
    inside = group[mine]
    total = np.bincount(inside, own[mine], groups)
    mass = np.bincount(inside, own_weight[mine], groups)
    number = np.bincount(inside, minlength=groups)
    if groups == 0:
        return np.full(len(value), np.nan), np.zeros(len(value), dtype=np.int64)
    sums, masses, size = total[group], mass[group], number[group]
    if leave_one_out:
        sums, masses, size = sums - own, masses - own_weight, size - mine
    good = (size > 0) & (masses > 0)
    return np.divide(sums, masses, out=np.full(len(value), np.nan), where=good), size


def _medians(value: Floats, group: Ints, groups: int, leave_one_out: bool) -> tuple[Floats, Ints]:
    """Median of each row's group: one sort by group and value; leaving a row out shifts the ranks behind its own by
    one.
    """
    if groups == 0:
        return np.full(len(value), np.nan), np.zeros(len(value), dtype=np.int64)
    mine = ~np.isnan(value) & (group >= 0)
    rows = np.flatnonzero(mine)
    rows = rows[np.lexsort((value[rows], group[rows]))]
    number = np.bincount(group[rows], minlength=groups)
    begin = np.cumsum(number) - number
    ranked = value[rows]
    own_rank = np.full(len(value), np.iinfo(np.int64).max)
    own_rank[rows] = np.arange(len(rows)) - begin[group[rows]]
    first, size = begin[group], number[group]
    if leave_one_out:
        size = size - mine
    else:
        own_rank[:] = np.iinfo(np.int64).max

    def at(k: Ints) -> Floats:
        place = first + k + (k >= own_rank)
        return ranked[np.clip(place, 0, max(len(ranked) - 1, 0))] if len(ranked) else np.full(len(value), np.nan)

    middle = (at(np.maximum(size - 1, 0) // 2) + at(size // 2)) / 2
    return np.where(size > 0, middle, np.nan), size
