"""Tags and filters of the pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.http import HttpRequest, QueryDict
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from panhuo.land.codes.naming import list_of, with_names
from panhuo.survey.tables import OUTCOMES
from panhuo_platform.pages import assets

register = template.Library()

_HECTARE, _MU = 10_000.0, 2000.0 / 3.0


@register.simple_tag
def entry(name: str) -> SafeString:
    """``{% entry "map" %}``: the style sheets and the script that ``web/src/map.ts`` was built into."""
    styles, scripts = assets.files_of(name)
    return format_html_join(
        "\n", '<link rel="stylesheet" href="{}">', ((static(s),) for s in styles)
    ) + format_html_join("\n", '<script type="module" src="{}"></script>', ((static(s),) for s in scripts))


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """``{% icon "map" %}``: a drawing beside a word; with a label where it stands for one."""
    drawn = mark_safe(assets.icon(name))  # noqa: S308 - our own build's file
    said = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-linecap="round" stroke-linejoin="round" {}>{}</svg>',
        said,
        drawn,
    )


@register.simple_tag(takes_context=True)
def query(context: Mapping[str, Any], **changes: Any) -> str:
    """``{% query page=2 %}``: the page's own query string with changes; None or "" takes a key away."""
    request: HttpRequest = context["request"]
    given: QueryDict = request.GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            given.pop(name, None)
        else:
            given[name] = str(value)
    return "?" + given.urlencode()


@register.inclusion_tag("pages/_sort.html", takes_context=True)
def sort(context: Mapping[str, Any], column: str, label: str) -> dict[str, Any]:
    """A heading that sorts: ``?sort=area`` and, once more, ``?sort=-area``."""
    request: HttpRequest = context["request"]
    now = request.GET.get("sort", "") or str(context.get("sorted_by", ""))
    new = f"-{column}" if now == column else column
    changed = request.GET.copy()
    changed["sort"] = new
    changed.pop("page", None)
    return {"href": "?" + changed.urlencode(), "label": label, "up": now == column, "down": now == f"-{column}"}


@register.inclusion_tag("pages/_pager.html", takes_context=True)
def pager(context: Mapping[str, Any], page: Any) -> dict[str, Any]:
    """Pages of a list: ``page`` is Django's Page, or anything with its names."""
    return {"page": page, "request": context["request"]}


@register.filter
def m2(value: float | None) -> str:
    """An area in m²: 12,345.67; a dash where nothing is known."""
    return "—" if value is None else f"{value:,.2f}"


@register.filter
def hectares(value: float | None, decimals: int = 4) -> str:
    """m² as 公顷, four decimals as the field writes them; fewer where a figure is only looked at."""
    return "—" if value is None else f"{value / _HECTARE:,.{decimals}f}"


@register.filter
def mu(value: float | None) -> str:
    """m² as 亩, two decimals."""
    return "—" if value is None else f"{value / _MU:,.2f}"


@register.filter
def whole(value: float | None) -> str:
    """A count with separators."""
    return "—" if value is None else f"{value:,.0f}"


@register.filter
def dash(value: Any) -> Any:
    """A dash where there is nothing: an empty cell leaves open whether somebody forgot it."""
    return "—" if value is None or value == "" else value


@register.filter
def told(value: Any) -> str:
    """A text of the library or a pack (``.zh``, ``.en`` or a mapping of them) in the reader's language."""
    lang = "en" if (get_language() or "").startswith("en") else "zh"
    if isinstance(value, Mapping):
        return str(value.get(lang) or value.get("zh") or "")
    return str(getattr(value, lang, None) or getattr(value, "zh", "") or "")


@register.filter
def coded(value: Any, field: str) -> Any:
    """A value of a parcel's field, a code with its name: ``{{ parcel.registered_use|coded:"registered_use" }}``."""
    return told(with_names(value, list_of(field, "parcels"))) if isinstance(value, str) else value


@register.simple_tag
def state(colour: str, label: Any) -> SafeString:
    """A state as a badge that says it in words: ``{% state "green" "已完成" %}`` (grey, blue, green, amber, red)."""
    return format_html('<span class="state state-{}">{}</span>', colour, label)


@register.filter
def outcome_label(value: str) -> str:
    """The outcome of identification as the field calls it."""
    return told(OUTCOMES[value]) if value in OUTCOMES else _("未认定")


@register.simple_tag
def outcome(value: str) -> SafeString:
    """The outcome of identification as a badge."""
    return format_html('<span class="state outcome-{}">{}</span>', value or "none", outcome_label(value))


@register.filter
def controlled(field: Any) -> SafeString:
    """A form's field as Tabler draws it."""
    kind = field.widget_type
    look = {"checkbox": "form-check-input", "select": "form-select", "selectmultiple": "form-select"}
    attributes = {"class": look.get(kind, "form-control") + (" is-invalid" if field.errors else "")}
    return SafeString(field.as_widget(attrs=attributes))  # escaped by the form


@register.filter
def at(values: Any, position: int) -> Any:
    """The value at a position: ``{{ cells|at:forloop.counter0 }}``."""
    return values[position]
