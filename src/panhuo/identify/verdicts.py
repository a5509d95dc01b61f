"""Facts and a standard -> one verdict a parcel, with the evidence of every condition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol, runtime_checkable

import polars as pl

from panhuo.identify.averages import with_averages
from panhuo.identify.compile import typed_facts, with_condition_columns
from panhuo.identify.conditions import BelowAverage, Condition, Standard, leaves
from panhuo.identify.expressions import formula, names_in
from panhuo.identify.from_pack import standard_of
from panhuo.identify.grammar import nearest
from panhuo.identify.lists import with_lists
from panhuo.identify.trees import Tree, build_tree, first_of, leaf_column, with_branches
from panhuo.identify.turning import with_flip
from panhuo.land.facts import FACTS
from panhuo.messages import PanhuoError
from panhuo.packs import Pack
from panhuo.progress import Progress, silent

#: What identifies a parcel to people; carried through when the facts have it.
IDENTITY = (
    "parcel_code",
    "parcel_name",
    "township_code",
    "township_name",
    "holder_name",
    "enterprise_name",
    "area_m2",
)
OUTCOMES = ("identified", "not", "unknown", "excluded")


@dataclass(frozen=True, slots=True)
class FactSource:
    """Where a fact comes from: the layer or table it was measured from, and the day it stands for."""

    layer: str
    date: date | None = None


@runtime_checkable
class FactsLike(Protocol):
    """Facts with their sources: what a survey measures."""

    @property
    def frame(self) -> pl.DataFrame: ...


@dataclass(frozen=True)
class Verdicts:
    """The verdicts of one run.

    ``frame``: one row a parcel in the order of the facts: parcel_code, outcome (identified | not | unknown | excluded),
    main_class, classes (all met, the main one first), classes_open (could still be met), reasons (ids of the conditions
    that decided or, for unknown, that are open), missing (facts that could still change the outcome; ``threshold:<id>``
    where a threshold is not set or not in its table, ``group:<id>`` where too few peers are known, ``value:<id>`` where
    a formula has no value), ask (whom to ask for them), flip (id of the nearest condition that alone would turn the
    verdict), flip_change (relative change of the value that this takes; null for yes-or-no conditions), gate (may the
    policies be used; null unknown).
    ``evidence``: one row a parcel: parcel_code, one nullable bool a condition (and a named group), ``<id>@average``,
    ``@group_size``, ``@ratio``, ``@factor``, ``@threshold`` where there is a benchmark.
    ``facts``: the values the conditions were judged by. ``sources``: fact -> where it comes from.
    """

    frame: pl.DataFrame
    evidence: pl.DataFrame
    facts: pl.DataFrame
    standard: Standard
    sources: Mapping[str, FactSource] = field(default_factory=dict)

    def counts(self) -> pl.DataFrame:
        """Parcels and area (m²) by outcome; every outcome has a row, so the sums are those of the survey."""
        area = self.facts["area_m2"] if "area_m2" in self.facts.columns else pl.lit(None, dtype=pl.Float64)
        counted = self.frame.select("outcome", pl.lit(area).alias("area_m2") if isinstance(area, pl.Expr) else area)
        table = counted.group_by("outcome").agg(pl.len().alias("parcels"), pl.col("area_m2").sum())
        every = pl.DataFrame({"outcome": list(OUTCOMES)})
        return every.join(table, on="outcome", how="left", maintain_order="left").with_columns(
            pl.col("parcels").fill_null(0), pl.col("area_m2").fill_null(0.0)
        )


def identify(
    facts: pl.DataFrame | FactsLike,
    pack: Standard | Pack | Mapping[str, Any],
    *,
    on: date | None = None,
    readings: Mapping[str, str] | None = None,
    sources: Mapping[str, FactSource] | None = None,
    progress: Progress = silent,
) -> Verdicts:
    """Judge every parcel by the pack's standard as it is in force ``on`` a day (the pack's own day when not given).

    ``facts`` has one row a parcel, ``parcel_code`` and the columns of the fact catalogue; null is unknown and never
    false.
    ``pack`` is a loaded pack, a plain mapping of the same content, or a :class:`Standard`. ``readings`` tries out other
    choices for the ambiguous wordings. Rule of the outcome: an exclusion holds or a precondition fails -> excluded;
    else no class is met -> not; else no exclusion, every precondition and some class hold -> identified; else unknown.
    Unknown is never read as false, so an identified parcel stays identified whatever is still found out.

    Raises PanhuoError when the standard names a fact that nobody knows, or a column has the wrong type.
    """
    standard = pack if isinstance(pack, Standard) else standard_of(pack, on=on, readings=readings)
    frame = facts if isinstance(facts, pl.DataFrame) else facts.frame
    if "parcel_code" not in frame.columns:
        raise PanhuoError(
            "事实表缺少宗地代码（parcel_code）列。", "The facts have no column parcel_code.", where="identify"
        )
    conditions = standard.conditions()
    progress("整理指标", 0, 4)
    used, bases = used_facts(frame, standard, conditions)
    used = typed_facts(used, conditions.values())
    progress("判定条件", 1, 4)
    averages = [(n, c.test) for n, c in conditions.items() if isinstance(c.test, BelowAverage)]
    work = with_averages(used, averages) if averages else used
    work = with_condition_columns(work, standard, conditions)
    tree = build_tree(standard)
    work = with_branches(work, tree)
    progress("形成结论", 2, 4)
    work = _with_outcome(work, tree)
    known = sources if sources is not None else getattr(facts, "sources", {})
    verdict = with_lists(work, standard, tree, bases)
    verdict = with_flip(verdict, standard, tree)
    progress("整理证据", 3, 4)
    evidence = work.select(
        "parcel_code",
        *(pl.col(leaf_column(name)).alias(name) for name in conditions),
        *(pl.col(column).alias(name) for name, column in tree.named_groups if name not in conditions),
        *(c for c in work.columns if "@" in c and not c.startswith("=")),
    )
    result = verdict.select(
        "parcel_code",
        "outcome",
        "main_class",
        "classes",
        "classes_open",
        "reasons",
        "missing",
        "ask",
        "flip",
        "flip_change",
        "gate",
    )
    progress("整理证据", 4, 4)
    return Verdicts(result, evidence, used, standard, dict(known))


def used_facts(
    frame: pl.DataFrame, standard: Standard, conditions: Mapping[str, Condition]
) -> tuple[pl.DataFrame, dict[str, tuple[str, ...]]]:
    """The columns the standard needs (derived ones computed, absent ones all unknown) and, per fact, what it is made
    of.
    """
    wanted = dict.fromkeys(f for c in conditions.values() for f in c.facts)
    derived, bases = dict(standard.derived), {}
    made: list[str] = []

    def base(name: str, above: tuple[str, ...]) -> tuple[str, ...]:
        if name in above:
            raise PanhuoError(
                f"派生指标“{name}”循环引用自身。", f"The derived fact “{name}” refers to itself.", where=standard.id
            )
        if name in frame.columns or name not in derived:
            return (name,)
        below = [base(n, (*above, name)) for n in names_in(derived[name], where=name)]
        made.append(name)
        return tuple(dict.fromkeys(b for one in below for b in one))

    for name in wanted:
        bases[name] = base(name, ())
    plain = dict.fromkeys(b for several in bases.values() for b in several)
    # What the gate asks for (is the parcel in the upper register?) is known to the register, not to a survey.
    later = {c.id for c in leaves(standard.gate)} if standard.gate else set()
    judged = {b for n, c in conditions.items() if n not in later for f in c.facts for b in bases[f]}
    for name in plain:
        if name in judged and name not in frame.columns and name not in FACTS:
            hint = nearest(name, [*FACTS, *frame.columns])
            raise PanhuoError(
                f"标准用到的指标“{name}”不在指标目录中，也没有这一列。" + (f"是否为：{hint}？" if hint else ""),
                f"The standard uses the fact “{name}”, which is neither in the catalogue nor a column."
                + (f" Did you mean {hint}?" if hint else ""),
                where=standard.id,
            )
    columns = [n for n in dict.fromkeys([*IDENTITY, *plain]) if n in frame.columns]
    absent = [
        pl.lit(None, dtype=FACTS[n].dtype if n in FACTS else pl.Null).alias(n) for n in plain if n not in frame.columns
    ]
    used = frame.select(columns).with_columns(*absent, pl.col("parcel_code").cast(pl.String))
    for name in dict.fromkeys(made):
        used = used.with_columns(formula(derived[name], where=name).alias(name))
    return used, bases


def _with_outcome(work: pl.DataFrame, tree: Tree) -> pl.DataFrame:
    excluded = [pl.col(c) for c in tree.excluding] + [~pl.col(c) for c in tree.required]
    rule = [
        ("excluded", pl.any_horizontal(pl.lit(False), *excluded)),
        ("not", ~pl.col("#classes")),
        ("identified", pl.col("#verdict")),
        ("unknown", pl.lit(True)),
    ]
    work = work.with_columns(
        first_of(rule, work, "outcome"),
        (pl.col("#gate") if "#gate" in work.columns else pl.lit(None, dtype=pl.Boolean)).alias("gate"),
    )
    met = [(name, pl.col("#verdict") & pl.col(column)) for name, column in tree.class_columns]
    return work.with_columns(first_of(met, work, "main_class"))
