from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ParcelsConfig(AppConfig):
    name = "panhuo_platform.parcels"
    label = "parcels"
    verbose_name = _("低效用地数据库")
