"""Maps of an invented district: parcels on a bent grid, twelve townships, as many parcels as asked for."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import numpy as np
from sample_papers import CLASSES, CLASSES_EN, DAY, TOWNS, TOWNS_EN

from panhuo.documents.maps import BoundaryLayer, ClassStyle, MapLayer, MapSpec
from panhuo.land.polygons import Polygons

X0, Y0, WIDE, HIGH = 39_518_000.0, 4_045_000.0, 24_000.0, 20_000.0
NOTE = {
    "zh": "坐标系：2000国家大地坐标系，高斯-克吕格投影3度带第39带",
    "en": "CRS: CGCS2000 / 3-degree Gauss-Kruger zone 39",
}


def quads(columns: int, rows: int, shrink: float, seed: int, wild: float = 0.25) -> Polygons:
    """``columns * rows`` four-cornered parcels that share a bent grid, each drawn in from its neighbours."""
    rng = np.random.default_rng(seed)
    u, v = np.meshgrid(np.linspace(0, 1, columns + 1), np.linspace(0, 1, rows + 1))
    x = X0 + WIDE * (u + 0.03 * np.sin(7 * v) * np.sin(np.pi * u)) + rng.normal(0, wild * WIDE / columns / 4, u.shape)
    y = Y0 + HIGH * (v + 0.03 * np.sin(9 * u) * np.sin(np.pi * v)) + rng.normal(0, wild * HIGH / rows / 4, u.shape)
    p = np.stack((x, y), axis=-1)
    ring = np.stack((p[:-1, :-1], p[:-1, 1:], p[1:, 1:], p[1:, :-1], p[:-1, :-1]), axis=2).reshape(-1, 5, 2)
    centre = ring[:, :4].mean(axis=1, keepdims=True)
    ring = centre + (ring - centre) * shrink
    n = len(ring)
    return Polygons(
        ring.reshape(-1, 2),
        np.arange(0, 5 * n + 1, 5, dtype=np.int64),
        np.zeros(n, dtype=bool),
        np.arange(n + 1, dtype=np.int64),
        np.zeros(n, dtype=np.uint8),
    )


def sample_map(count: int, lang: Literal["zh", "en"] = "zh", date: dt.date = DAY) -> MapSpec:
    zh = lang == "zh"
    columns = round((count * WIDE / HIGH) ** 0.5)
    rows = max(1, round(count / columns))
    parcels = quads(columns, rows, 0.9, 1)
    rng = np.random.default_rng(2)
    middle = parcels.coords[::5]
    cluster = np.sin((middle[:, 0] - X0) / 2100) * np.cos((middle[:, 1] - Y0) / 1700) + rng.normal(
        0, 0.25, len(parcels)
    )
    classes = np.select([cluster > 0.75, cluster < -0.75, np.abs(cluster) < 0.06], [0, 1, 2], 3)
    classes[rng.random(len(classes)) < 0.03] = 4
    first, second, third = CLASSES if zh else CLASSES_EN
    styles = (
        ClassStyle(first, "#9c3d54"),
        ClassStyle(second, "#d9822b", 1),
        ClassStyle(third, "#1f5a94", 2),
        ClassStyle("未认定为低效" if zh else "Not inefficient", "#eef1ea"),
        ClassStyle("待核实" if zh else "Unknown", "#e6e6e6", 3),
    )
    towns = BoundaryLayer(
        quads(4, 3, 1.0, 3, 0.5), "乡镇（街道）界" if zh else "Township boundary", TOWNS if zh else TOWNS_EN
    )
    return MapSpec(
        "澄湖区低效用地分布图" if zh else "Inefficient land in Chenghu District",
        (MapLayer(parcels, classes, styles),),
        (towns,),
        crs_note=NOTE[lang],
        date=date,
        source="澄湖区低效用地调查成果（演示数据）" if zh else "Survey of Chenghu District (demonstration data)",
        review_number="",
        lang=lang,
    )
