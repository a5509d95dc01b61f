"""Filters of the pages of deliveries."""

from __future__ import annotations

from django import template

from panhuo.land.roles import ROLES
from panhuo_platform.pages.templatetags.panhuo_tags import told

register = template.Library()


@register.filter
def role_name(role: str) -> str:
    """What a kind of data is called."""
    return told(ROLES[role].text) if role in ROLES else role
