"""A sample paper in both languages with everything a paper can hold; all names and figures are invented."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import numpy as np

from panhuo.documents.charts import Chart, Series, histogram
from panhuo.documents.model import (
    Bullets,
    Cell,
    Clause,
    Column,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    PageBreak,
    Paper,
    Paragraph,
    Ref,
    Strong,
    Table,
)
from panhuo.documents.tables import with_total

DAY = dt.date(2026, 11, 21)
TOWNS = (
    "澄湖街道",
    "柳岸街道",
    "东关街道",
    "新城街道",
    "湖西街道",
    "北园街道",
    "石桥镇",
    "龙泉镇",
    "枣林镇",
    "白沙镇",
    "安平镇",
    "青石铺镇",
)
TOWNS_EN = (
    "Chenghu",
    "Liu'an",
    "Dongguan",
    "Xincheng",
    "Huxi",
    "Beiyuan",
    "Shiqiao",
    "Longquan",
    "Zaolin",
    "Baisha",
    "Anping",
    "Qingshipu",
)
CLASSES = ("产业转型升级类", "布局散乱类", "用地效益提升类")
CLASSES_EN = ("Industrial change", "Scattered layout", "Low yield")


def town_table(lang: Literal["zh", "en"]) -> Table:
    rng = np.random.default_rng(7)
    zh = lang == "zh"
    hectare, mu = ("公顷", "亩") if zh else ("ha", "mu")
    count, area = ("宗数", "面积") if zh else ("Parcels", "Area")
    columns = [Column("乡镇（街道）" if zh else "Township")]
    for name in CLASSES if zh else CLASSES_EN:
        columns.append(Column(count, kind="number", decimals=0, group=(name,), summed=True))
        columns.append(Column(area, hectare, "number", 2, group=(name,), summed=True))
    whole = ("合计",) if zh else ("All classes",)
    columns += [
        Column(count, kind="number", decimals=0, group=whole, summed=True),
        Column(area, hectare, "number", 2, group=whole, summed=True),
        Column(area, mu, "number", 1, group=whole, summed=True),
    ]
    rows: list[tuple[Cell, ...]] = []
    for town in TOWNS if zh else TOWNS_EN:
        counts = [int(n) for n in rng.integers(2, 60, 3)]
        areas = [round(float(a), 4) for a in rng.gamma(3, 25, 3)]
        cells = [v for pair in zip(counts, areas, strict=True) for v in pair]
        rows.append((town, *cells, sum(counts), sum(areas), sum(areas) * 15))
    table = Table(
        tuple(columns), rows, "各乡镇（街道）低效用地汇总表" if zh else "Inefficient land by township", key="towns"
    )
    return with_total(table, "合　计" if zh else "Total")


def parcel_table(lang: Literal["zh", "en"], count: int = 90) -> Table:
    rng = np.random.default_rng(11)
    zh = lang == "zh"
    titles = ("宗地代码", "权利人", "坐落", "认定类型", "认定依据", "面积", "是否登记", "认定日期")
    if not zh:
        titles = ("Parcel code", "Holder", "Location", "Class", "Grounds", "Area", "Registered", "Date")
    kinds = ("code", "text", "text", "text", "text", "number", "text", "date")
    columns = tuple(
        Column(
            t, ("㎡" if zh else "m²") if k == "number" else "", k, 2 if k == "number" else None, summed=k == "number"
        )  # type: ignore[arg-type]
        for t, k in zip(titles, kinds, strict=True)
    )
    rows: list[tuple[Cell, ...]] = []
    for n in range(count):
        t = int(rng.integers(0, 12))
        area = None if n % 17 == 5 else round(float(rng.gamma(2, 9000)), 2)
        code = f"99011200{t % 9 + 1}001GB{n + 1:05d}"
        if zh:
            words = (
                f"澄湖{'机械铸造精密塑料'[n % 4 * 2 : n % 4 * 2 + 2]}有限公司",
                f"{TOWNS[t]}工业大道{n + 1}号",
                CLASSES[n % 3],
            )
            why = "一（一）；一（三）" if n % 4 else "一（二），布局散乱且用途不合理"
        else:
            words = (f"Chenghu Works No. {n + 1} Co.", f"{TOWNS_EN[t]}, Industry Road {n + 1}", CLASSES_EN[n % 3])
            why = "1(1); 1(3)"
        rows.append((code, *words, why, area, n % 3 != 0, dt.date(2026, 6, 1 + n % 30)))
    caption = "低效用地宗地明细表" if zh else "Register of inefficient parcels"
    note = (
        "面积为CGCS2000椭球面积；“—”表示资料缺失，未参与认定。"
        if zh
        else "Areas on the CGCS2000 ellipsoid; — means missing."
    )
    return with_total(Table(columns, rows, caption, note, "parcels"), "合计" if zh else "Total")


def wide_table(lang: Literal["zh", "en"], years: int = 6) -> Table:
    rng = np.random.default_rng(5)
    zh = lang == "zh"
    columns = [
        Column("乡镇（街道）" if zh else "Township"),
        Column("企业数" if zh else "Firms", kind="number", summed=True),
    ]
    for year in range(2020, 2020 + years):
        group = (f"{year}年" if zh else str(year),)
        columns += [
            Column("税收" if zh else "Tax", "万元" if zh else "10k CNY", "number", 2, group=group),
            Column("亩均税收" if zh else "Tax per mu", "万元/亩" if zh else "10k CNY/mu", "number", 2, group=group),
            Column("产值" if zh else "Output", "万元" if zh else "10k CNY", "number", 0, group=group),
        ]
    rows = [
        (town, int(rng.integers(3, 80)), *(float(v) for _ in range(years) for v in rng.gamma(2, (900, 6, 30000))))
        for town in (TOWNS if zh else TOWNS_EN)
    ]
    caption = "分年度投入产出情况表" if zh else "Input and output by year"
    return with_total(Table(tuple(columns), rows, caption, key=f"yield{years}"), "合计" if zh else "Total")


def charts(lang: Literal["zh", "en"]) -> list[Figure]:
    rng = np.random.default_rng(3)
    zh = lang == "zh"
    towns, classes = (TOWNS, CLASSES) if zh else (TOWNS_EN, CLASSES_EN)
    hectare = "公顷" if zh else "ha"

    def values(count: int, scale: float = 60) -> tuple[float, ...]:
        return tuple(round(float(v), 2) for v in rng.gamma(2, scale, count))

    years = tuple(str(y) for y in range(2020, 2026))
    shares = tuple(
        Series(n, values(3)) for n in (("国有", "集体", "未登记") if zh else ("State", "Collective", "None"))
    )
    line = (
        Series("供地率" if zh else "Supplied", values(6, 30)),
        Series("闲置率" if zh else "Idle", (*values(3, 9), None, *values(2, 9))),
    )
    return [
        Figure(
            Chart("bar", towns, (Series("", values(12)),), hectare, decimals=1),
            "各乡镇（街道）低效用地面积" if zh else "Area by township",
            key="bars",
        ),
        Figure(
            Chart("bar", towns[:5], tuple(Series(y, values(5)) for y in years[-3:]), hectare),
            "三年对比" if zh else "Three years",
        ),
        Figure(
            Chart("stacked", towns, tuple(Series(c, values(12)) for c in classes), hectare, decimals=0),
            "类型构成" if zh else "Classes",
        ),
        Figure(
            Chart("horizontal", towns, (Series("", values(12)),), "宗" if zh else "parcels", decimals=0),
            "宗地数" if zh else "Parcels",
        ),
        Figure(Chart("line", years, line, "%", decimals=1), "供地率与闲置率" if zh else "Supply and idle land"),
        Figure(Chart("share", classes, shares), "权属结构" if zh else "Ownership"),
        Figure(
            histogram(
                rng.gamma(2, 1.2, 2000),
                bins=12,
                unit="宗" if zh else "parcels",
                x_title="宗地面积（公顷）" if zh else "Area (ha)",
            ),
            "宗地面积分布" if zh else "Sizes",
        ),
    ]


def sample_paper(
    lang: Literal["zh", "en"] = "zh", size: Literal["official", "compact"] = "official", maps: tuple[Figure, ...] = ()
) -> Paper:
    zh = lang == "zh"
    figures = charts(lang)
    blocks = [
        Heading("调查工作概况" if zh else "The survey"),
        Paragraph(
            (
                "本次调查覆盖全区12个乡镇（街道），共调查宗地2,674宗，按照现行认定标准",
                Strong("认定低效用地436宗、1,027.35公顷（15,410.25亩）"),
                "，各乡镇（街道）情况见",
                Ref("towns"),
                "和",
                Ref("bars"),
                "。调查、认定、退回三项之和与调查总面积一致。",
            )
            if zh
            else (
                "The survey covers all 12 townships and 2,674 parcels. ",
                Strong("436 parcels (1,027.35 ha) are inefficient"),
                "; see ",
                Ref("towns"),
                " and ",
                Ref("bars"),
                ".",
            )
        ),
        KeyFigures(
            (
                KeyFigure("调查宗地", "2,674", "宗"),
                KeyFigure("低效用地", "1,027.35", "公顷", "占调查面积 21.4%"),
                KeyFigure("折合", "15,410.25", "亩"),
                KeyFigure("待核实", "58", "宗", "资料缺失"),
            )
            if zh
            else (
                KeyFigure("Surveyed", "2,674", "parcels"),
                KeyFigure("Inefficient", "1,027.35", "ha", "21.4 % of the area"),
                KeyFigure("That is", "15,410.25", "mu"),
                KeyFigure("Pending", "58", "parcels", "data missing"),
            )
        ),
        Heading("认定依据" if zh else "Grounds", 2),
        Clause(
            "示例市低效用地认定标准 一（三）" if zh else "Standard of the sample city, 1(3)",
            "工业用地中，亩均税收低于本行业平均水平的，列为用地效益提升类。"
            if zh
            else "Industrial land whose tax per mu is below the average of its industry counts as low yield.",
        ),
        Bullets(
            (
                "权籍数据：截至2026年10月31日；",
                ("三调数据：", Strong("2025年度国土变更调查"), "；"),
                "企业与税收数据：2025年度。",
            )
            if zh
            else ("Cadastre: 31 October 2026", ("Land use: ", Strong("2025")), "Firms: 2025")
        ),
        Heading("分乡镇情况" if zh else "Townships", 2),
        town_table(lang),
        Heading("数据质量" if zh else "Quality of the data", 3),
        Paragraph("退回宗地均列明原因和整改单位。" if zh else "Every parcel handed back has its reason."),
        Bullets(
            ("补正权属来源材料；", "核对宗地代码。") if zh else ("Mend the titles.", "Check the codes."), ordered=True
        ),
        Heading("统计分析" if zh else "Analysis"),
        *figures,
        *maps,
        Heading("投入产出情况" if zh else "Input and output"),
        Paragraph(("分年度情况见", Ref("yield6"), "。") if zh else ("See ", Ref("yield6"), ".")),
        wide_table(lang),
        wide_table(lang, 12),
        PageBreak(),
        Heading("附表" if zh else "Annex"),
        parcel_table(lang),
    ]
    return Paper(
        "澄湖区低效用地调查成果报告" if zh else "Survey of inefficient land in Chenghu District",
        DAY,
        tuple(blocks),
        subtitle="（演示数据）" if zh else "Demonstration data",
        number="澄自然资示〔2026〕1号" if zh else "No. 2026-1",
        issuer="澄湖区自然资源局" if zh else "Natural Resources Bureau of Chenghu District",
        lang=lang,
        sources=("不动产登记数据，澄湖区不动产登记中心，2026年10月；", "2025年度国土变更调查成果。")
        if zh
        else ("Land registry, October 2026.", "Land use survey 2025."),
        contents=size == "compact",
        size=size,
    )
