"""The list of parcels, one parcel, and taking lists out."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo_platform.jobs.models import Job
from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.rights import may
from panhuo_platform.pages.templatetags.panhuo_tags import coded, told
from panhuo_platform.parcels import attributes, commands, exporting, queries, words
from panhuo_platform.parcels.commands.exports import EXPORT, export_folder
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.listing import listing
from panhuo_platform.parcels.models import IssueItem, ParcelVersion
from panhuo_platform.parcels.views.parts import acting, may_edit, parcel_or_404, say

SEES = needs(("S", "database"))


@SEES
def parcels(request: HttpRequest) -> HttpResponse:
    """Every parcel of the user's territory, filtered and sorted; the same address shows the same."""
    return _list(request, _("宗地数据库"), "parcels:list")


@SEES
def low_efficiency(request: HttpRequest) -> HttpResponse:
    """The register of inefficient land: identified parcels."""
    return _list(request, _("低效用地库"), "parcels:low", outcome="identified")


def _list(request: HttpRequest, title: str, address: str, **preset: str) -> HttpResponse:
    user = acting(request)
    wrong: dict[str, list[str]] = {}
    try:
        chosen = ParcelFilter.parse(request.GET.dict() | preset)
    except ValidationError as error:
        wrong, chosen = error.message_dict, ParcelFilter.parse(preset)
    page = listing(
        chosen.parcels(queries.seen(user)),
        sort=request.GET.get("sort", ""),
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )
    words.named(page.rows)
    context = {
        "title": title, "address": address, "preset": preset, "page": page, "chosen": chosen, "wrong": wrong,
        "given": request.GET, "sorted_by": page.sorted_by, "townships": words.townships(),
        "outcomes": words.outcomes(), "classes": words.classes(), "stages": words.stages(),
        "formats": exporting.FORMATS, "query": chosen.query(),
    }  # fmt: skip
    return render(request, "parcels/list.html", context)


@SEES
def parcel(request: HttpRequest, number: str) -> HttpResponse:
    """One parcel: what it is, what it was, what it came of and what became of it."""
    user = acting(request)
    shown = parcel_or_404(request, number)
    day, wrong_day = _day(request.GET.get("day", ""))
    version = queries.as_of(user, day).filter(parcel=shown).first() if day else shown.current
    versions = queries.history(user, shown)
    if version is None and not day and versions:
        version = versions[0]
    came, became = queries.lineage(user, shown)
    words.named([shown])
    permission = queries.may_use_policies(shown)
    context = {
        "parcel": shown, "version": version, "day": day, "wrong_day": wrong_day, "versions": versions,
        "fields": _fields(version), "came_of": came, "became": became, "permission": permission,
        "reason": told(permission.reason), "upper": shown.upper_entries.order_by("-pk"),
        "may_edit": may_edit(user, shown) and shown.current is not None,
        "keeps_upper": may(user, "E", "database", region="") and shown.current is not None,
        "may_report": may(user, "E", "issues", region=shown.township_code) and shown.current is not None,
        "issues": IssueItem.objects.visible_to(user).filter(parcel=shown).order_by("-pk"),
        "classes": [words.classes().get(c, c) for c in shown.classes],
    }  # fmt: skip
    return render(request, "parcels/parcel.html", context)


def _day(text: str) -> tuple[date | None, str]:
    if not text:
        return None, ""
    try:
        return date.fromisoformat(text), ""
    except ValueError:
        return None, _("日期应当写成 2026-11-21 的样子。")


def _fields(version: ParcelVersion | None) -> list[tuple[Any, Any]]:
    """What the version keeps, as people read it."""
    if version is None:
        return []
    shown = []
    for field, value in attributes.readable(version.attributes):
        if isinstance(value, bool):
            value = _("是") if value else _("否")
        elif isinstance(value, list):
            value = "、".join(map(str, value))
        elif field.kind == "area" and isinstance(value, int | float):
            value = f"{value:,.2f}"
        elif isinstance(value, str):
            value = coded(value, field.name)
        shown.append((field, value))
    return shown


@SEES
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """The filtered list as a file: at once where it is short, else when its job is done."""
    user = acting(request)
    try:
        chosen = ParcelFilter.parse(request.GET.dict())
        made = commands.export(user, chosen, request.POST.get("format", ""))
    except ValidationError as error:
        say(request, error)
        return redirect(f"{reverse('parcels:list')}?{request.GET.urlencode()}")
    if isinstance(made, Job):
        return redirect("parcels:exported", made.pk)
    kind = exporting.FORMATS[request.POST["format"]]
    response = HttpResponse(made, content_type="application/octet-stream")
    response["Content-Disposition"] = _attachment(f"宗地.{kind.sent}")
    return response


def _attachment(name: str) -> str:
    from urllib.parse import quote

    return f"attachment; filename=\"parcels{Path(name).suffix}\"; filename*=UTF-8''{quote(name)}"


@SEES
def exported(request: HttpRequest, key: str) -> HttpResponse:
    """How far a long export has come, and where it can be fetched."""
    return render(request, "parcels/exported.html", {"job": _export(request, key)})


@SEES
def fetch(request: HttpRequest, key: str) -> HttpResponseBase:
    """The file of a finished export, for whoever asked for it."""
    job = _export(request, key)
    if job.state != Job.State.DONE or not job.result:
        raise Http404
    path = export_folder(str(job.pk)) / Path(job.result["file"]).name
    if not path.exists():
        raise Http404
    response = FileResponse(path.open("rb"), content_type="application/octet-stream")
    response["Content-Disposition"] = _attachment(path.name)
    return response


def _export(request: HttpRequest, key: str) -> Job:
    # one's own alone: the system administrator keeps the machine, not the data
    job = Job.objects.filter(pk=key, kind=EXPORT, actor=acting(request)).first()
    if job is None:
        raise Http404
    return job
