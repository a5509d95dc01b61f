"""The verdict card: on a page of its own, and as a part of other pages; overriding and objecting."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from panhuo.flow import Transition, available, leads_back
from panhuo_platform.identification import policy, trials
from panhuo_platform.identification.commands import objections, overrides, steps
from panhuo_platform.identification.models import Override, Shown
from panhuo_platform.identification.queries.card import card, verdict_of
from panhuo_platform.identification.views.doing import attempt, reader
from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import may
from panhuo_platform.pages.templatetags.panhuo_tags import outcome_label, told
from panhuo_platform.parcels.models import Parcel


class OverrideForm(forms.Form):
    """Deciding otherwise than the verdict."""

    outcome = forms.ChoiceField(label=gettext_lazy("改判结论"))
    main_class = forms.ChoiceField(label=gettext_lazy("类别（认定时）"), required=False)
    reason = forms.CharField(label=gettext_lazy("理由"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)

    def __init__(self, *given: Any, classes: dict[str, Any], **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["outcome"].choices = [(o, outcome_label(o)) for o in overrides.DECISIONS]  # type: ignore[attr-defined]
        self.fields["main_class"].choices = [("", "—"), *((k, told(v)) for k, v in classes.items())]  # type: ignore[attr-defined]


class ObjectionForm(forms.Form):
    """An owner's objection to one condition."""

    condition = forms.ChoiceField(label=gettext_lazy("针对的条件"))
    by = forms.CharField(label=gettext_lazy("异议人"), max_length=100)
    text = forms.CharField(label=gettext_lazy("异议内容"), widget=forms.Textarea(attrs={"rows": 3}), max_length=4000)

    def __init__(self, *given: Any, conditions: dict[str, Any], **named: Any) -> None:
        super().__init__(*given, **named)
        self.fields["condition"].choices = [(k, told(v)) for k, v in conditions.items()]  # type: ignore[attr-defined]


@needs(("S", "database"))
def page(request: HttpRequest, number: str) -> HttpResponse:
    """One parcel's identification: its card, the steps that the user may take, what may be decided."""
    user = reader(request)
    parcel = _parcel(user, number)
    return render(request, "identification/parcel.html", _context(user, parcel))


@needs(("S", "database"))
def part(request: HttpRequest, number: str) -> HttpResponse:
    """The card alone, for other pages."""
    user = reader(request)
    parcel = _parcel(user, number)
    return render(request, "identification/_card.html", {"parcel": parcel, "card": card(user, parcel), "part": True})


@needs(("S", "database"))
@require_POST
def take(request: HttpRequest, number: str, step: str) -> HttpResponse:
    """Take a step with this parcel alone."""
    user = reader(request)
    parcel = _parcel(user, number)
    chain = policy.chain()
    if chain is None or step not in {t.id for t in chain.transitions}:
        raise Http404
    reason = request.POST.get("reason", "")
    attempt(
        request,
        lambda: steps.take(user, step, [parcel], reason=reason),
        lambda taken: _("已提出，等待另一人复核。") if taken.pending is not None else _("已办理。"),
    )
    return redirect("identification:parcel", number=number)


@needs(("S", "database"))
def override(request: HttpRequest, number: str) -> HttpResponse:
    """Decide otherwise than the verdict, with a reason."""
    user = reader(request)
    parcel = _parcel(user, number)
    verdict = verdict_of(parcel)
    if verdict is None or not may(user, policy.register_letter("A"), "database", region=parcel.township_code):
        raise Http404
    form = OverrideForm(request.POST or None, classes=trials.classes_of(verdict.run))
    if form.is_valid():
        try:
            overrides.override(user, parcel, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("identification:parcel", number=number)
    context = {"parcel": parcel, "form": form, "verdict": verdict, "kind": "override"}
    return render(request, "identification/decide.html", context)


@needs(("S", "database"))
@require_POST
def take_back(request: HttpRequest, number: str) -> HttpResponse:
    """End the override in force."""
    user = reader(request)
    parcel = _parcel(user, number)
    row = get_object_or_404(Override.objects.visible_to(user), parcel=parcel, ended_at=None)
    reason = request.POST.get("reason", "")
    attempt(request, lambda: overrides.take_back(user, row, reason=reason), _("改判已撤销，恢复原结论。"))
    return redirect("identification:parcel", number=number)


@needs(("S", "database"))
def objection(request: HttpRequest, number: str) -> HttpResponse:
    """Take down an owner's objection."""
    user = reader(request)
    parcel = _parcel(user, number)
    verdict = verdict_of(parcel)
    if (
        verdict is None
        or verdict.row is None
        or not may(user, policy.register_letter("E"), "database", region=parcel.township_code)
    ):
        raise Http404
    form = ObjectionForm(
        request.POST or None, conditions=trials.conditions_of(verdict.run),
        initial={"condition": request.GET.get("condition", "")},
    )  # fmt: skip
    if form.is_valid():
        try:
            objections.object_to(user, parcel, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("identification:parcel", number=number)
    context = {"parcel": parcel, "form": form, "verdict": verdict, "kind": "objection"}
    return render(request, "identification/decide.html", context)


@needs(("S", "database"))
def shown(request: HttpRequest, number: str, sha256: str) -> HttpResponse:
    """What was shown when a step was taken: the card as it was."""
    user = reader(request)
    parcel = _parcel(user, number)
    row = get_object_or_404(Shown, pk=sha256, steps__parcel=parcel)
    told_then = row.content.get("card")
    mine = [r for r in row.content.get("list", ()) if r["number"] == parcel.number]
    context = {"parcel": parcel, "card": told_then, "row": mine[0] if mine else None, "shown": row, "part": True}
    return render(request, "identification/shown.html", context)


def _parcel(user: User, number: str) -> Parcel:
    return get_object_or_404(Parcel.objects.visible_to(user), number=number)


def _context(user: User, parcel: Parcel) -> dict[str, Any]:
    chain = policy.chain()
    told_now = card(user, parcel)
    stage = parcel.stage or (chain.start if chain else "")
    known = {s.id for s in chain.states} if chain else set()
    mine: list[tuple[Transition, bool]] = []
    if chain is not None and stage in known and parcel.status == Parcel.Status.ALIVE:
        mine = [
            (t, leads_back(chain, t))
            for t in available(chain, stage)
            if any(parcel.township_code.startswith(w.within) for w in policy.may_take(user, t))
        ]
    judged = told_now is not None and "sections" in told_now
    return {
        "parcel": parcel, "card": told_now, "chain": chain, "stage": stage,
        "passed": _passed(chain, stage) if chain and stage in known else [],
        "steps": mine,
        "may_override": judged and may(user, policy.register_letter("A"), "database", region=parcel.township_code),
        "may_object": judged and may(user, policy.register_letter("E"), "database", region=parcel.township_code),
    }  # fmt: skip


def _passed(chain: Any, stage: str) -> list[dict[str, Any]]:
    """The chain's states in their order as a line of steps; returns and removals only where the parcel is there."""
    aside = {t.target for t in chain.transitions if t.reason_required}
    states = [s for s in chain.states if s.id not in aside or s.id == stage]
    here = next((i for i, s in enumerate(states) if s.id == stage), 0)
    return [{"state": s, "done": i < here and stage not in aside, "now": i == here} for i, s in enumerate(states)]
