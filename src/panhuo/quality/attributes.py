"""Checks of attributes: family A of the catalogue. Every function takes one subject and returns a findings table."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from panhuo.messages import findings_table, format_number, join_findings
from panhuo.quality.catalogue import Settings, state
from panhuo.quality.subject import Subject

#: Orders of dates that must hold, earlier first (approval before the start of building before completion).
DATE_ORDER = (
    ("approval_date", "contract_start_date"),
    ("approval_date", "actual_start_date"),
    ("actual_start_date", "completion_date"),
    ("contract_start_date", "completion_date"),
)

#: Formats whose fields have a type; in the others everything is text anyway.
TYPED = frozenset({"ESRI Shapefile", "GPKG", "OpenFileGDB"})

#: Ranges outside which a value cannot be right, whatever the place: field -> (least, most).
RANGES: dict[str, tuple[float, float | None]] = {
    "vacancy_rate": (0.0, 1.0),
    "stated_density": (0.0, 1.0),
    "stated_plot_ratio": (0.0, 50.0),
    "max_plot_ratio": (0.0, 50.0),
    "floors": (0.0, 200.0),
    "height_m": (0.0, 1000.0),
    "declared_area_m2": (0.0, None),
    "registered_area_m2": (0.0, None),
    "patch_area_m2": (0.0, None),
    "occupied_area_m2": (0.0, None),
    "staff": (0.0, None),
    "energy_tce": (0.0, None),
    "emission_t": (0.0, None),
    "electricity_kwh": (0.0, None),
    "fixed_investment_wan": (0.0, None),
    "built_year": (1800.0, 2100.0),
    "year": (1900.0, 2100.0),
    "occurred_year": (1900.0, 2100.0),
}


def _index(mask: pl.Series) -> pl.Series:
    return mask.fill_null(False).arg_true().cast(pl.Int64).alias("index")


def missing_fields(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A01: required fields that no column of the file holds."""
    missing = [f for f in subject.role.fields if f.required and f.name not in subject.frame.columns]
    rows = pl.DataFrame(
        {"field": [f.name for f in missing], "field_zh": [f.zh for f in missing]},
        schema={"field": pl.String, "field_zh": pl.String},
    )
    rows = rows.with_columns(pl.lit(subject.layer.name).alias("layer"))
    return state("A01", subject, rows)


