"""Whoever calls."""

from __future__ import annotations

from django.http import HttpRequest

from panhuo_platform.organisations.models import User


def caller(request: HttpRequest) -> User:
    """The user for whom the request is made; the guard has seen to it that there is one."""
    assert isinstance(request.user, User)
    return request.user
