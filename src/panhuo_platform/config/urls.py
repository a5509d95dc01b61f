"""All addresses of the platform."""

from __future__ import annotations

from django.urls import path

from panhuo_platform.config.health import health

urlpatterns = [
    path("health", health, name="health"),
]
