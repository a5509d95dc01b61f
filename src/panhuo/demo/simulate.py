"""Simulated attributes and surroundings for a real parcel geometry, each of them labelled as simulated.

For running the main job on a real city's shapes when its attributes are not public: the shapes are real, everything
else is
made up, and every table says so in a column ``simulated``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from numpy.typing import NDArray

from panhuo.demo import firms, holdings, layout, lists, uses
from panhuo.demo.columns import (
    DISPUTES,
    ECONOMY,
    ENTERPRISES,
    ENVIRONMENT,
    IDLE_LAND,
    OBSTACLES,
    REGISTRATION,
    SAFETY,
    YIELD,
)
from panhuo.demo.delivery import write_survey
from panhuo.demo.holdings import Parcels
from panhuo.demo.sheets import Head, write_csv
from panhuo.demo.tiling import Ints, cut, hash01
from panhuo.exchange.delivery import Layer
from panhuo.land.areas import ellipsoidal_area
from panhuo.land.crs import Crs
from panhuo.land.polygons import Polygons
from panhuo.messages import PanhuoError
from panhuo.progress import Progress, silent

Geometries = NDArray[Any]
NOTE = "模拟数据：图形为真实公开数据，属性全部为模拟 / simulated: real public shapes, every attribute made up"
YEARS = (2024, 2025)
_MU = 2000.0 / 3.0


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


def simulate_attributes(parcels_layer: Layer, seed: int, *, on: date = date(2026, 11, 21)) -> tuple[Layer, ...]:
    """Parcels with attributes, and supporting layers and tables, for a layer of real polygons in degrees.

    parcels_layer : polygons in geographic coordinates; its own attributes are not used
    Returns layers named by role (parcels first), standard field names, each with the column ``simulated`` and a note.
    Errors: no geometry, or coordinates that are not degrees.
    """
    if parcels_layer.geometry is None or not len(parcels_layer.geometry):
        raise PanhuoError("图层没有图形。", "The layer has no geometry.", where=parcels_layer.source)
    polygons = Polygons.from_wkb(parcels_layer.geometry)
    area = np.nan_to_num(ellipsoidal_area(polygons))
    shapes = np.asarray(shapely.from_wkb(parcels_layer.geometry.to_numpy(zero_copy_only=False)))
    centre = shapely.get_coordinates(
        shapely.point_on_surface(np.where(shapely.is_missing(shapes), shapely.Point(0, 0), shapes))
    )
    bounds = tuple(float(v) for v in shapely.total_bounds(shapes))
    rng = np.random.default_rng([seed, 60])
    metre = (1 / (111_320.0 * np.cos(np.radians((bounds[1] + bounds[3]) / 2))), 1 / 110_900.0)
    n = len(shapes)

    fine = _cover(bounds, metre, max(n // 3, 64), seed + 1)
    coarse = _cover(bounds, metre, max(n // 60, 24), seed + 2)
    towns = _cover(bounds, metre, 12, seed + 3)
    block, patch, town = (_locate(c, centre) for c in (coarse, fine, towns))
    truth = _settle(area, centre, bounds, block, town, rng, on)

    made = firms.make_firms(truth, seed, on)
    economy, made = firms.make_economy(made, YEARS, seed)
    owners = made.filter("owner").unique("row", keep="first", maintain_order=True)
    frame = holdings.parcel_frame(truth, owners, seed, on)
    codes = frame["parcel_code"]
    disputes, quarrels = lists.make_disputes(truth, codes, seed)
    crs = Crs.from_epsg(4326)
    out = [_layer("parcels", frame.drop("plot_ratio_declared", "density_declared"), parcels_layer.geometry, crs)]

    def add(role: str, table: pl.DataFrame, geometry: Geometries | None = None) -> None:
        wkb = None if geometry is None else pa.array(shapely.to_wkb(geometry), pa.large_binary())
        out.append(_layer(role, table, wkb, crs if geometry is not None else None))

    frame_patches, use = _patches(fine, patch, truth, rng)
    boxes = fine.boxes()
    area_patch = ellipsoidal_area(Polygons.from_wkb(pa.array(shapely.to_wkb(boxes), pa.large_binary())))
    add("patches", frame_patches.with_columns(patch_area_m2=pl.Series(np.round(area_patch, 2))), boxes)
    young = rng.random(len(fine.rects)) < 0.12
    second = np.where(young | (use < 0), "012", np.array([u.second for u in uses.USES])[np.maximum(use, 0)])
    add("second_survey", pl.DataFrame({"patch_code": _serial(len(second), 8), "land_class": second}), boxes)
    add("zones", *_zones(coarse, block, truth, rng))
    add("control_lines", *_lines(coarse, block, truth))
    add("renewal_areas", *_renewal(coarse, block, truth))
    add("buildings", *_buildings(shapes, truth, rng))
    names = [t.name for t in layout.TOWNSHIPS]
    add(
        "boundaries",
        pl.DataFrame(
            {
                "division_code": [t.code for t in layout.TOWNSHIPS] + [layout.DIVISION],
                "division_name": [*names, layout.DISTRICT],
                "level": ["乡级"] * 12 + ["县级"],
            }
        ),
        np.concatenate([towns.boxes(), [shapely.box(*shapely.total_bounds(towns.boxes()))]]),
    )
    add("registration", lists.make_registration(frame, quarrels, seed))
    add(
        "enterprises",
        made.with_columns(parcel_code=codes.gather(made["row"].to_numpy())).drop(
            "row", "owner", "health", "factory", "division", *(c for c in made.columns if c.startswith("f_"))
        ),
    )
    add("economy", economy.drop("firm"))
    for year in YEARS:
        add(f"yield_classes_{year}", firms.make_classes(made, economy, year, seed).drop("firm"))
    add("safety", firms.make_records(truth, made, codes, "安全生产", seed, on))
    add("environment", firms.make_records(truth, made, codes, "环境", seed, on))
    add("exit_list", lists.make_exit_list(truth, codes, frame["parcel_name"]))
    add("disputes", disputes)
    add("obstacles", lists.make_obstacles(truth, codes, seed, on))
    add("idle_land", lists.make_idle_land(truth, codes, seed, on))
    return tuple(out)


def make_from_parcels(
    folder: Path, parquet_path: Path, seed: int = 1, *, on: date = date(2026, 11, 21), progress: Progress = silent
) -> Path:
    """Write a survey on real parcel shapes (GeoParquet in degrees) with simulated attributes; returns its survey.yaml.

    All parcels are written, none is changed and no error is planted.
    """
    progress("读入图形", 0, 3)
    table = pq.read_table(parquet_path)
    name = next((c for c in ("geometry", "geom", "wkb_geometry") if c in table.column_names), None)
    if name is None:
        raise PanhuoError("文件中没有图形列。", "The file has no geometry column.", where=str(parquet_path))
    geometry = table[name].combine_chunks().cast(pa.large_binary())
    source = Layer(
        parquet_path.stem, str(parquet_path), "Parquet", table.drop_columns([name]), geometry, Crs.from_epsg(4326)
    )
    progress("模拟属性", 1, 3)
    layers = simulate_attributes(source, seed, on=on)
    progress("写文件", 2, 3)
    root = folder / "交付"
    root.mkdir(parents=True, exist_ok=True)
    inputs: list[dict[str, Any]] = []
    base = root / "模拟图层.gpkg"
    base.unlink(missing_ok=True)
    for layer in layers:
        role = "yield_classes" if layer.name.startswith("yield_classes") else layer.name
        entry: dict[str, Any] = {}
        if layer.geometry is not None:
            _write_gpkg(base, layer)
            entry = {"path": "交付/模拟图层.gpkg", "layer": layer.name, "role": role}
        else:
            heads = [*_HEADS.get(role, ()), Head("simulated", "模拟")]
            frame = _for_table(layer.frame(), role)
            if role not in _HEADS:
                heads = [Head(c, c) for c in frame.columns]
            write_csv(root / f"{layer.name}.csv", heads, frame, "utf-8-sig")
            entry = {"path": f"交付/{layer.name}.csv", "role": role}
        if layer.name in ("patches", "second_survey"):
            entry["year"] = 2025 if layer.name == "patches" else 2009
        if role == "yield_classes":
            entry["year"] = int(layer.name[-4:])
        inputs.append(entry)
    (root / "说明.txt").write_text(NOTE + "\n", "utf-8")
    path = write_survey(
        folder, inputs, "真实图形、模拟属性的低效用地调查", "demo", on, "auto", layout.DIVISION, simulated=True
    )
    progress("写文件", 3, 3)
    return path


_HEADS: Mapping[str, tuple[Head, ...]] = {
    "registration": REGISTRATION, "enterprises": ENTERPRISES, "economy": ECONOMY, "yield_classes": YIELD,
    "safety": SAFETY, "environment": ENVIRONMENT, "disputes": DISPUTES, "obstacles": OBSTACLES, "idle_land": IDLE_LAND,
}  # fmt: skip


def _for_table(frame: pl.DataFrame, role: str) -> pl.DataFrame:
    """Columns as the demo's tables have them: areas in 亩 for firms, yes and no as words."""
    if role == "enterprises":
        frame = frame.with_columns(occupied_area_mu=(pl.col("occupied_area_m2") / _MU).round(4))
    if role in ("enterprises", "yield_classes"):
        frame = frame.with_columns(above_text=pl.when("above_scale").then(pl.lit("是")).otherwise(pl.lit("否")))
    if role in ("safety", "environment"):
        frame = frame.with_columns(compliant=pl.when("compliant").then(pl.lit("符合")).otherwise(pl.lit("不符合")))
    return frame


