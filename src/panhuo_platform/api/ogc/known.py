"""Which collections there are for a user."""

from __future__ import annotations

from collections.abc import Mapping

from panhuo_platform.api.ogc.collection import Collection
from panhuo_platform.api.ogc.overlays import OVERLAYS
from panhuo_platform.api.ogc.systems import Box
from panhuo_platform.api.ogc.tables import TABLES
from panhuo_platform.organisations.models import User

_ALL: Mapping[str, Collection] = {c.name: c for c in (*TABLES, *OVERLAYS)}


def collections(user: User) -> list[Collection]:
    """The collections that the user may know of."""
    return [c for c in _ALL.values() if c.seen_by(user)]


def collection(user: User, name: str) -> Collection | None:
    """One of them by its name; None where the user sees none of that name."""
    found = _ALL.get(name)
    return found if found is not None and found.seen_by(user) else None


def place(user: User) -> Box | None:
    """West, south, east, north of what the user sees of the register; None where that is nothing yet."""
    boxes = [box for c in TABLES if c.seen_by(user) and (box := c.extent(user)) is not None]
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return min(west), min(south), max(east), max(north)
