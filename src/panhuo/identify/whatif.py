"""What if a threshold were another? Counts, areas and flips over a whole survey while somebody moves a slider.

What does not rest on the moved threshold is not computed again: the truth of every condition lies in a file that is
mapped into memory, and only the conditions that read otherwise than before are judged anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc

from panhuo.identify.averages import with_averages
from panhuo.identify.compile import with_condition_columns
from panhuo.identify.conditions import BelowAverage, Condition, Standard
from panhuo.identify.trees import Tree, build_tree, leaf_column, with_branches
from panhuo.identify.verdicts import OUTCOMES, Verdicts
from panhuo.messages import PanhuoError

#: What is kept beside the conditions: who the parcel is, where, how large.
_CARRIED = {"parcel_code": pl.String, "township_code": pl.String, "township_name": pl.String, "area_m2": pl.Float64}
_OUTCOME, _CLASS = "?outcome", "?class"


@dataclass(frozen=True, slots=True)
class Tried:
    """What another standard would say of the same parcels.

    counts    : one row an outcome: outcome, parcels, area_m2, parcels_before, area_m2_before
    townships : one row a township with flips: township_code, township_name, flipped, flipped_m2, identified,
                identified_before
    flips     : one row a parcel whose outcome or main class differs: row (from 0, among the verdicts), parcel_code,
                area_m2, outcome_before, outcome, class_before, main_class
    judged    : ids of the conditions that were judged anew
    """

    counts: pl.DataFrame
    townships: pl.DataFrame
    flips: pl.DataFrame
    judged: tuple[str, ...]


class Session:
    """The judged facts of one run, ready to be asked again and again. It is only read: threads may share it."""

    def __init__(self, frame: pl.DataFrame, standard: Standard) -> None:
        self.standard = standard
        self._frame = frame
        self._conditions = standard.conditions()

    @classmethod
    def of(cls, verdicts: Verdicts) -> Session:
        """A session over verdicts in memory."""
        return cls(_columns(verdicts), verdicts.standard)

    @classmethod
    def open(cls, path: Path, standard: Standard) -> Session:
        """A session over the file that :func:`prepare` wrote for verdicts by ``standard``; it is mapped, not read."""
        with pa.memory_map(str(path)) as source:
            table = ipc.open_file(source).read_all()
        return cls(pl.DataFrame(table), standard)

    @property
    def parcels(self) -> int:
        return self._frame.height

    def try_out(self, other: Standard) -> Tried:
        """What ``other`` would say: the same standard with other thresholds or readings.

        Raises PanhuoError when it has other conditions than the session's standard; such standards are compared with
        :func:`panhuo.identify.compare`.
        """
        conditions = other.conditions()
        if list(conditions) != list(self._conditions):
            raise PanhuoError(
                "两套标准的条件不同，不能试算，请用对比回测。",
                "The two standards have different conditions; compare them instead.",
                where=other.id,
            )
        moved = {n: c for n, c in conditions.items() if self._moved(c, other)}
        work = self._judged(moved, other)
        tree = build_tree(other)
        after = _outcomes(with_branches(work, tree), tree)
        return self._told(after, [c for c, _ in tree.class_columns], tuple(moved))

    def _moved(self, condition: Condition, other: Standard) -> bool:
        if condition != self._conditions[condition.id]:
            return True
        return any(other.table(t.table) != self.standard.table(t.table) for t in condition.tables)

    def _judged(self, moved: Mapping[str, Condition], other: Standard) -> pl.DataFrame:
        """A column a condition, those of ``moved`` judged by the other standard."""
        kept = self._frame.select(leaf_column(n) for n in self._conditions if n not in moved)
        if not moved:
            return kept
        needed = {f for c in moved.values() for f in c.facts}
        needed |= {f"{n}@{what}" for n in moved for what in ("average", "group_size")} & set(self._frame.columns)
        facts = self._frame.select(c for c in self._frame.columns if c in needed)
        regrouped = [
            (n, c.test) for n, c in moved.items() if isinstance(c.test, BelowAverage) and self._regrouped(n, c.test)
        ]
        facts = with_averages(facts, regrouped) if regrouped else facts
        judged = with_condition_columns(facts, other, moved)
        return kept.hstack(judged.select(leaf_column(n) for n in moved))

    def _regrouped(self, name: str, test: BelowAverage) -> bool:
        before = self._conditions[name].test
        same = isinstance(before, BelowAverage) and (
            (before.fact, before.group, before.statistic, before.leave_one_out, before.weights)
            == (test.fact, test.group, test.statistic, test.leave_one_out, test.weights)
        )
        return not same

    def _told(self, after: pl.DataFrame, classes: list[str], judged: tuple[str, ...]) -> Tried:
        frame = self._frame.select(*_CARRIED, _OUTCOME, _CLASS).hstack(after)
        turned = (pl.col(_OUTCOME) != pl.col("outcome")) | pl.col(_CLASS).ne_missing(pl.col("class"))
        flips = frame.with_row_index("row").filter(turned)
        outcomes, names = list(OUTCOMES), pl.Series(classes, dtype=pl.String)
        told = flips.select(
            "row", "parcel_code", "area_m2",
            _words(_OUTCOME, "outcome_before", outcomes), _words("outcome", "outcome", outcomes),
            names.gather(flips[_CLASS]).alias("class_before"), names.gather(flips["class"]).alias("main_class"),
        )  # fmt: skip
        return Tried(_counted(frame, outcomes), self._by_township(frame, flips), told, judged)

    def _by_township(self, frame: pl.DataFrame, flips: pl.DataFrame) -> pl.DataFrame:
        identified = OUTCOMES.index("identified")
        keys = ["township_code", "township_name"]
        turned = flips.group_by(keys).agg(pl.len().alias("flipped"), pl.col("area_m2").sum().alias("flipped_m2"))
        change = flips.group_by(keys).agg(
            ((pl.col("outcome") == identified).cast(pl.Int64) - (pl.col(_OUTCOME) == identified).cast(pl.Int64))
            .sum()
            .alias("change")
        )
        before = self._identified_by_township()
        return (
            turned.join(change, on=keys, nulls_equal=True)
            .join(before, on=keys, how="left", nulls_equal=True)
            .with_columns(pl.col("identified_before").fill_null(0))
            .with_columns((pl.col("identified_before") + pl.col("change")).alias("identified"))
            .drop("change")
            .sort("flipped", descending=True)
        )

    def _identified_by_township(self) -> pl.DataFrame:
        if not hasattr(self, "_before"):
            keys = ["township_code", "township_name"]
            identified = self._frame.filter(pl.col(_OUTCOME) == OUTCOMES.index("identified"))
            self._before = identified.group_by(keys).agg(pl.len().cast(pl.Int64).alias("identified_before"))
        return self._before


def prepare(verdicts: Verdicts, path: Path) -> Path:
    """Write what a session maps: a column a condition, and the facts and averages of those that rest on a number."""
    part = path.with_name(f"{path.name}.part")
    _columns(verdicts).write_ipc(part, compression="uncompressed")
    part.replace(path)
    return path


def _columns(verdicts: Verdicts) -> pl.DataFrame:
    conditions = verdicts.standard.conditions()
    facts, evidence = verdicts.facts, verdicts.evidence
    needed = dict.fromkeys(f for c in conditions.values() for f in c.facts)
    averages = [c for c in evidence.columns if c.endswith(("@average", "@group_size"))]
    base = facts.select(
        *(pl.col(n).cast(t) if n in facts.columns else pl.lit(None, dtype=t).alias(n) for n, t in _CARRIED.items()),
        *(pl.col(n) for n in needed if n in facts.columns and n not in _CARRIED),
    )
    leaves = evidence.select(pl.col(n).alias(leaf_column(n)) for n in conditions)
    tree = build_tree(verdicts.standard)
    outcomes = _outcomes(with_branches(leaves, tree), tree).rename({"outcome": _OUTCOME, "class": _CLASS})
    return base.hstack(evidence.select(averages)).hstack(leaves).hstack(outcomes).rechunk()


def _outcomes(work: pl.DataFrame, tree: Tree) -> pl.DataFrame:
    """``outcome`` (place in OUTCOMES) and ``class`` (place in the tree's classes, null for none), by the one rule."""
    excluded = [pl.col(c) for c in tree.excluding] + [~pl.col(c) for c in tree.required]
    rule = {
        "excluded": pl.any_horizontal(pl.lit(False), *excluded),
        "not": ~pl.col("#classes"),
        "identified": pl.col("#verdict"),
        "unknown": pl.lit(True),
    }
    outcome = pl.coalesce(pl.when(e).then(pl.lit(OUTCOMES.index(n), dtype=pl.UInt8)) for n, e in rule.items())
    met = [
        pl.when(pl.col("#verdict") & pl.col(column)).then(pl.lit(i, dtype=pl.UInt16))
        for i, (_, column) in enumerate(tree.class_columns)
    ]
    chosen = pl.coalesce(met) if met else pl.lit(None, dtype=pl.UInt16)
    return work.select(outcome.alias("outcome"), chosen.alias("class"))


def _words(column: str, name: str, words: list[str]) -> pl.Expr:
    return pl.col(column).replace_strict(list(range(len(words))), words, return_dtype=pl.String).alias(name)


def _counted(frame: pl.DataFrame, outcomes: list[str]) -> pl.DataFrame:
    def sums(column: str, after: str) -> pl.DataFrame:
        return frame.group_by(column).agg(
            pl.len().cast(pl.Int64).alias(f"parcels{after}"), pl.col("area_m2").sum().alias(f"area_m2{after}")
        )

    every = pl.DataFrame({"outcome": outcomes, "code": range(len(outcomes))}, schema_overrides={"code": pl.UInt8})
    told = every.join(sums("outcome", ""), left_on="code", right_on="outcome", how="left", maintain_order="left")
    told = told.join(sums(_OUTCOME, "_before"), left_on="code", right_on=_OUTCOME, how="left", maintain_order="left")
    return told.drop("code").fill_null(0)
