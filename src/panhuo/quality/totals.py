"""C02: totals in a ledger that do not equal the sum of their rows."""

from __future__ import annotations

import json
import re

import polars as pl

from panhuo.land.values import to_number
from panhuo.messages import findings_table, format_number
from panhuo.quality.catalogue import Settings, state
from panhuo.quality.subject import Subject

#: How the reader of ledgers keeps a total row among a layer's notes.
_NOTE = re.compile(r"^合计行 (\d+) / total row \d+: (\{.*\})$", re.S)
_PART = re.compile(r"小计|subtotal", re.I)


def subtotals(subject: Subject, settings: Settings) -> pl.DataFrame:
    """Compare every number of a total row with its column's rows.

    A 小计 sums the rows since the total before it, a 合计 all rows above it. Columns that are not numbers, and counts
    of something else, are left alone: a difference is told only where the column is made of numbers.
    """
    found = [m for note in subject.layer.notes if (m := _NOTE.match(note))]
    if not found:
        return findings_table()
    lines = subject.row_numbers()
    frame = subject.layer.frame()
    told = {int(m[1]): json.loads(m[2]) for m in found}
    texts = [None if v is None else str(v) for values in told.values() for v in values.values()]
    read = iter(to_number(pl.Series(texts, dtype=pl.String)).values)
    totals = {line: {name: next(read) for name in values} for line, values in told.items()}
    # only columns that a total row gives a number for are read as numbers
    given = {name for values in totals.values() for name, value in values.items() if value is not None}
    numbers = {name: to_number(frame[name]) for name in frame.columns if name in given}
    numeric = {n: v.values for n, v in numbers.items() if v.values.is_not_null().any() and not v.bad.any()}
    tolerance = settings.get("C02", "tolerance_share")
    rows = []
    start = 0
    for line, values in sorted(told.items()):
        label = next((str(v) for v in values.values() if isinstance(v, str) and v.strip()), "合计")
        part = bool(_PART.search(label))
        mask = (lines < line) & (lines > start) if part else lines < line
        for name, total in totals[line].items():
            if name not in numeric or total is None:
                continue
            summed = float(numeric[name].filter(mask).sum() or 0.0)
            if abs(summed - total) > tolerance * max(1.0, abs(summed), abs(total)):
                rows.append((line, name, label, format_number(total), format_number(round(summed, 6))))
        if part:
            start = line
    told_rows = pl.DataFrame(
        rows,
        schema={"row": pl.Int64, "field": pl.String, "label": pl.String, "value": pl.String, "computed": pl.String},
        orient="row",
    )
    return state("C02", subject, told_rows)
