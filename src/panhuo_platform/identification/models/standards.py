"""Tables of the standard: its versions with the thresholds that were set, and their trials."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo.packs import NewValue, with_values
from panhuo_platform.organisations.rights import may, rows
from panhuo_platform.scope import Scoped


class Standards(Scoped["StandardVersion"]):
    def visible_to(self, user: Any) -> Self:
        """A standard in force is no secret to whoever may see what was judged by it; drafts are their makers'."""
        if may(user, "S", "standard"):
            return self
        approved = Q(state__in=(StandardVersion.State.APPROVED, StandardVersion.State.ENDED))
        return self.filter(approved) if may(user, "S", "database") else self.none()

    def on(self, day: date) -> Self:
        """What is in force on a day: at most one for each place."""
        return self.filter(
            Q(ends_on=None) | Q(ends_on__gt=day),
            state__in=(StandardVersion.State.APPROVED, StandardVersion.State.ENDED), starts_on__lte=day,
        )  # fmt: skip


class StandardVersion(models.Model):
    """The locality's standard (认定标准) with the thresholds that were set in it.

    base    : the adopted pack, frozen when the draft was begun
    changes : the values that were set, as plain :class:`panhuo.packs.NewValue`
    within  : division code of the place it is for; empty: everywhere
    """

    class State(models.TextChoices):
        DRAFT = "draft", _("拟订")
        APPROVED = "approved", _("已批准")
        ENDED = "ended", _("已终止")
        WITHDRAWN = "withdrawn", _("已撤回")

    number = models.PositiveIntegerField(_("版本号"), unique=True)
    title = models.CharField(_("名称"), max_length=200)
    within = models.CharField(_("适用区划"), max_length=12, blank=True)
    pack = models.CharField(_("政策包"), max_length=60)
    base = models.JSONField(_("基础标准"))
    changes = models.JSONField(_("设定的阈值"), default=list)
    sha256 = models.CharField(_("校验值"), max_length=64)
    note = models.TextField(_("说明"), blank=True)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.DRAFT)
    drafted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("拟订人")
    )
    drafted_at = models.DateTimeField(_("拟订时间"), default=timezone.now)
    changed_at = models.DateTimeField(_("修改时间"), default=timezone.now)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("批准人")
    )
    approved_at = models.DateTimeField(_("批准时间"), null=True)
    document = models.CharField(_("批准文号"), max_length=100, blank=True)
    starts_on = models.DateField(_("施行日期"), null=True)
    ends_on = models.DateField(_("终止日期"), null=True)
    ended_because = models.CharField(_("终止原因"), max_length=200, blank=True)

    objects = Standards.as_manager()

    class Meta:
        verbose_name = _("认定标准")
        verbose_name_plural = _("认定标准")
        ordering = ("-number",)
        constraints = (
            models.CheckConstraint(condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="standards_days"),
            models.CheckConstraint(
                condition=~Q(state="approved")
                | Q(starts_on__isnull=False, approved_at__isnull=False, approved_by__isnull=False),
                name="standards_approved_whole",
            ),
        )

    def __str__(self) -> str:
        return f"{self.title} #{self.number}"

    @property
    def values(self) -> list[NewValue]:
        """What was set."""
        return [NewValue(**change) for change in self.changes]

    @property
    def frozen(self) -> dict[str, Any]:
        """The pack as it reads with what was set. Raises PanhuoError when the pack has no such value."""
        return with_values(self.base, self.values)


class Trials(Scoped["Trial"]):
    def visible_to(self, user: Any) -> Self:
        """Of standards that the user may see, and of runs whose place is the user's: they tell of every parcel."""
        whole = rows(user, "database", "run__within")
        return self.filter(whole, version__in=StandardVersion.objects.visible_to(user))


class Trial(models.Model):
    """What a draft would change on the facts of a run (试运行、回测), against the verdicts of that run's standard.

    figures : ``counts``, ``matrix``, ``townships``, ``causes``: the tables of :class:`panhuo.identify.Flips` as rows
    sha256  : of the draft that was tried; another hash now means that the draft was changed since
    """

    version = models.ForeignKey(
        StandardVersion, on_delete=models.PROTECT, related_name="trials", verbose_name=_("认定标准")
    )
    run = models.ForeignKey("Run", on_delete=models.PROTECT, related_name="trials", verbose_name=_("运行"))
    sha256 = models.CharField(_("校验值"), max_length=64)
    parcels = models.PositiveIntegerField(_("宗数"))
    flipped = models.PositiveIntegerField(_("结论变化宗数"))
    flipped_m2 = models.FloatField(_("结论变化面积"))
    figures = models.JSONField(_("对比结果"))
    tried_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("试运行人")
    )
    tried_at = models.DateTimeField(_("试运行时间"), default=timezone.now)

    objects = Trials.as_manager()

    class Meta:
        verbose_name = _("试运行")
        verbose_name_plural = _("试运行")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return f"{self.version} {self.tried_at:%Y-%m-%d}"
