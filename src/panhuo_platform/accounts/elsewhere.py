"""Signing in by an identity service: it says who somebody is, never what they may do."""

from __future__ import annotations

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import User


class ElsewhereAdapter(DefaultSocialAccountAdapter):
    """Whoever is known elsewhere is let in where the system administrator has opened an account of that name."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        claim = sociallogin.provider.app.settings["claim"]
        said = sociallogin.account.extra_data
        name = str((said.get("userinfo") or {}).get(claim) or (said.get("id_token") or {}).get(claim) or "")
        user = User.objects.filter(username=name, is_active=True).first() if name else None
        if user is None:
            record(AuditEvent.Action.SIGN_IN_FAILED, "统一身份认证：没有对应的账号", account=name)
            raise ImmediateHttpResponse(self._stranger(request, name))
        if sociallogin.is_existing and sociallogin.user != user:
            # one person elsewhere, two accounts here: somebody has changed a name, and an administrator looks at it
            record(AuditEvent.Action.SIGN_IN_FAILED, "统一身份认证：身份与账号对不上", account=name)
            raise ImmediateHttpResponse(self._stranger(request, name))
        if not sociallogin.is_existing:
            sociallogin.connect(request, user)

    def on_authentication_error(
        self, request: HttpRequest, provider: Any, error: Any = None, exception: Any = None, **more: Any
    ) -> None:
        record(AuditEvent.Action.SIGN_IN_FAILED, f"统一身份认证没有成功：{error or exception}"[:200])
        told = _("统一身份认证没有成功，请再试一次，或者用账号口令登录。")
        raise ImmediateHttpResponse(render(request, "accounts/stranger.html", {"told": told}, status=403))

    def _stranger(self, request: HttpRequest, name: str) -> HttpResponse:
        told = _("您在统一身份认证中的名字是“%(name)s”，这里没有对应的账号。请联系系统管理员。") % {"name": name or "—"}
        return render(request, "accounts/stranger.html", {"told": told}, status=403)
