"""Overlays: what departments delivered and the office accepted, such as control lines, zones and land classes.

One overlay for each role of ``panhuo.land.roles`` of which the user sees an accepted layer. Accepted layers do not
change, so that their shapes are kept in memory by the layer's key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from django.utils.translation import get_language
from numpy.typing import NDArray

from panhuo.exchange.vector_tiles import TileLayer
from panhuo.land.codes.naming import list_of, with_names
from panhuo.land.polygons import Polygons
from panhuo.land.roles import ROLES, Role
from panhuo_platform.deliveries import queries as deliveries
from panhuo_platform.deliveries.models import DeliveredLayer
from panhuo_platform.maps import styles
from panhuo_platform.maps.grid import Box, Place
from panhuo_platform.maps.kept import Kept
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels.filters import ParcelFilter

_BEFORE = "overlay-"
#: What is drawn by itself, and not as an overlay.
_OWN = frozenset({"parcels", "legacy", "boundaries"})
#: Roles that can have shapes.
_ROLES: Mapping[str, Role] = {k: r for k, r in ROLES.items() if r.geometry is not False and k not in _OWN}
#: Rows of a layer up to which it is drawn from a zoom on.
_ZOOMS = ((500, 6), (5_000, 10), (50_000, 12))
#: Bytes of shapes that a process keeps, about.
_KEPT = 512 * 2**20


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of a layer, those that have one.

    shapes : (n,) Shapely; boxes: (n, 4) float64, degrees; names: what each is called, None for nothing
    """

    shapes: NDArray[np.object_]
    boxes: NDArray[np.float64]
    names: list[Any]

    def inside(self, box: Box) -> NDArray[np.int64]:
        """Rows whose box meets ``box``."""
        west, south, east, north = box
        b = self.boxes
        return np.flatnonzero((b[:, 0] <= east) & (b[:, 2] >= west) & (b[:, 1] <= north) & (b[:, 3] >= south))


_shapes: Kept[Shapes] = Kept(_KEPT, 3600)


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
                "minzoom": next((zoom for most, zoom in _ZOOMS if rows <= most), 14),
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
    """The overlay on a tile."""
    made = []
    for one in _held(user, layer):
        shapes = _of(one)
        here = shapes.inside(place.box)
        made.append((shapes.shapes[here], here, [shapes.names[k] for k in here.tolist()]))
    # feature numbers count on from layer to layer, so that each is one thing for the map
    at, parts, ids, names = 0, [], [], []
    for drawn_shapes, here, called in made:
        parts.append(drawn_shapes)
        ids += (here + at).tolist()
        names += called
        at += 10_000_000
    return [TileLayer(layer, np.concatenate(parts), ids, {"name": names})] if parts else []


def printed(user: User, box: Box, asked: Sequence[str]) -> list[tuple[styles.Look, Polygons]]:
    """Overlays among ``asked`` in a window, each with its look: polygons only."""
    made = []
    for layer in dict.fromkeys(asked):
        if not is_one(layer):
            continue
        found = [(s := _of(one)).shapes[s.inside(box)] for one in _held(user, layer)]
        if found:
            made.append((look_of(layer.removeprefix(_BEFORE)), Polygons.from_shapely(np.concatenate(found))))
    return made


def _held(user: User, layer: str) -> list[DeliveredLayer]:
    role = layer.removeprefix(_BEFORE)
    if role not in _ROLES:
        return []
    return [one for one in deliveries.in_force(user, role, published=True) if one.has_shapes]


def _of(layer: DeliveredLayer) -> Shapes:
    key = (layer.pk, layer.accepted_at)
    known = _shapes.get(key)
    if known is not None:
        return known
    frame, blobs = deliveries.frame(layer)
    shapes: NDArray[np.object_] = (
        np.zeros(0, dtype=object) if blobs is None else shapely.from_wkb(np.array(blobs.to_pylist(), dtype=object))
    )
    named = _name_of(ROLES[layer.role], frame.columns) if layer.role in ROLES else None
    names: list[Any] = [None] * len(shapes)
    if named is not None:
        codes = list_of(named, layer.role)
        names = [None if said is None else with_names(str(said), codes).zh for said in frame[named].to_list()]
    there = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    made = Shapes(shapes[there], shapely.bounds(shapes[there]).reshape(-1, 4), [names[k] for k in there.tolist()])
    weight = int(shapely.get_num_coordinates(made.shapes).sum()) * 16 + 500 * len(there) + 1000
    _shapes.put(key, made, weight)
    return made


def _name_of(role: Role, columns: Sequence[str]) -> str | None:
    """The column that says best what a row of the role is: a name, else a class, else the key."""
    fields = [f.name for f in role.fields if f.name in columns]
    for ending in ("name", "class", "kind", "use"):
        for field in fields:
            if field.endswith(ending):
                return field
    return role.key if role.key in columns else None
