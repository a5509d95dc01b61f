"""What GDAL reads (GeoPackage, file geodatabase, FlatGeobuf, GML, GPX, OSM, MapInfo, SQLite): every layer, nothing
dropped."""

from __future__ import annotations

import json
import sqlite3
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio

from panhuo.exchange import wkb
from panhuo.exchange.codes import finding, unreadable
from panhuo.exchange.delivery import Layer
from panhuo.exchange.memory import release
from panhuo.exchange.placing import stated
from panhuo.exchange.result import ReadResult
from panhuo.messages import Finding

_OWN_FID = {"", "fid", "ogc_fid", "objectid", "ogr_fid", "objectid_1"}
_EXPORT = (
    "请用原软件导出为 GeoPackage 或 Shapefile 后提供。",
    "Export it to GeoPackage or shapefile in the source software.",
)


def arrow(path: Path | str, layer: str | None = None, **options: Any) -> tuple[dict[str, Any], pa.Table]:
    """``pyogrio.read_arrow`` without its warnings, in memory of our own: (meta, table). Raises what GDAL raises.

    GDAL frees a batch of rows only when none of its columns is held any more; so each is copied and let go at once, and
    binary columns (the shapes) come in one piece, as large_binary.
    """
    if str(path).lower().endswith(".fgb"):
        # GDAL 3.12's own Arrow reader of FlatGeobuf hands out broken buffers where a geometry is null; its general
        # one does
        # not. The switch concerns this driver only.
        pyogrio.set_gdal_config_options({"OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pyogrio.raw.open_arrow(path, layer=layer, use_pyarrow=True, **options) as (meta, reader):
            return meta, _copied(reader, _size(path))


#: Texts of more bytes than this do not fit into one Arrow array of 32-bit offsets.
_ONE_PIECE = 2**31 - 1


#: More is not asked of the system at once: one small layer may lie in a file that is larger than the memory.
_AT_ONCE = 2**32


def _size(path: Path | str) -> int:
    """Bytes of a file, up to a limit; 0 for what is none (a folder, a path of GDAL's own)."""
    file = Path(path)
    return min(file.stat().st_size, _AT_ONCE) if file.is_file() else 0


def _copied(reader: pa.RecordBatchReader, size: int) -> pa.Table:
    """The rows of a stream, copied batch by batch; ``size`` is about how many bytes of geometry there may be."""
    schema: pa.Schema = reader.schema
    shapes = {k: wkb.Gathered(size) for k, f in enumerate(schema) if pa.types.is_binary(f.type)}
    columns: list[list[pa.Array]] = [[] for _ in schema]
    for batch in reader:
        for k, column in enumerate(batch.columns):
            if k in shapes:
                shapes[k].add(column)
            else:
                columns[k].append(_copy(column))
        batch = column = None  # let go before GDAL fills the next one
    for k, gathered in shapes.items():
        columns[k] = [gathered.whole()]
        schema = schema.set(k, schema.field(k).with_type(pa.large_binary()))
    for k, own in enumerate(columns):
        # in one piece, or whatever works on the column later puts it together once more each time
        if len(own) > 1 and sum(piece.nbytes for piece in own) < _ONE_PIECE:
            columns[k] = [pa.concat_arrays(own)]
    chunked = [pa.chunked_array(own, f.type) for own, f in zip(columns, schema, strict=True)]
    release()
    return pa.table(chunked, schema=schema)


def _copy(column: pa.Array) -> pa.Array:
    """A column in memory of its own: joining two arrays copies both, also where one is empty."""
    return pa.concat_arrays([column, column.slice(0, 0)])


def read(path: Path, source: str, driver: str, **options: Any) -> ReadResult:
    """All layers of a data source that GDAL can open; a layer that fails is a finding and the others are still read."""
    findings: list[Finding] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            listed = [str(name) for name, _ in pyogrio.list_layers(path)]
    except Exception as error:  # GDAL names its errors in its own classes
        return ReadResult((), [_failed(error, source, None)])
    names = listed + [t for t in _unlisted(path, driver) if t not in listed]
    if not names:
        findings.append(
            finding(
                "D01",
                "error",
                "文件中没有图层。",
                "The file holds no layer.",
                source,
                do=("请核对是否导出成功。", "Check that the export worked."),
            )
        )
    layers = []
    for name in names:
        extra = {} if name in listed else {"LIST_ALL_TABLES": "YES"}
        try:
            meta, table = arrow(path, name, return_fids=True, **extra, **options)
        except Exception as error:  # see above
            findings.append(_failed(error, source, name))
            continue
        layers.append(layer_of(name, source, driver, meta, table, findings))
    return ReadResult(tuple(layers), findings)


def _failed(error: Exception, source: str, layer: str | None) -> Finding:
    what, en = (f"图层“{layer}”", f"Layer '{layer}'") if layer else ("文件", "The file")
    return unreadable(f"{what}无法读取：{error}。", f"{en} cannot be read: {error}.", source, _EXPORT, layer)


def _unlisted(path: Path, driver: str) -> list[str]:
    """Tables of a GeoPackage that its contents do not list: GDAL passes them by when others are listed."""
    if driver != "GPKG":
        return []
    own = ("gpkg_", "rtree_", "sqlite_", "idx_")
    try:
        with sqlite3.connect(f"file:{path.resolve()}?mode=ro&immutable=1", uri=True) as db:
            names = [r[0] for r in db.execute("select name from sqlite_master where type in ('table', 'view')")]
    except sqlite3.Error:
        return []
    hidden = ("layer_styles", "ogr_empty_table", "qgis_projects", "data_licenses")
    return [n for n in names if not n.lower().startswith(own) and n.lower() not in hidden]


def layer_of(
    name: str, source: str, driver: str, meta: dict[str, Any], table: pa.Table, findings: list[Finding]
) -> Layer:
    """A layer from what ``read_arrow`` gave."""
    notes: tuple[str, ...] = ()
    numbers = pa.array(np.arange(1, table.num_rows + 1))
    encoding = meta.get("encoding") if driver not in ("GPKG", "OpenFileGDB") else "UTF-8"
    shapes = _geometry_column(meta, table)
    geometry, kind, crs = None, None, None
    if shapes is not None and _shapeless(table.column(shapes), meta):
        table, shapes = without(table, {shapes}), None
    if shapes is not None:
        geometry, kind, notes = geometry_of(table.column(shapes), source, name, findings)
        kind = kind or meta.get("geometry_type")
        table = without(table, {shapes})
        crs = stated(meta.get("crs"))
    fid = meta.get("fid_column") or ""
    own = {c for c in (fid, "OGC_FID", "fid") if c.lower() in _OWN_FID} - set(meta["fields"])
    table = without(table, own)
    if driver in ("OpenFileGDB", "FlatGeobuf"):
        table = _dates(table)
    table, more = plain_columns(table) if table.num_columns else (pa.table({"FID": numbers}), ())
    return Layer(
        name,
        source,
        driver,
        table,
        geometry,
        crs,
        encoding,
        numbers,
        kind,
        notes + more,
    )


def _shapeless(column: pa.ChunkedArray, meta: dict[str, Any]) -> bool:
    """A table in a format that always has a place for geometry."""
    return bool(len(column)) and column.null_count == len(column) and meta.get("geometry_type") == "Unknown"


def _dates(table: pa.Table) -> pa.Table:
    """Moments that are all at midnight are dates; these formats have no other way to say so."""
    for k, field in enumerate(table.schema):
        column = table.column(k)
        if not pa.types.is_timestamp(field.type) or field.type.tz or column.null_count == len(column):
            continue
        dates = column.cast(pa.date32(), safe=False)
        if pc.all(pc.equal(dates.cast(field.type), column)).as_py():
            table = table.set_column(k, field.name, dates)
    return table


def without(table: pa.Table, names: Collection[str]) -> pa.Table:
    """The table without some columns; unlike ``drop_columns`` it keeps the number of rows when no column is left."""
    return table.select([c for c in table.column_names if c not in names])


def _geometry_column(meta: dict[str, Any], table: pa.Table) -> str | None:
    if meta.get("geometry_type") is None:
        return None
    named = meta.get("geometry_name") or "wkb_geometry"
    return named if named in table.column_names else None


def plain_columns(table: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    """Columns as everybody expects them: no dictionaries or extension types; structs, maps and bytes written as text.

    Lists of plain values stay lists. Returns the table and notes naming what was rewritten.
    """
    notes = []
    for k, field in enumerate(table.schema):
        column, kind = table.column(k), field.type
        if isinstance(kind, pa.BaseExtensionType):
            column = pa.chunked_array([c.storage for c in column.chunks], kind.storage_type)
            kind = kind.storage_type
        if pa.types.is_timestamp(kind) and kind.tz:
            column = pc.local_timestamp(column)
        if pa.types.is_dictionary(kind):
            column, kind = column.cast(kind.value_type), kind.value_type
        if pa.types.is_string_view(kind) or (pa.types.is_large_string(kind) and column.nbytes < 2**30):
            column = column.cast(pa.string())
        inner = kind.value_type if pa.types.is_list(kind) or pa.types.is_large_list(kind) else None
        nested = inner is not None and (pa.types.is_nested(inner) or pa.types.is_binary(inner))
        if nested or pa.types.is_struct(kind) or pa.types.is_map(kind) or pa.types.is_fixed_size_list(kind):
            texts = [None if v is None else json.dumps(v, ensure_ascii=False, default=str) for v in column.to_pylist()]
            column = pa.chunked_array([pa.array(texts, pa.string())])
            notes.append(
                f"字段“{field.name}”为嵌套结构，已写成 JSON 文本 / nested field '{field.name}' written as JSON text"
            )
        elif pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            texts = [None if v is None else v.hex() for v in column.to_pylist()]
            column = pa.chunked_array([pa.array(texts, pa.string())])
            notes.append(
                f"字段“{field.name}”为二进制，已写成十六进制 / binary field '{field.name}' written as hexadecimal"
            )
        if column is not table.column(k):
            table = table.set_column(k, pa.field(field.name, column.type), column)
    return table.replace_schema_metadata(None), tuple(notes)


def geometry_of(
    shapes: pa.Array | pa.ChunkedArray, source: str, layer: str, findings: list[Finding]
) -> tuple[pa.LargeBinaryArray, str | None, tuple[str, ...]]:
    """Shapes as the layer's geometry: (WKB, type name, notes), what was converted or lost being said."""
    flat = wkb.flatten(shapes)
    notes = []
    if flat.lifted:
        notes.append(f"{flat.lifted} 个图形带高程或量测值，已略去 / Z or M values of {flat.lifted} shapes dropped")
    if flat.bent:
        findings.append(
            finding(
                "R07",
                "note",
                f"{flat.bent} 个图形含圆弧，已按弦距不超过 1 毫米化为折线。",
                f"{flat.bent} shapes have arcs; they were turned into chords that stay within 1 mm.",
                source,
                layer=layer,
                count=flat.bent,
                do=("如需保留圆弧，请以原文件为准。", "The source file stays the authority for the arcs."),
            )
        )
    if flat.faces:
        findings.append(
            finding(
                "R07",
                "note",
                f"{flat.faces} 个图形是三角网或多面体，已按面读入。",
                f"{flat.faces} shapes are TINs, triangles or polyhedral surfaces and are read as polygons.",
                source,
                layer=layer,
                count=flat.faces,
            )
        )
    if flat.bad:
        row = flat.bad[0] + 1
        findings.append(
            finding(
                "R17",
                "error",
                f"{len(flat.bad)} 个图形无法解析，按无图形读入（首个为第 {row} 个）。",
                f"{len(flat.bad)} shapes cannot be parsed and are read as empty (the first is number {row}).",
                source,
                layer=layer,
                row=row,
                count=len(flat.bad),
                do=("请在原软件中修复这些图形后重新导出。", "Repair these shapes in the source software."),
            )
        )
    kind = wkb.type_name(flat.kinds)
    if kind == "Geometry":
        names = "、".join(f"{wkb.NAMES.get(k, k)} {n}" for k, n in sorted(flat.kinds.items()))
        findings.append(
            finding(
                "R15",
                "warning",
                f"图层几何类型混杂：{names}。",
                f"The layer mixes geometry types: {names}.",
                source,
                layer=layer,
                value=names,
                do=("请按点、线、面分层提供。", "Send points, lines and polygons as separate layers."),
            )
        )
    return flat.geometry, kind, tuple(notes)
