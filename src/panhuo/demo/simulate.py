"""Simulated attributes and surroundings for a real parcel geometry, each of them labelled as simulated.

For running the main job on a real city's shapes when its attributes are not public: the shapes are real, everything
else is
made up, and every table says so in a column ``simulated``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
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
from panhuo.demo.simulated_layers import (
    cover,
    locate,
    make_buildings,
    make_legacy,
    make_lines,
    make_patches,
    make_renewal,
    make_zones,
    serial,
)
from panhuo.demo.simulated_pack import PACK, write_pack
from panhuo.demo.tiling import Ints, hash01
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

    fine = cover(bounds, metre, max(n // 3, 64), seed + 1)
    coarse = cover(bounds, metre, max(n // 60, 24), seed + 2)
    towns = cover(bounds, metre, 12, seed + 3)
    block, patch, town = (locate(c, centre) for c in (coarse, fine, towns))
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

    frame_patches, use = make_patches(fine, patch, truth, rng)
    boxes = fine.boxes()
    area_patch = ellipsoidal_area(Polygons.from_wkb(pa.array(shapely.to_wkb(boxes), pa.large_binary())))
    add("patches", frame_patches.with_columns(patch_area_m2=pl.Series(np.round(area_patch, 2))), boxes)
    young = rng.random(len(fine.rects)) < 0.12
    second = np.where(young | (use < 0), "012", np.array([u.second for u in uses.USES])[np.maximum(use, 0)])
    add("second_survey", pl.DataFrame({"patch_code": serial(len(second), 8), "land_class": second}), boxes)
    add("zones", *make_zones(coarse, block, truth, rng))
    add("control_lines", *make_lines(coarse, block, truth))
    add("renewal_areas", *make_renewal(coarse, block, truth))
    add("buildings", *make_buildings(shapes, truth, rng))
    add("legacy", *make_legacy(shapes, truth, np.random.default_rng([seed, 62])))
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
        year, issued = _ISSUED.get(layer.name, (None, 30))
        if year:
            entry["year"] = year
        entry["date"] = issued if isinstance(issued, date) else on - timedelta(days=issued)
        inputs.append(entry)
    write_pack(folder / "packs", on)
    (root / "说明.txt").write_text(NOTE + "\n", "utf-8")
    title = "真实图形、模拟属性的低效用地调查"
    path = write_survey(folder, inputs, title, PACK, on, "auto", layout.DIVISION, simulated=True, packs=("packs",))
    progress("写文件", 3, 3)
    return path


#: The year each input speaks of, and its day of issue or its age in days.
_ISSUED: Mapping[str, tuple[int | None, int | date]] = {
    "parcels": (None, 32), "patches": (2025, 144), "second_survey": (2009, date(2010, 3, 31)), "zones": (None, 410),
    "control_lines": (None, 760), "renewal_areas": (None, 520), "buildings": (None, 75), "boundaries": (None, 320),
    "registration": (None, 28), "enterprises": (None, 25), "economy": (None, 60), "exit_list": (None, 210),
    "yield_classes_2024": (2024, date(2025, 7, 15)), "yield_classes_2025": (2025, date(2026, 7, 15)),
    "legacy": (None, 95), "idle_land": (None, 40),
}  # fmt: skip


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
