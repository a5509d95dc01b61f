"""The same for people: plain pages of what programs are told."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from panhuo_platform.api.ogc.collection import Collection
from panhuo_platform.pages.templatetags.panhuo_tags import told


def document(request: HttpRequest, content: dict[str, Any], title: str) -> HttpResponse:
    """Links first, then what else the document says."""
    rest = {name: value for name, value in content.items() if name not in ("links", "collections", "conformsTo")}
    return render(
        request,
        "api/ogc.html",
        {
            "title": title,
            "links": [_near(link) for link in content.get("links", ())],
            "collections": content.get("collections", ()),
            "classes": content.get("conformsTo", ()),
            "content": json.dumps(rest, ensure_ascii=False, indent=2) if rest else "",
        },
    )


def features(
    request: HttpRequest,
    found: Collection,
    rows: list[dict[str, Any]],
    matched: int | None,
    links: list[dict[str, str]],
) -> HttpResponse:
    """A page of features as a table of those properties that any of them has."""
    names = [n for n in found.properties if any(row["properties"].get(n) not in (None, "", []) for row in rows)]
    return render(
        request,
        "api/items.html",
        {
            "collection": found,
            "title": told(found.title),
            "headings": [told(found.properties[n].title) for n in names],
            "rows": [(row["id"], [_cell(row["properties"].get(n)) for n in names]) for row in rows],
            "matched": matched,
            "next": next((_near(link)["href"] for link in links if link["rel"] == "next"), ""),
            "json": next(_near(link)["href"] for link in links if link["type"] != "text/html"),
        },
    )


def _near(link: dict[str, str]) -> dict[str, str]:
    """A link without the name of this server."""
    parts = urlsplit(link["href"])
    return {**link, "href": parts.path + (f"?{parts.query}" if parts.query else "")}


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "、".join(map(str, value))
    return "" if value is None else str(value)
