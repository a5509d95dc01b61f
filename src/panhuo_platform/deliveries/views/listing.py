"""The list of deliveries, one delivery with its steps, and what is done with it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from panhuo_platform.deliveries import commands, queries
from panhuo_platform.deliveries.commands.deciding import OF_THE_REGISTER
from panhuo_platform.deliveries.models import Delivery, Repair
from panhuo_platform.deliveries.rights import keeps_all, may_send
from panhuo_platform.deliveries.views.shared import acting, seen, told, town_names
from panhuo_platform.jobs import queries as jobs
from panhuo_platform.jobs.views import progress_of
from panhuo_platform.organisations.access import needs
from panhuo_platform.pages.templatetags.panhuo_tags import told as told_text

PER_PAGE = 50
State = Delivery.State
SORTS = {"title": "title", "sender": "sender__name", "opened": "opened_at", "state": "state"}
#: Colour of each state; the word stands beside it.
COLOURS = {
    State.RECEIVING: "grey", State.RECEIVED: "blue", State.CHECKING: "blue", State.CHECKED: "amber",
    State.ACCEPTED: "green", State.UNDONE: "grey", State.WITHDRAWN: "grey", State.REFUSED: "red",
}  # fmt: skip
#: The road, and after which states each step is done.
STEPS: tuple[tuple[Any, frozenset[str]], ...] = (
    (gettext_lazy("上传文件"), frozenset(State.values) - {State.RECEIVING}),
    (gettext_lazy("读取和识别"), frozenset({State.CHECKING, State.CHECKED, State.ACCEPTED, State.UNDONE})),
    (gettext_lazy("检查"), frozenset({State.CHECKED, State.ACCEPTED, State.UNDONE})),
    (gettext_lazy("补正"), frozenset({State.ACCEPTED})),
    (gettext_lazy("接收"), frozenset({State.ACCEPTED})),
)


@needs(("S", "survey"))
def listed(request: HttpRequest) -> HttpResponse:
    """All deliveries that the user may see."""
    user = acting(request)
    found = queries.deliveries(user)
    q, state, town = (request.GET.get(name, "").strip() for name in ("q", "state", "town"))
    if q:
        found = found.filter(Q(title__icontains=q) | Q(sender__name__icontains=q))
    if state in State.values:
        found = found.filter(state=state)
    if town:
        found = found.filter(township_code=town)
    sort = request.GET.get("sort", "-opened")
    column = SORTS.get(sort.lstrip("-"), "opened_at")
    found = found.order_by(f"{'-' if sort.startswith('-') else ''}{column}", "-pk")
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    names = town_names()
    counted = queries.severities(page.object_list)
    rows = [
        {"delivery": d, "town": names.get(d.township_code, d.township_code), "colour": COLOURS[State(d.state)],
         "errors": counted.get(d.pk, {}).get("error", 0), "warnings": counted.get(d.pk, {}).get("warning", 0)}
        for d in page
    ]  # fmt: skip
    towns = [(c, names.get(c, c)) for c in _codes(queries.deliveries(user))]
    context = {"page": page, "rows": rows, "q": q, "state": state, "town": town, "towns": towns}
    return render(
        request, "deliveries/list.html",
        context | {"states": State.choices, "may_send": _sends(user), "filtered": bool(q or state or town)},
    )  # fmt: skip


def _codes(found: Any) -> list[str]:
    codes = found.exclude(township_code="").order_by("township_code").values_list("township_code", flat=True)
    return list(codes.distinct())


def _sends(user: Any) -> bool:
    from panhuo_platform.organisations.rights import may

    return may(user, "E", "survey")


@needs(("S", "survey"))
def shown(request: HttpRequest, key: UUID) -> HttpResponse:
    """One delivery: how far it is, what was found, what comes next."""
    row = seen(request, key)
    user = acting(request)
    sends = may_send(user, row.sender_id, row.township_code)
    if row.state == State.RECEIVING and sends:
        return redirect("deliveries:upload", key)
    layers = list(queries.layers(user, row))
    job = jobs.of(row).first()
    parcels = any(x.role in OF_THE_REGISTER and x.state != x.State.LEFT_OUT for x in layers)
    unknown = [x for x in layers if not x.role and x.state != x.State.LEFT_OUT]
    context = {
        "delivery": row, "layers": layers, "town": town_names().get(row.township_code, ""),
        "colour": COLOURS[State(row.state)], "steps": _steps(row), "counts": queries.counts(row) if row.run else None,
        "job": job, "busy": job is not None and not job.ended, "failed": job is not None and job.state == "failed",
        "may_send": sends, "may_change": sends and row.may_change, "may_accept": keeps_all(user),
        "mendable": [x for x in layers if getattr(x, "bad", 0) and x.role], "unknown": unknown,
        "parcels": parcels, "compare": _compare(row) if parcels else "",
        "back": [(told_text(t), n) for t, n in queries.handed_back(row)] if row.run else [],
        "repairs": Repair.objects.filter(layer__delivery=row).offered().count() if row.run else 0,
    }  # fmt: skip
    return render(request, "deliveries/delivery.html", context)


def _steps(row: Delivery) -> list[tuple[Any, str]]:
    """Each step with ``done``, ``now`` or nothing."""
    out, now = [], False
    for label, after in STEPS:
        if row.state in after:
            out.append((label, "done"))
        else:
            out.append((label, "" if now or row.state in (State.WITHDRAWN, State.REFUSED) else "now"))
            now = True
    return out


def _compare(row: Delivery) -> str:
    """Where parcels are compared with the register; empty while there is no such page."""
    try:
        return reverse("parcels:compare", args=[row.key])
    except NoReverseMatch:
        return ""


@needs(("S", "survey"))
def progress(request: HttpRequest, key: UUID) -> HttpResponse:
    """How far the work on a delivery is; whoever sees the delivery sees it."""
    job = jobs.of(seen(request, key)).first()
    if job is None:
        response = HttpResponse()
        response["HX-Refresh"] = "true"
        return response
    return progress_of(request, job)


@needs(("E", "survey"))
@require_POST
def check(request: HttpRequest, key: UUID) -> HttpResponse:
    """Check again."""
    with told(request):
        commands.check(acting(request), seen(request, key))
    return redirect("deliveries:delivery", key)


@needs(("E", "survey"))
@require_POST
def accept(request: HttpRequest, key: UUID) -> HttpResponse:
    """The office accepts."""
    with told(request, _("已接收，数据即日起生效。")):
        commands.accept_layers(acting(request), seen(request, key))
    return redirect("deliveries:delivery", key)


@needs(("E", "survey"))
@require_POST
def undo(request: HttpRequest, key: UUID) -> HttpResponse:
    """The office takes an acceptance back."""
    with told(request, _("已撤销接收。")):
        commands.undo(acting(request), seen(request, key))
    return redirect("deliveries:delivery", key)


@needs(("E", "survey"))
@require_POST
def withdraw(request: HttpRequest, key: UUID) -> HttpResponse:
    """The sender takes the delivery back."""
    with told(request, _("已撤回。")):
        commands.withdraw(acting(request), seen(request, key), request.POST.get("reason", "")[:500])
    return redirect("deliveries:delivery", key)


@needs(("E", "survey"))
@require_POST
def adopt(request: HttpRequest, key: UUID) -> HttpResponse:
    """The sender adopts all offered repairs, or the ticked ones; then all is checked again."""
    ticked = [int(n) for n in request.POST.getlist("repair") if n.isdigit()]
    row = seen(request, key)
    with told(request, _("已采用修复建议，正在重新检查。")):
        commands.adopt_repairs(acting(request), row, ticked or None)
        commands.check(acting(request), row)
    return redirect("deliveries:delivery", key)
