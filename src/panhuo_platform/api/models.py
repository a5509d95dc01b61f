"""Tables of the interfaces: tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.scope import Scoped


class Tokens(Scoped["ApiToken"]):
    def visible_to(self, user: Any) -> Self:
        """One's own; all for the security administrator, who may have to end them."""
        return self if user.administers == "security" else self.filter(owner=user)

    def good(self, now: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=now)


class ApiToken(models.Model):
    """A program's key to its owner's rights, or to some of them. Revoked, never deleted.

    digest : SHA-256 of the secret, which nobody keeps but its owner; it is long and random, so it needs no salt
    hint   : how the secret begins, to tell tokens apart
    scopes : what of the owner's rights it gives; it never gives more than the owner has at that moment
    """

    class Scope(models.TextChoices):
        READ = "read", _("读取")
        DELIVER = "deliver", _("报送数据")
        RUN = "run", _("发起认定运行、取消任务")

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="api_tokens", verbose_name=_("所有者")
    )
    name = models.CharField(_("用途"), max_length=60)
    hint = models.CharField(_("令牌"), max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(_("范围"), default=list)
    created_at = models.DateTimeField(_("建立时间"), default=timezone.now)
    expires_at = models.DateTimeField(_("有效期至"))
    last_used_at = models.DateTimeField(_("最近使用"), null=True, blank=True)
    last_used_from = models.GenericIPAddressField(_("最近使用地址"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("撤销时间"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        verbose_name=_("撤销人"),
    )  # fmt: skip

    objects = Tokens.as_manager()

    class Meta:
        verbose_name = _("接口令牌")
        verbose_name_plural = _("接口令牌")
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(revoked_at=None, revoked_by=None) | Q(revoked_at__isnull=False, revoked_by__isnull=False),
                name="api_tokens_revoked_by_somebody",
            ),
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="api_tokens_expire_later"),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def works(self) -> bool:
        return self.revoked_at is None and not self.expired

    @property
    def scope_names(self) -> list[str]:
        """What the token gives, in words."""
        return [str(label) for value, label in self.Scope.choices if value in self.scopes]
