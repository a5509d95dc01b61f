"""How the command line prints: tables, progress, numbers. Results go to stdout, progress to stderr."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table

from panhuo.commands.options import Language
from panhuo.progress import Progress as ProgressCall

if TYPE_CHECKING:
    from panhuo.survey.tables import Reconciliation

console = Console(highlight=False, soft_wrap=True)
asides = Console(stderr=True, highlight=False, soft_wrap=True)

#: The width of tables where the output is not a terminal.
WIDTH = 110


def say(zh: str, en: str, lang: Language = "zh", *, style: str | None = None) -> None:
    """One line in the language asked for."""
    console.print(zh if lang == "zh" else en, markup=False, style=style)


def printable(stream: object) -> None:
    """Print ``?`` for a character that a console cannot show (older Windows consoles) instead of failing on it."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[int] = ()) -> None:
    """Print a table; ``numbers`` are the columns that are set to the right."""
    drawn = Table(
        title=title or None,
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="bold",
        header_style="bold",
        pad_edge=False,
    )
    for place, heading in enumerate(headings):
        drawn.add_column(heading, justify="right" if place in numbers else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else str(cell) for cell in row))
    # soft_wrap of the common console would let wide tables fall apart
    wide = Console(highlight=False, markup=False, width=None if console.is_terminal else WIDTH)
    with wide.capture() as caught:
        wide.print(drawn)
    # no blanks at line ends: people paste these tables into mails
    console.file.write("\n".join(line.rstrip() for line in caught.get().splitlines()) + "\n")


def reconciliation(balance: Reconciliation, lang: Language = "zh") -> None:
    """The reconciliation of a survey: count, m², 公顷, 亩 of every outcome, and whether it holds."""
    from panhuo.survey.tables import OUTCOMES

    total = {"zh": "合计", "en": "total"}[lang]
    rows = [
        (OUTCOMES[name](lang) if name in OUTCOMES else total, f"{n:,}", f"{m2:,.2f}", f"{ha:,.4f}", f"{mu:,.2f}")
        for name, n, m2, ha, mu in balance.rows()
    ]
    heads = {"zh": ("结果", "宗地数", "平方米", "公顷", "亩"), "en": ("outcome", "parcels", "m²", "ha", "mu")}[lang]
    table({"zh": "对账", "en": "Reconciliation"}[lang], heads, rows, numbers=(1, 2, 3, 4))
    counted = sum(balance.counts.values())
    say(
        f"交付 {balance.delivered:,} = 认定 + 待核实 + 不认定 + 排除 + 退回 = {counted:,}："
        + ("平" if balance.holds else "不平！"),
        f"delivered {balance.delivered:,} = identified + unknown + not + excluded + handed back = {counted:,}: "
        + ("holds" if balance.holds else "DOES NOT HOLD"),
        lang,
    )


@contextmanager
def progress(quiet: bool = False) -> Iterator[ProgressCall]:
    """A progress bar on a terminal, one line a step elsewhere."""
    if quiet:
        yield lambda step, done, total: None
        return
    if not asides.is_terminal:
        seen: set[str] = set()
        began = time.monotonic()

        def line(step: str, done: int, total: int) -> None:
            name = step.split(" ", 1)[0]  # one line for all files that are read, not one a file
            if name not in seen:
                seen.add(name)
                asides.print(f"[{time.monotonic() - began:6.1f} s] {name} …", markup=False)

        yield line
        return
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn("{task.description:<14}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(), console=asides, transient=True,
    ) as bars:  # fmt: skip
        tasks: dict[str, TaskID] = {}

        def bar(step: str, done: int, total: int) -> None:
            name, _, file = step.partition(" ")
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total or 1)
            shown = f"{name} {file[-40:]}" if file and done < total else name
            bars.update(tasks[name], completed=done, total=total or 1, description=shown)

        yield bar
