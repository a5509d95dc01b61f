"""The standard of a pack: of a loaded pack (``panhuo.packs``) or of plain mappings with the same content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

from panhuo.identify.conditions import Standard
from panhuo.identify.grammar import text_of
from panhuo.identify.standards import read_standard
from panhuo.messages import PanhuoError, Text
from panhuo.packs import Pack


def standard_of(
    pack: Pack | Mapping[str, Any], *, on: date | None = None, readings: Mapping[str, str] | None = None
) -> Standard:
    """The standard of ``pack`` in force ``on`` a day (the day the pack was loaded for, when not given).

    A mapping has the keys ``standard`` (or is itself the content of standard.yaml), ``thresholds``, ``indicators``,
    ``words``,
    ``id``, ``title``, ``on``.
    """
    if isinstance(pack, Pack) and on is not None and on != pack.on:
        raise PanhuoError(
            f"政策包按 {pack.on} 载入，不能用于 {on} 的认定；请按该日期重新载入政策包。",
            f"The pack was loaded for {pack.on}; load it for {on} to identify on that day.",
            where=pack.id,
        )
    content = pack_content(pack)
    return read_standard(
        content["standard"],
        thresholds=content["thresholds"],
        indicators=content["indicators"],
        id=str(content["id"]),
        title=text_of(content["title"], str(content["id"])),
        on=on or content["on"],
        readings=readings,
        words=content["words"],
    )


def pack_content(pack: Pack | Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a pack this package reads, as plain mappings and lists."""
    if isinstance(pack, Pack):
        standard = plain(pack.standard)
        _refuse_without(standard, pack.id)
        return {
            "standard": standard,
            "thresholds": {name: plain(table) for name, table in pack.tables.items()},
            "indicators": [plain(i) for i in pack.indicators.indicators],
            "id": pack.id,
            "title": pack.title,
            "on": pack.on,
            "words": _words(pack, standard),
        }
    standard = pack.get("standard", pack)
    _refuse_without(standard, str(pack.get("id", "")))
    indicators = plain(pack.get("indicators")) or []
    return {
        "standard": plain(standard),
        "thresholds": plain(pack.get("thresholds")) or {},
        "indicators": indicators if isinstance(indicators, list) else list(indicators.get("indicators") or []),
        "id": pack.get("id", "standard"),
        "title": pack.get("title"),
        "on": pack.get("on"),
        "words": plain(pack.get("words")) or {},
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


def _refuse_without(standard: Any, pack_id: str) -> None:
    if not isinstance(standard, Mapping) or not standard.get("classes"):
        raise PanhuoError(
            "这个政策包没有认定标准（standard.yaml 中没有类别），不能据以认定。",
            "This pack has no standard (no classes in standard.yaml): nothing can be identified by it.",
            where=pack_id,
        )


def _words(pack: Pack, standard: Mapping[str, Any]) -> dict[str, dict[str, Text]]:
    """What the standard's short words mean: clauses (summary, full citation) and units."""
    # in the order of the text, so that the same pack is written the same way in every run
    references = dict.fromkeys(str(v) for key, v in _entries(standard) if key == "clause" and v)
    keys = ("confirm", "ask", "set_by")
    units = dict.fromkeys(str(u) for key, v in _entries(standard) if key in keys for u in _several(v))
    known = {r: pack.clause(r) for r in references}
    return {
        "clauses": {r: c.summary for r, c in known.items() if c is not None},
        "citations": {r: Text(pack.cite(r, "zh"), pack.cite(r, "en")) for r in references},
        "documents": {d: Text(pack.cite(d, "zh"), pack.cite(d, "en").rstrip(", ")) for d in pack.documents},
        "actors": {u: pack.actor(u) for u in units},
    }


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key), inner
            yield from _entries(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _entries(inner)


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]
