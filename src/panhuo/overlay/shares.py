"""What lies on a parcel: shares of classes, coverage, buildings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import ArrayLike, NDArray

from panhuo.land.polygons import Polygons
from panhuo.messages import PanhuoError
from panhuo.overlay.intersections import Pairs, intersections
from panhuo.overlay.prepared import prepare
from panhuo.progress import Progress, silent

#: A coverage above one by less than this is rounding.
OVER = 1e-6


def shares(
    parcels: Polygons,
    layer: Polygons,
    by: pl.Series | Sequence[object] | NDArray[np.generic],
    *,
    areas: ArrayLike | None = None,
    minimum: float = 0.0,
    threads: int | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Area of each class of ``layer`` on each parcel.

    ``by`` names the class of every row of ``layer`` (null is a class of its own). ``areas`` (n,) are the parcels'
    areas to be shared out, e.g. from the ellipsoid when the coordinates are degrees; without it the plane areas of
    the coordinates. ``minimum`` is in squared units of the coordinates, per pair.

    Returns one row per parcel and class that meet, sorted by both (classes in the order of their first appearance):
    ``row`` (UInt32), ``class`` (as in ``by``), ``area`` (Float64), ``share`` of the parcel (Float64). Where the layer
    overlaps itself, shares add up to more than one; :func:`coverage` says where.
    """
    names = pl.Series("class", by)
    _same_length(len(names), len(layer), "by")
    names, codes = _codes(names)
    pairs = intersections(parcels, layer, minimum=minimum, threads=threads, progress=progress)
    row, code, area = _sum_by_class(pairs.left, codes[pairs.right], pairs.area)
    share, area = _share_out(parcels, row, area, areas, threads)
    return pl.DataFrame({"row": row, "class": names.gather(code), "area": area, "share": share})


def main_class(shares: pl.DataFrame) -> pl.DataFrame:
    """The class with the largest share of each parcel: ``row``, ``class``, ``area``, ``share``; the first one on a
    tie.
    """
    if not shares.height:
        return shares
    best = _first_of_largest(shares["row"].to_numpy(), shares["share"].to_numpy())
    picked: pl.DataFrame = shares[best]
    return picked


