"""How values, thresholds and tests are said to people, in both languages."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from panhuo.identify.conditions import (
    AnyOf,
    BelowAverage,
    Between,
    Compare,
    Condition,
    Expression,
    FromTable,
    Is,
    OneOf,
    Scalar,
    Standard,
    StartsWith,
)
from panhuo.identify.formula_wording import FormulaTeller
from panhuo.land.codes.naming import list_of, with_names
from panhuo.land.facts import FACTS, UNIT_NAMES
from panhuo.messages import Text
from panhuo.packs.expressions import parse

OUTCOME: Mapping[str, Text] = {
    "identified": Text("认定为低效用地", "identified as inefficient land"),
    "not": Text("不属于低效用地", "not inefficient land"),
    "unknown": Text("尚不能认定，待核实", "cannot be decided yet"),
    "excluded": Text("不纳入认定范围", "excluded from identification"),
}
STATE: Mapping[bool | None, Text] = {
    True: Text("符合", "holds"),
    False: Text("不符合", "does not hold"),
    None: Text("无法判定", "unknown"),
}
SIGN: Mapping[bool | None, str] = {True: "✓", False: "✗", None: "？"}
_COMPARE: Mapping[str, Text] = {
    "eq": Text("为", "is"),
    "ne": Text("不为", "is not"),
    "lt": Text("低于", "is below"),
    "le": Text("不高于", "is at most"),
    "gt": Text("高于", "is above"),
    "ge": Text("不低于", "is at least"),
}
UNKNOWN = Text("未知", "unknown")


def label(fact: str, standard: Standard) -> Text:
    """What a fact is called: the pack's word, the catalogue's, or its own name."""
    if fact in standard.labels:
        return standard.labels[fact]
    return FACTS[fact].text if fact in FACTS else Text(fact, fact)


def unit_of(fact: str, standard: Standard) -> str | None:
    return standard.units.get(fact) or (FACTS[fact].unit if fact in FACTS else None)


def number(value: float, digits: int = 4) -> str:
    """A number as people read it: grouped, without useless zeros; four digits behind the point (two from a hundred on)
    are enough for a form.
    """
    if not math.isfinite(value):
        return "—"
    if value != 0 and abs(value) < 10**-digits:
        return f"{value:.3g}"
    text = f"{value:,.{min(digits, 2) if abs(value) >= 100 else digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(value: Any, unit: str | None = None) -> Text:
    """A value with its unit; ``share`` as per cent, ``year`` without grouping, a list joined, null as unknown."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN
    if isinstance(value, bool):
        return Text("是", "yes") if value else Text("否", "no")
    if isinstance(value, datetime | date):
        return Text(f"{value.year}年{value.month}月{value.day}日", f"{value:%Y-%m-%d}")
    if isinstance(value, int | float):
        if unit == "share":
            return Text(f"{number(value * 100, 2)}%", f"{number(value * 100, 2)}%")
        if unit == "year":
            return Text(f"{int(value)}年", f"{int(value)}")
        written = UNIT_NAMES.get(unit or "", Text(unit or "", unit or ""))
        digits = 2 if unit == "m2" else 4
        said = number(value, digits)
        en = f" ({written.en})" if written.en[:1].isdigit() else f" {written.en}" if written.en else ""
        return Text(f"{said}{written.zh}", f"{said}{en}")
    if isinstance(value, str):
        return Text(value, value)
    if isinstance(value, Sequence):
        words = [str(v) for v in value]
        return Text("、".join(words) or "无", ", ".join(words) or "none")
    return Text(str(value), str(value))


def said_of(fact: str, value: Any, unit: str | None = None) -> Text:
    """A value of a fact: :func:`shown`, and a code with its name beside it."""
    return with_names(value, list_of(fact)) if isinstance(value, str) else shown(value, unit)


def several(texts: Sequence[Text]) -> Text:
    return Text("、".join(t.zh for t in texts), ", ".join(t.en for t in texts))


def actor(name: str, standard: Standard) -> Text:
    return standard.actors.get(name, Text(name, name))


def clause(reference: str | None, standard: Standard) -> Text | None:
    """A clause as it is cited: by its number alone if it is of the standard's own document, in full otherwise."""
    if not reference:
        return None
    document, _, own = reference.partition("#")
    if own and document == standard.document:
        return Text(own, own)
    return standard.citations.get(reference, Text(reference, reference))


