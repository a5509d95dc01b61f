"""GeoParquet, plain Parquet and Feather by pyarrow: WKB and GeoArrow geometry, nested columns kept or written as
JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import shapely

from panhuo.exchange.codes import finding, unreadable
from panhuo.exchange.delivery import Layer
from panhuo.exchange.placing import stated
from panhuo.exchange.result import ReadResult
from panhuo.exchange.vector import geometry_of, plain_columns, without
from panhuo.land.crs import Crs
from panhuo.messages import Finding

_NAMES = ("geometry", "geom", "wkb_geometry", "the_geom", "shape", "wkb", "geometry_wkb")
_FIX = ("请重新导出并核对文件完整。", "Export it again and check that the file is complete.")
_NATIVE = {"point": 1, "linestring": 2, "polygon": 3, "multipoint": 4, "multilinestring": 5, "multipolygon": 6}


def read(path: Path, source: str, stem: str, *, feather: bool = False) -> ReadResult:
    """One Parquet or Feather file as one layer; further geometry columns become layers of their own."""
    findings: list[Finding] = []
    try:
        table = pyarrow.feather.read_table(path) if feather else pq.read_table(path, partitioning=None)
        meta = json.loads((table.schema.metadata or {}).get(b"geo", b"{}"))
    except (pa.ArrowException, OSError, ValueError) as error:
        return ReadResult(
            (), [unreadable(f"Parquet 无法读取：{error}。", f"Parquet cannot be read: {error}.", source, _FIX)]
        )
    driver = "Feather" if feather else "Parquet"
    declared: dict[str, Any] = meta.get("columns") or {}
    columns = [c for c in declared if c in table.column_names]
    columns += [c for c in table.column_names if c not in columns and _looks_like_wkb(table, c)]
    primary = meta.get("primary_column")
    columns.sort(key=lambda c: (c != primary, c.lower() not in _NAMES))
    rows = pa.array(np.arange(1, table.num_rows + 1))
    helpers = {(d.get("covering") or {}).get("bbox", {}).get("xmin", [None])[0] for d in declared.values()}
    rest = without(table, {*columns, *helpers})
    plain, notes = plain_columns(rest)
    if not columns:
        return ReadResult((Layer(stem, source, driver, plain, rows=rows, notes=notes),), findings)
    layers = []
    for k, column in enumerate(columns):
        name = stem if k == 0 else f"{stem}.{column}"
        info = declared.get(column, {})
        shapes = _wkb(table.column(column), str(info.get("encoding") or "WKB"), source, name, findings)
        if shapes is None:
            continue
        geometry, kind, more = geometry_of(shapes, source, name, findings)
        crs = _crs(info) if column in declared else _field_crs(table.schema.field(column))
        layers.append(Layer(name, source, driver, plain, geometry, crs, None, rows, kind, notes + more))
    if len(columns) > 1:
        findings.append(
            finding(
                "R07",
                "note",
                f"文件有 {len(columns)} 个图形列，各成一个图层。",
                f"The file has {len(columns)} geometry columns; each became a layer.",
                source,
                layer=stem,
                count=len(columns),
            )
        )
    return ReadResult(tuple(layers), findings)


def _looks_like_wkb(table: pa.Table, column: str) -> bool:
    field = table.schema.field(column)
    if (field.metadata or {}).get(b"ARROW:extension:name", b"").startswith(b"geoarrow"):
        return True
    if not (pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)):
        return False
    some = [v.as_py() for v in table.column(column).drop_null()[:20]]
    return bool(some) and all(len(v) >= 9 and v[0] in (0, 1) and v[1 if v[0] else 4] in range(1, 18) for v in some)


def _crs(info: dict[str, Any]) -> Crs | None:
    """GeoParquet: no ``crs`` key means OGC:CRS84; null means unknown."""
    if "crs" not in info:
        return stated("EPSG:4326")
    return stated(json.dumps(info["crs"])) if info["crs"] else None


def _field_crs(field: pa.Field) -> Crs | None:
    try:
        meta = json.loads((field.metadata or {}).get(b"ARROW:extension:metadata", b"{}") or b"{}")
    except ValueError:
        return None
    crs = meta.get("crs") if isinstance(meta, dict) else None
    return stated(crs if isinstance(crs, str) else json.dumps(crs)) if crs else None


def _wkb(
    column: pa.ChunkedArray, encoding: str, source: str, layer: str, findings: list[Finding]
) -> pa.Array | pa.ChunkedArray | None:
    """A geometry column as WKB, from WKB or from the GeoArrow native encodings (separated or interleaved)."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([c.storage for c in column.chunks], column.type.storage_type)
    kind = column.type
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return column
    native = _NATIVE.get(encoding.lower().removeprefix("geoarrow."))
    try:
        if native is None:
            raise ValueError(encoding)
        return _native(column.combine_chunks(), native)
    except (ValueError, pa.ArrowException, shapely.errors.GEOSException, KeyError) as error:
        findings.append(
            unreadable(
                f"图形列编码 {encoding} 无法读取：{error}。",
                f"Geometry encoding {encoding} cannot be read: {error}.",
                source,
                _FIX,
                layer,
            )
        )
        return None


def _native(array: pa.Array, kind: int) -> pa.Array:
    """GeoArrow arrays as WKB through shapely's ragged form."""
    depth = {1: 0, 2: 1, 3: 2, 4: 1, 5: 2, 6: 3}[kind]
    valid = ~np.asarray(array.is_null())
    array = array.drop_null()
    offsets, level = [], array
    for _ in range(depth):
        offsets.append(np.asarray(level.offsets) - level.offsets[0].as_py())
        level = level.flatten()
    if pa.types.is_struct(level.type):
        xy = np.column_stack(
            [level.field("x").to_numpy(zero_copy_only=False), level.field("y").to_numpy(zero_copy_only=False)]
        )
    else:
        xy = level.flatten().to_numpy(zero_copy_only=False).reshape(len(level), -1)[:, :2]
    made = shapely.from_ragged_array(
        shapely.GeometryType({1: 0, 2: 1, 3: 3, 4: 4, 5: 5, 6: 6}[kind]),
        np.ascontiguousarray(xy),
        tuple(offsets[::-1]) or None,
    )
    out = np.full(len(valid), None, object)
    out[valid] = shapely.to_wkb(made, byte_order=1, flavor="iso")
    return pa.array(out.tolist(), pa.large_binary())
