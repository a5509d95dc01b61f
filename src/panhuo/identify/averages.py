"""Local averages of an industry: the benchmark of "明显低于地方行业平均水平"."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from panhuo.identify.conditions import BelowAverage

#: A value counts as below its benchmark only beyond rounding: equal values are never below their own mean.
ROUNDING = 1e-9


def with_averages(frame: pl.DataFrame, tests: Iterable[tuple[str, BelowAverage]]) -> pl.DataFrame:
    """``frame`` with ``<id>@average`` and ``<id>@group_size`` for every below-average condition.

    The average is null where a fact of the group is unknown; ``group_size`` counts the values the average was made of
    (the others only, when ``leave_one_out``). The smallest allowed group is judged by the condition, not here.
    """
    columns: list[pl.Expr] = []
    medians: list[pl.Series] = []
    known: dict[BelowAverage, str] = {}
    for name, test in tests:
        same = BelowAverage(test.fact, test.by, test.within, None, test.statistic, 1, test.leave_one_out, test.weights)
        if same in known:
            columns += [pl.col(f"{known[same]}@{c}").alias(f"{name}@{c}") for c in ("average", "group_size")]
            continue
        known[same] = name
        if test.statistic == "median" and test.leave_one_out:
            medians += _median_of_others(frame, name, test)
        else:
            columns += _average(name, test)
    own = [c for c in columns if c.meta.output_name().split("@")[0] in known.values()]
    copies = [c for c in columns if c.meta.output_name().split("@")[0] not in known.values()]
    return frame.with_columns(own).with_columns(medians).with_columns(copies)


def _average(name: str, test: BelowAverage) -> list[pl.Expr]:
    value = pl.col(test.fact).cast(pl.Float64)
    whole = pl.all_horizontal(pl.col(k).is_not_null() for k in test.group)
    if test.weights:
        weight = pl.col(test.weights).cast(pl.Float64)
        weight = pl.when(value.is_not_null()).then(weight)
        value_w = value * weight
        total, mass = value_w.sum().over(test.group), pl.when(value_w.is_not_null()).then(weight).sum().over(test.group)
        number = value_w.count().over(test.group)
    else:
        value_w, weight = value, pl.lit(1.0)
        total, number = value.sum().over(test.group), value.count().over(test.group)
        mass = number.cast(pl.Float64)
    if test.statistic == "median":
        mean = value.median().over(test.group)
    else:
        if test.leave_one_out:
            mine = value_w.is_not_null()
            total, number = total - value_w.fill_null(0.0), number - mine
            mass = mass - pl.when(mine).then(weight).otherwise(0.0)
        mean = total / pl.when(mass > 0).then(mass)
    return [
        pl.when(whole & (number > 0)).then(mean).alias(f"{name}@average"),
        pl.when(whole).then(number.cast(pl.UInt32)).alias(f"{name}@group_size"),
    ]


def _median_of_others(frame: pl.DataFrame, name: str, test: BelowAverage) -> list[pl.Series]:
    """The median of the group without the parcel itself: one sort, then a shift past one's own rank."""
    rows = frame.height
    average = np.full(rows, np.nan)
    size = np.zeros(rows, dtype=np.uint32)
    part = (
        frame.select(pl.col(test.group), pl.col(test.fact).cast(pl.Float64).alias("@value"))
        .with_row_index("@row")
        .drop_nulls(list(test.group))
        .with_columns(pl.struct(test.group).rank("dense").alias("@group"))
        .sort("@group", "@value", nulls_last=True)
    )
    if part.height:
        group = part["@group"].to_numpy()
        value = part["@value"].to_numpy()
        row = part["@row"].to_numpy()
        begin = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
        length = np.diff(np.r_[begin, len(group)])
        present = np.add.reduceat(~np.isnan(value), begin)
        first, count = np.repeat(begin, length), np.repeat(present, length)
        rank = np.arange(len(group)) - first
        mine = rank < count
        others = count - mine
        own_rank = np.where(mine, rank, count)

        def other(k: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
            at = first + np.where(k < own_rank, k, k + 1)
            return np.asarray(value[np.clip(at, 0, len(value) - 1)], dtype=np.float64)

        low, high = other(np.maximum(others - 1, 0) // 2), other(others // 2)
        average[row] = np.where(others > 0, (low + high) / 2, np.nan)
        size[row] = others
    known = frame.select(pl.all_horizontal(pl.col(k).is_not_null() for k in test.group).alias("known"))["known"]
    nothing = pl.Series([None], dtype=pl.UInt32)
    return [
        pl.Series(f"{name}@average", average).fill_nan(None),
        pl.Series(f"{name}@group_size", size).zip_with(known, nothing.new_from_index(0, rows)),
    ]
