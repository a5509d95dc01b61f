"""Tables of what stands beside the register: legacy land with its seals, and the issue list."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.organisations import rights
from panhuo_platform.parcels.fields import CodeField
from panhuo_platform.parcels.models.register import Parcel
from panhuo_platform.scope import Scoped


class LegacyParcels(Scoped["LegacyParcel"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(rights.rows(user, "historical", "township_code"))


class LegacyParcel(models.Model):
    """A piece of legacy land (历史遗留用地). Once its division is sealed, the database refuses every change.

    situation  : code of the list ``legacy_situation`` or the deliverer's words
    attributes : the standard fields of the role ``legacy`` that have a value
    """

    number = CodeField(_("遗留用地编号"), max_length=60, unique=True)
    township_code = CodeField(_("乡镇街道代码"), max_length=12, db_index=True)
    situation = models.CharField(_("遗留情形"), max_length=100, blank=True)
    occurred_year = models.PositiveSmallIntegerField(_("用地发生年份"), null=True, blank=True)
    penalty_no = models.CharField(_("处罚文号"), max_length=100, blank=True)
    geometry = models.MultiPolygonField(_("图形"), srid=4490, null=True, blank=True)
    area_m2 = models.FloatField(_("椭球面积"), null=True, blank=True)
    attributes = models.JSONField(_("属性"), default=dict, blank=True)
    delivery = models.ForeignKey(
        Delivery, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("交付")
    )
    entered_at = models.DateTimeField(_("入库时间"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("经办人")
    )

    objects = LegacyParcels.as_manager()

    class Meta:
        verbose_name = _("历史遗留用地")
        verbose_name_plural = _("历史遗留用地")
        ordering = ("number",)

    def __str__(self) -> str:
        return self.number


class LegacySeals(Scoped["LegacySeal"]):
    def visible_to(self, user: Any) -> Self:
        """Those that hold in the user's territory: of a division in it, or of one that it lies in."""
        found = Q(pk__in=[])
        for h in rights.holdings(user, "historical"):
            if not h.within:
                return self
            found |= Q(region_code__startswith=h.within)
            found |= Q(region_code__in=[h.within[:n] for n in range(len(h.within))])
        return self.filter(found)


class LegacySeal(models.Model):
    """The closing of the legacy register of a division (封库): proposed by one, done by another, undone by nobody.

    region_code : the division; empty for the whole register
    checksum    : over the rows as they were sealed, in the order of their numbers
    """

    region_code = CodeField(_("区划代码"), max_length=12, blank=True)
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("提出人")
    )
    proposed_at = models.DateTimeField(_("提出时间"), default=timezone.now)
    sealed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("封库人")
    )
    sealed_at = models.DateTimeField(_("封库时间"), null=True)
    count = models.PositiveIntegerField(_("宗数"), default=0)
    area_m2 = models.FloatField(_("面积"), default=0.0)
    algorithm = models.CharField(_("散列算法"), max_length=10, blank=True)
    checksum = models.CharField(_("校验值"), max_length=64, blank=True)

    objects = LegacySeals.as_manager()

    class Meta:
        verbose_name = _("历史遗留用地封库")
        verbose_name_plural = _("历史遗留用地封库")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=["region_code"], name="legacy_sealed_once"),
            models.CheckConstraint(
                condition=Q(sealed_at=None, sealed_by=None)
                | (Q(sealed_at__isnull=False, sealed_by__isnull=False) & ~Q(sealed_by=F("proposed_by"))),
                name="legacy_seal_by_two",
            ),
        )

    def __str__(self) -> str:
        return self.region_code


class IssueItems(Scoped["IssueItem"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(rights.rows(user, "issues", "township_code"))


class IssueItem(models.Model):
    """An obstacle or a wish about a parcel (问题清单), who is to see to it, and what was answered."""

    class State(models.TextChoices):
        OPEN = "open", _("待办理")
        ANSWERED = "answered", _("已答复")
        CLOSED = "closed", _("已办结")

    class Source(models.TextChoices):
        REPORTED = "reported", _("报送")
        DISPUTE = "dispute", _("争议清单")
        ENTERED = "entered", _("手工登记")

    parcel = models.ForeignKey(
        Parcel, null=True, blank=True, on_delete=models.PROTECT, related_name="issues", verbose_name=_("宗地")
    )
    parcel_code = CodeField(_("宗地代码"), max_length=40, blank=True, db_index=True)
    township_code = CodeField(_("乡镇街道代码"), max_length=12)
    kind = models.CharField(_("问题类型"), max_length=60, blank=True)
    description = models.TextField(_("问题描述"))
    wish = models.TextField(_("诉求"), blank=True)
    unit = models.CharField(_("责任单位"), max_length=100, blank=True)
    due_on = models.DateField(_("完成时限"), null=True, blank=True)
    source = models.CharField(_("来源"), max_length=10, choices=Source)
    state = models.CharField(_("状态"), max_length=10, choices=State, default=State.OPEN)
    answer = models.TextField(_("办理情况"), blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("办理人")
    )
    answered_at = models.DateTimeField(_("办理时间"), null=True)
    delivery = models.ForeignKey(
        Delivery, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("交付")
    )
    entered_at = models.DateTimeField(_("登记时间"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("登记人")
    )

    objects = IssueItems.as_manager()

    class Meta:
        verbose_name = _("问题")
        verbose_name_plural = _("问题清单")
        ordering = ("pk",)
        indexes = (
            models.Index(fields=["state", "township_code"], name="issues_by_state"),
            models.Index(fields=["township_code"], name="issues_by_township"),
        )

    def __str__(self) -> str:
        return self.description[:40]
