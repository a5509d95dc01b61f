"""What a delivered layer of parcels would change in the register, until somebody decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.contrib.gis.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from panhuo_platform.deliveries.models import DeliveredLayer
from panhuo_platform.parcels.models.register import Change
from panhuo_platform.scope import Scoped


class Comparisons(Scoped["Comparison"]):
    def visible_to(self, user: Any) -> Self:
        """With the layer that they are about."""
        return self.filter(layer__in=DeliveredLayer.objects.visible_to(user))


class Comparison(models.Model):
    """The rows of a delivered layer against the register as it stood: one for each layer, made anew when asked.

    after    : the last change of the register that it knows; after another one it has to be made anew
    counts   : kind -> count and area: ``{"new": [12, 34567.8], …}``
    accepted : the change that it became
    """

    layer = models.OneToOneField(
        DeliveredLayer, on_delete=models.PROTECT, related_name="comparison", verbose_name=_("图层")
    )
    made_at = models.DateTimeField(_("比对时间"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("比对人")
    )
    after = models.PositiveBigIntegerField(default=0)
    counts = models.JSONField(_("统计"), default=dict)
    accepted = models.ForeignKey(
        Change, null=True, on_delete=models.SET_NULL, related_name="comparisons", verbose_name=_("接收")
    )

    objects = Comparisons.as_manager()

    class Meta:
        verbose_name = _("比对")
        verbose_name_plural = _("比对")

    def __str__(self) -> str:
        return f"{self.layer} {self.made_at:%Y-%m-%d}"

    @property
    def file(self) -> Path:
        """Where its rows lie, beside the delivery: Parquet, see :mod:`panhuo_platform.parcels.comparing`."""
        return self.layer.delivery.folder / f"compared-{self.layer.number}.parquet"
