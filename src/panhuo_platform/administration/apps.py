from __future__ import annotations

from django.apps import AppConfig


class AdministrationConfig(AppConfig):
    name = "panhuo_platform.administration"
    label = "administration"
