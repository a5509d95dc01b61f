"""What the map's page asks for beside tiles: its layers, places by name, one parcel, days with changes, figures."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import shapely
from django.db.models import Q
from django.utils.translation import gettext as _

from panhuo_platform.boxes import Box
from panhuo_platform.maps import divisions, overlays, rows, styles
from panhuo_platform.maps.addresses import addresses
from panhuo_platform.maps.basemap import told_basemap
from panhuo_platform.maps.grid import CLOSE, LEGACY_FROM, NAMED, NEAR
from panhuo_platform.maps.overview import overview
from panhuo_platform.maps.words import words
from panhuo_platform.organisations import rights
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels import queries as parcels
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel, ParcelVersion
from panhuo_platform.regions import queries as regions

#: Beyond this many places a search says no more.
MOST = 12
#: Days of the time slider.
MOST_DAYS = 400


def layers(user: User) -> dict[str, Any]:
    """What can be drawn and how, as the map in the browser reads it."""
    found: list[dict[str, Any]] = [
        {"id": "parcels", "title": _("宗地"), "kind": "parcels", "on": True, "fixed": True, "filtered": True},
        _other("townships", on=True, filtered=True),
    ]
    if rights.may(user, "S", "historical"):
        found.append(_other("legacy", on=False, minzoom=LEGACY_FROM))
    found += overlays.layers(user)
    return {
        "layers": found,
        "colourings": [
            {"id": c.id, "title": c.title, "property": c.property, "looks": [_look(one) for one in c.looks]}
            for c in styles.colourings()
        ],
        "cells": _look(styles.other("cells")) | {"identified": styles.colouring("outcome").looks[0].fill},
        "zooms": {"close": CLOSE, "near": NEAR, "named": NAMED},
        "basemap": told_basemap(),
        "addresses": addresses(),
        "words": words(),
    }


def _other(layer: str, *, on: bool, filtered: bool = False, minzoom: int = 0) -> dict[str, Any]:
    look = styles.other(layer)
    return {
        "id": layer, "title": look.label, "kind": layer, "on": on, "filtered": filtered, "minzoom": minzoom,
        "look": _look(look),
    }  # fmt: skip


def _look(look: styles.Look) -> dict[str, str]:
    return {
        "value": look.value, "label": look.label, "fill": look.fill, "line": look.line,
        "pattern": look.pattern,
    }  # fmt: skip


def figures(user: User, chosen: ParcelFilter) -> dict[str, Any]:
    """Count and area of what is asked for, by each way of colouring, and the box in degrees that it lies in."""
    seen = overview(user, chosen)
    counts = seen.counts.with_columns(pl.col("outcome", "main_class", "stage").cast(pl.String))

    def by(column: str) -> dict[str, int]:
        summed = counts.group_by(column).agg(pl.col("n").sum())
        return {str(value): int(n) for value, n in summed.iter_rows()}

    return {
        "n": int(counts["n"].sum()),
        "area_m2": float(counts["area_m2"].sum()),
        "box": seen.box,
        "by": {"outcome": by("outcome"), "class": by("main_class"), "stage": by("stage")},
    }


def search(user: User, text: str) -> list[dict[str, Any]]:
    """Parcels by code, number, name or holder, and divisions by name or code: each with its box in degrees."""
    text = text.strip()
    if len(text) < 2:
        return []
    seen = {row["township_code"]: row for row in overview(user, ParcelFilter()).townships.iter_rows(named=True)}
    found: list[dict[str, Any]] = []
    bounds = {code: shape for _key, code, _name, shape in divisions.townships()}
    for region in regions.named(text, 4):
        shape = bounds.get(region.code)
        inside = [t for code, t in seen.items() if str(code).startswith(region.code) and t["lon"] is not None]
        box = shape.bounds if shape is not None else _around(inside)
        if box is not None:
            found.append({"kind": "region", "title": region.name, "more": region.code, "box": box})
    asked = ParcelFilter.parse({"q": text})
    names = ("pk", "number", "code", "name", "current_id")
    rest = list(asked.parcels(rows.parcels(user)).order_by("number").values_list(*names)[: MOST - len(found)])
    boxes = _boxes([row[4] for row in rest])
    for key, number, code, name, version in rest:
        found.append(
            {
                "kind": "parcel", "id": key, "title": name or code or number, "more": code or number,
                "box": boxes.get(version),
            }
        )  # fmt: skip
    return found


def _around(townships: list[dict[str, Any]]) -> Box | None:
    if not townships:
        return None
    lon, lat = [t["lon"] for t in townships], [t["lat"] for t in townships]
    far = 0.01
    return min(lon) - far, min(lat) - far, max(lon) + far, max(lat) + far


def _boxes(versions: list[int]) -> dict[int, Box]:
    held = ParcelVersion.objects.filter(pk__in=versions, geometry__isnull=False)
    ids, blobs = rows.columns(held, "pk", rows.Wkb("geometry"))
    return {key: tuple(box) for key, box in zip(ids, shapely.bounds(rows.shapes_of(blobs)).tolist(), strict=True)}


def shape_of(user: User, asked: Q, day: date | None) -> dict[str, Any] | None:
    """The parcel that the condition names, with its shape as GeoJSON and its box; None where the user sees none."""
    parcel = Parcel.objects.visible_to(user).filter(asked).first()
    if parcel is None:
        return None
    if day is None:
        held = ParcelVersion.objects.visible_to(user).now().filter(parcel=parcel)
    else:
        held = parcels.as_of(user, day).filter(parcel=parcel)
    blob = next(iter(held.values_list(rows.Wkb("geometry"), flat=True)), None)
    shape = shapely.from_wkb(bytes(blob)) if blob is not None else None
    return {
        "id": parcel.pk,
        "number": parcel.number,
        "title": parcel.name or str(parcel),
        "box": shape.bounds if shape is not None else None,
        "shape": shapely.to_geojson(shape) if shape is not None else None,
    }


def card(user: User, key: int) -> Parcel | None:
    """One parcel for the map's card; None where the user sees none."""
    return Parcel.objects.visible_to(user).select_related("current").filter(pk=key).first()


def days(user: User) -> list[date]:
    """Days on which the register of what the user may see began to be another one, oldest first, the newest ones."""
    changed = parcels.changes(user).order_by("-day").values_list("day", flat=True).distinct()
    return sorted(changed[:MOST_DAYS])


def townships(user: User) -> list[tuple[str, str]]:
    """Code and name of the divisions to narrow by: those in the user's territory."""
    within = [h.within for h in rights.holdings(user, "database")]
    return [
        (code, name) for _key, code, name, _shape in divisions.townships() if any(code.startswith(w) for w in within)
    ]
