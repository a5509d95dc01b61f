"""Geometry out of a plain table: a column of WKT, or a pair of coordinate columns; one coordinate system for the
layer."""

from __future__ import annotations

import csv
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from numpy.typing import NDArray

from panhuo.exchange.codes import finding
from panhuo.exchange.delivery import Layer
from panhuo.exchange.placing import stated
from panhuo.exchange.stage import Stage
from panhuo.exchange.vector import arrow, geometry_of
from panhuo.land.crs import Crs
from panhuo.messages import Finding

_WKT = (
    r"(?i)^\s*(SRID=\d+;)?\s*(MULTI)?(POINT|LINESTRING|POLYGON|CURVE|SURFACE|GEOMETRYCOLLECTION|CIRCULARSTRING"
    r"|COMPOUNDCURVE|CURVEPOLYGON|TIN|TRIANGLE|POLYHEDRALSURFACE)\s*(Z|M|ZM)?\s*(\(|EMPTY)"
)
_CURVED = re.compile(r"(?i)CURVE|CIRCULAR|SURFACE|TIN|TRIANGLE")
_PAIRS = (
    ("x", "y"),
    ("lon", "lat"),
    ("lng", "lat"),
    ("long", "lat"),
    ("longitude", "latitude"),
    ("经度", "纬度"),
    ("geox", "geoy"),
    ("easting", "northing"),
    ("x坐标", "y坐标"),
    ("横坐标", "纵坐标"),
    ("东坐标", "北坐标"),
    ("xcoord", "ycoord"),
    ("pointx", "pointy"),
)
_CRS_COLUMNS = ("coordinatereferencesystem", "crs", "srid", "epsg", "坐标系", "坐标系统", "坐标参考系")
_CRS_NAMES = {
    "wgs84": 4326,
    "cgcs2000": 4490,
    "etrs89": 4258,
    "osgb36": 27700,
    "国家2000": 4490,
    "2000国家大地坐标系": 4490,
}


def with_geometry(layer: Layer, stage: Stage, findings: list[Finding]) -> Layer:
    """The layer with geometry where a column of WKT or a pair of coordinate columns gives one; else unchanged."""
    for name in layer.fields:
        column = layer.table.column(name).combine_chunks()
        some = column.drop_null()[:50]
        if len(some) and pa.types.is_string(some.type):
            hits = pc.sum(pc.match_substring_regex(some, _WKT)).as_py()
            if hits and hits >= 0.5 * len(some):
                return _from_wkt(layer, name, stage, findings)
    names = {re.sub(r"[\s_()（）]", "", n).lower(): n for n in layer.fields}
    for x, y in _PAIRS:
        if x in names and y in names:
            return _from_pair(layer, names[x], names[y], findings)
    return layer


def _from_wkt(layer: Layer, name: str, stage: Stage, findings: list[Finding]) -> Layer:
    texts = layer.table.column(name).to_pylist()
    srids = {m.group(1) for t in texts if t and (m := re.match(r"(?i)\s*SRID=(\d+);", t))}
    plain = [None if t is None else re.sub(r"(?i)^\s*SRID=\d+;", "", t) for t in texts]
    easy = [None if t is None or _CURVED.search(t) else t for t in plain]
    shapes = shapely.from_wkt(np.array(easy, object), on_invalid="ignore")
    blobs = list(shapely.to_wkb(shapes, byte_order=1, flavor="iso"))
    hard = [k for k, (t, b) in enumerate(zip(plain, blobs, strict=True)) if t and t.strip() and b is None]
    for k, blob in zip(hard, _by_gdal([plain[k] or "" for k in hard], stage), strict=True):
        blobs[k] = blob
    lost = [k for k in hard if blobs[k] is None]
    rows = layer.rows if layer.rows is not None else pa.array(range(1, layer.count + 1))
    if lost:
        findings.append(
            finding(
                "R17",
                "error",
                f"“{name}”列有 {len(lost)} 行图形文字无法解析（首个为第 {rows[lost[0]]} 行），原文保留在属性中。",
                f"'{name}': {len(lost)} geometry texts cannot be parsed (the first in line {rows[lost[0]]}); kept "
                f"as text.",
                layer.source,
                layer=layer.name,
                row=rows[lost[0]].as_py(),
                field=name,
                value=texts[lost[0]],
                count=len(lost),
                do=("请修正这些图形后重新提供。", "Correct these geometries and send them again."),
            )
        )
    geometry, kind, notes = geometry_of(pa.array(blobs, pa.large_binary()), layer.source, layer.name, findings)
    table = layer.table if lost else layer.table.drop_columns([name])
    crs = stated(f"EPSG:{next(iter(srids))}") if len(srids) == 1 else None
    return layer.with_(table=table, geometry=geometry, geometry_type=kind, crs=crs, notes=layer.notes + notes)


