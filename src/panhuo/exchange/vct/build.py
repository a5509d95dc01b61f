"""From the parts of a VCT file to layers: references followed, rings chained, attributes joined."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import shapely

from panhuo.exchange.boundary_txt.rings import Rings, assemble
from panhuo.exchange.boundary_txt.text import narrow
from panhuo.exchange.delivery import Layer
from panhuo.exchange.vct.parse import Coords, Shape, VctFile, VctTable
from panhuo.land.crs import BEIJING54, CGCS2000, XIAN80, Crs, datum_name
from panhuo.messages import PanhuoError

#: Ends of lines that should meet may lie so far apart, in coordinate units.
_MEET = 1e-3
_GEOGRAPHIC = {CGCS2000: 4490, XIAN80: 4610, BEIJING54: 4214}


def _rings(file: VctFile, shape: Shape, seen: frozenset[str] = frozenset()) -> list[Coords]:
    """The rings of a polygon, its references followed; ValueError with (zh, en) where they are broken."""
    if shape.broken:
        raise ValueError("", "")
    if shape.parts:
        return [p if np.array_equal(p[0], p[-1]) else np.vstack([p, p[:1]]) for p in shape.parts]
    if shape.ident in seen or len(seen) > 20:
        raise ValueError("面引用成环", "the polygons refer to each other in a circle")
    if shape.of_polygons:
        out: list[Coords] = []
        for ident in (t for ring in shape.refs for t in ring):
            other = file.polygons.get(ident.lstrip("+-"))
            if other is None:
                raise ValueError(f"引用的面 {ident} 不存在", f"the polygon {ident} referred to does not exist")
            out += _rings(file, other, seen | {shape.ident})
        return out
    return [_chain(file, ring) for ring in shape.refs]


def _chain(file: VctFile, ring: list[str]) -> Coords:
    chain: list[Coords] = []
    for ident in ring:
        line = file.lines.get(ident.lstrip("+-"))
        if line is None:
            raise ValueError(f"引用的线 {ident} 不存在", f"the line {ident} referred to does not exist")
        if line.broken or not line.parts:
            raise ValueError(f"引用的线 {ident} 不可用", f"the line {ident} referred to cannot be used")
        coords = line.parts[0][::-1] if ident.startswith("-") else line.parts[0]
        if chain and float(np.abs(chain[-1][-1] - coords[0]).max()) > _MEET:
            raise ValueError(
                f"线 {ident} 与前一条线首尾不接", f"line {ident} does not begin where the one before it ends"
            )
        chain.append(coords[1:] if chain else coords)
    out = np.vstack(chain)
    if float(np.abs(out[0] - out[-1]).max()) > _MEET:
        raise ValueError(f"由线 {ring[0]} 起的一圈没有闭合", f"the ring that begins with line {ring[0]} is not closed")
    return out


def _polygon_shapes(file: VctFile) -> dict[str, shapely.Geometry]:
    """All polygons of the file by 标识码, built together by containment of their rings."""
    idents = list(file.polygons)
    first, last, owner, coords = [], [], [], []
    total = 0
    for k, ident in enumerate(idents):
        shape = file.polygons[ident]
        try:
            rings = _rings(file, shape)
        except ValueError as error:
            if len(error.args) == 2 and error.args[0]:
                zh, en = error.args
                file.say(
                    "VCT-08",
                    "error",
                    f"第 {shape.line} 行的面 {ident}：{zh}，没有图形",
                    f"polygon {ident} in line {shape.line}: {en}; no geometry",
                    shape.line,
                    key=ident,
                )
            continue
        for ring in rings:
            ring = ring[:-1]
            if len(ring) < 3 or shapely.MultiPoint(ring).convex_hull.area == 0:
                file.say(
                    "VCT-09",
                    "error",
                    f"第 {shape.line} 行的面 {ident} 有一圈不足三点或没有面积",
                    f"polygon {ident} in line {shape.line} has a ring without area",
                    shape.line,
                    key=ident,
                )
                continue
            first.append(total)
            total += len(ring)
            last.append(total)
            owner.append(k)
            coords.append(ring)
    if not coords:
        return {}
    xy = np.vstack(coords)
    area = np.array([shapely.Polygon(c).area for c in coords])
    rings_ = Rings(np.array(first, np.int64), np.array(last, np.int64), np.array(owner, np.int64), area)
    shapes = assemble(rings_, np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1]), len(idents)).geometry
    return {ident: g for ident, g in zip(idents, shapes, strict=True) if g is not None}


def build_layers(file: VctFile, crs: Crs | None, encoding: str) -> Iterator[Layer]:
    if file.head.get("xaxisdirection", "E").upper().startswith("N"):
        for shape in (*file.points.values(), *file.lines.values(), *file.polygons.values()):
            shape.parts = [p[:, ::-1] for p in shape.parts]
    made: dict[str, shapely.Geometry] = _polygon_shapes(file)
    made |= {
        i: shapely.LineString(s.parts[0])
        for i, s in file.lines.items()
        if s.parts and len(s.parts[0]) > 1 and i not in made
    }
    for i, s in file.points.items():
        if s.parts and len(s.parts[0]) and i not in made:
            made[i] = shapely.Point(s.parts[0][0]) if len(s.parts[0]) == 1 else shapely.MultiPoint(s.parts[0])
    by_table: dict[str, list[Shape]] = {}
    table_of = {code: table or name for code, (name, table) in file.codes.items()}
    for shape in (*file.points.values(), *file.lines.values(), *file.polygons.values()):
        by_table.setdefault(table_of.get(shape.code, shape.code), []).append(shape)
    # lines that only serve as boundaries of polygons have no table of their own
    used = {t.lstrip("+-") for p in file.polygons.values() if not p.of_polygons for ring in p.refs for t in ring}
    for name in [*file.tables, *(n for n in by_table if n not in file.tables)]:
        shapes = by_table.get(name, [])
        table = file.tables.get(name)
        if table is None:
            shapes = [s for s in shapes if not (s.ident in used and s.ident in file.lines)]
            if not shapes:
                continue
            table = VctTable(name, [], False)
        yield _layer(file, table, shapes, made, crs, encoding)


def _layer(
    file: VctFile,
    table: VctTable,
    shapes: list[Shape],
    made: dict[str, shapely.Geometry],
    crs: Crs | None,
    encoding: str,
) -> Layer:
    width = len(table.fields)
    lines: list[int] = []
    idents: list[str] = []
    values: list[list[str | None]] = []
    for at, items in table.rows:
        if width == 0 or len(items) == width + 1:
            row: list[str | None] = list(items[1:])
        elif len(items) == width:
            row = list(items)
        else:
            row = [*items[:width], *[None] * (width - len(items))]
            file.say(
                "VCT-10",
                "error",
                f"第 {at} 行有 {len(items)} 项，属性表 {table.name} 定义 {width} 个字段",
                f"line {at} has {len(items)} items, table {table.name} has {width} fields",
                at,
                key=items[0],
            )
        lines.append(at)
        idents.append(items[0])
        values.append(row)
    known = set(idents)
    orphans = [s for s in shapes if s.ident not in known]
    if orphans and table.fields:
        file.say(
            "VCT-11",
            "warning",
            f"属性表 {table.name} 缺少 {len(orphans)} 个图形对象的记录，首个在第 {orphans[0].line} 行",
            f"table {table.name} has no row for {len(orphans)} objects, the first in line {orphans[0].line}",
            orphans[0].line,
            key=orphans[0].ident,
            count=len(orphans),
        )
    for shape in orphans:
        lines.append(shape.line)
        idents.append(shape.ident)
        values.append([None] * width)
    spatial = not table.bare and bool(shapes)
    if spatial:
        lost = [k for k, ident in enumerate(idents) if ident not in made]
        if lost:
            file.say(
                "VCT-12",
                "error",
                f"属性表 {table.name} 有 {len(lost)} 条记录没有图形，首条在第 {lines[lost[0]]} 行",
                f"table {table.name} has {len(lost)} rows without geometry, the first in line {lines[lost[0]]}",
                lines[lost[0]],
                key=idents[lost[0]],
                count=len(lost),
            )
    columns: dict[str, pa.Array] = {"标识码": pa.array(idents, pa.string())}
    for k, (name, kind) in enumerate(table.fields):
        texts = [row[k] if k < len(row) and row[k] != "" else None for row in values]
        columns[name] = _column(file, table.name, name, kind, texts, lines)
    if table.fields and table.fields[0][0].upper() == "BSM":
        columns.pop("标识码")
    geometry = np.array([made.get(i) for i in idents] or [None], dtype=np.object_)[: len(idents)]
    kinds = {int(k) for k in shapely.get_type_id(geometry)} - {-1}
    title = next((n for n, t in file.codes.values() if t == table.name), "")
    return Layer(
        name=table.name,
        source=file.source,
        driver="vct",
        table=pa.table(columns),
        geometry=pa.array(shapely.to_wkb(geometry, output_dimension=2, flavor="iso"), pa.large_binary())
        if spatial
        else None,
        crs=crs if spatial else None,
        encoding=encoding,
        rows=pa.array(lines, pa.int64()),
        geometry_type=("Polygon" if kinds <= {3} else "MultiPolygon" if kinds <= {3, 6} else "Unknown")
        if spatial
        else None,
        notes=(f"要素名称={title}",) if title else (),
    )


def _column(file: VctFile, table: str, name: str, kind: str, texts: list[str | None], lines: list[int]) -> pa.Array:
    """A column in its declared type, or as text where a value does not fit it."""
    convert = int if kind.startswith("int") else float if kind in ("float", "double") else None
    if convert is not None:
        out: list[int | float | None] = []
        for text, line in zip(texts, lines, strict=True):
            try:
                out.append(None if text is None else convert(text))
            except ValueError:
                file.say(
                    "VCT-13",
                    "warning",
                    f"第 {line} 行字段 {name} 的值“{text}”不是数字，该列按文字读取",
                    f"line {line}: '{text}' in field {name} is no number; the column is read as text",
                    line,
                )
                break
        else:
            try:
                return pa.array(out, pa.int64() if convert is int else pa.float64())
            except (OverflowError, pa.ArrowInvalid):
                pass
    return pa.array(texts, pa.string())


def crs_of(file: VctFile) -> Crs | None:
    """The CRS from Spheroid, CoordinateSystemType, Parameters (meridian, scale, FE, FN, zone width, zone)."""
    words = " ".join(file.head.get(k, "") for k in ("spheroid", "projection", "datamark"))
    datum = datum_name(words)
    if not datum:
        datum = (
            CGCS2000
            if "2000" in words
            else XIAN80
            if re.search(r"80|IAG", words, re.I)
            else BEIJING54
            if re.search(r"54|Krass", words, re.I)
            else ""
        )
    if datum in _GEOGRAPHIC:
        if file.head.get("coordinatesystemtype", "").upper().startswith("D"):
            return Crs.from_epsg(_GEOGRAPHIC[datum], source="declared")
        try:
            values = [float(t) for t in narrow(file.head.get("parameters", "")).split(",")]
            meridian, easting = values[0], values[2]
            width = int(values[4]) if len(values) > 4 and values[4] in (3, 6) else 3
            zone = round(meridian / 3) if width == 3 else round((meridian + 3) / 6)
            if easting in (500000, zone * 1e6 + 500000):
                return Crs.gauss_kruger(
                    zone, width=3 if width == 3 else 6, prefix=easting > 1e6, datum=datum, source="declared"
                )
        except (ValueError, IndexError, OverflowError, PanhuoError):
            pass
    file.say(
        "VCT-14",
        "warning",
        "文件头的坐标系参数不全或不认识，请在导入时指定坐标系",
        "the coordinate system in the head is not complete or not known; name it when importing",
    )
    return None
