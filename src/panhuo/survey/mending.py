"""Mend: what could be repaired is proposed; what survey.yaml asks for is applied to a copy and recorded."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import polars as pl

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
    faults: list[ShapeFaults | None] = []
    remaining: list[ShapeFaults | None] = []
    tables: list[pl.DataFrame] = []
    by_role: dict[str, tuple[Subject, ...]] = {}
    for role, subjects in delivered.sources.by_role.items():
        used = []
        for subject in subjects:
            found = shape_faults(subject, settings, progress=progress) if subject.polygons is not None else None
            proposed = propose(subject, settings, found)
            if len(proposed):
                tables.append(proposed.table.with_columns(pl.col("code").is_in(list(asked)).alias("applied")))
            chosen = proposed.of(asked)
            used.append(apply_repairs(subject, chosen) if len(chosen) else subject)
            faults.append(found)
            remaining.append(without(found, chosen) if found is not None and len(chosen) else found)
        by_role[role] = tuple(used)
    nothing = repairs_table().with_columns(pl.lit(False).alias("applied"))
    table = pl.concat(tables) if tables else nothing
    return Mended(delivered, replace(delivered.sources, by_role=by_role), tuple(faults), tuple(remaining), table)
