"""Progress of long work, and the wish to stop it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called as work goes on. ``step`` names what is being done (zh), ``done`` and ``total`` count its units.

    The callable may raise :class:`panhuo.messages.Stopped`; long work lets it pass and leaves nothing half-written.
    """

    def __call__(self, step: str, done: int, total: int) -> None: ...


def silent(step: str, done: int, total: int) -> None:
    """A progress that says nothing: the default."""
