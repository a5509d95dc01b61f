"""The standard of a run as a table: what each condition asks, by which clause, who confirms it, where its facts come
from.
"""

from __future__ import annotations

import polars as pl

from panhuo.identify.conditions import leaves
from panhuo.identify.verdicts import Verdicts
from panhuo.identify.wording import actor, clause, label, requirement

_SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "part": pl.String,
    "condition": pl.String,
    "zh": pl.String,
    "en": pl.String,
    "clause": pl.String,
    "requirement_zh": pl.String,
    "requirement_en": pl.String,
    "set_by": pl.String,
    "confirm": pl.List(pl.String),
    "evidence": pl.String,
    "facts": pl.List(pl.String),
    "facts_zh": pl.List(pl.String),
    "sources": pl.List(pl.String),
    "dates": pl.List(pl.Date),
    "holds": pl.UInt32,
    "fails": pl.UInt32,
    "unknown": pl.UInt32,
}


def condition_table(verdicts: Verdicts) -> pl.DataFrame:
    """One row a place of a condition in the standard, in the order of the text.

    ``part`` is exclusion, precondition, gate or the id of the class; ``sources`` and ``dates`` go with ``facts``;
    ``holds``,
    ``fails`` and ``unknown`` count the parcels of the run.
    """
    standard, sources = verdicts.standard, verdicts.sources
    parts = [("exclusion", n) for n in standard.exclusions] + [("precondition", n) for n in standard.preconditions]
    parts += [(c.id, c.when) for c in standard.classes if c.when is not None]
    parts += [("gate", standard.gate)] if standard.gate else []
    names = list(standard.conditions())
    sums = [
        expression
        for i, n in enumerate(names)
        for expression in (
            pl.col(n).sum().alias(f"{i}:holds"),
            (~pl.col(n)).sum().alias(f"{i}:fails"),
            pl.col(n).null_count().alias(f"{i}:unknown"),
        )
    ]
    counted = verdicts.evidence.select(sums).row(0, named=True) if sums else {}
    rows = []
    for part, node in parts:
        for one in leaves(node):
            said, cited, i = requirement(one, standard, {}), clause(one.clause, standard), names.index(one.id)
            known = [sources.get(f) for f in one.facts]
            rows.append(
                {
                    "part": part,
                    "condition": one.id,
                    "zh": one.text.zh,
                    "en": one.text.en,
                    "clause": cited.zh if cited else None,
                    "requirement_zh": said.zh,
                    "requirement_en": said.en,
                    "set_by": actor(one.set_by, standard).zh if one.set_by else None,
                    "confirm": [actor(c, standard).zh for c in one.confirm],
                    "evidence": one.evidence,
                    "facts": list(one.facts),
                    "facts_zh": [label(f, standard).zh for f in one.facts],
                    "sources": [s.layer if s else None for s in known],
                    "dates": [s.date if s else None for s in known],
                    **{kind: counted[f"{i}:{kind}"] for kind in ("holds", "fails", "unknown")},
                }
            )
    return pl.DataFrame(rows, schema=_SCHEMA)
