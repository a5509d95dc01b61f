"""GeoJSON, newline-delimited GeoJSON, TopoJSON, Esri JSON, and plain JSON tables, in whatever encoding they come."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa
import shapely

from panhuo.exchange import encoding as enc
from panhuo.exchange.codes import finding, unreadable
from panhuo.exchange.delivery import Layer
from panhuo.exchange.placing import bounds
from panhuo.exchange.result import ReadResult
from panhuo.exchange.stage import Item, Stage
from panhuo.exchange.vector import layer_of, plain_columns
from panhuo.exchange.vector import read as read_vector
from panhuo.messages import Finding

_FIX = ("请用原软件重新导出并核对文件完整。", "Export it again and check that the file is complete.")


def read(item: Item, source: str, stage: Stage) -> ReadResult:
    """A JSON file that holds geometry. GDAL reads it; where GDAL gives up, the features that can be read are kept."""
    findings: list[Finding] = []
    text, codec = _text(item, source, findings)
    start = text.lstrip()
    room = stage.room()
    if start[:1] == "\x1e" or _is_lines(start):
        text = start = _collected(start)
    if '"Topology"' in start[:4096] or re.search(r'"type"\s*:\s*"Topology"', start):
        path, driver = room / f"{_plain(item.stem)}.topojson", "TopoJSON"
    else:
        path, driver = room / f"{_plain(item.stem)}.geojson", "GeoJSON"
    path.write_text(text, encoding="utf-8")
    options: dict[str, Any] = {"DATE_AS_STRING": "YES"} if driver == "GeoJSON" else {}
    result = read_vector(path, source, driver, **options)
    if not result.layers and driver != "TopoJSON":
        result = _by_feature(text, source, item.stem, result.findings)
    findings += result.findings
    out = []
    for layer in result.layers:
        name = item.stem if len(result.layers) == 1 else layer.name
        out.append(_placed(layer.with_(name=name, encoding=enc.shown(codec)), text, driver))
    return ReadResult(tuple(out), findings)


def _plain(stem: str) -> str:
    return re.sub(r"[^\w\u4e00-\u9fff-]", "_", stem)[:60] or "layer"


def _text(item: Item, source: str, findings: list[Finding]) -> tuple[str, str]:
    decoded = enc.decode(item.data())
    if decoded.encoding not in ("utf-8",):
        findings.append(
            finding(
                "R01",
                "note",
                f"JSON 不是 UTF-8，按 {enc.shown(decoded.encoding)} 读入。",
                f"The JSON is not UTF-8; read as {enc.shown(decoded.encoding)}.",
                source,
                do=("GeoJSON 应为 UTF-8（RFC 7946）。", "GeoJSON should be UTF-8 (RFC 7946)."),
            )
        )
    if decoded.lost:
        findings.append(
            finding(
                "R02",
                "warning",
                f"有 {decoded.lost} 处文字无法解码。",
                f"{decoded.lost} characters cannot be decoded.",
                source,
                count=decoded.lost,
            )
        )
    return decoded.text, decoded.encoding


def _collected(text: str) -> str:
    """A sequence of JSON texts (one a line, or parted by RS as in RFC 8142) as one feature collection."""
    parts = text.split("\x1e") if "\x1e" in text else text.splitlines()
    body = ",\n".join(p.strip() for p in parts if p.strip())
    return '{"type": "FeatureCollection", "features": [\n' + body + "\n]}"


def _is_lines(start: str) -> bool:
    """Whether the text is one JSON object a line."""
    first, _, rest = start.partition("\n")
    if not rest.strip().startswith("{"):
        return False
    try:
        return isinstance(json.loads(first), dict)
    except ValueError:
        return False


def _placed(layer: Layer, text: str, driver: str) -> Layer:
    """GeoJSON without a ``crs`` member means longitude and latitude; coordinates beyond that are metres unsaid."""
    if layer.geometry is None or driver == "TopoJSON":
        return layer
    box = bounds(layer.geometry)
    named = re.search(r'"crs"\s*:\s*\{[^{}]*\{[^{}]*"name"\s*:\s*"([^"]+)"', text[:200_000])
    degrees = box is None or (box[0] >= -181 and box[2] <= 181 and box[1] >= -91 and box[3] <= 91)
    says_degrees = layer.crs is None or layer.crs.epsg in (4326, 4490, 4258, None)
    if degrees or (named and not says_degrees):
        return layer
    note = "文件未写坐标系，坐标也不是经纬度 / no crs member, and the coordinates are not longitude and latitude"
    return layer.with_(crs=None, notes=(*layer.notes, note))


def _by_feature(text: str, source: str, stem: str, before: list[Finding]) -> ReadResult:
    """Features one by one, after GDAL refused the whole: what is broken is named by its number."""
    try:
        body = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", None)
        broken = finding(
            "D01",
            "error",
            f"JSON 语法错误（第 {line} 行）：{error}。",
            f"JSON syntax error (line {line}): {error}.",
            source,
            row=line,
            do=_FIX,
        )
        return ReadResult((), [broken])
    features = body.get("features") if isinstance(body, dict) else body
    if not isinstance(features, list):
        return ReadResult((), before)
    findings: list[Finding] = []
    properties, shapes = [], []
    for number, feature in enumerate(features, 1):
        inner = feature if isinstance(feature, dict) else {}
        properties.append(inner.get("properties") or {})
        try:
            geometry = inner.get("geometry")
            shapes.append(shapely.from_geojson(json.dumps(geometry)).wkb if geometry else None)
        except (shapely.errors.GEOSException, ValueError, TypeError) as error:
            shapes.append(None)
            findings.append(
                finding(
                    "R17",
                    "error",
                    f"第 {number} 个要素的图形无法解析：{error}。",
                    f"The geometry of feature {number} cannot be parsed: {error}.",
                    source,
                    layer=stem,
                    row=number,
                    do=_FIX,
                )
            )
    table = table_of(properties)
    meta = {
        "geometry_type": "Unknown",
        "geometry_name": "wkb_geometry",
        "fields": table.column_names,
        "crs": "EPSG:4326",
    }
    table = table.append_column("wkb_geometry", pa.array(shapes, pa.binary()))
    return ReadResult((layer_of(stem, source, "GeoJSON", meta, table, findings),), findings)


def table_of(records: list[dict[str, Any]]) -> pa.Table:
    """Records as a table: columns in order of first sight, nested values as JSON text, mixed columns as text."""
    names = list(dict.fromkeys(k for r in records for k in r))
    columns = {n: _values([r.get(n) for r in records]) for n in names}
    return pa.table(columns) if names else pa.table({"_": pa.nulls(len(records))}).select([])


def _values(values: list[Any]) -> pa.Array:
    kinds = {type(v) for v in values if v is not None}
    if kinds & {dict, list} or len(kinds - {int, float}) > (0 if kinds & {int, float} else 1):
        return pa.array([_as_text(v) for v in values], pa.string())
    try:
        return pa.array(values) if kinds else pa.nulls(len(values), pa.string())
    except (pa.ArrowInvalid, OverflowError, pa.ArrowTypeError):
        return pa.array([_as_text(v) for v in values], pa.string())


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def read_records(item: Item, source: str) -> ReadResult:
    """JSON without geometry: a list of records, ``{columns, data}``, or an object that holds one such list."""
    findings: list[Finding] = []
    text, codec = _text(item, source, findings)
    try:
        body = [json.loads(x) for x in text.splitlines() if x.strip()] if _is_lines(text.lstrip()) else json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", None)
        zh, en = f"JSON 语法错误（第 {line} 行）：{error}。", f"JSON syntax error (line {line}): {error}."
        return ReadResult((), [*findings, finding("D01", "error", zh, en, source, row=line, do=_FIX)])
    lists = {k: v for k, v in body.items() if isinstance(v, list)} if isinstance(body, dict) else {"": body}
    if {"columns", "data"} <= lists.keys():
        lists = {"": [dict(zip(lists["columns"], row, strict=False)) for row in lists["data"]]}
    layers = []
    for key, records in lists.items():
        if not records or not all(isinstance(r, dict) for r in records):
            continue
        table, notes = plain_columns(table_of(records))
        rows = pa.array(range(1, table.num_rows + 1), pa.int64())
        name = f"{item.stem}.{key}" if key and len(lists) > 1 else item.stem
        layers.append(Layer(name, source, "JSON", table, encoding=enc.shown(codec), rows=rows, notes=notes))
    if not layers:
        zh, en = "JSON 中没有图形，也不是记录表。", "The JSON holds neither geometry nor a table of records."
        findings.append(unreadable(zh, en, source, _FIX))
    return ReadResult(tuple(layers), findings)
