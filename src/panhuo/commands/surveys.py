"""``panhuo survey init | run | status``, ``panhuo demo``."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from panhuo.commands.printing import console, progress, reconciliation, table
from panhuo.messages import PanhuoError
from panhuo.survey import init, load_config, run, status

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Where = Annotated[Path, typer.Argument(help="survey.yaml 或所在文件夹 / survey.yaml or its folder")]


@app.command("init")
def init_command(
    delivery: Annotated[Path, typer.Argument(help="交付的文件夹、压缩包或文件 / what was delivered")],
    folder: Annotated[Path | None, typer.Option("--to", help="survey.yaml 放在哪里 / where to put survey.yaml")] = None,
    pack: Annotated[str, typer.Option(help="政策包 / pack")] = "national-2023",
    title: Annotated[str | None, typer.Option(help="调查名称 / title")] = None,
    on: Annotated[str | None, typer.Option(help="按哪一天有效的标准 / day of the standard, YYYY-MM-DD")] = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有配置 / replace an existing one")] = False,
) -> None:
    """看一遍交付，写出 survey.yaml。/ Look at a delivery and write a survey.yaml for it."""
    day = date.fromisoformat(on) if on else date.today()
    with progress() as say:
        file, guesses = init(delivery, folder, pack=pack, title=title, on=day, force=force, progress=say)
    table(
        f"{file}",
        ("图层", "行数", "角色", "把握", "说明"),
        [(g.source + (f"（{g.layer}）" if g.layer else ""), f"{g.rows:,}", g.role or "—", f"{g.score:.0%}", g.note) for g in guesses],
        numbers=(1, 3),
    )  # fmt: skip
    console.print("请核对角色后运行 / check the roles, then run:", f"panhuo survey run {file}", markup=False)


@app.command("run")
def run_command(
    survey: Where = Path("survey.yaml"),
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="不显示进度 / no progress")] = False,
) -> None:
    """接收 → 检查 → 量算 → 认定 → 入库 → 报告。/ Run a survey, or go on where a killed run stopped."""
    config = load_config(survey)
    with progress(quiet) as say:
        result = run(config, progress=say)
    reconciliation(result.balance)
    seconds = result.manifest["seconds"]
    steps = "、".join(f"{k} {v:.1f} s" for k, v in seconds.items() if k != "all")
    console.print(f"用时 / time: {seconds['all']:.1f} s（{steps or '沿用已有成果 / taken over'}）", markup=False)
    console.print(f"成果 / results: {result.folder}", markup=False)
    for file in sorted(result.folder.iterdir()):
        if file.is_file():
            console.print(f"  {file.name}  {file.stat().st_size:,} B", markup=False)


@app.command("status")
def status_command(survey: Where = Path("survey.yaml")) -> None:
    """做到哪一步、对账结果。/ How far a survey is, and its reconciliation."""
    state = status(load_config(survey))
    table("", ("步骤", "状态"), [(s.name, s.state) for s in state.stages])
    if state.balance is not None:
        reconciliation(state.balance)
    if state.manifest:
        console.print(json.dumps(state.manifest["pack"], ensure_ascii=False), markup=False)


def demo_command(
    folder: Annotated[Path, typer.Argument(help="放在哪里 / where to put it")],
    parcels: Annotated[int, typer.Option(help="宗地数（2000 到 1000000）/ how many parcels")] = 2000,
    seed: Annotated[int, typer.Option(help="随机种子 / seed")] = 1,
    errors: Annotated[bool, typer.Option(help="预先埋好错误 / plant errors")] = True,
    shapes: Annotated[
        Path | None,
        typer.Option("--shapes", help="用真实地块图形（GeoParquet）加模拟属性 / real shapes with simulated attributes"),
    ] = None,
) -> None:
    """生成一个虚构的区，像局里那样交付。/ Make a fictitious district, delivered as a bureau would."""
    from panhuo.demo import make_district, make_from_parcels

    if not 100 <= parcels <= 2_000_000:
        raise PanhuoError("宗地数应在 100 到 2000000 之间。", "The number of parcels should be 100 to 2,000,000.")
    with progress() as say:
        if shapes is not None:
            make_from_parcels(folder, shapes, seed, progress=say)
        else:
            make_district(folder, parcels=parcels, seed=seed, errors=errors, progress=say)
    console.print(f"已生成 / made: {folder}", markup=False)
    console.print(f"接下来 / next: panhuo survey run {folder / 'survey.yaml'}", markup=False)


def add_to(root: typer.Typer) -> None:
    """Put the commands that stand at the top level there."""
    root.command("demo")(demo_command)
