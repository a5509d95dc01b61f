"""Checks of the standard, the indicators, the yield evaluation and the pack's own examples."""

from __future__ import annotations

from collections import Counter

from panhuo.land.roles import ROLES
from panhuo.packs.check_conditions import check_expression, check_leaf, check_node
from panhuo.packs.checking import Checking
from panhuo.packs.derivation import derivation_order
from panhuo.packs.models import Leaf, walk
from panhuo.packs.models.standard import YieldEvaluation
from panhuo.packs.vocabulary import CASE_FACTS, enterprise_words, parcel_words


def check_standard(check: Checking) -> None:
    """Conditions, classes, readings and indicators."""
    standard, indicators = check.pack.standard, check.pack.indicators
    words = parcel_words(indicators)
    readings = {r.id: r.options for r in standard.readings}
    for leaf in (*standard.exclusions, *standard.preconditions, *standard.conditions):
        check_leaf(check, leaf, words, f"standard.conditions.{leaf.id}", readings)
    for one in standard.classes:
        check_node(check, one.when, words, f"standard.classes.{one.id}", readings)
    if standard.gate is not None:
        place = f"standard.conditions.{standard.gate.id}"
        check_leaf(check, standard.gate, {**words, **CASE_FACTS}, place, readings)
    used = _used(check)
    for leaf in check.pack.conditions():
        _check_complete(check, leaf, used)
    twice = [n for n, count in Counter(leaf.id for leaf in check.pack.conditions()).items() if n and count > 1]
    if any(p.kind in ("overlap", "duplicate_id") for p in check.problems.all()):
        twice = []  # said already, with both lines
    for name in twice:
        zh = f"条件编号“{name}”用了不止一次，请改名（编号在整个标准内须唯一）"
        en = f"condition id '{name}' is used more than once; ids are unique in a standard"
        check.error(f"standard.conditions.{name}", None, "duplicate_id", zh, en)
    _check_classes(check)
    _check_indicators(check)
    if indicators.yield_evaluation is not None:
        _check_yield(check, indicators.yield_evaluation)


def _check_complete(check: Checking, leaf: Leaf, used: set[str | None]) -> None:
    """In a standard a condition is shown to people, so it has an id, a text and a clause."""
    place = f"standard.conditions.{leaf.id}"
    if leaf.id is None:
        about = leaf.value or leaf.test or ", ".join(leaf.below_average)
        zh, en = f"条件（{about}）缺少编号 id", f"a condition ({about}) has no id"
        check.error("standard.conditions", None, "missing", zh, en)
        return
    if leaf.text is None:
        zh = f"条件“{leaf.id}”缺少 text（中英文说明）"
        check.error(place, None, "missing", zh, f"condition '{leaf.id}' has no text")
    if leaf.clause is None and not leaf.inferred:
        zh = f"条件“{leaf.id}”没有写依据条款 clause（推定的写 inferred: true）"
        check.error(place, None, "clause_missing", zh, f"condition '{leaf.id}' cites no clause and is not inferred")
    if check.pack.organisation.units and leaf.id in used:
        for name in leaf.confirm:
            if not any(name in actor for actor in check.actors):
                check.unknown(place, "confirm", "确认单位", "confirming unit", name, check.units, warning=True)


def _used(check: Checking) -> set[str | None]:
    """Conditions that take part: all but the named ones that no class uses (a parent may offer more)."""
    standard = check.pack.standard
    named = {n for c in standard.classes for n in walk(c.when) if isinstance(n, str)}
    offered = {leaf.id for leaf in standard.conditions}
    return {leaf.id for leaf in check.pack.conditions() if leaf.id not in offered or leaf.id in named}


