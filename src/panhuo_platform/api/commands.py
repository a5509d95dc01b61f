"""Writes of the interfaces: tokens are created and revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from datetime import timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo_platform.api.models import ApiToken
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import User

#: How every secret begins, so that people and scanners know one when they see it.
BEGINNING = "panhuo_"
#: Days that a token may last at most, and how many working ones somebody may have.
LONGEST, MOST = 366, 20


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


@transaction.atomic
def create_token(actor: User, *, name: str, scopes: Collection[str], days: int) -> tuple[ApiToken, str]:
    """A token of one's own with its secret, which is told this once."""
    if not actor.is_active or actor.must_change_password:
        raise PermissionDenied(_("请先登录并修改初始口令。"))
    if not name.strip():
        raise ValidationError({"name": _("请写明令牌给什么程序用，例如“QGIS 办公电脑”。")})
    wanted = [s for s in ApiToken.Scope.values if s in scopes]
    if not wanted or len(wanted) != len(set(scopes)):
        raise ValidationError({"scopes": _("请至少选择一项范围。")})
    if not 1 <= days <= LONGEST:
        raise ValidationError({"days": _("有效期应当是 1 到 %(n)d 天。") % {"n": LONGEST}})
    now = timezone.now()
    if ApiToken.objects.filter(owner=actor).good(now).count() >= MOST:
        raise ValidationError(_("您已有 %(n)d 个有效的令牌，请先撤销不用的。") % {"n": MOST})
    secret = BEGINNING + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        owner=actor, name=name.strip()[:60], hint=secret[: len(BEGINNING) + 4], digest=digest_of(secret), scopes=wanted,
        created_at=now, expires_at=now + timedelta(days=days),
    )  # fmt: skip
    record(
        AuditEvent.Action.GRANTED, f"建立接口令牌“{row.name}”（{row.hint}…）", actor=actor, subject=row,
        detail={"scopes": wanted, "expires_at": row.expires_at.isoformat()},
    )  # fmt: skip
    return row, secret


@transaction.atomic
def revoke_token(actor: User, token: ApiToken) -> None:
    """Its owner or the security administrator ends a token; it stays in the list."""
    row = ApiToken.objects.visible_to(actor).select_for_update(of=("self",)).filter(pk=token.pk).first()
    if row is None:
        raise PermissionDenied(_("这不是您的令牌。"))
    if row.revoked_at is not None:
        raise ValidationError(_("这个令牌已经撤销。"))
    row.revoked_at, row.revoked_by = timezone.now(), actor
    row.save(update_fields=["revoked_at", "revoked_by"])
    token.revoked_at, token.revoked_by = row.revoked_at, actor
    record(
        AuditEvent.Action.CHANGED, f"撤销接口令牌“{row.name}”（{row.hint}…）", actor=actor, subject=row,
        detail={"owner": row.owner.username},
    )  # fmt: skip
