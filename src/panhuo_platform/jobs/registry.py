"""Kinds of work: each names a function that does it.

An app registers its own in ``<app>/jobs.py``::

    @job("deliveries.check", _("检查交付"))
    def check(running: Running, *, delivery: int) -> dict[str, Any]:
        ...

A function may be begun again after the death of its worker, so it is written to be repeated: what it has left of an
earlier beginning it replaces, and what it finds done it leaves alone. It calls ``running(step, done, total)`` as it
goes; that raises ``Stopped`` when somebody has cancelled, and the function lets it pass.

What waits for the work says so by a state of its own. A job may end without it having been done, and no function of
ours running: cancelled while it waits, given up after its workers' deaths. ``undone`` then puts that state back::

    def unchecked(*, delivery: int) -> None: ...

    @job("deliveries.check", _("检查交付"), undone=unchecked)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from panhuo_platform.jobs.running import Running

Work = Callable[..., dict[str, Any] | None]
#: Takes the job's arguments, within the transaction that writes its end.
Undone = Callable[..., None]
W = TypeVar("W", bound=Work)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work; ``title`` is a lazy text."""

    name: str
    title: Any
    work: Work
    undone: Undone | None = None


_kinds: dict[str, Kind] = {}


def job(kind: str, title: Any, *, undone: Undone | None = None) -> Callable[[W], W]:
    """Register a function of :class:`Running` and JSON arguments by name; the plain data it gives are the result.

    undone : what is to be written where a job of this kind has ended without its work being done: it failed, was
             cancelled, or was given up
    """

    def register(work: W) -> W:
        if kind in _kinds and _kinds[kind].work.__qualname__ != work.__qualname__:
            raise ValueError(f"two kinds of job are called {kind}")
        _kinds[kind] = Kind(kind, title, work, undone)
        return work

    return register


def kind_of(name: str) -> Kind:
    """The kind with this name; LookupError where no app has it."""
    return _kinds[name]


def title_of(name: str) -> str:
    """What a kind is called; its name where no app has it any more."""
    found = _kinds.get(name)
    return str(found.title) if found else name


__all__ = ["Kind", "Running", "Undone", "Work", "job", "kind_of", "title_of"]
