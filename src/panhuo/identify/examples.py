"""A pack's own tests: a parcel's facts and the verdict a policy officer expects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from panhuo.identify.explanation import explain
from panhuo.identify.from_pack import plain, standard_of
from panhuo.identify.grammar import text_of
from panhuo.identify.verdicts import identify
from panhuo.identify.wording import OUTCOME, STATE
from panhuo.land.facts import FACTS
from panhuo.messages import Lang, PanhuoError, Text
from panhuo.packs import Pack, load_pack


@dataclass(frozen=True, slots=True)
class ExampleResult:
    """How one example went; ``differences`` says what was expected and what came out, ``explanation`` why (zh, en)."""

    id: str
    name: Text
    clause: str | None
    differences: tuple[Text, ...]
    explanation: Text

    @property
    def passed(self) -> bool:
        return not self.differences

    def say(self, lang: Lang = "zh") -> str:
        """One line if it passed; else the differences and the grounds of the verdict."""
        head = f"{'✓' if self.passed else '✗'} {self.id} {self.name(lang)}" + (
            f" [{self.clause}]" if self.clause else ""
        )
        if self.passed:
            return head
        return "\n".join(
            [
                head,
                *(f"    {d(lang)}" for d in self.differences),
                *("    | " + line for line in self.explanation(lang).splitlines()),
            ]
        )


def run_pack_tests(pack: Pack | Mapping[str, Any], tests: Iterable[Any] | None = None) -> tuple[ExampleResult, ...]:
    """Run a pack's examples (``tests/*.yaml``: facts -> expected outcome, class, conditions).

    ``pack`` is a loaded pack or a plain mapping (then its examples are under ``tests``); ``tests`` gives others to run.
    The parcels under ``among`` of an example stand beside it for averages. A fact the catalogue does not know is an
    error.
    """
    own = pack.tests if isinstance(pack, Pack) else pack.get("tests", ())
    return tuple(_run(pack, plain(test)) for test in (own if tests is None else tests))


def _run(pack: Pack | Mapping[str, Any], test: Mapping[str, Any]) -> ExampleResult:
    name, expect = text_of(test.get("name"), str(test["id"])), test.get("expect") or {}
    try:
        on = test.get("on")
        if isinstance(pack, Pack) and on is not None and on != pack.on:
            # A story about another day is judged by the policy of that day.
            pack = load_pack(pack.folder, on, [layer.folder.parent for layer in pack.layers])
        standard = standard_of(pack, on=on, readings=test.get("readings"))
        rows = [{"parcel_code": test["id"], **test["facts"]}]
        rows += [{"parcel_code": f"{test['id']}-{i + 1}", **facts} for i, facts in enumerate(test.get("among") or ())]
        verdicts = identify(facts_of(rows, where=str(test["id"])), standard)
    except PanhuoError as error:
        return ExampleResult(
            str(test["id"]), name, test.get("clause"), (Text(error.say("zh"), error.say("en")),), Text("", "")
        )
    verdict, evidence = verdicts.frame.row(0, named=True), verdicts.evidence.row(0, named=True)
    names = {c.id: c.name for c in standard.classes}
    differences: list[Text] = []

    def differ(what: Text, wanted: Text, got: Text) -> None:
        differences.append(
            Text(f"{what.zh}：应为“{wanted.zh}”，实为“{got.zh}”", f"{what.en}: expected “{wanted.en}”, got “{got.en}”")
        )

    def called(class_id: str | None) -> Text:
        return names.get(class_id or "", Text(class_id or "无", class_id or "none"))

    if expect.get("outcome") is not None and verdict["outcome"] != expect["outcome"]:
        differ(Text("结论", "outcome"), OUTCOME[expect["outcome"]], OUTCOME[verdict["outcome"]])
    if "class" in expect and expect["class"] != verdict["main_class"]:
        differ(Text("主类", "main class"), called(expect["class"]), called(verdict["main_class"]))
    if expect.get("classes") is not None and sorted(expect["classes"]) != sorted(verdict["classes"]):
        wanted, got = ["、".join(map(str, c)) or "—" for c in (expect["classes"], verdict["classes"])]
        differ(Text("符合的类别", "classes met"), Text(wanted, wanted), Text(got, got))
    for condition, state in (expect.get("conditions") or {}).items():
        if condition not in evidence:
            differ(
                Text(f"条件 {condition}", f"condition {condition}"),
                STATE[state],
                Text("没有这个条件", "no such condition"),
            )
        elif evidence[condition] is not state:
            differ(Text(f"条件 {condition}", f"condition {condition}"), STATE[state], STATE[evidence[condition]])
    told = Text("", "")
    if differences:
        told = Text(explain(verdicts, str(test["id"])), explain(verdicts, str(test["id"]), "en"))
    return ExampleResult(str(test["id"]), name, test.get("clause"), tuple(differences), told)


def facts_of(rows: list[dict[str, Any]], *, where: str | None = None) -> pl.DataFrame:
    """Facts written by hand (one mapping a parcel) as a table with the catalogue's types; what is not named is unknown.

    Raises PanhuoError naming the fact whose value does not fit its type.
    """
    names = list(dict.fromkeys(k for row in rows for k in row))
    columns = []
    for name in names:
        values = [row.get(name) for row in rows]
        try:
            columns.append(
                pl.Series(
                    name,
                    values,
                    dtype=FACTS[name].dtype if name in FACTS else None,
                    strict=name not in FACTS or FACTS[name].kind != "number",
                )
            )
        except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
            kind = FACTS[name].kind if name in FACTS else "?"
            raise PanhuoError(
                f"指标“{name}”的值 {values[0]!r} 与类型（{kind}）不符。",
                f"The value {values[0]!r} of the fact “{name}” does not fit its type ({kind}).",
                where=where,
            ) from error
    return pl.DataFrame(columns)
