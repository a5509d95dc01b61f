"""Tables of snapshots."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.gis.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.organisations import rights
from panhuo_platform.parcels.fields import CodeField
from panhuo_platform.scope import Scoped


class Snapshots(Scoped["Snapshot"]):
    def visible_to(self, user: Any) -> Self:
        """Those of the user's territory; one of everything is for those who may see everything."""
        return self.filter(rights.rows(user, "database", "region_code"))


class Snapshot(models.Model):
    """The register of a division at a moment, with a checksum over its rows: asked anew, it has to give the same.

    region_code : the division; empty for everything
    figures     : count and area by outcome as they were: ``{"identified": [12, 34567.8], …}``
    """

    title = models.CharField(_("名称"), max_length=200)
    region_code = CodeField(_("区划代码"), max_length=12, blank=True)
    day = models.DateField(_("时点"))
    known_on = models.DateTimeField(_("登记截至"))
    count = models.PositiveBigIntegerField(_("宗数"))
    area_m2 = models.FloatField(_("面积"))
    figures = models.JSONField(_("统计"), default=dict)
    algorithm = models.CharField(_("散列算法"), max_length=10)
    checksum = models.CharField(_("校验值"), max_length=64)
    made_at = models.DateTimeField(_("生成时间"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("生成人")
    )

    objects = Snapshots.as_manager()

    class Meta:
        verbose_name = _("快照")
        verbose_name_plural = _("快照")
        ordering = ("-pk",)

    def __str__(self) -> str:
        return self.title


class Parts(Scoped["SnapshotPart"]):
    def visible_to(self, user: Any) -> Self:
        return self.filter(snapshot__in=Snapshot.objects.visible_to(user))


class SnapshotPart(models.Model):
    """The outcomes of a snapshot, some tens of thousands of parcels at a time, as Parquet: number, outcome, main_class,
    classes, stage, in_upper_register."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="parts", verbose_name=_("快照"))
    n = models.PositiveIntegerField(_("序号"))
    content = models.BinaryField()

    objects = Parts.as_manager()

    class Meta:
        verbose_name = _("快照分片")
        verbose_name_plural = _("快照分片")
        ordering = ("snapshot", "n")
        constraints = (models.UniqueConstraint(fields=["snapshot", "n"], name="snapshot_parts_numbered"),)

    def __str__(self) -> str:
        return f"{self.snapshot} {self.n}"
