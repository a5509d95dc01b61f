"""What was found in a delivery, what could be repaired, and what was corrected."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from panhuo_platform.deliveries.models.delivery import DeliveredLayer, Delivery
from panhuo_platform.deliveries.rights import within
from panhuo_platform.scope import Scoped


class Findings(Scoped["Finding"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(within(user, "delivery__"))

    def standing(self) -> Self:
        """Those of each delivery's last whole check: half a check's findings are nobody's."""
        return self.filter(run=F("delivery__run"), run__gt=0)


class Finding(models.Model):
    """One thing that a check found, as a clerk is told it (``panhuo.messages.Finding``).

    run   : the check that found it; those of another run than the delivery's do not count
    row   : the row as a person counts it in the delivered file
    place : a point in EPSG:4490
    count : the number of rows that it speaks for
    """

    class Severity(models.TextChoices):
        ERROR = "error", _("错误")
        WARNING = "warning", _("警告")
        NOTE = "note", _("提示")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="findings", verbose_name=_("交付"))
    layer = models.ForeignKey(
        DeliveredLayer, null=True, on_delete=models.CASCADE, related_name="findings", verbose_name=_("图层")
    )
    run = models.PositiveIntegerField()
    code = models.CharField(_("规则"), max_length=10)
    severity = models.CharField(_("程度"), max_length=10, choices=Severity)
    source = models.CharField(_("文件"), max_length=600, blank=True)
    row = models.PositiveBigIntegerField(_("行"), null=True)
    code_of_row = models.CharField(_("编号"), max_length=200, blank=True)
    field = models.CharField(_("字段"), max_length=120, blank=True)
    value = models.TextField(_("值"), blank=True)
    place = models.PointField(_("位置"), srid=4490, null=True)
    count = models.PositiveBigIntegerField(_("涉及行数"), default=1)
    zh = models.TextField()
    en = models.TextField()
    suggestion_zh = models.TextField(blank=True)
    suggestion_en = models.TextField(blank=True)
    mender = models.CharField(_("由谁改正"), max_length=80)

    objects = Findings.as_manager()

    class Meta:
        verbose_name = _("检查发现")
        verbose_name_plural = _("检查发现")
        ordering = ("pk",)
        indexes = (
            models.Index(fields=["delivery", "run", "severity", "code"], name="findings_by_code"),
            models.Index(fields=["layer", "row"], name="findings_by_row"),
        )

    def __str__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        return self.en if _english() else self.zh

    @property
    def suggestion(self) -> str:
        return self.suggestion_en if _english() else self.suggestion_zh


def _english() -> bool:
    return (get_language() or "").startswith("en")


class HandedBackRows(Scoped["HandedBack"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(within(user, "layer__delivery__"))

    def standing(self) -> Self:
        return self.filter(run=F("layer__delivery__run"))


class HandedBack(models.Model):
    """A row of a layer of parcels that cannot be judged and goes back to its sender; ``reason`` is the library's."""

    layer = models.ForeignKey(DeliveredLayer, on_delete=models.CASCADE, related_name="handed_back")
    run = models.PositiveIntegerField()
    row = models.PositiveBigIntegerField(_("行"))
    reason = models.CharField(_("原因"), max_length=20)

    objects = HandedBackRows.as_manager()

    class Meta:
        verbose_name = _("退回的行")
        verbose_name_plural = _("退回的行")
        ordering = ("layer", "row")
        indexes = (models.Index(fields=["layer", "run"], name="handed_back_by_layer"),)

    def __str__(self) -> str:
        return f"{self.row} {self.reason}"


class Repairs(Scoped["Repair"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(within(user, "layer__delivery__"))

    def offered(self) -> Self:
        return self.filter(run=F("layer__delivery__run"), adopted_at=None)


class Repair(models.Model):
    """A repair that is offered, and whether the sender adopted it; adopted ones of shapes stay in later runs.

    code          : ``G01`` (shapes), ``A04`` (codes), ``A06`` (units of areas)
    field, value  : the cell that it changes, and to what; a change of a cell becomes a correction
    wkb, crs      : the repaired shape and the system of its coordinates
    """

    layer = models.ForeignKey(DeliveredLayer, on_delete=models.CASCADE, related_name="repairs")
    run = models.PositiveIntegerField()
    code = models.CharField(_("规则"), max_length=10, default="G01")
    row = models.PositiveBigIntegerField(_("行"))
    code_of_row = models.CharField(_("编号"), max_length=200, blank=True)
    field = models.CharField(_("字段"), max_length=120, blank=True)
    value = models.TextField(blank=True)
    before = models.TextField(_("修复前"))
    after = models.TextField(_("修复后"))
    area_before = models.FloatField(_("修复前面积（平方米）"), null=True)
    area_after = models.FloatField(_("修复后面积（平方米）"), null=True)
    zh = models.TextField()
    en = models.TextField()
    wkb = models.BinaryField(null=True)
    crs = models.TextField(blank=True)
    adopted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    adopted_at = models.DateTimeField(null=True)

    objects = Repairs.as_manager()

    class Meta:
        verbose_name = _("修复建议")
        verbose_name_plural = _("修复建议")
        ordering = ("layer", "row")
        indexes = (models.Index(fields=["layer", "run"], name="repairs_by_layer"),)
        constraints = (
            models.UniqueConstraint(
                fields=["layer", "row", "field"], condition=~Q(adopted_at=None), name="repairs_adopted_once"
            ),
        )

    def __str__(self) -> str:
        return self.en if _english() else self.zh


class Corrections(Scoped["Correction"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(within(user, "layer__delivery__"))

    def standing(self) -> Self:
        """The last word on each cell."""
        return self.filter(replaced_at=None)


class Correction(models.Model):
    """A cell as its sender mended it. The delivered file stays as it came; an earlier correction stays too, replaced.

    field : standard name
    way   : how it came: in the page, in a table that was sent back, or as an offered repair
    """

    class Way(models.TextChoices):
        PAGE = "page", _("页面修改")
        TABLE = "table", _("补正表")
        REPAIR = "repair", _("采用修复建议")

    layer = models.ForeignKey(DeliveredLayer, on_delete=models.CASCADE, related_name="corrections")
    row = models.PositiveBigIntegerField(_("行"))
    field = models.CharField(_("字段"), max_length=120)
    value = models.TextField(_("值"), blank=True)
    before = models.TextField(_("原值"), blank=True)
    way = models.CharField(max_length=10, choices=Way, default=Way.PAGE)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    replaced_at = models.DateTimeField(null=True)

    objects = Corrections.as_manager()

    class Meta:
        verbose_name = _("补正")
        verbose_name_plural = _("补正")
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["layer", "row", "field"], condition=Q(replaced_at=None), name="corrections_one_in_force"
            ),
        )

    def __str__(self) -> str:
        return f"{self.row} {self.field} {self.value}"
