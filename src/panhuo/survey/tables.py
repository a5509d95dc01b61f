"""The summary tables of a survey: counts and areas by township, class, industry and ownership, whose parts add up.

Areas are rounded so that rows, columns and totals agree in every unit that is printed (largest remainder, as the
summaries of the national land survey demand); the master value stays in square metres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

import polars as pl

from panhuo.documents import Column, Sheet, Table, Workbook
from panhuo.land.units import round_parts, round_table
from panhuo.messages import Lang, Text

#: The outcomes in the order in which they are always printed; a delivered parcel has exactly one of them.
OUTCOMES: dict[str, Text] = {
    "identified": Text("认定", "identified"),
    "unknown": Text("待核实", "unknown"),
    "not": Text("不认定", "not identified"),
    "excluded": Text("排除", "excluded"),
    "handed_back": Text("退回", "handed back"),
}

_UNITS: tuple[tuple[str, Text, Fraction, int], ...] = (
    ("m2", Text("平方米", "m²"), Fraction(1), 2),
    ("ha", Text("公顷", "ha"), Fraction(1, 10_000), 4),
    ("mu", Text("亩", "mu"), Fraction(3, 2000), 2),
)
_UNKNOWN_NAME = Text("（未填）", "(not given)")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Delivered = identified + not + unknown + excluded + handed back, in count and in area (m²).

    ``delivered`` is counted from the delivery itself, the parts from the results: :attr:`holds` is a real check.
    """

    counts: dict[str, int]
    areas_m2: dict[str, float]
    delivered: int
    delivered_m2: float

    @property
    def holds(self) -> bool:
        gap = abs(sum(self.areas_m2.values()) - self.delivered_m2)
        return sum(self.counts.values()) == self.delivered and gap <= 1e-9 * max(1.0, self.delivered_m2)

    def rows(self) -> list[tuple[str, int, Decimal, Decimal, Decimal]]:
        """One row an outcome, then the total: name of the outcome, count, m², 公顷, 亩; each column adds up."""
        names = list(OUTCOMES)
        columns = []
        for _, _, factor, decimals in _UNITS:
            exact = [Fraction(self.areas_m2.get(n, 0.0)) * factor for n in names]
            rounded = round_parts(exact, decimals=decimals)
            columns.append([*rounded, sum(rounded, Decimal(0))])
        counts = [self.counts.get(n, 0) for n in names]
        return list(zip([*names, "total"], [*counts, sum(counts)], *columns, strict=True))


def reconcile(parcels: pl.DataFrame, delivered: int, delivered_m2: float) -> Reconciliation:
    """``parcels`` has one row a delivered parcel with ``outcome`` and ``area_m2``."""
    # exact sums: the same figures to the last digit, in whatever order threads would add them
    parts = parcels.select("outcome", "area_m2").partition_by("outcome", as_dict=True)
    groups = {str(key[0]): rows["area_m2"] for key, rows in parts.items()}
    counts = dict.fromkeys(OUTCOMES, 0) | {outcome: len(areas) for outcome, areas in groups.items()}
    areas = dict.fromkeys(OUTCOMES, 0.0) | {o: math.fsum(areas.drop_nulls().to_list()) for o, areas in groups.items()}
    return Reconciliation(counts, areas, delivered, delivered_m2)


def crossed(
    parcels: pl.DataFrame, by: str, title: Text, lang: Lang, *, order: Sequence[str] = (), caption: Text | None = None
) -> Table:
    """Count and area (亩) of every outcome by the values of ``by``; rows, columns and the total add up."""
    names = pl.col(by).fill_null(_UNKNOWN_NAME(lang)).alias("_name")
    sums = (
        parcels.with_columns(names)
        .group_by("_name", "outcome", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col("area_m2").sum().alias("m2"))
    )
    found = (
        sums.group_by("_name", maintain_order=True)
        .agg(pl.col("m2").sum())
        .sort(["m2", "_name"], descending=[True, False])["_name"]
    )
    rows = [r for r in order if r in set(found)] + [r for r in found if r not in set(order)]
    cells = {(r["_name"], r["outcome"]): (r["n"], r["m2"]) for r in sums.iter_rows(named=True)}
    exact = [[Fraction(cells.get((r, o), (0, 0.0))[1]) * Fraction(3, 2000) for o in OUTCOMES] for r in rows]
    areas = round_table(exact, 2) if rows else []
    columns = [Column(title(lang), kind="text")]
    columns.append(Column(Text("宗地数", "parcels")(lang), kind="number", decimals=0, summed=True, group=_total(lang)))
    columns.append(Column(Text("面积", "area")(lang), unit=_mu(lang), kind="number", decimals=2, summed=True,
                          group=_total(lang)))  # fmt: skip
    for text in OUTCOMES.values():
        group = (text(lang),)
        columns.append(Column(Text("宗地数", "parcels")(lang), kind="number", decimals=0, summed=True, group=group))
        columns.append(
            Column(Text("面积", "area")(lang), unit=_mu(lang), kind="number", decimals=2, summed=True, group=group)
        )
    body: list[list[str | int | float]] = []
    for name, line in zip(rows, areas, strict=True):
        counts = [cells.get((name, o), (0, 0.0))[0] for o in OUTCOMES]
        row: list[str | int | float] = [name, sum(counts), float(sum(line, Decimal(0)))]
        for n, area in zip(counts, line, strict=True):
            row += [n, float(area)]
        body.append(row)
    total = _add_up(body, len(columns), lang)
    return Table(tuple(columns), body, caption=(caption or title)(lang), total=total)


