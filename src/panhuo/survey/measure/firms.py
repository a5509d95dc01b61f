"""Facts of the enterprises on a parcel: industry, economy, yield class, safety and environment.

Three rules keep the figures honest. A firm on several parcels is divided among them by area, so that its tax is counted
once. A list that is complete by its nature (the register of enterprises, the yearly result of the evaluation, the
退二进三 list) also says something about who is not on it; a heap of records (inspections) does not. And a parcel
without any enterprise has no unsafe enterprise, but its tax stays unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from panhuo.identify import FactSource, YieldEvaluation
from panhuo.land.codes.industry import industry_division
from panhuo.survey.measure.facts import Facts, Parcels, source_of
from panhuo.survey.sources import Sources
from panhuo.survey.yields import as_classes

#: Worst first: a parcel with several evaluated firms takes the worst class among them.
YIELD_ORDER = ("限制发展类", "提升发展类", "支持发展类", "优先发展类", "暂不评价")
#: What a parcel's yield class says when no firm of it is on the list of the year, and when it has no firm at all.
NOT_LISTED, NO_ENTERPRISE = "未列入评价", "无企业"

_MONEY = ("tax_wan", "output_wan", "revenue_wan", "fixed_investment_wan")


@dataclass(frozen=True, slots=True)
class Rules:
    """Choices that a pack may make (indicators.yaml): which year, and what silence means."""

    economy_year: int | None = None
    yield_year: int | None = None
    years: int = 1
    silent_safety: bool = False
    silent_environment: bool = False


def links(sources: Sources, parcels: Parcels, elsewhere: pl.DataFrame | None = None) -> pl.DataFrame:
    """Which firm is on which parcel: ``row`` (parcel), ``credit_code``, ``weight`` (share of the firm's land).

    By the parcel code that the enterprise names; where it names none, by the parcel's right holder. ``elsewhere``
    (``parcel_code``, ``area``) are parcels that cannot be judged: what a firm has there is no tax of the others.
    """
    place = pl.DataFrame(
        {
            "row": pl.int_range(len(parcels), eager=True),
            "parcel_code": parcels.frame["parcel_code"],
            "area": parcels.area,
        }
    )
    held_place = place
    if elsewhere is not None and elsewhere.height:
        away = elsewhere.select(pl.lit(-1, pl.Int64).alias("row"), "parcel_code", "area")
        place = pl.concat([place, away], how="vertical_relaxed")
    firms = sources.table("enterprises", "credit_code", "parcel_code")
    if firms is None:
        return pl.DataFrame(schema={"row": pl.Int64, "credit_code": pl.String, "weight": pl.Float64})
    named = (
        firms.filter(pl.col("parcel_code").is_not_null())
        .with_columns(pl.col("parcel_code").str.split("、"))
        .explode("parcel_code")
        .with_columns(pl.col("parcel_code").str.strip_chars())
        .join(place, on="parcel_code", maintain_order="left")
        .select("row", "credit_code", "area")
    )
    found = [named]
    if "credit_code" in parcels.frame.columns:
        held = held_place.with_columns(parcels.frame["credit_code"]).filter(pl.col("credit_code").is_not_null())
        unnamed = firms.filter(pl.col("parcel_code").is_null()).select("credit_code").unique(maintain_order=True)
        found.append(held.join(unnamed, on="credit_code", maintain_order="left").select("row", "credit_code", "area"))
    both = pl.concat(found).filter(pl.col("credit_code").is_not_null()).unique(maintain_order=True)
    weighed = both.with_columns((pl.col("area") / pl.col("area").sum().over("credit_code")).alias("weight"))
    return weighed.filter(pl.col("row") >= 0).select(pl.col("row").cast(pl.Int64), "credit_code", "weight")


def _nameless(sources: Sources, parcels: Parcels) -> pl.Series:
    """How many enterprises without a credit code stand on each parcel: they are there, and no list can be asked."""
    firms = sources.table("enterprises", "credit_code", "parcel_code")
    assert firms is not None
    named = (
        firms.filter(pl.col("credit_code").is_null() & pl.col("parcel_code").is_not_null())
        .select(pl.col("parcel_code").str.split("、").explode().str.strip_chars())
        .group_by("parcel_code")
        .agg(pl.len().cast(pl.Int64).alias("n"))
    )
    found = parcels.frame.select("parcel_code").join(named, on="parcel_code", how="left", maintain_order="left")
    return found["n"].fill_null(0).alias("_nameless")


def measure_firms(
    sources: Sources,
    parcels: Parcels,
    rules: Rules,
    evaluation: YieldEvaluation | None = None,
    elsewhere: pl.DataFrame | None = None,
) -> Facts:
    """Every fact about enterprises, one row a parcel; facts whose source was not delivered are absent.

    ``evaluation`` gives the yield classes where no list of them was delivered; ``elsewhere`` see :func:`links`.
    """
    facts = Facts.empty(len(parcels))
    register = sources.subjects("enterprises")
    if not register:
        return facts
    link = links(sources, parcels, elsewhere)
    facts = facts.join(_industry(sources, link), source_of(register))
    facts = facts.fill("enterprise_count", 0)
    nameless = _nameless(sources, parcels)
    facts = facts.with_columns(
        (pl.col("enterprise_count") + pl.lit(nameless)).alias("enterprise_count"), (pl.lit(nameless)).alias("_nameless")
    )
    none = pl.col("enterprise_count") == 0
    facts = facts.with_columns(
        pl.when(none).then(pl.lit(NO_ENTERPRISE)).otherwise(pl.col("catalogue_status")).alias("catalogue_status")
        if "catalogue_status" in facts.frame.columns
        else pl.lit(None, pl.String).alias("catalogue_status"),
    )
    facts = _economy(sources, link, parcels, rules, facts)
    facts = _yield_classes(sources, link, rules, facts, evaluation)
    facts = _records(sources, link, parcels, rules, facts)
    return Facts(facts.frame.drop("_nameless"), facts.sources)


def _industry(sources: Sources, link: pl.DataFrame) -> pl.DataFrame:
    wanted = ("credit_code", "enterprise_name", "industry_code", "catalogue_status", "above_scale", "occupied_area_m2")
    firms = sources.table("enterprises", *wanted)
    assert firms is not None
    firms = firms.unique("credit_code", keep="first", maintain_order=True)
    revenue = sources.table("economy", "credit_code", "year", "revenue_wan")
    if revenue is not None:
        size = (
            revenue.sort("year", nulls_last=False)
            .group_by("credit_code", maintain_order=True)
            .agg(pl.col("revenue_wan").drop_nulls().last().alias("revenue"))
        )
        firms = firms.join(size, on="credit_code", how="left", maintain_order="left")
    else:
        firms = firms.with_columns(pl.lit(None, pl.Float64).alias("revenue"))
    joined = link.join(firms, on="credit_code", how="left", maintain_order="left")
    # one firm speaks for the parcel: the largest by revenue, then by land, then by code, so that the choice is stable
    ranked = joined.with_columns(pl.col("revenue", "occupied_area_m2").fill_null(-1.0)).sort(
        ["row", "revenue", "occupied_area_m2", "credit_code"], descending=[False, True, True, False]
    )
    first = ranked.group_by("row", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("enterprise_count"),
        pl.col("enterprise_name", "industry_code", "catalogue_status").first(),
        # a firm of which it is not known may be above the scale
        pl.col("above_scale").any(ignore_nulls=False).alias("above_scale"),
        pl.col("credit_code").first().alias("enterprise_credit_code"),
    )
    return first.rechunk().with_columns(
        industry_division(pl.col("industry_code")).alias("industry_division"),
        pl.when(pl.col("enterprise_count") > 1)
        .then(pl.format("{}等{}家", "enterprise_name", "enterprise_count"))
        .otherwise(pl.col("enterprise_name"))
        .alias("enterprise_name"),
    )


def _economy(sources: Sources, link: pl.DataFrame, parcels: Parcels, rules: Rules, facts: Facts) -> Facts:
    table = sources.table("economy", "credit_code", "year", *_MONEY)
    if table is None:
        return facts
    years = table["year"].drop_nulls()
    year = rules.economy_year or (int(years.max()) if len(years) else None)  # type: ignore[arg-type]
    if year is not None and len(years):
        table = table.filter(pl.col("year").is_between(year - rules.years + 1, year))
    table = table.unique(["credit_code", "year"], keep="last", maintain_order=True)
    # several years: their mean, over the years that a firm reports (近三年平均产值)
    table = table.group_by("credit_code", maintain_order=True).agg(pl.col(c).mean() for c in _MONEY)
    # a firm whose figure is missing makes the parcel's figure unknown, not smaller
    sums = (
        link.join(table, on="credit_code", how="left", maintain_order="left")
        .group_by("row", maintain_order=True)
        .agg(
            pl.when(pl.col(c).is_not_null().all()).then((pl.col(c) * pl.col("weight")).sum()).alias(c)
            for c in _MONEY
        )
    )  # fmt: skip
    where = source_of(sources.subjects("economy"), year=year)
    facts = facts.join(sums, where).with_columns(
        *(pl.when(pl.col("_nameless") == 0).then(pl.col(c)).alias(c) for c in _MONEY)
    )
    hectares = pl.lit(pl.Series(parcels.area / 10_000.0))
    mu = pl.lit(pl.Series(parcels.area * 3.0 / 2000.0))
    return facts.with_columns(
        (pl.col("tax_wan") / mu).alias("tax_per_mu"),
        (pl.col("output_wan") / hectares).alias("output_per_hectare"),
        (pl.col("fixed_investment_wan") / hectares).alias("investment_intensity"),
        pl.when(pl.col("tax_wan").is_not_null() | pl.col("output_wan").is_not_null())
        .then(pl.lit(year, pl.Int64))
        .alias("economy_year"),
        source=where,
    )


def _yield_classes(
    sources: Sources, link: pl.DataFrame, rules: Rules, facts: Facts, evaluation: YieldEvaluation | None
) -> Facts:
    table = sources.table("yield_classes", "credit_code", "year", "yield_class")
    if table is None and evaluation is not None:
        table = as_classes(evaluation, rules.economy_year)
    if table is None:
        return facts
    # a class that no one knows says nothing of the firm
    known = pl.col("yield_class").is_in(list(YIELD_ORDER))
    table = table.with_columns(pl.when(known).then(pl.col("yield_class")).alias("yield_class"))
    years = sorted({int(y) for y in table["year"].drop_nulls().to_list()})
    year = rules.yield_year or (years[-1] if years else None)
    order = {name: rank for rank, name in enumerate(YIELD_ORDER)}

    def worst(of_year: pl.DataFrame, name: str) -> pl.DataFrame:
        # an unknown class may be the worst but one: only the worst of all stands beside it
        rank = pl.col("yield_class").replace_strict(order, default=0.5, return_dtype=pl.Float64)
        return (
            link.join(of_year, on="credit_code", how="inner", maintain_order="left")
            .with_columns(rank.alias("_rank"))
            .sort("row", "_rank", maintain_order=True)
            .group_by("row", maintain_order=True)
            .agg(pl.col("yield_class").first().alias(name), pl.lit(True).alias("_listed"))
        )

    where = source_of(sources.subjects("yield_classes"), year=year)
    if not sources.has("yield_classes"):
        where = FactSource("亩产效益评价（按政策包计算）")
    of: dict[int | None, pl.DataFrame] = {y: table.filter(pl.col("year") == y) for y in years}
    of = of or {None: table}
    if year not in of or not table.height:  # silence of another year's list says nothing
        return facts
    facts = facts.join(worst(of[year], "yield_class"), where)
    facts = facts.with_columns(
        pl.when(pl.col("enterprise_count") == 0)
        .then(pl.lit(NO_ENTERPRISE))
        .when(pl.col("_listed").is_null() & (pl.col("_nameless") == 0))
        .then(pl.lit(NOT_LISTED))
        .otherwise(pl.col("yield_class"))
        .alias("yield_class"),
        pl.lit(year, pl.Int64).alias("yield_year"),
        source=where,
    )
    if year is not None and (year - 1) in of:
        before = source_of(sources.subjects("yield_classes"), year=year - 1)
        facts = facts.join(worst(of[year - 1], "yield_class_previous").drop("_listed"), before)
    return Facts(facts.frame.drop("_listed"), {k: v for k, v in facts.sources.items() if k != "_listed"})


def _records(sources: Sources, link: pl.DataFrame, parcels: Parcels, rules: Rules, facts: Facts) -> Facts:
    codes = pl.DataFrame({"row": pl.int_range(len(parcels), eager=True), "parcel_code": parcels.frame["parcel_code"]})
    for role, name, said in (
        ("safety", "safety_compliant", rules.silent_safety),
        ("environment", "environment_compliant", rules.silent_environment),
    ):
        records = sources.table(role, "credit_code", "parcel_code", "compliant")
        if records is None:
            continue
        records = records.filter(pl.col("compliant").is_not_null())
        by_firm = link.join(records.select("credit_code", "compliant"), on="credit_code").select("row", "compliant")
        by_code = codes.join(records.select("parcel_code", "compliant"), on="parcel_code").select("row", "compliant")
        state = (
            pl.concat([by_firm, by_code.with_columns(pl.col("row").cast(pl.Int64))])
            .group_by("row", maintain_order=True)
            .agg(pl.col("compliant").all().alias(name))
        )
        where = source_of(sources.subjects(role))
        facts = facts.join(state, where)
        silent = pl.lit(True) if said else pl.lit(None, pl.Boolean)
        facts = facts.with_columns(
            pl.col(name)
            .fill_null(pl.when(pl.col("enterprise_count") == 0).then(pl.lit(True)).otherwise(silent))
            .alias(name),
            source=where,
        )
    return facts
