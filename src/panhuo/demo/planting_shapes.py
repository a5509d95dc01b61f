"""Mistakes in the parcels' shapes: G01 to G11, D04, and the coordinate systems (D02, D03)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from panhuo.demo import layout, uses
from panhuo.demo.ground import middle
from panhuo.demo.planting import PARCEL_FILE, PARCEL_LAYER, Planting
from panhuo.demo.shp import PRJ_39
from panhuo.demo.surroundings import block_class, controlled_blocks
from panhuo.land.polygons import Polygons


def plant_shapes(p: Planting, seed: int) -> list[int]:
    """Plant broken and doubtful shapes; returns the rows whose ring is to be left open when it is written."""
    shapes = p.draft.shapes["parcels"] = p.draft.shapes["parcels"].copy()
    k = p.each
    area = shapely.area(shapes)
    large = area > 900

    def say(code: str, row: int, zh: str, en: str, **more: Any) -> None:
        p.note(code, PARCEL_FILE, PARCEL_LAYER, row + 1, p.code_of(row), None, zh, en, **more)

    for row in p.take(k, large):
        shapes[row] = _bow_tie(shapes[row])
        say("G01", row, "图形自相交", "the ring crosses itself", kind="bow_tie")
    open_rows = p.take(k, large)
    for row in open_rows:
        say("G01", row, "环未闭合", "the ring is not closed", kind="unclosed")
    for row in p.take(k, large):
        xy = shapely.get_coordinates(shapes[row])
        shapes[row] = shapely.Polygon(np.insert(xy, 2, xy[2], axis=0))
        say("G01", row, "相邻两点重复", "a point is repeated", kind="duplicate_point")
    for row in p.take(k):
        shapes[row] = None
        say("G01", row, "没有图形", "the shape is missing", kind="null")
    for row in p.take(k, large):
        shapes[row] = _two_parts(shapes[row])
        p.set(row, declared_area_m2=round(float(shapes[row].area), 2))
        say("G02", row, "一个地块两个部分", "two separate parts")
    done = 0
    for row in p.take(4 * k, large):
        if done == k:
            break
        grown, other = _overlap(p, row)
        if other is None:
            continue
        shapes[row] = grown
        p.set(row, declared_area_m2=round(float(grown.area), 2))
        say(
            "G03",
            row,
            f"与第 {other + 1} 行重叠",
            f"overlaps row {other + 1}",
            kind="overlap",
            other=p.code_of(other),
            rows=sorted([row + 1, other + 1]),
        )
        done += 1
    for row in p.take(k, large):
        shapes[row] = _spike(shapes[row])
        p.set(row, declared_area_m2=round(float(shapes[row].area), 2))
        say("G06", row, "有狭长尖角", "a spike")
    for row in p.take(k, large):
        xy = shapely.get_coordinates(shapes[row])
        step = xy[2] - xy[1]
        near = np.round(xy[1] + step / np.hypot(*step) * 0.006, 3)
        shapes[row] = shapely.Polygon(np.insert(xy, 2, near, axis=0))
        say("G07", row, "两个界址点相距不足 1 厘米", "two points less than 1 cm apart")
    shift = round(p.truth.ground.side * 1.1 + 4000.0, 0)
    for row in p.take(k):
        shapes[row] = shapely.transform(shapes[row], lambda c: np.round(c + np.array([0.0, shift]), 3))
        say("D04", row, "图形落在县界以外", "lies outside the county")
    _copies(p, k)
    _stacks(p)
    _slivers(p, k)
    _in_the_open(p, k, seed)
    return open_rows


def open_rings(rings: Polygons, rows: list[int]) -> Polygons:
    """Take the closing point from the (only) ring of some rows."""
    drop = rings.rings[rings.geoms[np.array(rows, np.int64)] + 1] - 1
    keep = np.ones(len(rings.coords), np.bool_)
    keep[drop] = False
    size = np.diff(rings.rings)
    size[rings.geoms[np.array(rows, np.int64)]] -= 1
    return Polygons(rings.coords[keep], np.concatenate([[0], np.cumsum(size)]), rings.holes, rings.geoms, rings.state)


def plant_systems(p: Planting) -> None:
    """The second survey in zone 38 (D03), the buildings without .prj (D02), the parcels without .cpg (R01)."""
    change = pyproj.Transformer.from_crs(4527, 4526, always_xy=True)
    flat = p.draft.flat["second_survey"]
    moved = change.transform(flat.coords[:, 0], flat.coords[:, 1])
    p.draft.flat["second_survey"] = flat.with_coords(np.round(np.column_stack(moved), 3))
    p.draft.prj["second_survey"] = (
        PRJ_39.replace("Zone_39", "Zone_38")
        .replace("39500000.0", "38500000.0")
        .replace('Meridian",117.0', 'Meridian",114.0')
    )
    p.note(
        "D03",
        "交付/02三调/二调地类.zip",
        "二调地类",
        None,
        None,
        None,
        "坐标系为 38 带（中央经线 114°）",
        "in zone 38 (114°E)",
    )
    p.draft.prj["buildings"] = None
    p.note("D02", "交付/04房屋/房屋.shp", "房屋", None, None, None, "缺少 .prj 文件", "no .prj file")
    p.note("R01", PARCEL_FILE, PARCEL_LAYER, None, None, None, "没有 .cpg，文字为 GBK", "no .cpg; texts are GBK")


def _longest(xy: NDArray[np.float64]) -> int:
    return int(np.argmax(np.hypot(*np.diff(xy, axis=0).T)))


def _inward(xy: NDArray[np.float64], edge: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Start and vector of an edge, and the unit normal into the shape."""
    a, step = xy[edge], xy[edge + 1] - xy[edge]
    normal = np.array([-step[1], step[0]]) / np.hypot(*step)
    cross = (xy[:-1, 0] - a[0]) * (xy[1:, 1] - a[1]) - (xy[1:, 0] - a[0]) * (xy[:-1, 1] - a[1])
    return a, step, normal if cross.sum() > 0 else -normal


