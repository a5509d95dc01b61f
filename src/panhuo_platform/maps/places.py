"""Where parcels lie, for counting them on a map from afar: the middle of every version's box, kept in memory."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from panhuo_platform.parcels.models import ParcelVersion


@dataclass(slots=True)
class Places:
    """The middle of every version's box by the version's key, nan where it has no shape. Versions are written once, so
    that only new ones have to be looked up."""

    generation: str
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]


_known = Places("", np.zeros(0), np.zeros(0))
_reading = threading.Lock()


def places(generation: str) -> Places:
    """Where every version lies; ``generation``: the first part of :func:`panhuo_platform.maps.kept.stamp`."""
    global _known
    with _reading:
        if _known.generation != generation:
            _known = Places(generation, np.full(1, np.nan), np.full(1, np.nan))
        last = ParcelVersion.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        have = len(_known.lon) - 1
        if last > have:
            more = np.full((2, last - have), np.nan)
            with connection.cursor() as cursor:
                cursor.execute(_middles(), [have, last])
                while batch := cursor.fetchmany(100_000):
                    table = np.array(batch, dtype=np.float64)
                    more[:, table[:, 0].astype(np.int64) - have - 1] = table[:, 1:].T
            _known = Places(
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
