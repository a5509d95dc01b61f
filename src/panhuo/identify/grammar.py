"""The condition grammar of a pack's files, read into conditions and trees."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, cast

from panhuo.identify.conditions import (
    AnyOf,
    BelowAverage,
    Between,
    Compare,
    Condition,
    Expression,
    FromTable,
    Group,
    Is,
    LandClass,
    Leaf,
    Node,
    OneOf,
    Operator,
    Reading,
    Scalar,
    StartsWith,
    Statistic,
    Test,
)
from panhuo.identify.expressions import names_in
from panhuo.messages import PanhuoError, Text

Raw = Mapping[str, Any]
_OPERATORS = ("eq", "ne", "lt", "le", "gt", "ge")
_TESTS = ("value", "below_average", "test")
_CONNECTIVES = ("all", "any", "not", "reading")


class Reader:
    """Reads the parts of one standard; knows its named conditions, its day and its switches."""

    def __init__(self, raw: Raw, on: date | None, chosen: dict[str, str], where: str) -> None:
        self.raw, self.on, self.where = raw, on, where
        self.named: dict[str, Raw] = {c["id"]: c for c in _entries(raw.get("conditions")) if self.in_force(c)}
        self.readings: dict[str, Reading] = {}
        for entry in _entries(raw.get("readings")):
            self.readings[entry["id"]] = self._reading(entry, chosen.pop(entry["id"], None))
        if chosen:
            unknown = next(iter(chosen))
            raise self.error(
                f"没有名为“{unknown}”的理解开关，可用：{'、'.join(self.readings) or '无'}。",
                f"There is no reading “{unknown}”; known: {', '.join(self.readings) or 'none'}.",
            )

    def error(self, zh: str, en: str, place: str = "") -> PanhuoError:
        return PanhuoError(zh, en, where=f"{self.where}{' ' + place if place else ''}")

    def in_force(self, entry: Raw) -> bool:
        dated = entry.get("from") is not None or entry.get("to") is not None
        if dated and self.on is None:
            raise self.error(
                "标准中有按日期生效的条目，请指定认定日期。",
                "The standard has dated entries: say on which day it is to be applied.",
                str(entry.get("id", "")),
            )
        return in_force(entry, self.on)

    def _reading(self, entry: Raw, chosen: str | None) -> Reading:
        options = tuple(entry.get("options") or ("any", "all"))
        choice = chosen or entry.get("value") or entry.get("default") or "any"
        if choice not in options or choice not in ("any", "all"):
            raise self.error(
                f"理解开关“{entry['id']}”不能取“{choice}”，可选：{'、'.join(options)}。",
                f"The reading “{entry['id']}” cannot be “{choice}”; options: {', '.join(options)}.",
            )
        return Reading(
            entry["id"], cast(Any, choice), text_of(entry.get("text"), entry["id"]), entry.get("clause"), options
        )

    def nodes(self, part: str) -> tuple[Node, ...]:
        entries = [e for e in self.raw.get(part) or () if isinstance(e, str) or self.in_force(e)]
        return tuple(self.node(e, part, f"{part}-{i + 1}") for i, e in enumerate(entries))

    def classes(self) -> tuple[LandClass, ...]:
        entries = [c for c in self.raw.get("classes") or () if self.in_force(c)]
        found = {
            c["id"]: LandClass(
                id=c["id"],
                name=text_of(c.get("name"), c["id"]),
                when=self.node(c["when"], c["id"], f"{c['id']}-0") if c.get("when") else None,
                clause=c.get("clause"),
                parent=c.get("parent"),
                order=float(c.get("order", i + 1)),
            )
            for i, c in enumerate(entries)
        }
        for c in found.values():
            if c.parent and c.parent not in found:
                raise self.error(f"大类“{c.parent}”不存在。", f"There is no parent class “{c.parent}”.", c.id)

        def line(c: LandClass) -> list[LandClass]:
            above = [c]
            while above[-1].parent and len(above) <= len(found):
                above.append(found[above[-1].parent])
            if len(above) > len(found):
                raise self.error("类别的上下级关系成环。", "The classes' parents run in a circle.", c.id)
            return above

        def place(c: LandClass) -> tuple[float, int, float]:
            above = line(c)
            return (above[-1].order, -len(above), c.order)

        ranked = sorted(found.values(), key=place)
        return tuple(
            LandClass(c.id, c.name, c.when, c.clause, c.parent, c.order, rank) for rank, c in enumerate(ranked)
        )

    def node(self, raw: Any, place: str, fallback: str) -> Node:
        if isinstance(raw, str):
            if raw not in self.named:
                hint = nearest(raw, self.named)
                raise self.error(
                    f"引用了没有定义的条件“{raw}”。" + (f"是否为：{hint}？" if hint else ""),
                    f"The condition “{raw}” is not defined." + (f" Did you mean {hint}?" if hint else ""),
                    place,
                )
            return self.leaf(self.named[raw], place, raw)
        if not isinstance(raw, Mapping):
            raise self.error(f"读不懂这一条：{raw!r}。", f"This entry cannot be read: {raw!r}.", place)
        tests, connectives = [k for k in _TESTS if k in raw], [k for k in _CONNECTIVES if k in raw]
        if raw.get("when") is not None and not tests and not connectives:
            inner = self.node(raw["when"], place, fallback)
            return self._group(raw, "all", (inner,), fallback)
        if len(tests) + len(connectives) != 1:
            raise self.error(
                "每一条只能写一种判断：value、below_average、test 或 all、any、not、reading 之一。",
                "An entry makes exactly one test: one of value, below_average, test, all, any, not, reading.",
                f"{place} {raw.get('id', '')}".strip(),
            )
        if tests:
            return self.leaf(raw, place, raw.get("id") or fallback)
        key = connectives[0]
        inside = raw["of"] if key == "reading" else raw[key]
        items = list(inside) if isinstance(inside, list | tuple) else [inside]
        items = [i for i in items if not isinstance(i, Mapping) or self.in_force(i)]
        if not items or (key == "not" and len(items) != 1):
            raise self.error(
                f"“{key}”下面没有（或不止一个）生效的条件。",
                f"Under “{key}” there is no condition in force (or more than one under not).",
                place,
            )
        children = tuple(self.node(item, place, f"{fallback}.{i + 1}") for i, item in enumerate(items))
        if key == "reading":
            switch = self.reading(raw["reading"], place)
            return self._group(raw, switch.chosen, children, fallback, switch.id)
        return self._group(raw, key, children, fallback)

    def reading(self, name: str, place: str) -> Reading:
        if name not in self.readings:
            raise self.error(f"没有定义理解开关“{name}”。", f"The reading “{name}” is not defined.", place)
        return self.readings[name]

    def _group(self, raw: Raw, operator: str, of: tuple[Node, ...], fallback: str, reading: str | None = None) -> Group:
        return Group(
            operator=cast(Any, operator),
            of=of,
            id=raw.get("id"),
            text=text_of(raw["text"], fallback) if raw.get("text") else None,
            clause=raw.get("clause"),
            reading=reading,
            confirm=names_of(raw.get("confirm")),
            evidence=raw.get("evidence"),
        )

    def leaf(self, raw: Raw, place: str, name: str) -> Node:
        place = f"{place} {name}"
        if "below_average" not in raw:
            return Leaf(self.condition(raw, name, self.test(raw, place)))
        facts = names_of(raw["below_average"])
        tests = {fact: self.below_average(raw, fact, place) for fact in facts}
        if len(facts) == 1:
            return Leaf(self.condition(raw, name, tests[facts[0]]))
        combine, reading = raw.get("combine") or "any", None
        if combine not in ("any", "all"):
            reading = combine
            combine = self.reading(combine, place).chosen
        parts = tuple(Leaf(self.condition(raw, f"{name}.{fact}", test)) for fact, test in tests.items())
        return self._group({**raw, "id": name}, combine, parts, name, reading)

    def condition(self, raw: Raw, name: str, test: Test) -> Condition:
        return Condition(
            id=name,
            test=test,
            text=text_of(raw.get("text"), name),
            clause=raw.get("clause"),
            confirm=names_of(raw.get("confirm")),
            ask=names_of(raw.get("ask")),
            evidence=raw.get("evidence"),
            set_by=_set_by(raw),
            open=bool(raw.get("open", False)),
        )

    def below_average(self, raw: Raw, fact: str, place: str) -> BelowAverage:
        factor = raw.get("factor")
        if isinstance(factor, Mapping) and "table" not in factor:
            factor = factor.get(fact)
        statistic = raw.get("statistic") or "mean"
        if statistic not in ("mean", "median"):
            raise self.error(
                f"统计量“{statistic}”应为 mean 或 median。", f"statistic is “{statistic}”: use mean or median.", place
            )
        if statistic == "median" and raw.get("weights"):
            raise self.error("中位数不能加权。", "A median takes no weights.", place)
        by = names_of(raw.get("by"))
        if not by:
            raise self.error(
                "below_average 缺少 by（同行业按什么分组）。", "below_average needs by (what makes a group).", place
            )
        return BelowAverage(
            fact=fact,
            by=by,
            within=raw.get("within"),
            factor=self.from_table(factor, place)
            if isinstance(factor, Mapping)
            else None
            if factor is None
            else float(factor),
            statistic=cast(Statistic, statistic),
            min_group=int(raw.get("min_group") or 3),
            leave_one_out=bool(raw.get("leave_one_out", False)),
            weights=raw.get("weights"),
        )

    def from_table(self, raw: Raw, place: str) -> FromTable:
        keys = names_of(raw.get("key"))
        if not keys:
            raise self.error("查表的阈值缺少 key。", "A threshold from a table needs a key.", place)
        times = raw.get("times", 1.0)
        return FromTable(str(raw["table"]), keys, None if times is None else float(times))

    def test(self, raw: Raw, place: str) -> Test:
        if "test" in raw:
            parameters = {
                k: (v.get("value") if isinstance(v, Mapping) else v) for k, v in (raw.get("parameters") or {}).items()
            }
            names = names_in(raw["test"], where=f"{self.where} {place}")
            facts = tuple(n for n in names if n not in parameters)
            return Expression(raw["test"], facts, tuple(parameters.items()))
        fact = raw["value"]
        kinds = [k for k in ("is", *_OPERATORS, "between", "in", "not_in", "any_of", "starts_with") if k in raw]
        if len(kinds) != 1:
            raise self.error(
                f"指标“{fact}”要写且只写一种比较（is、eq、lt、in 等）。",
                f"The fact “{fact}” needs exactly one comparison (is, eq, lt, in, …).",
                place,
            )
        kind, wanted = kinds[0], raw[kinds[0]]
        if wanted is None:  # left open (set_by): unknown, whatever the comparison will be
            return Compare(fact, "eq", None)
        if kind == "is":
            return Is(fact, bool(wanted))
        if kind == "between":
            low, high = (self.from_table(v, place) if isinstance(v, Mapping) else v for v in wanted)
            return Between(fact, low, high)
        if kind in ("in", "not_in"):
            return OneOf(fact, tuple(_list(wanted)), kind == "not_in")
        if kind == "any_of":
            return AnyOf(fact, tuple(_list(wanted)))
        if kind == "starts_with":
            return StartsWith(fact, tuple(str(v) for v in _list(wanted)))
        threshold = self.from_table(wanted, place) if isinstance(wanted, Mapping) else cast("Scalar | None", wanted)
        return Compare(fact, cast(Operator, kind), threshold)


def in_force(entry: Raw, on: date | None) -> bool:
    begin, end = _day(entry.get("from")), _day(entry.get("to"))
    return on is None or ((begin is None or begin <= on) and (end is None or on <= end))


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return date.fromisoformat(value) if isinstance(value, str) else cast("date | None", value)


def _entries(raw: Any) -> list[Raw]:
    if isinstance(raw, Mapping):
        return [{"id": k, **v} for k, v in raw.items()]
    return list(raw or ())


def names_of(raw: Any) -> tuple[str, ...]:
    if raw is None:
        return ()
    return (raw,) if isinstance(raw, str) else tuple(str(v) for v in raw)


def _list(raw: Any) -> list[Any]:
    return list(raw) if isinstance(raw, list | tuple | set) else [raw]


def _set_by(raw: Raw) -> str | None:
    if raw.get("set_by"):
        return str(raw["set_by"])
    deciders = [
        v["set_by"] for v in (raw.get("parameters") or {}).values() if isinstance(v, Mapping) and v.get("set_by")
    ]
    return "、".join(dict.fromkeys(deciders)) or None


def text_of(raw: Any, default: str) -> Text:
    """``{zh, en}`` (or one text for both languages) as Text."""
    if isinstance(raw, Text):
        return raw
    if isinstance(raw, Mapping) and raw.get("zh"):
        return Text(str(raw["zh"]), str(raw.get("en") or raw["zh"]))
    return Text(raw, raw) if isinstance(raw, str) else Text(default, default)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint naming the nearest known names, or an empty text."""
    return "、".join(difflib.get_close_matches(name, list(known), n=3, cutoff=0.6))
