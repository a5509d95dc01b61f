from __future__ import annotations

from django.apps import AppConfig


class DeliveriesConfig(AppConfig):
    name = "panhuo_platform.deliveries"
    label = "deliveries"
