"""Tags of identification's pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from panhuo.land.facts import UNIT_NAMES
from panhuo.survey.gather import REASONS
from panhuo_platform.identification import policy
from panhuo_platform.pages.templatetags.panhuo_tags import state, told

register = template.Library()

_STATES = {True: ("green", "check"), False: ("grey", "x"), None: ("amber", "help-circle")}


@register.simple_tag
def held(value: bool | None) -> SafeString:
    """Whether a condition holds, as a badge: 符合, 不符合, 无法判定."""
    words = {True: _("符合"), False: _("不符合"), None: _("无法判定")}
    return state(_STATES[value][0], words[value])


@register.simple_tag
def excluded(value: bool | None) -> SafeString:
    """Whether a case of exclusion applies: that none does is the good answer."""
    words = {True: _("有排除情形"), False: _("没有排除情形"), None: _("无法判定")}
    return state({True: "red", False: "green", None: "amber"}[value], words[value])


@register.filter
def stage(value: str) -> str:
    """What a stage of the record is called."""
    record = policy.chain()
    if record is None:
        return value
    found = next((s for s in record.states if s.id == (value or record.start)), None)
    return told(found.name) if found is not None else value


@register.filter
def of(mapping: Mapping[Any, Any], key: Any) -> Any:
    """A value of a mapping by a key that is itself a value."""
    return mapping.get(key)


@register.filter
def because(value: str) -> str:
    """Why a parcel was handed back."""
    return told(REASONS[value]) if value in REASONS else value


@register.filter
def plus(value: float) -> str:
    """A change with its sign: +1,234, −56, 0."""
    return f"{value:+,.0f}".replace("-", "−") if round(value) else "0"


@register.filter
def number(value: Any) -> str:
    """A threshold as people write it: grouped, without useless zeros."""
    if value is None or value == "":
        return "—"
    if isinstance(value, str):
        return value
    text = f"{value:,.6f}".rstrip("0").rstrip(".")
    return text or "0"


@register.simple_tag
def bar(change: float, most: float) -> SafeString:
    """A change as a bar beside its number: progress of the largest change of the table."""
    if not most or not change:
        return SafeString("")
    return format_html(
        '<meter class="ph-change ph-change-{}" min="0" max="{}" value="{}">{}</meter>',
        "up" if change > 0 else "down", int(most), int(abs(change)), plus(change),
    )  # fmt: skip


@register.filter
def cut_document(value: str | None) -> str:
    """A clause without the id of its document: ``demo#第六条`` is 第六条."""
    return (value or "").rpartition("#")[2]


@register.filter
def plain_number(value: Any) -> str:
    """A threshold for an input: no grouping; empty where nobody has set it."""
    return "" if value is None else number(value).replace(",", "")


@register.filter
def unit_name(value: str | None) -> str:
    """A unit of the catalogue as people write it; shares are shares of one."""
    if value == "share":
        return _("比例（0–1）")
    if value == "ratio":
        return _("倍")
    found = UNIT_NAMES.get(value or "")
    return told(found) if found is not None else value or ""


@register.filter
def minus(value: float, other: float) -> float:
    """The difference of two numbers."""
    return value - other


@register.filter
def unfolded(section: Mapping[str, Any], outcome: str) -> bool:
    """Whether a part of the card is open from the start: where something was decided, or is still to be found out."""
    kind, state_ = section["kind"], section["state"]
    if kind == "exclusions":
        return state_ is not False
    if kind == "preconditions":
        return state_ is not True
    return kind == "class" and bool(section["lines"]) and (state_ is True or (state_ is None and outcome == "unknown"))
