"""Tables of the audit."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from panhuo_platform.scope import Scoped


class AuditEvents(Scoped["AuditEvent"]):
    def visible_to(self, user: Any) -> Self:
        """The audit administrator's alone."""
        return self if user.is_audit_administrator else self.none()


class AuditEvent(models.Model):
    """One event. Rows are only ever added; triggers of the database refuse everything else.

    number   : 1, 2, 3 … without a gap
    previous : the hash of the event before; each hash covers its own event and that one
    """

    class Action(models.TextChoices):
        SIGNED_IN = "signed_in", _("登录")
        SIGN_IN_FAILED = "sign_in_failed", _("登录失败")
        SIGNED_OUT = "signed_out", _("退出")
        VIEWED_PERSONAL = "viewed_personal", _("查看个人信息")
        EXPORTED = "exported", _("导出")
        CHANGED = "changed", _("变更")
        DECIDED = "decided", _("决定")
        GRANTED = "granted", _("授权")
        REFUSED = "refused", _("越权被拒")

    number = models.PositiveBigIntegerField(_("序号"), primary_key=True)
    at = models.DateTimeField(_("时间"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("用户")
    )
    account = models.CharField(_("账号"), max_length=150, blank=True)
    address = models.GenericIPAddressField(_("地址"), null=True)
    action = models.CharField(_("动作"), max_length=20, choices=Action)
    subject = models.CharField(_("对象"), max_length=60, blank=True)
    subject_id = models.CharField(_("对象编号"), max_length=60, blank=True)
    told = models.CharField(_("内容"), max_length=500)
    detail = models.JSONField(_("明细"), default=dict)
    algorithm = models.CharField(_("散列算法"), max_length=10)
    previous = models.CharField(_("上一条"), max_length=64)
    hash = models.CharField(_("散列值"), max_length=64, unique=True)

    objects = AuditEvents.as_manager()

    class Meta:
        verbose_name = _("审计事件")
        verbose_name_plural = _("审计事件")
        ordering = ("-number",)
        indexes = (
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["subject", "subject_id"], name="audit_by_subject"),
            models.Index(fields=["account"], name="audit_by_account"),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.told}"


class Heads(Scoped["ChainHead"]):
    def visible_to(self, user: Any) -> Self:
        return self if user.is_audit_administrator else self.none()


class ChainHead(models.Model):
    """Where the chain ends: one row, locked by whoever adds an event."""

    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    objects = Heads.as_manager()

    class Meta:
        verbose_name = _("审计链末端")
        verbose_name_plural = _("审计链末端")
        constraints = (models.CheckConstraint(condition=models.Q(pk=1), name="audit_one_head"),)

    def __str__(self) -> str:
        return f"{self.number} {self.hash[:12]}"
