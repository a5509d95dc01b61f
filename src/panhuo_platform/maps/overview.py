"""The register from afar: counts and areas by township and by a grid of cells, for one user and one filter."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from django.db.models import QuerySet

from panhuo_platform.boxes import Box
from panhuo_platform.maps import rows
from panhuo_platform.maps.grid import FINEST, tile_of
from panhuo_platform.maps.kept import Kept, stamp
from panhuo_platform.maps.places import places
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.filters import ParcelFilter

#: An overview that took long to make is handed out this many times as long, though the register has moved on.
_PATIENCE = 10


@dataclass(frozen=True, slots=True)
class Overview:
    """Figures of the parcels that one user sees through one filter.

    cells     : x, y (whole numbers at zoom ``FINEST``), lon, lat (their parcels' middle), n, area_m2, identified,
                identified_m2
    townships : township_code, lon, lat, n, area_m2, identified, identified_m2
    counts    : outcome, main_class, stage, n, area_m2
    box       : west, south, east, north of the parcels' middles; None without any
    """

    cells: pl.DataFrame
    townships: pl.DataFrame
    counts: pl.DataFrame
    box: Box | None
    stamp: tuple[Any, ...] = ()
    took: float = 0.0
    made: float = field(default_factory=time.monotonic)

    @property
    def mark(self) -> str:
        """Differs from that of another overview."""
        return f"{self.made:.6f}"


_overviews: Kept[Overview] = Kept(48, 600)
_making: dict[Hashable, threading.Lock] = {}
_guard = threading.Lock()


def overview(user: User, chosen: ParcelFilter) -> Overview:
    """The overview of what ``user`` sees through ``chosen``: kept while nothing was written, and a little longer where
    it takes long to make."""
    now = stamp()
    key = (now[0], rows.scope_of(user), chosen)
    with _guard:
        making = _making.setdefault(key, threading.Lock())
        if len(_making) > 1000:
            _making.clear()
    with making:  # several tiles ask for it at once: one makes it
        known = _overviews.get(key)
        if known is not None and (known.stamp == now or time.monotonic() - known.made < _PATIENCE * known.took):
            return known
        began = time.monotonic()
        made = _made(user, chosen, now, began)
        _overviews.put(key, made)
        return made


def _made(user: User, chosen: ParcelFilter, now: tuple[Any, ...], began: float) -> Overview:
    found = _parcels(user, chosen)
    spots = places(now[0])
    ids = found["version_id"].to_numpy()
    found = found.with_columns(pl.Series("lon", spots.lon[ids]), pl.Series("lat", spots.lat[ids]))
    identified = pl.col("outcome") == "identified"
    figures = (
        pl.len().alias("n"),
        pl.col("area_m2").sum(),
        identified.sum().alias("identified"),
        pl.col("area_m2").filter(identified).sum().alias("identified_m2"),
    )
    middle = (pl.col("lon").mean(), pl.col("lat").mean())
    placed = found.filter(pl.col("lon").is_not_nan())
    x, y = tile_of(placed["lon"].to_numpy(), placed["lat"].to_numpy(), FINEST)
    cells = placed.with_columns(pl.Series("x", x), pl.Series("y", y)).group_by("x", "y").agg(*middle, *figures)
    at = placed.group_by("township_code").agg(*middle)
    townships = found.group_by("township_code").agg(*figures).join(at, on="township_code", how="left")
    counts = found.group_by("outcome", "main_class", "stage").agg(pl.len().alias("n"), pl.col("area_m2").sum())
    box = None
    if placed.height:
        lon, lat = placed["lon"], placed["lat"]
        box = tuple(float(v) for v in (lon.min(), lat.min(), lon.max(), lat.max()))  # type: ignore[arg-type]
    return Overview(
        cells, townships.sort("township_code"), counts, box, now, time.monotonic() - began  # type: ignore[arg-type]
    )  # fmt: skip


_COLUMNS = {
    "version_id": pl.Int64, "township_code": pl.Categorical, "outcome": pl.Categorical, "main_class": pl.Categorical,
    "stage": pl.Categorical, "area_m2": pl.Float64,
}  # fmt: skip


def _parcels(user: User, chosen: ParcelFilter) -> pl.DataFrame:
    """What the overview counts, one row a parcel."""
    held: QuerySet[Any]
    if chosen.day is None:
        held = chosen.parcels(rows.parcels(user))
        names = ("current_id", "township_code", "outcome", "main_class", "stage", "area_m2")
    else:
        held = rows.versions(user, chosen)
        names = ("pk", "township_code", "parcel__outcome", "parcel__main_class", "parcel__stage", "area_m2")
    found = rows.columns(held, *names)
    return pl.DataFrame(
        [
            pl.Series(name, values, pl.String if kind == pl.Categorical else kind)
            for (name, kind), values in zip(_COLUMNS.items(), found, strict=True)
        ]
    ).sort("version_id")  # sums of fractions are told alike however the store found the rows
