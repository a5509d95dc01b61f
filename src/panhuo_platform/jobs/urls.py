"""Addresses of jobs."""

from __future__ import annotations

from django.urls import path

from panhuo_platform.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.listed, name="list"),
    path("<uuid:key>/", views.shown, name="job"),
    path("<uuid:key>/progress", views.progress, name="progress"),
    path("<uuid:key>/cancel", views.cancel, name="cancel"),
    path("<uuid:key>/again", views.again, name="again"),
]
