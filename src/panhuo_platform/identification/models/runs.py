"""Tables of runs: what was run by which standard, and the verdict on each parcel."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.identification.models.standards import StandardVersion
from panhuo_platform.organisations.rights import may, rows
from panhuo_platform.parcels.fields import CodeField
from panhuo_platform.parcels.models import Parcel, ParcelVersion
from panhuo_platform.scope import Scoped


class Runs(Scoped["Run"]):
    def visible_to(self, user: Any) -> Self:
        """Whoever may see parcels, may see which runs there were; what was found, by territory (:class:`Verdict`)."""
        return self if may(user, "S", "database") or may(user, "S", "standard") else self.none()

    def finished(self) -> Self:
        return self.filter(state=Run.State.LOADED)


class Run(models.Model):
    """One identification of the register's parcels (认定运行). Its folder holds the library's survey with its results.

    manifest : that of the survey; ``counts`` and ``areas_m2`` are its reconciliation
    inputs   : what it was fed with: role, name, rows, sender, date
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("等待")
        RUNNING = "running", _("运行中")
        LOADED = "loaded", _("已完成")
        FAILED = "failed", _("未完成")

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("名称"), max_length=200)
    version = models.ForeignKey(
        StandardVersion, on_delete=models.PROTECT, related_name="runs", verbose_name=_("认定标准")
    )
    on = models.DateField(_("认定基准日"))
    within = models.CharField(_("区划"), max_length=12, blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.WAITING)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("发起人")
    )
    started_at = models.DateTimeField(_("发起时间"), default=timezone.now)
    loaded_at = models.DateTimeField(_("完成时间"), null=True)
    inputs = models.JSONField(_("输入"), default=list)
    manifest = models.JSONField(_("运行清单"), default=dict)

    objects = Runs.as_manager()

    class Meta:
        verbose_name = _("认定运行")
        verbose_name_plural = _("认定运行")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.title

    @property
    def folder(self) -> Path:
        """Where the survey lies."""
        return Path(settings.HOME) / "runs" / str(self.key)

    @property
    def results(self) -> Path:
        return self.folder / "成果"

    @property
    def evidence(self) -> Path:
        """The verdicts with their evidence, as the library keeps them."""
        return self.results / "证据"


class Verdicts(Scoped["Verdict"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(rows(user, "database", "township_code"))


class Verdict(models.Model):
    """What a run found of a parcel (认定结论). Written with its run and never changed: decisions stand beside it.

    row       : its place among the run's evidence; None for a parcel that was handed back
    outcome   : identified, not, unknown, excluded, handed_back; ``handed_because`` says why the last
    reasons   : ids of the conditions that decided; missing: what is not known; ask: who has it
    """

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(
        Run, on_delete=models.PROTECT, related_name="verdicts", verbose_name=_("运行"), db_index=False
    )
    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="verdicts", verbose_name=_("宗地"))
    parcel_version = models.ForeignKey(
        ParcelVersion, on_delete=models.PROTECT, related_name="+", verbose_name=_("宗地版本"), db_index=False
    )
    row = models.PositiveIntegerField(null=True)
    township_code = CodeField(_("乡镇街道代码"), max_length=12)
    outcome = models.CharField(_("认定结论"), max_length=20)
    main_class = models.CharField(_("主要类别"), max_length=40, blank=True)
    classes = models.JSONField(_("全部类别"), default=list)
    reasons = models.JSONField(_("决定条件"), default=list)
    missing = models.JSONField(_("缺少数据"), default=list)
    ask = models.JSONField(_("向谁核实"), default=list)
    flip = models.CharField(_("最易改变结论的条件"), max_length=100, blank=True)
    flip_change = models.FloatField(_("须变动比例"), null=True)
    handed_because = models.CharField(_("退回原因"), max_length=40, blank=True)
    area_m2 = models.FloatField(_("面积"), null=True)

    objects = Verdicts.as_manager()

    class Meta:
        verbose_name = _("认定结论")
        verbose_name_plural = _("认定结论")
        constraints = (
            models.UniqueConstraint(fields=["run", "parcel"], name="verdicts_once_a_run"),
            models.CheckConstraint(condition=Q(row__isnull=False) | Q(outcome="handed_back"), name="verdicts_have_row"),
        )
        indexes = (models.Index(fields=["run", "outcome", "township_code"], name="verdicts_by_outcome"),)

    def __str__(self) -> str:
        return f"{self.parcel} {self.outcome}"
