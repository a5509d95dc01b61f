"""Layers as they were read, kept on disk: read once from whatever format they came in, then as often as needed.

One Parquet file a layer below ``<delivery>/layers``: the delivered columns, two of our own for the shape and the row
number, and the rest of :class:`panhuo.exchange.Layer` as metadata. Corrections and adopted repairs are laid over it as
it is opened; the file stays as it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from panhuo.exchange import Layer
from panhuo.land.crs import Crs
from panhuo.land.polygons import Polygons
from panhuo.land.projection import same_numbers, transform
from panhuo.land.roles import ROLES
from panhuo_platform.deliveries.models import Correction, DeliveredLayer, Repair

_WKB, _ROW = "__wkb", "__row"


def keep(layer: Layer, path: Path) -> None:
    """Write a layer so that :func:`opened` gives it back."""
    columns = {_WKB: layer.geometry} if layer.geometry is not None else {}
    table = layer.table
    # columns by number: a delivered table may have two of one name, or one of ours
    arrays = [*table.columns, *columns.values(), _numbers(layer)]
    names = [*(f"c{k}" for k in range(table.num_columns)), *columns, _ROW]
    about = {
        "name": layer.name, "source": layer.source, "driver": layer.driver, "encoding": layer.encoding,
        "geometry_type": layer.geometry_type, "notes": list(layer.notes), "columns": list(layer.fields),
        "crs": crs_text(layer.crs),
        "crs_told": [layer.crs.source, layer.crs.confidence] if layer.crs is not None else None,
    }  # fmt: skip
    whole = pa.table(arrays, names=names).replace_schema_metadata({"panhuo": json.dumps(about, ensure_ascii=False)})
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}")
    pq.write_table(whole, fresh, compression="zstd")
    fresh.replace(path)


def _numbers(layer: Layer) -> pa.Array:
    return layer.rows if layer.rows is not None else pa.array(np.arange(1, layer.count + 1))


def crs_text(crs: Crs | None) -> str:
    """A system as text that ``Crs.parse`` reads; empty where it is not known."""
    if crs is None or not crs.known:
        return ""
    return f"EPSG:{crs.epsg}" if crs.epsg else crs.wkt or crs.pyproj().to_wkt()


def opened(row: DeliveredLayer, *, corrected: bool = True) -> Layer:
    """A layer as it was delivered; with ``corrected`` as its sender has mended it since."""
    path = row.delivery.folder / row.kept
    about = json.loads((pq.read_schema(path).metadata or {})[b"panhuo"])
    whole = pq.read_table(path)
    width = len(about["columns"])
    shapes = whole.column(_WKB) if _WKB in whole.column_names else None
    layer = Layer(
        name=about["name"],
        source=about["source"],
        driver=about["driver"],
        table=pa.table(whole.columns[:width], names=about["columns"]) if width else pa.table({}),
        geometry=shapes.combine_chunks().cast(pa.large_binary()) if shapes is not None else None,
        crs=_crs(row, about),
        encoding=about["encoding"],
        rows=whole.column(_ROW).combine_chunks().cast(pa.int64()),
        geometry_type=about["geometry_type"],
        notes=tuple(about["notes"]),
    )
    if isinstance(layer.geometry, pa.ChunkedArray):  # an empty column
        layer = layer.with_(geometry=pa.array([], pa.large_binary()))
    if isinstance(layer.rows, pa.ChunkedArray):
        layer = layer.with_(rows=pa.array([], pa.int64()))
    return mended(row, layer) if corrected else layer


def _crs(row: DeliveredLayer, about: dict[str, Any]) -> Crs | None:
    """As a person says, else as it was delivered or told by the numbers."""
    if row.crs_said and row.crs:
        return Crs.parse(row.crs, source="user")
    if not about["crs"]:
        return None
    source, confidence = about["crs_told"]
    return replace(Crs.parse(about["crs"]), source=source, confidence=confidence)


def sample(row: DeliveredLayer, rows: int = 3) -> dict[str, list[str]]:
    """The first filled values of each column as texts, for the person who says what the columns are."""
    path = row.delivery.folder / row.kept
    about = json.loads((pq.read_schema(path).metadata or {})[b"panhuo"])
    with pq.ParquetFile(path) as file:
        names = [f"c{k}" for k in range(len(about["columns"]))]
        batch = next(file.iter_batches(batch_size=200, columns=names), None)
    out: dict[str, list[str]] = {}
    for k, name in enumerate(about["columns"]):
        values = batch.column(k).to_pylist() if batch is not None else []
        filled = [str(v) for v in values if v not in (None, "")]
        out[name] = [v[:40] for v in dict.fromkeys(filled)][:rows]
    return out


def mended(row: DeliveredLayer, layer: Layer) -> Layer:
    """The layer with its sender's corrections and adopted repairs laid over it."""
    cells = Correction.objects.filter(layer=row).standing().values_list("row", "field", "value")
    by_column: dict[str, dict[int, str]] = {}
    for number, field, value in cells.iterator():
        by_column.setdefault(column_of(row, field), {})[number] = value
    for column, values in by_column.items():
        layer = with_values(layer, column, values)
    repairs = list(Repair.objects.filter(layer=row).exclude(adopted_at=None))
    return _with_shapes(layer, repairs) if repairs and layer.geometry is not None else layer