def identified_by(parcels: pl.DataFrame, by: str, title: Text, lang: Lang, *, order: Sequence[str] = ()) -> Table:
    """Identified parcels by the values of ``by``: count, m², 公顷, 亩 and share of the identified area."""
    identified = parcels.filter(pl.col("outcome") == "identified").with_columns(
        pl.col(by).fill_null(_UNKNOWN_NAME(lang)).alias("_name")
    )
    sums = (
        identified.group_by("_name")
        .agg(pl.len().alias("n"), pl.col("area_m2").sum().alias("m2"))
        .sort(["m2", "_name"], descending=[True, False])
    )
    rows = sums.rows(named=True)
    if order:
        rank = {name: i for i, name in enumerate(order)}
        rows.sort(key=lambda r: rank.get(r["_name"], len(rank)))
    columns = [
        Column(title(lang)),
        Column(Text("宗地数", "parcels")(lang), kind="number", decimals=0, summed=True),
    ]
    printed = []
    for _, unit, factor, decimals in _UNITS:
        columns.append(
            Column(Text("面积", "area")(lang), unit=unit(lang), kind="number", decimals=decimals, summed=True)
        )
        printed.append(round_parts([Fraction(r["m2"]) * factor for r in rows], decimals=decimals) if rows else [])
    columns.append(Column(Text("占比", "share")(lang), unit="%", kind="number", decimals=2, summed=True))
    total_m2 = sum(r["m2"] for r in rows)
    shares = round_parts([Fraction(r["m2"]) * 100 / Fraction(total_m2) for r in rows], decimals=2) if total_m2 else []
    body: list[list[str | int | float]] = [
        [r["_name"], r["n"], *(float(column[i]) for column in printed), float(shares[i]) if shares else 0.0]
        for i, r in enumerate(rows)
    ]
    return Table(tuple(columns), body, caption=title(lang), total=_add_up(body, len(columns), lang))


def _add_up(body: Sequence[Sequence[str | int | float]], width: int, lang: Lang) -> list[str | int | float]:
    total: list[str | int | float] = [Text("合计", "total")(lang)]
    for column in range(1, width):
        values = [row[column] for row in body]
        whole = all(isinstance(v, int) for v in values)
        exact = sum((Decimal(repr(v)) for v in values), Decimal(0))
        total.append(int(exact) if whole else float(exact))
    return total


def _total(lang: Lang) -> tuple[str, ...]:
    return (Text("调查总量", "surveyed")(lang),)


def _mu(lang: Lang) -> str:
    return Text("亩", "mu")(lang)


def reconciliation_table(balance: Reconciliation, lang: Lang) -> Table:
    """The reconciliation as a table."""
    columns = (
        Column(Text("结果", "outcome")(lang)),
        Column(Text("宗地数", "parcels")(lang), kind="number", decimals=0, summed=True),
        *(
            Column(Text("面积", "area")(lang), unit=unit(lang), kind="number", decimals=decimals, summed=True)
            for _, unit, _, decimals in _UNITS
        ),
    )
    *parts, last = balance.rows()
    body: list[list[str | int | float]] = [
        [OUTCOMES[name](lang), n, float(a), float(b), float(c)] for name, n, a, b, c in parts
    ]
    total: list[str | int | float] = [
        Text("合计", "total")(lang),
        last[1],
        float(last[2]),
        float(last[3]),
        float(last[4]),
    ]
    caption = Text("调查对账表", "Reconciliation of the survey")(lang)
    return Table(columns, body, caption=caption, total=total, key="reconciliation")


def summary_workbook(
    parcels: pl.DataFrame, balance: Reconciliation, *, title: str, on: date, lang: Lang = "zh",
    classes: Sequence[str] = (), notes: tuple[str, ...] = (), more: Sequence[Sheet] = (),
) -> Workbook:  # fmt: skip
    """All summary tables.

    ``parcels`` has ``outcome``, ``area_m2``, ``township``, ``class``, ``industry``, ``ownership``.
    """
    by_township = Text("乡镇（街道）", "township")
    sheets = [
        Sheet(Text("对账", "reconciliation")(lang), reconciliation_table(balance, lang), title, notes),
        Sheet(Text("按乡镇", "by township")(lang), crossed(parcels, "township", by_township, lang), title),
        Sheet(
            Text("按类别", "by class")(lang),
            identified_by(parcels, "class", Text("认定类别", "class"), lang, order=classes),
            title,
        ),
        Sheet(Text("按行业", "by industry")(lang), crossed(parcels, "industry", Text("行业", "industry"), lang), title),
        Sheet(
            Text("按权属", "by ownership")(lang), crossed(parcels, "ownership", Text("权属", "ownership"), lang), title
        ),
    ]
    return Workbook((*sheets, *more), date=on, title=title, lang=lang)
