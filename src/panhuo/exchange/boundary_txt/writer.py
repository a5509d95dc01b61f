"""Write a layer as a boundary TXT: the ruled form by default, every variant met on demand."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from numpy.typing import NDArray

from panhuo.exchange.boundary_txt.checks import ellipsoid_scale
from panhuo.exchange.boundary_txt.records import AREA_M2, ITEMS, MORE_ITEMS, UNITS
from panhuo.exchange.boundary_txt.sheets import sheet_numbers
from panhuo.exchange.delivery import Layer
from panhuo.land.crs import Crs
from panhuo.messages import PanhuoError

_DECIMALS_OF_UNIT = {"公顷": 4, "平方米": 2, "亩": 4}
_DATUM_NAMES = {"CGCS2000": "2000国家大地坐标系", "西安80": "1980西安坐标系", "北京54": "1954北京坐标系"}


@dataclass(frozen=True, slots=True)
class TxtOptions:
    """How to write; the defaults are the ruled form (GBK, hectares with four decimals, nine items).

    encoding : ``gbk``, ``gb18030``, ``utf-8``, ``utf-8-sig``, ``utf-16-le`` or ``utf-16-be`` (UTF-16 gets its mark)
    layout : ``official``; ``headless`` only point lines, blank line between plots; ``provincial`` six items, likewise
    axis : ``north-east`` X before Y as ruled, or ``east-north``
    numbering : ``continue`` J1 … Jn over all rings of a plot, or ``restart`` at J1 in each ring
    ring_numbers : ``count`` 1, 2, 3 …, or ``one`` for every ring (needs closing points or restarting numbers)
    close : repeat the first point at the end of a ring; count_closing : count it in 界址点数
    items : 8, 9 or 14 items in a record, the final @ counted
    head : keys of [属性描述] to set or replace; sections : more sections before it
    arrange : begin at the north-western point, shells clockwise, holes against the clock
    columns : item -> column of the layer, where they are not named alike
    sheets : compute 图幅号 (1:10 000) where the layer has none and the coordinate system is known
    """

    encoding: Literal["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"] = "gbk"
    newline: Literal["\r\n", "\n"] = "\r\n"
    layout: Literal["official", "headless", "provincial"] = "official"
    axis: Literal["north-east", "east-north"] = "north-east"
    decimals: int = 3
    numbering: Literal["continue", "restart"] = "continue"
    ring_numbers: Literal["count", "one"] = "count"
    close: bool = True
    count_closing: bool = True
    area_unit: Literal["公顷", "平方米", "亩"] = "公顷"
    area_suffix: bool = False
    items: Literal[8, 9, 14] = 9
    point_prefix: str = "J"
    point_digits: int = 0
    head: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    arrange: bool = True
    columns: Mapping[str, str] = field(default_factory=dict)
    sheets: bool = True

    def __post_init__(self) -> None:
        if self.ring_numbers == "one" and self.numbering == "continue" and not self.close:
            raise PanhuoError(
                "圈号全为 1、点号连续又不写闭合点时无法分清各圈，请改变其中一项。",
                "Ring number 1 for all, running point numbers and no closing points hide the rings; change one.",
            )
        if not 0 <= self.decimals <= 12:
            raise PanhuoError("坐标小数位应在 0 到 12 之间。", "The decimals of coordinates must be from 0 to 12.")


def write(layer: Layer, path: Path, *, options: TxtOptions | None = None) -> None:
    """Write the polygons of ``layer`` to ``path``; the file appears whole or not at all. Errors: see ``render``."""
    data = render(layer, options)
    whole = path.with_name(path.name + ".part")
    try:
        whole.write_bytes(data)
        whole.replace(path)
    finally:
        whole.unlink(missing_ok=True)


def render(layer: Layer, options: TxtOptions | None = None) -> bytes:
    """The boundary TXT of a layer as bytes.

    Rows without geometry keep their record with 0 points. Areas come from the column 面积_平方米 where it has a
    value, else from the geometry (planar; degrees by the ellipsoid). Raises PanhuoError if the layer has no
    geometry, a row is no polygon, or a character does not exist in the encoding.
    """
    options = options or TxtOptions()
    if layer.geometry is None:
        raise PanhuoError(
            "该图层没有图形，不能写成界址点坐标文件。", "The layer has no geometry to write.", where=layer.name
        )
    geometry = shapely.from_wkb(layer.geometry.to_numpy(zero_copy_only=False))
    kinds = shapely.get_type_id(geometry)
    wrong = np.flatnonzero(~np.isin(kinds, (-1, 3, 6)))
    if len(wrong):
        raise PanhuoError(
            f"第 {int(wrong[0]) + 1} 行不是面，界址点坐标文件只写面。",
            f"Row {int(wrong[0]) + 1} is not a polygon; only polygons are written.",
            where=layer.name,
        )
    lines = list(_lines(layer, geometry, options))
    return _encode(lines, options, layer.name)


def _encode(lines: list[str], options: TxtOptions, name: str) -> bytes:
    text = options.newline.join(lines) + options.newline
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(options.encoding, b"")
    try:
        return mark + text.encode(options.encoding)
    except UnicodeEncodeError as error:
        letter = text[error.start]
        raise PanhuoError(
            f"字符“{letter}”不在 {options.encoding} 编码中，请改用 gb18030 或 utf-8。",
            f"The character '{letter}' does not exist in {options.encoding}; use gb18030 or utf-8.",
            where=name,
        ) from None


def _lines(layer: Layer, geometry: NDArray[np.object_], options: TxtOptions) -> Iterator[str]:
    official = options.layout == "official"
    if official:
        yield from _head(layer.crs, geometry, options)
    records = _records(layer, geometry, options) if official else None
    serial = 0
    form = f"%.{options.decimals}f,%.{options.decimals}f"
    north_first = options.axis == "north-east"
    for row, rings in enumerate(_rings(geometry, arrange=options.arrange)):
        total = sum(len(r) for r in rings)
        if records is not None:
            yield records[row].replace(
                "\0", str(total + (len(rings) if options.close and options.count_closing else 0)), 1
            )
        first = 1
        for number, ring in enumerate(rings, 1):
            start = first if options.numbering == "continue" else 1
            first += len(ring)
            pad, prefix = options.point_digits, options.point_prefix
            names = [f"{prefix}{str(n).zfill(pad)}" for n in range(start, start + len(ring))]
            points = ring.tolist()
            if options.close:
                names.append(names[0])
                points.append(points[0])
            label = number if options.ring_numbers == "count" else 1
            for name, (x, y) in zip(names, points, strict=True):
                pair = form % ((y, x) if north_first else (x, y))
                if options.layout == "provincial":
                    serial += 1
                    yield f"{serial},{row + 1},{label},{name},{pair}"
                else:
                    yield f"{name},{label},{pair}"
        if not official:
            yield ""


def _rings(geometry: NDArray[np.object_], *, arrange: bool) -> list[list[NDArray[np.float64]]]:
    """The rings of each polygon or multipolygon without their closing points: each shell, then its holes."""
    out: list[list[NDArray[np.float64]]] = [[] for _ in geometry]
    parts, row = shapely.get_parts(geometry, return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return out
    shell = np.append(True, part[1:] != part[:-1])
    xy = shapely.get_coordinates(rings)
    end = np.cumsum(shapely.get_num_coordinates(rings))
    begin = np.append(0, end[:-1])
    d = xy - np.repeat(xy[begin], end - begin, axis=0)
    cross = np.append(d[:-1, 0] * d[1:, 1] - d[1:, 0] * d[:-1, 1], 0.0)
    cross[end - 1] = 0.0
    clockwise = np.add.reduceat(cross, begin) < 0
    north_west = xy[:, 1] - xy[:, 0]
    for k, (a, b) in enumerate(zip(begin.tolist(), (end - 1).tolist(), strict=True)):
        ring = xy[a:b]
        if arrange:
            start = a + int(np.argmax(north_west[a:b]))
            ring = np.concatenate([xy[start:b], xy[a:start]])
            if clockwise[k] != shell[k]:
                ring = np.concatenate([ring[:1], ring[:0:-1]])
        out[row[part[k]]].append(ring)
    return out


def _head(crs: Crs | None, geometry: NDArray[np.object_], options: TxtOptions) -> Iterator[str]:
    for name, keys in options.sections.items():
        yield f"[{name}]"
        yield from (f"{k}={v}" for k, v in keys.items())
    degrees = crs is not None and crs.is_geographic
    head = {
        "格式版本号": "1.01版本",
        "数据产生单位": "",
        "数据产生日期": "",
        "坐标系": _DATUM_NAMES.get(crs.datum, crs.datum) if crs is not None else "",
        "几度分带": crs.kind[2] if crs is not None and crs.kind in ("gk3", "gk6") else "",
        "投影类型": "高斯克吕格" if crs is not None and crs.is_gauss_kruger else "",
        "计量单位": "度" if degrees else "米",
        "带号": str(crs.zone) if crs is not None and crs.zone else "",
        "精度": f"{10.0**-options.decimals:.{options.decimals}f}",
        "转换参数": ",,,,,,",
    }
    yield "[属性描述]"
    yield from (f"{k}={v}" for k, v in (head | dict(options.head)).items())
    yield "[地块坐标]"


def _records(layer: Layer, geometry: NDArray[np.object_], options: TxtOptions) -> list[str]:
    """The record of each row, with \\0 in place of the number of points."""

    def column(item: str) -> list[str]:
        name = options.columns.get(item, item)
        if name not in layer.fields:
            return [""] * layer.count
        texts = layer.table.column(name).cast(pa.string()).to_pylist()
        return ["" if t is None else _plain(t) for t in texts]

    metres = _square_metres(layer, geometry)
    digits = _DECIMALS_OF_UNIT[options.area_unit]
    suffix = options.area_unit if options.area_suffix else ""
    area = [f"{m / UNITS[options.area_unit]:.{digits}f}{suffix}" for m in metres.tolist()]
    kind = [t or "面" for t in column("图形属性")]
    sheet = column("图幅号")
    if options.sheets and not any(sheet):
        sheet = _sheets(layer.crs, geometry)
    items = [["\0"] * layer.count, area, column("地块编号"), column("地块名称"), kind, sheet, column("地块用途")]
    if options.items >= 9:
        items.append(column(ITEMS[7]))
    if options.items == 14:
        items += [column(item) for item in MORE_ITEMS]
    return [",".join(row) + ",@" for row in zip(*items, strict=True)]


def _plain(text: str) -> str:
    """A value that does not break the record: no separators, line ends or @ of its own."""
    return " ".join(text.replace(",", "，").replace("@", "＠ ").split())


def _square_metres(layer: Layer, geometry: NDArray[np.object_]) -> NDArray[np.float64]:
    area = np.nan_to_num(shapely.area(geometry))
    if layer.crs is not None and layer.crs.is_geographic:
        area = area * ellipsoid_scale(np.nan_to_num(shapely.get_y(shapely.centroid(geometry))))
    if AREA_M2 in layer.fields:
        stated = layer.table.column(AREA_M2).cast(pa.float64()).to_numpy()
        area = np.where(np.isfinite(stated), stated, area)
    return np.asarray(area, np.float64)


def _sheets(crs: Crs | None, geometry: NDArray[np.object_]) -> list[str]:
    if crs is None or not crs.known:
        return [""] * len(geometry)
    centre = shapely.centroid(geometry)
    x, y = shapely.get_x(centre), shapely.get_y(centre)
    if not crs.is_geographic:
        change = pyproj.Transformer.from_crs(crs.pyproj(), pyproj.CRS.from_epsg(4490), always_xy=True)
        x, y = change.transform(x, y)
    return [s or "" for s in sheet_numbers(np.asarray(x, np.float64), np.asarray(y, np.float64))]
