"""What rests on a change of the register, as the apps above know it: they say why it may not be undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from panhuo_platform.parcels.models import Change

#: Asked before a change is undone: a sentence for people why it may not be, or None.
Guard = Callable[["Change"], str | None]

_guards: list[Guard] = []


def before_undoing(guard: Guard) -> Guard:
    """Register a guard, in the ``ready`` of an app: ``before_undoing(confirmed_verdicts)``."""
    if guard not in _guards:
        _guards.append(guard)
    return guard


def objections(change: Change) -> list[str]:
    """Why the change may not be undone; empty where nobody objects."""
    return [told for guard in _guards if (told := guard(change))]
