"""Tables of divisions."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from django.contrib.gis.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from panhuo_platform.scope import Scoped, in_force


class Regions(Scoped["Region"]):
    def visible_to(self, user: Any) -> Self:
        """Divisions are public knowledge."""
        return self

    def on(self, day: date) -> Self:
        """Those that hold on ``day``."""
        return self.filter(in_force(day))

    def below(self, code: str) -> Self:
        """The division with this code and all in it: codes of a division begin with that of the one above it."""
        return self.filter(code__startswith=code)


class Region(models.Model):
    """A province, city, county, street, town or zone. One code may stand several times, one time after the other."""

    class Kind(models.TextChoices):
        PROVINCE = "province", _("省")
        CITY = "city", _("市")
        COUNTY = "county", _("县（市、区）")
        STREET = "street", _("街道")
        TOWN = "town", _("镇")
        TOWNSHIP = "township", _("乡")
        ZONE = "zone", _("园区")

    code = models.CharField(_("区划代码"), max_length=12)
    name = models.CharField(_("名称"), max_length=60)
    kind = models.CharField(_("类别"), max_length=10, choices=Kind)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children", verbose_name=_("上级")
    )
    boundary = models.MultiPolygonField(_("界线"), srid=4490, null=True, blank=True)
    starts_on = models.DateField(_("生效"), null=True, blank=True)
    ends_on = models.DateField(_("失效"), null=True, blank=True)

    objects = Regions.as_manager()

    class Meta:
        verbose_name = _("行政区划")
        verbose_name_plural = _("行政区划")
        ordering = ("code", "starts_on")
        constraints = (
            models.UniqueConstraint(fields=["code"], condition=Q(ends_on=None), name="regions_one_in_force"),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(starts_on=None) | Q(ends_on__gt=F("starts_on")),
                name="regions_order_of_days",
            ),
        )

    def __str__(self) -> str:
        return self.name
