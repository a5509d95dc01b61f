"""Pages of the interfaces: one's tokens, and what the interfaces are."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from panhuo_platform.api import commands, queries
from panhuo_platform.api.document import document
from panhuo_platform.api.forms import TokenForm
from panhuo_platform.api.rest.caller import caller
from panhuo_platform.organisations.access import signed_in

PER_PAGE = 50


@signed_in
def tokens(request: HttpRequest) -> HttpResponse:
    """My tokens; the security administrator sees everybody's."""
    user = caller(request)
    page = Paginator(queries.tokens(user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "api/tokens.html", {"page": page, "everybody": user.administers == "security"})


@signed_in
@never_cache
def new_token(request: HttpRequest) -> HttpResponse:
    """Create a token. Its secret is shown in this answer and never again, so there is no redirect."""
    raise_if_reauthentication_required(request, app="")  # an open browser is not enough to make a key that outlives it
    form = TokenForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            token, secret = commands.create_token(caller(request), **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return render(request, "api/token.html", {"token": token, "secret": secret})
    return render(request, "api/new_token.html", {"form": form})


@signed_in
@require_POST
def revoke_token(request: HttpRequest, token: int) -> HttpResponse:
    """Revoke a token."""
    row = queries.tokens(caller(request)).filter(pk=token).first()
    if row is None:
        raise Http404
    try:
        commands.revoke_token(caller(request), row)
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
    else:
        messages.success(request, _("令牌“%(name)s”已撤销，用它的程序不能再访问。") % {"name": row})
    return redirect("api:tokens")


@signed_in
def docs(request: HttpRequest) -> HttpResponse:
    """The interfaces as a page: what the OpenAPI document says."""
    whole = document()
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, methods in whole["paths"].items():
        for method, operation in methods.items():
            told = _operation(path, method, operation, whole["components"]["schemas"])
            groups.setdefault(operation["tags"][0], []).append(told)
    base = request.build_absolute_uri("/").rstrip("/")
    return render(request, "api/docs.html", {"info": whole["info"], "groups": groups.items(), "base": base})


def _operation(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    good = next(a for status, a in operation["responses"].items() if status.startswith("2"))
    schema, body = _schema(good), _schema(operation.get("requestBody", {}))
    return {
        "path": path, "method": method.upper(), "id": operation["operationId"], "summary": operation["summary"],
        "description": operation.get("description", ""),
        "parameters": [p | {"kind": _kind(p["schema"])} for p in operation.get("parameters", ())],
        "body": _fields(body, schemas), "answer": _fields(schema, schemas),
    }  # fmt: skip


def _schema(told: dict[str, Any]) -> dict[str, Any]:
    """The schema of the first kind of content."""
    kinds: list[dict[str, Any]] = list(told.get("content", {}).values())
    return kinds[0].get("schema", {}) if kinds else {}


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Name, kind and description of the fields of an object."""
    schema = schemas.get(schema.get("$ref", "").rsplit("/", 1)[-1], schema)
    return [(name, _kind(p), p.get("description", "")) for name, p in schema.get("properties", {}).items()]


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if "anyOf" in schema:
        return " | ".join(_kind(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    kind = str(schema.get("type", ""))
    if kind == "array":
        return f"[{_kind(schema.get('items', {}))}]"
    return f"{kind} ({schema['format']})" if "format" in schema else kind