def wrong_types(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A01: numbers that came in a text field, in a format whose fields have types.

    Widths are not checked: no role fixes them, and what is too narrow for a value has lost it already.
    """
    if subject.layer.driver not in TYPED or not subject.mapping:
        return findings_table()
    fields = {f.name: f for f in subject.role.fields}
    schema = subject.layer.table.schema
    wrong = [
        (name, column)
        for name, column in subject.mapping.items()
        if fields[name].kind in ("area", "money", "int", "number")
        and column in schema.names
        and (pa.types.is_string(schema.field(column).type) or pa.types.is_large_string(schema.field(column).type))
        and subject.raw[name].is_not_null().any()
    ]
    rows = pl.DataFrame(wrong, schema={"field": pl.String, "value": pl.String}, orient="row")
    return state("A01", subject, rows, variant="type")


def empty_values(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A02: required fields that are empty."""
    parts = []
    for f in subject.role.fields:
        if f.required and f.name in subject.frame.columns:
            index = _index(subject.frame[f.name].is_null() & ~subject.bad[f.name])
            parts.append(state("A02", subject, pl.DataFrame({"index": index}).with_columns(field=pl.lit(f.name))))
    return join_findings(parts)


def unreadable_values(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A07: numbers, dates and yes/no values that cannot be read as such."""
    words = {
        "date": ("不是日期", "is not a date"),
        "year": ("不是年份", "is not a year"),
        "bool": ("不是“是/否”", "is not yes or no"),
        "int": ("不是数字", "is not a number"),
        "number": ("不是数字", "is not a number"),
        "area": ("不是数字", "is not a number"),
        "money": ("不是数字", "is not a number"),
    }
    parts = []
    for f in subject.role.fields:
        if f.kind not in words or f.name not in subject.bad.columns:
            continue
        index = _index(subject.bad[f.name])
        if len(index):
            zh, en = words[f.kind]
            parts.append(_told("A07", subject, f.name, index, zh, en))
    return join_findings(parts)


def _told(code: str, subject: Subject, field: str, index: pl.Series, zh: str, en: str) -> pl.DataFrame:
    rows = pl.DataFrame({"index": index, "value": subject.raw[field].gather(index)}).with_columns(
        field=pl.lit(field), why=pl.lit(zh), why_en=pl.lit(en)
    )
    return state(code, subject, rows)


def ranges(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A07: values outside any possible range, and dates in an impossible order."""
    parts = []
    for name, (least, most) in RANGES.items():
        if name not in subject.frame.columns or not subject.frame.schema[name].is_numeric():
            continue
        column = subject.frame[name].cast(pl.Float64)
        for mask, zh, en in (
            (column < least, f"小于 {format_number(least)}", f"is less than {format_number(least)}"),
            *(((column > most, f"大于 {format_number(most)}", f"is more than {format_number(most)}"),) if most else ()),
        ):
            index = _index(mask)
            if len(index):
                parts.append(_told("A07", subject, name, index, zh, en))
    titles = {f.name: f for f in subject.role.fields}
    for first, second in DATE_ORDER:
        if not subject.has(first, second):
            continue
        index = _index(subject.frame[second] < subject.frame[first])
        if len(index):
            zh = f"早于“{titles[first].zh}”"
            parts.append(_told("A07", subject, second, index, zh, f"is before {first}"))
    return join_findings(parts)


def duplicates(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A05: codes that should be unique and are not; one finding a code."""
    key = subject.role.key
    if not key or key not in subject.raw.columns or subject.role.id not in UNIQUE_ROLES:
        return findings_table()
    numbers = subject.row_numbers().alias("number")
    frame = pl.DataFrame({"code": subject.keys().str.strip_chars(), "number": numbers}).with_row_index("index")
    repeated = (
        frame.filter(pl.col("code").is_not_null() & (pl.col("code") != "") & _perhaps_repeated(frame["code"]))
        .group_by("code", maintain_order=True)
        .agg(pl.len().alias("count"), pl.col("index").first(), pl.col("number"))
        .filter(pl.col("count") > 1)
        .with_columns(
            pl.col("number").list.head(10).cast(pl.List(pl.String)).list.join("、").alias("rows"),
            pl.col("code").alias("value"),
            pl.lit(key).alias("field"),
        )
    )
    return state("A05", subject, repeated.drop("number", "code"))


def _perhaps_repeated(texts: pl.Series) -> pl.Series:
    """Which texts (n,) have the hash of another: all that repeat, and hardly any that does not."""
    hashes = texts.hash().to_numpy()
    ordered = np.sort(hashes)
    return pl.Series(np.isin(hashes, ordered[1:][ordered[1:] == ordered[:-1]]))


#: Roles whose key names one thing only.
UNIQUE_ROLES = frozenset({"parcels", "patches", "registration", "enterprises", "legacy", "boundaries"})


#: The field that holds the declared area of a shape.
DECLARED = {"parcels": "declared_area_m2", "patches": "patch_area_m2"}


def area_differences(subject: Subject, settings: Settings) -> NDArray[np.int64] | None:
    """Rows (0-based) whose declared area differs from both the ellipsoidal and the planar one by too much.

    Registration areas are planar, areas of the land survey ellipsoidal; what fits either is right. None where the layer
    has no declared area. A zero or negative area is A07's, a shape without area G01's.
    """
    name = DECLARED.get(subject.role.id)
    if name is None or name not in subject.frame.columns or subject.area_m2 is None or subject.planar_m2 is None:
        return None
    declared = subject.frame[name].to_numpy().astype(np.float64)
    computed = subject.area_m2
    tolerance = np.maximum(settings.get("A06", "minimum_m2"), settings.get("A06", "share") * computed)
    apart = np.minimum(np.abs(declared - computed), np.abs(declared - subject.planar_m2))
    return np.flatnonzero((apart > tolerance) & (declared > 0) & (computed > 0))


def declared_areas(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A06: declared areas that differ from the computed ones, see :func:`area_differences`."""
    wrong = area_differences(subject, settings)
    if wrong is None or subject.area_m2 is None or subject.planar_m2 is None:
        return findings_table()
    name = DECLARED[subject.role.id]
    declared = subject.frame[name].to_numpy().astype(np.float64)[wrong]
    computed, planar = subject.area_m2[wrong], subject.planar_m2[wrong]
    tolerance = np.maximum(settings.get("A06", "minimum_m2"), settings.get("A06", "share") * computed)
    apart = np.minimum(np.abs(declared - computed), np.abs(declared - planar))
    texts = {
        "value": [format_number(v, 2) for v in declared],
        "computed": [format_number(v, 2) for v in computed],
        "difference": [f"{d / c:.2%}" for d, c in zip(apart, computed, strict=True)],
        "tolerance": [format_number(v, 2) + " 平方米" for v in tolerance],
    }
    rows = pl.DataFrame({"index": wrong, **texts}, schema={"index": pl.Int64, **dict.fromkeys(texts, pl.String)})
    return state("A06", subject, rows.with_columns(field=pl.lit(name)))
