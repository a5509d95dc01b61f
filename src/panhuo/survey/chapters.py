"""The chapters of the survey report: what was surveyed, what came in, the standard, the outcomes, the method.

What the outcomes mean is told in :mod:`panhuo.survey.analysis`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from panhuo.documents import (
    Block,
    Bullets,
    Cell,
    Chart,
    Column,
    Figure,
    Heading,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Ref,
    Series,
    Table,
)
from panhuo.identify import condition_table
from panhuo.identify.wording import actor, clause
from panhuo.land.roles import ROLES
from panhuo.messages import Text, format_number
from panhuo.survey import analysis
from panhuo.survey.completeness import completeness_table, matches
from panhuo.survey.findings import summary_table
from panhuo.survey.gather import REASONS
from panhuo.survey.story import Story, outcome_map
from panhuo.survey.tables import OUTCOMES, crossed, reconciliation_table

_MU = 3.0 / 2000.0
_PALETTE = ("#c0392b", "#2e6da4", "#e08e2b", "#5b8c5a", "#8e5ea2", "#4aa3a2", "#a0522d", "#6c7a89")


def overview(story: Story) -> list[Block]:
    """What was surveyed, for whom, on what basis, from which data."""
    say, pack = story.say, story.pack
    counts = story.balance.counts
    area = story.balance.areas_m2
    figures = KeyFigures(
        (
            KeyFigure(say("交付宗地", "parcels delivered"), format_number(story.balance.delivered), say("宗", "")),
            KeyFigure(
                say("调查面积", "area surveyed"),
                format_number(story.balance.delivered_m2 / 10_000, 2),
                say("公顷", "ha"),
            ),
            KeyFigure(say("认定低效用地", "identified"), format_number(counts["identified"]), say("宗", "")),
            KeyFigure(
                say("认定面积", "area identified"),
                format_number(area["identified"] / 10_000, 2),
                say("公顷", "ha"),
            ),
        )
    )
    basis = say("；", "; ").join(
        dict.fromkeys(
            d.title(story.lang) + (say(f"（{d.number}）", f" ({d.number})") if d.number else "")
            for d in pack.documents.values()
        )
    )
    inputs = [
        (
            ROLES[entry.role].text(story.lang),
            entry.path + (say(f"（{entry.layer}）", f" ({entry.layer})") if entry.layer else ""),
            str(entry.year) if entry.year else None,
            entry.date,
        )
        for entry in story.config.inputs
    ]
    table = Table(
        (
            Column(say("数据", "data"), width=34),
            Column(say("文件", "file")),
            Column(say("年度", "year"), kind="code", width=16),
            Column(say("日期", "date"), kind="date", width=24),
        ),
        inputs,
        caption=say("使用的数据", "Data used"),
        key="inputs",
    )
    blocks: list[Block] = [
        Heading(say("调查概况", "The survey"), 1),
        figures,
        Paragraph(
            say(
                f"本次调查以宗地为单元，适用政策包“{pack.title('zh')}”（{pack.id}），"
                f"按 {story.config.on:%Y年%m月%d日} 有效的标准认定。",
                f"The survey's unit is the parcel; the standard is that of the pack '{pack.title('en')}' ({pack.id}) "
                f"as in force on {story.config.on:%d %B %Y}.",
            )
        ),
    ]
    if basis:
        blocks.append(Paragraph(say("依据：", "Basis: ") + basis + say("。", ".")))
    blocks += [Paragraph((say("所用数据见", "The data are listed in "), Ref("inputs"), say("。", "."))), table]
    if story.notes["missing"]:
        blocks.append(
            Paragraph(
                say(
                    "下列数据已列入本次调查，但没有找到或无法读取，未参与认定；补交后应重新运行：",
                    "These data belong to the survey but were not found or cannot be read. They had no part in the "
                    "results; deliver them and run again: ",
                )
                + say("、", ", ").join(story.notes["missing"])
                + say("。", ".")
            )
        )
    return blocks


def delivery(story: Story) -> list[Block]:
    """What came in, what was wrong with it, what went back."""
    say = story.say
    back = story.measured.handed_back.frame
    reasons = (
        back.group_by("reason")
        .agg(pl.len().alias("n"), pl.col("area_m2").sum())
        .sort(["n", "reason"], descending=[True, False])
    )
    blocks: list[Block] = [
        Heading(say("数据接收与检查", "Delivery and checks"), 1),
        Paragraph(
            say(
                f"共接收文件 {len(story.notes['files'])} 个、图层和表 {story.notes['layers']} 个、"
                f"记录 {story.notes['rows']:,} 条；"
                f"检查发现 {story.findings.height:,} 项。交付的数据没有被改动。",
                f"{len(story.notes['files'])} files with {story.notes['layers']} layers and tables and "
                f"{story.notes['rows']:,} "
                f"rows came in; {story.findings.height:,} findings. Nothing that was delivered has been changed.",
            )
        ),
        summary_table(story.findings, story.lang),
    ]
    if back.height:
        rows, total = analysis.added(
            [(REASONS[r["reason"]](story.lang), r["n"], r["area_m2"]) for r in reasons.iter_rows(named=True)], story
        )
        blocks += [
            Paragraph(
                say(
                    f"下列 {back.height} 宗不能认定，已退回报送单位，其面积计入对账。",
                    f"{back.height} parcels cannot be judged and go back to their sender; "
                    "their area is in the reconciliation.",
                )
            ),
            Table(
                (
                    Column(say("退回原因", "reason")),
                    Column(say("宗地数", "parcels"), kind="number", decimals=0, summed=True, width=26),
                    Column(say("面积", "area"), unit=say("亩", "mu"), kind="number", decimals=2, summed=True, width=34),
                ),
                rows,
                caption=say("退回的宗地", "Parcels handed back"),
                total=total,
            ),
        ]
    return blocks


def contents(story: Story) -> list[Block]:
    """How complete the survey is, and how far the sources matched the parcels."""
    say = story.say
    found = matches(story.judged)
    rows = [
        (ROLES[name].text(story.lang), hit, of, round(100.0 * hit / of, 1) if of else None)
        for name, (hit, of) in found.items()
    ]
    blocks: list[Block] = [Heading(say("调查内容完整性", "Completeness"), 1)]
    if rows:
        blocks.append(
            Table(
                (
                    Column(say("数据", "data")),
                    Column(say("匹配上的宗地", "parcels matched"), kind="number", decimals=0, width=34),
                    Column(say("应匹配的宗地", "of"), kind="number", decimals=0, width=34),
                    Column(say("匹配率", "rate"), unit="%", kind="number", decimals=1, width=26),
                ),
                rows,
                caption=say("各项数据与宗地的匹配", "How the sources matched the parcels"),
                note=say(
                    "经济指标和亩产效益只对有企业的宗地计算。",
                    "Economy and yield classes only for parcels with an enterprise.",
                ),
            )
        )
    blocks.append(completeness_table(story.judged, story.lang))
    return blocks


def standard(story: Story) -> list[Block]:
    """The standard: every condition with its clause, who confirms it, and how many parcels met it."""
    say, lang, the = story.say, story.lang, story.verdicts.standard
    parts = {
        "exclusion": say("排除", "exclusion"),
        "precondition": say("前提", "precondition"),
        "gate": say("适用政策", "use of the policy"),
        **{c.id: c.name(lang) for c in the.classes},
    }
    rows: list[Sequence[Cell]] = []
    conditions = the.conditions()
    for r in condition_table(story.verdicts).iter_rows(named=True):
        one = conditions[r["condition"]]
        setter = actor(one.set_by, the)(lang) if one.set_by else ""
        open_value = say(f"（阈值待{setter}设定）", f" (threshold to be set by {setter})") if setter else ""
        cited = clause(one.clause, the)
        rows.append(
            (
                parts[r["part"]],
                r[lang] + open_value,
                cited(lang) if cited else "",
                say("、", ", ").join(actor(c, the)(lang) for c in one.confirm),
                r["holds"],
                r["fails"],
                r["unknown"],
            )
        )
    group = (say("宗地数", "parcels"),)
    blocks: list[Block] = [
        Heading(say("认定标准", "The standard"), 1),
        Paragraph(
            say(
                "各条件的依据条款、确认单位和本次判定情况如下；阈值和取值见《汇总表.xlsx》“认定标准”。",
                "Clause, confirming unit and outcome of each condition; "
                "thresholds are in the workbook's sheet on the standard.",
            )
        ),
        Table(
            (
                Column(say("类别", "class"), width=26),
                Column(say("条件", "condition")),
                Column(say("条款", "clause"), width=22),
                Column(say("确认单位", "confirmed by"), width=32),
                Column(say("符合", "met"), kind="number", decimals=0, width=14, group=group),
                Column(say("不符合", "not met"), kind="number", decimals=0, width=15, group=group),
                Column(say("未知", "unknown"), kind="number", decimals=0, width=19, group=group),
            ),
            rows,
            caption=say("认定条件", "Conditions"),
            landscape=False,
        ),
    ]
    if the.readings:
        blocks.append(
            Paragraph(
                say("条文有不同理解之处，本次按下列理解执行：", "Wordings that can be read in two ways were read so:")
            )
        )
        chosen = {"any": say("任一成立即可", "any"), "all": say("须全部成立", "all")}
        dash = say("——", ": ")
        blocks.append(Bullets(tuple(f"{r.text(lang)}{dash}{chosen[r.chosen]}" for r in the.readings)))
    return blocks


def results(story: Story) -> list[Block]:
    """The outcome in figures and on the map; the reconciliation."""
    say, lang = story.say, story.lang
    townships = crossed(story.summary, "township", Text("乡镇（街道）", "township"), lang)
    names = [str(row[0]) for row in townships.rows]
    chart = Chart(
        "stacked",
        tuple(names),
        tuple(
            Series(OUTCOMES[o](lang), tuple(analysis.number(row[4 + 2 * i]) for row in townships.rows))
            for i, o in enumerate(OUTCOMES)
        ),
        unit=say("亩", "mu"),
        decimals=0,
        height_mm=85,
    )
    return [
        Heading(say("认定结果", "Outcomes"), 1),
        Paragraph(
            (
                say("交付的每一宗地都有且只有一个结果，见", "Every delivered parcel has exactly one outcome, see "),
                Ref("reconciliation"),
                say("；分项之和等于合计。", "; the parts add up to the total."),
            )
        ),
        reconciliation_table(story.balance, lang),
        Figure(outcome_map(story), say("认定结论分布", "Outcomes on the map"), key="map-outcomes"),
        Heading(say("按乡镇（街道）", "By township"), 2),
        townships,
        Figure(chart, say("各乡镇（街道）各类结论的面积", "Area of outcomes by township")),
    ]


def method(story: Story) -> list[Block]:
    """How the figures were made."""
    say = story.say
    return [
        Heading(say("计算方法", "How the figures were made"), 1),
        Bullets(
            (
                say(
                    "面积为 CGCS2000 椭球面积，按国土调查的图斑椭球面积公式计算；交付所载面积另行保留，不予覆盖。",
                    "Areas are those on the CGCS2000 ellipsoid by the formula of the land survey; "
                    "declared areas are kept beside them.",
                ),
                say(
                    "地类、规划、控制线占比由图形叠加面积计算；未被数据覆盖的部分按未知处理。",
                    "Shares come from areas of intersection; what no layer covers is unknown.",
                ),
                say(
                    "一家企业使用多宗地的，其指标按宗地面积分摊，不重复计算。",
                    "A firm on several parcels is divided among them by area and counted once.",
                ),
                say(
                    "条件按真、假、未知三值判定，未知不当作假；每宗地的逐条依据可用 panhuo explain 查看。",
                    "Conditions are true, false or unknown; unknown is never read as false. "
                    "`panhuo explain` shows each of them.",
                ),
                say(
                    "分项面积按最大余数法取整，合计等于各分项之和。",
                    "Parts are rounded so that they add up to the rounded total.",
                ),
            )
        ),
    ]


Chapter = Callable[[Story], list[Block]]

#: The report in its order.
CHAPTERS: tuple[Chapter, ...] = (
    overview,
    delivery,
    contents,
    standard,
    results,
    analysis.structure,
    analysis.benefit,
    analysis.potential,
    analysis.registers,
    analysis.open_questions,
    method,
)
