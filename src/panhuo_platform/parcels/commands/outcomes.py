"""What identification writes on parcels. Who may do so, and the audit of it, are its own: these are its hands."""

from __future__ import annotations

import json
from collections.abc import Iterable

import polars as pl
from django.db import transaction
from django.db.models import QuerySet

from panhuo_platform.parcels import bulk
from panhuo_platform.parcels.models import Parcel


@transaction.atomic
def set_outcomes(frame: pl.DataFrame) -> int:
    """Write what a run found on the parcels that it was about; returns how many changed.

    frame : number, outcome, main_class (String), classes (List of String or JSON text); null for none
    """
    classes = pl.col("classes")
    if frame.schema["classes"] != pl.String:
        # as the store keeps lists: JSON
        lists = {tuple(v or ()) for v in frame["classes"].unique().to_list()}
        texts = pl.DataFrame(
            {
                "classes": pl.Series([list(v) for v in lists], dtype=pl.List(pl.String)),
                "_text": [json.dumps(list(v), ensure_ascii=False) for v in lists],
            }
        )
        frame = frame.with_columns(classes.cast(pl.List(pl.String)).fill_null([])).join(
            texts, on="classes", how="left", maintain_order="left"
        )
        classes = pl.col("_text")
    rows = frame.select(
        "number",
        pl.col("outcome").fill_null(""),
        pl.col("main_class").fill_null(""),
        classes.fill_null("[]").alias("classes"),
    )
    return bulk.update(Parcel, "number", rows)


@transaction.atomic
def set_stage(parcels: QuerySet[Parcel] | Iterable[str], stage: str) -> int:
    """Put parcels (rows, or their numbers) to a stage of the pack's chain; returns how many changed."""
    if isinstance(parcels, QuerySet):
        return Parcel.objects.filter(pk__in=parcels.order_by().values("pk")).exclude(stage=stage).update(stage=stage)
    numbers = pl.DataFrame({"number": list(parcels)}, schema={"number": pl.String})
    return bulk.update(Parcel, "number", numbers.unique(), stage=stage)
