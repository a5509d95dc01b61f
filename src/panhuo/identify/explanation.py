"""Why a parcel got its verdict: every condition with its value, threshold, clause, source and date."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from panhuo.identify.conditions import BelowAverage, Condition, Expression, Leaf, Node, Standard, holds
from panhuo.identify.explanation_parts import Benchmark, Explanation, FactValue, Line, Missing, Section
from panhuo.identify.lists import STANDARD_MAKER, ask_for
from panhuo.identify.nearest import Change, nearest_changes
from panhuo.identify.trees import class_node
from panhuo.identify.verdicts import Verdicts
from panhuo.identify.wording import (
    OUTCOME,
    actor,
    clause,
    clause_summary,
    label,
    number,
    requirement,
    said_of,
    several,
    shown,
    unit_of,
)
from panhuo.messages import Lang, PanhuoError, Text


def explain(verdicts: Verdicts, parcel: str, lang: Lang = "zh") -> str:
    """The explanation of one parcel's verdict as text (``lang``: zh or en). See :func:`explanation_of` for the parts.

    Raises PanhuoError with similar codes when there is no such parcel.
    """
    return explanation_of(verdicts, parcel).say(lang)


def explanation_of(verdicts: Verdicts, parcel: str) -> Explanation:
    """The parts of the explanation of one parcel's verdict."""
    row = _row(verdicts, parcel)
    standard = verdicts.standard
    verdict = verdicts.frame.row(row, named=True)
    evidence = verdicts.evidence.row(row, named=True)
    facts = verdicts.facts.row(row, named=True)
    teller = _Teller(verdicts, evidence, facts)
    names = {c.id: class_name(standard, c.id) for c in standard.classes}
    states = {name: evidence[name] for name in standard.conditions()}
    main = verdict["main_class"]
    changes = nearest_changes(standard, states, facts, evidence)
    return Explanation(
        parcel=parcel,
        name=facts.get("parcel_name"),
        township=facts.get("township_name") or facts.get("township_code"),
        area_m2=facts.get("area_m2"),
        outcome=verdict["outcome"],
        outcome_text=OUTCOME[verdict["outcome"]],
        main_class=names[main] if main else None,
        classes=tuple(names[c] for c in _lowest(standard, verdict["classes"])),
        classes_open=tuple(names[c] for c in _lowest(standard, verdict["classes_open"])),
        standard=standard.title,
        standard_id=standard.id,
        on=standard.on,
        basis=standard.documents.get(standard.document or ""),
        base=standard.base,
        base_clause=clause(standard.base_clause, standard),
        sections=tuple(teller.sections()),
        readings=tuple((r.text, clause(r.clause, standard), r.chosen) for r in standard.readings),
        missing=tuple(teller.missing(verdict["missing"], verdict["reasons"])),
        changes=tuple((c, teller.change(c)) for c in changes),
    )


def class_name(standard: Standard, class_id: str) -> Text:
    """A class with the classes above it: 低效城镇用地—低效商服用地."""
    one = standard.land_class(class_id)
    if one.parent is None:
        return one.name
    above = class_name(standard, one.parent)
    return Text(f"{above.zh}—{one.name.zh}", f"{above.en} – {one.name.en}")


def _lowest(standard: Standard, classes: list[str]) -> list[str]:
    """The classes without those that only stand above another one of them."""
    above: set[str] = set()
    for one in classes:
        parent = standard.land_class(one).parent
        while parent:
            above.add(parent)
            parent = standard.land_class(parent).parent
    return [c for c in classes if c not in above]


def _row(verdicts: Verdicts, parcel: str) -> int:
    found = verdicts.frame.select(pl.arg_where(pl.col("parcel_code") == parcel)).to_series()
    if len(found):
        return int(found[0])
    codes = verdicts.frame["parcel_code"].drop_nulls()
    same = codes.filter(codes.str.starts_with(parcel[:12])) if parcel else codes
    near = difflib.get_close_matches(parcel, (same if len(same) else codes).head(20_000).to_list(), n=5, cutoff=0.5)
    hint_zh = f"相近的代码：{'、'.join(near)}。" if near else "请核对代码，或查看退回清单（未进入认定的宗地）。"
    hint_en = f"Similar codes: {', '.join(near)}." if near else "Check the code, or the list of parcels handed back."
    raise PanhuoError(
        f"认定结果中没有宗地“{parcel}”。{hint_zh}", f"There is no parcel “{parcel}” in the verdicts. {hint_en}"
    )


