"""Arrays of polygons as flat coordinate buffers: what every kernel works on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Polygons:
    """``n`` polygons or multipolygons as flat arrays, without one Python object per row.

    coords : (v, 2) float64      x (east or longitude), y (north or latitude); rings are closed (first = last)
    rings  : (r + 1,) int64      first coordinate of each ring; ring k is ``coords[rings[k]:rings[k + 1]]``
    holes  : (r,) bool           True where the ring is a hole of the shell before it; a shell starts a new part
    geoms  : (n + 1,) int64      first ring of each geometry; a missing or unreadable geometry has no rings
    state  : (n,) uint8          0 read; 1 missing (null); 2 empty; 3 not a polygon; 4 unreadable WKB; 5 coordinate not finite;
                                 6 at least one ring was closed by the reader. 1 to 5 have no rings.
    """

    coords: NDArray[np.float64]
    rings: NDArray[np.int64]
    holes: NDArray[np.bool_]
    geoms: NDArray[np.int64]
    state: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.geoms) - 1
