"""The collections of the register: parcels, identified parcels, legacy land, townships."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.contrib.gis.db.models import Extent
from django.core.cache import caches
from django.db.models import Min, QuerySet
from django.utils import timezone

from panhuo.land.roles import FieldKind, role
from panhuo.messages import Text
from panhuo_platform.api.ogc.asked import Asked, Days
from panhuo_platform.api.ogc.collection import (
    PIECE,
    Collection,
    Kind,
    Page,
    Property,
    Ways,
    chosen,
    count_of,
    overlapping,
    page_of,
)
from panhuo_platform.api.ogc.systems import Box, Reference, shapes
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import may
from panhuo_platform.parcels import queries
from panhuo_platform.parcels.models import LegacyParcel, ParcelVersion
from panhuo_platform.parcels.queries import AsWkb
from panhuo_platform.regions.models import Region

_KINDS: Mapping[FieldKind, Kind] = {
    "bool": "boolean", "date": "date", "year": "integer", "int": "integer", "list": "strings",
    "area": "number", "money": "number", "number": "number",
}  # fmt: skip


def standard(name: str) -> dict[str, Property]:
    """The standard fields of a role as properties."""
    return {f.name: Property(f.name, f.text, _KINDS.get(f.kind, "string")) for f in role(name).fields}


def _named(*properties: Property) -> dict[str, Property]:
    return {p.name: p for p in properties}


class Table(Collection):
    """A collection whose rows are those of a query set.

    thing    : the kind of object of the pack's rights; empty for what everybody may see
    columns  : property -> lookup; what is no column stands in the row's ``attributes``
    """

    thing = ""
    ways: Ways
    columns: Mapping[str, str]
    attributes = ""

    @abstractmethod
    def rows(self, user: User, days: Days | None) -> QuerySet[Any]:
        """The rows that the user sees, of these days."""

    def at(self, days: Days | None) -> tuple[Ways, Mapping[str, str], str]:
        """Ways, columns and attributes of the table that answers for these days."""
        return self.ways, self.columns, self.attributes

    def seen_by(self, user: User) -> bool:
        return not self.thing or may(user, "S", self.thing)

    def page(self, user: User, asked: Asked) -> Page:
        ways = self.at(asked.days)[0]
        return page_of(chosen(self.rows(user, asked.days), asked, ways), asked, ways)

    def count(self, user: User, asked: Asked) -> int | None:
        return count_of(chosen(self.rows(user, asked.days), asked, self.at(asked.days)[0]), asked)

    def features(self, user: User, keys: Sequence[int], out: Reference, days: Days | None) -> Iterator[list[str]]:
        ways, columns, attributes = self.at(days)
        rows = self.rows(user, days).annotate(_wkb=AsWkb(ways.shape))
        asked = ["pk", "_wkb", *ways.key.values(), *columns.values(), *([attributes] if attributes else [])]
        empty = dict.fromkeys(self.properties)
        for start in range(0, len(keys), PIECE):
            piece = keys[start : start + PIECE]
            found = {row[0]: row for row in rows.filter(pk__in=piece).values_list(*asked)}
            there = [found[key] for key in piece if key in found]
            drawn = shapes([None if row[1] is None else bytes(row[1]) for row in there], out)
            first = 2 + len(ways.key)
            told = []
            for row, shape in zip(there, drawn, strict=True):
                properties = dict(empty)
                if attributes:
                    properties |= {n: v for n, v in row[-1].items() if n in empty}
                properties |= zip(columns, row[first : first + len(columns)], strict=True)
                told.append(feature(".".join(str(part) for part in row[2:first]), shape, properties))
            yield told

    def extent(self, user: User) -> Box | None:
        memory, name = caches["process"], f"ogc-extent:{self.name}:{user.pk}"
        if (known := memory.get(name)) is None:
            ways = self.at(None)[0]
            known = (self.rows(user, None).aggregate(box=Extent(ways.shape))["box"],)
            memory.set(name, known, 300)
        box: Box | None = known[0]
        return box


def feature(name: str, shape: str, properties: Mapping[str, Any]) -> str:
    """One feature as GeoJSON text."""
    told = json.dumps(properties, ensure_ascii=False, default=str)
    return f'{{"type":"Feature","id":{json.dumps(name)},"geometry":{shape},"properties":{told}}}'


#: Property -> lookup: of the parcel as it is now, and of its version.
_PARCEL = {
    "number": "number", "outcome": "outcome", "main_class": "main_class", "classes": "classes", "stage": "stage",
    "in_upper_register": "in_upper_register", "upper_number": "upper_number",
}  # fmt: skip
_VERSION = {
    "version": "n", "township_code": "township_code", "valid_from": "valid_from", "valid_to": "valid_to",
    "area_m2": "area_m2", "planar_area_m2": "planar_area_m2", "declared_area_m2": "declared_area_m2",
}  # fmt: skip
#: Queryable property -> lookup on the parcel as it is now.
_NOW = {
    "parcel_name": "name", "holder_name": "holder_name", "credit_code": "credit_code",
    "registered_use": "registered_use", **{n: n for n in ("number", "outcome", "main_class", "stage")},
    "in_upper_register": "in_upper_register",
}  # fmt: skip
_OF_DAY = {"parcel_code": "code", "township_code": "township_code"}


_PROPERTIES = _named(
    Property("number", Text("地块编号", "Parcel number"), "string"),
    Property("version", Text("版本", "Version"), "integer"),
    Property("valid_from", Text("生效", "Valid from"), "date"),
    Property("valid_to", Text("失效", "Valid to (first day on which it is not)"), "date"),
    Property("area_m2", Text("椭球面积（平方米）", "Area on the ellipsoid, m2"), "number"),
    Property("planar_area_m2", Text("平面面积（平方米）", "Area in the 3° zone, m2"), "number"),
    Property("outcome", Text("认定结论", "Outcome"), "string"),
    Property("main_class", Text("主要类别", "Main class"), "string"),
    Property("classes", Text("全部类别", "All classes"), "strings"),
    Property("stage", Text("办理环节", "Stage"), "string"),
    Property("in_upper_register", Text("已入上级库", "In the upper register"), "boolean"),
    Property("upper_number", Text("上级库编号", "Number in the upper register"), "string"),
) | standard("parcels")


def _ways(parcel: str, version: str, of_day: str, key: Mapping[str, str]) -> tuple[Ways, Mapping[str, str], str]:
    """Ways, columns and attributes of a table from which parcels and versions are reached by these prefixes."""
    kinds = {n: p.kind for n, p in _PROPERTIES.items()}
    where = {n: parcel + way for n, way in _NOW.items()} | {n: of_day + way for n, way in _OF_DAY.items()}
    columns = {n: parcel + way for n, way in _PARCEL.items()} | {n: version + way for n, way in _VERSION.items()}
    return Ways(key, where, f"{version}geometry", kinds), columns, f"{version}attributes"


_AS_NOW = _ways("", "current__", "", {"number": "number"})
_AS_THEN = _ways("parcel__", "", "", {"number": "parcel__number", "version": "n"})


class ParcelTable(Table):
    """Parcels as they are; with ``datetime`` the versions that held then, named ``number.version``."""

    name = "parcels"
    title = Text("宗地", "Parcels")
    description = Text(
        "登记库中的宗地。不写 datetime 时为现状，编号即宗地编号；写 datetime 时为当时有效的版本，"
        "编号为“宗地编号.版本”。认定结论、办理环节始终为现在的。",
        "Parcels of the register. Without datetime as they are, named by their number; with datetime the versions that "
        "held then, named 'number.version'. Outcome and stage are always those of now.",
    )
    thing = "database"
    outcome = ""
    properties = {  # noqa: RUF012 - never changed
        n: Property(n, p.title, p.kind, queryable=n in _NOW or n in _OF_DAY) for n, p in _PROPERTIES.items()
    }

    def rows(self, user: User, days: Days | None) -> QuerySet[Any]:
        if days is None:
            rows: QuerySet[Any] = queries.parcels(user)
            return rows.filter(outcome=self.outcome) if self.outcome else rows
        if days.instant and days.first is not None:
            held: QuerySet[Any] = queries.as_of(user, days.first)
        else:
            held = ParcelVersion.objects.visible_to(user).believed()
            held = held.filter(overlapping(days, "valid_from", "valid_to"))
        return held.filter(parcel__outcome=self.outcome) if self.outcome else held

    def at(self, days: Days | None) -> tuple[Ways, Mapping[str, str], str]:
        return _AS_NOW if days is None else _AS_THEN

    def find(self, user: User, name: str) -> tuple[int, Days | None] | None:
        number, _dot, n = name.partition(".")
        if not n:
            row = self.rows(user, None).filter(number=number).values_list("pk", flat=True).first()
            return None if row is None else (row, None)
        if not n.isascii() or not n.isdecimal() or len(n) > 9:
            return None
        ever = Days(None, None)
        row = self.rows(user, ever).filter(parcel__number=number, n=int(n)).values_list("pk", flat=True).first()
        return None if row is None else (row, ever)

    def interval(self, user: User) -> tuple[date | None, date | None] | None:
        first = ParcelVersion.objects.visible_to(user).believed().aggregate(first=Min("valid_from"))["first"]
        return first, None


class IdentifiedTable(ParcelTable):
    name = "identified"
    title = Text("认定为低效用地的宗地", "Identified parcels")
    description = Text(
        "认定结论为“低效用地”的宗地；其余同“宗地”。", "Parcels identified as inefficient; otherwise as 'parcels'."
    )
    outcome = "identified"


class LegacyTable(Table):
    name = "legacy"
    title = Text("历史遗留用地", "Legacy land")
    description = Text("历史遗留用地库中的地块。", "Pieces of land of the legacy register.")
    thing = "historical"
    properties = _named(
        Property("number", Text("遗留用地编号", "Legacy land number"), "string", queryable=True),
        Property("township_code", Text("乡镇街道代码", "Township code"), "string", queryable=True),
        Property("area_m2", Text("椭球面积（平方米）", "Area on the ellipsoid, m2"), "number"),
    ) | {
        n: Property(n, p.title, p.kind, queryable=n in ("situation", "occurred_year", "penalty_no"))
        for n, p in standard("legacy").items()
    }
    columns: Mapping[str, str] = {
        n: n for n in ("number", "township_code", "area_m2", "situation", "occurred_year", "penalty_no")
    }
    attributes = "attributes"
    ways = Ways(
        {"number": "number"},
        {n: n for n, p in properties.items() if p.queryable},
        kinds={n: p.kind for n, p in properties.items()},
    )

    def rows(self, user: User, days: Days | None) -> QuerySet[Any]:
        return LegacyParcel.objects.visible_to(user)

    def find(self, user: User, name: str) -> tuple[int, Days | None] | None:
        row = self.rows(user, None).filter(number=name).values_list("pk", flat=True).first()
        return None if row is None else (row, None)


class TownshipTable(Table):
    """Streets, towns and townships: those of today, or of the days that are asked for."""

    name = "townships"
    title = Text("乡镇街道", "Townships")
    description = Text("本地区的乡镇、街道及其界线。", "Streets, towns and townships with their boundaries.")
    properties = _named(
        Property("code", Text("区划代码", "Division code"), "string", queryable=True),
        Property("name", Text("名称", "Name"), "string", queryable=True),
        Property("kind", Text("类别", "Kind"), "string", queryable=True),
        Property("valid_from", Text("生效", "Valid from"), "date"),
        Property("valid_to", Text("失效", "Valid to (first day on which it is not)"), "date"),
    )
    columns: Mapping[str, str] = {
        "code": "code", "name": "name", "kind": "kind", "valid_from": "starts_on", "valid_to": "ends_on",
    }  # fmt: skip
    ways = Ways({"code": "code", "key": "pk"}, {n: n for n in ("code", "name", "kind")}, "boundary",
                {"code": "string", "name": "string", "kind": "string"})  # fmt: skip

    def rows(self, user: User, days: Days | None) -> QuerySet[Any]:
        kinds = (Region.Kind.STREET, Region.Kind.TOWN, Region.Kind.TOWNSHIP)
        rows = Region.objects.visible_to(user).filter(kind__in=kinds)
        today = timezone.localdate()
        return rows.filter(overlapping(days or Days(today, today), "starts_on", "ends_on"))

    def find(self, user: User, name: str) -> tuple[int, Days | None] | None:
        code, _dot, key = name.partition(".")
        if not key.isascii() or not key.isdecimal() or len(key) > 15:
            return None
        ever = Days(None, None)
        row = self.rows(user, ever).filter(code=code, pk=int(key)).values_list("pk", flat=True).first()
        return None if row is None else (row, ever)

    def interval(self, user: User) -> tuple[date | None, date | None] | None:
        return None, None


TABLES: Sequence[Table] = (ParcelTable(), IdentifiedTable(), LegacyTable(), TownshipTable())
