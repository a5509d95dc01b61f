"""Data requests, and what has come in by township and unit."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo_platform.deliveries import commands, queries
from panhuo_platform.deliveries.forms import RequestForm
from panhuo_platform.deliveries.models import DataRequest
from panhuo_platform.deliveries.rights import keeps_all, own_units
from panhuo_platform.deliveries.views.shared import acting, told, town_names
from panhuo_platform.organisations.access import needs

PER_PAGE = 50


@needs(("S", "survey"))
def requests(request: HttpRequest) -> HttpResponse:
    """What units were asked for; the office asks here."""
    user, today = acting(request), timezone.localdate()
    office = keeps_all(user)
    form = RequestForm(user, request.POST or None) if office else None
    if form is not None and request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        town = said["township"]
        try:
            commands.ask(
                user, unit=said["unit"], role=said["role"], due=said["due"], note=said["note"],
                township_code=town.code if town else "",
            )  # fmt: skip
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("已发出，该单位在“数据需求”页可以看到。"))
            return redirect("deliveries:requests")
    found = DataRequest.objects.visible_to(user).select_related("unit").order_by("-state", "due", "pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    names, mine = town_names(), set(own_units(user))
    rows = [
        {"request": r, "town": names.get(r.township_code, ""),
         "late": r.state == "open" and r.due < today, "days": (r.due - today).days, "mine": r.unit_id in mine}
        for r in page
    ]  # fmt: skip
    return render(request, "deliveries/requests.html", {"page": page, "rows": rows, "form": form, "office": office})


@needs(("E", "survey"))
@require_POST
def cancel_request(request: HttpRequest, pk: int) -> HttpResponse:
    """The office needs it no more."""
    row = get_object_or_404(DataRequest.objects.visible_to(acting(request)), pk=pk)
    with told(request, _("已取消。")):
        commands.cancel_request(acting(request), row)
    return redirect("deliveries:requests")


@needs(("S", "survey"))
def completeness(request: HttpRequest) -> HttpResponse:
    """How far each township and unit has come."""
    towns, units = queries.completeness(acting(request), timezone.localdate())
    context: dict[str, Any] = {"towns": towns, "units": units}
    context["accepted"] = sum(1 for t in towns if t.accepted)
    context["delivered"] = sum(1 for t in towns if t.delivered)
    return render(request, "deliveries/completeness.html", context)
