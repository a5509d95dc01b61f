"""``panhuo pack list | show | check | diff | new | thresholds``.

The library is imported inside the commands, so that ``--help`` answers at once.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from panhuo.commands.options import Lang, Language, On, day, day_or_today
from panhuo.commands.printing import console, say, table

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

PackName = Annotated[str, typer.Argument(metavar="PACK", help="政策包编号或文件夹 / id or folder of a pack")]


@app.command("list")
def list_command(lang: Lang = "zh") -> None:
    """有哪些政策包 / which packs there are"""
    from panhuo.packs import list_packs

    rows = [(p.id, p.title(lang), p.level, "、".join(p.places), "、".join(p.extends)) for p in list_packs()]
    heads = {"zh": ("编号", "名称", "层级", "行政区", "继承"), "en": ("id", "title", "level", "places", "extends")}
    table("", heads[lang], rows)


@app.command("show")
def show_command(pack: PackName, on: On = None, lang: Lang = "zh") -> None:
    """一个政策包里有什么、还有什么没定 / what a pack holds and what is still open"""
    from panhuo.packs import load_pack, show

    console.print(show(load_pack(pack, on=day_or_today(on)), lang), markup=False)


@app.command("check")
def check_command(
    pack: Annotated[
        str | None, typer.Argument(metavar="[PACK]", help="政策包；不写则全部 / a pack; all packs when left out")
    ] = None,
    on: On = None,
    lang: Lang = "zh",
) -> None:
    """校验政策包并运行它自己的例子 / validate packs and run their own examples

    不写日期时，凡有规定起止的日子都校验。有错误或例子不符时退出码为 1。

    Without a date every day is tried on which something starts or stops to hold. Exit code 1 when something is wrong.
    """
    from panhuo.packs import list_packs

    names = [pack] if pack is not None else [p.id for p in list_packs()]
    wrong = [name for name in names if not _sound(name, day(on), lang)]
    if len(names) > 1:
        say(
            f"共 {len(names)} 个政策包，{len(wrong)} 个有错误。", f"{len(names)} packs, {len(wrong)} with errors.", lang
        )
    if wrong:
        raise typer.Exit(1)


def _sound(name: str, on: date | None, lang: Language) -> bool:
    """Validate one pack, run its examples and the examples of its formulas, and say what came of it."""
    from panhuo.identify import run_pack_tests
    from panhuo.packs import check_pack, load_pack
    from panhuo.packs.trials import run_formula_examples

    problems = check_pack(name, on=on)
    errors = sum(p.severity == "error" for p in problems)
    for problem in problems:
        mark = {"error": "✗", "warning": "!"}[problem.severity]
        console.print(f"{mark} {problem.say(lang)}", markup=False)
    if errors:
        say(f"{name}：{errors} 处错误。", f"{name}: {errors} error(s).", lang, style="red")
        return False
    loaded = load_pack(name, on=on or date.today())
    examples = run_pack_tests(loaded)
    formulas = run_formula_examples(loaded)
    for example in examples:
        if not example.passed:
            console.print(example.say(lang), markup=False)
    for trial in formulas:
        if not trial.passed:
            place = f"{trial.place}: " if trial.place else ""
            console.print(f"✗ {place}{trial.id} {trial.name(lang)} {trial.told(lang)}", markup=False)
    failed = sum(not e.passed for e in examples) + sum(not t.passed for t in formulas)
    say(
        f"{loaded.id}：无错误；{len(examples)} 个认定例子、{len(formulas)} 个算法例子，{failed} 个不符。",
        f"{loaded.id}: no errors; {len(examples)} examples of identification, {len(formulas)} of formulas, "
        f"{failed} failed.",
        lang,
        style="red" if failed else None,
    )
    return not failed


@app.command("diff")
def diff_command(
    first: PackName,
    second: PackName,
    on: On = None,
    lang: Lang = "zh",
) -> None:
    """两个政策包有何不同 / what differs between two packs

    “编号@日期”指某一天有效的政策包，如 demo@2025-06-30。

    ``id@date`` means the pack as in force on that day, such as demo@2025-06-30.
    """
    from panhuo.packs import diff, load_pack, render_changes

    (one, its_day), (two, other_day) = dated(first), dated(second)
    today = day_or_today(on)
    changes = diff(load_pack(one, on=its_day or today), load_pack(two, on=other_day or today))
    if not changes:
        say("没有不同。", "Nothing differs.", lang)
        return
    console.print(render_changes(changes, lang), markup=False)


def dated(text: str) -> tuple[str, date | None]:
    """``demo@2025-06-30`` -> the pack's name and the day; without a day None."""
    name, mark, when = text.rpartition("@")
    return (name, day(when)) if mark and name else (text, None)


@app.command("new")
def new_command(
    pack: Annotated[str, typer.Argument(metavar="PACK", help="新政策包编号 / id of the new pack")],
    extends: Annotated[str, typer.Option(help="继承自，可用逗号分隔 / extends, by commas")] = "national-2023",
    to: Annotated[Path, typer.Option("--in", help="放在哪个文件夹 / in which folder")] = Path("packs"),
    lang: Lang = "zh",
) -> None:
    """生成一个带注释的新政策包 / scaffold a commented pack"""
    from panhuo.packs import new_pack

    folder = new_pack(pack, [x.strip() for x in extends.replace("，", ",").split(",") if x.strip()], to)
    say(f"已生成：{folder}", f"made: {folder}", lang)
    say(f"边写边查：panhuo pack check {folder}", f"check while you write: panhuo pack check {folder}", lang)


@app.command("thresholds")
def thresholds_command(
    pack: PackName,
    to: Annotated[Path | None, typer.Option(metavar="XLSX", help="导出到 / export to")] = None,
    from_: Annotated[Path | None, typer.Option("--from", metavar="XLSX", help="从何处导入 / import from")] = None,
    on: On = None,
    lang: Lang = "zh",
) -> None:
    """阈值表导出到 Excel，或从 Excel 导入 / thresholds to Excel and back"""
    from panhuo.packs import export_thresholds, import_thresholds, load_pack

    if (to is None) == (from_ is None):
        raise typer.BadParameter("--to 与 --from 须且只须给一个 / give one of --to and --from")
    loaded = load_pack(pack, on=day_or_today(on))
    if to is not None:
        export_thresholds(loaded, to)
        say(f"已写入：{to}", f"written: {to}", lang)
        return
    assert from_ is not None
    changes = import_thresholds(loaded.folder, from_)
    for change in changes:
        console.print(change.say(lang), markup=False)
    say(f"{len(changes)} 处变化。", f"{len(changes)} change(s).", lang)
