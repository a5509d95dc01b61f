"""Checks of the delivery as a whole: family D of the catalogue, as far as reading has not said it already."""

from __future__ import annotations

import polars as pl

from panhuo.exchange.delivery import Layer
from panhuo.land.crs import Crs
from panhuo.messages import findings_table
from panhuo.quality.catalogue import Settings, state
from panhuo.quality.subject import Subject


def empty_layer(subject: Subject, settings: Settings) -> pl.DataFrame:
    """D01: a layer or table without a single row."""
    if len(subject):
        return findings_table()
    name = subject.layer.name
    rows = pl.DataFrame(
        {"what": [f"图层或表“{name}”没有一行数据。"], "what_en": [f"Layer or table '{name}' has no row."]}
    )
    return state("D01", subject, rows)


def coordinate_system(subject: Subject, settings: Settings, survey: Crs) -> pl.DataFrame:
    """D03: a layer in another datum or another zone than the survey.

    Longitude and latitude on CGCS2000 or WGS 84 are accepted (GeoJSON and KML know nothing else), and so is the same
    zone with or without its number before the easting.
    """
    own = subject.layer.crs
    if subject.polygons is None or own is None or not own.known:
        return findings_table()
    if own.is_geographic and own.same_as_cgcs2000:
        return findings_table()
    if own.datum == survey.datum and own.central_meridian == survey.central_meridian and own.kind == survey.kind:
        return findings_table()
    rows = pl.DataFrame({"value": [own.text.zh], "expected": [survey.text.zh]})
    return state("D03", subject, rows)


def outside_county(
    subject: Subject, settings: Settings, outside: pl.Series, kept: pl.Series
) -> pl.DataFrame:  # fmt: skip
    """D04: parcels of which more than the tolerated share lies outside the county.

    outside : share of each row outside, null where it cannot be told; kept : rows this was computed for
    """
    limit = settings.get("D04", "tolerated_share")
    bad = (outside > limit).fill_null(False).arg_true()
    rows = pl.DataFrame(
        {"index": kept.gather(bad).cast(pl.Int64), "value": [f"{v:.1%}" for v in outside.gather(bad)]},
        schema={"index": pl.Int64, "value": pl.String},
    )
    return state("D04", subject, rows)


def unknown_layer_crs(layer: Layer) -> bool:
    """Whether the place of a layer cannot be told."""
    return layer.geometry is not None and (layer.crs is None or not layer.crs.known)
