"""Numbers of map sheets (图幅号), GB/T 13989-2012."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Letter of a scale, and its sheets in one sheet of 1:1 000 000 (rows and columns alike).
_DIVISIONS = {"B": 2, "C": 4, "D": 12, "E": 24, "F": 48, "G": 96, "H": 192}


def sheet_numbers(longitude: NDArray[np.float64], latitude: NDArray[np.float64], scale: str = "G") -> list[str | None]:
    """The sheet that each place lies in, ``J50G080063`` for 117.8949°E 36.6676°N at 1:10 000 (letter G).

    longitude, latitude : (n,) degrees on CGCS2000; None for a place that is not finite, in the south or beyond 88°N.
    """
    n = _DIVISIONS[scale]
    out: list[str | None] = []
    for lon, lat in zip(longitude.tolist(), latitude.tolist(), strict=True):
        if not (-180 <= lon < 180 and 0 <= lat < 88):
            out.append(None)
            continue
        row, column = int(lat // 4), int((lon + 180) // 6)
        north, west = (row + 1) * 4.0, column * 6.0 - 180
        down = min(int((north - lat) * n / 4), n - 1)
        right = min(int((lon - west) * n / 6), n - 1)
        out.append(f"{chr(ord('A') + row)}{column + 1:02d}{scale}{down + 1:03d}{right + 1:03d}")
    return out
