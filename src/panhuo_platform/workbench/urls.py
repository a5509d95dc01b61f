"""Addresses of the workbench."""

from __future__ import annotations

from django.urls import path

from panhuo_platform.workbench.views import home

urlpatterns = [path("", home, name="home")]
