"""``panhuo pack list | show | check | diff | new | thresholds``."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import typer

from panhuo.commands.printing import console, table
from panhuo.identify import run_pack_tests
from panhuo.packs import (
    check_pack,
    diff,
    export_thresholds,
    import_thresholds,
    list_packs,
    load_pack,
    new_pack,
    render_changes,
    show,
)

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

PackName = Annotated[str, typer.Argument(help="政策包编号或文件夹 / id or folder of a pack")]
Lang = Annotated[Literal["zh", "en"], typer.Option(help="语言 / language")]
On = Annotated[str | None, typer.Option(help="按哪一天有效 / as in force on, YYYY-MM-DD")]


def _day(on: str | None) -> date:
    return date.fromisoformat(on) if on else date.today()


@app.command("list")
def list_command(lang: Lang = "zh") -> None:
    """有哪些政策包。/ Which packs there are."""
    rows = [(p.id, p.title(lang), p.level, "、".join(p.places), "、".join(p.extends)) for p in list_packs()]
    table("", ("编号", "名称", "层级", "行政区", "继承"), rows)


@app.command("show")
def show_command(pack: PackName, on: On = None, lang: Lang = "zh") -> None:
    """一个政策包里有什么、还有什么没定。/ What a pack holds and what is still open."""
    console.print(show(load_pack(pack, on=_day(on)), lang), markup=False)


@app.command("check")
def check_command(
    pack: PackName,
    on: On = None,
    lang: Lang = "zh",
) -> None:
    """校验政策包并运行它自己的例子。/ Validate a pack and run its own examples."""
    problems = check_pack(pack, on=_day(on))
    for problem in problems:
        console.print(problem.say(lang), markup=False)
    if any(p.severity == "error" for p in problems):
        raise typer.Exit(1)
    loaded = load_pack(pack, on=_day(on))
    trials = run_pack_tests(loaded)
    failed = [t for t in trials if not t.passed]
    for trial in failed:
        console.print(trial.say(lang), markup=False)
    console.print(
        f"{loaded.id}：{len(trials)} 个例子，{len(failed)} 个不符。/ {len(trials)} examples, {len(failed)} failed.",
        markup=False,
    )
    if failed:
        raise typer.Exit(1)


@app.command("diff")
def diff_command(first: PackName, second: PackName, on: On = None, lang: Lang = "zh") -> None:
    """两个政策包有何不同。/ What differs between two packs."""
    day = _day(on)
    console.print(render_changes(diff(load_pack(first, on=day), load_pack(second, on=day)), lang), markup=False)


@app.command("new")
def new_command(
    pack: Annotated[str, typer.Argument(help="新政策包编号 / id of the new pack")],
    extends: Annotated[str, typer.Option(help="继承自 / extends")] = "national-2023",
    to: Annotated[Path, typer.Option("--in", help="放在哪个文件夹 / in which folder")] = Path("packs"),
) -> None:
    """生成一个带注释的新政策包。/ Scaffold a commented pack."""
    folder = new_pack(pack, [x.strip() for x in extends.split(",")], to)
    console.print(f"已生成 / made: {folder}", markup=False)


@app.command("thresholds")
def thresholds_command(
    pack: PackName,
    to: Annotated[Path | None, typer.Option(help="导出到 xlsx / export to xlsx")] = None,
    from_: Annotated[Path | None, typer.Option("--from", help="从 xlsx 导入 / import from xlsx")] = None,
    on: On = None,
) -> None:
    """阈值表导出到 Excel，或从 Excel 导入。/ Thresholds to Excel and back."""
    if (to is None) == (from_ is None):
        raise typer.BadParameter("--to 与 --from 须且只须给一个 / give one of --to and --from")
    loaded = load_pack(pack, on=_day(on))
    if to is not None:
        export_thresholds(loaded, to)
        console.print(f"已写入 / written: {to}", markup=False)
        return
    assert from_ is not None
    changes = import_thresholds(loaded.folder, from_)
    for change in changes:
        console.print(str(change), markup=False)
    console.print(f"{len(changes)} 处变化 / changes", markup=False)