def _by_gdal(texts: list[str], stage: Stage) -> list[bytes | None]:
    """WKT that shapely does not take (arcs, TINs, unclosed rings), by GDAL; None where it does not take it either."""
    if not texts:
        return []
    path = stage.room() / "wkt.csv"
    with path.open("w", newline="", encoding="utf-8") as f:
        csv.writer(f).writerows([["number", "WKT"], *([k, t] for k, t in enumerate(texts))])
    try:
        _, table = arrow(path, GEOM_POSSIBLE_NAMES="WKT", KEEP_GEOM_COLUMNS="NO")
    except Exception:  # GDAL names its errors in its own classes; the rows stay unread and are reported
        return [None] * len(texts)
    column = table.column(table.num_columns - 1)
    if len(column) != len(texts) or not (
        pa.types.is_large_binary(column.type) or isinstance(column.type, pa.BaseExtensionType)
    ):
        return [None] * len(texts)
    return [v.as_py() for v in column]


def _from_pair(layer: Layer, x_name: str, y_name: str, findings: list[Finding]) -> Layer:
    x, y = _floats(layer.table.column(x_name)), _floats(layer.table.column(y_name))
    there = np.isfinite(x) & np.isfinite(y)
    if not there.any():
        return layer
    filled = [
        not (_blank(a) and _blank(b))
        for a, b in zip(layer.table.column(x_name).to_pylist(), layer.table.column(y_name).to_pylist(), strict=True)
    ]
    bad = np.flatnonzero(np.array(filled) & ~there)
    rows = layer.rows if layer.rows is not None else pa.array(range(1, layer.count + 1))
    if bad.size:
        findings.append(
            finding(
                "R17",
                "warning",
                f"有 {bad.size} 行坐标不是数字（首个为第 {rows[int(bad[0])]} 行），这些行没有图形。",
                f"{bad.size} rows have coordinates that are not numbers (the first in line {rows[int(bad[0])]}).",
                layer.source,
                layer=layer.name,
                row=rows[int(bad[0])].as_py(),
                field=x_name,
                value=str(layer.table.column(x_name)[int(bad[0])]),
                count=int(bad.size),
                do=("请更正坐标。", "Correct the coordinates."),
            )
        )
    codes = _row_crs(layer)
    swapped = _swapped(x, y, there, codes)
    if swapped.any():
        x, y = np.where(swapped, y, x), np.where(swapped, x, y)
        first = int(np.flatnonzero(swapped)[0])
        findings.append(
            finding(
                "R07",
                "warning",
                f"有 {int(swapped.sum())} 行的两列坐标为（北, 东）次序，已按数值大小对调（首个为第 {rows[first]} "
                f"行）。",
                f"{int(swapped.sum())} rows give (north, east); swapped by magnitude (the first in line "
                f"{rows[first]}).",
                layer.source,
                layer=layer.name,
                row=rows[first].as_py(),
                count=int(swapped.sum()),
                do=("请核对点位。", "Check the places of the points."),
            )
        )
    crs, x, y = _one_crs(layer, x, y, there, codes, rows, findings)
    points = np.full(layer.count, None, object)
    points[there] = shapely.points(x[there], y[there])
    geometry = pa.array(shapely.to_wkb(points, byte_order=1).tolist(), pa.large_binary())
    note = f"点位取自“{x_name}”“{y_name}”两列 / points from columns '{x_name}', '{y_name}'"
    return layer.with_(geometry=geometry, geometry_type="Point", crs=crs, notes=(*layer.notes, note))


def _blank(value: object) -> bool:
    return value is None or not str(value).strip()


def _floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    if not pa.types.is_string(column.type):
        return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)
    out = np.full(len(column), np.nan)
    for k, v in enumerate(column.to_pylist()):
        try:
            out[k] = float(v) if v is not None else np.nan
        except ValueError:
            continue
    return out


def _row_crs(layer: Layer) -> list[int | None] | None:
    """The EPSG code that each row names for itself; None when there is no such column."""
    for name in layer.fields:
        if re.sub(r"[\s_]", "", name).lower() in _CRS_COLUMNS:
            known: dict[object, int | None] = {None: None}
            out = []
            for v in layer.table.column(name).to_pylist():
                if v not in known:
                    known[v] = _epsg(str(v))
                out.append(known[v])
            return out if any(out) else None
    return None


