"""Addresses of identification."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "identification"
urlpatterns: list[URLPattern | URLResolver] = []
