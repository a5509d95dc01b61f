"""How the command line prints: tables, progress, numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from panhuo.progress import Progress as ProgressCall
from panhuo.survey.tables import OUTCOMES, Reconciliation

console = Console(highlight=False, soft_wrap=True)


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[int] = ()) -> None:
    """Print a table; ``numbers`` are the columns that are set to the right."""
    drawn = Table(title=title, box=box.SIMPLE, title_justify="left", title_style="bold", header_style="bold")
    for place, heading in enumerate(headings):
        drawn.add_column(heading, justify="right" if place in numbers else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else str(cell) for cell in row))
    # wide tables scroll to the side rather than fold every code in two
    Console(highlight=False, width=max(console.width, 110) if not console.is_terminal else None).print(drawn)


def reconciliation(balance: Reconciliation) -> None:
    """The reconciliation of a survey: count, m², 公顷, 亩 of every outcome, and whether it holds."""
    rows = [
        (OUTCOMES[name].zh if name in OUTCOMES else "合计", f"{n:,}", f"{m2:,}", f"{ha:,}", f"{mu:,}")
        for name, n, m2, ha, mu in balance.rows()
    ]
    table("对账 / reconciliation", ("结果", "宗地数", "平方米", "公顷", "亩"), rows, numbers=(1, 2, 3, 4))
    verdict = "平 / holds" if balance.holds else "不平 / DOES NOT HOLD"
    console.print(
        f"交付 {balance.delivered:,} = 认定 + 待核实 + 不认定 + 排除 + 退回 = {sum(balance.counts.values()):,}：{verdict}",
        markup=False,
    )


@contextmanager
def progress(quiet: bool = False) -> Iterator[ProgressCall]:
    """A progress bar on a terminal, one line a step elsewhere."""
    if quiet:
        yield lambda step, done, total: None
        return
    if not console.is_terminal:
        seen: set[str] = set()
        began = time.monotonic()

        def line(step: str, done: int, total: int) -> None:
            if step not in seen:
                seen.add(step)
                console.print(f"[{time.monotonic() - began:6.1f} s] {step} …", markup=False)

        yield line
        return
    with Progress(
        TextColumn("{task.description:<14}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"), TimeElapsedColumn(),
        console=console, transient=True,
    ) as bars:  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def bar(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total or 1)
            bars.update(tasks[step], completed=done, total=total or 1)

        yield bar
