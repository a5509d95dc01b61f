"""Long work of identification: runs and trials. Each may be begun again after the death of its worker."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from panhuo.messages import PanhuoError
from panhuo.survey.config import load_config
from panhuo.survey.run import run as run_survey
from panhuo_platform.identification import inputs, loading, trials
from panhuo_platform.identification.models import Run, StandardVersion
from panhuo_platform.jobs.registry import Running, job
from panhuo_platform.organisations.models import User


def not_loaded(*, run: int) -> None:
    """A run whose job has ended is not going on: another may be started."""
    Run.objects.filter(pk=run).exclude(state=Run.State.LOADED).update(state=Run.State.FAILED)


@job("identification.run", _("认定运行"), undone=not_loaded)
def identify_register(running: Running, *, run: int) -> dict[str, Any]:
    """Export, survey, load. The survey goes on where a killed worker left it; loading is one transaction."""
    row = Run.objects.select_related("version", "started_by").get(pk=run)
    if row.state == Run.State.LOADED:
        return dict(row.manifest.get("counts", {}))
    if Run.objects.finished().filter(within=row.within, pk__gt=run).exists():
        raise PanhuoError(
            "这次运行没有完成，之后已有新的运行得出结论；它的资料已经过时，不再载入。需要时请重新发起。",
            "This run did not finish, and a later one has given verdicts since: its inputs are out of date and it is "
            "not loaded any more. Start a new run if you need one.",
        )
    Run.objects.filter(pk=run).update(state=Run.State.RUNNING)
    survey = inputs.prepare(row, running)
    run_survey(load_config(survey), progress=running)
    counts = loading.load(row, running)
    trials.prepare(row, running)
    return counts


@job("identification.trial", _("标准试运行"))
def try_standard(running: Running, *, version: int) -> dict[str, Any]:
    """Judge the last run's facts by a draft and keep what flips."""
    row = StandardVersion.objects.get(pk=version)
    actor: User = running.actor
    trial = trials.try_out(actor, row, running)
    return {"trial": trial.pk, "flipped": trial.flipped, "parcels": trial.parcels}
