"""Mend: what could be repaired is proposed; what survey.yaml asks for is applied to a copy and recorded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import polars as pl

from panhuo.land.threads import in_chunks
from panhuo.progress import Progress, silent
from panhuo.quality.catalogue import Settings
from panhuo.quality.repairs import apply_repairs, propose, repairable, repairs_table, without
from panhuo.quality.shapes import ShapeFaults, shape_faults
from panhuo.quality.subject import Subject
from panhuo.survey.deliver import Delivered
from panhuo.survey.sources import Sources


@dataclass(frozen=True, slots=True)
class Mended:
    """A delivery after the repairs that were asked for; the same as before where none was.

    delivered : what came in, as it came in: the checks of single layers speak of it
    sources   : the layers as the survey uses them
    faults    : for each layer that was delivered what is wrong with its shapes, None for a table
    remaining : the same after the repairs: a rebuilt shape crosses itself no more
    repairs   : every proposal, with ``applied`` (Boolean)
    """

    delivered: Delivered
    sources: Sources
    faults: tuple[ShapeFaults | None, ...]
    remaining: tuple[ShapeFaults | None, ...]
    repairs: pl.DataFrame


def mend(
    delivered: Delivered, settings: Settings, wanted: Collection[str] = (), *, progress: Progress = silent
) -> Mended:  # fmt: skip
    """Look at all shapes, propose repairs, and apply those of the checks in ``wanted`` (``G01``, ``A04``, ``A06``)."""
    asked = repairable(wanted)
    subjects = [(role, s) for role, found in delivered.sources.by_role.items() for s in found]

    def work(number: int, _: int) -> _One:
        return _mend_one(subjects[number][1], settings, asked)

    done = in_chunks(work, len(subjects), chunk=1, threads=2, progress=progress, step="检查图形")
    by_role: dict[str, tuple[Subject, ...]] = dict.fromkeys(delivered.sources.by_role, ())
    for (role, _), one in zip(subjects, done, strict=True):
        by_role[role] += (one.used,)
    tables = [one.proposed for one in done if one.proposed is not None]
    nothing = repairs_table().with_columns(pl.lit(False).alias("applied"))
    table = pl.concat(tables) if tables else nothing
    sources = replace(delivered.sources, by_role=by_role)
    return Mended(delivered, sources, tuple(x.faults for x in done), tuple(x.remaining for x in done), table)


@dataclass(frozen=True, slots=True)
class _One:
    """One layer: as it is used, its faults before and after, and what was proposed."""

    used: Subject
    faults: ShapeFaults | None
    remaining: ShapeFaults | None
    proposed: pl.DataFrame | None


def _mend_one(subject: Subject, settings: Settings, asked: Collection[str]) -> _One:
    found = shape_faults(subject, settings) if subject.polygons is not None else None
    proposed = propose(subject, settings, found)
    if not len(proposed):
        return _One(subject, found, found, None)
    table = proposed.table.with_columns(pl.col("code").is_in(list(asked)).alias("applied"))
    chosen = proposed.of(asked)
    if not len(chosen):
        return _One(subject, found, found, table)
    return _One(apply_repairs(subject, chosen), found, without(found, chosen) if found is not None else None, table)