def _bow_tie(shape: Any) -> Any:
    """The longest edge turned into a loop that crosses itself, inside the old outline."""
    xy = shapely.get_coordinates(shape)
    edge = _longest(xy)
    a, step, normal = _inward(xy, edge)
    loop = np.round([a + 0.62 * step + 2.0 * normal, a + 0.38 * step + 2.0 * normal], 3)
    return shapely.Polygon(np.insert(xy, edge + 1, loop, axis=0))


def _spike(shape: Any) -> Any:
    """A thin notch into the shape from its longest edge."""
    xy = shapely.get_coordinates(shape)
    edge = _longest(xy)
    a, step, normal = _inward(xy, edge)
    unit = step / np.hypot(*step)
    notch = np.round([a + 0.5 * step - 0.1 * unit, a + 0.5 * step + 5.0 * normal, a + 0.5 * step + 0.1 * unit], 3)
    return shapely.Polygon(np.insert(xy, edge + 1, notch, axis=0))


def _two_parts(shape: Any) -> Any:
    west, south, east, north = shape.bounds
    x = (west + east) / 2
    rest = shape.difference(shapely.box(x - 0.8, south - 1, x + 0.8, north + 1))
    parts = sorted(shapely.get_parts(rest), key=lambda g: -g.area)[:2]
    return shapely.MultiPolygon([shapely.Polygon(np.round(shapely.get_coordinates(g.exterior), 3)) for g in parts])


def _overlap(p: Planting, row: int) -> tuple[Any, int | None]:
    """The parcel grown two metres into one neighbour, and that neighbour."""
    shapes = p.draft.shapes["parcels"]
    me = shapes[row]
    best, length = None, 8.0
    for other in p.tree.query(me).tolist():
        if other == row or shapes[other] is None or not shapes[other].is_valid or shapes[other].geom_type != "Polygon":
            continue
        if other not in p.blocked:
            continue
        shared = me.intersection(shapes[other]).length
        if shared > length and shapes[other].area > 400:
            best, length = other, shared
    if best is None:
        return me, None
    strip = shapes[best].intersection(me.buffer(2.0, cap_style="flat", join_style="mitre"))
    grown = shapely.set_precision(me.union(strip), 0.001)
    if grown.geom_type != "Polygon" or len(grown.interiors):
        return me, None
    return shapely.Polygon(np.round(shapely.get_coordinates(grown.exterior), 3)), best


def _copies(p: Planting, k: int) -> None:
    for row in p.take(k):
        shape = p.draft.shapes["parcels"][row]
        code = p.fresh_code(row)
        number = p.append([row], [shape], [code])
        p.note(
            "G03",
            PARCEL_FILE,
            PARCEL_LAYER,
            row + 1,
            p.code_of(row),
            None,
            f"第 {number} 行图形与此完全相同",
            f"row {number} has the same shape",
            kind="duplicate",
            other=code,
            rows=[row + 1, number],
        )


def _stacks(p: Planting) -> None:
    """Flats delivered as parcels: sixty on one lot, all alike; thirty on another, one inside the other."""
    housing = np.isin(p.truth.parcels.use[p.rows], (uses.HOUSING, uses.HOMESTEAD)) & (
        p.truth.parcels.area_m2[p.rows] > 1500
    )
    for n, row in enumerate(p.take(2, housing)):
        shape = p.draft.shapes["parcels"][row]
        many = 60 if n == 0 else 30
        inner = [shape] * many if n == 0 else [_shrink(shape, 1 - 0.02 * (j + 1)) for j in range(many)]
        codes = [p.fresh_code(row) for _ in range(many)]
        number = p.append([row] * many, inner, codes)
        rows = [row + 1, *range(number, number + many)]
        p.note(
            "G03",
            PARCEL_FILE,
            PARCEL_LAYER,
            row + 1,
            p.code_of(row),
            None,
            f"同一宗地上叠置 {many + 1} 个图形（疑为分户）",
            f"{many + 1} shapes on one lot (flats?)",
            kind="stack",
            count=many + 1,
            rows=rows,
            other=codes[0],
        )


