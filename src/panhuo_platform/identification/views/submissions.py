"""Submissions upward: sending, answers, receipts."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.flow import Holder
from panhuo_platform.identification import policy
from panhuo_platform.identification.commands import submissions
from panhuo_platform.identification.models import Submission
from panhuo_platform.identification.queries import work
from panhuo_platform.identification.views.doing import attempt, filter_of, reader, townships
from panhuo_platform.organisations.access import needs
from panhuo_platform.organisations.models import Organisation, User
from panhuo_platform.organisations.rights import may
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel
from panhuo_platform.parcels.models.register import Parcels


@needs(("S", "database"))
def sent(request: HttpRequest) -> HttpResponse:
    """All submissions that the user may see."""
    user = reader(request)
    page = Paginator(work.submissions(user), 30).get_page(request.GET.get("page"))
    work.with_figures(user, page.object_list)
    context = {"page": page, "may_send": _may_send(user)}
    return render(request, "identification/submissions.html", context)


@needs(("S", "database"))
def send(request: HttpRequest) -> HttpResponse:
    """Choose a receiver and parcels, and send them."""
    user = reader(request)
    chain = policy.chain()
    if chain is None or not _may_send(user):
        raise Http404
    receivers = list(Organisation.objects.visible_to(user).filter(kind="superior", ends_on=None))
    receiver = next((r for r in receivers if r.code == request.GET.get("to")), _first(chain, receivers))
    chosen = filter_of(request)
    rows: Parcels = Parcel.objects.none()
    stages: list[Any] = []
    if receiver is not None:
        ready = policy.sendable(chain, receiver)
        stages = [s for s in chain.states if s.id in ready]
        rows = chosen.parcels(Parcel.objects.visible_to(user).filter(stage__in=ready))
    if request.method == "POST" and receiver is not None:
        title = request.POST.get("title", "")
        note = request.POST.get("note", "")
        to: Organisation = receiver
        made = attempt(
            request, lambda: submissions.send(user, to, _for(chosen, stages, rows), title=title, note=note),
            _("已报送。"),
        )  # fmt: skip
        return redirect("identification:submission", key=made.key) if made else redirect(request.get_full_path())
    page = Paginator(rows.order_by("number"), 50).get_page(request.GET.get("page"))
    context = {
        "receivers": receivers, "receiver": receiver, "page": page, "chosen": chosen, "stages": stages,
        "townships": townships(rows), "today": timezone.localdate(),
    }  # fmt: skip
    return render(request, "identification/send.html", context)


@needs(("S", "database"))
def submission(request: HttpRequest, key: str) -> HttpResponse:
    """One submission: its parcels with the answer on each; taking down the receipt."""
    user = reader(request)
    row = _row(user, key)
    may_receipt = row.state != Submission.State.RECEIPTED and _may_receipt(user, row)
    if request.method == "POST":
        if not may_receipt:
            raise Http404
        file = request.FILES.get("file")
        if file is not None and (file.size or 0) > submissions.MOST_BYTES:
            content = b"x" * (submissions.MOST_BYTES + 1)
        else:
            content = file.read() if file is not None else b""
        numbers = _numbers(request.POST.get("numbers", ""))
        attempt(
            request,
            lambda: submissions.receipt(
                user, row, number=request.POST.get("number", ""), on=_day(request.POST.get("on", "")), file=content,
                file_name=(file.name or "") if file is not None else "", upper_numbers=numbers,
            ),
            _("回执已登记，通过的宗地可以适用政策。"),
        )  # fmt: skip
        return redirect("identification:submission", key=key)
    mine = row.items.filter(parcel__in=Parcel.objects.visible_to(user)).select_related("parcel", "answered_by")
    page = Paginator(mine.order_by("pk"), 50).get_page(request.GET.get("page"))
    work.with_figures(user, [row])
    context = {
        "row": row, "page": page, "may_receipt": may_receipt, "today": timezone.localdate(),
        "sees_whole": work.sees_whole(user, row),
    }  # fmt: skip
    return render(request, "identification/submission.html", context)


@needs(("S", "database"))
def receipt_file(request: HttpRequest, key: str) -> HttpResponseBase:
    """The file of the receipt."""
    user = reader(request)
    row = _row(user, key)
    if not row.receipt_file or not work.sees_whole(user, row):  # it names all of its parcels
        raise Http404
    path = row.folder / row.receipt_file
    if not path.is_file():
        raise Http404
    return FileResponse(path.open("rb"), as_attachment=True, filename=row.receipt_file)


def _row(user: User, key: str) -> Submission:
    return get_object_or_404(work.submissions(user), key=key)


def _may_send(user: User) -> bool:
    return may(user, policy.register_letter("F"), "database")


def _may_receipt(user: User, row: Submission) -> bool:
    units = [a.organisation_id for a in user.assignments_in_force]
    return (row.sender_id in units or row.receiver_id in units) and (_may_send(user) or may(user, "A", "database"))


def _first(chain: Any, receivers: list[Organisation]) -> Organisation | None:
    """The receiver that the chain itself names, else the first there is."""
    named = [r for r in receivers if any(Holder(policy.names_of_unit(r)).is_one_of(t.who) for t in chain.transitions)]
    return next(iter(named or receivers), None)


def _for(chosen: ParcelFilter, stages: list[Any], rows: Parcels) -> ParcelFilter | list[Parcel]:
    """The filter itself where one stage is sent from, so that the audit keeps it; else the parcels it finds."""
    if len(stages) == 1 and not chosen.stage:
        return ParcelFilter.parse(chosen.parameters() | {"stage": stages[0].id})
    return list(rows[:20_001])


def _numbers(text: str) -> dict[str, str]:
    """Lines of ``parcel number`` as the receipt lists them, with a tab, a comma or blanks between."""
    found = {}
    for line in text.splitlines()[:20_000]:
        parts = line.replace("\t", " ").replace(",", " ").replace("，", " ").split()
        if len(parts) >= 2:
            found[parts[0]] = parts[1]
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return timezone.localdate()
