"""Reads of the audit."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q, QuerySet

from panhuo_platform.audit.chain import Break, breaks
from panhuo_platform.audit.models import AuditEvent, ChainHead


def verify() -> tuple[int, list[Break]]:
    """How many events there are, and every place where the chain does not hold."""
    head = ChainHead.objects.filter(pk=1).first()
    number, last = (head.number, head.hash) if head else (0, "")
    events = AuditEvent.objects.order_by("number").iterator(chunk_size=5000)
    return AuditEvent.objects.count(), list(breaks(events, number, last))


def events(
    user: Any,
    *,
    text: str = "",
    action: str = "",
    account: str = "",
    first: date | None = None,
    last: date | None = None,
) -> QuerySet[AuditEvent]:
    """Events that the user may see, newest first; ``first`` and ``last`` are days, both included."""
    found = AuditEvent.objects.visible_to(user).select_related("actor")
    if action:
        found = found.filter(action=action)
    if account:
        found = found.filter(account=account)
    if first:
        found = found.filter(at__date__gte=first)
    if last:
        found = found.filter(at__date__lte=last)
    if text:
        found = found.filter(Q(told__icontains=text) | Q(account__icontains=text) | Q(subject_id=text))
    return found


def latest_write() -> int:
    """The number of the last event that tells of a change of business data: what was read before it may be old."""
    written = (AuditEvent.Action.CHANGED, AuditEvent.Action.DECIDED)
    last = AuditEvent.objects.filter(action__in=written).order_by("-number").values_list("number", flat=True).first()
    return last or 0
