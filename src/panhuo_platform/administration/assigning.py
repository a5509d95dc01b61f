"""Pages of assignments, for the security administrator."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo_platform.administration.forms import AssignmentForm, EndForm
from panhuo_platform.administration.views import PER_PAGE, acting, refused
from panhuo_platform.organisations import commands, queries
from panhuo_platform.organisations.access import administrators
from panhuo_platform.organisations.rights import role_names


@administrators("system", "security", "audit")
def assignments(request: HttpRequest) -> HttpResponse:
    """Who holds which role for which unit."""
    user = acting(request)
    text, role, ended = request.GET.get("q", "").strip(), request.GET.get("role", ""), bool(request.GET.get("ended"))
    found = queries.assignments(user, text=text, role=role, ended=ended, day=timezone.localdate())
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page, "q": text, "role": role, "ended": ended, "roles": role_names(),
        "may_grant": user.administers == "security", "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "administration/assignments.html", context)


@administrators("security")
def grant(request: HttpRequest) -> HttpResponse:
    """Give somebody a role."""
    form = AssignmentForm(acting(request), request.POST or None, initial={"user": request.GET.get("user")})
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        try:
            commands.grant(acting(request), given.pop("user"), given.pop("role"), given.pop("organisation"), **given)
        except ValidationError as error:
            refused(form, error)
        else:
            messages.success(request, _("已授予。"))
            return redirect("administration:assignments")
    return render(request, "administration/grant.html", {"form": form})


@administrators("security")
def end(request: HttpRequest, number: int) -> HttpResponse:
    """End an assignment; it stays to be read."""
    row = queries.assignments(acting(request), ended=True, day=timezone.localdate()).filter(pk=number).first()
    if row is None:
        raise Http404
    form = EndForm(request.POST or None, initial={"on": timezone.localdate()})
    if request.method == "POST" and form.is_valid():
        try:
            commands.end(acting(request), row, **form.cleaned_data)
        except ValidationError as error:
            refused(form, error)
        else:
            messages.success(request, _("任职已结束，记录保留。"))
            return redirect("administration:assignments")
    return render(request, "administration/end.html", {"form": form, "row": row, "roles": role_names()})
