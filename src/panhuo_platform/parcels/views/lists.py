"""Legacy land and its seals, the issue list, snapshots."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo_platform.jobs import queries as jobs
from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.models import Organisation, User
from panhuo_platform.organisations.rights import holdings, may
from panhuo_platform.parcels import checksums, commands, queries, words
from panhuo_platform.parcels.forms import AnswerForm, AssignForm, IssueForm, SealForm, SnapshotForm
from panhuo_platform.parcels.jobs import SNAPSHOT, start_snapshot
from panhuo_platform.parcels.models import IssueItem, LegacyParcel, LegacySeal, Snapshot
from panhuo_platform.parcels.views.parts import acting, parcel_or_404, refused, say

PER_PAGE = 50


def _regions(user: User, thing: str, right: Any) -> list[tuple[str, str]]:
    """The divisions for which the user may do something: everything, or the townships of the territory."""
    towns = words.townships()
    held = [h for h in holdings(user, thing) if right in h.rights]
    if any(not h.within for h in held):
        return [("", _("全部")), *towns.items()]
    return [(code, name) for code, name in towns.items() if any(code.startswith(h.within) for h in held)]


@needs(("S", "historical"))
def legacy(request: HttpRequest) -> HttpResponse:
    """Legacy land, and where its register has been closed."""
    user, text = acting(request), request.GET.get("q", "").strip().replace("\x00", "")
    township = request.GET.get("township", "")
    rows = LegacyParcel.objects.visible_to(user).defer("geometry")
    if text:
        rows = rows.filter(Q(number__icontains=text) | Q(situation__icontains=text) | Q(penalty_no__icontains=text))
    if township:
        rows = rows.filter(township_code__startswith=township)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    towns = words.townships()
    for row in page.object_list:
        row.town_name = towns.get(row.township_code, row.township_code or "—")
    seals = list(LegacySeal.objects.visible_to(user).select_related("proposed_by", "sealed_by"))
    for seal in seals:
        seal.region_name = towns.get(seal.region_code, seal.region_code) or _("全部")  # type: ignore[attr-defined]
        # the seal of a larger division counts other townships' rows too
        seal.counts = may(user, "S", "historical", region=seal.region_code)  # type: ignore[attr-defined]
    regions = _regions(user, "historical", "A")
    context = {
        "page": page, "q": text, "township": township, "townships": towns, "seals": seals, "regions": regions,
        "form": SealForm(regions=regions), "me": user,
    }  # fmt: skip
    return render(request, "parcels/legacy.html", context)


@needs(("A", "historical"))
@require_POST
def propose_seal(request: HttpRequest) -> HttpResponse:
    """One person proposes to close the register of a division."""
    try:
        commands.propose_seal(acting(request), request.POST.get("region_code", ""))
        messages.success(request, _("已提出封库，请另一位负责人确认。"))
    except ValidationError as error:
        say(request, error)
    return redirect("parcels:legacy")


@needs(("A", "historical"))
@require_POST
def decide_seal(request: HttpRequest, key: int) -> HttpResponse:
    """Another person closes it, or the proposal is taken back."""
    user = acting(request)
    proposed = get_object_or_404(LegacySeal.objects.visible_to(user), pk=key)
    try:
        if request.POST.get("act") == "withdraw":
            commands.withdraw_seal(user, proposed)
            messages.success(request, _("已撤回封库提议。"))
        else:
            done = commands.seal(user, proposed)
            messages.success(request, _("已封库 %(count)s 宗，此后任何人不能更改。") % {"count": done.count})
    except ValidationError as error:
        say(request, error)
    return redirect("parcels:legacy")


@needs(("S", "historical"))
@require_POST
def verify_seal(request: HttpRequest, key: int) -> HttpResponse:
    """Do the sealed rows still say what they said?"""
    row = get_object_or_404(LegacySeal.objects.visible_to(acting(request)), pk=key, sealed_at__isnull=False)
    if queries.seal_holds(row):
        messages.success(request, _("校验一致：封库后没有变化。"))
    else:
        messages.error(request, _("校验不一致：封库后的数据被改动，请立即报告审计管理员。"))
    return redirect("parcels:legacy")


@needs(("S", "issues"))
def issues(request: HttpRequest) -> HttpResponse:
    """The issue list."""
    user, text = acting(request), request.GET.get("q", "").strip().replace("\x00", "")
    state, township = request.GET.get("state", ""), request.GET.get("township", "")
    rows = IssueItem.objects.visible_to(user).select_related("parcel").order_by("state", "due_on", "pk")
    if text:
        rows = rows.filter(
            Q(parcel_code__icontains=text)
            | Q(kind__icontains=text)
            | Q(description__icontains=text)
            | Q(unit__icontains=text)
        )
    if state in IssueItem.State.values:
        rows = rows.filter(state=state)
    if township:
        rows = rows.filter(township_code__startswith=township)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    towns = words.townships()
    for row in page.object_list:
        row.town_name = towns.get(row.township_code, row.township_code or "—")
    context = {
        "page": page, "q": text, "state": state, "states": IssueItem.State.choices, "township": township,
        "townships": towns,
    }  # fmt: skip
    return render(request, "parcels/issues.html", context)


@needs(("S", "issues"))
def issue(request: HttpRequest, key: int) -> HttpResponse:
    """One issue, and what is done about it."""
    user = acting(request)
    shown = get_object_or_404(IssueItem.objects.visible_to(user).select_related("parcel", "answered_by"), pk=key)
    may_answer = may(user, "E", "issues", region=shown.township_code) and shown.state != IssueItem.State.CLOSED
    form = AnswerForm(request.POST or None, initial={"answer": shown.answer})
    if request.method == "POST" and form.is_valid():
        try:
            commands.answer_issue(user, shown, answer=form.cleaned_data["answer"], close=form.cleaned_data["close"])
        except ValidationError as error:
            refused(form, error)
        else:
            messages.success(request, _("已登记办理情况。"))
            return redirect("parcels:issue", shown.pk)
    sees_parcel = shown.parcel is not None and queries.seen(user).filter(pk=shown.parcel.pk).exists()
    context = {
        "issue": shown, "form": form, "may_answer": may_answer, "sees_parcel": sees_parcel,
        "assign": AssignForm(initial={"unit": shown.unit, "due_on": shown.due_on}), "units": _units(),
    }  # fmt: skip
    return render(request, "parcels/issue.html", context)


@needs(("E", "issues"))
def report(request: HttpRequest, number: str) -> HttpResponse:
    """Somebody enters an issue of a parcel by hand."""
    user, parcel = acting(request), parcel_or_404(request, number)
    form = IssueForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = commands.report_issue(user, parcel, **form.cleaned_data)
        except ValidationError as error:
            refused(form, error)
        else:
            messages.success(request, _("已登记问题。"))
            return redirect("parcels:issue", made.pk)
    return render(request, "parcels/report.html", {"parcel": parcel, "form": form, "units": _units()})


@needs(("E", "issues"))
@require_POST
def assign(request: HttpRequest, key: int) -> HttpResponse:
    """Say who sees to it, and by when."""
    user = acting(request)
    shown = get_object_or_404(IssueItem.objects.visible_to(user), pk=key)
    form = AssignForm(request.POST)
    try:
        if not form.is_valid():
            raise ValidationError([e for errors in form.errors.values() for e in errors])
        commands.assign_issue(user, shown, **form.cleaned_data)
        messages.success(request, _("已交办。"))
    except ValidationError as error:
        say(request, error)
    return redirect("parcels:issue", key)


def _units() -> list[str]:
    """Names to choose from where a unit is written."""
    return list(Organisation.objects.order_by("name").values_list("name", flat=True).distinct())


@needs(("S", "database"))
def snapshots(request: HttpRequest) -> HttpResponse:
    """Snapshots of the register, and a new one."""
    user = acting(request)
    regions = _regions(user, "database", "E")
    form = SnapshotForm(request.POST or None, regions=regions)
    if request.method == "POST" and form.is_valid():
        start_snapshot(user, title=form.cleaned_data["title"], region_code=form.cleaned_data["region_code"])
        messages.success(request, _("正在生成快照，完成后出现在列表中。"))
        return redirect("parcels:snapshots")
    towns = words.townships()
    rows = Snapshot.objects.visible_to(user).select_related("actor")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    names, outcomes = dict(regions), words.outcomes()
    for row in page.object_list:
        row.region_name = names.get(row.region_code) or towns.get(row.region_code, row.region_code) or _("全部")
        row.told = [(outcomes.get(k or "-", k), *v) for k, v in row.figures.items()]
    running = jobs.mine(user).filter(kind=SNAPSHOT).unended()
    context = {"page": page, "form": form if regions else None, "running": running}
    return render(request, "parcels/snapshots.html", context)


@needs(("S", "database"))
@require_POST
def verify_snapshot(request: HttpRequest, key: int) -> HttpResponse:
    """Does the register still say what it said?"""
    row = get_object_or_404(Snapshot.objects.visible_to(acting(request)), pk=key)
    if checksums.verify(row):
        messages.success(request, _("校验一致：快照“%(title)s”的数据没有变化。") % {"title": row.title})
    else:
        messages.error(request, _("校验不一致：快照“%(title)s”的数据被改动，请报告审计管理员。") % {"title": row.title})
    return redirect("parcels:snapshots")
