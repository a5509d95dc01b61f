"""Reads of divisions, which are public knowledge."""

from __future__ import annotations

from typing import Any

import shapely
from django.utils import timezone

from panhuo_platform.regions.models import Region, Regions

_ABOVE = (Region.Kind.PROVINCE, Region.Kind.CITY, Region.Kind.COUNTY)


def township_names() -> dict[str, str]:
    """Code -> name of the townships, streets and zones of today."""
    return dict(_townships().values_list("code", "name"))


def townships() -> list[tuple[int, str, str, Any]]:
    """Key, code, name and boundary (Shapely, EPSG:4490, or None) of the townships, streets and zones of today."""
    return [
        (r.pk, r.code, r.name, shapely.from_wkb(bytes(r.boundary.wkb)) if r.boundary else None)
        for r in _townships()
    ]  # fmt: skip


def _townships() -> Regions:
    return Region.objects.on(timezone.localdate()).exclude(kind__in=_ABOVE).order_by("code")


def named(text: str, limit: int) -> list[Region]:
    """Divisions of today whose name holds ``text`` or whose code begins with it."""
    from django.db.models import Q

    found = Region.objects.on(timezone.localdate()).filter(Q(name__icontains=text) | Q(code__startswith=text))
    return list(found[:limit])
