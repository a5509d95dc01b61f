"""What a layer is: its role, fields, units, system, year."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo.land.roles import ROLES
from panhuo_platform.deliveries import commands, kept
from panhuo_platform.deliveries.commands.describing import KNOWN_UNITS
from panhuo_platform.deliveries.forms import LayerForm
from panhuo_platform.deliveries.models import DeliveredLayer
from panhuo_platform.deliveries.rights import may_send
from panhuo_platform.deliveries.understanding import fields_of, memories
from panhuo_platform.deliveries.views.shared import acting, download, layer_of, told
from panhuo_platform.organisations.access import needs

#: Units as people call them.
UNITS = {
    "m2": "平方米", "mu": "亩", "hectare": "公顷", "km2": "平方千米", "wan_m2": "万平方米",
    "yuan": "元", "qian_yuan": "千元", "wan_yuan": "万元", "million_yuan": "百万元", "yi_yuan": "亿元",
    "percent": "%",
}  # fmt: skip
_OF_KIND = {
    "area": ("m2", "mu", "hectare", "km2", "wan_m2"),
    "money": ("yuan", "qian_yuan", "wan_yuan", "million_yuan", "yi_yuan"),
}
#: Bytes of a table that is sent back.
_LARGEST = 200 << 20
assert set(UNITS) <= KNOWN_UNITS


@needs(("S", "survey"))
def layer(request: HttpRequest, key: UUID, number: int) -> HttpResponse:
    """What a layer was taken for, and the form to say otherwise."""
    row = layer_of(request, key, number)
    user = acting(request)
    changes = may_send(user, row.delivery.sender_id, row.delivery.township_code) and row.delivery.may_change
    first = {"role": row.role, "used": row.state != row.State.LEFT_OUT, "crs": row.crs, "year": row.year,
             "issued": row.date}  # fmt: skip
    asked = request.GET.get("role")
    if asked is not None and asked in {"", *ROLES}:
        first["role"] = asked
    form = LayerForm(request.POST or None, initial=first, shapes=row.has_shapes)
    if request.method == "POST" and form.is_valid() and _described(request, row, form):
        return redirect("deliveries:delivery", key)
    chosen = request.POST.get("role", "") if request.method == "POST" else str(first["role"])
    context = {
        "layer": row, "delivery": row.delivery, "form": form, "may_change": changes, "role": chosen,
        "fields": _fields(row, chosen), "columns": row.columns, "samples": kept.sample(row),
        "guesses": [(ROLES[r], round(s * 100)) for r, s in row.guesses[:3] if r in ROLES],
        "unused": _unused(row, chosen),
    }  # fmt: skip
    return render(request, "deliveries/layer.html", context)


def _described(request: HttpRequest, row: DeliveredLayer, form: LayerForm) -> bool:
    told_of = form.cleaned_data
    role = told_of["role"]
    fields = {f.name: request.POST.get(f"field-{f.name}", "") for f in ROLES[role].fields} if role else {}
    units = {f.name: u for f in (ROLES[role].fields if role else ()) if (u := request.POST.get(f"unit-{f.name}", ""))}
    try:
        commands.describe_layer(
            acting(request), row, role=role, fields=fields, units=units, crs=told_of.get("crs", ""),
            year=told_of["year"], issued=told_of["issued"], used=told_of["used"],
        )  # fmt: skip
        commands.check(acting(request), row.delivery)
    except ValidationError as error:
        form.add_error(None, error)
        return False
    return True


def _fields(row: DeliveredLayer, role: str) -> list[dict[str, Any]]:
    """Each standard field of the role with the column that it is taken from."""
    if role not in ROLES:
        return []
    if role == row.role:
        suggested, said = row.suggested, row.field_map
        units = row.units
    else:
        found = fields_of(role, row.columns, memories(row.delivery.sender_id))
        suggested, said, units = found["suggested"], found["field_map"], found["units"]
    out = []
    for f in ROLES[role].fields:
        match = suggested.get(f.name, {})
        column = said.get(f.name) or ("" if said and row.role_said and role == row.role else match.get("column", ""))
        out.append(
            {"field": f, "column": column, "score": round(match.get("score", 0) * 100), "rivals": match.get("rivals"),
             "doubtful": bool(match.get("doubtful")) and f.name not in said, "unit": units.get(f.name, ""),
             "units": [(u, UNITS[u]) for u in _OF_KIND.get(f.kind, ())]}
        )  # fmt: skip
    return out


def _unused(row: DeliveredLayer, role: str) -> list[str]:
    taken = {f["column"] for f in _fields(row, role)}
    return [c for c in row.columns if c not in taken]


@needs(("S", "survey"))
def bad_rows(request: HttpRequest, key: UUID, number: int) -> HttpResponse:
    """The table of bad rows, to be filled in and sent back."""
    row = layer_of(request, key, number)
    return download(commands.hand_out_bad_rows(acting(request), row), f"{row.name}-补正.xlsx")


@needs(("E", "survey"))
@require_POST
def resubmit(request: HttpRequest, key: UUID) -> HttpResponse:
    """The table of bad rows comes back; then all is checked again."""
    number = request.POST.get("layer", "")
    row = layer_of(request, key, int(number) if number.isdigit() and len(number) < 10 else 0)
    sent = request.FILES.get("table")
    if sent is None or sent.size is None or sent.size > _LARGEST:
        messages.error(request, _("请选择填好的补正表。"))
        return redirect("deliveries:delivery", key)
    with told(request):
        count = commands.resubmit(acting(request), row, sent.read(), sent.name or "补正.xlsx")
        commands.check(acting(request), row.delivery)
        messages.success(request, _("补正了 %(count)s 处，正在重新检查。") % {"count": count})
    return redirect("deliveries:delivery", key)