def _layer(name: str, frame: pl.DataFrame, geometry: pa.LargeBinaryArray | None, crs: Crs | None) -> Layer:
    table = frame.with_columns(simulated=pl.lit(True)).to_arrow(compat_level=pl.CompatLevel.oldest())
    return Layer(name, "simulated", "memory", table, geometry, crs, notes=(NOTE,))


def _write_gpkg(path: Path, layer: Layer) -> None:
    assert layer.geometry is not None
    frame = layer.frame().with_columns(pl.col(pl.Boolean).exclude("simulated").cast(pl.Int8))
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest()).append_column("geom", layer.geometry.cast(pa.binary()))
    pyogrio.write_arrow(
        table, str(path), layer=layer.name, driver="GPKG", geometry_name="geom", geometry_type="Unknown",
        crs="EPSG:4326", layer_metadata={"NOTE": NOTE}, DESCRIPTION=NOTE,
    )  # fmt: skip


def _cover(bounds: tuple[float, ...], metre: tuple[float, float], target: int, seed: int) -> Cover:
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


def _locate(cover: Cover, points: NDArray[np.float64]) -> Ints:
    """The rectangle that each point lies in."""
    tree = shapely.STRtree(cover.boxes())
    where = np.zeros(len(points), np.int64)
    found = tree.query(shapely.points(points), predicate="intersects")
    where[found[0]] = found[1]
    return where


