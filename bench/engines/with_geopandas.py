"""GeoPandas, as its handbook does it: overlay, area, groupby."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np

from engines import LEAST, Answer, file


def _read(folder: Path, name: str) -> gpd.GeoDataFrame:
    columns = {"landuse": ["class"], "zones": ["class"], "buildings": ["floors"]}.get(name, ["id"])
    return gpd.read_parquet(file(folder, name), columns=[*columns, "geometry"])


def _classes(parcels: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> Answer:
    pieces = gpd.overlay(parcels, layer, how="intersection", keep_geom_type=True)
    pieces["area"] = pieces.geometry.area
    pieces = pieces[pieces["area"] > LEAST]
    sums = pieces.groupby(["id", "class"], observed=True)["area"].sum()
    return Answer(len(pieces), float(sums.sum()), len(sums))


def landuse(folder: Path) -> Answer:
    return _classes(_read(folder, "parcels"), _read(folder, "landuse"))


def zones(folder: Path) -> Answer:
    return _classes(_read(folder, "parcels"), _read(folder, "zones"))


def invalid(folder: Path) -> Answer:
    parcels = _read(folder, "invalid")
    bad = ~parcels.geometry.is_valid
    parcels.loc[bad, "geometry"] = parcels.geometry[bad].make_valid()
    return _classes(parcels, _read(folder, "landuse"))


def buildings(folder: Path) -> Answer:
    pieces = gpd.overlay(_read(folder, "parcels"), _read(folder, "buildings"), how="intersection", keep_geom_type=True)
    pieces["footprint"] = pieces.geometry.area
    pieces = pieces[pieces["footprint"] > LEAST]
    pieces["floor_area"] = pieces["footprint"] * pieces["floors"]
    sums = pieces.groupby("id")[["footprint", "floor_area"]].sum()
    return Answer(len(pieces), float(sums["footprint"].sum()), len(sums), float(sums["floor_area"].sum()))


def overlaps(folder: Path) -> Answer:
    parcels = _read(folder, "overlapping")
    pairs = gpd.sjoin(parcels, parcels, predicate="intersects")
    left, right = pairs.index.to_numpy(), pairs["index_right"].to_numpy()
    left, right = left[left < right], right[left < right]
    shapes = parcels.geometry.to_numpy()
    area = gpd.GeoSeries(shapes[left]).intersection(gpd.GeoSeries(shapes[right])).area.to_numpy()
    kept = area > LEAST
    return Answer(int(kept.sum()), float(np.sum(area[kept])), int(kept.sum()))
