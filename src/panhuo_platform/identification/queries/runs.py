"""Reads: runs with their progress, results and papers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Count, QuerySet, Sum

from panhuo_platform.identification.models import Run, Verdict
from panhuo_platform.identification.models.runs import Runs
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.queries import latest
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import may

#: Results of a run that may be fetched; the evidence stays on the server and is shown parcel by parcel.
PAPERS = (".docx", ".pdf", ".xlsx", ".gpkg")


@dataclass(frozen=True, slots=True)
class Paper:
    """A file among the results of a run."""

    name: str
    path: Path
    bytes: int


def runs(user: User) -> Runs:
    """All runs, newest first."""
    return Run.objects.visible_to(user).select_related("version", "started_by")


def job_of(run: Run) -> Job | None:
    """The job that does a run, or did it last."""
    return latest(run, "identification.run")


def verdicts(user: User, run: Run) -> QuerySet[Verdict]:
    """The verdicts of a run in the user's territory."""
    return Verdict.objects.visible_to(user).filter(run=run, run__state=Run.State.LOADED)


def totals(user: User, run: Run) -> list[dict[str, Any]]:
    """Parcels and area (m²) by outcome, in the user's territory."""
    rows = verdicts(user, run).order_by().values("outcome").annotate(parcels=Count("pk"), area_m2=Sum("area_m2"))
    return list(rows)


def by_township(user: User, run: Run) -> list[dict[str, Any]]:
    """Parcels and area (m²) by township and outcome, in the user's territory."""
    rows = verdicts(user, run).order_by("township_code").values("township_code", "outcome")
    return list(rows.annotate(parcels=Count("pk"), area_m2=Sum("area_m2")))


def papers(user: User, run: Run) -> list[Paper]:
    """The papers of a run, for those whose sight no division bounds: they tell of every parcel."""
    if not may(user, "S", "database", region=run.within) or run.state != Run.State.LOADED or not run.results.is_dir():
        return []
    files = sorted(p for p in run.results.iterdir() if p.suffix in PAPERS)
    return [Paper(p.name, p, p.stat().st_size) for p in files]