def _settle(
    area: NDArray[np.float64],
    centre: NDArray[np.float64],
    bounds: tuple[float, ...],
    block: Ints,
    town: Ints,
    rng: np.random.Generator,
    on: date,
) -> Parcels:
    """Uses by neighbourhood and size of lot: large lots work, small ones house; the middle is old."""
    n = len(area)
    u, v = (centre[:, 0] - bounds[0]) / (bounds[2] - bounds[0]), (centre[:, 1] - bounds[1]) / (bounds[3] - bounds[1])
    distance = np.hypot(u - 0.5, v - 0.5)
    kind = hash01(block, block * 0, 5)
    region = np.select(
        [distance < 0.07, (kind < 0.16) & (distance > 0.15), (kind > 0.96), (kind > 0.90) & (distance > 0.3)],
        [layout.OLD_TOWN, layout.PARK, layout.OLD_WORKS, layout.VILLAGE],
        layout.NEW_TOWN,
    )
    use = uses.draw_uses(region, rng)
    small = area < 450
    use = np.where(small & ~np.isin(use, (uses.SHOPS,)), uses.HOUSING, use)
    use = np.where(small & (use == uses.SHOPS) & (rng.random(n) < 0.5), uses.HOUSING, use)
    work = (area > 2500) & np.isin(region, (layout.PARK, layout.OLD_WORKS))
    use = np.where(work & (use == uses.HOUSING), uses.INDUSTRY, use)
    use = np.where((use == uses.HOMESTEAD) & (region != layout.VILLAGE), uses.HOUSING, use)
    built = np.clip(np.round(1988 + 40 * np.clip(distance, 0, 0.6) + rng.normal(0, 8, n)), 1955, on.year - 1).astype(
        np.int64
    )
    renewal = np.select(
        [
            (region == layout.OLD_TOWN) & (u < 0.5),
            region == layout.OLD_WORKS,
            (region == layout.VILLAGE) & (kind > 0.95),
        ],
        [holdings.OLD_TOWN_AREA, holdings.OLD_WORKS_AREA, holdings.URBAN_VILLAGE_AREA],
        0,
    )
    health = (
        np.clip(rng.beta(3.2, 2.0, n), 0.02, 0.99) * np.where(renewal > 0, 0.8, 1.0) * np.where(built < 1985, 0.9, 1.0)
    )
    collective = region == layout.VILLAGE
    business = np.isin(use, (uses.INDUSTRY, uses.STORAGE, uses.SHOPS, uses.MARKET))
    person = (use == uses.HOMESTEAD) | ((use == uses.HOUSING) & (area < 1200))
    holder = np.select(
        [person, business | (use == uses.HOUSING), collective],
        [holdings.PERSON, holdings.FIRM, holdings.VILLAGE_BODY],
        holdings.GOVERNMENT,
    )
    works, old = np.flatnonzero(use == uses.INDUSTRY), np.flatnonzero(np.isin(use, (uses.SHOPS, uses.MARKET)))
    story = {}
    if len(works) and len(old):
        story = {holdings.WORKS: int(works[np.argmax(area[works])]), holdings.MARKET: int(old[np.argmax(area[old])])}
    for row in story.values():
        health[row], holder[row] = 0.06, holdings.FIRM
    second = hash01(block, block * 0, 6) > 0.1
    x, y = centre[:, 0], centre[:, 1]
    return Parcels(use, region, town, block, x, y, area, built, health, holder, collective, renewal, second, story)