def column_of(row: DeliveredLayer, field: str) -> str:
    """The delivered column of a standard field; a new one, called as the field is, where the file has none."""
    if field in row.field_map:
        return str(row.field_map[field])
    if field in row.suggested:
        return str(row.suggested[field]["column"])
    names = {f.name: f.zh for f in ROLES[row.role].fields} if row.role in ROLES else {}
    return names.get(field, field)


def with_values(layer: Layer, column: str, values: dict[int, str]) -> Layer:
    """The layer with these texts in some rows of a column (by row number as a person counts); empty texts are null.

    The column keeps its type where the texts fit into it, and becomes texts where they do not.
    """
    assert layer.rows is not None
    frame = pl.DataFrame({"row": pl.Series(layer.rows, dtype=pl.Int64)})
    new = pl.DataFrame(
        {"row": list(values), "new": [v if v != "" else None for v in values.values()]},
        schema={"row": pl.Int64, "new": pl.String},
    ).with_columns(pl.lit(True).alias("said"))
    joined = frame.join(new, on="row", how="left", maintain_order="left")
    said = joined["said"].fill_null(False)
    given = joined["new"]
    if column in layer.fields:
        old = pl.Series(layer.table.column(layer.fields.index(column)))
    else:
        old = pl.Series(column, [None] * layer.count, dtype=pl.String)
    fitting = _as(given, old.dtype)
    if fitting is None:
        old, fitting = texts(old), given
    made = pl.select(pl.when(said).then(fitting).otherwise(old).alias(column)).to_series()
    if column in layer.fields:
        table = layer.table.set_column(layer.fields.index(column), column, made.to_arrow())
    else:
        table = layer.table.append_column(column, made.to_arrow())
    return layer.with_(table=table)


def _as(texts: pl.Series, kind: pl.DataType) -> pl.Series | None:
    """Texts in another type; None where one does not fit."""
    if kind == pl.String:
        return texts
    if not (kind.is_numeric() or kind == pl.Date):
        return None
    cast = texts.str.to_date("%Y-%m-%d", strict=False) if kind == pl.Date else texts.cast(kind, strict=False)
    return cast if cast.null_count() == texts.null_count() else None


def texts(values: pl.Series) -> pl.Series:
    """Values as the texts that a person would type: whole numbers without a fraction."""
    if values.dtype.is_float():
        whole = (values == values.round()).fill_null(False) & (values.abs() < 2.0**53).fill_null(False)
        as_whole = values.cast(pl.Int64, strict=False).cast(pl.String)
        return pl.select(pl.when(whole).then(as_whole).otherwise(values.cast(pl.String))).to_series()
    if values.dtype == pl.List(pl.String):
        return values.list.join("、")
    return values.cast(pl.String, strict=False)


def _with_shapes(layer: Layer, repairs: Sequence[Repair]) -> Layer:
    assert layer.rows is not None
    assert layer.geometry is not None
    place = {int(n): k for k, n in enumerate(layer.rows.to_pylist())}
    shapes: list[Any] = layer.geometry.to_pylist()
    for repair in repairs:
        if repair.row not in place:
            continue
        new, crs = Polygons.from_wkb([bytes(repair.wkb or b"")]), Crs.parse(repair.crs)
        if layer.crs is not None and layer.crs.known and not same_numbers(crs, layer.crs):
            new = new.with_coords(transform(new.coords, crs, layer.crs))
        shapes[place[repair.row]] = new.to_wkb()[0].as_py()
    return layer.with_(geometry=pa.array(shapes, pa.large_binary()))
