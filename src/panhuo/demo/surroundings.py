"""What lies around and over the parcels: survey patches, the second survey, plans, control lines, divisions."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from panhuo.demo import layout, uses
from panhuo.demo.ground import Ground, middle
from panhuo.demo.holdings import AREA_KINDS, AREA_NAMES, Parcels, renewal_of_blocks
from panhuo.demo.shapes import explode, to_polygons, union_by
from panhuo.demo.tiling import Ints, cut, hash01, polygons_of, simple
from panhuo.land.polygons import Polygons

Geometries = NDArray[Any]
#: The halves of a street are one patch along the earliest so many cuts; the lanes of a large district stay in pieces.
MERGED_CUTS = 3000
Made = tuple[pl.DataFrame, Geometries]
Flat = tuple[pl.DataFrame, Polygons]

_FIELD_CLASSES = (("0102", "水浇地", 0.62), ("0103", "旱地", 0.12), ("0201", "果园", 0.10), ("0307", "其他林地", 0.06),
                  ("1104", "坑塘水面", 0.04), ("1202", "设施农用地", 0.06))  # fmt: skip


def _pick(where: Ints, salt: int, classes: tuple[tuple[str, str, float], ...]) -> NDArray[np.int64]:
    edges = np.cumsum([c[2] for c in classes])[:-1]
    return np.searchsorted(edges, hash01(where, where * 0 + 3, salt))


def block_class(ground: Ground, seed: int) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """DLBM and name of the land of blocks that hold no parcels."""
    b = np.arange(len(ground.cells))
    k = _pick(b, seed % 100 + 11, _FIELD_CLASSES)
    code, name = np.array([c[0] for c in _FIELD_CLASSES])[k], np.array([c[1] for c in _FIELD_CLASSES])[k]
    hills, lake = ground.region == layout.HILLS, ground.region == layout.LAKE
    return np.where(hills, "0301", np.where(lake, "1102", code)), np.where(
        hills, "乔木林地", np.where(lake, "湖泊水面", name)
    )


def _town_attribute(region: Ints, dlbm: NDArray[np.str_], town: Ints) -> NDArray[np.str_]:
    """城镇村属性码: 201 city, 202 town, 203 village; A for works that stand alone; 205 for special land."""
    in_town = np.array([t.town for t in layout.TOWNSHIPS])[town]
    base = np.select(
        [region == layout.VILLAGE, (region == layout.TOWN_SEAT) | ((region == layout.PARK) & in_town)],
        ["203", "202"],
        "201",
    )
    alone = (dlbm == "0601") & np.isin(region, (layout.PARK, layout.VILLAGE))
    return np.where(alone, np.char.add(base, "A"), base)


def make_patches(ground: Ground, parcels: Parcels, seed: int) -> Flat:
    """三调 DLTB (TD/T 1057-2020): half the blocks' patches follow the parcels within a metre, half go their own way."""
    rng = np.random.default_rng([seed, 30])
    region = ground.region[ground.patch_block]
    # All patches of most of their lots; a few are out of date.
    drawn = uses.draw_uses(region, rng)
    r = ground.patches
    tree = shapely.STRtree(shapely.box(r[:, 0], r[:, 1], r[:, 2], r[:, 3]))
    found = tree.query(shapely.points(*middle(ground.parcels)), predicate="intersects")
    del tree
    main = uses.main_use(found[1], parcels.use[found[0]], parcels.area_m2[found[0]], len(r))
    seen = (main >= 0) & (rng.random(len(drawn)) > 0.04)
    use = np.where(seen, main, drawn)
    open_code, open_name = block_class(ground, seed)
    built = np.isin(region, layout.BUILT)
    dlbm = np.where(built, uses.DLBM[use], open_code[ground.patch_block])
    dlmc = np.where(built, uses.DLMC[use], open_name[ground.patch_block])
    # Public land comes with its finer codes here and there.
    fine = hash01(np.arange(len(dlbm)), ground.patch_block, 41)
    higher = (dlbm == "08H2") & (fine < 0.15)
    square = (dlbm == "0810") & (fine < 0.2)
    dlbm = np.select([higher, square], ["08H2A", "0810A"], dlbm)
    dlmc = np.select([higher, square], ["高教用地", "广场用地"], dlmc)

    # Every step is a vertex: two sides of a lane that kept different ones would cross in its curves.
    tiles = polygons_of(np.vstack([ground.patches, ground.strips]), ground.patch_bend, keep=1.0, salt=3)
    p = len(ground.patches)
    strip_region = ground.region[ground.strip_block]
    town = ground.town[ground.strip_block]
    kind = np.select(
        [ground.strip_water, np.isin(strip_region, (layout.FIELDS, layout.HILLS)) & (ground.strip_cut > 200)], [2, 1], 0
    )
    highway = (ground.strip_cut >= 0) & (ground.strip_cut < 40) & (kind == 0) & ~np.isin(strip_region, layout.BUILT)
    kind = np.where(highway, 3, kind)
    attribute = np.where(
        kind == 0, np.select([strip_region == layout.VILLAGE, strip_region == layout.TOWN_SEAT], [3, 2], 1), 0
    )
    group = (((ground.strip_cut + 1) * 16 + town) * 4 + kind) * 4 + attribute
    strips = _slice(tiles, p)
    long = np.flatnonzero(ground.strip_cut < MERGED_CUTS)
    short = np.flatnonzero(ground.strip_cut >= MERGED_CUTS)
    roads, keys = union_by(_take(strips, long), group[long])
    roads, from_group = explode(roads)
    shapes = Polygons.concat([_take(tiles, np.arange(p)), to_polygons(roads), _take(strips, short)])
    keys = np.concatenate([keys[from_group], group[short]])
    attribute, kind, road_town = keys % 4, keys // 4 % 4, keys // 16 % 16
    road_dlbm = np.array(["1004", "1006", "1101", "1003"])[kind]
    road_name = np.array(["城镇村道路用地", "农村道路", "河流水面", "公路用地"])[kind]

    all_region = np.concatenate([region, np.full(len(keys), -1)])
    all_dlbm = np.concatenate([dlbm, road_dlbm])
    all_town = np.concatenate([ground.town[ground.patch_block], road_town])
    code = np.where(built, _town_attribute(region, dlbm, ground.town[ground.patch_block]), "")
    code = np.concatenate([code, np.array(["", "201", "202", "203"])[attribute]])
    n = len(all_dlbm)
    towns = np.array([t.code for t in layout.TOWNSHIPS])
    village = np.concatenate([ground.patch_block % 180 + 1, np.ones(len(keys), np.int64)])
    state = np.isin(all_region, (layout.NEW_TOWN, layout.OLD_TOWN, layout.PARK, layout.OLD_WORKS, layout.LAKE)) | (
        (all_region < 0) & np.isin(all_dlbm, ("1003", "1004", "1101"))
    )
    frame = pl.DataFrame({"town": towns[all_town], "village": village, "n": np.arange(1, n + 1)}).select(
        patch_code=pl.concat_str(pl.lit(layout.DIVISION), pl.lit("2026"), pl.col("n").cast(pl.String).str.zfill(8)),
        seat_code=pl.concat_str("town", (pl.col("village") + 200).cast(pl.String).str.zfill(3), pl.lit("0000000")),
    )
    return frame.with_columns(
        land_class=pl.Series(all_dlbm),
        land_class_name=pl.Series(np.concatenate([dlmc, road_name])),
        town_attribute=pl.Series(code).replace({"": None}),
        ownership_nature=pl.Series(np.where(state, "20", "30")),
        year=pl.lit(2025),
    ), shapes


