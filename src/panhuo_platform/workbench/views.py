"""The first page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from panhuo_platform.organisations.access import signed_in


@signed_in
def home(request: HttpRequest) -> HttpResponse:
    """What waits for me."""
    return render(request, "workbench/home.html")
