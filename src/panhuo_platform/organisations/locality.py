"""The adopted pack, as the platform reads it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.core.cache import caches

from panhuo_platform.organisations.models import Locality

_KEY = "organisations.locality"
#: The pack is read many times at every request and is large: each process keeps its own. The cache holds its mark only,
#: because what comes out of a cache is unpacked each time. Nobody may write to it.
_CACHE = "process"
_held: tuple[str, tuple[dict[str, Any] | None, bool]] = ("", (None, True))


def frozen() -> dict[str, Any] | None:
    """The adopted pack as plain data; None before a locality has been set."""
    return _read()[0]


def _read() -> tuple[dict[str, Any] | None, bool]:
    global _held
    mark = caches[_CACHE].get(_KEY)
    if mark is None or mark != _held[0]:
        row = Locality.objects.filter(pk=1).first()
        mark = uuid4().hex
        _held = (mark, (row.frozen, row.with_inferred) if row else (None, True))
        caches[_CACHE].set(_KEY, mark, 60)
    return _held[1]


def forget() -> None:
    """Read the pack anew: another one has been adopted."""
    caches[_CACHE].delete(_KEY)


def role_of(role: str) -> dict[str, Any] | None:
    """A role of the pack, with its permissions."""
    pack = frozen()
    return next((r for r in pack["content"]["organisation"]["roles"] if r["id"] == role), None) if pack else None


def letters(grant: dict[str, Any]) -> str:
    """The rights of a grant, sorted: those the policy states, and those inferred where the locality wants them."""
    _pack, with_inferred = _read()
    return "".join(sorted({*grant.get("stated", ""), *(grant.get("inferred", "") if with_inferred else "")}))


def titles() -> dict[str, Any]:
    """The adopted pack's title by language; nothing before a locality has been set."""
    pack = frozen()
    return dict(pack["content"]["meta"]["title"]) if pack else {}
