"""Pages of jobs: one's own, and for the system administrator everybody's."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo_platform.jobs import commands, queries
from panhuo_platform.jobs.models import Job
from panhuo_platform.organisations.access import signed_in
from panhuo_platform.organisations.models import User

PER_PAGE = 50


def acting(request: HttpRequest) -> User:
    """Who is signed in."""
    return cast(User, request.user)


def _seen(request: HttpRequest, key: UUID) -> Job:
    return get_object_or_404(queries.mine(acting(request)), pk=key)


@signed_in
def listed(request: HttpRequest) -> HttpResponse:
    """My jobs, newest first."""
    found = queries.mine(acting(request))
    state = request.GET.get("state", "")
    if state in Job.State.values:
        found = found.filter(state=state)
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "states": Job.State.choices, "state": state}
    return render(request, "jobs/list.html", context | {"everybody": acting(request).administers == "system"})


@signed_in
def shown(request: HttpRequest, key: UUID) -> HttpResponse:
    """One job: how far it is, how it ended."""
    return render(request, "jobs/job.html", {"job": _seen(request, key)})


@signed_in
def progress(request: HttpRequest, key: UUID) -> HttpResponse:
    """The part of the page that polls; the page is loaded again when the job has ended."""
    return progress_of(request, _seen(request, key))


def progress_of(request: HttpRequest, job: Job) -> HttpResponse:
    """How far a job is, as a part of any page."""
    response = render(request, "jobs/_progress.html", {"job": job, "poll": request.path})
    if job.ended:
        response["HX-Refresh"] = "true"
    return response


@signed_in
@require_POST
def cancel(request: HttpRequest, key: UUID) -> HttpResponse:
    """Cancel a job."""
    job = _seen(request, key)
    try:
        commands.cancel(acting(request), job)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("任务将在下一步停止。") if not job.ended else _("任务已取消。"))
    return redirect("jobs:job", key)


@signed_in
@require_POST
def again(request: HttpRequest, key: UUID) -> HttpResponse:
    """Have a job done once more."""
    try:
        new = commands.again(acting(request), _seen(request, key))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("jobs:job", key)
    return redirect("jobs:job", new.pk)
