"""Which parcels: one filter for list, map, export and interface, to and from a query string."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Self
from urllib.parse import urlencode

from django.contrib.gis.geos import Polygon
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from panhuo_platform import boxes
from panhuo_platform.parcels.models import ParcelVersion
from panhuo_platform.parcels.models.register import Parcels, Versions

#: A text that can only be the beginning of a number or code: found in an index, and not looked for in names.
_CODE = re.compile(r"[0-9A-Z]{9,40}")
_MU = 2000.0 / 3.0
#: Area units of the form -> m².
UNITS: Mapping[str, float] = {"m2": 1.0, "ha": 10_000.0, "mu": _MU}
#: A drawn polygon has at most so many corners.
_CORNERS = 500


@dataclass(frozen=True, slots=True)
class ParcelFilter:
    """What parcels are asked for. A field that is empty or None does not narrow.

    q                  : text: how a number or code begins, or part of code, number, name or holder, or a credit code
    township           : how the division code begins: a township, a county
    outcome, main_class, stage : words of the library and the pack; ``-`` for parcels that have none yet
    use                : how the registered use's code begins
    area_from, area_to : m², both inclusive
    upper              : in the register of the province or not
    box                : west, south, east, north in degrees
    polygon            : corners (longitude, latitude) of a drawn area
    day                : as it was on that day; shape, area, code and division are those of then, the rest of now
    """

    q: str = ""
    township: str = ""
    outcome: str = ""
    main_class: str = ""
    stage: str = ""
    use: str = ""
    area_from: float | None = None
    area_to: float | None = None
    upper: bool | None = None
    box: tuple[float, float, float, float] | None = None
    polygon: tuple[tuple[float, float], ...] = ()
    day: date | None = None

    @classmethod
    def parse(cls, query: Mapping[str, Any]) -> Self:
        """Of a request's parameters; ValidationError by parameter, in words, for what cannot be understood.

        Areas may come with ``unit`` (m2, ha, mu). Parameters that are no part of the filter are left alone.
        """
        given = {f.name: str(query.get(f.name) or "").replace("\x00", "").strip() for f in fields(cls)}
        wrong: dict[str, str] = {}
        unit = UNITS.get(str(query.get("unit") or "m2"), 1.0)
        made: dict[str, Any] = {k: given[k][:100] for k in ("q", "township", "outcome", "main_class", "stage", "use")}
        for name, read in (
            ("area_from", lambda text: _number(text) * unit),
            ("area_to", lambda text: _number(text) * unit),
            ("upper", lambda text: {"1": True, "0": False}[text]),
            ("box", _box),
            ("polygon", _corners),
            ("day", date.fromisoformat),
        ):
            if given[name]:
                try:
                    made[name] = read(given[name])
                except (ValueError, KeyError):
                    wrong[name] = _WRONG[name]
        found = cls(**made)
        if found.area_from is not None and found.area_to is not None and found.area_from > found.area_to:
            wrong["area_to"] = gettext_noop("面积的下限大于上限。")
        if wrong:
            raise ValidationError({name: _(text) for name, text in wrong.items()})
        return found

    def query(self, **more: Any) -> str:
        """The query string that gives this filter again, with ``more`` parameters behind it."""
        return urlencode(self.parameters() | {k: v for k, v in more.items() if v not in (None, "")})

    def parameters(self) -> dict[str, str]:
        """Each parameter that narrows, as text."""
        told = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if value is None or value in ("", ()):
                continue
            if f.name == "box":
                value = ",".join(map(repr, value))
            elif f.name == "polygon":
                value = ";".join(f"{x!r},{y!r}" for x, y in value)
            elif isinstance(value, bool):
                value = "1" if value else "0"
            elif isinstance(value, float):
                value = repr(value).removesuffix(".0")
            told[f.name] = str(value)
        return told

    def without(self, *names: str) -> Self:
        """The filter with some fields empty."""
        empty = {f.name: f.default for f in fields(self) if f.name in names}
        return replace(self, **empty)  # type: ignore[arg-type]

    @property
    def narrows(self) -> bool:
        return bool(self.parameters())

    def parcels(self, rows: Parcels) -> Parcels:
        """The parcels of ``rows`` that are asked for: living ones, or those that lived on the day."""
        if self.day is None:
            return rows.alive().filter(self._condition("", "current__"))
        held = self.versions(ParcelVersion.objects.all())
        return rows.filter(pk__in=held.values("parcel"))

    def versions(self, rows: Versions, known_on: datetime | None = None) -> Versions:
        """The versions of ``rows`` that are asked for: current ones, or those of the day (as known at a moment)."""
        held = rows.now() if self.day is None else rows.on(self.day, known_on)
        return held.filter(self._condition("parcel__", ""))

    def _condition(self, parcel: str, version: str) -> Q:
        """The condition on a table from which parcels and versions are reached by these ways."""
        # what then and now have in common lies on the parcel while it is now: fewer joins
        of_day = version if self.day is not None else parcel
        found = Q()
        if self.q:
            found &= self._text(parcel, of_day)
        if self.township:
            found &= Q(**{f"{of_day}township_code__startswith": self.township})
        for name in ("outcome", "main_class", "stage"):
            if value := getattr(self, name):
                found &= Q(**{f"{parcel}{name}": "" if value == "-" else value})
        if self.use:
            found &= Q(**{f"{parcel}registered_use__startswith": self.use})
        if self.area_from is not None:
            found &= Q(**{f"{of_day}area_m2__gte": self.area_from})
        if self.area_to is not None:
            found &= Q(**{f"{of_day}area_m2__lte": self.area_to})
        if self.upper is not None:
            found &= Q(**{f"{parcel}in_upper_register": self.upper})
        if self.box is not None:
            found &= boxes.meets(f"{version}geometry", self.box)
        if self.polygon:
            ring = self.polygon if self.polygon[0] == self.polygon[-1] else (*self.polygon, self.polygon[0])
            found &= Q(**{f"{version}geometry__intersects": Polygon(ring, srid=4490)})
        return found

    def _text(self, parcel: str, of_day: str) -> Q:
        upper = self.q.upper()
        if _CODE.fullmatch(upper) and any(c.isdigit() for c in upper):
            return (
                Q(**{f"{parcel}number__startswith": upper})
                | Q(**{f"{of_day}code__startswith": upper})
                | Q(**{f"{parcel}credit_code": upper})
            )
        return (
            Q(**{f"{parcel}number__icontains": self.q})
            | Q(**{f"{of_day}code__icontains": self.q})
            | Q(**{f"{parcel}name__icontains": self.q})
            | Q(**{f"{parcel}holder_name__icontains": self.q})
        )


_WRONG: Mapping[str, str] = {
    "area_from": gettext_noop("面积应当是不小于 0 的数。"),
    "area_to": gettext_noop("面积应当是不小于 0 的数。"),
    "upper": gettext_noop("“是否入上级库”应当是 1 或 0。"),
    "box": gettext_noop("范围应当是“西,南,东,北”四个经纬度，西小于东、南小于北。"),
    "polygon": gettext_noop("图形应当是三个以上的“经度,纬度”，以分号隔开。"),
    "day": gettext_noop("日期应当写成 2026-11-21 的样子。"),
}


def _number(text: str) -> float:
    value = float(text.replace(",", ""))
    if not 0 <= value < 1e15:
        raise ValueError(text)
    return value


def _degrees(text: str) -> tuple[float, float]:
    x, y = (float(part) for part in text.split(","))
    if not (-180 <= x <= 180 and -90 <= y <= 90):
        raise ValueError(text)
    return x, y


def _box(text: str) -> tuple[float, float, float, float]:
    west, south, east, north = (float(part) for part in text.split(","))
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise ValueError(text)
    return west, south, east, north


def _corners(text: str) -> tuple[tuple[float, float], ...]:
    corners = tuple(_degrees(part) for part in text.split(";") if part.strip())
    if not 3 <= len(set(corners)) <= _CORNERS:
        raise ValueError(text)
    return corners
