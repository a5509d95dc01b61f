"""A pack's own tests: examples with expected verdicts, and worked examples of its formulas."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from panhuo.land.facts import FACTS, facts_schema
from panhuo.messages import PanhuoError, Text
from panhuo.packs.formulas import compute
from panhuo.packs.models import Example
from panhuo.packs.pack import Pack
from panhuo.packs.problems import Place


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A verdict as tests look at it: outcome, classes met (main class first), every condition's answer by id."""

    outcome: str
    classes: tuple[str, ...]
    conditions: Mapping[str, bool | None]


#: What the floor above gives: (pack, facts with one row a parcel, chosen readings) -> the verdict of the first row.
Evaluate = Callable[[Pack, pl.DataFrame, Mapping[str, str]], Evaluated]
#: Gives the pack as it holds on another day.
Reload = Callable[[datetime.date], Pack]


@dataclass(frozen=True, slots=True)
class Trial:
    """One test and what came of it; ``told`` says what differs when it failed."""

    id: str
    name: Text
    passed: bool
    told: Text
    place: Place | None = None


def run_tests(pack: Pack, evaluate: Evaluate, *, reload: Reload | None = None) -> list[Trial]:
    """Run the examples of tests/ with the given evaluation, and the examples of the formulas.

    An example with its own day (``on``) needs ``reload``; without it the pack as loaded is used.
    """
    trials = [_run(pack, example, evaluate, reload) for example in pack.tests]
    return trials + run_formula_examples(pack)


def run_formula_examples(pack: Pack) -> list[Trial]:
    """Compute every worked example of the formulas."""
    trials = []
    for formula in pack.incentives.formulas:
        for number, case in enumerate(formula.examples, start=1):
            name = f"{formula.id}/{number}"
            try:
                result = compute(formula, case.inputs, parameters=case.parameters, readings=case.readings)
            except PanhuoError as error:
                trials.append(Trial(name, formula.title, False, error.text))
                continue
            passed = result is not None and abs(result - case.result) < 10 ** -(formula.rounding.digits + 3)
            shown = "unknown" if result is None else f"{result:g}"
            told = Text(f"应为 {case.result:g}，算得 {shown}", f"expected {case.result:g}, got {shown}")
            place = pack.place(f"incentives.formulas.{formula.id}", "examples")
            trials.append(Trial(name, formula.title, passed, Text("", "") if passed else told, place))
    return trials


def facts_of(pack: Pack, example: Example) -> pl.DataFrame:
    """The example's parcel (first row) and its company as a facts table; what is not given is null."""
    rows: list[dict[str, Any]] = []
    derived = pack.indicators.derived
    for number, given in enumerate((example.facts, *example.among)):
        row: dict[str, Any] = dict.fromkeys(FACTS)
        row["parcel_code"] = f"TEST-{number:04d}"
        row.update({k: list(v) if isinstance(v, tuple) else v for k, v in given.items() if k not in derived})
        rows.append(row)
    table = pl.DataFrame(rows, schema=facts_schema(), strict=False)
    given_derived = [k for k in derived if k in example.facts]
    return table.with_columns(pl.lit(example.facts[k]).alias(k) for k in given_derived)


def _run(pack: Pack, example: Example, evaluate: Evaluate, reload: Reload | None) -> Trial:
    place = pack.place(f"tests.{example.id}")
    subject = reload(example.on) if example.on is not None and reload is not None else pack
    try:
        verdict = evaluate(subject, facts_of(subject, example), dict(example.readings))
    except PanhuoError as error:
        return Trial(example.id, example.name, False, error.text, place)
    wrong = list(_differences(example, verdict))
    told = Text("；".join(w.zh for w in wrong), "; ".join(w.en for w in wrong))
    return Trial(example.id, example.name, not wrong, told, place)


def _differences(example: Example, verdict: Evaluated) -> Sequence[Text]:
    expected, wrong = example.expect, []
    if expected.outcome is not None and verdict.outcome != expected.outcome:
        wrong.append(_told("结论", "outcome", expected.outcome, verdict.outcome))
    main = verdict.classes[0] if verdict.classes else None
    if expected.main_class is not None and main != expected.main_class:
        wrong.append(_told("主类别", "main class", expected.main_class, main))
    if expected.classes is not None and set(expected.classes) != set(verdict.classes):
        wrong.append(_told("类别", "classes", list(expected.classes), list(verdict.classes)))
    for name, answer in expected.conditions.items():
        got = verdict.conditions.get(name)
        if got is not answer:
            wrong.append(_told(f"条件 {name}", f"condition {name}", _shown(answer), _shown(got)))
    return wrong


def _shown(answer: bool | None) -> str:
    return "unknown" if answer is None else str(answer).lower()


def _told(zh: str, en: str, expected: object, got: object) -> Text:
    return Text(f"{zh}应为 {expected}，实为 {got}", f"{en}: expected {expected}, got {got}")
