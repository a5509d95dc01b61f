"""``panhuo check``, ``explain``, ``compare``, ``convert``: questions to data that are asked one at a time."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import polars as pl
import typer

from panhuo import exchange
from panhuo.commands.printing import console, progress, table
from panhuo.documents import write_xlsx
from panhuo.identify import compare, explain
from panhuo.messages import PanhuoError
from panhuo.packs import load_pack
from panhuo.survey import check_delivery, finished
from panhuo.survey.findings import SEVERITIES, findings_workbook

Lang = Annotated[Literal["zh", "en"], typer.Option(help="语言 / language")]


def check_command(
    path: Annotated[Path, typer.Argument(help="文件、文件夹或压缩包 / a file, folder or archive")],
    to: Annotated[Path | None, typer.Option(help="把发现写成 xlsx / write the findings as xlsx")] = None,
    all_findings: Annotated[bool, typer.Option("--all", help="列出每一条 / list every finding")] = False,
    lang: Lang = "zh",
    strict: Annotated[
        bool, typer.Option("--strict", help="有错误时退出码为 2 / exit code 2 when there are errors")
    ] = False,
) -> None:
    """打开任何东西，说出里面有什么、有什么问题。/ Open anything and say what is in it and what is wrong."""
    with progress(quiet=True) as say:
        delivery, findings = check_delivery(path, progress=say)
    if delivery.layers:
        summary = exchange.summary(delivery)
        table("图层和表 / layers and tables", summary.columns, summary.rows())
    else:
        console.print("没有可读的图层。/ No layer could be read.", markup=False)
    others = [f for f in delivery.files if f.state in ("ignored", "unreadable")]
    if others:
        table(
            "没有读出数据的文件 / files without data",
            ("文件", "字节", "状态"),
            [(f.path, f"{f.size:,}", f.state) for f in others],
        )
    told = "zh" if lang == "zh" else "en"
    shown = findings if all_findings else findings.head(40)
    rows = [
        (r["code"], SEVERITIES[r["severity"]](lang), r["source"], r["row"], r[told])
        for r in shown.iter_rows(named=True)
    ]
    if rows:
        table(f"检查发现 / findings: {findings.height:,}", ("规则", "程度", "文件", "行", "问题"), rows, numbers=(3,))
        if shown.height < findings.height:
            console.print(
                f"… 其余 {findings.height - shown.height:,} 条用 --all 或 --to 查看 / the rest with --all or --to",
                markup=False,
            )
    else:
        console.print("没有发现问题。/ Nothing was found.", markup=False)
    if to is not None:
        write_xlsx(findings_workbook(findings, title=path.name, on=date.today(), lang=lang), to)
        console.print(f"已写入 / written: {to}", markup=False)
    if strict and findings.filter(pl.col("severity") == "error").height:
        raise typer.Exit(2)


def explain_command(
    parcel: Annotated[str, typer.Argument(help="宗地代码 / parcel code")],
    survey: Annotated[Path, typer.Option("--in", help="调查文件夹 / the survey's folder")] = Path(),
    pack: Annotated[str | None, typer.Option(help="换一套标准来看 / judged by another pack")] = None,
    lang: Lang = "zh",
) -> None:
    """一宗地为什么是这个结论。/ Why a parcel is what it is, condition by condition."""
    done = finished(survey)
    console.print(explain(done.verdicts_by(pack), parcel=parcel, lang=lang), markup=False)


def compare_command(
    first: Annotated[str, typer.Argument(help="政策包 / pack")],
    second: Annotated[str, typer.Argument(help="政策包 / pack")],
    survey: Annotated[Path, typer.Option("--in", help="调查文件夹 / the survey's folder")] = Path(),
    to: Annotated[Path | None, typer.Option(help="把变化的地块写成 csv / write the flips as csv")] = None,
    lang: Lang = "zh",
) -> None:
    """两套标准之间，哪些地块的结论会变。/ Which parcels flip between two standards (back-test)."""
    done = finished(survey)
    on = done.config.on
    flips = compare(done.facts(), load_pack(first, on=on), load_pack(second, on=on))
    console.print(flips.text(lang), markup=False)
    if to is not None:
        nested = [c for c, t in flips.frame.schema.items() if isinstance(t, pl.List)]
        flips.frame.with_columns(pl.col(nested).list.join("、")).write_csv(to, include_bom=True)
        console.print(f"已写入 / written: {to}", markup=False)


def convert_command(
    source: Annotated[Path, typer.Argument(help="读什么 / what to read")],
    target: Annotated[
        Path, typer.Argument(help="写成什么（.gpkg .shp .gdb .geojson .parquet .txt .xlsx .csv）/ what to write")
    ],
    layer: Annotated[str | None, typer.Option(help="只要这个图层 / only this layer")] = None,
    crs: Annotated[str | None, typer.Option(help="换算到 / into, e.g. EPSG:4527")] = None,
) -> None:
    """从能读的格式到能写的格式。/ From any format that it reads to any that it writes."""
    delivery = exchange.open_delivery(source)
    layers = [delivery.layer(layer)] if layer else list(delivery.layers)
    if not layers:
        raise PanhuoError("没有可写的图层。", "There is no layer to write.", where=str(source))
    written = exchange.write(layers, target, crs=crs)
    for path in written.paths:
        console.print(f"已写入 / written: {path}", markup=False)
    for finding in written.findings:
        console.print(f"  {finding.code} {finding.text.zh} / {finding.text.en}", markup=False)


def add_to(root: typer.Typer) -> None:
    """Put the commands at the top level."""
    root.command("check")(check_command)
    root.command("explain")(explain_command)
    root.command("compare")(compare_command)
    root.command("convert")(convert_command)
