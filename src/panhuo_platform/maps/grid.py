"""The grid of the map's tiles: what is drawn from which zoom on, where a tile lies, which one holds a place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panhuo.exchange.vector_tiles import tile_bounds
from panhuo_platform.boxes import Box

#: Zooms from which parcels, and identified parcels, are drawn; from which parcels bear their names.
CLOSE, NEAR, NAMED = 14, 12, 16
#: Zoom from which legacy land is drawn.
LEGACY_FROM = 10
DEEPEST = 22
#: Cells along the side of a tile: 2 to this power.
CELLS = 3
#: Zoom of the map whose tiles are the finest cells.
FINEST = 16


@dataclass(frozen=True, slots=True)
class Place:
    """A tile's number. Raises ValueError where there is no such tile."""

    zoom: int
    column: int
    row: int

    def __post_init__(self) -> None:
        if not (0 <= self.zoom <= DEEPEST and 0 <= self.column < 2**self.zoom and 0 <= self.row < 2**self.zoom):
            raise ValueError(f"no tile {self.zoom}/{self.column}/{self.row}")

    @property
    def box(self) -> Box:
        return tile_bounds(self.zoom, self.column, self.row)


def tile_of(
    lon: NDArray[np.floating], lat: NDArray[np.floating], zoom: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of the tile that each place lies in."""
    count = 2**zoom
    x = (lon + 180) / 360 * count
    y = (1 - np.arcsinh(np.tan(np.radians(np.clip(lat, -85.05, 85.05)))) / np.pi) / 2 * count
    return (np.clip(x, 0, count - 1).astype(np.int64), np.clip(y, 0, count - 1).astype(np.int64))
