"""Findings in plain words, and the form that mends one row."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Case, Q, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.translation import gettext as _

from panhuo.land.codes.naming import list_of, with_names
from panhuo.land.roles import ROLES
from panhuo.survey.findings import mender_name, rule_name
from panhuo_platform.deliveries import commands, places, queries
from panhuo_platform.deliveries.models import Correction, DeliveredLayer, Delivery, Finding, Repair
from panhuo_platform.deliveries.models.found import Findings
from panhuo_platform.deliveries.rights import may_send
from panhuo_platform.deliveries.views.shared import acting, download, lang, layer_of, seen
from panhuo_platform.organisations.access import Access, needs
from panhuo_platform.pages.templatetags.panhuo_tags import told

PER_PAGE = 50
SEVERITIES = {"error": "red", "warning": "amber", "note": "blue"}


@needs(("S", "survey"))
def findings(request: HttpRequest, key: UUID) -> HttpResponse:
    """What the last check found, as a list that can be narrowed."""
    row = seen(request, key)
    counts, place = queries.counts(row), _map(request)
    page = Paginator(_chosen(request, row), PER_PAGE).get_page(request.GET.get("page"))
    changes = may_send(acting(request), row.sender_id, row.township_code) and row.may_change
    codes = sorted({r["code"] for r in counts["codes"]})
    context = {
        "delivery": row, "page": page, "rows": [_told(f, place) for f in page], "counts": counts, "may_change": changes,
        "severities": Finding.Severity.choices,
        "codes": [(c, f"{c} {rule_name(c, lang())}") for c in codes],
        "menders": [(m, mender_name(m, lang())) for m in sorted(counts["mender"])],
        "layers": list(queries.layers(acting(request), row)),
        "chosen": {k: request.GET.get(k, "") for k in ("severity", "code", "layer", "mender", "q")},
    }  # fmt: skip
    return render(request, "deliveries/findings.html", context)


@needs(("S", "survey"))
def exported(request: HttpRequest, key: UUID) -> HttpResponse:
    """The same list as a workbook."""
    row = seen(request, key)
    content = commands.hand_out_findings(acting(request), row, _chosen(request, row))
    return download(content, f"{row.title}-检查发现.xlsx")


def _chosen(request: HttpRequest, row: Delivery) -> Findings:
    found = queries.findings(acting(request), row)
    severity, code, layer, mender, q = (
        request.GET.get(k, "").strip() for k in ("severity", "code", "layer", "mender", "q")
    )
    if severity in SEVERITIES:
        found = found.filter(severity=severity)
    if code:
        found = found.filter(code=code)
    if layer.isdigit():
        found = found.filter(layer__number=int(layer))
    if mender:
        found = found.filter(mender=mender)
    if q:
        number = Q(row=int(q)) if q.isdigit() and len(q) < 12 else Q(pk__in=[])
        found = found.filter(Q(code_of_row__icontains=q) | Q(zh__icontains=q) | Q(en__icontains=q) | number)
    gravity = Case(*(When(severity=s, then=Value(k)) for k, s in enumerate(SEVERITIES)), default=Value(9))
    return found.order_by(gravity, "pk")


def _map(request: HttpRequest) -> str:
    """Where the map is, for those who may see it; empty for others and while there is none."""
    try:
        address = reverse("maps:page")
    except NoReverseMatch:
        return ""
    access: Access = resolve(address).func.access  # type: ignore[attr-defined]
    return address if access.lets_in(acting(request)) else ""


def _told(f: Finding, place: str = "") -> dict[str, Any]:
    """A finding with its words; ``place`` is the address of the map."""
    return {
        "map": f"{place}?mark={f.place.x:.6f},{f.place.y:.6f}" if place and f.place is not None else "",
        "finding": f, "colour": SEVERITIES[f.severity], "rule": rule_name(f.code, lang()),
        "mender": mender_name(f.mender, lang()),
        "mendable": f.row is not None and f.layer is not None and bool(f.layer.role) and f.count == 1,
    }  # fmt: skip


def _name(field: str, value: str, layer: DeliveredLayer) -> str:
    """A code with its name, for below the box that holds it; empty where the value says all."""
    said = told(with_names(value, list_of(field, layer.role)))
    return "" if said == value else said


@needs(("S", "survey"))
def mend(request: HttpRequest, key: UUID, number: int, row: int) -> HttpResponse:
    """One row: what was found in it, and its cells to be mended."""
    layer = layer_of(request, key, number)
    delivery, user = layer.delivery, acting(request)
    values = queries.row_of(layer, row)
    if values is None:
        raise Http404
    changes = may_send(user, delivery.sender_id, delivery.township_code) and delivery.may_change
    errors: list[str] = []
    if request.method == "POST":
        sent = {n: request.POST[f"field-{n}"] for n in values if f"field-{n}" in request.POST}
        changed = {n: v for n, v in sent.items() if v.strip() != values[n]}
        try:
            made = commands.correct(user, layer, row, changed)
        except ValidationError as error:
            errors, values = error.messages, values | sent
        else:
            if made:
                messages.success(request, _("已保存 %(count)s 处，重新检查后生效。") % {"count": len(made)})
            return redirect("deliveries:mend", key, number, row)
    found = [_told(f) for f in queries.findings(user, delivery).filter(layer=layer, row=row)]
    faulty = {f["finding"].field for f in found}
    mapped = {n for n in values if n in layer.field_map or n in layer.suggested}
    fields = [
        {"field": f, "value": values[f.name], "faulty": f.name in faulty, "name": _name(f.name, values[f.name], layer)}
        for f in ROLES[layer.role].fields
        if f.name in mapped or f.name in faulty or f.required
    ]
    marks = places.of_row(layer, row, [f["finding"] for f in found]) if _map(request) else None
    context = {
        "marks": json.dumps(marks) if marks else "",
        "layer": layer, "delivery": delivery, "row": row, "fields": fields, "findings": found, "errors": errors,
        "may_change": changes,
        "repairs": Repair.objects.filter(layer=layer, row=row).offered() if delivery.run else [],
        "corrections": Correction.objects.filter(layer=layer, row=row).standing().select_related("by"),
        "titles": {f.name: f for f in ROLES[layer.role].fields},
    }  # fmt: skip
    return render(request, "deliveries/mend.html", context)
