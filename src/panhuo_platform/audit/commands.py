"""Writes of the audit: adding an event. There is no other."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from panhuo_platform.audit.chain import BEGINNING, hash_of
from panhuo_platform.audit.context import address
from panhuo_platform.audit.models import AuditEvent, ChainHead


def record(
    action: AuditEvent.Action,
    told: str,
    *,
    actor: Any = None,
    subject: models.Model | None = None,
    account: str = "",
    detail: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> AuditEvent:
    """Add an event, in the transaction of what it tells of: both are there, or neither.

    Writers wait for each other from here to the end of their transaction: record last.
    """
    with transaction.atomic():
        head, _made = ChainHead.objects.select_for_update().get_or_create(pk=1)
        known = actor is not None and actor.pk is not None
        event = AuditEvent(
            number=head.number + 1,
            at=at or timezone.now(),
            actor=actor if known else None,
            account=(actor.get_username() if known else account)[:150],
            address=address(),
            action=action,
            subject=subject._meta.label_lower if subject is not None else "",
            subject_id=str(subject.pk) if subject is not None else "",
            told=told[:500],
            detail=detail or {},
            algorithm=settings.AUDIT_ALGORITHM,
            previous=head.hash or BEGINNING,
        )
        event.hash = hash_of(event)
        event.save(force_insert=True)
        head.number, head.hash = event.number, event.hash
        head.save()
    return event
