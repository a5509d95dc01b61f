from __future__ import annotations

from django.apps import AppConfig


class MapsConfig(AppConfig):
    name = "panhuo_platform.maps"
    label = "maps"
