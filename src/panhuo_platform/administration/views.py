"""Accounts and units, for the system and the security administrator."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo_platform.administration.forms import AccountForm, HandOverForm, OfficeForm, ReasonForm
from panhuo_platform.organisations import commands, queries
from panhuo_platform.organisations.access import administrators, signed_in
from panhuo_platform.organisations.models import Administrator, User
from panhuo_platform.organisations.rights import role_names

PER_PAGE = 50


def acting(request: HttpRequest) -> User:
    """Who is signed in."""
    return cast(User, request.user)


def refused(form: Form, error: ValidationError) -> None:
    """Puts what a command refused beside the fields it speaks of."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, errors in error.error_dict.items():
        form.add_error(name if name in form.fields else None, cast(Any, errors))


@administrators("system", "security", "audit")
def accounts(request: HttpRequest) -> HttpResponse:
    """All accounts; the system administrator opens new ones here."""
    user, today = acting(request), timezone.localdate()
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made, password = commands.open_account(user, form.cleaned_data["username"], name=form.cleaned_data["name"])
        except ValidationError as error:
            refused(form, error)
        else:
            return _with_password(request, made, password)
    text = request.GET.get("q", "").strip()
    page = Paginator(queries.accounts(user, text=text, day=today), PER_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "form": form, "q": text, "roles": role_names(), "may_open": user.administers == "system"}
    return render(request, "administration/accounts.html", context)


def _with_password(request: HttpRequest, made: User, password: str) -> HttpResponse:
    """The first password is shown once, and kept nowhere."""
    response = render(request, "administration/password.html", {"account": made, "password": password})
    response["Cache-Control"] = "no-store"
    return response


def _named(request: HttpRequest, username: str) -> User:
    found = queries.account(acting(request), username, day=timezone.localdate())
    if found is None:
        raise Http404
    return found


@administrators("system", "security", "audit")
def account(request: HttpRequest, username: str) -> HttpResponse:
    """One account: what it holds, and what may be done with it."""
    user, shown = acting(request), _named(request, username)
    return render(
        request,
        "administration/account.html",
        {
            "account": shown,
            "roles": role_names(),
            "is_system": user.administers == "system",
            "is_security": user.administers == "security",
            "close": ReasonForm(prefix="close"),
            "appoint": OfficeForm(prefix="appoint"),
            "hand_over": HandOverForm(user, shown, prefix="hand_over"),
            "history": queries.assignments(user, ended=True, day=timezone.localdate()).filter(user=shown),
        },
    )


@administrators("system")
@require_POST
def close(request: HttpRequest, username: str) -> HttpResponse:
    """Close an account."""
    shown, form = _named(request, username), ReasonForm(request.POST, prefix="close")
    if form.is_valid():
        return _done(request, shown, lambda: commands.close_account(acting(request), shown, **form.cleaned_data))
    return _said(request, shown, form)


@administrators("system")
@require_POST
def reset(request: HttpRequest, username: str) -> HttpResponse:
    """Give an account a new first password."""
    shown = _named(request, username)
    return _with_password(request, shown, commands.reset_password(acting(request), shown))


@administrators("security")
@require_POST
def appoint(request: HttpRequest, username: str) -> HttpResponse:
    """Make somebody one of the three administrators."""
    shown, form = _named(request, username), OfficeForm(request.POST, prefix="appoint")
    if form.is_valid():
        office = Administrator.Office(form.cleaned_data["office"])
        return _done(request, shown, lambda: commands.appoint(acting(request), shown, office))
    return _said(request, shown, form)


@administrators("security")
@require_POST
def hand_over(request: HttpRequest, username: str) -> HttpResponse:
    """Everything that somebody holds goes to a successor."""
    shown = _named(request, username)
    form = HandOverForm(acting(request), shown, request.POST, prefix="hand_over")
    if form.is_valid():
        given = form.cleaned_data
        return _done(
            request, shown, lambda: commands.hand_over(acting(request), shown, given["successor"], on=given["on"])
        )
    return _said(request, shown, form)


def _done(request: HttpRequest, shown: User, do: Any) -> HttpResponse:
    try:
        do()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("已办理。"))
    return redirect("administration:account", shown.username)


def _said(request: HttpRequest, shown: User, form: Form) -> HttpResponse:
    for name, errors in form.errors.items():
        field = form.fields.get(name)
        messages.error(request, f"{field.label if field else ''} {' '.join(map(str, errors))}".strip())
    return redirect("administration:account", shown.username)


@signed_in
def organisations(request: HttpRequest) -> HttpResponse:
    """Units, task forces and their seats, as the pack has them."""
    user, today = acting(request), timezone.localdate()
    return render(
        request,
        "administration/organisations.html",
        {"units": queries.organisations(user, day=today), "task_forces": queries.task_forces(user)},
    )
