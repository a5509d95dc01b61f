"""Signing in and out as events of the audit."""

from __future__ import annotations

from typing import Any

from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent

Action = AuditEvent.Action


def listen() -> None:
    user_logged_in.connect(_signed_in, dispatch_uid="accounts.signed_in")
    user_logged_out.connect(_signed_out, dispatch_uid="accounts.signed_out")
    user_login_failed.connect(_failed, dispatch_uid="accounts.failed")
    mfa.authenticator_added.connect(_factor_added, dispatch_uid="accounts.factor_added")
    mfa.authenticator_removed.connect(_factor_removed, dispatch_uid="accounts.factor_removed")


def _signed_in(sender: Any, user: Any, **_more: Any) -> None:
    record(Action.SIGNED_IN, "登录", actor=user, subject=user)


def _signed_out(sender: Any, user: Any, **_more: Any) -> None:
    if user is not None:
        record(Action.SIGNED_OUT, "退出", actor=user, subject=user)


def _failed(sender: Any, credentials: dict[str, Any], **_more: Any) -> None:
    record(Action.SIGN_IN_FAILED, "登录失败", account=str(credentials.get("username") or ""))


def _factor_added(sender: Any, user: Any, authenticator: Any, **_more: Any) -> None:
    record(Action.CHANGED, f"启用{_kind(authenticator)}", actor=user, subject=user)


def _factor_removed(sender: Any, user: Any, authenticator: Any, **_more: Any) -> None:
    record(Action.CHANGED, f"停用{_kind(authenticator)}", actor=user, subject=user)


def _kind(authenticator: Any) -> str:
    return {"totp": "动态口令", "recovery_codes": "备用验证码"}.get(str(authenticator.type), str(authenticator.type))
