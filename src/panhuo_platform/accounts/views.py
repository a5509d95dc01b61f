"""One's own account, and the first page."""

from __future__ import annotations

from typing import cast

from allauth.core import ratelimit
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from panhuo_platform.accounts.forms import PasswordForm
from panhuo_platform.organisations import commands
from panhuo_platform.organisations.access import signed_in
from panhuo_platform.organisations.models import User


@signed_in
def mine(request: HttpRequest) -> HttpResponse:
    """My account: what I am, how I sign in, where I am signed in."""
    user = cast(User, request.user)
    return render(
        request,
        "accounts/mine.html",
        {
            "assignments": user.assignments_in_force,
            "second_factor": is_mfa_enabled(user),
            "sessions": UserSession.objects.purge_and_list(user),
        },
    )


@signed_in
def password(request: HttpRequest) -> HttpResponse:
    """Change one's password; the first thing after a sign-in with one that somebody else gave."""
    user = cast(User, request.user)
    form = PasswordForm(user, request.POST or None)
    if request.method == "POST":
        limited: HttpResponse | None = ratelimit.consume_or_429(request, action="reauthenticate", user=user)
        if limited is not None:
            return limited
        if form.is_valid():
            commands.change_password(user, form.cleaned_data["new"])
            update_session_auth_hash(request, user)
            messages.success(request, _("口令已修改。"))
            return redirect("home")
    return render(request, "accounts/password.html", {"form": form, "first": user.must_change_password})
