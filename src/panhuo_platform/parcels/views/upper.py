"""Parcels toward the register of the province: where they stand, and entries and removals by hand."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.rights import may
from panhuo_platform.parcels import commands, queries, words
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.forms import UpperForm
from panhuo_platform.parcels.models import UpperEntry
from panhuo_platform.parcels.views.parts import acting, refused

#: So many stand on one page, with a box for the number of each.
MOST = 200


@needs(("S", "database"))
def upper(request: HttpRequest) -> HttpResponse:
    """The filtered parcels with what the upper register says of each; who keeps the register writes it down here."""
    user, wrong = acting(request), {}
    try:
        chosen = ParcelFilter.parse(request.GET)
    except ValidationError as error:
        chosen, wrong = ParcelFilter(), error.message_dict
    found = chosen.parcels(queries.seen(user)).order_by("number")
    entries = Prefetch("upper_entries", UpperEntry.objects.order_by("-pk"), to_attr="entries")
    rows = words.named(list(found.prefetch_related(entries)[: MOST + 1]))
    keeps = may(user, "E", "database", region="")
    form = UpperForm(request.POST or None)
    if request.method == "POST":
        if not keeps:
            raise PermissionDenied(_("您的角色没有这项权限。"))
        ticked = set(request.POST.getlist("parcel"))
        numbers = {p.number: request.POST.get(f"upper-{p.number}", "").strip() for p in rows if p.number in ticked}
        if not numbers:
            form.add_error(None, _("请先勾选宗地。"))
        if form.is_valid():
            told = form.cleaned_data
            try:
                count = commands.gate(
                    user, numbers, receipt=told["receipt"], on=told["on"], entered=told["act"] == "enter",
                    note=told["note"],
                )  # fmt: skip
            except ValidationError as error:
                refused(form, error)
            else:
                messages.success(request, _("已登记 %(count)s 宗。") % {"count": count})
                return redirect(request.get_full_path())
        for p in rows:
            p.ticked, p.typed = p.number in ticked, numbers.get(p.number, "")  # type: ignore[attr-defined]
    context = {
        "rows": rows[:MOST], "more": len(rows) > MOST, "most": MOST, "form": form, "keeps": keeps, "wrong": wrong,
        "query": chosen.query(), "alone": rows[0] if len(rows) == 1 else None,
    }  # fmt: skip
    return render(request, "parcels/upper.html", context)
