from __future__ import annotations

from django.apps import AppConfig


class WorkbenchConfig(AppConfig):
    name = "panhuo_platform.workbench"
    label = "workbench"
