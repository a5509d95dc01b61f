"""What another standard would turn, on the map: by cells from afar, parcel by parcel from near.

Parcels keep their tiles: the browser is told which of them would be judged otherwise, and colours those.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.messages import PanhuoError
from panhuo.packs import NewValue
from panhuo_platform.boxes import Box
from panhuo_platform.identification import trials
from panhuo_platform.identification.models import Run, Trial, Verdict
from panhuo_platform.identification.queries import whatif
from panhuo_platform.maps import rows
from panhuo_platform.maps.grid import CELLS, CLOSE, FINEST, tile_of
from panhuo_platform.maps.kept import stamp
from panhuo_platform.maps.places import places
from panhuo_platform.organisations.models import User

#: Parcels of one answer at most; those beyond are told as a number.
MOST = 20_000


def of_values(user: User, run: Run, values: list[NewValue]) -> pl.DataFrame:
    """What a what-if would turn: row (among the run's verdicts), before, after. Raises as :func:`whatif.ask` does."""
    flips = whatif.ask(user, run, values).tried.flips
    return flips.select("row", pl.col("outcome_before").alias("before"), pl.col("outcome").alias("after"))


def of_trial(trial: Trial) -> pl.DataFrame:
    """What a draft would turn: row (among the run's verdicts), before, after. Raises PanhuoError where its file is not
    there any more, or is of a trial that did not keep the rows."""
    return _of_file(str(trials.flips_of(trial)))


@lru_cache(maxsize=8)
def _of_file(path: str) -> pl.DataFrame:
    told = ("row", pl.col("outcome_a").alias("before"), pl.col("outcome_b").alias("after"))
    try:
        return pl.read_parquet(path).select(told)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise PanhuoError(
            "这次试运行没有留下逐宗结果，请重新试运行。",
            "This trial has not kept its parcels; try the draft again.",
            where=path,
        ) from error


def on_map(run: Run, turned: pl.DataFrame, zoom: int, window: Box | None) -> dict[str, Any]:
    """What the map draws of turned parcels (row, before, after) in a window at a zoom.

    n       : all that turn, anywhere; box: where they lie (degrees), None without any
    cells   : from afar: longitude, latitude, how many would be identified anew, no longer, and how many turn otherwise
    parcels : from near: the parcel's key on the tiles, its outcome before and after; the first ``MOST``
    """
    parcel, version = _parcels_of(str(run.folder), run.pk)
    at = turned["row"].to_numpy()
    spots = places(stamp()[0])
    lon, lat = spots.lon[version[at]], spots.lat[version[at]]
    told = turned.with_columns(
        pl.Series("parcel", parcel[at]), pl.Series("lon", lon), pl.Series("lat", lat)
    ).filter(pl.col("lon").is_not_nan())  # fmt: skip
    extent = [told["lon"].min(), told["lat"].min(), told["lon"].max(), told["lat"].max()] if told.height else None
    found: dict[str, Any] = {"n": turned.height, "box": extent, "cells": [], "parcels": [], "more": 0}
    if window is not None:
        west, south, east, north = window
        told = told.filter(pl.col("lon").is_between(west, east) & pl.col("lat").is_between(south, north))
    if zoom >= CLOSE:
        found["parcels"] = told.head(MOST).select("parcel", "before", "after").rows()
        found["more"] = max(told.height - MOST, 0)
    else:
        found["cells"] = _cells(told, zoom)
    return found


def _cells(told: pl.DataFrame, zoom: int) -> list[tuple[Any, ...]]:
    x, y = tile_of(told["lon"].to_numpy(), told["lat"].to_numpy(), min(zoom + CELLS, FINEST))
    before, after = pl.col("before") == "identified", pl.col("after") == "identified"
    return (
        told.group_by(pl.Series("x", x), pl.Series("y", y))
        .agg(
            pl.col("lon").mean().round(6), pl.col("lat").mean().round(6), (after & ~before).sum().alias("gained"),
            (before & ~after).sum().alias("lost"), (before == after).sum().alias("other"),
        )
        .sort("x", "y")
        .drop("x", "y")
        .rows()
    )  # fmt: skip


@lru_cache(maxsize=2)
def _parcels_of(_folder: str, run: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The parcel and its version of every row of a run's verdicts."""
    judged = Verdict.objects.filter(run=run, row__isnull=False)
    row, parcel, version = (
        np.array(c, dtype=np.int64) for c in rows.columns(judged, "row", "parcel_id", "parcel_version_id")
    )
    made = np.zeros((2, int(row.max(initial=-1)) + 1), dtype=np.int64)
    made[0, row], made[1, row] = parcel, version
    return made[0], made[1]
