"""What a request for features asks: read strictly, for a parameter that is overlooked gives wrong features."""

from __future__ import annotations

from collections.abc import Collection as Names
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import unquote

import shapely
from django.conf import settings
from django.contrib.gis.geos import GEOSGeometry
from django.http import HttpRequest
from django.utils import timezone

from panhuo_platform.api import parameters
from panhuo_platform.api.ogc import systems
from panhuo_platform.api.problems import invalid

#: Features that are given where nobody says how many.
USUAL = 100
#: Parameters of every address.
FORMAT = ("f",)
#: Parameters of a page of features besides the properties.
PAGE = ("f", "limit", "after", "bbox", "bbox-crs", "datetime", "crs")


@dataclass(frozen=True, slots=True)
class Days:
    """From one day to another, both included; None is open. ``instant`` where one day was asked for."""

    first: date | None
    last: date | None
    instant: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A page of features.

    after : where the page before has ended
    area  : a shape of EPSG:4490 that the features touch
    where : property -> value, as text
    """

    limit: int
    out: systems.Reference
    after: str = ""
    area: GEOSGeometry | None = None
    days: Days | None = None
    where: Mapping[str, str] = field(default_factory=dict)

    @property
    def narrows(self) -> bool:
        return self.area is not None or self.days is not None or bool(self.where)


def only(request: HttpRequest, known: Names[str]) -> None:
    """Problem 400 where the request has a parameter that this address does not know, or an unknown format."""
    parameters.only(request, known)
    if (kind := request.GET.get("f")) not in (None, "json", "html"):
        raise invalid(f"没有格式“{kind}”；可用 json、html。", f"There is no format '{kind}'; json and html there are.")


def page(request: HttpRequest, properties: Names[str], known: Names[str]) -> Asked:
    """The page that a request asks for.

    properties : those of the collection that may be asked by equality
    known      : addresses of the coordinate systems
    """
    only(request, {*PAGE, *properties})
    given = request.GET
    return Asked(
        limit=parameters.number(request, "limit", most=int(settings.API_PAGE_LIMIT), default=USUAL),
        out=out(request, known),
        after=given.get("after", ""),
        area=_area(given.get("bbox"), given.get("bbox-crs"), known),
        days=days(given["datetime"]) if "datetime" in given else None,
        where={name: given[name] for name in properties if name in given},
    )


def out(request: HttpRequest, known: Names[str]) -> systems.Reference:
    """The system that the features shall be in."""
    return _system("crs", request.GET.get("crs"), known)


def _system(name: str, uri: str | None, known: Names[str]) -> systems.Reference:
    if uri is None:
        return systems.reference(systems.CRS84)
    uri = unquote(uri)
    if uri not in known:
        raise invalid(
            f"参数“{name}”不是这里的坐标系；可用的列在 /collections 的 crs 中。",
            f"'{name}' is no coordinate system of ours; /collections lists them under crs.",
        )
    return systems.reference(uri)


def _area(text: str | None, uri: str | None, known: Names[str]) -> GEOSGeometry | None:
    given = _system("bbox-crs", uri, known)
    if text is None:
        return None
    try:
        shape = systems.box([float(part) for part in text.split(",")], given)
    except ValueError:
        raise invalid(
            "bbox 应当是四个（或六个）数，以逗号隔开，顺序同 bbox-crs 的坐标轴，前两个不大于后两个。",
            "bbox is four (or six) numbers with commas, in the order of the axes of bbox-crs, the lower corner first.",
        ) from None
    return GEOSGeometry(memoryview(shapely.to_wkb(shape)), srid=4490)


def days(text: str) -> Days:
    """Of ``2026-11-21``, ``2026-11-21T08:00:00Z``, ``2026-01-01/2026-12-31``, ``../2026-12-31``."""
    first, slash, last = text.partition("/")
    try:
        if not slash:
            day = _day(first)
            return Days(day, day, instant=True)
        found = Days(_open(first), _open(last))
        if found.first and found.last and found.first > found.last:
            raise ValueError(text)
    except (ValueError, OverflowError):
        raise invalid(
            "datetime 应当是日期（2026-11-21）、时刻（RFC 3339）或区间（2026-01-01/..）。",
            "datetime is a day (2026-11-21), a moment (RFC 3339) or an interval (2026-01-01/..).",
        ) from None
    return found


def _open(text: str) -> date | None:
    return None if text in ("", "..") else _day(text)


def _day(text: str) -> date:
    """A day, or the day on which a moment falls here."""
    if len(text) == 10:
        return date.fromisoformat(text)
    moment = datetime.fromisoformat(text.upper())
    if moment.tzinfo is None:
        raise ValueError(text)
    return timezone.localdate(moment)


def values(where: Mapping[str, str], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """Property -> value of its kind; Problem 400 where a text is none."""
    found: dict[str, Any] = {}
    for name, text in where.items():
        if kinds[name] == "boolean":
            if text not in ("true", "false"):
                raise invalid(f"“{name}”应当是 true 或 false。", f"'{name}' is true or false.")
            found[name] = text == "true"
        elif kinds[name] == "integer":
            if not text.isascii() or not text.removeprefix("-").isdecimal() or len(text) > 15:
                raise invalid(f"“{name}”应当是整数。", f"'{name}' is a whole number.")
            found[name] = int(text)
        else:
            found[name] = text
    return found
