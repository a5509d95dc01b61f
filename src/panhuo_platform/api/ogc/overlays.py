"""Collections of what was delivered and accepted beside the parcels: control lines, zones, land classes …

One for each role of which the user sees an accepted layer, under the name that the map gives it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from panhuo.land.roles import ROLES, Role
from panhuo.messages import Text
from panhuo_platform.api.ogc.asked import Asked, Days, values
from panhuo_platform.api.ogc.collection import PIECE, Collection, Page, Property
from panhuo_platform.api.ogc.systems import Box, Reference, shapes
from panhuo_platform.api.ogc.tables import feature, standard
from panhuo_platform.deliveries import queries
from panhuo_platform.deliveries.laid import REGISTERED, laid
from panhuo_platform.deliveries.models import DeliveredLayer
from panhuo_platform.organisations.models import User

_BEFORE = "overlay-"
#: A key is the layer's, then the place of the row in it.
_LAYER = 1 << 32


class Overlay(Collection):
    """The accepted layers of one role."""

    def __init__(self, role: Role, name: str) -> None:
        self.role, self.name = name, _BEFORE + name
        self.title = Text(role.zh, role.en)
        self.description = Text(f"各单位交付并已接收的{role.zh}。", f"Delivered and accepted: {role.en}.")
        own = {"row": Property("row", Text("交付文件中的行号", "Row in the delivered file"), "integer")}
        asked = ("string", "integer", "boolean")
        self.properties: Mapping[str, Property] = own | {
            n: Property(n, p.title, p.kind, queryable=p.kind in asked) for n, p in standard(name).items()
        }

    def seen_by(self, user: User) -> bool:
        return bool(self._layers(user))

    def page(self, user: User, asked: Asked) -> Page:
        keys: list[int] = []
        after = _cursor(asked.after)
        for layer in self._layers(user):
            found = self._found(layer, asked) + layer.pk * _LAYER
            keys += found[found > after][: asked.limit + 1 - len(keys)].tolist()
            if len(keys) > asked.limit:
                last = keys[asked.limit - 1]
                return Page(keys[: asked.limit], f"{last // _LAYER}.{last % _LAYER}")
        return Page(keys)

    def count(self, user: User, asked: Asked) -> int | None:
        return sum(len(self._found(layer, asked)) for layer in self._layers(user))

    def features(self, user: User, keys: Sequence[int], out: Reference, days: Days | None) -> Iterator[list[str]]:
        held = {layer.pk: layer for layer in self._layers(user)}
        for start in range(0, len(keys), PIECE):
            told: list[str] = []
            piece = np.asarray(keys[start : start + PIECE], dtype=np.int64)
            for pk in dict.fromkeys((piece // _LAYER).tolist()):
                if pk not in held:
                    continue
                rows = laid(held[pk])
                here = (piece[piece // _LAYER == pk] % _LAYER).tolist()
                drawn = shapes(rows.wkb(here), out)
                some = rows.rows(here, [n for n in self.properties if n in rows.fields])
                empty = dict.fromkeys(self.properties)
                for shape, fields in zip(drawn, some.iter_rows(named=True), strict=True):
                    told.append(feature(f"{pk}.{fields['row']}", shape, {**empty, **fields}))
            yield told

    def find(self, user: User, name: str) -> tuple[int, Days | None] | None:
        pk, _dot, row = name.partition(".")
        layer = next((one for one in self._layers(user) if str(one.pk) == pk), None)
        if layer is None or not row.isascii() or not row.isdecimal() or len(row) > 12:
            return None
        found = np.flatnonzero(laid(layer).equal("row", int(row)))
        return (layer.pk * _LAYER + int(found[0]), None) if len(found) else None

    def extent(self, user: User) -> Box | None:
        # as checks found it: a layer may have millions of rows, and clients ask for every extent before anything else
        boxes = [box for layer in self._layers(user) if (box := layer.box or laid(layer).box) is not None]
        if not boxes:
            return None
        west, south, east, north = zip(*boxes, strict=True)
        return min(west), min(south), max(east), max(north)

    def _layers(self, user: User) -> list[DeliveredLayer]:
        return sorted((one for one in queries.in_force(user, self.role) if one.has_shapes), key=lambda one: one.pk)

    def _found(self, layer: DeliveredLayer, asked: Asked) -> NDArray[np.int64]:
        """Places of the rows of a layer that are asked for."""
        rows = laid(layer)
        chosen = np.ones(len(rows), dtype=bool)
        for name, value in values(asked.where, {n: p.kind for n, p in self.properties.items()}).items():
            if name not in rows.fields:
                return np.zeros(0, dtype=np.int64)
            chosen &= rows.equal(name, value)
        if asked.area is not None:
            area = shapely.from_wkb(bytes(asked.area.wkb))
            chosen &= rows.near(area.bounds)
            near = np.flatnonzero(chosen)
            shapely.prepare(area)
            chosen[near] = shapely.intersects(area, rows.shapes(near))
        return np.flatnonzero(chosen)


def _cursor(text: str) -> int:
    """The key that a page ended with; before all keys where there is none, behind all where it is no key."""
    if not text:
        return -1
    pk, _dot, place = text.partition(".")
    if not all(part.isascii() and part.isdecimal() and len(part) <= 9 for part in (pk, place)):
        return int(np.iinfo(np.int64).max)
    return int(pk) * _LAYER + int(place)


OVERLAYS: Sequence[Overlay] = tuple(
    Overlay(role, name) for name, role in ROLES.items() if role.geometry is not False and name not in REGISTERED
)
