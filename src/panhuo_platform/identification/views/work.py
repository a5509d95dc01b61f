"""The work queue: steps, confirmations, second persons, objections."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from panhuo.flow import leads_back
from panhuo_platform.identification import policy, trials
from panhuo_platform.identification.commands import confirmations, objections, steps
from panhuo_platform.identification.models import Confirmation, Objection, PendingStep
from panhuo_platform.identification.queries import work
from panhuo_platform.identification.views.doing import attempt, back, chosen_of, filter_of, reader, townships
from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.rights import may
from panhuo_platform.parcels.models import Parcel

#: Rows of a page of a queue.
ROWS = 50
OUTCOMES = ("identified", "unknown", "not", "excluded", "handed_back")


@needs(("S", "database"))
def queue(request: HttpRequest) -> HttpResponse:
    """What waits for the user."""
    user = reader(request)
    chain = policy.chain()
    waiting = work.steps_of(user)
    context = {
        "chain": chain,
        "forward": [w for w in waiting if not w.back and not w.transition.two_persons],
        "other": [w for w in waiting if w.back or w.transition.two_persons],
        "dues": _named(work.dues(user)), "due_parcels": work.due_parcels(user).count(),
        "pending": _pending(user), "objections": work.objections(user),
        "may_answer": _may_answer(user), "doubted": work.doubted(user).count(),
    }  # fmt: skip
    return render(request, "identification/queue.html", context)


@needs(("S", "database"))
def step(request: HttpRequest, step: str) -> HttpResponse:
    """The parcels before a step, and taking it with those that are chosen."""
    user = reader(request)
    chain = policy.chain()
    transition = next((t for t in chain.transitions if t.id == step), None) if chain is not None else None
    if chain is None or transition is None or not policy.may_take(user, transition):
        raise Http404
    chosen = filter_of(request)
    mine = work.before(user, chain, transition)
    if chosen.stage not in transition.sources:
        counts = {w.transition.id: w.stages for w in work.steps_of(user)}.get(step, {})
        chosen = replace(chosen, stage=max(counts, key=lambda s: counts[s]) if counts else transition.sources[0])
    rows = chosen.parcels(mine)
    if request.method == "POST":
        asked = chosen_of(request, chosen, mine)
        reason = request.POST.get("reason", "")
        attempt(request, lambda: steps.take(user, step, asked, reason=reason), _told)
        return redirect(request.get_full_path())
    page = Paginator(rows.order_by("number"), ROWS).get_page(request.GET.get("page"))
    context = {
        "chain": chain, "step": transition, "page": page, "chosen": chosen, "back": leads_back(chain, transition),
        "stages": [chain.state(s) for s in transition.sources], "townships": townships(mine),
        "classes": _classes(), "outcomes": OUTCOMES, "verdicts": steps.verdicts_of(page.object_list),
    }  # fmt: skip
    return render(request, "identification/step.html", context)


@needs(("S", "database"))
def confirm(request: HttpRequest) -> HttpResponse:
    """The parcels on which the user's unit has something to confirm."""
    user = reader(request)
    condition = request.GET.get("condition", "")
    chosen = filter_of(request)
    mine = work.due_parcels(user, condition=condition)
    rows = chosen.parcels(mine)
    if request.method == "POST":
        asked = chosen_of(request, chosen, mine)
        answer = "doubted" if request.POST.get("answer") == "doubted" else "confirmed"
        names = [condition] if condition else []
        attempt(
            request,
            lambda: confirmations.confirm(
                user, asked, answer=answer, note=request.POST.get("note", ""), conditions=names
            ),
            lambda taken: _("已对 %(count)s 宗提出意见。") % {"count": f"{taken.count:,}"},
        )
        return redirect(request.get_full_path())
    page = Paginator(rows.order_by("number"), ROWS).get_page(request.GET.get("page"))
    dues: dict[int, list[Any]] = {}
    texts = _conditions()
    for due in work.due_rows(user).filter(parcel__in=[p.pk for p in page.object_list]).order_by("pk"):
        dues.setdefault(due.parcel_id, []).append(texts.get(due.condition, due.condition))
    context = {
        "page": page, "chosen": chosen, "condition": condition, "asked": _named(work.dues(user)), "dues": dues,
        "townships": townships(mine), "classes": _classes(), "answers": Confirmation.Answer,
    }  # fmt: skip
    return render(request, "identification/confirm.html", context)


@needs(("S", "database"))
@require_POST
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """The second person's answer to a step that needs two."""
    user = reader(request)
    pending = get_object_or_404(PendingStep.objects.visible_to(user), pk=pk)
    agreed = request.POST.get("agreed") == "1"
    attempt(
        request,
        lambda: steps.agree(user, pending, agreed=agreed, answer=request.POST.get("answer", "")),
        lambda taken: _told(taken) if agreed else _("已退回提出人。"),
    )
    return back(request, "identification:queue")


@needs(("S", "database"))
@require_POST
def answer(request: HttpRequest, pk: int) -> HttpResponse:
    """The answer to an owner's objection."""
    user = reader(request)
    row = get_object_or_404(Objection.objects.visible_to(user), pk=pk)
    upheld = request.POST.get("upheld") == "1"
    attempt(
        request,
        lambda: objections.answer(user, row, upheld=upheld, text=request.POST.get("text", "")),
        _("异议已答复。"),
    )
    return back(request, "identification:queue")


def _told(taken: steps.Taken) -> str:
    if taken.pending is not None:
        said = _("已提出，等待另一人复核。")
    else:
        said = _("已办理 %(count)s 宗。") % {"count": f"{taken.count:,}"}
    left = "；".join(_("%(reason)s：%(count)s 宗") % {"reason": r, "count": f"{n:,}"} for r, n in taken.left.items())
    return f"{said}{_('未办理：')}{left}。" if left else said


def _pending(user: Any) -> list[dict[str, Any]]:
    chain = policy.chain()
    return [
        {"row": row, "step": chain.transition(row.step), "count": mine.count(), "parcels": list(mine[:5])}
        for row in work.second_persons(user) if chain is not None
        for mine in (Parcel.objects.visible_to(user).filter(pk__in=row.parcels.values("pk")).order_by("number"),)
    ]  # fmt: skip


def _may_answer(user: Any) -> bool:
    return may(user, policy.register_letter("A"), "database")


def _named(asked: list[work.Asked]) -> list[dict[str, Any]]:
    texts = _conditions()
    return [{"asked": a, "text": texts.get(a.condition, a.condition)} for a in asked]


def _conditions() -> dict[str, Any]:
    run = trials.last_run()
    return trials.conditions_of(run) if run is not None else {}


def _classes() -> dict[str, Any]:
    run = trials.last_run()
    return trials.classes_of(run) if run is not None else {}
