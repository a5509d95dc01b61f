"""How many parcels there are of what, and how much land: the figures of dashboards, each of which opens its parcels."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.core.cache import caches
from django.db.models import Count, Sum

from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import holdings
from panhuo_platform.parcels.models import Parcel

#: Seconds for which figures are kept: a dashboard may be that far behind its lists.
KEPT = 30
_SCHEMA = {
    "township_code": pl.String, "outcome": pl.String, "main_class": pl.String, "stage": pl.String,
    "parcels": pl.Int64, "area_m2": pl.Float64,
}  # fmt: skip


def tallies(user: User) -> pl.DataFrame:
    """The living parcels in the user's territory: one row for each township, outcome, class and stage that there are.

    Columns: township_code, outcome ("" where none has been found yet), main_class, stage, parcels, area_m2
    (ellipsoidal). At most ``KEPT`` seconds old.
    """
    key = "parcels.tallies." + ",".join(sorted({h.within or "*" for h in holdings(user, "database")}))
    cache = caches["process"]
    known: list[tuple[Any, ...]] | None = cache.get(key)
    if known is None:
        by = ("township_code", "outcome", "main_class", "stage")
        rows = Parcel.objects.visible_to(user).alive().order_by().values(*by)
        known = list(rows.annotate(n=Count("pk"), m2=Sum("area_m2")).values_list(*by, "n", "m2"))
        cache.set(key, known, KEPT)
    return pl.DataFrame(known, schema=_SCHEMA, orient="row")
