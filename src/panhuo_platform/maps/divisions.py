"""Townships with their boundaries, kept as long as nothing is written."""

from __future__ import annotations

from typing import Any

from panhuo_platform.maps.kept import Kept, stamp
from panhuo_platform.regions import queries as regions

_townships: Kept[list[tuple[int, str, str, Any]]] = Kept(1, 300)


def townships() -> list[tuple[int, str, str, Any]]:
    """Key, code, name and boundary (Shapely or None) of each township, street and zone of today."""
    now = stamp()
    known = _townships.get(now)
    if known is None:
        known = regions.townships()
        _townships.put(now, known)
    return known
