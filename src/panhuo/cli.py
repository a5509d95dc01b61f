"""``panhuo``: the command line. Every command calls the library's public functions and prints what they return.

Exit codes: 0 done; 1 it could not be done (the message says why), or a pack has errors; 2 wrong usage; 3 ``check
--strict`` found errors; 130 stopped by the user.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Annotated

import typer

# Polars asks the system for memory in pages of 4 kB and gives it back soon, millions of times in a large survey; in
# large pages that is a thousandth of the work. Polars reads this when it is loaded; who has set it has their reasons.
os.environ.setdefault("_RJEM_MALLOC_CONF", "thp:always,metadata_thp:auto")

from panhuo.commands import answers, deliveries, packs, surveys
from panhuo.commands.printing import asides, console, printable
from panhuo.version import __version__

EXIT_CODES = """退出码：0 完成；1 未能完成（见提示）或政策包有错误；2 用法不对；3 check --strict 发现错误；130 被中止。

Exit codes: 0 done; 1 not done (the message says why) or a pack has errors; 2 wrong usage; 3 check --strict found
errors; 130 stopped. PANHUO_LANG=en makes English the default language; PANHUO_PACKS names folders of packs."""

STOPPED = 130

app = typer.Typer(
    name="panhuo",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"max_content_width": 110, "help_option_names": ["--help", "-h"]},
    epilog=EXIT_CODES,
)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"panhuo {__version__}", markup=False)
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="版本 / the version")
    ] = False,
) -> None:
    """盘活：低效用地调查、认定、入库。/ Inefficient land: survey, identification, registers."""


surveys.add_to(app)
app.add_typer(surveys.app, name="survey", help="做一次调查 / run a survey")
deliveries.add_to(app)
answers.add_to(app)
app.add_typer(packs.app, name="pack", help="政策包 / packs")
for extension in sorted(entry_points(group="panhuo.commands"), key=lambda e: e.name):
    # each adds its commands to the app it is given; what they need they import when they are called
    extension.load()(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors for people go to stderr without a traceback, with exit code 1."""
    printable(sys.stdout)
    printable(sys.stderr)
    # a large survey makes millions of small objects that nothing turns in circles: looking through them for circles
    # every few hundred is a thirtieth of its time
    gc.set_threshold(100_000, 50, 50)
    try:
        app(list(arguments) if arguments is not None else None)
    except SystemExit as end:
        if end.code == STOPPED:  # typer turns Ctrl-C into this
            asides.print("已停止；再次运行会接着做。/ Stopped; run again to go on.", markup=False)
        raise
    except BrokenPipeError:  # the reader of a pipe has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("PANHUO_TRACEBACK"):
            raise
        asides.print(_told(error), style="red", markup=False)
        raise SystemExit(1) from None


def _told(error: Exception) -> str:
    """What went wrong, for people; PANHUO_TRACEBACK=1 shows where in the code."""
    from panhuo.messages import PanhuoError

    if isinstance(error, PanhuoError):
        return str(error)
    if isinstance(error, OSError):
        place = f"{error.filename}: " if error.filename else ""
        why = error.strerror or str(error)
        return (
            f"{place}无法读写（{why}）。请检查权限、磁盘空间，或文件是否正被占用。 / "
            f"Cannot be read or written ({why}). Check the rights, the disk space, and whether a program has it open."
        )
    if isinstance(error, MemoryError):
        return "内存不足；请关闭其他程序，或分乡镇运行。 / Not enough memory; close other programs or run by township."
    what = f"{type(error).__name__}: {error}".splitlines()[0]
    return (
        f"程序内部出错（{what}）。请设 PANHUO_TRACEBACK=1 再运行一次，把输出报告给我们。 / "
        f"An error in Panhuo itself ({what}). Run again with PANHUO_TRACEBACK=1 and report the output."
    )


if __name__ == "__main__":
    main()
