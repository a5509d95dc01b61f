"""Addresses of tiles in tests, and what GDAL reads out of them."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import shapely
from parcels_ground import SOUTH, WEST

from panhuo_platform.maps.overview import tile_of


def address(zoom: int, layer: str = "parcels", lon: float = WEST + 0.0025, lat: float = SOUTH + 0.0005) -> str:
    """The address of the tile at a place, by default the one that the squares lie in."""
    x, y = tile_of(np.array([lon]), np.array([lat]), zoom)
    return f"/maps/tiles/{layer}/{zoom}/{x[0]}/{y[0]}.mvt"


def layers_of(answer: Any, folder: Path) -> dict[str, list[dict[str, Any]]]:
    """What GDAL reads out of a tile: layers with their features, and the shape of each."""
    data = answer.content
    if answer.headers.get("Content-Encoding") == "gzip":
        data = gzip.decompress(data)
    file = folder / "tile.mvt"
    file.write_bytes(data)
    out = {}
    for name, _kind in pyogrio.list_layers(file):
        _meta, table = pyogrio.read_arrow(file, layer=name, CLIP="NO")
        rows = table.to_pylist()
        for row in rows:
            row["shape"] = shapely.from_wkb(row.pop("wkb_geometry"))
        out[str(name)] = rows
    return out