def clause_summary(reference: str | None, standard: Standard) -> Text | None:
    """The pack's own-words summary of a clause, if it has one."""
    return standard.clauses.get(reference or "")


def requirement(condition: Condition, standard: Standard, evidence: Mapping[str, Any]) -> Text:
    """The test of a condition as a sentence part: fact, operator, threshold (looked-up numbers from the evidence)."""
    test, name = condition.test, condition.id
    if isinstance(test, Expression):
        return formula_text(test, standard)
    what = label(test.fact, standard)
    unit = unit_of(test.fact, standard)

    def say(zh: str, en: str) -> Text:
        return Text(f"{what.zh}{zh}", f"{what.en} {en}")

    match test:
        case Is(wanted=wanted):
            answer = said_of(test.fact, wanted)
            return say(f"为“{answer.zh}”", f"is “{answer.en}”")
        case Compare(operator=operator, threshold=threshold):
            verb = _COMPARE[operator]
            limit = _limit(threshold, unit, evidence.get(f"{name}@threshold"))
            return say(f"{verb.zh}{limit.zh}", f"{verb.en} {limit.en}")
        case Between(low=low, high=high):
            a, b = _limit(low, unit, None), _limit(high, unit, None)
            return say(f"在{a.zh}至{b.zh}之间", f"is between {a.en} and {b.en}")
        case OneOf(values=values, negated=negated):
            words = [said_of(test.fact, v) for v in values]
            zh, en = several(words).zh, several(words).en
            if condition.open:
                return say(f"属于{zh}等（清单未穷尽）", f"is one of {en} or the like (the list is open)")
            if negated:
                return say(f"不属于{zh}", f"is none of {en}")
            return say(f"属于{zh}", f"is one of {en}") if len(words) > 1 else say(f"为{zh}", f"is {en}")
        case AnyOf(values=values):
            words = [shown(v) for v in values]
            return say(f"含有{several(words).zh}{'之一' if len(words) > 1 else ''}", f"contains {several(words).en}")
        case StartsWith(prefixes=prefixes):
            return say(f"以{'、'.join(prefixes)}开头", f"begins with {', '.join(prefixes)}")
        case BelowAverage(factor=factor):
            group = several([label(k, standard) for k in test.by])
            near = "全域" if test.within is None else f"同{label(test.within, standard).zh}"
            near_en = "" if test.within is None else f" in the same {label(test.within, standard).en.lower()}"
            kind = Text("中位数", "median") if test.statistic == "median" else Text("平均值", "mean")
            times = factor if not isinstance(factor, FromTable) else evidence.get(f"{name}@factor")
            if times is None:
                return say(
                    f"明显低于{near}同{group.zh}{kind.zh}（倍数尚未确定）",
                    f"is far below the {kind.en} of the same {group.en.lower()}{near_en} (factor not set)",
                )
            share = number(float(times) * 100, 2)
            return say(
                f"低于{near}同{group.zh}{kind.zh}的{share}%",
                f"is below {share}% of the {kind.en} of the same {group.en.lower()}{near_en}",
            )


def formula_text(test: Expression, standard: Standard) -> Text:
    """A formula of the pack in words; a parameter that is not set is said to be so."""

    def value(said: object, beside: str | None) -> Text:
        if said is None:
            return Text("（尚未确定）", "(not set)")
        return said_of(beside or "", said, unit_of(beside, standard) if beside else None)

    teller = FormulaTeller(lambda fact: label(fact, standard), value, dict(test.parameters))
    return teller.condition(parse(test.source))


def _limit(threshold: Scalar | FromTable | None, unit: str | None, looked_up: Any) -> Text:
    if isinstance(threshold, FromTable):
        value = shown(looked_up, unit)
        if looked_up is None:
            return Text(f"阈值表“{threshold.table}”的值", f"the value of table “{threshold.table}”")
        return Text(f"{value.zh}（阈值表“{threshold.table}”）", f"{value.en} (table “{threshold.table}”)")
    return Text("（阈值尚未确定）", "(threshold not set)") if threshold is None else shown(threshold, unit)
