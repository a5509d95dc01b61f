"""``panhuo check`` and ``panhuo convert``: questions to files as they were delivered."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from panhuo.commands.options import Lang, Language
from panhuo.commands.printing import console, progress, say, table

if TYPE_CHECKING:
    import polars as pl

    from panhuo.exchange import Delivery, Layer

#: How many findings are told one by one unless all are asked for.
SHOWN = 20
SIGN = {"error": "✗", "warning": "!", "note": "·"}


def check_command(
    path: Annotated[Path, typer.Argument(help="文件、文件夹或压缩包 / a file, folder or archive")],
    to: Annotated[
        Path | None, typer.Option(metavar="XLSX", help="把发现写成 xlsx / write the findings as xlsx")
    ] = None,
    all_findings: Annotated[bool, typer.Option("--all", help="列出每一条 / list every finding")] = False,
    role: Annotated[
        list[str] | None,
        typer.Option(metavar="LAYER=ROLE", help="说明图层的角色，可多次 / say what a layer is, repeatable"),
    ] = None,
    pack: Annotated[str | None, typer.Option(help="按此政策包的检查参数 / parameters of this pack")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出发现 / the findings as JSON")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="有错误级发现时退出码为 3 / exit code 3 when there are errors")
    ] = False,
    lang: Lang = "zh",
) -> None:
    """一份交付里有什么、有什么问题 / what is in a delivery, what is wrong

    不需要 survey.yaml：图层的角色由程序判断，判断不了的只做一般检查；有宗地图层时还检查图层之间的关系。

    No survey.yaml is needed: roles are guessed, and a layer nobody can tell is checked for what any layer must be.
    Where there are parcels, the layers are checked against each other too.
    """
    import polars as pl

    from panhuo import exchange
    from panhuo.packs import load_pack
    from panhuo.survey.outside import check

    rules = load_pack(pack, on=date.today()) if pack is not None else None
    with progress(quiet=as_json) as tell:
        delivery = exchange.open_delivery(path, progress=tell)
        roles = _roles(role or [])
        findings = check(delivery, rules, roles=roles, progress=tell)
    if as_json:
        console.print(json.dumps(findings.to_dicts(), ensure_ascii=False, indent=1), markup=False)
    else:
        _tell_layers(delivery, roles, lang)
        _tell_findings(findings, findings.height if all_findings else SHOWN, lang)
    if to is not None:
        from panhuo.documents import write_xlsx
        from panhuo.survey.findings import findings_workbook

        write_xlsx(findings_workbook(findings, title=path.name, on=date.today(), lang=lang), to)
        if not as_json:
            say(f"已写入：{to}", f"written: {to}", lang)
    if strict and findings.filter(pl.col("severity") == "error").height:
        raise typer.Exit(3)


def _roles(given: list[str]) -> dict[str, str]:
    from panhuo.messages import PanhuoError

    roles = {}
    for text in given:
        layer, mark, role = text.rpartition("=")
        if not mark or not layer or not role:
            raise PanhuoError(f"“{text}”应写成 图层=角色，如 宗地=parcels。", f"Write '{text}' as LAYER=ROLE.")
        roles[layer] = role
    return roles


def _tell_layers(delivery: Delivery, roles: dict[str, str], lang: Language) -> None:
    from panhuo import exchange
    from panhuo.land.schema import ROLES

    if delivery.layers:
        heads = {
            "zh": ("图层", "内容", "行数", "字段", "坐标系", "编码", "读取 ✗/!/·"),
            "en": ("layer", "taken as", "rows", "fields", "crs", "encoding", "reading ✗/!/·"),
        }
        rows = []
        for layer, row in zip(delivery.layers, exchange.summary(delivery).iter_rows(named=True), strict=True):
            role = _role_of(layer, roles)
            rows.append(
                (
                    _name(layer),
                    ROLES[role].text(lang) if role else "？",
                    f"{layer.count:,}",
                    len(layer.fields),
                    _crs(layer, lang),
                    layer.encoding or "—",
                    f"{row['errors']}/{row['warnings']}/{row['notes']}",
                )
            )
        table({"zh": "图层和表", "en": "Layers and tables"}[lang], heads[lang], rows, numbers=(2, 3, 6))
    else:
        say("没有可读的图层。", "No layer could be read.", lang)
    states = {"ignored": {"zh": "不是数据", "en": "not data"}, "unreadable": {"zh": "读不了", "en": "cannot be read"}}
    others = [(f.path, f"{f.size:,}", states[f.state][lang]) for f in delivery.files if f.state in states]
    if others:
        heads3 = {"zh": ("文件", "字节", "状态"), "en": ("file", "bytes", "state")}
        table({"zh": "没有读出数据的文件", "en": "Files without data"}[lang], heads3[lang], others, numbers=(1,))


def _role_of(layer: Layer, roles: dict[str, str]) -> str | None:
    from panhuo.survey.checking import clear_role

    return roles.get(layer.source) or roles.get(layer.name) or clear_role(layer)


def _name(layer: Layer) -> str:
    """The file, and the layer's own name where the file does not say it already."""
    stem = layer.source.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return layer.source if layer.name in (stem, layer.source) else f"{layer.source} [{layer.name}]"


