from __future__ import annotations

from django.apps import AppConfig


class ParcelsConfig(AppConfig):
    name = "panhuo_platform.parcels"
    label = "parcels"
