"""Pages of the audit administrator."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo_platform.administration.forms import AuditFilter
from panhuo_platform.administration.views import PER_PAGE, acting
from panhuo_platform.audit import queries
from panhuo_platform.organisations.access import administrators


@administrators("audit")
def audit(request: HttpRequest) -> HttpResponse:
    """Who did what, when, from where."""
    form = AuditFilter(request.GET or None)
    wanted = dict(form.cleaned_data) if form.is_valid() else {}
    text = wanted.pop("q", "")
    page = Paginator(queries.events(acting(request), text=text, **wanted), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "administration/audit.html", {"form": form, "page": page})


@administrators("audit")
@require_POST
def verify(request: HttpRequest) -> HttpResponse:
    """Go through the whole chain."""
    number, found = queries.verify()
    if found:
        words = {"changed": _("内容被改动"), "gap": _("缺少事件"), "cut": _("末尾被截去"), "moved": _("前后不衔接")}
        told = "；".join(f"{b.number} {words[b.kind]}" for b in found[:20])
        messages.error(request, _("审计链有 %(n)d 处不成立：%(told)s") % {"n": len(found), "told": told})
    else:
        messages.success(request, _("审计链完整：共 %(n)d 条事件，每一条都与散列值相符。") % {"n": number})
    return redirect("administration:audit")