class _Teller:
    """Tells one parcel's conditions."""

    def __init__(self, verdicts: Verdicts, evidence: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        self.standard: Standard = verdicts.standard
        self.sources = verdicts.sources
        self.evidence, self.facts = evidence, facts
        self.states: dict[str, bool | None] = {n: evidence[n] for n in self.standard.conditions()}

    def sections(self) -> Iterator[Section]:
        standard = self.standard
        for kind, title, nodes in (
            ("exclusions", Text("排除情形", "Exclusions"), standard.exclusions),
            ("preconditions", Text("前提条件", "Preconditions"), standard.preconditions),
        ):
            if nodes:
                values = [holds(n, self.states) for n in nodes]
                decisive = kind == "exclusions"
                state = decisive if decisive in values else None if None in values else not decisive
                yield Section(kind, title, state, tuple(line for n in nodes for line in self.lines(n, 0)))
        for one in standard.classes:
            node = class_node(one, standard)
            lines = tuple(self.lines(one.when, 0)) if one.when is not None else ()
            state = None if node is None else holds(node, self.states)
            yield Section("class", one.name, state, lines, one.id, clause(one.clause, standard))
        if standard.gate is not None:
            gate = Text(
                "适用政策的前提（不影响认定结论）", "Condition for using the policies (not part of the verdict)"
            )
            yield Section("gate", gate, holds(standard.gate, self.states), tuple(self.lines(standard.gate, 0)))

    def lines(self, node: Node, depth: int) -> Iterator[Line]:
        if isinstance(node, Leaf):
            yield self.condition(node.condition, depth)
            return
        kinds = {
            "all": Text("以下各项均须符合", "all of the following"),
            "any": Text("符合以下任一项", "any of the following"),
            "not": Text("不得有下列情形", "not the following"),
        }
        worth_saying = len(node.of) > 1 or node.operator == "not"
        if depth > 0 or node.operator != "all" or node.text:
            if worth_saying:
                text = kinds[node.operator]
                if node.text:
                    text = Text(f"{node.text.zh}（{text.zh}）", f"{node.text.en} ({text.en})")
                yield Line(
                    node.id,
                    depth,
                    holds(node, self.states),
                    text,
                    clause(node.clause, self.standard),
                    clause_summary(node.clause, self.standard),
                    node.operator,
                    confirm=tuple(actor(c, self.standard) for c in node.confirm),
                    evidence=node.evidence,
                )
            depth += int(worth_saying)
        for child in node.of:
            yield from self.lines(child, depth)

    def condition(self, condition: Condition, depth: int) -> Line:
        standard, state = self.standard, self.states[condition.id]
        asked = requirement(condition, standard, self.evidence)
        if isinstance(condition.test, BelowAverage) and "." in condition.id:
            # One indicator of several: the group above has said the text, the clause and who confirms it.
            return Line(
                id=condition.id,
                depth=depth,
                state=state,
                text=asked,
                facts=tuple(self.fact(f) for f in condition.facts),
                benchmark=self.benchmark(condition),
                why_unknown=self.why_unknown(condition) if state is None else None,
            )
        return Line(
            id=condition.id,
            depth=depth,
            state=state,
            text=condition.text,
            clause=clause(condition.clause, standard),
            summary=clause_summary(condition.clause, standard),
            requirement=asked,
            facts=tuple(self.fact(f) for f in condition.facts),
            benchmark=self.benchmark(condition),
            why_unknown=self.why_unknown(condition) if state is None else None,
            confirm=tuple(actor(c, standard) for c in condition.confirm),
            evidence=condition.evidence,
        )

    def fact(self, name: str) -> FactValue:
        value = self.facts.get(name)
        source = self.sources.get(name)
        return FactValue(
            name,
            label(name, self.standard),
            value,
            said_of(name, value, unit_of(name, self.standard)),
            source.layer if source else None,
            source.date if source else None,
        )

    def benchmark(self, condition: Condition) -> Benchmark | None:
        test, name = condition.test, condition.id
        if not isinstance(test, BelowAverage):
            return None
        factor = test.factor if isinstance(test.factor, float) else self.evidence.get(f"{name}@factor")
        group = several(
            [
                Text(*[f"{label(k, self.standard)(g)} {said_of(k, self.facts.get(k))(g)}" for g in ("zh", "en")])
                for k in test.group
            ]
        )
        return Benchmark(
            self.evidence.get(f"{name}@average"),
            self.evidence.get(f"{name}@ratio"),
            factor,
            group,
            self.evidence.get(f"{name}@group_size"),
            test.min_group,
        )

    def why_unknown(self, condition: Condition) -> Text:
        standard, test = self.standard, condition.test
        absent = [label(f, standard) for f in condition.facts if self.facts.get(f) is None]
        reasons: list[Text] = []
        if condition.unset:
            maker = actor(condition.set_by, standard) if condition.set_by else STANDARD_MAKER
            reasons.append(Text(f"阈值尚未确定，由{maker.zh}确定", f"threshold not set, decided by {maker.en}"))
        if absent:
            reasons.append(Text(f"未掌握“{several(absent).zh}”", f"not known: {several(absent).en.lower()}"))
        if not reasons and isinstance(test, BelowAverage):
            size = self.evidence.get(f"{condition.id}@group_size") or 0
            if size < test.min_group:
                reasons.append(
                    Text(
                        f"同组有效数据仅{size}宗，少于规定的{test.min_group}宗",
                        f"only {size} known in the group, fewer than the {test.min_group} required",
                    )
                )
        if not reasons and condition.tables:
            for asked in condition.tables:
                keys = "、".join(str(self.facts.get(k)) for k in asked.keys)
                maker_name = standard.table(asked.table).set_by
                maker = actor(maker_name, standard) if maker_name else STANDARD_MAKER
                reasons.append(
                    Text(
                        f"阈值表“{asked.table}”没有“{keys}”的数值，由{maker.zh}确定",
                        f"table “{asked.table}” has no value for “{keys}”, decided by {maker.en}",
                    )
                )
        if not reasons and isinstance(test, Expression):
            reasons.append(
                Text("算式没有结果（例如除数为零）", "the formula has no value (for example a division by zero)")
            )
        return Text("；".join(r.zh for r in reasons), "; ".join(r.en for r in reasons))

    def missing(self, items: list[str], open_conditions: list[str]) -> Iterator[Missing]:
        conditions = self.standard.conditions()
        lacking: dict[str, list[Condition]] = {}
        bases = self._bases()
        for name in open_conditions:
            condition = conditions[name]
            for item in items:
                if item.split(":")[-1] == name or (":" not in item and any(item in bases(f) for f in condition.facts)):
                    lacking.setdefault(item, []).append(condition)
        for item in items:
            served = lacking.get(item, [])
            kind, _, _ = item.rpartition(":")
            first = served[0] if served else None
            if not kind:
                text = label(item, self.standard)
                ask = [a for c in served for a in ask_for(c, item)]
            elif first is None:
                text, ask = Text(item, item), []
            elif kind == "threshold":
                text = Text(f"“{first.text.zh}”的阈值", f"the threshold of “{first.text.en}”")
                makers = [first.set_by, *(self.standard.table(t.table).set_by for t in first.tables)]
                ask = [actor(m, self.standard) for m in makers if m] or [STANDARD_MAKER]
            else:
                reason = self.why_unknown(first)
                text = Text(f"“{first.text.zh}”：{reason.zh}", f"“{first.text.en}”: {reason.en}")
                ask = list(ask_for(first, first.facts[0]))
            yield Missing(
                item,
                text,
                tuple(dict.fromkeys(actor(a.zh, self.standard) if a.zh in self.standard.actors else a for a in ask)),
                tuple(c.id for c in served),
            )

    def _bases(self) -> Any:
        from panhuo.identify.expressions import names_in

        derived = dict(self.standard.derived)

        def bases(fact: str) -> tuple[str, ...]:
            if fact not in derived:
                return (fact,)
            return (fact, *(b for n in names_in(derived[fact]) for b in bases(n)))

        return bases

    def change(self, change: Change) -> Text:
        what, unit = label(change.fact, self.standard), unit_of(change.fact, self.standard)
        now, then = shown(change.now, unit), shown(change.then if change.limit is None else change.limit, unit)
        result = OUTCOME[change.outcome]
        if change.limit is None:
            if change.then == "—":
                then = Text("其他类别", "another category")
            return Text(
                f"{what.zh}由“{now.zh}”变为“{then.zh}”，则{result.zh}",
                f"if {what.en.lower()} were “{then.en}” instead of “{now.en}”: {result.en}",
            )
        share = number((change.relative or 0.0) * 100, 2)
        way = Text("降至", "fell to") if change.limit < change.now else Text("升至", "rose to")
        past = (
            Text("以下", " or below")
            if change.then < change.limit
            else Text("以上", " or above")
            if change.then > change.limit
            else Text("", "")
        )
        return Text(
            f"{what.zh}由{now.zh}{way.zh}{then.zh}{past.zh}（变动{share}%），则{result.zh}",
            f"if {what.en.lower()} {way.en} {then.en}{past.en} from {now.en} (a change of {share}%): {result.en}",
        )
