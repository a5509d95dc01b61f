"""``panhuo``: the command line. Every command calls the library's public functions and prints what they return."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer
from rich.console import Console

from panhuo.commands import packs, questions, surveys
from panhuo.messages import PanhuoError

app = typer.Typer(
    name="panhuo",
    help="盘活：低效用地调查、认定、入库。/ Inefficient land: survey, identification, registers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(surveys.app, name="survey", help="做一次调查 / run a survey")
app.add_typer(packs.app, name="pack", help="政策包 / packs")
questions.add_to(app)
surveys.add_to(app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; errors for people go to stderr without a traceback, with exit code 1."""
    try:
        app(list(arguments) if arguments is not None else None)
    except PanhuoError as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(str(error), style="red", markup=False)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        Console(stderr=True).print("已停止；再次运行会接着做。/ Stopped; run again to go on.", markup=False)
        raise SystemExit(130) from None
    except BrokenPipeError:  # the reader of a pipe has left
        sys.stderr.close()
        raise SystemExit(0) from None


if __name__ == "__main__":
    main()