def _shrink(shape: Any, share: float) -> Any:
    xy = shapely.get_coordinates(shape)
    centre = np.array([shape.centroid.x, shape.centroid.y])
    return shapely.Polygon(np.round(centre + (xy - centre) * share, 3))


def _open_spots(p: Planting, blocks: NDArray[np.int64], count: int, size: float) -> list[tuple[int, Any]]:
    """Squares in the middle of blocks without parcels, and the block each lies in."""
    ground = p.truth.ground
    chosen = p.rng.permutation(blocks)[:count]
    out = []
    for block in chosen.tolist():
        x, y = middle(ground.blocks[[block]])
        half = size / 2
        ring = ground.bend(
            x + np.array([-half, half, half, -half, -half]), y + np.array([-half, -half, half, half, -half])
        )
        out.append((block, shapely.Polygon(ring)))
    return out


def _like(p: Planting, block: int) -> int:
    """A delivered parcel of the same township as a block, to copy attributes from."""
    town = p.truth.ground.town[block]
    mine, collective = p.truth.parcels.town[p.rows] == town, p.truth.parcels.collective[p.rows]
    for fit in (mine & collective, mine, collective):
        rows = np.flatnonzero(fit)
        if len(rows):
            return int(rows[0])
    return 0


def _township(p: Planting, block: int) -> dict[str, str]:
    town = layout.TOWNSHIPS[int(p.truth.ground.town[block])]
    return {"township_code": town.code, "township_name": town.name}


def _slivers(p: Planting, k: int) -> None:
    """Slivers of a few m² in the middle of a street."""
    ground = p.truth.ground
    region = ground.region[ground.strip_block]
    width = ground.strips[:, 2] - ground.strips[:, 0]
    height = ground.strips[:, 3] - ground.strips[:, 1]
    fit = np.flatnonzero(
        ~ground.strip_water
        & (region == layout.NEW_TOWN)
        & (np.minimum(width, height) >= 6)
        & (np.maximum(width, height) > 60)
    )
    for strip in p.rng.permutation(fit)[:k].tolist():
        x, y = (float(v[0]) for v in middle(ground.strips[[strip]]))
        along = (7.0, 0.22) if width[strip] > height[strip] else (0.22, 7.0)
        ring = ground.bend(x + np.array([-1, 1, 1, -1, -1]) * along[0], y + np.array([-1, -1, 1, 1, -1]) * along[1])
        row = _like(p, int(ground.strip_block[strip]))
        code = p.fresh_code(row)
        number = p.append([row], [shapely.Polygon(ring)], [code], **_township(p, int(ground.strip_block[strip])))
        p.note("G05", PARCEL_FILE, PARCEL_LAYER, number, code, None, "面积不足 10 平方米的碎片", "a sliver below 10 m²")


def _in_the_open(p: Planting, k: int, seed: int) -> None:
    """Parcels on farmland (G10), on permanent basic farmland and in the red line (G10 and G11)."""
    ground = p.truth.ground
    dlbm, _ = block_class(ground, seed)
    inside = controlled_blocks(ground, seed)["永久基本农田"]
    size = ground.blocks[:, 2:] - ground.blocks[:, :2]
    roomy = size.min(axis=1) > 60
    field = (ground.region == layout.FIELDS) & roomy & np.isin(dlbm, ("0102", "0103", "0201", "0307"))
    for kind, chosen, zh, en in (
        ("farmland", field & ~inside, "地块位于耕地、园地或林地上", "lies on farmland"),
        ("basic_farmland", field & inside, "地块压占永久基本农田", "lies on permanent basic farmland"),
        (
            "red_line",
            (ground.region == layout.HILLS) & roomy,
            "地块压占生态保护红线",
            "lies in the ecological red line",
        ),
    ):
        for block, shape in _open_spots(p, np.flatnonzero(chosen), k, 26.0):
            row = _like(p, block)
            code = p.fresh_code(row)
            number = p.append(
                [row], [shape], [code], parcel_name="田间占用地块", location="澄湖区田间", **_township(p, block)
            )
            p.note("G10", PARCEL_FILE, PARCEL_LAYER, number, code, None, zh, en, kind=kind)
            if kind != "farmland":
                p.note("G11", PARCEL_FILE, PARCEL_LAYER, number, code, None, zh, en, kind=kind)
