"""What every collection is: properties, a page of keys, and features by their keys."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeVar

from django.db.models import Model, Q, QuerySet

from panhuo.messages import Text
from panhuo_platform.api.ogc.asked import Asked, Days, values
from panhuo_platform.api.ogc.systems import Box, Reference
from panhuo_platform.organisations.models import User

M = TypeVar("M", bound=Model)

Kind = Literal["string", "integer", "number", "boolean", "date", "strings"]
#: How many features are read, and written, at a time.
PIECE = 1000
#: So many rows are counted at most where each has to be held against a shape.
COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Property:
    """A property of the features of a collection; ``queryable`` where it may be asked by equality."""

    name: str
    title: Text
    kind: Kind
    queryable: bool = False

    def schema(self, lang: str) -> dict[str, Any]:
        """As JSON Schema."""
        told: dict[str, Any] = {"title": self.title("en" if lang.startswith("en") else "zh")}
        match self.kind:
            case "strings":
                return {**told, "type": "array", "items": {"type": "string"}}
            case "date":
                return {**told, "type": "string", "format": "date"}
            case _:
                return {**told, "type": self.kind}


@dataclass(frozen=True, slots=True)
class Page:
    """Keys of the rows of a page, in order; ``next`` is where the next page begins, empty at the end."""

    keys: list[int]
    next: str = ""


class Collection(ABC):
    """Features of one kind, as far as a user may see them.

    name : in addresses
    """

    name: str
    title: Text
    description: Text
    properties: Mapping[str, Property]

    @abstractmethod
    def seen_by(self, user: User) -> bool:
        """May the user know of the collection at all?"""

    @abstractmethod
    def page(self, user: User, asked: Asked) -> Page:
        """The keys of a page."""

    @abstractmethod
    def count(self, user: User, asked: Asked) -> int | None:
        """How many features there are on all pages; None where it would take long to know."""

    @abstractmethod
    def features(self, user: User, keys: Sequence[int], out: Reference, days: Days | None) -> Iterator[list[str]]:
        """Features as GeoJSON texts, in pieces, in the order of the keys."""

    @abstractmethod
    def find(self, user: User, feature: str) -> tuple[int, Days | None] | None:
        """The key of one feature, and the days to read it by; None where the user sees none of that name."""

    @abstractmethod
    def extent(self, user: User) -> Box | None:
        """West, south, east, north of what the user sees, degrees."""

    def interval(self, user: User) -> tuple[date | None, date | None] | None:
        """The first and last day of what the user sees (None: open); None for features that have no time."""
        return None

    @property
    def queryables(self) -> dict[str, Property]:
        return {name: p for name, p in self.properties.items() if p.queryable}


@dataclass(frozen=True, slots=True)
class Ways:
    """How a table is asked.

    key   : property -> lookup, in the order of which pages go
    where : property -> lookup of its equality
    shape : lookup of the geometry
    """

    key: Mapping[str, str]
    where: Mapping[str, str]
    shape: str = "geometry"
    kinds: Mapping[str, Kind] = field(default_factory=dict)


def chosen(rows: QuerySet[M], asked: Asked, ways: Ways) -> QuerySet[M]:
    """The rows that a request asks for, whichever page."""
    for name, value in values(asked.where, ways.kinds).items():
        rows = rows.filter(**{ways.where[name]: value})
    if asked.area is not None:
        rows = rows.filter(**{f"{ways.shape}__intersects": asked.area})
    return rows


def page_of(rows: QuerySet[M], asked: Asked, ways: Ways) -> Page:
    """The keys of the page after ``asked.after``: where the last row's key columns ended, parted by dots."""
    lookups = list(ways.key.values())
    if asked.after:
        rows = rows.filter(_after(asked.after, lookups))
    found = list(rows.order_by(*lookups).values_list("pk", *lookups)[: asked.limit + 1])
    if len(found) <= asked.limit:
        return Page([row[0] for row in found])
    found.pop()
    return Page([row[0] for row in found], ".".join(str(part) for part in found[-1][1:]))


def _after(cursor: str, lookups: list[str]) -> Q:
    """The condition that leaves the rows behind a key of one or two columns (text, then number)."""
    if len(lookups) == 1:
        return Q(**{f"{lookups[0]}__gt": cursor})
    text, _dot, number = cursor.rpartition(".")
    if not text or not number.isascii() or not number.isdecimal() or len(number) > 9:
        return Q(pk__in=[])
    first, second = lookups
    return Q(**{f"{first}__gt": text}) | Q(**{first: text, f"{second}__gt": int(number)})


def count_of(rows: QuerySet[M], asked: Asked) -> int | None:
    """How many rows there are; None where more than ``COUNTED`` shapes would have to be looked at."""
    if asked.area is None:
        return rows.count()
    some = rows.order_by().values("pk")[: COUNTED + 1].count()
    return some if some <= COUNTED else None


def overlapping(days: Days, first: str, last: str) -> Q:
    """Rows that hold on one of the days; ``last`` is the lookup of the first day on which a row does not hold."""
    found = Q()
    if days.last is not None:
        found &= Q(**{f"{first}": None}) | Q(**{f"{first}__lte": days.last})
    if days.first is not None:
        found &= Q(**{f"{last}": None}) | Q(**{f"{last}__gt": days.first})
    return found
