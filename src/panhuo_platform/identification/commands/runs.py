"""Writes: starting a run."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification.models import Run, StandardVersion
from panhuo_platform.identification.queries.runs import Paper, papers
from panhuo_platform.identification.queries.standards import in_force
from panhuo_platform.jobs.commands import start as start_job
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.queries import latest
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require


@transaction.atomic
def start(actor: User, *, on: date, within: str = "", title: str = "") -> Run:
    """Identify the register's parcels by the standard in force on a day: a job, whose verdicts then are in force."""
    require(actor, "E", "database", region=within)
    version = in_force(on, within=within)
    if version is None:
        raise ValidationError(_("%(day)s 没有施行中的认定标准；请先拟订并批准。") % {"day": on})
    unfinished = Run.objects.filter(within=within).exclude(state=Run.State.LOADED)
    busy = next((run for run in unfinished if _lives(run)), None)
    if busy is not None:
        raise ValidationError(_("“%(title)s”还在运行，请等它完成或取消后再发起。") % {"title": busy})
    run = Run.objects.create(
        title=title.strip() or _("%(day)s 认定") % {"day": on.isoformat()}, version=_whole(version), on=on,
        within=within, started_by=actor,
    )  # fmt: skip
    start_job("identification.run", actor=actor, subject=run, arguments={"run": run.pk}, title=str(run))
    record(
        AuditEvent.Action.CHANGED, f"发起认定运行“{run}”", actor=actor, subject=run,
        detail={"standard": version.pk, "on": on.isoformat(), "within": within},
    )  # fmt: skip
    return run


def _lives(run: Run) -> bool:
    job = latest(run, "identification.run")
    return job is not None and job.state in (Job.State.WAITING, Job.State.RUNNING)


def _whole(version: StandardVersion) -> StandardVersion:
    if not version.base["content"]["standard"].get("classes"):
        raise ValidationError(_("现行政策包没有认定标准（没有类别），不能据以认定。"))
    return version


@transaction.atomic
def fetch_paper(actor: User, run: Run, name: str) -> Paper:
    """A paper of a run for downloading; the audit keeps who fetched what. Raises Http404-worthy ObjectDoesNotExist."""
    paper = next((p for p in papers(actor, run) if p.name == name), None)
    if paper is None:
        raise ObjectDoesNotExist(name)
    record(
        AuditEvent.Action.EXPORTED, f"下载认定成果“{name}”（{run}）", actor=actor, subject=run,
        detail={"file": name, "bytes": paper.bytes},
    )  # fmt: skip
    return paper
