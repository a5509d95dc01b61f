"""Shapefiles as Chinese bureaus expect them: GBK with a .cpg that says so, ESRI names in the .prj, a table of field
names."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from panhuo.exchange import write_dbf
from panhuo.exchange.codes import finding
from panhuo.exchange.delivery import Layer
from panhuo.exchange.encoding import codec_of
from panhuo.exchange.plain_types import simple
from panhuo.exchange.write_vector import by_type, promoted, put
from panhuo.messages import Finding, PanhuoError


def write(layer: Layer, path: Path, findings: list[Finding], encoding: str) -> list[Path]:
    """Write a layer as .shp, .shx, .dbf, .cpg, .prj; a layer of mixed geometry as several. A plain table gives a .dbf.

    Returns the files made, .shp last, among them ``<name>_字段对照.csv`` when a field name had to be cut.
    """
    codec = codec_of(encoding)
    if codec not in ("gb18030", "utf-8"):
        raise PanhuoError(
            f"Shapefile 的编码只能是 GBK 或 UTF-8，不是“{encoding}”。",
            f"A shapefile is written in GBK or UTF-8, not '{encoding}'.",
            where=path.name,
        )
    made: list[Path] = []
    for part in by_type(layer, findings):
        tail = part.name.removeprefix(layer.name)
        made += _one(part, path.with_name(f"{path.stem}{tail}.shp"), findings, codec)
    return made


def _one(layer: Layer, path: Path, findings: list[Finding], codec: str) -> list[Path]:
    made: list[Path] = []
    if layer.geometry is not None:
        made += _shapes(layer, path, findings)
    table = simple(layer.table)
    given = write_dbf.write(table, path.with_suffix(".dbf"), codec, layer.source, layer.name, findings)
    path.with_suffix(".cpg").write_text("GBK" if codec == "gb18030" else "UTF-8", encoding="ascii")
    made = [path.with_suffix(".dbf"), path.with_suffix(".cpg"), *made]
    changed = {k: v for k, v in given.items() if k != v}
    if changed:
        names = path.with_name(f"{path.stem}_字段对照.csv")
        with names.open("w", encoding="utf-8-sig", newline="") as f:
            csv.writer(f).writerows([["字段名", "原名"], *([v, k] for k, v in given.items())])
        made.insert(0, names)
        findings.append(
            finding(
                "R20",
                "note",
                f"{len(changed)} 个字段名超过 10 字节，已缩短，对照见“{names.name}”。",
                f"{len(changed)} field names over 10 bytes were shortened; '{names.name}' lists them.",
                layer.source,
                layer=layer.name,
                count=len(changed),
            )
        )
    if codec == "gb18030":
        _rare(table, layer, findings)
    return made


def _shapes(layer: Layer, path: Path, findings: list[Finding]) -> list[Path]:
    """The shapes by GDAL, with a stand-in table that :mod:`write_dbf` replaces."""
    geometry, kind = promoted(layer)
    if kind in ("GeometryCollection", "Unknown"):
        findings.append(
            finding(
                "R20",
                "error",
                "Shapefile 不支持几何集合，图形未写出，仅写属性。",
                "A shapefile holds no geometry collections; only the attributes were written.",
                layer.source,
                layer=layer.name,
                count=layer.count,
                do=("请改用 GeoPackage。", "Use GeoPackage."),
            )
        )
        if geometry is not None and geometry.null_count < len(geometry):
            return []
        kind = "Polygon"
    stand_in = pa.table({"n": pa.nulls(layer.count, pa.int32())})
    put(stand_in, geometry, kind, None, path, path.stem, "ESRI Shapefile", {"ENCODING": "UTF-8"})
    made = [path.with_suffix(".shx"), path]
    if layer.crs is not None and layer.crs.known:
        prj = path.with_suffix(".prj")
        prj.write_text(layer.crs.esri_wkt(), encoding="utf-8")
        made.insert(0, prj)
    return made


def _rare(table: pa.Table, layer: Layer, findings: list[Finding]) -> None:
    """Characters that GBK does not have are written as GB18030 has them; old software shows them wrongly."""
    for name in table.column_names:
        column = table.column(name)
        if not pa.types.is_string(column.type):
            continue
        unique = pc.unique(pc.drop_null(column)).to_pylist()
        text = "".join(set("".join(unique)))
        rare = [c for c in text if c >= "\x80" and not _in_gbk(c)]
        if rare:
            findings.append(
                finding(
                    "R20",
                    "note",
                    f"字段“{name}”含 GBK 以外的生僻字（{''.join(rare[:10])}），按 GB18030 写出，"
                    f"部分软件可能显示不正常。",
                    f"Field '{name}' has characters outside GBK ({''.join(rare[:10])}); written as GB18030, "
                    "which some software does not show.",
                    layer.source,
                    layer=layer.name,
                    field=name,
                    value="".join(rare[:50]),
                    count=len(rare),
                    do=("需要完整显示时请用 GeoPackage。", "Use GeoPackage where they have to show."),
                )
            )


def _in_gbk(character: str) -> bool:
    try:
        character.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
