"""A delivery beside the register: compared, decided, accepted, undone."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo.land.roles import role
from panhuo_platform.deliveries import queries as deliveries
from panhuo_platform.deliveries.commands.deciding import OF_THE_REGISTER
from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.deliveries.rights import keeps_all
from panhuo_platform.jobs import queries as jobs
from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.models import User
from panhuo_platform.pages.templatetags.panhuo_tags import coded, told
from panhuo_platform.parcels import commands, kinds, queries
from panhuo_platform.parcels.commands.entering import CHOICES, MAY_ENTER
from panhuo_platform.parcels.forms import AcceptForm, ReasonForm
from panhuo_platform.parcels.jobs import ACCEPT, COMPARE, UNDO, start_accept, start_compare, start_undo
from panhuo_platform.parcels.models import Comparison
from panhuo_platform.parcels.views.parts import acting, say

PER_PAGE = 50
SEES = needs(("S", "survey"))


def _words() -> dict[str, Any]:
    return {"enter": _("入库"), "leave": _("不入库"), "keep": _("保留"), "end": _("终止"), "": _("按类别")}


def _delivery(request: HttpRequest, key: str) -> Delivery:
    return get_object_or_404(deliveries.deliveries(acting(request)), key=key)


@SEES
def comparison(request: HttpRequest, key: str) -> HttpResponse:
    """What a delivery would change, kind by kind, and the decision."""
    user, delivery = acting(request), _delivery(request, key)
    return _page(request, delivery, AcceptForm(), ReasonForm(), keeps_all(user))


def _page(request: HttpRequest, delivery: Delivery, form: Any, reason: Any, decides: bool) -> HttpResponse:
    made = Comparison.objects.visible_to(acting(request)).filter(delivery=delivery).select_related("accepted").first()
    job = next((j for j in jobs.of(delivery).filter(kind__in=(COMPARE, ACCEPT, UNDO))[:1]), None)
    current = made is not None and made.run == delivery.run and made.file.exists()
    stale = current and made is not None and made.accepted is None and queries.latest_change() > made.after
    kind = request.GET.get("kind", "")
    page = None
    if current and made is not None:
        kind = kind if kind in made.counts else next((k for k in kinds.KINDS if k in made.counts), "")
        rows = pl.scan_parquet(made.file).filter(pl.col("kind") == kind).collect()
        page = Paginator(range(rows.height), PER_PAGE).get_page(request.GET.get("page"))
        start = (page.number - 1) * PER_PAGE
        said = made.decided.get("rows", {}) | made.decided.get("parcels", {})
        shown = [_row(r, said) for r in rows[start : start + PER_PAGE].iter_rows(named=True)]
        page.rows = _of_territory(acting(request), shown)  # type: ignore[attr-defined]
    accepted = delivery.state == Delivery.State.ACCEPTED
    roles = set(delivery.layers.exclude(state="left_out").values_list("role", flat=True))
    # legacy land and issues have nothing to be compared with: they are accepted here as they are
    lists_only = "parcels" not in roles and bool(roles & OF_THE_REGISTER)
    decides = decides and (job is None or job.ended)  # what is being done is not decided upon meanwhile
    checked = decides and delivery.state == Delivery.State.CHECKED
    context = {
        "delivery": delivery, "made": made if current else None, "job": job, "stale": stale, "form": form,
        "reason": reason, "decides": decides, "kind": kind, "kinds": _kinds(made) if current and made else [],
        "page": page, "accepted": accepted, "choices": {k: [(c, _words()[c]) for c in v] for k, v in CHOICES.items()},
        "has_parcels": "parcels" in roles, "lists_only": lists_only, "may_accept_lists": checked and lists_only,
        "may_decide": checked and current and not stale,
        "kind_text": told(kinds.KINDS.get(kind)),
    }  # fmt: skip
    return render(request, "parcels/comparison.html", context)


def _kinds(made: Comparison) -> list[dict[str, Any]]:
    words = _words()
    return [
        {
            "id": kind, "text": told(text), "chosen": made.decided.get("kinds", {}).get(kind, ""),
            "count": made.counts[kind][0], "area": made.counts[kind][1],
            "choices": [(c, words[c]) for c in CHOICES[kind]] if len(CHOICES[kind]) > 1 else [],
        }
        for kind, text in kinds.KINDS.items() if kind in made.counts
    ]  # fmt: skip


def _row(row: dict[str, Any], said: dict[str, str]) -> dict[str, Any]:
    """A row of the comparison as people read it."""
    names = {f.name: f for f in role("parcels").fields}
    conflict = told(kinds.CONFLICTS.get(row["why"] or ""))
    words = _words()
    if row["kind"] == kinds.GONE:
        choices = [("", words[""]), ("keep", words["keep"]), ("end", words["end"])]
    elif (row["kind"] == kinds.CONFLICT and row["why"] not in MAY_ENTER) or row["kind"] == kinds.SAME:
        choices = []
    else:
        choices = [("", words[""]), ("enter", words["enter"]), ("leave", words["leave"])]
    return row | {
        "conflict": conflict, "choices": choices,
        "chosen": said.get(row["number"] if row["kind"] == kinds.GONE else str(row["at"]), ""),
        "changed": [
            (names[f], coded(was, f), coded(becomes, f))
            for f, was, becomes in zip(*(row.get(c) or () for c in ("fields", "was", "becomes")), strict=False)
            if f in names
        ],
        "choice_name": f"parcel-{row['number']}" if row["kind"] == kinds.GONE else f"row-{row['at']}",
        "share_delivered_percent": None if row["share_delivered"] is None else 100 * row["share_delivered"],
        "share_register_percent": None if row["share_register"] is None else 100 * row["share_register"],
    }  # fmt: skip


def _of_territory(user: User, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows without what they say of parcels that the user does not see: only that there is one is told."""
    named = {n for r in rows for n in (r["number"], *(r["other_numbers"] or ())) if n}
    seen = set(queries.seen(user).filter(number__in=named).values_list("number", flat=True))
    for row in rows:
        others = [n for n in row["other_numbers"] or () if n in seen]
        row["elsewhere"] = len(others) < len(row["other_numbers"] or ())
        row["other_numbers"] = others
        if row["number"] and row["number"] not in seen:
            row |= {"number": None, "register_area_m2": None, "elsewhere": True}
    return rows


