"""Whose rows are whose: every table of the platform says which of its rows a user may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from panhuo_platform.organisations.models import User

M = TypeVar("M", bound=models.Model)


class Scoped(models.QuerySet[M]):
    """A query set that knows its readers. Every table states its rule; there is none to fall back on."""

    def visible_to(self, user: User | Any) -> Self:
        """The rows that ``user`` may see."""
        raise NotImplementedError(f"{self.model.__name__} does not say who may see it")
