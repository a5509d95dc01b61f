"""Reads: what a moved threshold would change on the last run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
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


def ask(user: User, run: Run, values: list[NewValue]) -> Answer:
    """What the run's parcels would be judged with these values. The whole run is judged: only for those who see all.

    Raises PanhuoError for a value that the standard does not have.
    """
    if not may(user, "S", "database", region=run.within):
        raise PermissionDenied(_("试算涉及全部宗地，您的角色只能查看本辖区。"))
    return Answer(run, trials.session(run).try_out(trials.other(run, values)))


def flips(answer: Answer, *, most: int = 200_000) -> dict[str, list[Any]]:
    """The parcels that would flip, as columns, the largest first: what the map colours."""
    top = answer.tried.flips.top_k(most, by="area_m2") if answer.flipped > most else answer.tried.flips
    return top.select("parcel_code", "outcome_before", "outcome", pl.col("area_m2").round(1)).to_dict(as_series=False)
