"""The register from afar: counts and areas by township and by a grid of cells, for one user and one filter."""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from django.db import connection
from django.db.models import QuerySet
from numpy.typing import NDArray

from panhuo_platform.maps import rows
from panhuo_platform.maps.kept import Kept, stamp
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import ParcelVersion

#: Zoom of the map whose tiles are the finest cells.
FINEST = 16
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
    box: rows.Box | None
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
    places = _places(now[0])
    ids = found["version_id"].to_numpy()
    found = found.with_columns(pl.Series("lon", places.lon[ids]), pl.Series("lat", places.lat[ids]))
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


def tile_of(
    lon: NDArray[np.floating], lat: NDArray[np.floating], zoom: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of the tile that each place lies in."""
    count = 2**zoom
    x = (lon + 180) / 360 * count
    y = (1 - np.arcsinh(np.tan(np.radians(np.clip(lat, -85.05, 85.05)))) / np.pi) / 2 * count
    return (np.clip(x, 0, count - 1).astype(np.int64), np.clip(y, 0, count - 1).astype(np.int64))


@dataclass(slots=True)
class _Places:
    """The middle of every version's box by the version's key, nan where it has no shape. Versions are written once, so
    that only new ones have to be looked up."""

    generation: str
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


_known = _Places("", np.zeros(0), np.zeros(0))
_reading = threading.Lock()


def _places(generation: str) -> _Places:
    global _known
    with _reading:
        if _known.generation != generation:
            _known = _Places(generation, np.full(1, np.nan), np.full(1, np.nan))
        last = ParcelVersion.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        have = len(_known.lon) - 1
        if last > have:
            more = np.full((2, last - have), np.nan)
            with connection.cursor() as cursor:
                cursor.execute(_middles(), [have, last])
                while batch := cursor.fetchmany(100_000):
                    table = np.array(batch, dtype=np.float64)
                    more[:, table[:, 0].astype(np.int64) - have - 1] = table[:, 1:].T
            _known = _Places(
                generation, np.concatenate((_known.lon, more[0])), np.concatenate((_known.lat, more[1]))
            )  # fmt: skip
        return _known


def _middles() -> str:
    """The statement that gives key, longitude and latitude of the versions from one key (without it) to another."""
    name = connection.ops.quote_name
    if connection.vendor == "postgresql":
        table, key, shape = (name(n) for n in (ParcelVersion._meta.db_table, "id", "geometry"))
        return (
            f"SELECT {key}, (ST_XMin({shape}) + ST_XMax({shape})) / 2, (ST_YMin({shape}) + ST_YMax({shape})) / 2 "  # noqa: S608
            f"FROM {table} WHERE {key} > %s AND {key} <= %s AND {shape} IS NOT NULL AND NOT ST_IsEmpty({shape})"
        )
    from panhuo_platform.geosqlite.operations import rtree

    tree = name(rtree(ParcelVersion._meta.db_table, "geometry"))
    return f"SELECT id, (minx + maxx) / 2, (miny + maxy) / 2 FROM {tree} WHERE id > %s AND id <= %s"  # noqa: S608
