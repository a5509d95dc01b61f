"""Whose rows are whose, and when they hold: every table of the platform says which of its rows a user may see."""

from __future__ import annotations

from datetime import date
from typing import Any, Self, TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


def in_force(day: date) -> models.Q:
    """Rows with ``starts_on`` and ``ends_on`` that hold on ``day``; the day of the end is the first that is not."""
    begun = models.Q(starts_on=None) | models.Q(starts_on__lte=day)
    return begun & (models.Q(ends_on=None) | models.Q(ends_on__gt=day))


class Scoped(models.QuerySet[M]):
    """A query set that knows its readers. Every table states its rule; there is none to fall back on."""

    def visible_to(self, user: Any) -> Self:
        """The rows that ``user`` may see."""
        raise NotImplementedError(f"{self.model.__name__} does not say who may see it")
