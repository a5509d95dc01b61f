"""Shapefiles: shapes by :mod:`panhuo.exchange.shp_polygons` and GDAL, attributes by :mod:`panhuo.exchange.dbf`, the
index rebuilt in a private copy when needed.

Source: ESRI Shapefile Technical Description, July 1998.
"""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from panhuo.exchange import dbf, shp_polygons
from panhuo.exchange import encoding as enc
from panhuo.exchange.codes import finding, unreadable
from panhuo.exchange.delivery import Layer
from panhuo.exchange.placing import stated
from panhuo.exchange.result import ReadResult
from panhuo.exchange.stage import Item, Stage, put
from panhuo.exchange.vector import arrow, geometry_of
from panhuo.land.crs import Crs
from panhuo.messages import Finding

_POLYGON = 5
_SHAPE_TYPES = {0, 1, 3, 5, 8, 11, 13, 15, 18, 21, 23, 25, 28, 31}
_RESEND = (
    "请把同名的 .shp、.shx、.dbf、.prj、.cpg 一并提供。",
    "Send the .shp, .shx, .dbf, .prj and .cpg of the same name together.",
)


def read(parts: Mapping[str, Item], source: str, stage: Stage) -> ReadResult:
    """One shapefile; ``parts`` maps extensions (``shp``, ``dbf`` …) to files, at least ``shp`` or ``dbf``."""
    findings: list[Finding] = []
    lead = parts["shp"] if "shp" in parts else parts["dbf"]
    name = lead.stem
    cpg = parts["cpg"].data()[:64].decode("ascii", "replace").strip() if "cpg" in parts else None
    if cpg and enc.codec_of(cpg) is None:
        findings.append(
            finding(
                "R01",
                "warning",
                f".cpg 中的编码“{cpg}”无法识别，已按内容判断。",
                f"The .cpg names an unknown encoding '{cpg}'; it was decided from the content.",
                source,
                layer=name,
                do=("Shapefile 的 .cpg 请写 GBK 或 UTF-8。", "Write GBK or UTF-8 in the .cpg."),
            )
        )
    room = stage.room()
    for ext in ("dbt", "fpt"):
        if ext in parts:
            put(parts[ext].local, room / f"layer.{ext}")
    table: dbf.Table | None = None
    if "dbf" in parts:
        put(parts["dbf"].local, room / "layer.dbf")
        table = dbf.read(room / "layer.dbf", source, cpg, findings, name)
        if table is not None and cpg and table.how in ("cpg", "ascii") and enc.codec_of(cpg) and not enc.is_usual(cpg):
            findings.append(_odd_cpg(cpg, table.codec, source, name))
        if table is not None and "names" in parts:
            table = table._replace(columns=_renamed(table.columns, parts["names"]))
    shapes = _shapes(parts, source, name, room, findings) if "shp" in parts else None
    if shapes is None:
        return ReadResult(_table_only(table, source, name), findings)
    rows = np.arange(len(shapes))
    if table is None:
        if "dbf" not in parts:
            findings.append(
                finding(
                    "R03",
                    "error",
                    "缺少 .dbf，图形没有属性。",
                    "The .dbf is missing: shapes without attributes.",
                    source,
                    layer=name,
                    do=_RESEND,
                )
            )
        columns, encoding, how = pa.table({"FID": pa.array(rows + 1)}), None, ""
    else:
        columns, shapes, rows = _joined(table, shapes, source, name, findings)
        encoding, how = enc.shown(table.codec), table.how
    crs = _crs(parts, source, name, findings)
    geometry, kind, notes = geometry_of(shapes, source, name, findings)
    if how:
        notes = (*notes, _HOW[how].format(encoding))
    layer = Layer(
        name,
        source,
        "ESRI Shapefile",
        columns,
        geometry,
        crs,
        encoding,
        pa.array(rows + 1, pa.int64()),
        kind,
        notes,
    )
    return ReadResult((layer,), findings)


_HOW = {
    "cpg": "编码 {}：依 .cpg / encoding stated in .cpg",
    "ldid": "编码 {}：依 DBF 语言字节 / encoding from the DBF language byte",
    "content": "编码 {}：按内容推断 / encoding guessed from the content",
    "ascii": "编码 {}：全部为 ASCII 字符 / plain ASCII text",
}


