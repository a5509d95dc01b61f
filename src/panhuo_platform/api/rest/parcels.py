"""Parcels: a list by the filter of the pages, and one with its history."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, Field

from panhuo_platform.api import limits
from panhuo_platform.api.parameters import number, only, query, whole
from panhuo_platform.api.problems import invalid, not_found, of_validation
from panhuo_platform.api.rest.caller import caller
from panhuo_platform.api.rest.shapes import geojson
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Lineage, Parcel, ParcelVersion

router = Router(tags=["宗地 / Parcels"])


class ParcelTold(BaseModel):
    """A parcel as it is now."""

    number: str = Field(description="地块编号，永久 / permanent number", examples=["990112001P0000001"])
    code: str = Field(description="宗地代码 / parcel code")
    name: str
    township_code: str
    holder_name: str
    credit_code: str
    registered_use: str
    area_m2: float = Field(description="椭球面积，平方米 / on the ellipsoid, m2")
    status: str = Field(description="alive 现存、ended 已终止 / alive or ended")
    outcome: str = Field(description="认定结论，空为尚未认定 / outcome, empty before any run")
    main_class: str
    classes: list[str]
    stage: str = Field(description="办理环节 / stage of the record")
    in_upper_register: bool
    upper_number: str


class ParcelList(BaseModel):
    items: list[ParcelTold]
    next: str | None = Field(description="下一页的 after；没有更多时为空 / `after` of the next page, null at the end")


class VersionTold(BaseModel):
    """A parcel from one day to another."""

    n: int
    code: str
    township_code: str
    valid_from: date
    valid_to: date | None = Field(description="失效首日 / the first day on which it is not so any more")
    recorded_at: datetime
    closed_at: datetime | None
    superseded_at: datetime | None = Field(description="废止时间 / when it was found wrong or undone")
    reason: str
    note: str
    area_m2: float
    planar_area_m2: float | None
    declared_area_m2: float | None
    attributes: dict[str, Any] = Field(description="标准字段 / standard fields that have a value")


class ShownVersion(VersionTold):
    geometry: dict[str, Any] | None = Field(description="GeoJSON，EPSG:4490 经度、纬度 / longitude, latitude")


class LineageTold(BaseModel):
    """What became of what: from an earlier version to a later one."""

    kind: str = Field(description="split 分割、merged 合并")
    earlier: str
    earlier_n: int
    later: str
    later_n: int
    common_m2: float


class ParcelHistory(BaseModel):
    parcel: ParcelTold
    version: ShownVersion | None = Field(
        description="现行版本，或所问日期的版本 / as it is now, or on the day asked for"
    )
    versions: list[VersionTold]
    lineage: list[LineageTold]


_TEXT = {"type": "string", "maxLength": 100}
_DAY = {"type": "string", "format": "date"}
_FILTER = (
    query("q", "编号、代码、名称、权利人或信用代码 / number, code, name, holder or credit code", _TEXT),
    query("township", "区划代码的开头 / how the division code begins", _TEXT, example="990112001"),
    query("outcome", "认定结论；“-”为尚未认定 / outcome, '-' for none yet", _TEXT, example="identified"),
    query("main_class", "主要类别 / main class", _TEXT),
    query("stage", "办理环节 / stage", _TEXT),
    query("use", "登记用途代码的开头 / how the registered use's code begins", _TEXT),
    query("area_from", "面积下限 / area from", {"type": "number", "minimum": 0}),
    query("area_to", "面积上限 / area to", {"type": "number", "minimum": 0}),
    query("unit", "面积单位 / unit of area", {"type": "string", "enum": ["m2", "ha", "mu"], "default": "m2"}),
    query("upper", "是否已入上级库 / in the upper register", {"type": "string", "enum": ["1", "0"]}),
    query("box", "西,南,东,北 / west,south,east,north, degrees", {"type": "string"}, example="116.9,36.1,117.2,36.4"),
    query("polygon", "“经度,纬度”以分号隔开 / 'longitude,latitude' parted by ';'", {"type": "string"}),
    query("day", "这一天存在的宗地 / parcels that there were on this day", _DAY),
)
_FIELDS = list(ParcelTold.model_fields)


@router.get("", response=ParcelList, url_name="parcels", summary="宗地列表 / Parcels", openapi_extra={"parameters": [
    *_FILTER, whole("limit", "每页宗数 / parcels a page", 1000, 100),
    query("after", "上一页的 next / next of the page before", _TEXT),
]})  # fmt: skip
def parcels(request: HttpRequest) -> dict[str, Any]:
    """按条件列出宗地，按编号排列。条件与网页列表相同。

    Parcels by the same filter as the pages', in the order of their numbers.
    """
    user = caller(request)
    only(request, {*(p["name"] for p in _FILTER), "limit", "after"})
    if request.GET.get("unit", "m2") not in ("m2", "ha", "mu"):
        raise invalid("面积单位只能是 m2、ha、mu。", "The unit of area is m2, ha or mu.")
    limit = number(request, "limit", most=min(1000, int(settings.API_PAGE_LIMIT)), default=100)
    try:
        chosen = ParcelFilter.parse(request.GET)
    except ValidationError as error:
        raise of_validation(error, status=400, code="invalid") from None
    rows = chosen.parcels(Parcel.objects.visible_to(user)).order_by("number")
    if after := request.GET.get("after"):
        rows = rows.filter(number__gt=after)
    found = list(rows.values(*_FIELDS)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    limits.read(request, "parcels", len(found))
    return {"items": found, "next": found[-1]["number"] if more else None}


@router.get("/{number}", response=ParcelHistory, url_name="parcel", summary="一宗地 / One parcel",
            openapi_extra={"parameters": [
                query("day", "这一天的样子 / as it was on this day", _DAY),
                query("known_on", "登记库在这一时刻所知 / as the register knew it at this moment",
                      {"type": "string", "format": "date-time"}),
            ]})  # fmt: skip
def parcel(request: HttpRequest, number: str) -> dict[str, Any]:
    """一宗地的现状（或某日的样子）、全部版本和沿革。

    A parcel as it is (or was on a day), all its versions, and what it came of and became.
    """
    user = caller(request)
    only(request, ("day", "known_on"))
    found = Parcel.objects.visible_to(user).filter(number=number).first()
    if found is None:
        raise not_found()
    versions = ParcelVersion.objects.visible_to(user).filter(parcel=found).order_by("n")
    day, known_on = _day(request), _moment(request)
    if day is not None:
        shown = versions.on(day, known_on).first()
    elif known_on is not None:
        raise invalid("known_on 要与 day 一起使用。", "known_on goes with day.")
    else:
        shown = versions.now().first()
    lines = Lineage.objects.visible_to(user).filter(undone_at=None)
    lines = lines.filter(Q(earlier__parcel=found) | Q(later__parcel=found)).order_by("pk")
    limits.read(request, "parcels", 1)
    return {
        "parcel": {name: getattr(found, name) for name in _FIELDS},
        "version": None if shown is None else _version(shown) | {"geometry": geojson(shown.geometry)},
        "versions": [_version(v) for v in versions.defer("geometry")],
        "lineage": [
            {"kind": line.kind, "common_m2": line.common_m2, "earlier": line.earlier.parcel.number,
             "earlier_n": line.earlier.n, "later": line.later.parcel.number, "later_n": line.later.n}
            for line in lines.select_related("earlier__parcel", "later__parcel")
        ],
    }  # fmt: skip


def _version(row: ParcelVersion) -> dict[str, Any]:
    return {name: getattr(row, name) for name in VersionTold.model_fields}


def _day(request: HttpRequest) -> date | None:
    if not (text := request.GET.get("day", "")):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise invalid("日期应当写成 2026-11-21 的样子。", "A day is written like 2026-11-21.") from None


def _moment(request: HttpRequest) -> datetime | None:
    if not (text := request.GET.get("known_on", "")):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
        if moment.tzinfo is None:
            raise ValueError(text)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise invalid(
            "时刻应当写成 2026-11-21T08:00:00+08:00 的样子。", "A moment is written like 2026-11-21T08:00:00+08:00."
        ) from None
