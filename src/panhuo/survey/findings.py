"""What was found, as a clerk wants it: a list in Excel, places on the map, and one page that sums it up."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import shapely

from panhuo import exchange
from panhuo.documents import Block, Column, Heading, KeyFigure, KeyFigures, Paper, Paragraph, Sheet, Table, Workbook
from panhuo.exchange.codes import reader_rule
from panhuo.land.crs import Crs
from panhuo.messages import Lang, Text, format_number
from panhuo.quality.catalogue import catalogue

SEVERITIES: dict[str, Text] = {
    "error": Text("错误", "error"),
    "warning": Text("警告", "warning"),
    "note": Text("提示", "note"),
}
_MENDERS: dict[str, Text] = {
    "sender": Text("报送单位", "sender"),
    "registry": Text("不动产登记机构", "registry"),
    "survey": Text("调查承担单位", "survey contractor"),
    "planner": Text("规划（自然资源）部门", "planning department"),
    "office": Text("调查组织单位", "survey office"),
}
PROPOSED = Text("修复建议", "proposed repairs")
APPLIED = Text("已采用的修复", "repairs applied")
#: Excel holds 1,048,576 rows; a longer list goes on in further sheets.
_ROWS_A_SHEET = 1_000_000


def mender_name(mender: str, lang: Lang) -> str:
    """Who should mend it, in words; ``department:税务局`` names the department."""
    if mender.startswith("department:"):
        return mender.split(":", 1)[1]
    return _MENDERS[mender](lang) if mender in _MENDERS else mender


def rule_name(code: str, lang: Lang) -> str:
    """What a code of the checks or of the readers asks, in words; empty for a code nobody knows."""
    check = catalogue().get(code)
    rule = check.rule if check else reader_rule(code)
    return rule(lang) if rule else ""


def findings_workbook(
    findings: pl.DataFrame, *, title: str, on: date, lang: Lang = "zh", repairs: pl.DataFrame | None = None
) -> Workbook:
    """One row a finding, and a first sheet that counts them by rule.

    repairs : the proposals of :func:`panhuo.survey.mending.mend`; those not applied and those applied are a sheet each
    """
    columns = (
        Column(Text("序号", "no.")(lang), kind="number", decimals=0),
        Column(Text("规则", "rule")(lang), kind="code"),
        Column(Text("程度", "severity")(lang)),
        Column(Text("文件", "file")(lang)),
        Column(Text("图层或表", "layer or table")(lang)),
        Column(Text("行", "row")(lang), kind="number", decimals=0),
        Column(Text("编号", "code")(lang), kind="code"),
        Column(Text("字段", "field")(lang)),
        Column(Text("值", "value")(lang), kind="code"),
        Column(Text("问题", "what was found")(lang)),
        Column(Text("建议", "suggestion")(lang)),
        Column(Text("由谁改正", "to be mended by")(lang)),
        Column(Text("涉及行数", "rows concerned")(lang), kind="number", decimals=0),
        Column("X", kind="number", decimals=3),
        Column("Y", kind="number", decimals=3),
    )
    told, hint = ("zh", "suggestion_zh") if lang == "zh" else ("en", "suggestion_en")
    severities = {k: v(lang) for k, v in SEVERITIES.items()}
    menders = {m: mender_name(m, lang) for m in findings["mender"].unique().to_list()}
    listed = findings.with_row_index("no", 1).select(
        "no",
        "code",
        pl.col("severity").replace(severities),
        "source",
        "layer",
        "row",
        "key",
        "field",
        "value",
        told,
        hint,
        pl.col("mender").replace(menders),
        "count",
        "x",
        "y",
    )
    sheets = [Sheet(Text("汇总", "summary")(lang), summary_table(findings, lang), title)]
    for start in range(0, max(listed.height, 1), _ROWS_A_SHEET):
        number = start // _ROWS_A_SHEET
        name = Text("清单", "list")(lang) + (f"{number + 1}" if number else "")
        sheets.append(Sheet(name, Table(columns, listed.slice(start, _ROWS_A_SHEET).rows(), frozen=2), title))
    if repairs is not None:
        for applied, sheet in ((False, PROPOSED), (True, APPLIED)):
            chosen = repairs.filter(pl.col("applied") == applied)
            if chosen.height:
                sheets.append(Sheet(sheet(lang), _repairs_sheet(chosen, lang), title))
    return Workbook(tuple(sheets), date=on, title=title, lang=lang)


def _repairs_sheet(repairs: pl.DataFrame, lang: Lang) -> Table:
    columns = (
        Column(Text("序号", "no.")(lang), kind="number", decimals=0),
        Column(Text("规则", "rule")(lang), kind="code"),
        Column(Text("文件", "file")(lang)),
        Column(Text("图层或表", "layer or table")(lang)),
        Column(Text("行", "row")(lang), kind="number", decimals=0),
        Column(Text("编号", "code")(lang), kind="code"),
        Column(Text("字段", "field")(lang)),
        Column(Text("修复内容", "what the repair does")(lang)),
        Column(Text("修复前", "before")(lang), kind="code"),
        Column(Text("修复后", "after")(lang), kind="code"),
        Column(Text("修复前面积（平方米）", "area before (m²)")(lang), kind="number", decimals=2),
        Column(Text("修复后面积（平方米）", "area after (m²)")(lang), kind="number", decimals=2),
    )
    listed = repairs.with_row_index("no", 1).select(
        "no", "code", "source", "layer", "row", "key", "field", lang, "before", "after", "area_before", "area_after"
    )
    return Table(columns, listed.head(_ROWS_A_SHEET).rows(), frozen=2)


def summary_table(findings: pl.DataFrame, lang: Lang) -> Table:
    """How many findings of each rule, worst first."""
    counted = (
        findings.group_by("code", "severity", "mender")
        .agg(pl.len().alias("n"), pl.col("count").sum().alias("rows"))
        .sort(pl.col("severity").replace_strict({"error": 0, "warning": 1, "note": 2}, default=3), "code", "mender")
    )
    body = [
        (
            r["code"],
            rule_name(r["code"], lang),
            SEVERITIES[r["severity"]](lang),
            mender_name(r["mender"], lang),
            r["n"],
            r["rows"],
        )
        for r in counted.iter_rows(named=True)
    ]
    columns = (
        Column(Text("规则", "rule")(lang), kind="code", width=14),
        Column(Text("内容", "what it asks")(lang)),
        Column(Text("程度", "severity")(lang), width=16),
        Column(Text("由谁改正", "to be mended by")(lang), width=32),
        Column(Text("发现", "findings")(lang), kind="number", decimals=0, summed=True, width=18),
        Column(Text("涉及行数", "rows concerned")(lang), kind="number", decimals=0, summed=True, width=22),
    )
    total = (
        Text("合计", "total")(lang),
        None,
        None,
        None,
        sum(row[4] for row in body),
        sum(row[5] for row in body),
    )
    caption = Text("检查发现汇总", "Findings by rule")(lang)
    return Table(columns, body, caption=caption, total=total if body else None, key="findings")


def findings_paper(
    findings: pl.DataFrame, *, title: str, on: date, files: int, layers: int, rows: int, lang: Lang = "zh",
    mark: str = "", skipped: tuple[str, ...] = (),
) -> Paper:  # fmt: skip
    """The one-page summary."""
    by = dict(findings.group_by("severity").len().rows())
    figures = KeyFigures(
        (
            KeyFigure(Text("文件", "files")(lang), format_number(files)),
            KeyFigure(Text("图层和表", "layers and tables")(lang), format_number(layers)),
            KeyFigure(Text("记录", "rows")(lang), format_number(rows)),
            *(KeyFigure(SEVERITIES[s](lang), format_number(by.get(s, 0))) for s in SEVERITIES),
        )
    )
    blocks: list[Block] = [
        figures,
        Heading(Text("发现了什么", "What was found")(lang), 1),
        summary_table(findings, lang)
        if findings.height
        else Paragraph(Text("没有发现问题。", "Nothing was found.")(lang)),
        Paragraph(
            Text(
                "每一条发现的文件、行、值、位置和建议见《检查发现.xlsx》，位置图层见“检查发现.gpkg”。"
                "系统没有改动任何交付的数据；修复建议须经报送单位同意后方可采用。",
                "File, row, value, place and suggestion of every finding are in the Excel list, their places in "
                "the GeoPackage. Nothing that was delivered has been changed; a repair is used only when its sender "
                "agrees.",
            )(lang)
        ),
    ]
    if skipped:
        blocks.append(
            Paragraph(
                Text("本次未做的检查：", "Checks left out this time: ")(lang)
                + "、".join(skipped)
                + Text("。", ".")(lang)
            )
        )
    return Paper(title, on, tuple(blocks), lang=lang, size="compact", mark=mark)


def write_places(findings: pl.DataFrame, path: Path, crs: Crs | None, repairs: pl.DataFrame | None = None) -> None:
    """The findings that have a place, as points in a GeoPackage; the shapes of proposed repairs as a second layer."""
    placed = findings.filter(pl.col("x").is_not_null() & pl.col("y").is_not_null())
    points = shapely.to_wkb(shapely.points(placed["x"].to_numpy(), placed["y"].to_numpy()))
    layer = exchange.Layer(
        name=Text("检查发现", "findings")("zh"),
        source=path.name,
        driver="gpkg",
        table=placed.drop("x", "y").to_arrow(),
        geometry=pa.array(points, pa.large_binary()),
        crs=crs,
        geometry_type="Point",
    )
    layers = [layer]
    shapes = repairs.filter(pl.col("geometry").is_not_null()) if repairs is not None else None
    if shapes is not None and shapes.height:
        layers.append(
            exchange.Layer(
                name=PROPOSED("zh"),
                source=path.name,
                driver="gpkg",
                table=shapes.drop("geometry", "index").to_arrow(),
                geometry=pa.array(shapes["geometry"].to_list(), pa.large_binary()),
                crs=crs,
                geometry_type="MultiPolygon",
            )
        )
    exchange.write(layers, path)
