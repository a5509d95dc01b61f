"""Which collections there are for a user."""

from __future__ import annotations

from panhuo_platform.api.ogc.collection import Collection
from panhuo_platform.api.ogc.tables import TABLES
from panhuo_platform.organisations.models import User


def collections(user: User) -> list[Collection]:
    """The collections that the user may know of."""
    return [table for table in TABLES if table.seen_by(user)]


def collection(user: User, name: str) -> Collection | None:
    """One of them by its name; None where the user sees none of that name."""
    return next((c for c in collections(user) if c.name == name), None)
