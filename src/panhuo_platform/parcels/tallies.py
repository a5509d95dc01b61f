"""How many parcels there are of what, and how much land: the figures of dashboards, each of which opens its parcels."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any

import polars as pl
from django.core.cache import caches
from django.db.models import Count, Sum

from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import holdings
from panhuo_platform.parcels.models import Parcel

#: Seconds for which figures are kept, and how many times as long as they took to make: a dashboard may be that far
#: behind its lists.
KEPT, PATIENCE, LONGEST = 30, 20, 120
_counting: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_SCHEMA = {
    "township_code": pl.String, "outcome": pl.String, "main_class": pl.String, "stage": pl.String,
    "parcels": pl.Int64, "area_m2": pl.Float64,
}  # fmt: skip


def tallies(user: User) -> pl.DataFrame:
    """The living parcels in the user's territory: one row for each township, outcome, class and stage that there are.

    Columns: township_code, outcome ("" where none has been found yet), main_class, stage, parcels, area_m2
    (ellipsoidal). At most ``KEPT`` seconds old, ``LONGEST`` where counting takes long.
    """
    key = "parcels.tallies." + ",".join(sorted({h.within or "*" for h in holdings(user, "database")}))
    cache = caches["process"]
    known: list[tuple[Any, ...]] | None = cache.get(key)
    if known is None:
        with _counting[key]:  # several pages ask for it at once: one counts
            known = cache.get(key)
            if known is None:
                began = time.monotonic()
                known = _counted(user)
                cache.set(key, known, min(max(KEPT, PATIENCE * (time.monotonic() - began)), LONGEST))
    return pl.DataFrame(known, schema=_SCHEMA, orient="row")


def _counted(user: User) -> list[tuple[Any, ...]]:
    by = ("township_code", "outcome", "main_class", "stage")
    rows = Parcel.objects.visible_to(user).alive().order_by().values(*by)
    return list(rows.annotate(n=Count("pk"), m2=Sum("area_m2")).values_list(*by, "n", "m2"))