@SEES
@require_POST
def compare(request: HttpRequest, key: str) -> HttpResponse:
    """Have it compared (again)."""
    delivery = _delivery(request, key)
    start_compare(acting(request), delivery)
    return redirect("parcels:compare", delivery.key)


@SEES
@require_POST
def decide(request: HttpRequest, key: str) -> HttpResponse:
    """Keep the choices of this page."""
    delivery = _delivery(request, key)
    made = {k.removeprefix("kind-"): str(v) for k, v in request.POST.items() if k.startswith("kind-")}
    gone = {k.removeprefix("parcel-"): str(v) for k, v in request.POST.items() if k.startswith("parcel-")}
    try:
        rows = {int(k.removeprefix("row-")): str(v) for k, v in request.POST.items() if k.startswith("row-")}
        commands.decide(acting(request), delivery, by_kind=made, rows=rows, parcels=gone)
    except ValidationError as error:
        say(request, error)
    except ValueError:
        messages.error(request, _("没有这样的选择。"))
    else:
        messages.success(request, _("选择已保存；接收时按此办理。"))
    return redirect(f"{reverse('parcels:compare', args=(delivery.key,))}?{request.GET.urlencode()}")


@SEES
@require_POST
def accept(request: HttpRequest, key: str) -> HttpResponse:
    """Accept the delivery as decided."""
    user, delivery = acting(request), _delivery(request, key)
    form = AcceptForm(request.POST)
    if not form.is_valid():
        return _page(request, delivery, form, ReasonForm(), keeps_all(user))
    start_accept(user, delivery, day=form.cleaned_data["day"], note=form.cleaned_data["note"])
    return redirect("parcels:compare", delivery.key)


@SEES
@require_POST
def undo(request: HttpRequest, key: str) -> HttpResponse:
    """Take the acceptance back."""
    user, delivery = acting(request), _delivery(request, key)
    reason = ReasonForm(request.POST)
    if not reason.is_valid():
        return _page(request, delivery, AcceptForm(), reason, keeps_all(user))
    try:
        start_undo(user, delivery, reason=reason.cleaned_data["reason"])
    except ValidationError as error:
        say(request, error)
    else:
        messages.info(request, _("正在撤销接收。"))
    return redirect("parcels:compare", delivery.key)
