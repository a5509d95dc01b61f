"""What the parcels of a delivery would change in the register, until somebody decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.contrib.gis.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.parcels.models.register import Change
from panhuo_platform.scope import Scoped


class Comparisons(Scoped["Comparison"]):
    def visible_to(self, user: Any) -> Self:
        """With the delivery that they are about."""
        return self.filter(delivery__in=Delivery.objects.visible_to(user))


class Comparison(models.Model):
    """The parcels of a delivery against the register as it stood: one for each delivery, made anew when asked.

    run      : the check of the delivery that it knows; rows mended since then are not in it

    after    : the last change of the register that it knows; after another one it has to be made anew
    counts   : kind -> count and area: ``{"new": [12, 34567.8], …}``
    accepted : the change that it became
    decided  : what is to be done with its rows, see ``commands.Decisions``: by kind, by row, by gone parcel
    """

    delivery = models.OneToOneField(
        Delivery, on_delete=models.PROTECT, related_name="comparison", verbose_name=_("交付")
    )
    run = models.PositiveIntegerField(default=0)
    made_at = models.DateTimeField(_("比对时间"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("比对人")
    )
    after = models.PositiveBigIntegerField(default=0)
    counts = models.JSONField(_("统计"), default=dict)
    decided = models.JSONField(default=dict)
    accepted = models.ForeignKey(
        Change, null=True, on_delete=models.SET_NULL, related_name="comparisons", verbose_name=_("接收")
    )

    objects = Comparisons.as_manager()

    class Meta:
        verbose_name = _("比对")
        verbose_name_plural = _("比对")

    def __str__(self) -> str:
        return f"{self.delivery} {self.made_at:%Y-%m-%d}"

    @property
    def file(self) -> Path:
        """Where its rows lie, beside the delivery: Parquet, see :mod:`panhuo_platform.parcels.comparing`."""
        return self.delivery.folder / "compared.parquet"
