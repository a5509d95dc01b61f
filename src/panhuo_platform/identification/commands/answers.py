"""Writing a unit's word on what was due: shared by confirming and by steps that vouch for one's own conditions."""

from __future__ import annotations

import uuid

from django.utils import timezone

from panhuo_platform.identification.models import Confirmation, Due
from panhuo_platform.organisations.models import User


def answer_dues(actor: User, dues: list[Due], answer: str, *, note: str, batch: uuid.UUID) -> None:
    """Write a unit's word on what was due; part of a command that has asked whether it may."""
    now = timezone.now()
    rows = Confirmation.objects.bulk_create(
        [
            Confirmation(
                batch=batch, parcel_id=d.parcel_id, verdict=d.verdict, condition=d.condition, unit_id=d.unit_id,
                answer=answer, note=note, actor=actor, at=now,
            )
            for d in dues
        ],
        batch_size=2000,
    )  # fmt: skip
    for due, row in zip(dues, rows, strict=True):
        due.answer = row
    Due.objects.bulk_update(dues, ["answer"], batch_size=500)
