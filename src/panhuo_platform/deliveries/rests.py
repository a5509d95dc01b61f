"""What may rest on an accepted delivery: apps above say so, and the delivery cannot be undone meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from panhuo_platform.deliveries.models import Delivery

#: A delivery -> reasons in words why it cannot be undone; none where nothing rests on it.
Rests = Callable[[Delivery], list[str]]
_asked: list[Rests] = []


def register(ask: Rests) -> Rests:
    """Have this asked before a delivery is undone. Usable as a decorator, from an app's ``ready``."""
    if ask not in _asked:
        _asked.append(ask)
    return ask


def on(delivery: Delivery) -> list[str]:
    """Everything that rests on the delivery, in words."""
    return [reason for ask in _asked for reason in ask(delivery)]