def _odd_cpg(said: str, codec: str, source: str, name: str) -> Finding:
    used = enc.shown(codec)
    return finding(
        "R01",
        "note",
        f".cpg 写作“{said}”，不是规范的编码名称，已按 {used} 读取。",
        f"The .cpg says '{said}', which is not a usual name of an encoding; it was read as {used}.",
        source,
        layer=name,
        value=said,
        do=("Shapefile 的 .cpg 请写 GBK 或 UTF-8。", "Write GBK or UTF-8 in the .cpg."),
    )


def _renamed(columns: pa.Table, names: Item) -> pa.Table:
    """Field names as they were before our writer shortened them to ten bytes."""
    rows = list(csv.reader(io.StringIO(enc.decode(names.data()).text)))
    full = {r[0]: r[1] for r in rows[1:] if len(r) == 2} if rows and rows[0] == ["字段名", "原名"] else {}
    given = [full.get(c, c) for c in columns.column_names]
    return columns.rename_columns(given) if len(set(given)) == len(given) else columns


def _table_only(table: dbf.Table | None, source: str, name: str) -> tuple[Layer, ...]:
    if table is None:
        return ()
    notes = (_HOW[table.how].format(enc.shown(table.codec)),)
    rows = pa.array(table.kept + 1, pa.int64())
    return (Layer(name, source, "DBF", table.columns, encoding=enc.shown(table.codec), rows=rows, notes=notes),)


def _crs(parts: Mapping[str, Item], source: str, name: str, findings: list[Finding]) -> Crs | None:
    text = enc.decode(parts["prj"].data()).text if "prj" in parts else None
    crs = stated(text)
    if text and text.strip() and crs is None:
        findings.append(
            finding(
                "D02",
                "warning",
                ".prj 中的坐标系无法识别。",
                "The coordinate system in the .prj is not known.",
                source,
                layer=name,
                value=text,
                do=("请说明坐标系、带号与中央经线。", "State the system, zone and central meridian."),
            )
        )
    return crs


def _joined(
    table: dbf.Table, shapes: pa.Array, source: str, name: str, findings: list[Finding]
) -> tuple[pa.Table, pa.Array, NDArray[np.int64]]:
    """Attributes and shapes side by side: record i of one is record i of the other; none of either is dropped."""
    n, total = len(shapes), table.total
    if n == total == table.kept.size:
        return table.columns, shapes, np.arange(n)
    gone = np.setdiff1d(np.arange(total), table.kept)
    rows = np.setdiff1d(np.arange(max(n, total)), gone)
    if n != total:
        findings.append(
            finding(
                "R04",
                "error",
                f".shp 有 {n} 个图形，.dbf 有 {total} 行，按序号对应，缺者为空。",
                f"The .shp has {n} shapes and the .dbf {total} rows; matched by number, what is missing is empty.",
                source,
                layer=name,
                do=("两文件可能来自不同版本，请重新导出。", "They may be of different versions; export them again."),
                count=abs(n - total),
            )
        )
    at = np.full(max(n, total), -1, np.int64)
    at[table.kept] = np.arange(table.kept.size)
    take = pa.array(at[rows], mask=at[rows] < 0)
    columns = table.columns.take(take) if table.columns.num_columns else pa.table({"_": pa.nulls(len(rows))}).select([])
    return columns, shapes.take(pa.array(rows, mask=rows >= n)), rows


def _shapes(parts: Mapping[str, Item], source: str, name: str, room: Path, findings: list[Finding]) -> pa.Array | None:
    """The shapes as WKB (n,), null shapes as null; None (with a finding) when the .shp is no shapefile."""
    shp = parts["shp"]
    with shp.local.open("rb") as f:
        head = f.read(100)
    if len(head) < 100 or struct.unpack_from("<i", head, 32)[0] not in _SHAPE_TYPES:
        findings.append(
            unreadable(
                ".shp 文件头损坏，无法读取图形。", "The header of the .shp is broken; no shapes.", source, _RESEND, name
            )
        )
        return None
    put(shp.local, room / "layer.shp")
    sound = "shx" in parts and _index_fits(parts["shx"].local, shp.local)
    if sound:
        put(parts["shx"].local, room / "layer.shx")
    else:
        entries, cut = _scan(shp.local)
        _write_index(room / "layer.shx", head, entries)
        why = ("缺少 .shx", ".shx missing") if "shx" not in parts else (".shx 与 .shp 不一致", ".shx does not fit .shp")
        findings.append(
            finding(
                "R03",
                "warning",
                f"{why[0]}，已在临时副本中重建索引，读出 {len(entries)} 个图形。",
                f"{why[1]}; the index was rebuilt in a private copy, {len(entries)} shapes read.",
                source,
                layer=name,
                do=_RESEND,
            )
        )
        if cut:
            findings.append(
                finding(
                    "D01",
                    "error",
                    f".shp 在第 {len(entries) + 1} 个图形处中断，其后缺失。",
                    f"The .shp breaks off at shape {len(entries) + 1}; the rest is missing.",
                    source,
                    layer=name,
                    row=len(entries) + 1,
                    do=_RESEND,
                )
            )
    if (room / "layer.shx").stat().st_size == 100:
        return pa.array([], pa.large_binary())
    if struct.unpack_from("<i", head, 32)[0] == _POLYGON:
        return _polygons(room, head, source, name, findings)
    return _by_gdal(room / "layer.shp", room / "layer.shx", source, name, findings)


