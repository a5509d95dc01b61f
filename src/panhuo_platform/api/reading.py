"""How bodies of requests are read: JSON that every store can keep."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from panhuo_platform.api.problems import Problem


class StrictParser(Parser):
    """Refuses what is no JSON of its standard, and texts that are none: NUL, halves of characters."""

    def parse_body(self, request: HttpRequest) -> Any:
        try:
            found = json.loads(request.body, parse_constant=_refuse)
            if "\\u0000" in json.dumps(found, ensure_ascii=False).encode().decode():
                raise ValueError("NUL")
        except (ValueError, RecursionError):
            raise Problem(
                400, "malformed", "请求的内容不是可以使用的 JSON。", "The body is no JSON that can be used."
            ) from None
        return found


def _refuse(word: str) -> Any:
    raise ValueError(word)
