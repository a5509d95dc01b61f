"""Tiles of the map: which layers a tile has at a zoom, and the tile kept while nothing was written.

From ``CLOSE`` on parcels are drawn each by itself. Further away their number is told by circles over a grid of cells,
and from ``NEAR`` on the identified ones are drawn as well.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import shapely

from panhuo.exchange.vector_tiles import TileLayer, vector_tile
from panhuo.land.polygons import Polygons
from panhuo_platform.maps import overlays, rows
from panhuo_platform.maps.divisions import townships
from panhuo_platform.maps.grid import CELLS, CLOSE, FINEST, LEGACY_FROM, NAMED, NEAR, Place
from panhuo_platform.maps.kept import Kept, stamp
from panhuo_platform.maps.overview import overview
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import LegacyParcel

#: Bytes of tiles that a process keeps, and for how long at most: writes that leave no trace are seen after that.
_KEPT, _SECONDS = 64 * 2**20, 300.0


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile as it is sent: compressed, empty where nothing is to be seen; ``mark`` tells its content."""

    packed: bytes
    mark: str


_tiles: Kept[Tile] = Kept(_KEPT, _SECONDS)


def tile(user: User, layer: str, place: Place, chosen: ParcelFilter) -> Tile:
    """The tile of a layer as ``user`` may see it. Raises KeyError for a layer that there is not."""
    drawn: Drawn
    if overlays.is_one(layer):
        drawn, seen = overlays.drawn, overlays.scope_of(user, layer)
    else:
        drawn, seen = _LAYERS[layer], rows.scope_of(user, _THINGS.get(layer, "database"))
    # the overview of a big register is a little behind: its tiles carry its mark
    far = layer == "townships" or (layer == "parcels" and place.zoom < CLOSE)
    version = (stamp(), overview(user, chosen).mark if far else "")
    key = (layer, place, seen, chosen if layer in ("parcels", "townships") else None, version)
    known = _tiles.get(key)
    if known is not None:
        return known
    data = vector_tile(place.zoom, place.column, place.row, drawn(user, layer, place, chosen))
    packed = gzip.compress(data, 4, mtime=0) if data else b""
    made = Tile(packed, hashlib.sha256(packed).hexdigest()[:24])
    _tiles.put(key, made, len(packed) + 500)
    return made


def _parcels(user: User, _layer: str, place: Place, chosen: ParcelFilter) -> list[TileLayer]:
    if place.zoom >= CLOSE:
        return [_shapes(user, place, chosen)]
    layers = [_cells(user, place, chosen)]
    if place.zoom >= NEAR:
        layers.insert(0, _shapes(user, place, chosen, identified=not chosen.outcome))
    return layers


def _shapes(user: User, place: Place, chosen: ParcelFilter, *, identified: bool = False) -> TileLayer:
    held = rows.versions(user, chosen, place.box)
    if identified:
        held = held.filter(parcel__outcome="identified")
    names = ["parcel_id", "parcel__outcome", "parcel__main_class", "parcel__stage"]
    if place.zoom >= NAMED:
        names += ["code", "parcel__number", "parcel__name"]
    ids, outcome, main_class, stage, *named, blobs = rows.columns(held, *names, rows.Wkb("geometry"), by_key=True)
    told: dict[str, list[Any]] = {"outcome": outcome, "class": main_class, "stage": stage}
    if named:
        told["name"] = [name or code[-7:] or number[-7:] for code, number, name in zip(*named, strict=True)]
    return TileLayer("parcels", Polygons.from_wkb(blobs), ids, told)


def _cells(user: User, place: Place, chosen: ParcelFilter) -> TileLayer:
    step = 2 ** (FINEST - min(place.zoom + CELLS, FINEST))
    size = 2 ** (FINEST - place.zoom)
    cells = overview(user, chosen).cells.filter(
        (pl.col("x") // size == place.column) & (pl.col("y") // size == place.row)
    )
    sums = ("n", "area_m2", "identified", "identified_m2")
    weighted = [(pl.col(c) * pl.col("n")).sum() / pl.col("n").sum() for c in ("lon", "lat")]
    merged = (
        cells.group_by(pl.col("x") // step, pl.col("y") // step)
        .agg(*weighted, *(pl.col(c).sum() for c in sums))
        .sort("x", "y")
    )
    return TileLayer(
        "cells",
        shapely.points(merged["lon"].to_numpy(), merged["lat"].to_numpy()),
        range(merged.height),
        {
            "n": merged["n"].to_list(),
            "identified": merged["identified"].to_list(),
            "ha": (merged["area_m2"] / 10_000).round(2).to_list(),
            "identified_ha": (merged["identified_m2"] / 10_000).round(2).to_list(),
        },
    )


def _townships(user: User, _layer: str, place: Place, chosen: ParcelFilter) -> list[TileLayer]:
    """Boundaries of townships; and one point each that bears its name and figures."""
    west, south, east, north = place.box
    known = {code: (key, name, shape) for key, code, name, shape in townships()}
    figures = {row["township_code"]: row for row in overview(user, chosen).townships.iter_rows(named=True)}
    bounded = [(key, code, name, shape) for code, (key, name, shape) in known.items() if shape is not None]
    spots, keys, names, n, identified = [], [], [], [], []
    for code, (key, name, shape) in known.items():
        told = figures.get(code)
        spot = shape.point_on_surface() if shape is not None else None
        if spot is None and told is not None and told["lon"] is not None:
            spot = shapely.Point(told["lon"], told["lat"])
        if spot is None or not (west <= spot.x <= east and south <= spot.y <= north):
            continue
        spots.append(spot)
        keys.append(key)
        names.append(name)
        n.append(told["n"] if told else None)
        identified.append(told["identified"] if told else None)
    return [
        TileLayer(
            "townships", [b[3] for b in bounded], [b[0] for b in bounded],
            {"code": [b[1] for b in bounded], "name": [b[2] for b in bounded]},
        ),
        TileLayer("township_names", spots, keys, {"name": names, "n": n, "identified": identified}),
    ]  # fmt: skip


def _legacy(user: User, _layer: str, place: Place, _chosen: ParcelFilter) -> list[TileLayer]:
    if place.zoom < LEGACY_FROM:
        return []
    found = LegacyParcel.objects.visible_to(user).filter(rows.inside(LegacyParcel, place.box))
    told = rows.columns(found, "pk", "number", "situation", rows.Wkb("geometry"), by_key=True)
    ids, numbers, situations, blobs = told
    return [TileLayer("legacy", Polygons.from_wkb(blobs), ids, {"number": numbers, "situation": situations})]


Drawn = Callable[[User, str, Place, ParcelFilter], list[TileLayer]]
_LAYERS: Mapping[str, Drawn] = {"parcels": _parcels, "townships": _townships, "legacy": _legacy}
#: What a layer's rows are in the permission matrix, where it is not the register.
_THINGS: Mapping[str, str] = {"legacy": "historical"}
