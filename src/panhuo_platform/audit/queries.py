"""Reads of the audit."""

from __future__ import annotations

from panhuo_platform.audit.chain import Break, breaks
from panhuo_platform.audit.models import AuditEvent, ChainHead


def verify() -> tuple[int, list[Break]]:
    """How many events there are, and every place where the chain does not hold."""
    head = ChainHead.objects.filter(pk=1).first()
    number, last = (head.number, head.hash) if head else (0, "")
    events = AuditEvent.objects.order_by("number").iterator(chunk_size=5000)
    return AuditEvent.objects.count(), list(breaks(events, number, last))
