"""How parameters of a query are said in the OpenAPI document, where a view reads them itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.http import HttpRequest

from panhuo_platform.api.problems import invalid


def query(name: str, text: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An optional parameter of the query string; ``text`` is Chinese, then English."""
    return {"in": "query", "name": name, "required": False, "description": text, "schema": schema, **more}


def whole(name: str, text: str, most: int, default: int, least: int = 1) -> dict[str, Any]:
    """A number of the query string."""
    return query(name, text, {"type": "integer", "minimum": least, "maximum": most, "default": default})


def only(request: HttpRequest, known: Collection[str]) -> None:
    """Problem 400 where the request has a parameter that this address does not know, or one of them twice."""
    for name, values in request.GET.lists():
        if name not in known:
            raise invalid(f"没有参数“{name}”。", f"There is no parameter '{name}'.")
        if len(values) > 1:
            raise invalid(f"参数“{name}”只能写一次。", f"Parameter '{name}' may be given once.")


def number(request: HttpRequest, name: str, *, most: int, default: int, least: int = 1) -> int:
    """A number of the query string, cut off at ``most``; Problem 400 where it is none or below ``least``."""
    text = request.GET.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdecimal() or int(text[:12]) < least:
        raise invalid(f"{name} 应当是不小于 {least} 的整数。", f"{name} is a whole number from {least} on.")
    return min(int(text[:12]), most)
