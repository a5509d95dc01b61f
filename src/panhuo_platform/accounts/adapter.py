"""How allauth signs people in here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _


class Adapter(DefaultAccountAdapter):
    """Accounts are opened by the system administrator; the words are ours."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("账号或口令不对。连续输错 5 次，账号会暂停登录 15 分钟。"),
        "too_many_login_attempts": _("输错次数过多，请 15 分钟后再试，或请系统管理员重置口令。"),
        "enter_current_password": _("当前口令不对。"),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(
        self, request: HttpRequest, level: int, message_template: Any = None, *more: Any, **named: Any
    ) -> None:
        """allauth's own messages are left out: they are English first, and the pages say what happened."""


class FactorAdapter(DefaultMFAAdapter):
    """The second factor, in our words."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("验证码不对，请看验证器上的新号码。"),
        "rate_limited": _("输错次数过多，请稍后再试。"),
    }
