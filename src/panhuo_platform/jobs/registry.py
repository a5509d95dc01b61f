"""Kinds of work: each names a function that does it.

An app registers its own in ``<app>/jobs.py``::

    @job("deliveries.check", _("检查交付"))
    def check(running: Running, *, delivery: int) -> dict[str, Any]:
        ...

A function may be begun again after the death of its worker, so it is written to be repeated: what it has left of an
earlier beginning it replaces. It calls ``running(step, done, total)`` as it goes; that raises ``Stopped`` when somebody
has cancelled, and the function lets it pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from panhuo_platform.jobs.running import Running

Work = Callable[..., dict[str, Any] | None]
W = TypeVar("W", bound=Work)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of work; ``title`` is a lazy text."""

    name: str
    title: Any
    work: Work


_kinds: dict[str, Kind] = {}


def job(kind: str, title: Any) -> Callable[[W], W]:
    """Register a function of :class:`Running` and JSON arguments by name; the plain data it gives are the result."""

    def register(work: W) -> W:
        if kind in _kinds and _kinds[kind].work.__qualname__ != work.__qualname__:
            raise ValueError(f"two kinds of job are called {kind}")
        _kinds[kind] = Kind(kind, title, work)
        return work

    return register


def kind_of(name: str) -> Kind:
    """The kind with this name; LookupError where no app has it."""
    return _kinds[name]


def title_of(name: str) -> str:
    """What a kind is called; its name where no app has it any more."""
    found = _kinds.get(name)
    return str(found.title) if found else name


__all__ = ["Kind", "Running", "Work", "job", "kind_of", "title_of"]
