"""The chapters of the survey report that say what the outcomes mean.

Contents: requirements H1 (规模、分布、产业类型、投入产出、综合效益、再开发潜力；类型、布局、面积、用途、权属) and H2
(两库一清单).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import polars as pl

from panhuo.documents import Block, Cell, Chart, Column, Figure, Heading, Paragraph, Series, Table
from panhuo.documents.maps import ClassStyle
from panhuo.identify.wording import actor
from panhuo.land.codes.lists import item_name
from panhuo.land.facts import FACTS
from panhuo.land.units import round_parts
from panhuo.messages import Text
from panhuo.survey.story import Story
from panhuo.survey.tables import OUTCOMES, identified_by

_MU = 3.0 / 2000.0
_PALETTE = ("#c0392b", "#2e6da4", "#e08e2b", "#5b8c5a", "#8e5ea2", "#4aa3a2", "#a0522d", "#6c7a89")


def structure(story: Story) -> list[Block]:
    """Kinds of inefficient land: by class, industry, use and ownership."""
    say, lang = story.say, story.lang
    classes = [c.name(lang) for c in story.verdicts.standard.classes]
    by_class = identified_by(story.summary, "class", Text("认定类别", "class"), lang, order=classes)
    blocks: list[Block] = [
        Heading(say("低效用地的规模、结构与分布", "Scale, structure and distribution"), 1),
        Heading(say("按认定类别", "By class"), 2),
        by_class,
    ]
    if by_class.rows:
        found = [str(row[0]) for row in by_class.rows]
        areas = Series(say("面积", "area"), tuple(number(r[4]) for r in by_class.rows))
        blocks.append(
            Figure(
                Chart("horizontal", tuple(found), (areas,), unit=say("亩", "mu"), decimals=2),
                say("各类低效用地面积", "Area by class"),
            )
        )
        blocks.append(_class_map(story, found))
    blocks += [
        Heading(say("按行业", "By industry"), 2),
        identified_by(story.summary, "industry", Text("行业", "industry"), lang),
        Heading(say("按权属", "By ownership"), 2),
        identified_by(story.summary, "ownership", Text("土地所有权", "ownership"), lang),
    ]
    return blocks


def _class_map(story: Story, order: Sequence[str]) -> Figure:
    rank = {name: i for i, name in enumerate(order)}
    names = {c.id: c.name(story.lang) for c in story.verdicts.standard.classes}
    judged = story.judged.select(
        pl.when(pl.col("outcome") == "identified").then(pl.col("main_class").replace(names)).alias("c")
    )["c"]
    classes = judged.replace_strict(rank, default=len(order), return_dtype=pl.Int64).to_numpy()
    styles = tuple(ClassStyle(n, _PALETTE[i % len(_PALETTE)], i // len(_PALETTE)) for i, n in enumerate(order))
    other = ClassStyle(story.say("其他宗地", "other parcels"), "#eef1f4")
    return Figure(
        story.map(story.say("低效用地类别分布图", "Classes of inefficient land"), classes, (*styles, other)),
        story.say("各类低效用地的分布", "Classes on the map"),
    )


def benefit(story: Story) -> list[Block]:
    """Input and output: identified industrial land beside the rest."""
    say = story.say
    facts = [f for f in ("tax_per_mu", "output_per_hectare", "investment_intensity", "plot_ratio", "building_density")
             if story.has(f)]  # fmt: skip
    if not facts:
        return []
    outcomes = ("identified", "unknown", "not")
    told = story.parcels.select("outcome", *facts)
    parts = {o: told.filter(pl.col("outcome") == o) for o in outcomes}
    rows: list[Sequence[Cell]] = []
    for fact in facts:
        unit = FACTS[fact].unit_text(story.lang)
        row: list[Cell] = [FACTS[fact].text(story.lang) + (say(f"（{unit}）", f" ({unit})") if unit else "")]
        for part in parts.values():
            known = part[fact].drop_nulls()
            row += [len(known), None if not len(known) else float(known.median())]  # type: ignore[arg-type]
        rows.append(row)
    columns = [Column(say("指标", "indicator"), width=46)]
    for outcome in outcomes:
        group = (OUTCOMES[outcome](story.lang),)
        columns.append(Column(say("有数据", "known"), kind="number", decimals=0, group=group))
        columns.append(Column(say("中位数", "median"), kind="number", decimals=2, group=group))
    return [
        Heading(say("投入产出与综合效益", "Input, output and benefit"), 1),
        Paragraph(
            say(
                "下表只统计有数据的宗地；没有数据的不作零计。",
                "Only parcels with data are counted; a missing value is not a zero.",
            )
        ),
        Table(tuple(columns), rows, caption=say("各类结论的投入产出", "Input and output by outcome"), landscape=False),
    ]


def potential(story: Story) -> list[Block]:
    """Redevelopment potential of the identified land: room below the planned plot ratio, willingness, renewal areas."""
    say = story.say
    identified = story.identified
    rows: list[Sequence[Cell]] = []

    def line(name: str, part: pl.DataFrame, extra: float | None = None) -> None:
        rows.append((name, part.height, round(float(part["area_m2"].sum()) * _MU, 2), extra))

    if story.has("plot_ratio", "max_plot_ratio"):
        room = identified.filter(pl.col("max_plot_ratio") > pl.col("plot_ratio"))
        more = room.select(((pl.col("max_plot_ratio") - pl.col("plot_ratio")) * pl.col("area_m2")).sum()).item()
        line(say("低于规划容积率", "below the planned plot ratio"), room, round(float(more or 0.0) / 10_000, 2))
    if story.has("willing"):
        line(say("权利人有盘活意愿", "right holder is willing"), identified.filter(pl.col("willing")))
    if story.has("in_renewal_area"):
        line(say("位于更新改造范围", "in a renewal area"), identified.filter(pl.col("in_renewal_area")))
    if story.has("control_line_share"):
        inside = identified.filter(pl.col("control_line_share") >= 0.5)
        line(say("位于工业用地控制线内", "inside the industrial control line"), inside)
    if not rows:
        return []
    return [
        Heading(say("再开发潜力", "Redevelopment potential"), 1),
        Table(
            (
                Column(say("情形", "case")),
                Column(say("宗地数", "parcels"), kind="number", decimals=0),
                Column(say("面积", "area"), unit=say("亩", "mu"), kind="number", decimals=2),
                Column(
                    say("可增建筑面积", "floor area to gain"),
                    unit=say("万平方米", "10,000 m²"),
                    kind="number",
                    decimals=2,
                ),
            ),
            rows,
            caption=say("低效用地再开发潜力", "Potential of the identified land"),
            note=say("一宗地可同时属于多种情形，各行不相加。", "A parcel may be in several rows; they do not add up."),
        ),
    ]


def registers(story: Story) -> list[Block]:
    """Legacy land and the issue list."""
    say, lang = story.say, story.lang
    old = story.measured.legacy.frame
    blocks: list[Block] = [Heading(say("历史遗留用地与问题清单", "Legacy land and the issue list"), 1)]
    if old.height:
        by = (
            old.group_by("situation")
            .agg(pl.len().alias("n"), pl.col("area_m2").sum())
            .sort(["area_m2", "situation"], descending=[True, False])
        )
        names = (
            by["situation"]
            if lang == "zh"
            else by.select(pl.coalesce(item_name(pl.col("situation"), "legacy_situation", lang), pl.col("situation")))[
                "situation"
            ]
        )
        titles = [n or say("（未填）", "(not given)") for n in names]
        rows, total = added(list(zip(titles, by["n"], by["area_m2"], strict=True)), story)
        blocks.append(
            Table(
                (
                    Column(say("遗留情形", "situation")),
                    Column(say("宗数", "count"), kind="number", decimals=0, summed=True, width=24),
                    Column(say("面积", "area"), unit=say("亩", "mu"), kind="number", decimals=2, summed=True, width=34),
                ),
                rows,
                caption=say("历史遗留用地", "Legacy land"),
                total=total,
            )
        )
    else:
        blocks.append(Paragraph(say("没有交付历史遗留用地。", "No legacy land was delivered.")))
    problems = story.measured.obstacles
    if problems.height and "kind" in problems.columns:
        unnamed = pl.col("kind").fill_null(say("（未填）", "(not given)"))
        kinds = problems.group_by(unnamed).len("n").sort(["n", "kind"], descending=[True, False])
        blocks.append(
            Table(
                (
                    Column(say("问题类型", "kind of obstacle")),
                    Column(say("件数", "count"), kind="number", decimals=0, summed=True, width=24),
                ),
                list(kinds.iter_rows()),
                caption=say("难点堵点与诉求", "Obstacles and wishes"),
                total=(say("合计", "total"), problems.height),
            )
        )
    return blocks


def open_questions(story: Story) -> list[Block]:
    """What is still unknown, how many verdicts hang on it, and whom to ask."""
    say, lang = story.say, story.lang
    unknown = story.parcels.select("outcome", "missing", "area_m2").filter(pl.col("outcome") == "unknown")
    if not unknown.height:
        return []
    missing = (
        unknown.select("missing", "area_m2")
        .explode("missing")
        .drop_nulls("missing")
        .group_by("missing")
        .agg(pl.len().alias("n"), pl.col("area_m2").sum())
        .sort(["n", "missing"], descending=[True, False])
        .head(30)
    )
    rows: list[Sequence[Cell]] = []
    conditions = story.verdicts.standard.conditions()
    for r in missing.iter_rows(named=True):
        kind, _, name = str(r["missing"]).partition(":")
        if name:
            condition = conditions.get(name)
            words = {
                "threshold": say("阈值未设定", "threshold not set"),
                "group": say("同类样本太少", "too few peers"),
                "value": say("无法计算", "no value"),
            }.get(kind, kind)
            what = words + say("：", ": ") + (condition.text(lang) if condition else name)
            whom = actor(condition.set_by, story.verdicts.standard)(lang) if condition and condition.set_by else ""
        else:
            what, whom = (FACTS[kind].text(lang), FACTS[kind].ask(lang)) if kind in FACTS else (kind, "")
        rows.append((what, whom, r["n"], round(r["area_m2"] * _MU, 2)))
    return [
        Heading(say("待核实事项", "Open questions"), 1),
        Paragraph(
            say(
                f"{unknown.height:,} 宗地因缺少下列数据暂不能下结论；补齐后重新运行即可。未知不等于不符合。",
                f"{unknown.height:,} parcels cannot be decided for want of these data; deliver them and run again. "
                "Unknown does not mean that a condition fails.",
            )
        ),
        Table(
            (
                Column(say("缺少什么", "what is missing")),
                Column(say("向谁核实", "whom to ask"), width=40),
                Column(say("涉及宗地", "parcels"), kind="number", decimals=0, width=24),
                Column(say("面积", "area"), unit=say("亩", "mu"), kind="number", decimals=2, width=30),
            ),
            rows,
            caption=say("待核实事项", "Open questions"),
            note=say("一宗地可缺少多项数据，各行不相加。", "A parcel may lack several; the rows do not add up."),
        ),
    ]


def added(
    rows: Sequence[tuple[str, int, float | None]], story: Story
) -> tuple[list[Sequence[Cell]], Sequence[Cell]]:  # fmt: skip
    """Rows of name, count and m² with the areas in 亩, rounded so that they add up; and their total."""
    areas = round_parts([Fraction(m2 or 0.0) * Fraction(3, 2000) for _, _, m2 in rows], decimals=2) if rows else []
    body: list[Sequence[Cell]] = [(name, n, float(a)) for (name, n, _), a in zip(rows, areas, strict=True)]
    total = (story.say("合计", "total"), sum(n for _, n, _ in rows), float(sum(areas, Decimal(0))))
    return body, total


def number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None
