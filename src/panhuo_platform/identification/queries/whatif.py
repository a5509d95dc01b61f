"""Reads: what a moved threshold would change on the last run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _

from panhuo.identify.whatif import Tried
from panhuo.packs import NewValue, Setting, settings
from panhuo_platform.identification import trials
from panhuo_platform.identification.models import Run
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import may


@dataclass(frozen=True, slots=True)
class Answer:
    """What would be: the tables of :class:`panhuo.identify.whatif.Tried` and the run that was asked."""

    run: Run
    tried: Tried

    @property
    def flipped(self) -> int:
        return self.tried.flips.height

    @property
    def flipped_m2(self) -> float:
        return float(self.tried.flips["area_m2"].sum() or 0.0)

    def counts(self) -> list[dict[str, Any]]:
        return self.tried.counts.to_dicts()

    def townships(self) -> list[dict[str, Any]]:
        return self.tried.townships.to_dicts()


def run_for(user: User) -> Run | None:
    """The run that what-ifs are asked of: the last one."""
    return trials.last_run() if may(user, "S", "database") else None


def sliders(run: Run) -> list[Setting]:
    """The thresholds of the run's standard that may be moved: numbers that have been set."""
    return [s for s in settings(run.version.frozen) if isinstance(s.value, float | int)]


def values_of(run: Run, said: Mapping[str, Any]) -> list[NewValue]:
    """The thresholds that an address moves: numbers by the settings' ids. What is no number is not read."""
    values = []
    for setting in sliders(run):
        try:
            value = float(str(said[setting.id]))
        except (KeyError, ValueError):
            continue
        if math.isfinite(value) and value != setting.value:
            values.append(NewValue(setting.entry, setting.key, value))
    return values


def ask(user: User, run: Run, values: list[NewValue]) -> Answer:
    """What the run's parcels would be judged with these values. The whole run is judged: only for those who see all.

    Raises PanhuoError for a value that the standard does not have.
    """
    if not may(user, "S", "database", region=run.within):
        raise PermissionDenied(_("试算涉及全部宗地，您的角色只能查看本辖区。"))
    return Answer(run, _tried(_Question(str(run.folder), tuple(values), run)))


@dataclass(frozen=True, slots=True)
class _Question:
    folder: str
    values: tuple[NewValue, ...]
    run: Run = field(compare=False)


@lru_cache(maxsize=4)
def _tried(question: _Question) -> Tried:
    """The table and the map of one page ask the same, one after the other."""
    return trials.session(question.run).try_out(trials.other(question.run, list(question.values)))
