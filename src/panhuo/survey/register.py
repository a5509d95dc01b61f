"""Register: the two registers and the issue list as one GeoPackage, the summary tables, and the reconciliation."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from panhuo import exchange
from panhuo.documents import Column, Sheet, Table, Workbook, write_xlsx
from panhuo.exchange import Layer
from panhuo.identify import Verdicts, condition_table
from panhuo.land.codes.industry import division_name
from panhuo.land.crs import Crs
from panhuo.land.facts import FACTS
from panhuo.land.roles import role
from panhuo.messages import Lang, Text
from panhuo.packs import Pack
from panhuo.progress import Progress, silent
from panhuo.survey.completeness import completeness_table
from panhuo.survey.config import SurveyConfig
from panhuo.survey.gather import REASONS
from panhuo.survey.measured import Measured
from panhuo.survey.tables import OUTCOMES, reconcile, summary_workbook

#: The layers of the registers.
LOW_EFFICIENCY, LEGACY, ISSUES, PARCELS = "低效用地数据库", "历史遗留用地数据库", "问题清单", "全部宗地"
_HECTARE, _MU = 10_000.0, 2000.0 / 3.0

#: Columns of all parcels, as they stand in the register: fact -> heading.
_PARCEL_FACTS = (
    "parcel_code", "parcel_name", "township_code", "township_name", "location", "holder_name", "credit_code",
    "ownership_kind", "right_type", "right_nature", "registered_use", "current_use", "main_land_class", "plan_use",
    "area_m2", "planar_area_m2", "declared_area_m2", "plot_ratio", "building_density", "floor_area_m2",
    "industry_division", "enterprise_name", "tax_per_mu", "output_per_hectare", "investment_intensity", "yield_class",
    "willing",
)  # fmt: skip


def write_registers(
    folder: Path,
    config: SurveyConfig,
    pack: Pack,
    measured: Measured,
    verdicts: Verdicts,
    *,
    parcels: pl.DataFrame | None = None,
    progress: Progress = silent,
) -> dict[str, Any]:
    """Write ``两库一清单.gpkg`` and ``汇总表.xlsx`` into ``folder``; returns the reconciliation's figures.

    ``parcels`` are those of :func:`all_parcels`, where the caller has them already.
    """
    progress("入库", 0, 3)
    parcels = all_parcels(measured, verdicts) if parcels is None else parcels
    geometry = pa.concat_arrays([measured.geometry, measured.handed_back.geometry])
    identified = low_efficiency(parcels, verdicts, pack, config)
    keep = (parcels["outcome"] == "identified").rechunk().to_arrow()
    crs = Crs.from_epsg(4490)
    layers = [
        _layer(LOW_EFFICIENCY, identified, geometry.filter(keep), crs),
        _layer(LEGACY, legacy(measured), measured.legacy.geometry, crs),
        _layer(ISSUES, issues(measured, parcels), None, None),
        _layer(PARCELS, _printed(parcels, verdicts), geometry, crs),
    ]
    del identified, geometry
    with ThreadPoolExecutor(1) as aside:
        # GDAL writes large layers in a process of its own; the tables are made meanwhile
        written = aside.submit(exchange.write, layers, folder / "两库一清单.gpkg")
        del layers
        _write_tables(folder, config, measured, verdicts, parcels)
        progress("入库", 2, 3)
        written.result()
    parcels.select("outcome", "area_m2").write_parquet(folder / "对账.parquet")
    figures = {"delivered": measured.delivered, "delivered_m2": measured.delivered_m2}
    (folder / "对账.json").write_text(json.dumps(figures), encoding="utf-8")
    progress("入库", 3, 3)
    return figures


def _write_tables(
    folder: Path, config: SurveyConfig, measured: Measured, verdicts: Verdicts, parcels: pl.DataFrame
) -> None:
    """``汇总表.xlsx``, and ``亩产效益评价.xlsx`` where enterprises were evaluated."""
    balance = reconcile(parcels, measured.delivered, measured.delivered_m2)
    notes: tuple[str, ...] = ("面积为椭球面积；分项按最大余数法取整，合计等于各分项之和。",)
    if config.simulated:
        notes = ("部分属性为模拟数据，仅供演示。", *notes)
    book = summary_workbook(
        summary_columns(parcels, verdicts),
        balance,
        title=config.title,
        on=config.on,
        classes=[c.name("zh") for c in verdicts.standard.classes],
        notes=notes,
        more=(
            Sheet("完整率", completeness_table(measured.facts, "zh"), config.title),
            standard_sheet(verdicts, config.title),
        ),
    )
    write_xlsx(book, folder / "汇总表.xlsx")
    if measured.yields.height:
        write_xlsx(yield_workbook(measured.yields, config), folder / "亩产效益评价.xlsx")


def all_parcels(measured: Measured, verdicts: Verdicts) -> pl.DataFrame:
    """Every delivered parcel: the judged ones with facts and verdict, then the handed-back ones with their reason."""
    verdict = verdicts.frame.select("outcome", "main_class", "classes", "reasons", "missing", "ask", "flip")
    judged = measured.facts.hstack(verdict).with_columns(
        pl.lit(None, pl.String).alias("handed_back_because"),
        pl.lit(None, pl.String).alias("delivered_in"),
        pl.lit(None, pl.Int64).alias("delivered_row"),
    )
    back = measured.handed_back.frame.select(
        "parcel_code",
        "township_code",
        "township_name",
        "area_m2",
        pl.lit("handed_back").alias("outcome"),
        pl.col("reason").replace({k: v.zh for k, v in REASONS.items()}).alias("handed_back_because"),
        pl.col("source").alias("delivered_in"),
        pl.col("row").alias("delivered_row"),
    )
    return pl.concat([judged, back], how="diagonal_relaxed", rechunk=True)


def _class_names(verdicts: Verdicts, lang: Lang = "zh") -> dict[str, str]:
    return {c.id: c.name(lang) for c in verdicts.standard.classes}


def _printed(parcels: pl.DataFrame, verdicts: Verdicts) -> pl.DataFrame:
    """All parcels with Chinese headings."""
    names = _class_names(verdicts)
    present = [c for c in _PARCEL_FACTS if c in parcels.columns]
    return parcels.select(
        *(pl.col(c).alias(_heading(c)) for c in present),
        pl.col("outcome").replace({k: v.zh for k, v in OUTCOMES.items()}).alias("认定结论"),
        pl.col("main_class").replace(names).alias("主要类别"),
        pl.col("classes").list.eval(pl.element().replace(names)).list.join("、").alias("全部类别"),
        pl.col("reasons").list.join("、").alias("决定条件"),
        pl.col("missing").list.join("、").alias("缺少数据"),
        pl.col("ask").list.join("、").alias("向谁核实"),
        pl.col("handed_back_because").alias("退回原因"),
        pl.col("delivered_in").alias("交付文件"),
        pl.col("delivered_row").alias("交付行号"),
    )


def _heading(fact: str) -> str:
    column = FACTS[fact]
    unit = column.unit_text.zh
    return f"{column.zh}（{unit}）" if unit and unit not in column.zh else column.zh


def low_efficiency(parcels: pl.DataFrame, verdicts: Verdicts, pack: Pack, config: SurveyConfig) -> pl.DataFrame:
    """The register of inefficient land: identified parcels, each with class, conditions met and their clauses."""
    identified = parcels.filter(pl.col("outcome") == "identified")
    names = _class_names(verdicts)
    clauses = {c.id: (c.clause or "") for c in verdicts.standard.conditions().values()}
    present = [c for c in _PARCEL_FACTS if c in identified.columns]
    return identified.select(
        *(pl.col(c).alias(_heading(c)) for c in present),
        (pl.col("area_m2") / _HECTARE).round(4).alias("面积（公顷）"),
        (pl.col("area_m2") / _MU).round(2).alias("面积（亩）"),
        pl.col("main_class").replace(names).alias("主要类别"),
        pl.col("classes").list.eval(pl.element().replace(names)).list.join("、").alias("全部类别"),
        pl.col("reasons").list.join("、").alias("认定条件"),
        pl.col("reasons")
        .list.eval(pl.element().replace_strict(clauses, default=""))
        .list.unique(maintain_order=True)
        .list.join("；")
        .alias("依据条款"),
        pl.lit(pack.id).alias("政策包"),
        pl.lit(config.on).alias("认定日期"),
        pl.lit("初步认定").alias("状态"),
        pl.lit(None, pl.String).alias("上级库编号"),
    )


def legacy(measured: Measured) -> pl.DataFrame:
    """The register of legacy land, as it was delivered, with its area and the township it names."""
    frame = measured.legacy.frame
    if "area_m2" not in frame.columns:
        return frame.rename({"legacy_code": "遗留用地编号"})
    titles = {f.name: f.zh for f in role("legacy").fields}
    return frame.select(
        *(pl.col(c).alias(titles[c]) for c in ("legacy_code", "situation", "occurred_year", "penalty_no")),
        pl.col("area_m2").alias("面积（平方米）"),
        (pl.col("area_m2") / _MU).round(2).alias("面积（亩）"),
        pl.col("source").alias("交付文件"),
        pl.lit("已入库，未封库").alias("状态"),
    )


def issues(measured: Measured, parcels: pl.DataFrame) -> pl.DataFrame:
    """The issue list: delivered obstacles and wishes beside the verdict of their parcels; and open disputes."""
    listed = measured.obstacles
    titles = {f.name: f.zh for f in role("obstacles").fields}
    told = [c for c in ("parcel_code", "kind", "description", "wish", "unit", "due_date") if c in listed.columns]
    rows = listed.select(told).with_columns(pl.lit("报送").alias("来源"))
    if "in_dispute" in parcels.columns:
        disputed = parcels.filter(pl.col("in_dispute").fill_null(False)).select(
            "parcel_code",
            pl.lit("权属争议").alias("kind"),
            pl.lit("争议未结，结案前不能认定").alias("description"),
            pl.lit("争议清单").alias("来源"),
        )
        rows = pl.concat([rows, disputed], how="diagonal_relaxed")
    wanted = pl.col("parcel_code").is_in(rows["parcel_code"].drop_nulls().unique().implode())
    verdict = parcels.select(
        "parcel_code",
        *(c for c in ("parcel_name", "township_name") if c in parcels.columns),
        pl.col("outcome").replace({k: v.zh for k, v in OUTCOMES.items()}).alias("认定结论"),
    ).filter(wanted).unique("parcel_code", keep="first")  # fmt: skip
    rows = rows.join(verdict, on="parcel_code", how="left", maintain_order="left").with_row_index("序号", 1)
    order = ["序号", "parcel_code", *(c for c in verdict.columns if c != "parcel_code")]
    rest = [c for c in rows.columns if c not in order]
    renamed = {c: titles[c] for c in rest if c in titles} | {
        "parcel_code": "宗地代码",
        "parcel_name": "地块名称",
        "township_name": "乡镇（街道）",
    }
    return rows.select(*order, *rest).rename({k: v for k, v in renamed.items() if k in rows.columns})


def yield_workbook(yields: pl.DataFrame, config: SurveyConfig) -> Workbook:
    """The evaluation of the enterprises by the pack's scheme: score, rank, class, and what is provisional."""
    columns = {
        "credit_code": Column("统一社会信用代码", kind="code"),
        "enterprise_name": Column("企业名称"),
        "group": Column("分组"),
        "status": Column("状态"),
        "base_score": Column("基本得分", kind="number", decimals=4),
        "bonus": Column("加分", kind="number", decimals=2),
        "penalty": Column("减分", kind="number", decimals=2),
        "score": Column("总分", kind="number", decimals=4),
        "rank": Column("名次", kind="number", decimals=0),
        "yield_class": Column("等级", kind="code"),
        "decided_by": Column("依据"),
        "missing": Column("缺少数据"),
        "to_verify": Column("待核实"),
    }
    present = {k: v for k, v in columns.items() if k in yields.columns}
    lists = [k for k in present if isinstance(yields.schema[k], pl.List)]
    rows = yields.with_columns(pl.col(lists).list.join("、")).select(list(present)).rows()
    title = f"{config.title}亩产效益评价"
    return Workbook((Sheet("评价结果", Table(tuple(present.values()), rows, frozen=2), title),), config.on, title)


