"""Overlays: what departments delivered and the office accepted, such as control lines, zones and land classes.

One overlay for each role of ``panhuo.land.roles`` of which the user sees an accepted layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from django.utils.translation import get_language
from numpy.typing import NDArray

from panhuo.exchange.vector_tiles import TileLayer
from panhuo.land.codes.naming import list_of, with_names
from panhuo.land.polygons import Polygons
from panhuo.land.roles import ROLES, Role
from panhuo_platform.boxes import Box
from panhuo_platform.deliveries import queries as deliveries
from panhuo_platform.deliveries.laid import REGISTERED, Laid, laid
from panhuo_platform.deliveries.models import DeliveredLayer
from panhuo_platform.maps import styles
from panhuo_platform.maps.grid import Place
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.filters import ParcelFilter

_BEFORE = "overlay-"
#: Roles that can have shapes.
_ROLES: Mapping[str, Role] = {k: r for k, r in ROLES.items() if r.geometry is not False and k not in REGISTERED}
#: Rows of a layer up to which it is drawn from a zoom on.
_ZOOMS = ((500, 6), (5_000, 10), (50_000, 12))


def is_one(layer: str) -> bool:
    """Is this the name of an overlay?"""
    return layer.startswith(_BEFORE)


def layers(user: User) -> list[dict[str, Any]]:
    """Overlays that the user may see, as the map reads them, off at first."""
    found = []
    for role in _ROLES:
        held = [one for one in deliveries.in_force(user, role, published=True) if one.has_shapes]
        if not held:
            continue
        look = look_of(role)
        rows = sum(one.rows for one in held)
        units = dict.fromkeys(str(one.delivery.sender) for one in held)
        days = sorted(str(one.date or one.year) for one in held if one.date or one.year)
        found.append(
            {
                "id": _BEFORE + role, "title": look.label, "kind": "overlay", "on": False,
                "minzoom": _from_zoom(rows),
                "more": "、".join([*list(units)[:2], *days[-1:]]),
                "look": {
                    "value": look.value, "label": look.label, "fill": look.fill, "line": look.line,
                    "pattern": look.pattern,
                },
            }
        )  # fmt: skip
    return found


def look_of(role: str) -> styles.Look:
    """How the overlay of a role is drawn: the same on every map."""
    said = ROLES[role]
    fill, line, pattern = styles.OVERLAYS[list(_ROLES).index(role) % len(styles.OVERLAYS)]
    label = said.en if (get_language() or "").startswith("en") else said.zh
    return styles.Look(_BEFORE + role, label, fill, line, pattern)


def scope_of(user: User, layer: str) -> str:
    """Which accepted layers make up an overlay for this user. Raises KeyError for one that there is not."""
    held = _held(user, layer)
    if not held:
        raise KeyError(layer)
    return ",".join(f"{one.pk}@{one.accepted_at}" for one in held)


def drawn(user: User, layer: str, place: Place, _chosen: ParcelFilter) -> list[TileLayer]:
    """The overlay on a tile: nothing at zooms from which so much could not be told apart."""
    layers = _held(user, layer)
    if place.zoom < _from_zoom(sum(one.rows for one in layers)):
        return []
    # feature numbers count on from layer to layer, so that each is one thing for the map
    at, parts, ids, names = 0, [], [], []
    for one in layers:
        held = laid(one)
        here = np.flatnonzero(held.near(place.box))
        parts.append(held.shapes(here))
        ids += (here + at).tolist()
        names += _named(one, held, here)
        at += 10_000_000
    return [TileLayer(layer, np.concatenate(parts), ids, {"name": names})] if parts else []


def printed(user: User, box: Box, asked: Sequence[str]) -> list[tuple[styles.Look, Polygons]]:
    """Overlays among ``asked`` in a window, each with its look: polygons only."""
    made = []
    for layer in dict.fromkeys(asked):
        if not is_one(layer):
            continue
        found = [(h := laid(one)).shapes(np.flatnonzero(h.near(box))) for one in _held(user, layer)]
        if found:
            made.append((look_of(layer.removeprefix(_BEFORE)), Polygons.from_shapely(np.concatenate(found))))
    return made


def _from_zoom(rows: int) -> int:
    return next((zoom for most, zoom in _ZOOMS if rows <= most), 14)


def _held(user: User, layer: str) -> list[DeliveredLayer]:
    role = layer.removeprefix(_BEFORE)
    if role not in _ROLES:
        return []
    return [one for one in deliveries.in_force(user, role, published=True) if one.has_shapes]


def _named(layer: DeliveredLayer, held: Laid, places: NDArray[np.int64]) -> list[str | None]:
    """What some rows of a layer are called, codes by their names; None for nothing."""
    column = _name_of(ROLES[layer.role], held.fields) if layer.role in ROLES else None
    if column is None:
        return [None] * len(places)
    codes = list_of(column, layer.role)
    said = held.rows(places, [column])[column].to_list()
    return [None if one is None else with_names(str(one), codes).zh for one in said]


def _name_of(role: Role, columns: Sequence[str]) -> str | None:
    """The column that says best what a row of the role is: a name, else a class, else the key."""
    fields = [f.name for f in role.fields if f.name in columns]
    for ending in ("name", "class", "kind", "use"):
        for field in fields:
            if field.endswith(ending):
                return field
    return role.key if role.key in columns else None