def _crs(layer: Layer, lang: Language) -> str:
    if layer.geometry is None:
        return "—"
    if layer.crs is None:
        return {"zh": "未说明", "en": "not stated"}[lang]
    return f"EPSG:{layer.crs.epsg}" if layer.crs.epsg else layer.crs.text(lang)


def _tell_findings(findings: pl.DataFrame, limit: int, lang: Language) -> None:
    """First how many of each rule, then one by one, the gravest first."""
    import polars as pl

    from panhuo.survey.findings import rule_name

    if not findings.height:
        say("没有发现问题。", "Nothing was found.", lang)
        return
    words = {
        "error": {"zh": "错误", "en": "error"},
        "warning": {"zh": "警告", "en": "warning"},
        "note": {"zh": "提示", "en": "note"},
    }
    grave = pl.col("severity").replace_strict({"error": 0, "warning": 1, "note": 2}).alias("grave")
    counted = (
        findings.group_by("code", "severity").agg(pl.len(), pl.col("count").sum().alias("rows")).with_columns(grave)
    )
    rows = [
        (
            SIGN[r["severity"]],
            r["code"],
            words[r["severity"]][lang],
            f"{r['len']:,}",
            f"{r['rows']:,}",
            rule_name(r["code"], lang),
        )
        for r in counted.sort("grave", "code").iter_rows(named=True)
    ]
    heads = {
        "zh": ("", "规则", "程度", "条数", "涉及行数", "内容"),
        "en": ("", "rule", "severity", "findings", "rows", "what it asks"),
    }
    title = {"zh": f"检查发现：{findings.height:,} 条", "en": f"Findings: {findings.height:,}"}[lang]
    table(title, heads[lang], rows, numbers=(3, 4))
    ordered = findings.with_columns(grave).sort("grave", maintain_order=True)
    for r in ordered.head(limit).iter_rows(named=True):
        place = r["source"] or ""
        if r["row"] is not None:
            place += {"zh": f" 第 {r['row']} 行", "en": f" row {r['row']}"}[lang]
        console.print(f"{SIGN[r['severity']]} {r['code']} {place}：{r[lang]}" if lang == "zh"
                      else f"{SIGN[r['severity']]} {r['code']} {place}: {r[lang]}", markup=False)  # fmt: skip
    left = findings.height - min(limit, findings.height)
    if left:
        say(
            f"… 其余 {left:,} 条用 --all 列出，或用 --to 发现.xlsx 写成表格。",
            f"… {left:,} more: --all lists them, --to FILE.xlsx writes them.",
            lang,
        )


def convert_command(
    source: Annotated[Path, typer.Argument(help="读什么 / what to read")],
    target: Annotated[Path, typer.Argument(help="写成 / write .gpkg .shp .gdb .geojson .fgb .parquet .xlsx .csv")],
    layer: Annotated[str | None, typer.Option(help="只要这个图层 / only this layer")] = None,
    crs: Annotated[str | None, typer.Option(help="换算到 / into, e.g. EPSG:4527")] = None,
    encoding: Annotated[
        str | None, typer.Option(help="shp、csv 的文字编码，如 GBK、UTF-8 / of texts in shp and csv")
    ] = None,
    lang: Lang = "zh",
) -> None:
    """从能读的格式到能写的格式 / from any format read to any written"""
    from panhuo import exchange
    from panhuo.messages import PanhuoError

    delivery = exchange.open_delivery(source)
    layers = [delivery.layer(layer)] if layer else list(delivery.layers)
    if not layers:
        raise PanhuoError("没有可写的图层。", "There is no layer to write.", where=str(source))
    written = exchange.write(layers, target, crs=crs, encoding=encoding)
    for path in written.paths:
        say(f"已写入：{path}", f"written: {path}", lang)
    for finding in written.findings:
        console.print(f"{SIGN[finding.severity]} {finding.code} {finding.text(lang)}", markup=False)


def add_to(root: typer.Typer) -> None:
    """Put the commands at the top level."""
    root.command("check")(check_command)
    root.command("convert")(convert_command)