def _serial(count: int, width: int) -> NDArray[np.str_]:
    return np.char.zfill(np.char.mod("%d", np.arange(1, count + 1)), width)


def _patches(fine: Cover, patch: Ints, truth: Parcels, rng: np.random.Generator) -> tuple[pl.DataFrame, Ints]:
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
            "patch_code": np.char.add("9901122026", _serial(len(use), 8)),
            "land_class": dlbm,
            "land_class_name": dlmc,
            "town_attribute": attribute,
            "ownership_nature": np.where(region == layout.VILLAGE, "30", "20"),
        }
    ).with_columns(town_attribute=pl.when(pl.col("land_class") != "0301").then("town_attribute"))
    return frame, use


def _zones(coarse: Cover, block: Ints, truth: Parcels, rng: np.random.Generator) -> tuple[pl.DataFrame, Geometries]:
    use = uses.main_use(block, truth.use, truth.area_m2, len(coarse.rects))
    rows = np.flatnonzero(use >= 0)
    plan = np.where(rng.random(len(rows)) < 0.08, uses.SHOPS, use[rows])
    frame = pl.DataFrame(
        {
            "zone_code": np.char.add("M-", _serial(len(rows), 6)),
            "plan_use": uses.PLAN[plan],
            "plan_use_name": uses.PLAN_NAME[plan],
            "max_plot_ratio": uses.PLAN_RATIO[plan],
        }
    )
    return frame, coarse.boxes(rows)


def _lines(coarse: Cover, block: Ints, truth: Parcels) -> tuple[pl.DataFrame, Geometries]:
    region = np.full(len(coarse.rects), layout.HILLS)
    region[block] = truth.region
    kinds = {
        "生态保护红线": region == layout.HILLS,
        "城镇开发边界": np.isin(region, (layout.NEW_TOWN, layout.OLD_TOWN, layout.PARK, layout.OLD_WORKS)),
        "工业用地控制线": region == layout.PARK,
    }
    names, shapes = [], []
    for kind, chosen in kinds.items():
        rows = np.flatnonzero(chosen)
        names += [kind] * len(rows)
        shapes.append(coarse.boxes(rows))
    return pl.DataFrame({"line_kind": names, "line_name": names}), np.concatenate(shapes)


def _renewal(coarse: Cover, block: Ints, truth: Parcels) -> tuple[pl.DataFrame, Geometries]:
    kind = np.zeros(len(coarse.rects), np.int64)
    kind[block] = truth.renewal
    rows = np.flatnonzero(kind > 0)
    frame = pl.DataFrame({"area_name": holdings.AREA_NAMES[kind[rows]], "area_kind": holdings.AREA_KINDS[kind[rows]]})
    return frame.with_columns(plan_document=pl.lit("模拟更新规划")), coarse.boxes(rows)


def _buildings(shapes: Geometries, truth: Parcels, rng: np.random.Generator) -> tuple[pl.DataFrame, Geometries]:
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
            "building_code": np.char.add("990112F", _serial(len(rows), 8)),
            "floors": floors,
            "height_m": np.round(floors * 3.2, 1),
            "built_year": truth.built_year[rows],
            "danger_grade": grade,
            "idle": np.where(idle, "是", "否"),
            "use": [uses.USES[u].zh for u in truth.use[rows].tolist()],
        }
    )
    return frame, np.asarray(made)