def _slice(tiles: Polygons, start: int) -> Polygons:
    a = tiles.rings[start]
    return simple(tiles.coords[a:], tiles.rings[start:] - a)


def make_second_survey(ground: Ground, parcels: Parcels, seed: int) -> Flat:
    """二调: coarser patches of 2009 with three-digit classes; younger blocks were still fields then."""
    rng = np.random.default_rng([seed, 31])
    rects, block, _ = cut(
        ground.cells,
        lambda r, o: np.where(np.isin(ground.region[o], layout.BUILT), _area(r) / 30000.0, 0.0),
        rng,
        smallest=lambda r, o: np.full(len(r), 40.0),
    )
    built_then = np.ones(len(ground.cells), np.bool_)
    built_then[parcels.block] = parcels.second_built
    region = ground.region[block]
    use = uses.draw_uses(region, rng)
    built = np.isin(region, layout.BUILT) & built_then[block]
    code = np.where(built, np.array([u.second for u in uses.USES])[use], "012")
    code = np.select([region == layout.HILLS, region == layout.LAKE], ["031", "112"], code)
    code = np.where((code == "012") & (hash01(block, block * 0, 45) < 0.2), "013", code)
    frame = pl.DataFrame(
        {
            "patch_code": np.char.zfill(np.char.mod("%d", np.arange(1, len(rects) + 1)), 8),
            "land_class": code,
            "year": np.full(len(rects), 2009),
        }
    )
    return frame, polygons_of(rects, ground.patch_bend, keep=0.15, step=40, salt=5)


def _area(r: Ints) -> NDArray[np.float64]:
    return ((r[:, 2] - r[:, 0]) * (r[:, 3] - r[:, 1])).astype(np.float64)


