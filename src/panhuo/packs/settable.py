"""The thresholds of a frozen pack as a flat list: what may be set, what it is now, and a pack with other values."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from panhuo.land.facts import FACTS
from panhuo.messages import PanhuoError, Text
from panhuo.packs.freeze import canonical
from panhuo.packs.problems import hint

CONDITIONS, TABLES, READINGS = "standard.conditions", "thresholds.tables", "standard.readings"
_COMPARISONS = ("lt", "le", "gt", "ge", "eq", "ne")
_BRANCHES = ("all", "any", "of", "not")


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of the standard that somebody sets.

    entry   : ``standard.conditions.<id>``, ``thresholds.tables.<table>.<keys>`` or ``standard.readings.<id>``
    key     : which value of the entry: the comparison, ``between.0``, ``factor``, ``times``, ``parameters.<name>``,
              ``value`` of a table's row, ``default`` of a reading
    value   : a number; None while nobody has set it (then the condition is unknown); of a reading one of ``options``
    part    : exclusions, preconditions, a class id, gate, conditions, ``table:<name>`` or readings
    """

    entry: str
    key: str
    value: float | str | None
    text: Text
    part: str
    unit: str | None = None
    clause: str | None = None
    set_by: str | None = None
    note: str | None = None
    fact: str | None = None
    options: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.entry}:{self.key}"


@dataclass(frozen=True, slots=True)
class NewValue:
    """A value for one setting; ``clause``, ``set_by``, ``note`` say on what ground and by whom (a row keeps them)."""

    entry: str
    key: str
    value: float | str | None
    unit: str | None = None
    clause: str | None = None
    set_by: str | None = None
    note: str | None = None

    @property
    def id(self) -> str:
        return f"{self.entry}:{self.key}"


def settings(frozen: Mapping[str, Any]) -> tuple[Setting, ...]:
    """Every number of the standard, every row of its tables and every reading, in the order of the text."""
    content = frozen["content"]
    units = {i["id"]: i["unit"] for i in content["indicators"].get("indicators", []) if i.get("unit")}
    found: dict[str, Setting] = {}
    for part, leaf in _leaves(content["standard"]):
        for one in _of_leaf(part, leaf, units):
            found.setdefault(one.id, one)
    rows = [one for table in content["tables"] for one in _of_table(table)]
    return (*found.values(), *rows, *(_of_reading(r) for r in content["standard"].get("readings", ())))


def table_titles(frozen: Mapping[str, Any]) -> dict[str, Text]:
    """What each table of thresholds limits, and by what: ``min_tax_per_mu`` -> “亩均税收（按行业大类）”.

    A table that no comparison names goes by its own name.
    """
    content = frozen["content"]
    own = [i for i in content["indicators"].get("indicators", ()) if i.get("zh")]
    named = {i["id"]: Text(i["zh"], i.get("en") or i["id"]) for i in own}

    def name(fact: str) -> Text:
        return named.get(fact) or (Text(FACTS[fact].zh, FACTS[fact].en) if fact in FACTS else Text(fact, fact))

    titles = {t["id"]: Text(t["id"], t["id"]) for t in content["tables"]}
    keys = {t["id"]: [name(k) for k in t["keys"]] for t in content["tables"]}
    for _part, leaf in _leaves(content["standard"]):
        for operand in (leaf.get(c) for c in _COMPARISONS):
            table = operand.get("table") if isinstance(operand, dict) else None
            if table in titles and leaf.get("value"):
                what = name(leaf["value"])
                by = Text("、".join(k.zh for k in keys[table]), ", ".join(k.en.lower() for k in keys[table]))
                titles[table] = Text(f"{what.zh}（按{by.zh}）", f"{what.en} by {by.en}")
    return titles


def with_values(frozen: Mapping[str, Any], values: Iterable[NewValue]) -> dict[str, Any]:
    """The frozen pack with these values instead of its own, and the hash of what it now says.

    A row of a table that is not there yet is added. Raises PanhuoError for an entry that the pack does not have.
    """
    made = copy.deepcopy(dict(frozen))
    content = made["content"]
    # one id may be written in several places (a condition that is named again where it is used)
    leaves: dict[str, list[dict[str, Any]]] = {}
    for _part, leaf in _leaves(content["standard"]):
        leaves.setdefault(str(leaf.get("id")), []).append(leaf)
    tables = {t["id"]: t for t in content["tables"]}
    readings = {r["id"]: r for r in content["standard"].get("readings", ())}
    for new in values:
        if new.entry.startswith(f"{CONDITIONS}."):
            name = new.entry.removeprefix(f"{CONDITIONS}.")
            here = [leaf for leaf in leaves.get(name, ()) if _has(leaf, new.key)]
            if not here:
                raise _unknown(new, [s.entry for s in settings(frozen)])
            for leaf in here:
                _set_leaf(leaf, new)
        elif new.entry.startswith(f"{TABLES}."):
            name, _dot, keys = new.entry.removeprefix(f"{TABLES}.").partition(".")
            if name not in tables or not keys:
                raise _unknown(new, [f"{TABLES}.{t}" for t in tables])
            _set_row(tables[name], keys.split("|"), new)
        elif (reading := readings.get(new.entry.removeprefix(f"{READINGS}."))) is not None:
            if new.value not in reading.get("options", ("any", "all")):
                raise _unknown(new, reading.get("options", ("any", "all")))
            reading["default"] = new.value
        else:
            raise _unknown(new, [s.entry for s in settings(frozen)])
    made["sha256"] = hashlib.sha256(canonical(content)).hexdigest()
    return made


