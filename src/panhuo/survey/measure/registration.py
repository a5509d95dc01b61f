"""Facts of rights: registration, ownership, disputes, idle land, and what the survey form of a parcel says."""

from __future__ import annotations

import polars as pl

from panhuo.identify import FactSource
from panhuo.land.codes.lists import ownership_kind
from panhuo.survey.measure.facts import Facts, Parcels, source_of
from panhuo.survey.sources import Sources

#: Facts that the parcel layer itself states.
FORM = (
    "parcel_name", "location", "declared_area_m2", "registered_use", "current_use", "right_type", "right_nature",
    "holder_name", "credit_code", "features", "facilities_backward", "vacancy_rate", "willing", "built_year",
    "contract_start_date", "actual_start_date", "completion_date",
)  # fmt: skip
#: Where registration speaks, it has the last word on these.
REGISTERED = ("holder_name", "credit_code", "registered_use", "right_type", "right_nature")
#: A case in one of these states is over.
CLOSED = ("已结",)


def measure_form(parcels: Parcels, source: FactSource) -> Facts:
    """What the parcel layer says of each parcel: columns that it lacks stay unknown."""
    columns = {name: parcels.frame[name] for name in FORM if name in parcels.frame.columns}
    return Facts.empty(len(parcels)).add(columns, source)


def measure_registration(sources: Sources, parcels: Parcels, form: Facts) -> Facts:
    """Registration by parcel code, ownership, disputes.

    ``is_registered`` is false where the registration office delivered its list and the parcel is not on it.
    ``ownership_clear`` needs both: a registration, and no open dispute, court seal or disputed entry (Liaocheng 一).
    """
    facts = Facts.empty(len(parcels))
    codes = pl.DataFrame({"row": pl.int_range(len(parcels), eager=True), "parcel_code": parcels.frame["parcel_code"]})
    table = sources.table("registration", "parcel_code", "unit_code", *REGISTERED, "disputed", "sealed")
    if table is not None:
        # 不动产单元代码: its first 19 characters are the parcel's (GB/T 37346)
        of_unit = pl.when(pl.col("unit_code").str.len_chars() == 28).then(pl.col("unit_code").str.slice(0, 19))
        table = table.with_columns(pl.col("parcel_code").fill_null(of_unit)).filter(pl.col("parcel_code").is_not_null())
    # a list on which no parcel can be found says of none that it is not registered
    if table is not None and table.height:
        merged = (
            codes.join(table, on="parcel_code", maintain_order="left")
            .group_by("row", maintain_order=True)
            .agg(
                pl.lit(True).alias("is_registered"),
                *(pl.col(c).drop_nulls().first().alias(c) for c in REGISTERED),
                pl.col("disputed").any().alias("_disputed"),
                pl.col("sealed").any().alias("_sealed"),
            )
        )
        source = source_of(sources.subjects("registration"))
        facts = facts.join(merged, source).fill("is_registered", False)
        known = [c for c in REGISTERED if c in form.frame.columns]
        filled = facts.frame.with_columns(pl.col(c).fill_null(form.frame[c]) for c in known)
        facts = Facts(filled, facts.sources)
    facts = _disputes(sources, codes, facts)

    def told(column: str) -> pl.Expr:
        own = parcels.frame[column] if column in parcels.frame.columns else None
        if own is None and column in facts.frame.columns:
            own = facts.frame[column]
        return pl.lit(own.cast(pl.String)) if own is not None else pl.lit(None, pl.String)

    kind = pl.select(
        ownership_kind(
            told("ownership_nature"),
            parcel_code=told("parcel_code"),
            right_type=told("right_type"),
            right_nature=told("right_nature"),
        ).alias("ownership_kind")
    ).to_series()
    if len(kind) != len(parcels):
        kind = pl.Series("ownership_kind", [None] * len(parcels), dtype=pl.String)
    return facts.add({"ownership_kind": kind}, source_of(sources.subjects("parcels")))


def _disputes(sources: Sources, codes: pl.DataFrame, facts: Facts) -> Facts:
    open_cases = sources.table("disputes", "parcel_code", "state")
    if open_cases is not None and speaks_of_parcels(open_cases):
        open_cases = open_cases.filter(~pl.col("state").is_in(list(CLOSED)).fill_null(False))
        source = source_of(sources.subjects("disputes"))
        disputed = codes["parcel_code"].is_in(open_cases["parcel_code"].drop_nulls().implode())
        facts = facts.add({"in_dispute": disputed}, source)
    if "is_registered" in facts.frame.columns:
        quarrel = pl.col("_disputed").fill_null(False) | pl.col("_sealed").fill_null(False)
        if "in_dispute" in facts.frame.columns:
            quarrel = quarrel | pl.col("in_dispute")
            unknown = pl.lit(False)
        else:
            unknown = pl.lit(None, pl.Boolean)
        source = source_of(sources.subjects("registration"))
        facts = facts.with_columns(
            pl.when(quarrel)
            .then(pl.lit(False))
            .when(pl.col("is_registered"))
            .then(~unknown)
            .otherwise(pl.lit(None, pl.Boolean))
            .alias("ownership_clear"),
            source=source,
        )
        facts = Facts(facts.frame.drop("_disputed", "_sealed"), facts.sources)
    return facts


def speaks_of_parcels(table: pl.DataFrame) -> bool:
    """Whether a list says which parcels are on it; an empty list does: none. One with rows and no codes does not."""
    return not table.height or table["parcel_code"].is_not_null().any()


def measure_idle(sources: Sources, parcels: Parcels) -> Facts:
    """Whether the parcel is on the list of idle land (闲置土地): a list of law, complete by its nature."""
    facts = Facts.empty(len(parcels))
    table = sources.table("idle_land", "parcel_code")
    if table is None or not speaks_of_parcels(table):
        return facts
    idle = parcels.frame["parcel_code"].is_in(table["parcel_code"].drop_nulls().implode())
    return facts.add({"is_idle_land": idle}, source_of(sources.subjects("idle_land")))
