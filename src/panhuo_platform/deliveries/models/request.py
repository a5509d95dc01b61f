"""What units are asked for, and what is remembered of how each writes its tables."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from panhuo_platform.deliveries.rights import own_units, sees_all, within
from panhuo_platform.organisations.models import Organisation
from panhuo_platform.scope import Scoped


def _reminders() -> list[int]:
    """Days before the due day on which the unit is reminded."""
    return [14, 7, 3, 1, 0]


class DataRequests(Scoped["DataRequest"]):
    def visible_to(self, user: Any) -> Self:
        """Those to one's unit, and those about one's territory; the office sees all."""
        if sees_all(user):
            return self
        return self.filter(Q(unit__in=own_units(user)) | within(user, sender="unit"))

    def open(self) -> Self:
        return self.filter(state=DataRequest.State.OPEN)


class DataRequest(models.Model):
    """A unit is asked for a table or a layer by a day.

    role          : of ``panhuo.land.roles``
    township_code : the division that it is wanted for; empty for the whole locality
    reminders     : days before ``due`` on which the unit is reminded; after it, every week
    """

    class State(models.TextChoices):
        OPEN = "open", _("待报送")
        MET = "met", _("已完成")
        CANCELLED = "cancelled", _("已取消")

    unit = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+", verbose_name=_("单位"))
    role = models.CharField(_("数据"), max_length=40)
    township_code = models.CharField(_("区划代码"), max_length=12, blank=True)
    note = models.TextField(_("要求"), blank=True)
    due = models.DateField(_("截止日期"))
    reminders = models.JSONField(_("提前提醒天数"), default=_reminders)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    met_by = models.ForeignKey(
        "Delivery", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("交付")
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(_("发出时间"), auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = DataRequests.as_manager()

    class Meta:
        verbose_name = _("数据需求")
        verbose_name_plural = _("数据需求")
        ordering = ("due", "pk")
        indexes = (models.Index(fields=["state", "due"], name="requests_by_due"),)

    def __str__(self) -> str:
        return f"{self.unit} {self.role}"


class FieldMemories(Scoped["FieldMemory"]):
    def visible_to(self, user: Any) -> Self:
        return self if sees_all(user) else self.filter(sender__in=own_units(user))


class FieldMemory(models.Model):
    """How a sender's columns of one role were understood the last time: column -> standard field (empty: not used)."""

    sender = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=40)
    columns = models.JSONField(default=dict)
    units = models.JSONField(default=dict)
    learned_at = models.DateTimeField(auto_now=True)

    objects = FieldMemories.as_manager()

    class Meta:
        verbose_name = _("字段对应记忆")
        verbose_name_plural = _("字段对应记忆")
        constraints = (models.UniqueConstraint(fields=["sender", "role"], name="memory_once"),)

    def __str__(self) -> str:
        return f"{self.sender} {self.role}"