def _leaves(standard: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every condition that is written out, with the part of the standard it stands in; the ones in use first."""
    for part in ("exclusions", "preconditions"):
        for node in standard.get(part, ()):
            yield from ((part, leaf) for leaf in _below(node))
    for one in standard.get("classes", ()):
        yield from ((one["id"], leaf) for leaf in _below(one.get("when")))
    for node in standard.get("conditions", ()):
        yield from (("conditions", leaf) for leaf in _below(node))
    yield from (("gate", leaf) for leaf in _below(standard.get("gate")))


def _below(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for one in node:
            yield from _below(one)
    elif isinstance(node, dict):
        branch = next((b for b in _BRANCHES if b in node), None)
        if branch is not None:
            yield from _below(node[branch])
        elif node.get("id"):
            yield node


def _of_leaf(part: str, leaf: Mapping[str, Any], units: Mapping[str, str]) -> Iterator[Setting]:
    fact = leaf.get("value")
    unit = units.get(fact or "") or (FACTS[fact].unit if fact is not None and fact in FACTS else None)
    text = Text(**leaf["text"]) if leaf.get("text") else Text(leaf["id"], leaf["id"])

    def one(key: str, value: Any, unit: str | None, said: Text = text, more: Mapping[str, Any] = leaf) -> Setting:
        return Setting(
            f"{CONDITIONS}.{leaf['id']}", key, None if value is None else float(value), said, part, unit,
            more.get("clause") or leaf.get("clause"), more.get("set_by") or leaf.get("set_by"), fact=fact,
        )  # fmt: skip

    for key in _COMPARISONS:
        if key in leaf and fact is not None:
            operand = leaf[key]
            if isinstance(operand, dict):
                yield one(f"{key}.times", operand.get("times", 1.0), "ratio", more=operand)
            elif _number(operand):
                yield one(key, operand, unit)
    for i, operand in enumerate(leaf.get("between") or ()):
        if _number(operand):
            yield one(f"between.{i}", operand, unit)
    if leaf.get("below_average"):
        yield one("factor", leaf.get("factor"), "ratio")
    for name, parameter in (leaf.get("parameters") or {}).items():
        if _number(parameter.get("value")):
            called = Text(**parameter["text"]) if parameter.get("text") else Text(name, name)
            said = Text(f"{text.zh}（{called.zh}）", f"{text.en} ({called.en})")
            yield one(f"parameters.{name}", parameter.get("value"), parameter.get("unit"), said, parameter)


def _of_table(table: Mapping[str, Any]) -> Iterator[Setting]:
    for row in table["rows"]:
        keys = "|".join(row["keys"])
        yield Setting(
            f"{TABLES}.{table['id']}.{keys}", "value", row.get("value"), Text(keys, keys), f"table:{table['id']}",
            row.get("unit"), row.get("clause"), row.get("set_by"), row.get("note"),
        )  # fmt: skip


def _of_reading(reading: Mapping[str, Any]) -> Setting:
    return Setting(
        f"{READINGS}.{reading['id']}", "default", reading["default"], Text(**reading["text"]), "readings",
        clause=reading.get("clause"), options=tuple(reading.get("options", ("any", "all"))),
    )  # fmt: skip


def _number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _has(leaf: Mapping[str, Any], key: str) -> bool:
    first, _dot, rest = key.partition(".")
    if first == "factor":
        return bool(leaf.get("below_average"))
    if first == "parameters":
        return rest in (leaf.get("parameters") or {})
    if first == "between":
        return rest in ("0", "1") and bool(leaf.get("between"))
    return first in leaf and (rest == "times") == isinstance(leaf[first], dict)


def _set_leaf(leaf: dict[str, Any], new: NewValue) -> None:
    first, _dot, rest = new.key.partition(".")
    if new.value is None and new.set_by:
        leaf["set_by"] = new.set_by
    if first == "parameters":
        leaf["parameters"][rest]["value"] = new.value
        if new.value is None and new.set_by:
            leaf["parameters"][rest]["set_by"] = new.set_by
    elif first == "between":
        leaf["between"][int(rest)] = new.value
    elif rest == "times":
        leaf[first]["times"] = new.value
        if new.value is None and new.set_by:
            leaf[first]["set_by"] = new.set_by
    else:
        leaf[first] = new.value


def _set_row(table: dict[str, Any], keys: list[str], new: NewValue) -> None:
    if len(keys) != len(table["keys"]) or not all(keys):
        zh = f"阈值表“{table['id']}”按 {'、'.join(table['keys'])} 查，这里给的是“{'|'.join(keys)}”。"
        en = f"The table '{table['id']}' is looked up by {', '.join(table['keys'])}; given was '{'|'.join(keys)}'."
        raise PanhuoError(zh, en)
    row = next((r for r in table["rows"] if list(r["keys"]) == keys), None)
    if row is None:
        row = {"id": "|".join(keys), "keys": keys}
        table["rows"].append(row)
    row["value"] = new.value
    for name in ("unit", "clause", "set_by", "note"):
        if (told := getattr(new, name)) is not None:
            row[name] = told


def _unknown(new: NewValue, known: Iterable[str]) -> PanhuoError:
    zh, en = hint(new.entry, known)
    return PanhuoError(
        f"认定标准中没有可设定的“{new.id}”{zh}", f"the standard has nothing to set called '{new.id}'{en}"
    )
