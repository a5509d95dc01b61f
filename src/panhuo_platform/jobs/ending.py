"""The end of a job, and what its kind writes with it: both or neither."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.registry import kind_of


@transaction.atomic
def end(rows: QuerySet[Job], job: Job, **change: Any) -> bool:
    """Write ``change`` (with its ``state``) on the job where it is still among ``rows``; says whether it was.

    Where that ends it without its work being done, whatever waits for the work learns it in the same transaction.
    """
    if not rows.filter(pk=job.pk).update(**change):
        return False
    if change["state"] in (Job.State.FAILED, Job.State.CANCELLED):
        try:
            undone = kind_of(job.kind).undone
        except LookupError:  # of a version that knew more
            return True
        if undone is not None:
            undone(**job.arguments)
    return True
