"""Addresses of deliveries."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver

app_name = "deliveries"
urlpatterns: list[URLPattern | URLResolver] = []
