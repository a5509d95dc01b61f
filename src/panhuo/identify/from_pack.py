"""The standard of a pack: of a loaded pack (``panhuo.packs``) or of plain mappings with the same content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

from panhuo.identify.conditions import Standard
from panhuo.identify.standards import read_standard, text_of
from panhuo.messages import PanhuoError


def standard_of(pack: Any, *, on: date | None = None, readings: Mapping[str, str] | None = None) -> Standard:
    """The standard of ``pack`` in force ``on`` a day.

    A mapping has the keys ``standard`` (or is itself the content of standard.yaml), ``thresholds``, ``indicators``,
    ``clauses``, ``id``, ``title``, ``on``.
    """
    content = pack_content(pack)
    day = on or content.get("on")
    return read_standard(
        content["standard"],
        thresholds=content["thresholds"],
        indicators=content["indicators"],
        id=str(content["id"]),
        title=text_of(content.get("title"), str(content["id"])),
        on=day,
        readings=readings,
        clauses=content["clauses"],
    )


def pack_content(pack: Any) -> dict[str, Any]:
    """The parts of a pack this package reads, as plain mappings and lists."""
    part = pack.get if isinstance(pack, Mapping) else lambda name, default=None: getattr(pack, name, default)
    standard = part("standard")
    if standard is None and isinstance(pack, Mapping) and "classes" in pack:
        standard = pack
    if standard is None:
        raise PanhuoError(
            "这个政策包没有认定标准（standard.yaml），不能据以认定。",
            "This pack has no standard (standard.yaml): nothing can be identified by it.",
            where=str(part("id") or ""),
        )
    indicators = plain(part("indicators")) or {}
    entries = indicators if isinstance(indicators, list) else (indicators.get("indicators") or indicators.get("entries") or [])
    meta = plain(part("meta")) or {}
    return {
        "standard": plain(standard),
        "thresholds": _tables(plain(part("thresholds") or part("tables")) or {}),
        "indicators": list(entries),
        "clauses": _clauses(plain(part("clauses")) or {}),
        "id": part("id") or meta.get("id") or "standard",
        "title": plain(part("title")) or meta.get("title"),
        "on": part("on"),
    }


def plain(value: Any) -> Any:
    """Models as plain mappings, with only the keys that were written (an absent key and a null one differ)."""
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True, exclude_unset=True)
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value


def _tables(raw: Any) -> dict[str, Any]:
    if isinstance(raw, Mapping):
        return {str(k): v for k, v in raw.items()}
    return {str(t["id"]): t for t in raw}


def _clauses(raw: Any) -> dict[str, Any]:
    entries = raw.get("clauses", raw) if isinstance(raw, Mapping) else raw
    if isinstance(entries, Mapping):
        return {str(k): (v.get("summary", v) if isinstance(v, Mapping) else v) for k, v in entries.items()}
    return {str(c["id"]): c.get("summary") for c in entries}
