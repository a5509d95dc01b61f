"""Buildings: about two a parcel, inside it and apart from each other, with floors that follow the use."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.demo import names, uses
from panhuo.demo.ground import Ground
from panhuo.demo.holdings import Parcels
from panhuo.demo.tiling import hash01, simple
from panhuo.land.areas import planar_area
from panhuo.land.polygons import Polygons

#: Share of the ground covered and usual floors by use.
_COVER = np.array([0.40, 0.42, 0.48, 0.55, 0.30, 0.42, 0.22, 0.28, 0.30, 0.20, 0.04, 0.15, 0.0])
_FLOORS = np.array([1.6, 1.2, 4.5, 2.2, 7.5, 1.6, 4.0, 4.5, 5.5, 1.2, 1.0, 1.3, 1.0])
_USE_ZH = np.array(
    [
        "厂房",
        "仓库",
        "商业",
        "商业",
        "住宅",
        "住宅",
        "教学楼",
        "办公",
        "医疗",
        "附属用房",
        "附属用房",
        "附属用房",
        "附属用房",
    ]
)


def make_buildings(ground: Ground, parcels: Parcels, seed: int) -> tuple[pl.DataFrame, Polygons]:
    """Columns row (of the parcel), building_code, floors, height_m, built_year, danger_grade, idle, use, and
    footprints."""
    rng = np.random.default_rng([seed, 40])
    n = len(parcels)
    use = parcels.use
    mean = np.clip(0.6 + parcels.area_m2 / 4500.0, 0.9, 4.0)
    count = np.where(use == uses.VACANT, 0, np.clip(rng.poisson(mean), np.where(use == uses.PARKLAND, 0, 1), 6))
    count = np.where((use == uses.PARKLAND) | (use == uses.STATION), np.minimum(count, 1), count)
    row = np.repeat(np.arange(n), count)
    k = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    many = count[row]
    rect = ground.parcels[row].astype(float)
    width, height = rect[:, 2] - rect[:, 0], rect[:, 3] - rect[:, 1]
    # The lot is cut into as many strips or a grid of cells as it has buildings; each stands within its cell.
    across = width >= height
    columns = np.where(many > 3, 2, 1)
    lines = np.ceil(many / columns)
    a, b = k % lines, k // lines
    long_0 = a / lines
    long_1 = (a + 1) / lines
    short_0, short_1 = b / columns, (b + 1) / columns
    x0, x1 = np.where(across, long_0, short_0), np.where(across, long_1, short_1)
    y0, y1 = np.where(across, short_0, long_0), np.where(across, short_1, long_1)
    cover = _COVER[use[row]] * (0.55 + 0.75 * parcels.health[row]) * rng.lognormal(0, 0.15, len(row))
    scale = np.sqrt(np.clip(cover, 0.02, 0.62))
    sx = np.clip(scale * rng.uniform(0.9, 1.1, len(row)), 0.1, 0.82)
    sy = np.clip(scale * scale / sx, 0.1, 0.82)
    cx = rect[:, 0] + width * ((x0 + x1) / 2 + (x1 - x0) * (0.92 - sx) / 2 * rng.uniform(-0.8, 0.8, len(row)))
    cy = rect[:, 1] + height * ((y0 + y1) / 2 + (y1 - y0) * (0.92 - sy) / 2 * rng.uniform(-0.8, 0.8, len(row)))
    hw, hh = width * (x1 - x0) * sx / 2, height * (y1 - y0) * sy / 2
    keep = (hw > 1.6) & (hh > 1.6)
    row, cx, cy, hw, hh = (v[keep] for v in (row, cx, cy, hw, hh))
    m = len(row)
    angled = (rng.random(m) < 0.4) & (hw > 4) & (hh > 4)
    rings = np.concatenate([[0], np.cumsum(np.where(angled, 7, 5))])
    coords = np.empty((int(rings[-1]), 2))
    for chosen, px, py in (
        (~angled, (-1, 1, 1, -1, -1), (-1, -1, 1, 1, -1)),
        (angled, (-1, 1, 1, 0.1, 0.1, -1, -1), (-1, -1, 0.2, 0.2, 1, 1, -1)),
    ):
        i = np.flatnonzero(chosen)
        x = (cx[i, None] + hw[i, None] * np.array(px)).ravel()
        y = (cy[i, None] + hh[i, None] * np.array(py)).ravel()
        coords[(rings[i, None] + np.arange(len(px))).ravel()] = ground.bend(x, y)
    health = parcels.health[row]
    floors = np.maximum(np.round(_FLOORS[use[row]] * rng.lognormal(0, 0.3, m) * (0.75 + 0.45 * health)), 1)
    floors = np.where(parcels.built_year[row] < 1985, np.minimum(floors, 4), floors).astype(np.int64)
    storey = np.select([np.isin(use[row], (uses.INDUSTRY, uses.STORAGE)), use[row] == uses.MARKET], [6.2, 5.0], 3.1)
    tall = np.isin(use[row], (uses.INDUSTRY, uses.STORAGE)) & (floors == 1) & (rng.random(m) < 0.3)
    storey = np.where(tall, 9.5, storey)
    year = np.clip(parcels.built_year[row] + rng.integers(-1, 8, m), 1955, 2025)
    old = np.clip((2000 - year) / 45.0, 0, 1) * (1.1 - health)
    dice = rng.random(m)
    grade = np.select([dice < old * 0.10, dice < old * 0.45, dice < old * 1.2], ["D", "C", "B"], "A").astype(object)
    grade[hash01(np.arange(m), row, 51) < 0.35] = None  # not surveyed
    idle_share = np.where(health < 0.3, rng.beta(2, 2, m), rng.beta(0.6, 12, m))
    idle = (rng.random(m) < idle_share).astype(bool)
    for role_row, share in zip(parcels.story.values(), (1.0, 0.55), strict=False):
        here = row == role_row
        idle[here] = rng.random(int(here.sum())) < share
        grade[here] = "C"
    known = rng.random(m) > 0.12
    frame = pl.DataFrame(
        {
            "row": row,
            "building_code": np.char.add("990112F", np.char.zfill(np.char.mod("%d", np.arange(1, m + 1)), 8)),
            "floors": floors,
            "height_m": np.round(floors * storey + rng.uniform(0, 0.8, m), 1),
            "built_year": pl.Series(np.where(rng.random(m) < 0.05, 0, year)).replace({0: None}),
            "danger_grade": names.texts(grade),
            "idle": pl.DataFrame({"v": idle, "k": known}).select(
                pl.when("k").then(pl.when("v").then(pl.lit("是")).otherwise(pl.lit("否")))
            )["literal"],
            "use": _USE_ZH[use[row]],
        },
        strict=False,
    )
    return frame, simple(coords, rings)


def densities(
    parcels: Parcels, buildings: pl.DataFrame, shapes: Polygons
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Plot ratio and building density of each parcel, as an office would write them down (two decimals)."""
    n = len(parcels)
    area = planar_area(shapes)
    row = buildings["row"].to_numpy()
    footprint = np.bincount(row, area, n) / parcels.area_m2
    floor = np.bincount(row, area * buildings["floors"].to_numpy(), n) / parcels.area_m2
    return np.round(floor, 2), np.asarray(np.round(np.minimum(footprint, 0.95), 2), np.float64)
