from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeliveriesConfig(AppConfig):
    name = "panhuo_platform.deliveries"
    label = "deliveries"
    verbose_name = _("交付")
