"""Pages for what went wrong, in the user's words."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import User


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: says what may not be done, and leaves it in the audit."""
    if isinstance(request.user, User):
        record(AuditEvent.Action.REFUSED, f"被拒：{request.method} {request.path}", actor=request.user)
    return render(request, "403.html", {"exception_text": str(exception or "")}, status=403)
