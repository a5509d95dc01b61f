"""Tables of jobs."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from panhuo_platform.jobs.processes import LOST_AFTER, lives
from panhuo_platform.scope import Scoped


class Jobs(Scoped["Job"]):
    def visible_to(self, user: Any) -> Self:
        """One's own; all for the system administrator, who keeps the machine."""
        return self if user.administers == "system" else self.filter(actor=user)

    def unended(self) -> Self:
        return self.filter(state__in=(Job.State.WAITING, Job.State.RUNNING))


class Job(models.Model):
    """A piece of long work: what it is, for whom, how far it has come and how it ended.

    subject, subject_id : what it is about: ``app.model`` and the key
    attempts            : how often it was begun; one more than the deaths of workers that had it
    worker              : the process that has it now, see :mod:`panhuo_platform.jobs.processes`
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("等待")
        RUNNING = "running", _("进行中")
        DONE = "done", _("完成")
        FAILED = "failed", _("失败")
        CANCELLED = "cancelled", _("已取消")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("类别"), max_length=60)
    title = models.CharField(_("名称"), max_length=200, blank=True)
    subject = models.CharField(_("对象"), max_length=60, blank=True)
    subject_id = models.CharField(_("对象编号"), max_length=60, blank=True)
    arguments = models.JSONField(default=dict)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING)
    step = models.CharField(_("步骤"), max_length=200, blank=True)
    done = models.PositiveBigIntegerField(_("已完成"), default=0)
    total = models.PositiveBigIntegerField(_("总数"), default=0)
    error = models.TextField(_("出错原因"), blank=True)
    error_en = models.TextField(blank=True)
    result = models.JSONField(_("结果"), null=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs", verbose_name=_("发起人")
    )
    created_at = models.DateTimeField(_("发起时间"), auto_now_add=True)
    started_at = models.DateTimeField(_("开始时间"), null=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True)
    heartbeat_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(_("次数"), default=0)
    worker = models.CharField(max_length=200, blank=True)
    cancel_asked = models.BooleanField(default=False)

    objects = Jobs.as_manager()

    class Meta:
        verbose_name = _("后台任务")
        verbose_name_plural = _("后台任务")
        ordering = ("-created_at",)
        indexes = (
            models.Index(fields=["state", "created_at"], name="jobs_by_state"),
            models.Index(fields=["subject", "subject_id", "created_at"], name="jobs_by_subject"),
            models.Index(fields=["actor", "created_at"], name="jobs_by_actor"),
        )

    def __str__(self) -> str:
        from panhuo_platform.jobs.registry import title_of

        return self.title or title_of(self.kind)

    @property
    def ended(self) -> bool:
        return self.state not in (self.State.WAITING, self.State.RUNNING)

    @property
    def lost(self) -> bool:
        """Is it said to run while its worker is dead? The next worker takes it."""
        if self.state != self.State.RUNNING:
            return False
        alive = lives(self.worker)
        if alive is None:
            return self.heartbeat_at is None or timezone.now() - self.heartbeat_at > LOST_AFTER
        return not alive

    @property
    def interrupted(self) -> int:
        """How often it had to be begun again."""
        return max(0, self.attempts - (self.state != self.State.WAITING))

    @property
    def told(self) -> str:
        """Why it failed, in the reader's language."""
        return self.error_en if (get_language() or "").startswith("en") and self.error_en else self.error

    @property
    def percent(self) -> int | None:
        """How far the present step has come, 0 to 100; None where its size is not known."""
        return min(100, self.done * 100 // self.total) if self.total else None