def make_zones(ground: Ground, parcels: Parcels, seed: int) -> Flat:
    """Planned use of each group of lots (land and sea use codes 2023): what stands there, or what shall come
    instead."""
    rng = np.random.default_rng([seed, 32])
    n = len(ground.stage)
    plan = np.maximum(uses.main_use(ground.parcel_stage, parcels.use, parcels.area_m2, n), 0)
    renewal = renewal_of_blocks(ground)[ground.stage_block]
    plan[(renewal > 0) & np.isin(plan, (uses.INDUSTRY, uses.STORAGE, uses.HOMESTEAD))] = uses.HOUSING
    plan[(renewal > 0) & (rng.random(n) < 0.18)] = uses.SHOPS
    old = (ground.region[ground.stage_block] == layout.NEW_TOWN) & (plan == uses.INDUSTRY) & (rng.random(n) < 0.5)
    plan[old] = uses.SHOPS
    ratio = np.round(uses.PLAN_RATIO[plan] * rng.choice([0.8, 1.0, 1.0, 1.2], n), 2)
    frame = pl.DataFrame(
        {
            "zone_code": np.char.add("CH-", np.char.zfill(np.char.mod("%d", np.arange(1, n + 1)), 6)),
            "plan_use": uses.PLAN[plan],
            "plan_use_name": uses.PLAN_NAME[plan],
            "max_plot_ratio": ratio,
        }
    )
    return frame, polygons_of(ground.stage, ground.bend, step=16, keep=0.6, salt=1)


def controlled_blocks(ground: Ground, seed: int) -> dict[str, NDArray[np.bool_]]:
    """Which blocks lie within each kind of control line. Blocks with parcels are never in the red line or basic
    farmland."""
    open_code, _ = block_class(ground, seed)
    b = np.arange(len(ground.cells))
    x, y = middle(ground.cells)
    region = ground.region
    urban = np.isin(region, (layout.NEW_TOWN, layout.OLD_TOWN, layout.PARK, layout.OLD_WORKS, layout.TOWN_SEAT))
    urban |= (region == layout.VILLAGE) & (np.hypot(x / ground.side - 0.48, y / ground.side - 0.51) < 0.17)
    return {
        "生态保护红线": (region == layout.HILLS) | (region == layout.LAKE),
        "永久基本农田": (region == layout.FIELDS)
        & np.isin(open_code, ("0102", "0103"))
        & (hash01(b, ground.town, 47) < 0.85),
        "城镇开发边界": urban,
        "工业用地控制线": region == layout.PARK,
        "历史文化保护": (region == layout.OLD_TOWN) & (hash01(b, ground.town, 48) < 0.12),
    }


def block_tiles(ground: Ground) -> Polygons:
    """The blocks to the middle of their streets: what control lines, renewal areas and divisions are made of."""
    return polygons_of(ground.cells, ground.bend, keep=1.0, step=40, salt=6)


def make_control_lines(ground: Ground, tiles: Polygons, seed: int) -> Made:
    """Control lines as unions of whole blocks (``tiles``), one row a township and kind."""
    frames, shapes = [], []
    names = np.array([t.short for t in layout.TOWNSHIPS])
    for kind, chosen in controlled_blocks(ground, seed).items():
        rows = np.flatnonzero(chosen)
        if not len(rows):
            continue
        merged, keys = union_by(_take(tiles, rows), ground.town[rows])
        frames.append(pl.DataFrame({"line_kind": [kind] * len(keys), "line_name": np.char.add(names[keys], kind)}))
        shapes.append(merged)
    return pl.concat(frames), np.concatenate(shapes)


def make_renewal(ground: Ground, tiles: Polygons) -> Made:
    """更新改造范围 of the renewal plan: unions of whole blocks (``tiles``)."""
    area = renewal_of_blocks(ground)
    rows = np.flatnonzero(area > 0)
    merged, keys = union_by(_take(tiles, rows), area[rows])
    frame = pl.DataFrame(
        {
            "area_name": AREA_NAMES[keys],
            "area_kind": AREA_KINDS[keys],
            "plan_document": ["澄湖区城市更新专项规划（2024—2035年）"] * len(keys),
        }
    )
    return frame, merged


def make_divisions(ground: Ground, tiles: Polygons) -> tuple[Made, Made]:
    """Townships and the district's own boundary: unions of whole blocks (``tiles``)."""
    merged, keys = union_by(tiles, ground.town)
    towns = pl.DataFrame(
        {
            "division_code": np.array([t.code for t in layout.TOWNSHIPS])[keys],
            "division_name": np.array([t.name for t in layout.TOWNSHIPS])[keys],
            "level": ["乡级"] * len(keys),
        }
    )
    whole = np.array([shapely.coverage_union_all(merged)], object)
    county = pl.DataFrame({"division_code": [layout.DIVISION], "division_name": [layout.DISTRICT], "level": ["县级"]})
    return (towns, merged), (county, whole)


def _take(tiles: Polygons, rows: Ints) -> Polygons:
    counts = np.diff(tiles.rings)[rows]
    rings = np.concatenate([[0], np.cumsum(counts)])
    index = np.repeat(tiles.rings[rows] - rings[:-1], counts) + np.arange(rings[-1])
    return simple(tiles.coords[index], rings)
