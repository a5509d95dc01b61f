"""In which township delivered parcels lie, where they do not say so themselves."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pyarrow as pa
from django.db.models.functions import Length
from django.utils import timezone

from panhuo.land.names import township_stem
from panhuo.land.polygons import Polygons
from panhuo.overlay import points_in, representative_points
from panhuo_platform.regions.models import Region

#: Codes of a township have nine digits (twelve with their villages' zeros).
TOWNSHIP = 9


def with_townships(
    rows: pl.DataFrame, geometry: pa.LargeBinaryArray, outlines: Mapping[str, bytes] | None = None
) -> pl.DataFrame:
    """Fill ``township_code``: what the row says, else the township that it names, else the one that it lies in.

    outlines : boundaries that came with the rows (code -> WKB of EPSG:4490): they go before those in force

    Codes are cut to nine digits; what is none, and rows in no known township, become null.
    """
    said = pl.col("township_code") if "township_code" in rows.columns else pl.lit(None, pl.String)
    code = said.cast(pl.String).str.extract(r"^(\d{9})(?:\d{3})?$")
    rows = rows.with_columns(code.alias("township_code"))
    known = Region.objects.on(timezone.localdate()).annotate(length=Length("code"))
    towns = list(known.filter(length__gte=TOWNSHIP).order_by("code"))
    if rows["township_code"].null_count() and "township_name" in rows.columns and towns:
        named = pl.DataFrame({"_name": [t.name for t in towns], "_code": [t.code[:TOWNSHIP] for t in towns]})
        named = named.with_columns(township_stem(pl.col("_name")).alias("_stem")).unique("_stem", keep="none")
        rows = (
            rows.with_columns(township_stem(pl.col("township_name")).alias("_stem"))
            .join(named.select("_stem", "_code"), on="_stem", how="left", maintain_order="left")
            .with_columns(pl.coalesce("township_code", "_code").alias("township_code"))
            .drop("_stem", "_code")
        )
    bounded = {t.code: bytes(t.boundary.wkb) for t in towns if t.boundary is not None}
    bounded |= {t.code: outlines[t.code] for t in towns if outlines and t.code in outlines}
    if rows["township_code"].null_count() and bounded:
        rows = _by_place(rows, geometry, bounded)
    return rows


def _by_place(rows: pl.DataFrame, geometry: pa.LargeBinaryArray, towns: Mapping[str, bytes]) -> pl.DataFrame:
    at = rows["township_code"].is_null().arg_true()
    points = representative_points(Polygons.from_wkb(geometry.take(at.to_arrow())))
    home = points_in(Polygons.from_wkb(list(towns.values())), points[:, 0], points[:, 1])
    names = list(towns)
    codes = [None if h < 0 else names[h][:TOWNSHIP] for h in home.tolist()]
    return rows.with_columns(rows["township_code"].scatter(at, codes))