def _epsg(text: str) -> int | None:
    plain = re.sub(r"[\s_-]", "", text).lower()
    if plain in _CRS_NAMES:
        return _CRS_NAMES[plain]
    number = re.search(r"(\d{4,5})$", plain)
    crs = stated(f"EPSG:{number.group(1)}" if number else text)
    return crs.epsg if crs else None


def _degrees(epsg: int | None) -> bool:
    return epsg is not None and pyproj.CRS.from_epsg(epsg).is_geographic


def _swapped(
    x: NDArray[np.float64], y: NDArray[np.float64], there: NDArray[np.bool_], codes: list[int | None] | None
) -> NDArray[np.bool_]:
    """Rows whose columns are (north, east).

    Metres in China: a northing lies between 1.8 and 6.0 million; an easting is below one million or carries a zone
    number. Degrees: a first value below 60 with a second beyond 70 is (latitude, longitude); a latitude never passes
    90. In rows that say degrees but mean Britain the sign of the second value decides, longitudes there lie around
    zero.
    """

    def north(v: NDArray[np.float64]) -> NDArray[np.bool_]:
        return (v > 1.8e6) & (v < 6.2e6)

    def east(v: NDArray[np.float64]) -> NDArray[np.bool_]:
        return ((v > 1e5) & (v < 1e6)) | ((v > 1.3e7) & (v < 4.6e7))

    degrees = (np.abs(x) <= 90) & (np.abs(y) <= 180)
    out = np.asarray(there & ((north(x) & east(y)) | (degrees & (x > 0) & (x < 60) & (y > 70))))
    if codes is not None:
        british = np.array([c in (4258, 4326) for c in codes]) & (x > 49) & (x < 61) & (y > -9) & (y < 3)
        out |= there & british
    return out


def _one_crs(
    layer: Layer,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    there: NDArray[np.bool_],
    codes: list[int | None] | None,
    rows: pa.Array,
    findings: list[Finding],
) -> tuple[Crs | None, NDArray[np.float64], NDArray[np.float64]]:
    """Coordinates in one system: the one most rows name; the others are transformed, row by named row."""
    degrees = (np.abs(x) <= 180) & (np.abs(y) <= 90)
    if codes is None:
        mixed = there & (degrees != (degrees[there].mean() >= 0.5))
        if mixed.any():
            findings.append(_mixed(layer, mixed, rows, transformed=False))
        return None, x, y
    named = np.array([c or 0 for c in codes])
    says = np.array([_degrees(c or None) for c in codes])
    wrong = there & (named > 0) & (says != degrees)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        findings.append(
            finding(
                "R18",
                "error",
                f"有 {int(wrong.sum())} 行所写坐标系与坐标数值不符（首个为第 {rows[row]} 行）。",
                f"{int(wrong.sum())} rows name a coordinate system that their numbers contradict (first: line "
                f"{rows[row]}).",
                layer.source,
                layer=layer.name,
                row=rows[row].as_py(),
                count=int(wrong.sum()),
                do=("请核对这些行的坐标系与坐标。", "Check system and coordinates of these rows."),
            )
        )
    codes_here, counts = np.unique(named[there & (named > 0)], return_counts=True)
    if not len(codes_here):
        return None, x, y
    main = int(codes_here[counts.argmax()])
    others = there & (named > 0) & (named != main) & ~wrong
    for code in np.unique(named[others]):
        at = others & (named == code)
        x[at], y[at] = pyproj.Transformer.from_crs(int(code), main, always_xy=True).transform(x[at], y[at])
    if others.any():
        findings.append(_mixed(layer, others, rows, transformed=True))
    return stated(f"EPSG:{main}"), x, y


def _mixed(layer: Layer, at: NDArray[np.bool_], rows: pa.Array, *, transformed: bool) -> Finding:
    row = int(np.flatnonzero(at)[0])
    done = (
        ("已转换到多数行的坐标系", "transformed to the system of most rows")
        if transformed
        else ("未作转换", "left as they are")
    )
    return finding(
        "R18",
        "warning" if transformed else "error",
        f"同一表内坐标系不一：{int(at.sum())} 行与多数行不同，{done[0]}（首个为第 {rows[row]} 行）。",
        f"Several coordinate systems in one table: {int(at.sum())} rows differ, {done[1]} (the first in line "
        f"{rows[row]}).",
        layer.source,
        layer=layer.name,
        row=rows[row].as_py(),
        count=int(at.sum()),
        do=("请统一坐标系后重新提供。", "Send the table in one coordinate system."),
    )
