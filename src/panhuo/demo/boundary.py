"""Boundary-point files (勘测定界界址点坐标, TXT) in GBK with CRLF: X is north and comes first, areas in 公顷."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import shapely


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot: its number, name, use, class code, shape, and how it is (mis)written.

    A plot with a ``remark`` is written with the 14 items of land consolidation, whose last is 备注.
    """

    code: str
    name: str
    use: str
    land_class: str
    shape: Any
    area_text: str
    swapped: bool = False
    closed: bool = True
    remark: str | None = None


def write_boundary_txt(path: Path, plots: Sequence[Plot], unit: str, on: date) -> list[int]:
    """Write the file; returns the line number (from 1) of each plot's first line."""
    head = ("格式版本号=1.01版本", f"数据产生单位={unit}", f"数据产生日期={on:%Y-%m-%d}", "坐标系=2000国家大地坐标系")
    system = ("几度分带=3", "投影类型=高斯克吕格", "计量单位=米", "带号=39", "精度=0.001", "转换参数=,,,,,,")
    lines = ["[属性描述]", *head, *system, "[地块坐标]"]
    where = []
    for plot in plots:
        rings = [plot.shape.exterior, *plot.shape.interiors]
        points = []
        count = 0
        for number, ring in enumerate(rings, 1):
            xy = shapely.get_coordinates(ring)[:-1]
            first = count + 1
            for x, y in xy.tolist():
                count += 1
                points.append((count, number, x, y))
            if plot.closed:
                points.append((first, number, *xy[0].tolist()))
        where.append(len(lines) + 1)
        more = "" if plot.remark is None else f",,,,{plot.remark},"
        lines.append(
            f"{len(points)},{plot.area_text},{plot.code},{plot.name},面,J50G080063,{plot.use},{plot.land_class},{more}@"
        )
        for name, number, x, y in points:
            a, b = (x, y) if plot.swapped else (y, x)
            lines.append(f"J{name},{number},{a:.3f},{b:.3f}")
    path.write_bytes(("\r\n".join(lines) + "\r\n").encode("gbk", "replace"))
    return where
