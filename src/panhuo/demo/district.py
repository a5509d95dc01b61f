"""The whole district in memory: everything true, before anybody writes it down (and makes mistakes)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from panhuo.demo import buildings, firms, holdings, lists, surroundings
from panhuo.demo.ground import Ground, make_ground
from panhuo.demo.holdings import Parcels
from panhuo.demo.shapes import to_shapely
from panhuo.demo.tiling import polygons_of
from panhuo.land.areas import planar_area
from panhuo.land.polygons import Polygons
from panhuo.progress import Progress, silent

Geometries = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Truth:
    """Frames under standard names by role, and the shapes (EPSG:4527) of those that have any, row by row.

    ``flat`` holds the large layers that are written as they are: patches, second_survey, zones, buildings.
    """

    ground: Ground
    parcels: Parcels
    frames: dict[str, pl.DataFrame]
    shapes: dict[str, Geometries]
    flat: dict[str, Polygons]


def make_truth(parcels: int, seed: int, on: date, years: tuple[int, int], progress: Progress = silent) -> Truth:
    """Make the district: ``years`` are the two years of the economy, the later one last."""
    steps = 8
    progress("划分街区与地块", 0, steps)
    ground = make_ground(parcels, seed)
    shapes: dict[str, Geometries] = {}
    frames: dict[str, pl.DataFrame] = {}
    flat: dict[str, Polygons] = {}
    shapes["parcels"] = to_shapely(polygons_of(ground.parcels, ground.bend, step=16, keep=0.6, salt=1))
    area = np.asarray(shapely.area(shapes["parcels"]))
    truth = holdings.settle(ground, area, seed, on)
    # What lies around the parcels needs nothing of what they hold: it is made at the same time. Every part draws from
    # a generator of its own, so the order does not matter.
    with ThreadPoolExecutor(1) as aside:
        around = aside.submit(_around, ground, truth, seed)
        progress("企业与经济", 1, steps)
        made = firms.make_firms(truth, seed, on)
        economy, made = firms.make_economy(made, years, seed)
        frames["firms"], frames["economy"] = made, economy
        progress("房屋", 2, steps)
        frames["buildings"], flat["buildings"] = buildings.make_buildings(ground, truth, seed)
        ratio, density = buildings.densities(truth, frames["buildings"], flat["buildings"])
        owners = made.filter("owner").unique("row", keep="first", maintain_order=True)
        progress("权属与调查", 3, steps)
        frame = holdings.parcel_frame(truth, owners, seed, on).with_columns(
            plot_ratio_declared=pl.Series(ratio), density_declared=pl.Series(density)
        )
        frames["parcels"] = frame
        codes = frame["parcel_code"]
        frames["enterprises"] = made.with_columns(parcel_code=codes.gather(made["row"].to_numpy()))
        for year in years:
            frames[f"yield_{year}"] = firms.make_classes(made, economy, year, seed)
        frames["safety"] = firms.make_records(truth, made, codes, "安全生产", seed, on)
        frames["environment"] = firms.make_records(truth, made, codes, "环境", seed, on)
        progress("清单", 4, steps)
        frames["disputes"], quarrels = lists.make_disputes(truth, codes, seed)
        frames["registration"] = lists.make_registration(frame, quarrels, seed)
        frames["exit_list"] = lists.make_exit_list(truth, codes, frame["parcel_name"])
        frames["obstacles"] = lists.make_obstacles(truth, codes, seed, on)
        frames["idle_land"] = lists.make_idle_land(truth, codes, seed, on)
        frames["legacy"], shapes["legacy"] = lists.make_legacy(ground, truth, seed)
        progress("三调、二调、规划与界线", 5, steps)
        for role, (table, polygons) in around.result().items():
            frames[role] = table
            if isinstance(polygons, Polygons):
                flat[role] = polygons
            else:
                shapes[role] = polygons
    progress("三调、二调、规划与界线", steps, steps)
    return Truth(ground, truth, frames, shapes, flat)


def _around(ground: Ground, parcels: Parcels, seed: int) -> dict[str, surroundings.Made | surroundings.Flat]:
    """Surveys, plans and divisions."""
    table, shapes = surroundings.make_patches(ground, parcels, seed)
    table = table.with_columns(patch_area_m2=pl.Series(np.round(planar_area(shapes), 2)))
    made: dict[str, surroundings.Made | surroundings.Flat] = {"patches": (table, shapes)}
    made["second_survey"] = surroundings.make_second_survey(ground, parcels, seed)
    made["zones"] = surroundings.make_zones(ground, parcels, seed)
    tiles = surroundings.block_tiles(ground)
    made["control_lines"] = surroundings.make_control_lines(ground, tiles, seed)
    made["renewal_areas"] = surroundings.make_renewal(ground, tiles)
    made["townships"], made["county"] = surroundings.make_divisions(ground, tiles)
    return made
