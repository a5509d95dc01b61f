"""How complete a survey is: filled fields by required fields, per township and content group; and what matched what.

Groups follow the contents that the policies ask for (历城 四(一): scale to potential; 聊城 二(一): type, layout, area,
use, ownership, potential; 静海 二(二): land, building, economy). Formula G25: filled required fields ÷ required fields.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from panhuo.documents import Column, Table
from panhuo.messages import Lang, Text

#: Content group -> the facts that it needs.
GROUPS: Mapping[str, tuple[Text, tuple[str, ...]]] = {
    "use": (Text("类型与用途", "kind and use"), ("main_land_class", "registered_use", "current_use", "plan_use")),
    "place": (Text("布局与面积", "place and area"), ("township_code", "area_m2", "location")),
    "rights": (Text("权属", "rights"), ("ownership_kind", "holder_name", "is_registered", "ownership_clear")),
    "buildings": (
        Text("建筑", "buildings"),
        ("floor_area_m2", "plot_ratio", "building_density", "oldest_built_year"),
    ),
    "economy": (
        Text("产业与投入产出", "industry, input and output"),
        ("industry_division", "tax_wan", "output_wan", "fixed_investment_wan"),
    ),
    "potential": (
        Text("再开发潜力", "potential"),
        ("max_plot_ratio", "in_renewal_area", "features", "facilities_backward", "willing"),
    ),
}
#: Groups that only concern parcels with an enterprise on them.
OF_FIRMS = frozenset({"economy"})
#: Facts that only concern parcels with a building on them.
OF_BUILDINGS = frozenset({"oldest_built_year"})


def completeness(parcels: pl.DataFrame) -> pl.DataFrame:
    """Filled and required fields by township: ``township``, then a share filled for every group (null: none required).

    ``parcels`` are the judged parcels with their facts; a fact that nobody delivered counts as not filled. The economy
    is asked only of parcels with an enterprise, the age of buildings only where there is one.
    """
    columns = []
    firms = pl.col("enterprise_count") > 0 if "enterprise_count" in parcels.columns else pl.lit(True)
    built = pl.col("building_count") > 0 if "building_count" in parcels.columns else pl.lit(True)
    for group, (_, facts) in GROUPS.items():
        filled, asked = [], []
        for fact in facts:
            applies = firms if group in OF_FIRMS else built if fact in OF_BUILDINGS else pl.lit(True)
            applies = applies.fill_null(True)
            there = pl.col(fact).is_not_null() if fact in parcels.columns else pl.lit(False)
            filled.append((there & applies).cast(pl.Int64))
            asked.append(applies.cast(pl.Int64))
        columns += [
            pl.sum_horizontal(filled).alias(f"{group}:filled"),
            pl.sum_horizontal(asked).alias(f"{group}:asked"),
        ]
    town = pl.col("township_name") if "township_name" in parcels.columns else pl.lit(None, pl.String)
    sums = (
        parcels.select(town.alias("township"), *columns)
        .group_by("township", maintain_order=True)
        .agg(pl.all().sum())
        .sort("township", nulls_last=True)
    )
    return sums.select(
        "township",
        *(
            pl.when(pl.col(f"{g}:asked") > 0).then(pl.col(f"{g}:filled") / pl.col(f"{g}:asked")).alias(g)
            for g in GROUPS
        ),
        pl.sum_horizontal(f"{g}:filled" for g in GROUPS).alias("filled"),
        pl.sum_horizontal(f"{g}:asked" for g in GROUPS).alias("asked"),
    )


def completeness_table(parcels: pl.DataFrame, lang: Lang) -> Table:
    """Completeness by township and group in per cent, the whole survey in the last row."""
    frame = completeness(parcels)
    whole = (
        completeness(parcels.with_columns(pl.lit(None, pl.String).alias("township_name"))) if frame.height else frame
    )
    columns = (
        Column(Text("乡镇（街道）", "township")(lang)),
        *(Column(title(lang), unit="%", kind="number", decimals=1) for title, _ in GROUPS.values()),
        Column(Text("总完整率", "all")(lang), unit="%", kind="number", decimals=1),
    )

    def row(record: Mapping[str, object], name: str) -> list[str | float | None]:
        shares = [record[g] for g in GROUPS]
        asked, filled = record["asked"], record["filled"]
        total = float(filled) / float(asked) if asked else None  # type: ignore[arg-type]
        return [name, *(None if s is None else float(s) * 100 for s in [*shares, total])]  # type: ignore[arg-type]

    missing = Text("（未填）", "(not given)")(lang)
    rows = [row(r, str(r["township"] or missing)) for r in frame.iter_rows(named=True)]
    if whole.height and frame.height > 1:
        rows.append(row(whole.row(0, named=True), Text("全域", "whole survey")(lang)))
    return Table(
        columns,
        rows,
        caption=Text("调查内容完整率", "Completeness of the survey")(lang),
        note=Text(
            "完整率＝已填写的必填内容÷应填写的必填内容；产业与投入产出只对有企业的宗地计算。",
            "Filled by required fields; industry, input and output only for parcels with an enterprise.",
        )(lang),
        key="completeness",
    )


def matches(parcels: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """How many of the judged parcels each source matched: registration, enterprises, economy, yield classes."""
    n = parcels.height
    out: dict[str, tuple[int, int]] = {}
    if "is_registered" in parcels.columns:
        out["registration"] = (int(parcels["is_registered"].fill_null(False).sum()), n)
    if "enterprise_count" in parcels.columns:
        held = parcels.filter(pl.col("enterprise_count") > 0)
        out["enterprises"] = (held.height, n)
        for name, fact in (("economy", "tax_wan"), ("yield_classes", "yield_class")):
            if fact in parcels.columns:
                said = held[fact].is_not_null() if fact == "tax_wan" else held[fact] != "未列入评价"
                out[name] = (int(said.fill_null(False).sum()), held.height)
    for name, fact in (("patches", "main_land_class"), ("second_survey", "second_survey_construction_share")):
        if fact in parcels.columns:
            out[name] = (int(parcels[fact].is_not_null().sum()), n)
    return out
