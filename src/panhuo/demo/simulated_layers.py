"""What lies around the parcels of a simulated city: patches, plans, control lines, renewal, buildings, legacy land."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from panhuo.demo import holdings, layout, uses
from panhuo.demo.holdings import Parcels
from panhuo.demo.lists import SITUATIONS
from panhuo.demo.tiling import Ints, cut, hash01

Geometries = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Cover:
    """Rectangles that tile the city's bounds: ``rects`` (k, 4) in steps of about a metre from ``origin`` (degrees)."""

    rects: Ints
    origin: tuple[float, float]
    step: tuple[float, float]

    def boxes(self, rows: NDArray[np.int64] | None = None) -> Geometries:
        r = self.rects if rows is None else self.rects[rows]
        x, y = self.origin[0] + r[:, [0, 2]] * self.step[0], self.origin[1] + r[:, [1, 3]] * self.step[1]
        return np.asarray(shapely.box(x[:, 0], y[:, 0], x[:, 1], y[:, 1]))


def cover(bounds: tuple[float, ...], metre: tuple[float, float], target: int, seed: int) -> Cover:
    """Tile the bounds (and 200 m around) with ``target`` rectangles."""
    origin = (bounds[0] - 200 * metre[0], bounds[1] - 200 * metre[1])
    width = int((bounds[2] - bounds[0]) / metre[0] + 400)
    height = int((bounds[3] - bounds[1]) / metre[1] + 400)
    rects, _, _ = cut(
        np.array([[0, 0, width // 2 * 2, height // 2 * 2]], np.int64),
        lambda r, _: ((r[:, 2] - r[:, 0]) * (r[:, 3] - r[:, 1])).astype(np.float64),
        np.random.default_rng([seed, 61]),
        target=target,
        smallest=lambda r, _: np.full(len(r), 6.0),
    )
    return Cover(rects, origin, metre)


def locate(cover: Cover, points: NDArray[np.float64]) -> Ints:
    """The rectangle that each point lies in."""
    tree = shapely.STRtree(cover.boxes())
    where = np.zeros(len(points), np.int64)
    found = tree.query(shapely.points(points), predicate="intersects")
    where[found[0]] = found[1]
    return where


def serial(count: int, width: int) -> NDArray[np.str_]:
    return np.char.zfill(np.char.mod("%d", np.arange(1, count + 1)), width)


def make_patches(fine: Cover, patch: Ints, truth: Parcels, rng: np.random.Generator) -> tuple[pl.DataFrame, Ints]:
    use = uses.main_use(patch, truth.use, truth.area_m2, len(fine.rects))
    region = np.full(len(fine.rects), layout.NEW_TOWN)
    region[patch] = truth.region
    empty = use < 0
    open_class = np.where(rng.random(len(use)) < 0.6, "0301", "1004")
    dlbm = np.where(empty, open_class, uses.DLBM[np.maximum(use, 0)])
    dlmc = np.where(empty, np.where(open_class == "0301", "乔木林地", "城镇村道路用地"), uses.DLMC[np.maximum(use, 0)])
    attribute = np.where(region == layout.VILLAGE, "203", "201")
    attribute = np.where((dlbm == "0601") & (region == layout.PARK), "201A", attribute)
    frame = pl.DataFrame(
        {
            "patch_code": np.char.add("9901122026", serial(len(use), 8)),
            "land_class": dlbm,
            "land_class_name": dlmc,
            "town_attribute": attribute,
            "ownership_nature": np.where(region == layout.VILLAGE, "30", "20"),
        }
    ).with_columns(town_attribute=pl.when(pl.col("land_class") != "0301").then("town_attribute"))
    return frame, use


def make_zones(coarse: Cover, block: Ints, truth: Parcels, rng: np.random.Generator) -> tuple[pl.DataFrame, Geometries]:
    use = uses.main_use(block, truth.use, truth.area_m2, len(coarse.rects))
    rows = np.flatnonzero(use >= 0)
    plan = np.where(rng.random(len(rows)) < 0.08, uses.SHOPS, use[rows])
    frame = pl.DataFrame(
        {
            "zone_code": np.char.add("M-", serial(len(rows), 6)),
            "plan_use": uses.PLAN[plan],
            "plan_use_name": uses.PLAN_NAME[plan],
            "max_plot_ratio": uses.PLAN_RATIO[plan],
        }
    )
    return frame, coarse.boxes(rows)


def make_lines(coarse: Cover, block: Ints, truth: Parcels) -> tuple[pl.DataFrame, Geometries]:
    """Control lines by block. Blocks without parcels are hills or basic farmland, and so are two strips outside the
    city: both lines exist wherever the city lies, and meet hardly any parcel."""
    region = np.full(len(coarse.rects), layout.HILLS)
    region[block] = truth.region
    number = np.arange(len(region))
    hills = (region == layout.HILLS) & (hash01(number, number * 0, 9) < 0.5)
    kinds = {
        "生态保护红线": hills,
        "永久基本农田": (region == layout.HILLS) & ~hills,
        "城镇开发边界": np.isin(region, (layout.NEW_TOWN, layout.OLD_TOWN, layout.PARK, layout.OLD_WORKS)),
        "工业用地控制线": region == layout.PARK,
    }
    names, shapes = [], []
    for kind, chosen in kinds.items():
        rows = np.flatnonzero(chosen)
        names += [kind] * len(rows)
        shapes.append(coarse.boxes(rows))
    west, south, east, north = (int(v) for v in (*coarse.rects[:, :2].min(axis=0), *coarse.rects[:, 2:].max(axis=0)))
    edge = np.array([[west, south, west + 150, north], [east - 150, south, east, north]], np.int64)
    names += ["生态保护红线", "永久基本农田"]
    shapes.append(Cover(edge, coarse.origin, coarse.step).boxes())
    return pl.DataFrame({"line_kind": names, "line_name": names}), np.concatenate(shapes)


def make_legacy(shapes: Geometries, truth: Parcels, rng: np.random.Generator) -> tuple[pl.DataFrame, Geometries]:
    """历史遗留用地: a few lots in a thousand, in the four situations, more of them on village ground."""
    whole = shapely.get_type_id(shapes) == 3
    rows = np.flatnonzero(whole & (rng.random(len(truth)) < np.where(truth.collective, 0.03, 0.002)))
    if not len(rows):
        rows = np.flatnonzero(whole)[:4]
    frame = pl.DataFrame(
        {
            "legacy_code": np.char.add("LS", serial(len(rows), 5)),
            "situation": np.array(SITUATIONS)[np.arange(len(rows)) % len(SITUATIONS)],
            "occurred_year": rng.integers(1992, 2019, len(rows)),
        }
    )
    number = pl.int_range(pl.len())
    penalty = pl.concat_str(pl.lit("模拟罚〔"), pl.col("occurred_year") + 1, pl.lit("〕"), number + 1, pl.lit("号"))
    return frame.with_columns(penalty_no=pl.when(number % 3 == 0).then(penalty)), shapes[rows]


def make_renewal(coarse: Cover, block: Ints, truth: Parcels) -> tuple[pl.DataFrame, Geometries]:
    kind = np.zeros(len(coarse.rects), np.int64)
    kind[block] = truth.renewal
    rows = np.flatnonzero(kind > 0)
    frame = pl.DataFrame({"area_name": holdings.AREA_NAMES[kind[rows]], "area_kind": holdings.AREA_KINDS[kind[rows]]})
    return frame.with_columns(plan_document=pl.lit("模拟更新规划")), coarse.boxes(rows)


def make_buildings(shapes: Geometries, truth: Parcels, rng: np.random.Generator) -> tuple[pl.DataFrame, Geometries]:
    """One building a lot: the lot's outline drawn in towards its middle."""
    fit = (
        (shapely.get_type_id(shapes) == 3) & (shapely.get_num_interior_rings(shapes) == 0) & (truth.use != uses.VACANT)
    )
    rows = np.flatnonzero(fit)
    xy, index = shapely.get_coordinates(shapes[rows], return_index=True)
    middle = shapely.get_coordinates(shapely.point_on_surface(shapes[rows]))
    scale = np.clip(0.62 * (0.75 + 0.4 * truth.health[rows]) * rng.lognormal(0, 0.1, len(rows)), 0.25, 0.85)
    moved = middle[index] + (xy - middle[index]) * scale[index, None]
    size = shapely.get_num_coordinates(shapes[rows])
    made = shapely.from_ragged_array(
        shapely.GeometryType.POLYGON, moved, (np.concatenate([[0], np.cumsum(size)]), np.arange(len(rows) + 1))
    )
    usual = np.array([1.3, 1.2, 3.0, 2.0, 2.6, 1.5, 3.0, 3.0, 4.0, 1.0, 1.0, 1.0, 1.0])[truth.use[rows]]
    floors = np.maximum(
        np.round(usual * rng.lognormal(0, 0.35, len(rows)) * (0.7 + 0.5 * truth.health[rows])), 1
    ).astype(np.int64)
    idle = rng.random(len(rows)) < np.where(truth.health[rows] < 0.25, 0.5, 0.04)
    old = truth.built_year[rows] < 1985
    grade = np.select([old & (truth.health[rows] < 0.35), old], ["C", "B"], "A")
    frame = pl.DataFrame(
        {
            "building_code": np.char.add("990112F", serial(len(rows), 8)),
            "floors": floors,
            "height_m": np.round(floors * 3.2, 1),
            "built_year": truth.built_year[rows],
            "danger_grade": grade,
            "idle": np.where(idle, "是", "否"),
            "use": [uses.USES[u].zh for u in truth.use[rows].tolist()],
        }
    )
    return frame, np.asarray(made)