def coverage(
    parcels: Polygons,
    layer: Polygons,
    *,
    areas: ArrayLike | None = None,
    minimum: float = 0.0,
    threads: int | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """How much of each parcel ``layer`` covers: one row a parcel, in order.

    ``row``, ``area`` (sum over the layer's rows), ``share`` (that sum by the parcel's area, not cut at one),
    ``pieces`` (rows of the layer that meet it) and ``over`` (Bool: the sum is more than the parcel, so the layer
    overlaps itself there and the share must not be read as a coverage). Null where the parcel has no usable geometry.
    """
    pairs = intersections(parcels, layer, minimum=minimum, threads=threads, progress=progress)
    n = len(parcels)
    row = np.arange(n, dtype=np.uint32)
    total = _totals(pairs.left, pairs.area, n)
    share, area = _share_out(parcels, row, total, areas, threads)
    frame = pl.DataFrame(
        {
            "row": row,
            "area": area,
            "share": share,
            "pieces": np.bincount(pairs.left, minlength=n).astype(np.uint32),
            "over": share > 1.0 + OVER,
        }
    )
    return _null_without_geometry(frame, parcels)


def building_sums(
    parcels: Polygons,
    buildings: Polygons,
    floors: ArrayLike,
    *,
    weights: Mapping[str, ArrayLike] | None = None,
    areas: ArrayLike | None = None,
    minimum: float = 0.0,
    threads: int | None = None,
    progress: Progress = silent,
) -> pl.DataFrame:
    """Buildings on each parcel, a building over an edge split by area: one row a parcel, in order.

    ``floors`` (m,) above-ground floors, NaN (or null) where unknown. ``weights`` are further values per building
    (e.g. 1 where it is dangerous); each gives a column with the sum of floor area times the value. ``areas`` as in
    :func:`shares`.

    Columns: ``row``; ``building_count`` (a building counts on the parcel that holds most of it, so that counts add
    up); ``footprint_m2``; ``floor_area_m2`` (of the buildings whose floors are known); ``unknown_floors_m2``
    (footprint of the others, so that a sum which is too small can be seen); then the weights. Null where the
    parcel has no usable geometry.
    """
    count = _numbers(floors)
    _same_length(len(count), len(buildings), "floors")
    extra = {name: _numbers(value) for name, value in (weights or {}).items()}
    for name, value in extra.items():
        _same_length(len(value), len(buildings), name)
    pairs = intersections(parcels, buildings, minimum=minimum, threads=threads, progress=progress)
    n = len(parcels)
    known = ~np.isnan(count[pairs.right])
    piece = pairs.area * _scale(parcels, areas, threads)[pairs.left]
    floor_area = np.where(known, piece * np.nan_to_num(count[pairs.right]), 0.0)

    def total(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return _totals(pairs.left, values, n)

    home = _home(pairs, len(buildings))
    frame = pl.DataFrame(
        {
            "row": np.arange(n, dtype=np.uint32),
            "building_count": np.bincount(home[home >= 0], minlength=n).astype(np.uint32),
            "footprint_m2": total(piece),
            "floor_area_m2": total(floor_area),
            "unknown_floors_m2": total(np.where(known, 0.0, piece)),
            **{name: total(floor_area * np.nan_to_num(value[pairs.right])) for name, value in extra.items()},
        }
    )
    return _null_without_geometry(frame, parcels)


def _totals(rows: NDArray[np.int32], values: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    return np.bincount(rows, weights=values, minlength=n).astype(np.float64)


def homes(pairs: Pairs, right_rows: int) -> NDArray[np.int32]:
    """For each row of the right layer the left row that holds most of it (the first on a tie), or -1:
    (right_rows,).
    """
    return _home(pairs, right_rows)


def _home(pairs: Pairs, right_rows: int) -> NDArray[np.int32]:
    home: NDArray[np.int32] = _largest_left(pairs.left, pairs.right, pairs.area, right_rows)
    return home


def _codes(names: pl.Series) -> tuple[pl.Series, NDArray[np.int64]]:
    """The distinct values in the order of their first appearance, and each row's number among them."""
    distinct = names.unique(maintain_order=True)
    numbered = pl.DataFrame({"class": distinct, "code": np.arange(len(distinct), dtype=np.int64)})
    joined = names.to_frame("class").join(numbered, on="class", how="left", nulls_equal=True, maintain_order="left")
    return distinct, joined["code"].to_numpy()


def _numbers(values: ArrayLike) -> NDArray[np.float64]:
    if isinstance(values, pl.Series):
        return values.cast(pl.Float64).to_numpy()
    return np.asarray(values, dtype=np.float64)


def _scale(polygons: Polygons, areas: ArrayLike | None, threads: int | None) -> NDArray[np.float64]:
    """Given area of a squared unit of the coordinates, per row; one when no areas are given."""
    if areas is None:
        return np.ones(len(polygons))
    given = _numbers(areas)
    _same_length(len(given), len(polygons), "areas")
    with np.errstate(divide="ignore", invalid="ignore"):
        out: NDArray[np.float64] = given / prepare(polygons, threads=threads).areas
    return out


def _share_out(
    parcels: Polygons, row: NDArray[np.uint32], area: NDArray[np.float64], areas: ArrayLike | None, threads: int | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    whole = prepare(parcels, threads=threads).areas[row]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = area / whole
    return share, area if areas is None else area * _scale(parcels, areas, threads)[row]


def _null_without_geometry(frame: pl.DataFrame, parcels: Polygons) -> pl.DataFrame:
    usable = pl.Series(~np.isnan(parcels.bounds[:, 0]))
    if usable.all():
        return frame
    return frame.select("row", *(pl.when(usable).then(pl.col(c)).alias(c) for c in frame.columns[1:]))


def _same_length(have: int, need: int, name: str) -> None:
    if have != need:
        raise PanhuoError(
            f"“{name}”有 {have} 个值，图层有 {need} 行，二者应相等。",
            f"'{name}' has {have} values for a layer of {need} rows; they must be equal.",
        )


@njit(cache=True, nogil=True)
def _sum_by_class(left, code, area):  # type: ignore[no-untyped-def]
    """Sums per run of equal ``left`` and code; the codes of a run in rising order."""
    n = len(left)
    row, kind, total = np.empty(n, np.uint32), np.empty(n, np.int64), np.empty(n)
    count = 0
    start = 0
    while start < n:
        end = start
        first = count
        while end < n and left[end] == left[start]:
            at = count - 1
            while at >= first and kind[at] > code[end]:
                at -= 1
            if at >= first and kind[at] == code[end]:
                total[at] += area[end]
            else:
                for k in range(count, at + 1, -1):
                    kind[k], total[k] = kind[k - 1], total[k - 1]
                kind[at + 1], total[at + 1] = code[end], area[end]
                row[count] = left[start]
                count += 1
            end += 1
        start = end
    return row[:count].copy(), kind[:count].copy(), total[:count].copy()


@njit(cache=True, nogil=True)
def _first_of_largest(row, share):  # type: ignore[no-untyped-def]
    """Positions of the largest share in each run of equal rows (rounding does not decide: the earlier class
    stays).
    """
    out = np.empty(len(row), np.uint32)
    count = 0
    for k in range(len(row)):
        if k == 0 or row[k] != row[k - 1]:
            out[count] = k
            count += 1
        elif share[k] > share[out[count - 1]] + 1e-12:
            out[count - 1] = k
    return out[:count].copy()


@njit(cache=True, nogil=True)
def _largest_left(left, right, area, rows):  # type: ignore[no-untyped-def]
    home, most = np.full(rows, -1, np.int32), np.zeros(rows)
    for k in range(len(left)):
        if area[k] > most[right[k]]:
            most[right[k]] = area[k]
            home[right[k]] = left[k]
    return home
