"""What went wrong, as programs are told it: ``{code, zh, en}``, with ``fields`` where several things are wrong."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpResponse, JsonResponse
from django.utils.translation import trans_real


class Problem(Exception):  # noqa: N818 - the answer itself, as RFC 9457 calls it
    """An answer other than what was asked for.

    status : of HTTP
    code   : a word for programs
    zh, en : sentences for people
    fields : parameter or field -> its sentences
    """

    def __init__(
        self, status: int, code: str, zh: str, en: str, *, fields: dict[str, dict[str, str]] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(en)
        self.status, self.code, self.zh, self.en = status, code, zh, en
        self.fields, self.headers = fields, headers

    def response(self) -> HttpResponse:
        told: dict[str, Any] = {"code": self.code, "zh": self.zh, "en": self.en}
        if self.fields:
            told["fields"] = self.fields
        return JsonResponse(
            told, status=self.status, headers=self.headers, json_dumps_params={"ensure_ascii": False}
        )  # fmt: skip


def invalid(zh: str, en: str, **fields: tuple[str, str]) -> Problem:
    """A parameter that cannot be understood."""
    told = {name: {"zh": z, "en": e} for name, (z, e) in fields.items()}
    return Problem(400, "invalid", zh, en, fields=told or None)


def not_found() -> Problem:
    return Problem(404, "not_found", "没有这个对象，或者您无权查看。", "There is no such thing, or you may not see it.")


def of_validation(error: ValidationError, *, status: int, code: str) -> Problem:
    """A refusal that a command or filter said in Chinese, in both languages."""
    if hasattr(error, "error_dict"):
        said = {name: "；".join(texts) for name, texts in error.message_dict.items()}
    else:
        said = {NON_FIELD_ERRORS: "；".join(error.messages)}
    fields = {name: {"zh": text, "en": english(text)} for name, text in said.items() if name != NON_FIELD_ERRORS}
    return Problem(
        status,
        code,
        "；".join(said.values()),
        "; ".join(english(text) for text in said.values()),
        fields=fields or None,
    )


def english(text: str) -> str:
    """The English of a Chinese sentence of ours, values put in; the sentence itself where the catalogue lacks it.

    Commands speak the language of whoever calls them, and have already put the values into their sentence: so the
    sentence is found again among the catalogue's patterns.
    """
    if "；" in text:
        parts = text.split("；")
        if all(english(part) != part or part.isascii() for part in parts):
            return "; ".join(english(part) for part in parts)
    known, patterns = _catalogue()
    if text in known:
        return known[text]
    for pattern, target in patterns:
        if found := pattern.fullmatch(text):
            return target % found.groupdict()
    return text


_PLACE = re.compile(r"%\((\w+)\)[sd]")


@lru_cache(maxsize=1)
def _catalogue() -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Sentences without values and their English; patterns of those with values, the longest first."""
    plain: dict[str, str] = {}
    patterns: list[tuple[re.Pattern[str], str]] = []
    catalogue: Any = trans_real.translation("en")
    for source, target in catalogue._catalog.items():
        if not isinstance(source, str) or not source or not target:
            continue
        names = _PLACE.findall(source)
        if not names:
            plain[source] = target
        elif len(set(names)) == len(names) and set(_PLACE.findall(target)) <= set(names):
            parts = _PLACE.split(source)
            pattern = "".join(
                re.escape(p.replace("%%", "%")) if k % 2 == 0 else f"(?P<{p}>.*)" for k, p in enumerate(parts)
            )
            if any("\u4e00" <= c <= "\u9fff" for c in source):
                patterns.append((re.compile(pattern, re.DOTALL), _PLACE.sub(r"%(\1)s", target)))
    patterns.sort(key=lambda p: -len(p[0].pattern))
    return plain, patterns
