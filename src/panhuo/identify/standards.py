"""A pack's standard as written (mappings, lists, texts) -> a :class:`Standard` in force on a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from panhuo.identify.conditions import Condition, Node, Standard, Table, leaves
from panhuo.identify.grammar import Raw, Reader, in_force, names_of, text_of
from panhuo.messages import PanhuoError, Text


def read_standard(
    raw: Raw,
    *,
    thresholds: Raw | None = None,
    indicators: Sequence[Raw] = (),
    id: str = "",
    title: Text | None = None,
    on: date | None = None,
    readings: Mapping[str, str] | None = None,
    words: Mapping[str, Raw] | None = None,
) -> Standard:
    """The standard of ``raw`` (the content of standard.yaml) as it is in force ``on`` a day.

    ``thresholds`` are the tables by name, ``indicators`` the entries of indicators.yaml, ``readings`` other choices for
    the switches than the pack's own (to try them out), ``words`` texts by the standard's own short words: ``clauses``
    (summaries), ``citations`` (full references), ``documents``, ``actors`` (units). Raises PanhuoError naming the place
    in the standard.
    """
    reader = Reader(raw, on, dict(readings or {}), id or "standard")
    tables = tuple(read_table(name, table, on) for name, table in (thresholds or {}).items())
    active = [entry for entry in indicators if reader.in_force(entry)]
    standard = Standard(
        id=id,
        title=title or Text(id, id),
        on=on,
        exclusions=reader.nodes("exclusions"),
        preconditions=reader.nodes("preconditions"),
        classes=reader.classes(),
        gate=reader.node(raw["gate"], "gate", "G") if raw.get("gate") else None,
        readings=tuple(reader.readings.values()),
        tables=tables,
        derived=tuple((e["id"], e["expr"]) for e in active if e.get("expr")),
        labels={e["id"]: text_of(e, e["id"]) for e in active if e.get("zh")},
        units={e["id"]: e["unit"] for e in active if e.get("unit")},
        clauses=_texts(words, "clauses"),
        citations=_texts(words, "citations"),
        actors=_texts(words, "actors"),
        documents=_texts(words, "documents"),
        document=_own_document(raw.get("classes") or ()),
        base=_base(raw.get("base")),
        base_clause=raw["base"].get("clause") if isinstance(raw.get("base"), Mapping) else None,
        source={
            "standard": raw,
            "thresholds": thresholds or {},
            "indicators": list(indicators),
            "words": dict(words or {}),
            "readings": dict(readings or {}),
            "id": id,
            "title": {"zh": title.zh, "en": title.en} if title else None,
        },
    )
    _check_ids(standard)
    _check_tables(standard)
    return standard


def read_node(
    raw: Any,
    place: str,
    *,
    conditions: Sequence[Raw] = (),
    readings: Sequence[Raw] = (),
    chosen: Mapping[str, str] | None = None,
    on: date | None = None,
) -> Node:
    """One node of the grammar outside a standard (a row of a decision table, a group of the yield evaluation)."""
    reader = Reader({"conditions": conditions, "readings": readings}, on, dict(chosen or {}), place)
    return reader.node(raw, "", place)


def read_table(name: str, raw: Any, on: date | None = None) -> Table:
    """A table of thresholds: ``{key: value}``, or ``{keys: […], rows: [{keys: […], value, set_by, from, to}, …]}``.

    A row may also give its keys by name (``{industry_division: C13, value: 1.0}``).
    """
    if not (isinstance(raw, Mapping) and "rows" in raw):
        return Table(name, ("key",), tuple(((str(k),), None if v is None else float(v)) for k, v in dict(raw).items()))
    keys = names_of(raw.get("keys") or raw.get("key"))
    rows = [r for r in raw["rows"] if in_force(r, on)]
    seen = {
        tuple(str(k) for k in (r["keys"] if "keys" in r else [r[k] for k in keys])): (
            None if r.get("value") is None else float(r["value"])
        )
        for r in rows
    }
    deciders = dict.fromkeys(str(r["set_by"]) for r in rows if r.get("set_by"))
    unit = raw.get("unit") or next((r["unit"] for r in rows if r.get("unit")), None)
    return Table(name, keys, tuple(seen.items()), unit, raw.get("set_by") or "、".join(deciders) or None)


def _check_ids(standard: Standard) -> None:
    """One id, one condition: the evidence of two different ones would be mixed up."""
    seen: dict[str, Condition] = {}
    for condition in (c for root in standard.roots() for c in leaves(root)):
        if seen.setdefault(condition.id, condition) != condition:
            raise PanhuoError(
                f"编号“{condition.id}”用于两个不同的条件，请改用不同的编号，或在 conditions 中定义一次再引用。",
                f"The id “{condition.id}” stands for two different conditions:"
                " use two ids, or define it once in conditions.",
                where=f"{standard.id} {condition.id}",
            )


def _check_tables(standard: Standard) -> None:
    known = {t.name: t for t in standard.tables}
    for condition in standard.conditions().values():
        for asked in condition.tables:
            where = f"{standard.id} {condition.id}"
            if asked.table not in known:
                names = "、".join(known) or "-"
                raise PanhuoError(
                    f"阈值表“{asked.table}”不存在，现有：{names}。请在 thresholds.xlsx 中增加该表。",
                    f"There is no table of thresholds “{asked.table}”; known: {names}. "
                    "Add the sheet to thresholds.xlsx.",
                    where=where,
                )
            if len(known[asked.table].keys) != len(asked.keys):
                raise PanhuoError(
                    f"阈值表“{asked.table}”按 {len(known[asked.table].keys)} 个字段查，条件给了 {len(asked.keys)} 个。",
                    f"The table “{asked.table}” is looked up by {len(known[asked.table].keys)} keys, "
                    f"the condition gives {len(asked.keys)}.",
                    where=where,
                )


def _texts(words: Mapping[str, Raw] | None, kind: str) -> dict[str, Text]:
    return {str(k): text_of(v, str(k)) for k, v in (words or {}).get(kind, {}).items()}


def _own_document(classes: Sequence[Raw]) -> str | None:
    """The document most classes cite, when clauses are written ``document#clause``."""
    cited = [str(c["clause"]).partition("#")[0] for c in classes if "#" in str(c.get("clause", ""))]
    return max(cited, key=cited.count) if cited else None


def _base(raw: Any) -> str | None:
    if isinstance(raw, Mapping):
        return f"{raw.get('survey', '')}" + (f"（{raw['year']}）" if raw.get("year") else "")
    return None if raw is None else str(raw)
