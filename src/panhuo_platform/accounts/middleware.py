"""What stands between signing in and the pages: an idle session ends, and first things come first."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from panhuo_platform.organisations.models import User

Next = Callable[[HttpRequest], HttpResponse]

_SEEN = "seen"
#: Requests that a page makes by itself do not keep a session alive.
BACKGROUND = "X-Panhuo-Background"


class IdleTimeout:
    """Ends a session in which nothing was asked for so many minutes."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now, seen = time.time(), request.session.get(_SEEN)
            if seen is not None and now - seen > settings.IDLE_MINUTES * 60:
                logout(request)
                messages.info(
                    request,
                    _("超过 %(minutes)d 分钟没有操作，已退出，请重新登录。") % {"minutes": settings.IDLE_MINUTES},
                )
                return _to(request, f"{reverse('account_login')}?next={request.get_full_path()}")
            # once a minute is often enough, and spares a write at every tile of a map
            if BACKGROUND not in request.headers and (seen is None or now - seen > 60):
                request.session[_SEEN] = now
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


class FirstThingsFirst:
    """Whoever has a password that somebody else gave changes it first; then comes the second factor, if it must be."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if isinstance(user, User):
            wanted = "accounts:password" if user.must_change_password else None
            if wanted is None and _needs_factor(user) and not is_mfa_enabled(user):
                wanted = "mfa_activate_totp"
            if wanted and not _let_through(request, wanted):
                return _to(request, reverse(wanted))
        return self.get_response(request)


def _needs_factor(user: User) -> bool:
    return settings.SECOND_FACTOR == "everybody" or (
        settings.SECOND_FACTOR == "administrators" and user.administers is not None
    )


def _let_through(request: HttpRequest, wanted: str) -> bool:
    always = (reverse("account_logout"), reverse("set_language"), reverse("health"), reverse("account_reauthenticate"))
    return request.path in (reverse(wanted), *always) or request.path.startswith(settings.STATIC_URL)


def _to(request: HttpRequest, where: str) -> HttpResponse:
    """A redirect that parts of pages follow too."""
    if "HX-Request" in request.headers:
        return HttpResponse(status=204, headers={"HX-Redirect": where})
    return HttpResponseRedirect(where)
