"""A pack as a plain, JSON-able value with a content hash: what a manifest or a report keeps of the rules it used."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel

from panhuo.packs.pack import Pack

#: Version of the frozen form.
FORMAT = 1
#: The parts in the order of the files; each is an attribute of ``Pack``.
PARTS = ("standard", "indicators", "organisation", "calendar", "programme", "workflow", "modes", "incentives")


def freeze(pack: Pack) -> dict[str, Any]:
    """The loaded pack as dicts, lists, texts, numbers, booleans and nulls (dates as ISO texts).

    ``{"format", "id", "on", "title", "layers", "sha256", "content", "provenance"}``. ``content`` holds what the pack
    says on the day ``on`` (``meta``, ``clauses``, ``tables``, the parts named in ``PARTS``, hashes of the
    ``templates``); only keys that are written are in it, so an explicit null (a threshold nobody has set) differs
    from a key that is absent. ``sha256`` is over ``content`` alone: neither moving a line nor asking on another day
    changes it unless the rules change. ``provenance`` names file and line of each entry.
    """
    content: dict[str, Any] = {
        "meta": _dump(pack.meta),
        "clauses": [_dump(c) for c in pack.clauses.values()],
        "tables": [_dump(t) for t in pack.tables.values()],
        **{part: _dump(getattr(pack, part)) for part in PARTS},
        "templates": {
            name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(pack.templates.items())
        },
    }
    return {
        "format": FORMAT,
        "id": pack.id,
        "on": pack.on.isoformat(),
        "title": {"zh": pack.title.zh, "en": pack.title.en},
        "layers": [layer.id for layer in pack.layers],
        "sha256": hashlib.sha256(canonical(content)).hexdigest(),
        "content": content,
        "provenance": {entry: str(places[""]) for entry, places in sorted(pack.provenance.items())},
    }


def canonical(content: object) -> bytes:
    """One spelling of a JSON value: sorted keys, no spaces, UTF-8."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def _dump(model: BaseModel) -> Any:
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)
