"""``panhuo survey init | run | status``, ``panhuo demo``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from panhuo.commands.options import Lang, On, day_or_today
from panhuo.commands.printing import console, progress, reconciliation, say, table

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Where = Annotated[Path, typer.Argument(metavar="[SURVEY]", help="survey.yaml 或所在文件夹 / survey.yaml or its folder")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="不显示进度 / no progress")]


@app.command("init")
def init_command(
    delivery: Annotated[Path, typer.Argument(help="交付的文件夹、压缩包或文件 / what was delivered")],
    folder: Annotated[Path | None, typer.Option("--to", help="survey.yaml 放在哪里 / where to put survey.yaml")] = None,
    pack: Annotated[str, typer.Option(help="政策包 / pack")] = "national-2023",
    title: Annotated[str | None, typer.Option(help="调查名称 / title")] = None,
    on: On = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖已有配置 / replace an existing one")] = False,
    lang: Lang = "zh",
) -> None:
    """看一遍交付，写出 survey.yaml / look at a delivery, write survey.yaml

    survey.yaml 放在交付旁边。每个图层的角色由程序判断，请核对后再运行。

    The file stands beside the delivery. The role of every layer is guessed; check the roles before you run it.
    """
    from panhuo.land.schema import ROLES
    from panhuo.survey import init

    day = day_or_today(on)
    _standard_of(pack, on)
    with progress() as tell:
        file, guesses = init(delivery, folder, pack=pack, title=title, on=day, force=force, progress=tell)
    heads = {
        "zh": ("图层", "行数", "角色", "含义", "把握", "说明"),
        "en": ("layer", "rows", "role", "meaning", "sure", "remark"),
    }
    rows = [
        (
            g.source + (f"（{g.layer}）" if g.layer else ""),
            f"{g.rows:,}",
            g.role or "—",
            ROLES[g.role].text(lang) if g.role else "",
            f"{g.score:.0%}",
            g.note,
        )
        for g in guesses
    ]
    table(str(file), heads[lang], rows, numbers=(1, 4))
    say(f"请核对角色，然后运行：panhuo survey run {file}", f"Check the roles, then: panhuo survey run {file}", lang)


def _standard_of(pack: str, on: str | None) -> None:
    """Stop before anything is read when the pack is not there; warn when it can identify nothing."""
    from panhuo.packs import load_pack

    if not load_pack(pack, on=day_or_today(on)).standard.classes:
        say(
            f"注意：政策包“{pack}”没有认定标准，运行前请在 survey.yaml 中改成本地的政策包（panhuo pack list）。",
            f"Note: the pack '{pack}' has no standard; name your own pack in survey.yaml before you run it "
            "(panhuo pack list).",
            style="yellow",
        )


@app.command("run")
def run_command(
    survey: Where = Path("survey.yaml"),
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="不沿用上次的中间结果 / forget half-way results of earlier runs")
    ] = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """接收→检查→量算→认定→入库→报告 / run a survey, or go on with it

    被中断的运行会接着做；输入、政策包和设置都没有变的步骤沿用上次的结果。成果最后一次性放到位，此前旧成果不动。
    有数据没读到时，退出码为 3。

    A killed run goes on where it stopped; a step is taken over when inputs, pack and settings are the same. Results are
    put in place in one move at the end; until then the old ones stay. Exit code 3: an input could not be read.
    """
    from panhuo.survey import load_config, run

    config = load_config(survey)
    with progress(quiet) as tell:
        result = run(config, from_scratch=from_scratch, progress=tell)
    reconciliation(result.balance, lang)
    seconds = result.manifest["seconds"]
    steps = ", ".join(f"{k} {v:.1f} s" for k, v in seconds.items() if k != "all")
    say(
        f"用时 {seconds['all']:.1f} 秒（{steps or '各步都沿用上次的结果'}）",
        f"time {seconds['all']:.1f} s ({steps or 'every step was taken over'})",
        lang,
    )
    if result.kept is not None:
        say(
            f"原成果中有人添加或改过的文件，已留存在：{result.kept}",
            f"Files that people had added to the earlier results or changed there are kept in: {result.kept}",
            lang,
            style="yellow",
        )
    say(f"成果：{result.folder}", f"results: {result.folder}", lang)
    for file in sorted(result.folder.iterdir()):
        if file.is_file():
            console.print(f"  {_size(file.stat().st_size):>9}  {file.name}", markup=False)
    unread = _unread(result.manifest)
    if unread:
        say(
            f"注意：有 {len(unread)} 项没有找到或无法读取，未参与本次认定（原因见检查发现）：",
            f"Note: {len(unread)} items were not found or cannot be read and had no part in the results "
            "(the findings say why):",
            lang,
            style="red",
        )
        for path in unread:
            console.print(f"  {path}", markup=False)
        raise typer.Exit(3)


def _unread(manifest: dict[str, Any]) -> list[str]:
    """The inputs of which nothing was read, then the other files that cannot be read."""
    missing = list(manifest["missing"])
    files = (f["path"] for f in manifest["inputs"] if f["state"] == "unreadable")
    return missing + [f for f in files if not any(m == f or m.endswith(f"/{f}") for m in missing)]


def _size(count: int) -> str:
    """A size as people read it."""
    if count < 1024:
        return f"{count} B"
    return f"{count / 1024:.0f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MB"


@app.command("status")
def status_command(
    survey: Where = Path("survey.yaml"),
    as_json: Annotated[bool, typer.Option("--json", help="整份运行清单 / the whole manifest as JSON")] = False,
    lang: Lang = "zh",
) -> None:
    """做到哪一步、对账结果 / how far a survey is, and its reconciliation"""
    from panhuo.survey import load_config, status

    state = status(load_config(survey))
    if as_json:
        console.print(json.dumps(state.manifest, ensure_ascii=False, indent=2), markup=False)
        return
    heads = {"zh": ("步骤", "状态"), "en": ("step", "state")}
    table("", heads[lang], [(s.name, s.state) for s in state.stages])
    if state.balance is None or state.manifest is None:
        say("还没有成果；请运行 panhuo survey run。", "No results yet; run `panhuo survey run`.", lang)
        return
    reconciliation(state.balance, lang)
    pack = state.manifest["pack"]
    say(
        f"标准：{pack['id']}（{pack['on']} 有效，继承 {' → '.join(pack['layers'])}，指纹 {pack['sha256'][:12]}）",
        f"standard: {pack['id']} (as in force on {pack['on']}; {' → '.join(pack['layers'])}; "
        f"hash {pack['sha256'][:12]})",
        lang,
    )
    say(f"完成于 {state.manifest['finished']}", f"finished {state.manifest['finished']}", lang)


def demo_command(
    folder: Annotated[Path, typer.Argument(help="放在哪里 / where to put it")],
    parcels: Annotated[int, typer.Option(help="宗地数（500 到 2000000）/ how many parcels")] = 2000,
    seed: Annotated[int, typer.Option(help="随机种子 / seed")] = 1,
    errors: Annotated[bool, typer.Option(help="预先埋好错误 / plant errors")] = True,
    shapes: Annotated[
        Path | None,
        typer.Option("--shapes", help="用真实地块图形（GeoParquet）加模拟属性 / real shapes with simulated attributes"),
    ] = None,
    lang: Lang = "zh",
) -> None:
    """生成一个虚构的区，像局里那样交付 / make a fictitious district"""
    from panhuo.demo import make_district, make_from_parcels
    from panhuo.messages import PanhuoError

    if not 500 <= parcels <= 2_000_000:
        raise PanhuoError("宗地数应在 500 到 2000000 之间。", "The number of parcels should be 500 to 2,000,000.")
    with progress() as tell:
        if shapes is not None:
            if not shapes.exists():
                raise PanhuoError("没有这个文件。", "There is no such file.", where=str(shapes))
            make_from_parcels(folder, shapes, seed, progress=tell)
        else:
            make_district(folder, parcels=parcels, seed=seed, errors=errors, progress=tell)
    say(f"已生成：{folder}", f"made: {folder}", lang)
    say(f"接下来：panhuo survey run {folder}", f"next: panhuo survey run {folder}", lang)


def add_to(root: typer.Typer) -> None:
    """Put the commands that stand at the top level there."""
    root.command("demo")(demo_command)
