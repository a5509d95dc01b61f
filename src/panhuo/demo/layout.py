"""Where things lie in the fictitious district: regions, townships, villages, and the size of the ground.

Positions are shares of the district's side, 0..1 from the south-west, before bending.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panhuo.demo.tiling import hash01

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OUTSIDE, FIELDS, NEW_TOWN, OLD_TOWN, PARK, OLD_WORKS, LAKE, HILLS, VILLAGE, TOWN_SEAT = range(10)

#: Blocks of these regions are cut into parcels.
BUILT = (NEW_TOWN, OLD_TOWN, PARK, OLD_WORKS, VILLAGE, TOWN_SEAT)

#: Size of a block and of a parcel, m², and the shortest side of a parcel, m, by region.
BLOCK_M2 = np.array([4.0e5, 6.0e4, 4.5e4, 1.4e4, 8.0e4, 3.6e4, 5.0e4, 9.0e4, 1.1e4, 2.2e4])
PARCEL_M2 = np.array([np.inf, np.inf, 8000.0, 1700.0, 9500.0, 4500.0, np.inf, np.inf, 750.0, 3600.0])
PARCEL_SIDE = np.array([1e9, 1e9, 24.0, 16.0, 30.0, 24.0, 1e9, 1e9, 12.0, 18.0])

VILLAGE_SPACING = 1050.0
VILLAGE_SHARE = 0.72


@dataclass(frozen=True, slots=True)
class Township:
    """A township-level division: code (9 digits), name, seat in shares of the side, and whether it is a town (镇)."""

    code: str
    name: str
    short: str
    at: tuple[float, float]
    reach: float
    town: bool


DIVISION = "990112"
PROVINCE, CITY, DISTRICT = "示例省", "青岚市", "澄湖区"

TOWNSHIPS = (
    Township("990112001", "鼓阳街道", "鼓阳", (0.47, 0.52), 0.62, False),
    Township("990112002", "望澜街道", "望澜", (0.40, 0.60), 0.80, False),
    Township("990112003", "北厂街道", "北厂", (0.53, 0.66), 0.78, False),
    Township("990112004", "柳汀街道", "柳汀", (0.57, 0.46), 0.75, False),
    Township("990112005", "云渡街道", "云渡", (0.45, 0.38), 0.95, False),
    Township("990112006", "东埠街道", "东埠", (0.72, 0.55), 1.15, False),
    Township("990112007", "澄东街道", "澄东", (0.33, 0.47), 0.85, False),
    Township("990112100", "石桥埠镇", "石桥埠", (0.80, 0.82), 1.35, True),
    Township("990112101", "白鹭泊镇", "白鹭泊", (0.17, 0.36), 1.30, True),
    Township("990112102", "杏林坞镇", "杏林坞", (0.27, 0.83), 1.35, True),
    Township("990112103", "长渠镇", "长渠", (0.30, 0.14), 1.35, True),
    Township("990112104", "麦丘镇", "麦丘", (0.78, 0.20), 1.40, True),
)

#: The river runs along this line, from north to south.
RIVER_X = 0.592
#: Centre of the old town, from which the ages of the district grow.
HEART = (0.47, 0.52)


def side_for(parcels: int) -> float:
    """Side of the square around the district, metres, that holds so many parcels of their usual size."""
    grid = (np.arange(400) + 0.5) / 400
    u, v = (a.ravel() for a in np.meshgrid(grid, grid))
    kind = broad_region(u, v)
    per_m2 = 1.0 / PARCEL_M2[kind]
    street = 0.80  # what streets leave of the ground
    village = np.pi * 125.0**2 / VILLAGE_SPACING**2 * VILLAGE_SHARE
    per_m2[kind == FIELDS] = village / PARCEL_M2[VILLAGE]
    return float(np.sqrt(parcels / (street * per_m2.mean())))


def _ellipse(u: Floats, v: Floats, x: float, y: float, a: float, b: float, wobble: float = 0.0) -> Floats:
    """Distance from an ellipse's centre, 1 on its wobbling edge; exact near and within the edge only."""
    out = np.asarray(np.hypot((u - x) / a, (v - y) / b))
    near = np.flatnonzero(out < 1 + 2 * wobble)
    angle = np.arctan2(v[near] - y, u[near] - x)
    out[near] /= 1 + wobble * (np.sin(3 * angle + 1.0) + 0.6 * np.sin(5 * angle + 2.2) + 0.4 * np.sin(8 * angle))
    return out


