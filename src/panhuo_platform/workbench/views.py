"""The first page."""

from __future__ import annotations

from typing import cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from panhuo_platform.organisations.access import signed_in
from panhuo_platform.organisations.models import User
from panhuo_platform.workbench import queries


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """What waits for me, what is late, what changed; how far each township has come."""
    user, today = cast(User, request.user), timezone.localdate()
    return render(
        request,
        "workbench/home.html",
        {
            "tasks": queries.waiting(user, today),
            "progress": queries.progress(user, today),
            "changes": queries.changes(user),
            "today": today,
        },
    )
