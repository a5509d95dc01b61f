"""Writes of jobs: start, cancel, again."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.jobs.ending import end
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.registry import kind_of
from panhuo_platform.organisations.models import User

Action = AuditEvent.Action


def start(
    kind: str, *, actor: User, subject: models.Model | None = None, arguments: dict[str, Any], title: str = ""
) -> Job:
    """Have work done outside of the request; workers see it when the caller's transaction is committed.

    The caller has asked whether the actor may, and audits what the work is for.

    kind      : a registered kind; LookupError for another
    arguments : plain JSON data, the work function's keyword arguments
    """
    kind_of(kind)
    return Job.objects.create(
        kind=kind, actor=actor, arguments=arguments, title=title[:200],
        subject=subject._meta.label_lower if subject is not None else "",
        subject_id=str(subject.pk) if subject is not None else "",
    )  # fmt: skip


@transaction.atomic
def cancel(actor: User, job: Job) -> None:
    """Its actor or the system administrator cancels a job: at once while it waits, else at its next step."""
    _may(actor, job)
    now = timezone.now()
    waiting = Job.objects.filter(state=Job.State.WAITING)
    if not end(waiting, job, state=Job.State.CANCELLED, cancel_asked=True, ended_at=now):
        running = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING)
        if not running.update(cancel_asked=True):
            raise ValidationError(_("任务已经结束，不能取消。"))
    job.refresh_from_db()
    record(Action.CHANGED, f"取消任务“{job}”", actor=actor, subject=job)


@transaction.atomic
def again(actor: User, job: Job) -> Job:
    """Its actor or the system administrator has a job that failed or was cancelled done once more, as a new one."""
    _may(actor, job)
    job = Job.objects.select_for_update().get(pk=job.pk)
    if job.state not in (Job.State.FAILED, Job.State.CANCELLED):
        raise ValidationError(_("只有失败或已取消的任务可以重新运行。"))
    new = Job.objects.create(
        kind=job.kind, title=job.title, subject=job.subject, subject_id=job.subject_id, arguments=job.arguments,
        actor=job.actor,
    )  # fmt: skip
    record(Action.CHANGED, f"重新运行任务“{job}”", actor=actor, subject=new, detail={"before": str(job.pk)})
    return new


def _may(actor: User, job: Job) -> None:
    if not Job.objects.visible_to(actor).filter(pk=job.pk).exists():
        raise PermissionDenied(_("这不是您发起的任务。"))
