"""A frozen pack back as a loaded one: the rules of a run as they were adopted, whatever the folders say today."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from panhuo.messages import PanhuoError, Text
from panhuo.packs.freeze import FORMAT
from panhuo.packs.models import (
    Calendar,
    Clauses,
    Incentives,
    Indicators,
    Meta,
    Modes,
    Organisation,
    Programme,
    Standard,
    Workflow,
)
from panhuo.packs.models.standard import Thresholds
from panhuo.packs.pack import Layer, Pack

M = TypeVar("M", bound=BaseModel)


def thaw(frozen: Mapping[str, Any], *, on: datetime.date | None = None) -> Pack:
    """The pack that :func:`panhuo.packs.freeze` made plain data of; ``freeze`` of it gives the same content again.

    on : the day it is asked for, that of freezing when not given. Entries that begin to hold after the day of freezing
        are not in a frozen pack; those that have ended by ``on`` are left out where they are judged by.

    Word templates are not part of plain data: a thawed pack has none. Raises PanhuoError when the data is not a frozen
    pack or one of its values is not allowed.
    """
    if frozen.get("format") != FORMAT or not isinstance(frozen.get("content"), Mapping):
        raise PanhuoError("这不是冻结的政策包。", "This is not a frozen pack.")
    content = frozen["content"]

    def part(name: str, model: type[M], value: Any = None) -> M:
        try:
            # strict models take ISO dates and lists for tuples from JSON only
            return model.model_validate_json(json.dumps(content.get(name, {}) if value is None else value))
        except ValidationError as error:
            raise _refused(frozen, name, error) from error

    meta = part("meta", Meta)
    clauses = part("clauses", Clauses, {"clauses": content["clauses"]})
    tables = part("tables", Thresholds, {"tables": content["tables"]})
    names = [str(name) for name in frozen["layers"]]
    return Pack(
        id=str(frozen["id"]),
        on=on or datetime.date.fromisoformat(frozen["on"]),
        meta=meta,
        layers=tuple(
            Layer(n, Path(n), meta.title if n == frozen["id"] else Text(n, n), meta.level, None) for n in names
        ),
        documents={d.id: d for d in meta.documents},
        clauses={c.id: c for c in clauses.clauses},
        standard=part("standard", Standard),
        tables={t.id: t for t in tables.tables},
        indicators=part("indicators", Indicators),
        organisation=part("organisation", Organisation),
        calendar=part("calendar", Calendar),
        programme=part("programme", Programme),
        workflow=part("workflow", Workflow),
        modes=part("modes", Modes),
        incentives=part("incentives", Incentives),
    )


def read_frozen(path: Path, *, on: datetime.date | None = None) -> Pack:
    """A frozen pack out of a JSON file. Raises PanhuoError naming the file."""
    try:
        frozen = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PanhuoError(
            f"读不出冻结的政策包：{error}。", f"The frozen pack cannot be read: {error}.", where=str(path)
        ) from error
    return thaw(frozen if isinstance(frozen, Mapping) else {}, on=on)


def _refused(frozen: Mapping[str, Any], name: str, error: ValidationError) -> PanhuoError:
    first = error.errors()[0]
    said = first.get("ctx", {})
    place = ".".join([name, *(str(p) for p in first["loc"])])
    zh = said.get("zh", f"数值或写法不允许（{first['msg']}）")
    return PanhuoError(f"{zh}（{place}）", f"{said.get('en', first['msg'])} ({place})", where=str(frozen.get("id", "")))