def standard_sheet(verdicts: Verdicts, title: str) -> Sheet:
    """Every condition of the standard as it was in force: what it asks, clause, who confirms it, sources, counts."""
    names = _class_names(verdicts) | {"exclusion": "排除", "precondition": "前提", "gate": "适用政策"}
    columns = (
        Column("类别"),
        Column("条件编号", kind="code"),
        Column("内容"),
        Column("判定要求"),
        Column("条款"),
        Column("阈值待谁设定"),
        Column("确认单位"),
        Column("佐证材料"),
        Column("数据来源"),
        Column("符合", kind="number", decimals=0),
        Column("不符合", kind="number", decimals=0),
        Column("未知", kind="number", decimals=0),
    )
    rows = [
        (
            names.get(r["part"], r["part"]),
            r["condition"],
            r["zh"],
            r["requirement_zh"],
            r["clause"],
            r["set_by"],
            "、".join(r["confirm"]),
            r["evidence"],
            "、".join(dict.fromkeys(s for s in r["sources"] if s)),
            r["holds"],
            r["fails"],
            r["unknown"],
        )
        for r in condition_table(verdicts).iter_rows(named=True)
    ]
    return Sheet("认定标准", Table(columns, rows, frozen=3), title)


#: Who owns the land.
OWNERSHIP = {"国有": Text("国有", "state"), "集体": Text("集体", "collective")}
_NO_FIRM = Text("无企业", "no enterprise")


