"""亩产效益: where no list of yield classes was delivered, the pack's own scheme gives the classes."""

from __future__ import annotations

import polars as pl

from panhuo.identify import YieldEvaluation, evaluate_yield
from panhuo.land.roles import role
from panhuo.packs import Pack
from panhuo.survey.sources import Sources

_FIRM = ("credit_code", "enterprise_name", "industry_code", "catalogue_status", "above_scale", "occupied_area_m2",
         "start_year")  # fmt: skip


def evaluate_firms(sources: Sources, pack: Pack, year: int | None = None) -> YieldEvaluation | None:
    """Evaluate the enterprises of a survey by the pack's scheme, on the economic figures of ``year`` (the latest).

    None where a list of classes was delivered (the department's published result stands), where the pack has no scheme,
    or where there are no enterprises or no economic figures.
    """
    scheme = pack.indicators.yield_evaluation
    if scheme is None or sources.has("yield_classes"):
        return None
    firms = sources.table("enterprises", *_FIRM)
    economy = sources.table("economy", *(f.name for f in role("economy").fields))
    if firms is None or economy is None:
        return None
    firms = firms.filter(pl.col("credit_code").is_not_null()).unique("credit_code", keep="first", maintain_order=True)
    of = year or economy["year"].max()
    figures = economy.filter(pl.col("year") == of) if of is not None else economy
    figures = figures.unique("credit_code", keep="last", maintain_order=True)
    frame = firms.join(figures, on="credit_code", how="left", maintain_order="left")
    for name in ("safety", "environment"):
        records = sources.table(name, "credit_code", "compliant")
        if records is not None:
            state = (
                records.drop_nulls().group_by("credit_code").agg(pl.col("compliant").all().alias(f"{name}_compliant"))
            )
            frame = frame.join(state, on="credit_code", how="left", maintain_order="left")
    return evaluate_yield(frame.with_columns(pl.lit(of, pl.Int64).alias("year")), pack)


def as_classes(evaluation: YieldEvaluation, year: int | None) -> pl.DataFrame:
    """The classes as a delivered list would give them: ``credit_code``, ``year``, ``yield_class``."""
    names = {str(c["id"]): str(c.get("name", c["id"])) for c in evaluation.scheme["classes"]}
    return evaluation.frame.select(
        "credit_code",
        pl.lit(year, pl.Int64).alias("year"),
        pl.col("yield_class").replace(names),
    ).filter(pl.col("yield_class").is_not_null())
