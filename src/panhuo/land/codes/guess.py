"""Which scheme a column of land codes is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from panhuo.land.codes.landuse import SCHEMES, classes, normalise_codes


@dataclass(frozen=True, slots=True)
class Collision:
    """A code of the column that means something else in another scheme: 1001 铁路用地 and 工业用地."""

    code: str
    meanings: Mapping[str, str]
    rows: int


@dataclass(frozen=True, slots=True)
class SchemeGuess:
    """The scheme of a column, how sure (0..1), the share of rows that each scheme knows, and the codes that would
    mean something else."""

    scheme: str | None
    confidence: float
    shares: Mapping[str, float]
    collisions: tuple[Collision, ...] = ()


def guess_scheme(codes: pl.Series, among: Sequence[str] = tuple(SCHEMES)) -> SchemeGuess:
    """Find the scheme of a column of land codes by what its codes are.

    A scheme that knows as many rows but reads them otherwise takes away confidence; one that reads them alike does
    not. On a tie the scheme named first in ``among`` wins.
    """
    text = pl.DataFrame({"v": codes.cast(pl.String)})
    counts: dict[str, dict[str, int]] = {}
    total = int(text.select(pl.col("v").is_not_null().sum()).item())
    if total == 0:
        return SchemeGuess(None, 0.0, MappingProxyType({}))
    for s in among:
        table = text.select(code=normalise_codes(pl.col("v"), s)).drop_nulls().group_by("code").len()
        counts[s] = {c: n for c, n in table.iter_rows() if c in classes(s)}
    shares = {s: sum(n.values()) / total for s, n in counts.items()}
    best = max(among, key=lambda s: round(shares[s], 9))
    if shares[best] == 0:
        return SchemeGuess(None, 0.0, MappingProxyType(shares))
    confidence = shares[best]
    collisions: dict[str, dict[str, str]] = {}
    for s in among:
        if s == best or shares[s] < 0.5 * shares[best]:
            continue
        other = {
            c: n for c, n in counts[s].items() if c in counts[best] and classes(s)[c].group != classes(best)[c].group
        }
        if not other:
            continue
        # of the rows that both know: how many would be read otherwise, set against how many only the best knows
        doubt = sum(other.values()) / total
        lead = shares[best] - shares[s]
        confidence = min(confidence, shares[best] * (1 - 0.5 * doubt * (1 - min(1.0, lead / 0.05))))
        for c in other:
            collisions.setdefault(c, {best: classes(best)[c].zh})[s] = classes(s)[c].zh
    named = tuple(
        Collision(c, MappingProxyType(m), counts[best][c])
        for c, m in sorted(collisions.items(), key=lambda p: (-counts[best][p[0]], p[0]))
    )
    return SchemeGuess(best, round(confidence, 3), MappingProxyType(shares), named)
