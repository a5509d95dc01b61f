"""The addresses of OGC API Features."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Router

from panhuo.messages import Text
from panhuo_platform.api import limits
from panhuo_platform.api.guard import wants_html
from panhuo_platform.api.ogc import asked as asking
from panhuo_platform.api.ogc import described, people, systems
from panhuo_platform.api.ogc.collection import Collection, Page
from panhuo_platform.api.ogc.known import collection, collections, place
from panhuo_platform.api.problems import not_found
from panhuo_platform.api.rest.caller import caller
from panhuo_platform.organisations.models import User
from panhuo_platform.pages.templatetags.panhuo_tags import told

router = Router(tags=["OGC API Features"])

_PART1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
#: What is kept to, and nothing else. The document of the interfaces is OpenAPI 3.1, for which part 1 has no class.
CONFORMANCE = (
    f"{_PART1}core",
    f"{_PART1}geojson",
    f"{_PART1}html",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
)
GEOJSON, SCHEMA = "application/geo+json", "application/schema+json"
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
Links = list[dict[str, str]]


@router.get("/", response=described.Landing, url_name="ogc", openapi_extra=described.paper(), summary="入口 / Landing")
def landing(request: HttpRequest) -> HttpResponseBase:
    """OGC API Features 的入口：各部分的链接。

    The landing page: links to the parts.
    """
    asking.only(request, asking.FORMAT)
    links = [
        *_selves(request, "application/json"),
        _link(
            request, reverse("api:openapi"), "service-desc", "application/vnd.oai.openapi+json;version=3.1", "OpenAPI"
        ),
        _link(request, reverse("api:docs"), "service-doc", "text/html", _("接口说明")),
        _link(request, reverse("api:conformance"), "conformance", "application/json", _("符合的标准")),
        _link(request, reverse("api:collections"), "data", "application/json", _("图层")),
    ]
    title, text = _("盘活空间数据接口"), _("按您的权限提供登记库的要素（OGC API Features）。")
    return _answer(request, {"title": title, "description": text, "links": links}, title)


@router.get("/conformance", response=described.Conformance, url_name="conformance", openapi_extra=described.paper(),
            summary="符合的标准 / Conformance")  # fmt: skip
def conformance(request: HttpRequest) -> HttpResponseBase:
    """符合的标准条目。

    The classes of the standard that are kept to.
    """
    asking.only(request, asking.FORMAT)
    return _answer(request, {"conformsTo": list(CONFORMANCE)}, _("符合的标准"))


@router.get("/collections", response=described.Collections, url_name="collections", openapi_extra=described.paper(),
            summary="图层 / Collections")  # fmt: skip
def all_collections(request: HttpRequest) -> HttpResponseBase:
    """您可以查看的图层。

    The collections that you may see.
    """
    asking.only(request, asking.FORMAT)
    user = caller(request)
    told_ones = [_described(request, c, "#/crs") for c in collections(user)]
    document = {"links": _selves(request, "application/json"), "crs": _systems(user), "collections": told_ones}
    return _answer(request, document, _("图层"))


@router.get("/collections/{collection_id}", response=described.Collection, url_name="collection",
            openapi_extra=described.paper(), summary="一个图层 / One collection")  # fmt: skip
def one_collection(request: HttpRequest, collection_id: str) -> HttpResponseBase:
    """一个图层的说明：范围、坐标系、链接。

    A collection: extent, coordinate systems, links.
    """
    asking.only(request, asking.FORMAT)
    found = _collection(request, collection_id)
    document = _described(request, found)
    return _answer(request, document, document["title"])


@router.get("/collections/{collection_id}/queryables", response=described.Schema, url_name="queryables",
            openapi_extra=described.paper(SCHEMA), summary="可查询的属性 / Queryables")  # fmt: skip
def queryables(request: HttpRequest, collection_id: str) -> HttpResponseBase:
    """可以用等值查询的属性。

    The properties that may be asked by equality.
    """
    asking.only(request, asking.FORMAT)
    found = _collection(request, collection_id)
    return _answer(request, _schema(request, found, found.queryables, False), _("可查询的属性"), SCHEMA)


@router.get("/collections/{collection_id}/schema", response=described.Schema, url_name="schema",
            openapi_extra=described.paper(SCHEMA), summary="属性 / Schema")  # fmt: skip
def schema(request: HttpRequest, collection_id: str) -> HttpResponseBase:
    """要素的全部属性（JSON Schema）。

    All properties of the features, as JSON Schema.
    """
    asking.only(request, asking.FORMAT)
    found = _collection(request, collection_id)
    return _answer(request, _schema(request, found, found.properties, True), _("属性"), SCHEMA)


@router.get("/collections/{collection_id}/items", response=described.Features, url_name="items",
            openapi_extra=described.page(), summary="要素 / Features")  # fmt: skip
def items(request: HttpRequest, collection_id: str) -> HttpResponseBase:
    """一页要素；下一页见 rel=next 的链接。属性可以等值查询。

    A page of features; the link with rel=next leads to the next page. Properties may be asked by equality.
    """
    found, user = _collection(request, collection_id), caller(request)
    asked = asking.page(request, found.queryables, _systems(user))
    page = found.page(user, asked)
    limits.read(request, found.name, len(page.keys))
    links = _selves(request, GEOJSON)
    if page.next:
        address = f"{request.path}?{urlencode(request.GET.dict() | {'after': page.next})}"
        links.append(_link(request, address, "next", GEOJSON, _("下一页")))
    matched = None if asked.after else found.count(user, asked)
    pieces = found.features(user, page.keys, asked.out, asked.days)
    if wants_html(request):
        rows = [json.loads(feature) for piece in pieces for feature in piece]
        return people.features(request, found, rows, matched, links)
    answer = StreamingHttpResponse(_streamed(pieces, page, matched, links), content_type=GEOJSON)
    answer.headers["Content-Crs"] = f"<{asked.out.uri}>"
    return answer


@router.get("/collections/{collection_id}/items/{feature_id}", response=described.Feature, url_name="item",
            openapi_extra=described.one(), summary="一个要素 / One feature")  # fmt: skip
def item(request: HttpRequest, collection_id: str, feature_id: str) -> HttpResponseBase:
    """一个要素。

    One feature.
    """
    found, user = _collection(request, collection_id), caller(request)
    asking.only(request, ("f", "crs"))
    out = asking.out(request, _systems(user))
    named = found.find(user, feature_id)
    told_ones = [f for piece in found.features(user, [named[0]], out, named[1]) for f in piece] if named else []
    if not told_ones:
        raise not_found()
    limits.read(request, found.name, 1)
    up = _link(
        request, reverse("api:collection", args=[found.name]), "collection", "application/json", _told(found.title)
    )
    document = json.loads(told_ones[0]) | {"links": [*_selves(request, GEOJSON), up]}
    answer = _answer(request, document, feature_id, GEOJSON)
    answer.headers["Content-Crs"] = f"<{out.uri}>"
    return answer


def _told(text: Text) -> str:
    return told(text)


def _collection(request: HttpRequest, name: str) -> Collection:
    found = collection(caller(request), name)
    if found is None:
        raise not_found()
    return found


def _systems(user: User) -> list[str]:
    """The systems of the place: of what the user sees of it."""
    return systems.systems(place(user))


def _link(request: HttpRequest, address: str, rel: str, kind: str, title: str = "") -> dict[str, str]:
    return {
        "href": request.build_absolute_uri(address),
        "rel": rel,
        "type": kind,
        **({"title": title} if title else {}),
    }


def _selves(request: HttpRequest, kind: str) -> Links:
    """This address, and the same for people."""
    rest = {name: value for name, value in request.GET.dict().items() if name != "f"}
    html = wants_html(request)
    plain = f"{request.path}?{urlencode({**rest, 'f': 'json'})}"
    shown = f"{request.path}?{urlencode({**rest, 'f': 'html'})}"
    return [
        _link(request, plain, "alternate" if html else "self", kind),
        _link(request, shown, "self" if html else "alternate", "text/html"),
    ]


def _described(request: HttpRequest, found: Collection, crs: str | None = None) -> dict[str, Any]:
    user = caller(request)
    base = reverse("api:collection", args=[found.name])
    document: dict[str, Any] = {
        "id": found.name,
        "title": _told(found.title),
        "description": _told(found.description),
        "itemType": "feature",
        "storageCrs": systems.STORED,
        "crs": [crs] if crs else _systems(user),
        "links": [
            _link(request, base, "self", "application/json"),
            _link(request, f"{base}?f=html", "alternate", "text/html"),
            _link(request, f"{base}/items", "items", GEOJSON, _told(found.title)),
            _link(request, f"{base}/items?f=html", "items", "text/html", _told(found.title)),
            _link(request, f"{base}/schema", "describedby", SCHEMA, _("属性")),
            _link(request, f"{base}/queryables", f"{_REL}queryables", SCHEMA, _("可查询的属性")),
        ],
    }
    extent: dict[str, Any] = {}
    if (box := found.extent(user)) is not None:
        extent["spatial"] = {"bbox": [list(box)], "crs": systems.CRS84}
    if (time := found.interval(user)) is not None:
        extent["temporal"] = {"interval": [[None if day is None else day.isoformat() for day in time]]}
    if extent:
        document["extent"] = extent
    return document


def _schema(request: HttpRequest, found: Collection, properties: Mapping[str, Any], whole: bool) -> dict[str, Any]:
    lang = get_language() or "zh"
    shape = {"geometry": {"title": _("图形"), "x-ogc-role": "primary-geometry", "format": "geometry-multipolygon"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": request.build_absolute_uri(request.path),
        "type": "object",
        "title": _told(found.title),
        "properties": (shape if whole else {}) | {name: p.schema(lang) for name, p in properties.items()},
        "additionalProperties": False,
    }


def _streamed(pieces: Iterator[list[str]], page: Page, matched: int | None, links: Links) -> Iterator[str]:
    """A page as it is written, so that a large one is never whole in memory."""
    head: dict[str, Any] = {"type": "FeatureCollection", "timeStamp": datetime.now(UTC).isoformat(timespec="seconds")}
    if matched is not None:
        head["numberMatched"] = matched
    head |= {"links": links}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "features":['
    written = 0
    for piece in pieces:
        if piece:
            yield ("," if written else "") + ",\n".join(piece)
            written += len(piece)
    yield f'], "numberReturned":{written}}}'


def _answer(request: HttpRequest, document: dict[str, Any], title: str, kind: str = "application/json") -> HttpResponse:
    if wants_html(request):
        return people.document(request, document, title)
    return JsonResponse(document, content_type=kind, json_dumps_params={"ensure_ascii": False})


__all__ = ["CONFORMANCE", "router"]
