"""Verdicts on disk: a folder with three Parquet files and one JSON, enough to explain a parcel without judging
again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl

from panhuo.identify.conditions import Standard
from panhuo.identify.grammar import text_of
from panhuo.identify.standards import read_standard
from panhuo.identify.verdicts import FactSource, Verdicts
from panhuo.messages import PanhuoError, Text

_FORMAT = 1
_TABLES = {"frame": "verdicts.parquet", "evidence": "evidence.parquet", "facts": "verdict_facts.parquet"}
_STANDARD = "standard.json"
#: Rows that are packed together: few enough that one parcel is read out of a million in milliseconds.
_GROUP = 16_384


def save(verdicts: Verdicts, folder: Path | str) -> Path:
    """Write verdicts, evidence, the facts used and the standard as it was in force into ``folder`` (made if absent).

    Every file is written beside its place and moved there when complete, the JSON last: a run that dies leaves what
    was.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)

    def write(name: str) -> None:
        part = place / f"{_TABLES[name]}.part"
        getattr(verdicts, name).write_parquet(part, compression="zstd", compression_level=1, row_group_size=_GROUP)
        part.replace(place / _TABLES[name])

    with ThreadPoolExecutor() as threads:
        list(threads.map(write, _TABLES))
    standard = verdicts.standard
    content = {
        "format": _FORMAT,
        "on": standard.on,
        "standard": standard.source,
        "sources": {k: {"layer": s.layer, "date": s.date} for k, s in verdicts.sources.items()},
    }
    part = place / f"{_STANDARD}.part"
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1, default=_as_json), encoding="utf-8")
    part.replace(place / _STANDARD)
    return place


def load(folder: Path | str) -> Verdicts:
    """The verdicts that :func:`save` wrote. Raises PanhuoError when the folder holds none."""
    place = Path(folder)
    standard, sources = load_standard(place)
    tables = {name: pl.read_parquet(place / file) for name, file in _TABLES.items()}
    return Verdicts(tables["frame"], tables["evidence"], tables["facts"], standard, sources)


def load_row(folder: Path | str, row: int, known: tuple[Standard, Mapping[str, FactSource]] | None = None) -> Verdicts:
    """One parcel's verdict with its evidence, by its row (from 0) among the saved ones; nothing else is read.

    ``known`` is what :func:`load_standard` gave, where the caller keeps it. A row that is not there gives empty tables.
    """
    place = Path(folder)
    standard, sources = known if known is not None else load_standard(place)
    tables = {name: pl.scan_parquet(place / file).slice(row, 1).collect() for name, file in _TABLES.items()}
    return Verdicts(tables["frame"], tables["evidence"], tables["facts"], standard, sources)


def load_standard(folder: Path | str) -> tuple[Standard, dict[str, FactSource]]:
    """The standard that saved verdicts were judged by, and where its facts came from."""
    place = Path(folder)
    absent = [f for f in (*_TABLES.values(), _STANDARD) if not (place / f).is_file()]
    if absent:
        raise PanhuoError(
            f"该文件夹中没有完整的认定结果（缺少 {'、'.join(absent)}）。请先运行调查认定，或指定正确的成果文件夹。",
            f"There are no complete verdicts in this folder (missing {', '.join(absent)}). "
            "Run the survey first, or name the right folder.",
            where=str(place),
        )
    content = json.loads((place / _STANDARD).read_text(encoding="utf-8"), object_hook=_from_json)
    if content.get("format") != _FORMAT:
        raise PanhuoError(
            f"认定结果的格式版本为 {content.get('format')}，本程序只能读取版本 {_FORMAT}。请重新运行调查认定。",
            f"The verdicts have format {content.get('format')}; this program reads format {_FORMAT}. "
            "Run the survey again.",
            where=str(place / _STANDARD),
        )
    source = content["standard"]
    standard = read_standard(
        source["standard"],
        thresholds=source["thresholds"],
        indicators=source["indicators"],
        id=source["id"],
        title=text_of(source["title"], source["id"]),
        on=content["on"],
        readings=source["readings"],
        words=source["words"],
    )
    return standard, {k: FactSource(s["layer"], s["date"]) for k, s in content["sources"].items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, Text):
        return {"zh": value.zh, "en": value.en}
    if isinstance(value, datetime | date):
        return {"$date": value.isoformat()[:10]}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"{type(value).__name__} cannot be kept in {_STANDARD}")


def _from_json(value: dict[str, Any]) -> Any:
    return date.fromisoformat(value["$date"]) if set(value) == {"$date"} else value
