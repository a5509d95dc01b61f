"""What OGC API Features answers, and takes, as the document of the interfaces says it."""

from __future__ import annotations

from typing import Any, Literal

from ninja import Field
from pydantic import BaseModel

from panhuo_platform.api.ogc import systems
from panhuo_platform.api.ogc.tables import TABLES
from panhuo_platform.api.parameters import query


class Link(BaseModel):
    href: str
    rel: str
    type: str
    title: str | None = None


class Landing(BaseModel):
    title: str
    description: str
    links: list[Link]


class Conformance(BaseModel):
    conformsTo: list[str]  # noqa: N815 - the standard's name


class Collection(BaseModel):
    id: str
    title: str
    description: str
    itemType: Literal["feature"]  # noqa: N815
    storageCrs: str  # noqa: N815
    crs: list[str]
    links: list[Link]
    extent: dict[str, Any] | None = None


class Collections(BaseModel):
    links: list[Link]
    crs: list[str]
    collections: list[Collection]


class Schema(BaseModel):
    type: Literal["object"]
    title: str
    properties: dict[str, dict[str, Any]]
    additionalProperties: bool  # noqa: N815


class Feature(BaseModel):
    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any] | None
    properties: dict[str, Any]
    links: list[Link] | None = None


class Features(BaseModel):
    type: Literal["FeatureCollection"]
    timeStamp: str  # noqa: N815
    numberMatched: int | None = Field(None, ge=0)  # noqa: N815
    numberReturned: int = Field(ge=0)  # noqa: N815
    links: list[Link]
    features: list[Feature]


_F = query("f", "格式 / format", {"type": "string", "enum": ["json", "html"]})
_CRS = query(
    "crs", "返回坐标的坐标系，见 /collections 的 crs；坐标轴顺序按该坐标系的定义 / coordinate system of the answer, in "
    "its own order of axes", {"type": "string", "format": "uri"}, example=systems.CRS84,
)  # fmt: skip
_BBOX = {
    "type": "array", "items": {"type": "number", "minimum": -1e9, "maximum": 1e9},
    "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
}  # fmt: skip


def paper(media: str = "application/json") -> dict[str, Any]:
    """Of every document: parameter ``f``, and the page for people."""
    return {"parameters": [_F], **_media(media)}


def one() -> dict[str, Any]:
    """Of one feature."""
    return {"parameters": [_F, _CRS], **_media("application/geo+json", crs=True)}


def page() -> dict[str, Any]:
    """Of a page of features; the properties of all collections are named, each collection knows its own."""
    properties: dict[str, dict[str, Any]] = {}
    for table in TABLES:
        for name, p in table.queryables.items():
            text = f"{p.title.zh} / {p.title.en}（{table.name}）"
            if name in properties:
                properties[name]["description"] += f"；{text}"
            else:
                properties[name] = query(name, text, {"type": p.kind})
    return {
        "parameters": [
            _F,
            query("limit", "每页要素数 / features a page", {"type": "integer", "minimum": 1, "maximum": 10000,
                                                        "default": 100}),
            query("after", "上一页 next 链接给出的位置 / where the page before ended, from its next link",
                   {"type": "string"}),
            query("bbox", "范围：与之相交的要素 / features that touch this box", _BBOX, style="form", explode=False,
                   example=[116.9, 36.1, 117.2, 36.4]),
            query("bbox-crs", "bbox 的坐标系 / coordinate system of bbox", {"type": "string", "format": "uri"},
                   example=systems.CRS84),
            query("datetime", "日期、时刻或区间 / a day, moment or interval: the versions that held then",
                   {"type": "string"}, example="2026-11-21"),
            _CRS,
            *properties.values(),
        ],
        **_media("application/geo+json", crs=True),
    }  # fmt: skip


def _media(media: str, *, crs: bool = False) -> dict[str, Any]:
    """The answer's kinds; ``x-media`` is what the schema's own is renamed to."""
    told: dict[str, Any] = {"content": {"text/html": {"schema": {"type": "string"}}}}
    if crs:
        told["headers"] = {"Content-Crs": {"description": "坐标系 / coordinate system", "schema": {"type": "string"}}}
    return {"responses": {200: told}, "x-media": media}
