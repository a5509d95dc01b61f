"""Addresses of the interfaces, and who may call them: every view of the programs' interfaces is guarded here."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, path

from panhuo_platform.api import views
from panhuo_platform.api.document import api, openapi
from panhuo_platform.api.guard import guarded
from panhuo_platform.api.models import ApiToken
from panhuo_platform.organisations.access import Access

app_name = "api"


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call the addresses that begin so; ``writes`` is the scope that a token needs to change anything."""

    begins: str
    access: Access
    writes: str = ""
    basic: bool = False


RULES = (
    Rule("v1/parcels", Access(grants=(("S", "database"),))),
    Rule("v1/deliveries", Access(grants=(("S", "survey"),)), ApiToken.Scope.DELIVER),
    Rule("v1/runs", Access(grants=(("S", "database"), ("S", "standard"))), ApiToken.Scope.RUN),
    Rule("v1/verdicts", Access(grants=(("S", "database"),))),
    Rule("v1/jobs", Access(signed_in=True), ApiToken.Scope.RUN),
    Rule("ogc/", Access(signed_in=True), basic=True),
)


def _guarded(pattern: URLPattern) -> URLPattern:
    route = str(pattern.pattern)
    rule = next(r for r in RULES if route.startswith(r.begins))
    view = guarded(pattern.callback, rule.access, writes=rule.writes, basic=rule.basic)
    return URLPattern(pattern.pattern, view, pattern.default_args, pattern.name)


urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.docs, name="docs"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/new/", views.new_token, name="new_token"),
    path("tokens/<int:token>/revoke/", views.revoke_token, name="revoke_token"),
    path("v1/openapi.json", openapi, name="openapi"),
    *(_guarded(p) for p in api.urls[0] if isinstance(p, URLPattern) and p.name != "api-root"),
]
