"""``panhuo explain`` and ``panhuo compare``: questions to a survey that has been run."""

from __future__ import annotations

import json
from dataclasses import asdict, is_dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from panhuo.commands.options import Lang, Language
from panhuo.commands.packs import dated
from panhuo.commands.printing import console, say, table

if TYPE_CHECKING:
    import polars as pl

    from panhuo.identify import Flips, Verdicts
    from panhuo.survey import Finished

In = Annotated[Path, typer.Option("--in", metavar="SURVEY", help="调查文件夹 / the survey's folder")]


def explain_command(
    parcel: Annotated[str, typer.Argument(help="宗地代码，或其中能认出的一段 / parcel code, or a part of it")],
    survey: In = Path(),
    pack: Annotated[
        str | None, typer.Option(metavar="PACK[@DATE]", help="换一套标准来看 / judged by another pack")
    ] = None,
    full: Annotated[
        bool, typer.Option("--full/--short", help="每一个条件，还是只说起决定作用的 / every condition, or the deciding")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="以 JSON 输出 / as JSON")] = False,
    lang: Lang = "zh",
) -> None:
    """一宗地为什么是这个结论 / why a parcel is what it is

    默认只说结论、类别、起决定作用的条件、缺什么向谁要、最接近的翻转；--full 逐条列出全部条件。

    By default: the outcome, the class, the deciding conditions, what is missing and whom to ask, the nearest flip.
    --full tells every condition.
    """
    from panhuo.commands.short import short
    from panhuo.identify import explanation_of, identify
    from panhuo.survey import finished

    done = finished(survey)
    if pack is None:
        verdicts = done.verdicts()
    else:
        name, day = dated(pack)
        rules = done.pack(name, day)
        verdicts = identify(done.facts(), rules, on=rules.on, sources=done.verdicts().sources)
    code = _parcel(parcel, verdicts, done, lang, quiet=as_json)
    told = explanation_of(verdicts, code)
    if as_json:
        console.print(json.dumps(_plain(told), ensure_ascii=False, indent=1), markup=False)
    elif full:
        console.print(told.say(lang), markup=False)
    else:
        reasons = _reasons(verdicts, code)
        console.print(short(told, reasons, lang), markup=False)
        say("逐条说明加 --full。", "Every condition: --full.", lang, style="dim")


def _reasons(verdicts: Verdicts, code: str) -> list[str]:
    import polars as pl

    return [str(r) for r in verdicts.frame.filter(pl.col("parcel_code") == code)["reasons"].to_list()[0] or ()]


def _parcel(text: str, verdicts: Verdicts, done: Finished, lang: Language, *, quiet: bool) -> str:
    """The parcel that is meant: its code, the only code with this part, or an error that says what there is."""
    import polars as pl

    from panhuo.messages import PanhuoError
    from panhuo.survey.gather import REASONS

    codes = verdicts.frame["parcel_code"].drop_nulls()
    wanted = "".join(text.split()).upper()
    if (codes == wanted).any():
        return wanted
    back = done.handed_back().filter(pl.col("parcel_code") == wanted)
    if back.height:
        row = back.row(0, named=True)
        why, place = REASONS[row["reason"]], f"{row['source']}:{row['row']}"
        raise PanhuoError(
            f"宗地“{wanted}”已退回，没有参加认定：{why.zh}。",
            f"Parcel '{wanted}' was handed back and never judged: {why.en}.",
            where=place,
        )
    hits = codes.filter(codes.str.contains(wanted, literal=True)) if len(wanted) >= 4 else codes.head(0)
    if len(hits) == 1:
        if not quiet:
            say(f"按“{text}”找到 {hits[0]}。", f"'{text}' is {hits[0]}.", lang, style="dim")
        return str(hits[0])
    if len(hits):
        some = hits.head(8).to_list()
        raise PanhuoError(
            f"有 {len(hits):,} 宗地的代码含“{text}”：{'、'.join(some)}{' 等' if len(hits) > 8 else ''}。",
            f"{len(hits):,} parcels have '{text}' in their codes: {', '.join(some)}{' …' if len(hits) > 8 else ''}.",
        )
    return wanted  # the error of explanation_of names codes that look like it


def _plain(value: Any) -> Any:
    """Dataclasses, dates and infinities as JSON knows them."""
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


def compare_command(
    first: Annotated[str, typer.Argument(metavar="PACK[@DATE]", help="标准 A / standard A")],
    second: Annotated[str, typer.Argument(metavar="PACK[@DATE]", help="标准 B / standard B")],
    survey: In = Path(),
    to: Annotated[
        Path | None, typer.Option(metavar="CSV", help="把变化的地块写成 csv / write the parcels that flip as csv")
    ] = None,
    lang: Lang = "zh",
) -> None:
    """两套标准之间哪些地块会变（回测）/ which parcels flip (back-test)

    同一批事实按两套标准各判一次。“编号@日期”是某一天有效的标准，如 demo@2025-06-30 与 demo。

    The same facts judged by two standards. ``id@date`` is a pack as in force on that day: demo@2025-06-30 and demo.
    """
    import polars as pl

    from panhuo.identify import compare
    from panhuo.survey import finished

    done = finished(survey)
    one, other = (done.pack(name, day) for name, day in (dated(first), dated(second)))
    flips = compare(done.facts(), one, other)
    console.print(flips.say(lang), markup=False)
    if one.on != other.on:
        say(f"A 按 {one.on} 有效的内容，B 按 {other.on}。", f"A as in force on {one.on}, B on {other.on}.", lang)
    _by_class(flips, lang)
    if to is not None:
        turned = flips.frame.filter(pl.col("flipped")).drop("flipped")
        turned.write_csv(to, include_bom=True)
        say(f"已写入 {turned.height:,} 宗：{to}", f"{turned.height:,} parcels written: {to}", lang)


def _by_class(flips: Flips, lang: Language) -> None:
    """Of each class: parcels and area under A and under B, what it gains and what it loses."""
    import polars as pl

    names = {c.id: c.name(lang) for v in (flips.b, flips.a) for c in v.standard.classes}
    rows = []
    for one, name in names.items():
        in_a = flips.frame.filter((pl.col("outcome_a") == "identified") & (pl.col("class_a") == one))
        in_b = flips.frame.filter((pl.col("outcome_b") == "identified") & (pl.col("class_b") == one))
        if not in_a.height and not in_b.height:
            continue
        stay = in_a.filter((pl.col("outcome_b") == "identified") & (pl.col("class_b") == one)).height
        rows.append(
            (f"{one} {name}", f"{in_a.height:,}", f"{in_b.height:,}", f"+{in_b.height - stay:,}",
             f"−{in_a.height - stay:,}", _hectares(in_a), _hectares(in_b))
        )  # fmt: skip
    if rows:
        heads = {
            "zh": ("类别（认定的）", "A 宗数", "B 宗数", "进", "出", "A 公顷", "B 公顷"),
            "en": ("class (identified)", "A", "B", "in", "out", "A ha", "B ha"),
        }
        console.print()
        table({"zh": "分类别", "en": "By class"}[lang], heads[lang], rows, numbers=(1, 2, 3, 4, 5, 6))


def _hectares(frame: pl.DataFrame) -> str:
    return f"{float(frame['area_m2'].sum() or 0.0) / 10_000:,.2f}"


def add_to(root: typer.Typer) -> None:
    """Put the commands at the top level."""
    root.command("explain")(explain_command)
    root.command("compare")(compare_command)