def _check_classes(check: Checking) -> None:
    classes = {c.id: c for c in check.pack.standard.classes}
    parents = {c.parent for c in classes.values() if c.parent}
    for one in classes.values():
        place = f"standard.classes.{one.id}"
        if one.parent and one.parent not in classes:
            check.unknown(place, "parent", "类别", "class", one.parent, classes)
        if one.when is None and one.id not in parents:
            zh, en = f"类别“{one.id}”没有认定条件 when", f"class '{one.id}' has no condition ('when')"
            check.error(place, None, "missing", zh, en)
        seen, above = {one.id}, one.parent
        while above in classes:
            if above in seen:
                zh, en = f"类别“{one.id}”的上级类别形成循环", f"the parents of class '{one.id}' form a circle"
                check.error(place, "parent", "cycle", zh, en)
                break
            seen.add(above)
            above = classes[above].parent


def _check_indicators(check: Checking) -> None:
    indicators = check.pack.indicators
    words = parcel_words(indicators)
    for one in indicators.indicators:
        place = f"indicators.indicators.{one.id}"
        if one.expr is not None:
            check_expression(check, one.expr, {*words, *one.parameters} - {one.id}, place, "expr")
        elif one.id not in words:
            check.unknown(place, "id", "指标（自定义的须写 expr）", "fact (a new one needs expr)", one.id, words)
        if one.source is not None and one.source not in ROLES:
            check.unknown(place, "source", "数据角色", "role of data", one.source, ROLES)
    _check_derivation_order(check)


def _check_derivation_order(check: Checking) -> None:
    """Derived facts may use one another, but not in a circle."""
    derived = check.pack.indicators.derived
    _, circle = derivation_order({name: one.expr or "" for name, one in derived.items()})
    for name in circle:
        zh = f"派生指标互相引用，形成循环：{'、'.join(circle)}"
        en = f"derived facts use each other in a circle: {', '.join(circle)}"
        check.error(f"indicators.indicators.{name}", "expr", "cycle", zh, en)


def _check_yield(check: Checking, scheme: YieldEvaluation) -> None:
    words = enterprise_words(check.pack.indicators)
    readings = {r.id: r.options for r in check.pack.standard.readings}
    top = "indicators.yield_evaluation"
    for group in scheme.groups:
        check_node(check, group.when, words, f"{top}.groups.{group.id}", readings)
        for item in group.items:
            check_expression(check, item.expr, set(words), f"{top}.groups.{group.id}.items.{item.id}", "expr")
    for kind in ("bonus", "penalty", "veto", "exclusions"):
        for one in getattr(scheme, kind):
            check_node(check, one.when, words, f"{top}.{kind}.{one.id}", readings)
    classes = {n for c in scheme.classes for n in (c.id, c.name)}
    for veto in scheme.veto:
        if veto.yield_class not in classes:
            check.unknown(f"{top}.veto.{veto.id}", "class", "等级", "class", veto.yield_class, classes)


def check_examples(check: Checking) -> None:
    """The pack's own tests name facts, classes and conditions that exist."""
    pack = check.pack
    words = parcel_words(pack.indicators)
    conditions = {leaf.id for leaf in pack.conditions() if leaf.id}
    classes = {c.id for c in pack.standard.classes}
    readings = {r.id: r.options for r in pack.standard.readings}
    for test in pack.tests:
        place = f"tests.{test.id}"
        for fact in {name for row in (test.facts, *test.among) for name in row}:
            if fact not in words:
                check.unknown(place, "facts", "指标", "fact", fact, words)
        for name in test.expect.conditions:
            if name not in conditions:
                check.unknown(place, "expect", "条件", "condition", name, conditions)
        for name in (*(test.expect.classes or ()), *([test.expect.main_class] if test.expect.main_class else [])):
            if name not in classes:
                check.unknown(place, "expect", "类别", "class", name, classes)
        for name, option in test.readings.items():
            if option not in readings.get(name, ()):
                known = [f"{r}: {o}" for r, options in readings.items() for o in options]
                check.unknown(place, "readings", "读法", "reading", f"{name}: {option}", known)
