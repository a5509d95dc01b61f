"""Reads of jobs."""

from __future__ import annotations

from django.db import models

from panhuo_platform.jobs.models import Job, Jobs
from panhuo_platform.organisations.models import User


def mine(user: User) -> Jobs:
    """The jobs that the user may see, newest first."""
    return Job.objects.visible_to(user).select_related("actor")


def of(subject: models.Model) -> Jobs:
    """All jobs about something, newest first; who may see the thing may see how its work goes."""
    return Job.objects.filter(subject=subject._meta.label_lower, subject_id=str(subject.pk))


def latest(subject: models.Model, kind: str) -> Job | None:
    """The newest job of a kind about something."""
    return of(subject).filter(kind=kind).first()
