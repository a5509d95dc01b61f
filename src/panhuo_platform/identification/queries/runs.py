"""Reads: runs with their progress, results and papers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db.models import Count, QuerySet, Sum

from panhuo.survey.tables import OUTCOMES
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
    return Run.objects.visible_to(user).select_related("version", "started_by").defer("version__base")


def sees_whole(user: User, run: Run) -> bool:
    """May the user see everything that a run is about? What it was fed with and how much of it, tells of all."""
    return may(user, "S", "database", region=run.within)


def counts(user: User, some: Iterable[Run]) -> dict[int, dict[str, int | None]]:
    """Run -> outcome -> parcels in the user's territory, and ``delivered`` for all of them; None until it is loaded."""
    some = list(some)
    found: dict[int, dict[str, int | None]] = {r.pk: dict.fromkeys(("delivered", *OUTCOMES)) for r in some}
    bounded = []
    for run in some:
        if run.state == Run.State.LOADED and sees_whole(user, run):
            found[run.pk] |= run.manifest["counts"]
        elif run.state == Run.State.LOADED:
            found[run.pk] = dict.fromkeys(found[run.pk], 0)
            bounded.append(run.pk)
    rows = Verdict.objects.visible_to(user).filter(run__in=bounded).order_by()
    for pk, outcome, n in rows.values_list("run", "outcome").annotate(n=Count("pk")):
        found[pk][outcome] = n
        found[pk]["delivered"] = (found[pk]["delivered"] or 0) + n
    return found


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
    if not sees_whole(user, run) or run.state != Run.State.LOADED or not run.results.is_dir():
        return []
    files = sorted(p for p in run.results.iterdir() if p.suffix in PAPERS)
    return [Paper(p.name, p, p.stat().st_size) for p in files]