def broad_region(u: Floats, v: Floats) -> Ints:
    """Region of each place, villages apart."""
    kind = np.full(len(u), FIELDS, np.int64)
    kind[_ellipse(u, v, 0.30, 0.96, 0.30, 0.17, 0.12) < 1] = HILLS
    for town in TOWNSHIPS:
        if town.town:
            kind[_ellipse(u, v, *town.at, 0.048, 0.042, 0.15) < 1] = TOWN_SEAT
    kind[_ellipse(u, v, 0.48, 0.51, 0.205, 0.185, 0.10) < 1] = NEW_TOWN
    kind[(np.abs(u - 0.725) < 0.075) & (np.abs(v - 0.56) < 0.085)] = PARK
    kind[(np.abs(u - 0.50) < 0.06) & (np.abs(v - 0.75) < 0.045)] = PARK
    kind[(np.abs(u - 0.33) < 0.05) & (np.abs(v - 0.29) < 0.045)] = PARK
    kind[_ellipse(u, v, *HEART, 0.072, 0.064, 0.12) < 1] = OLD_TOWN
    kind[(np.abs(u - 0.535) < 0.034) & (np.abs(v - 0.628) < 0.038)] = OLD_WORKS
    kind[_ellipse(u, v, 0.24, 0.53, 0.088, 0.075, 0.16) < 1] = LAKE
    kind[_ellipse(u, v, 0.5, 0.5, 0.465, 0.47, 0.035) > 1] = OUTSIDE
    return kind


@dataclass(frozen=True, slots=True)
class Regions:
    """Region of any place of a district: the broad ones from a fine grid, villages in their natural size.

    grid : (k, k) regions of ``broad_region`` at the centres of k by k cells, rows from the south
    """

    side: float
    seed: int
    grid: Ints

    def __call__(self, x: Floats, y: Floats) -> Ints:
        """Regions of places in lattice metres."""
        k = len(self.grid)
        column = np.clip((x / self.side * k).astype(np.int64), 0, k - 1)
        row = np.clip((y / self.side * k).astype(np.int64), 0, k - 1)
        kind = self.grid[row, column]
        cell_x, cell_y = np.floor(x / VILLAGE_SPACING).astype(np.int64), np.floor(y / VILLAGE_SPACING).astype(np.int64)
        salt = self.seed % 1000 + 7
        open_ = np.flatnonzero((kind == FIELDS) | (kind == NEW_TOWN))
        a, b = cell_x[open_], cell_y[open_]
        centre_x = (a + 0.3 + 0.4 * hash01(a, b, salt + 1)) * VILLAGE_SPACING
        centre_y = (b + 0.3 + 0.4 * hash01(a, b, salt + 2)) * VILLAGE_SPACING
        radius = 90.0 + 70.0 * hash01(a, b, salt + 3)
        near = np.hypot(x[open_] - centre_x, (y[open_] - centre_y) * 1.2) < radius
        fields = kind[open_] == FIELDS
        there = hash01(a, b, salt) < VILLAGE_SHARE
        # Villages that the town has grown around: one stands always, south-east of the old town.
        told = np.hypot(x[open_] / self.side - URBAN_VILLAGE[0], y[open_] / self.side - URBAN_VILLAGE[1])
        kept = (near & (hash01(a, b, salt + 4) < 0.10)) | (told < URBAN_VILLAGE_REACH)
        kind[open_[(fields & near & there) | (~fields & kept)]] = VILLAGE
        return kind


def regions(side: float, seed: int) -> Regions:
    """The regions of a district ``side`` metres wide."""
    k = int(np.clip(side / 16.0, 400, 1400))
    at = (np.arange(k) + 0.5) / k
    u, v = (a.ravel() for a in np.meshgrid(at, at))
    return Regions(side, seed, broad_region(u, v).reshape(k, k))


URBAN_VILLAGE = (0.553, 0.452)
URBAN_VILLAGE_REACH = 0.021
SHANTY = (0.405, 0.512)
SHANTY_REACH = 0.022


def township(u: Floats, v: Floats) -> Ints:
    """Index in ``TOWNSHIPS`` of each place."""
    distance = np.stack([np.hypot(u - t.at[0], v - t.at[1]) / t.reach for t in TOWNSHIPS])
    return np.asarray(np.argmin(distance, axis=0), np.int64)
