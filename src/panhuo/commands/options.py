"""Options that several commands share."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import typer

Language = Literal["zh", "en"]
Lang = Annotated[Language, typer.Option(envvar="PANHUO_LANG", help="语言 / language")]
On = Annotated[str | None, typer.Option(metavar="DATE", help="按哪一天有效 / as in force on, YYYY-MM-DD")]


def day(text: str | None) -> date | None:
    """A date as typed on the command line; an error for people when it is none."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        from panhuo.messages import PanhuoError

        raise PanhuoError(
            f"“{text}”不是日期，请写成 2026-11-21 这样。", f"'{text}' is not a date; write it like 2026-11-21."
        ) from None


def day_or_today(text: str | None) -> date:
    return day(text) or date.today()