def summary_columns(parcels: pl.DataFrame, verdicts: Verdicts, lang: Lang = "zh") -> pl.DataFrame:
    """What the summary tables ask for: outcome, area, township, class, industry, ownership."""
    missing = pl.lit(None, pl.String)
    names = _class_names(verdicts, lang)
    owners = {k: v(lang) for k, v in OWNERSHIP.items()}
    division = (
        pl.when(pl.col("enterprise_count") == 0)
        .then(pl.lit(_NO_FIRM(lang)))
        .otherwise(division_name(pl.col("industry_division"), lang))
        if "industry_division" in parcels.columns
        else missing
    )
    return parcels.select(
        "outcome",
        "area_m2",
        (pl.col("township_name") if "township_name" in parcels.columns else missing).alias("township"),
        pl.col("main_class").replace(names).alias("class"),
        division.alias("industry"),
        (pl.col("ownership_kind").replace(owners) if "ownership_kind" in parcels.columns else missing).alias(
            "ownership"
        ),
    )


def _layer(name: str, frame: pl.DataFrame, geometry: pa.LargeBinaryArray | None, crs: Crs | None) -> Layer:
    # words as they lie in memory, not a copy of them all
    table = frame.to_arrow(compat_level=pl.CompatLevel.newest())
    return Layer(name=name, source="", driver="gpkg", table=table, geometry=geometry, crs=crs)


#: What each layer of the registers is, for a reader of the file.
DESCRIPTIONS = {
    LOW_EFFICIENCY: Text("认定为低效用地的地块", "parcels identified as inefficient land"),
    LEGACY: Text("历史遗留用地", "legacy land"),
    ISSUES: Text("难点堵点与诉求", "obstacles and wishes"),
    PARCELS: Text("全部宗地及其结论", "all parcels with their verdicts"),
}
