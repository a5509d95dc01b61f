"""Sheet numbers of the national map series (GB/T 13989-2012)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from panhuo.messages import PanhuoError


@dataclass(frozen=True, slots=True)
class SheetSize:
    """Letter of a scale, its sheets per 1:1 000 000 sheet in each direction, and the digits of row and column."""

    letter: str
    parts: int
    digits: int


#: Scale -> size of its sheets. A 1:1 000 000 sheet is 6° wide and 4° high.
SCALES: Mapping[int, SheetSize] = MappingProxyType(
    {
        500_000: SheetSize("B", 2, 3),
        250_000: SheetSize("C", 4, 3),
        100_000: SheetSize("D", 12, 3),
        50_000: SheetSize("E", 24, 3),
        25_000: SheetSize("F", 48, 3),
        10_000: SheetSize("G", 96, 3),
        5_000: SheetSize("H", 192, 3),
        2_000: SheetSize("I", 576, 3),
        1_000: SheetSize("J", 1152, 4),
        500: SheetSize("K", 2304, 4),
    }
)


def _size(scale: int) -> SheetSize:
    if scale not in SCALES:
        have = "、".join(f"1:{s}" for s in SCALES)
        raise PanhuoError(
            f"没有1:{scale}的分幅，可用：{have}。", f"No sheets at 1:{scale}; there are: {', '.join(map(str, SCALES))}."
        )
    return SCALES[scale]


def sheet_numbers(longitudes: ArrayLike, latitudes: ArrayLike, scale: int = 10_000) -> pl.Series:
    """The sheet that each point lies on: 117.8949, 36.6676 at 1:10 000 is ``J50G080063``.

    longitudes, latitudes : (n,) degrees east and north, 0 to 180 and 0 to 88. Null where a coordinate is not finite
    or out of range.
    A point on a border belongs to the sheet north or east of it.
    """
    size = _size(scale)
    lon = np.atleast_1d(np.asarray(longitudes, dtype=np.float64))
    lat = np.atleast_1d(np.asarray(latitudes, dtype=np.float64))
    good = np.isfinite(lon) & np.isfinite(lat) & (lon >= 0) & (lon < 180) & (lat >= 0) & (lat < 88)
    lon, lat = np.where(good, lon, 0.0), np.where(good, lat, 0.0)
    letters = np.floor(lat / 4).astype(np.int64)
    columns = np.floor(lon / 6).astype(np.int64)
    # counted in whole sheets so that a point on a border falls the same way at every scale
    across = np.floor(lon * size.parts / 6 + 1e-9).astype(np.int64) - columns * size.parts
    up = np.floor(lat * size.parts / 4 + 1e-9).astype(np.int64) - letters * size.parts
    across, up = np.clip(across, 0, size.parts - 1), np.clip(up, 0, size.parts - 1)
    d = size.digits
    out = [
        f"{chr(65 + a)}{31 + c}{size.letter}{size.parts - u:0{d}d}{x + 1:0{d}d}" if ok else None
        for a, c, u, x, ok in zip(letters, columns, up, across, good, strict=True)
    ]
    return pl.Series("sheet", out, dtype=pl.String)


def sheet_bounds(number: str) -> tuple[float, float, float, float]:
    """West, south, east and north of a sheet, degrees; an error if the number is none."""
    text = "".join(number.split()).upper()
    size = next((s for s in SCALES.values() if len(text) > 3 and s.letter == text[3:4]), None)
    wrong = PanhuoError(f"“{number}”不是图幅号（GB/T 13989）。", f"'{number}' is no sheet number (GB/T 13989).")
    if size is None or not text[1:3].isdigit() or len(text) != 4 + 2 * size.digits or not text[4:].isdigit():
        raise wrong
    row, column = int(text[4 : 4 + size.digits]), int(text[4 + size.digits :])
    if not ("A" <= text[0] <= "V" and 1 <= row <= size.parts and 1 <= column <= size.parts):
        raise wrong
    west = (int(text[1:3]) - 31) * 6 + (column - 1) * 6 / size.parts
    north = (ord(text[0]) - 64) * 4 - (row - 1) * 4 / size.parts
    return west, north - 4 / size.parts, west + 6 / size.parts, north