def _polygons(room: Path, head: bytes, source: str, name: str, findings: list[Finding]) -> pa.Array | None:
    """Polygons as WKB; GDAL reads those of several rings, by an index that lists no others."""
    simple = shp_polygons.look(room / "layer.shp", room / "layer.shx")
    if not simple.odd.size:
        return shp_polygons.build(simple, pa.array([], pa.large_binary()))
    entries = np.fromfile(room / "layer.shx", ">i4", offset=100).reshape(-1, 2)[simple.odd]
    _write_index(room / "others.shx", head, entries)
    others = _by_gdal(room / "layer.shp", room / "others.shx", source, name, findings)
    return others if others is None else shp_polygons.build(simple, others)


def _by_gdal(shp: Path, shx: Path, source: str, name: str, findings: list[Finding]) -> pa.LargeBinaryArray | None:
    """Shapes without attributes: the .dbf stays outside, so that deleted rows do not take their shapes along."""
    alone = shp.parent / "alone"
    alone.mkdir()
    put(shp, alone / "layer.shp")
    put(shx, alone / "layer.shx")
    try:
        _, table = arrow(alone / "layer.shp", columns=[])
    except Exception as error:  # GDAL names its errors in its own classes
        findings.append(
            unreadable(f"图形无法读取：{error}。", f"The shapes cannot be read: {error}.", source, _RESEND, name)
        )
        return None
    shapes: pa.LargeBinaryArray = table.column(table.num_columns - 1).chunk(0)
    return shapes


def _index_fits(shx: Path, shp: Path) -> bool:
    """Whether every entry of the index points at a record header of that number and length in the .shp."""
    size = shp.stat().st_size
    raw = np.fromfile(shx, np.uint8)
    if len(raw) < 100 or (len(raw) - 100) % 8:
        return False
    entries = raw[100:].view(">i4").reshape(-1, 2).astype(np.int64) * 2
    if not len(entries):
        return size <= 108
    at, length = entries[:, 0], entries[:, 1]
    if at.min() < 100 or length.min() < 0 or (at + 8 + length).max() > size:
        return False
    data = np.memmap(shp, np.uint8, "r")
    heads = np.stack([data[at + k] for k in range(8)], axis=1).copy().view(">i4")
    used = int((8 + length).sum()) + 100
    return bool((heads[:, 1].astype(np.int64) * 2 == length).all()) and used >= 0.5 * size


def _scan(shp: Path) -> tuple[list[tuple[int, int]], bool]:
    """The records of a .shp by walking through it: (offset, content length) in 16-bit words, and whether it breaks
    off."""
    data = np.memmap(shp, np.uint8, "r")
    at, size = 100, len(data)
    entries: list[tuple[int, int]] = []
    while at + 12 <= size:
        length = struct.unpack(">i", data[at + 4 : at + 8].tobytes())[0]
        kind = struct.unpack("<i", data[at + 8 : at + 12].tobytes())[0]
        if length < 2 or kind not in _SHAPE_TYPES or at + 8 + 2 * length > size:
            return entries, True
        entries.append((at // 2, length))
        at += 8 + 2 * length
    return entries, at < size


def _write_index(path: Path, head: bytes, entries: Sequence[tuple[int, int]] | NDArray[np.int32]) -> None:
    words = 50 + 4 * len(entries)
    body = np.array(entries, ">i4").tobytes() if len(entries) else b""
    path.write_bytes(head[:24] + struct.pack(">i", words) + head[28:100] + body)
