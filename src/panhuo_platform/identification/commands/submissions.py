"""Writes: sending parcels to the unit above, and taking down its receipt, which opens the gate to the policies."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification import policy
from panhuo_platform.identification.commands import steps
from panhuo_platform.identification.models import Submission, SubmissionItem
from panhuo_platform.organisations.models import Organisation, User
from panhuo_platform.organisations.rights import Holding, holdings, may
from panhuo_platform.parcels import commands as register
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel

#: What a receipt may be.
_FILES = {b"%PDF": ".pdf", b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"PK\x03\x04": ".docx"}
MOST_BYTES = 20_000_000


@transaction.atomic
def send(
    actor: User, receiver: Organisation, chosen: ParcelFilter | Iterable[Parcel], *, title: str, note: str = ""
) -> Submission:
    """Send parcels to the unit above (报送): those of the chosen that are where the chain hands them to that unit.

    Raises ValidationError where none is, or one of them is on its way already.
    """
    mine = _sender(actor)
    chain = steps.record_chain()
    ways = [w for w in policy.actings(actor) if w.assignment.pk == mine.assignment.pk]
    stages = policy.sendable(chain, receiver)
    parcels = [p for p in steps.lock(actor, chosen, ways) if (p.stage or chain.start) in stages]
    under_way = set(
        SubmissionItem.objects.filter(
            parcel__in=[p.pk for p in parcels], state=SubmissionItem.State.SENT, submission__receiver=receiver
        ).values_list("parcel", flat=True)
    )
    parcels = [p for p in parcels if p.pk not in under_way]
    if not parcels:
        names = "、".join(steps.stage_name(chain, s) for s in sorted(stages)) or "—"
        raise ValidationError(_("没有可以报送的宗地：须处于“%(stages)s”，且没有正在报送。") % {"stages": names})
    verdicts = steps.verdicts_of(parcels)
    listed = [
        [p.number, p.code, p.stage, p.outcome, p.main_class, repr(p.area_m2),
         verdicts[p.pk].pk if p.pk in verdicts else None]
        for p in parcels
    ]  # fmt: skip
    row = Submission.objects.create(
        title=title.strip() or _("%(day)s 报送") % {"day": timezone.localdate()}, note=note, receiver=receiver,
        sender=mine.assignment.organisation, sent_by=actor, parcels_count=len(parcels),
        area_m2=sum(p.area_m2 for p in parcels),
        sha256=hashlib.sha256(json.dumps(listed, ensure_ascii=False).encode()).hexdigest(),
    )  # fmt: skip
    SubmissionItem.objects.bulk_create(
        [SubmissionItem(submission=row, parcel=p, verdict=verdicts.get(p.pk), stage=p.stage) for p in parcels],
        batch_size=2000,
    )
    record(
        AuditEvent.Action.DECIDED, f"向{receiver.name}报送“{row}” {len(parcels)} 宗", actor=actor, subject=row,
        detail={"sha256": row.sha256, **steps.which(chosen, parcels)},
    )  # fmt: skip
    return row


@transaction.atomic
def receipt(
    actor: User, row: Submission, *, number: str, on: date, file: bytes = b"", file_name: str = "",
    upper_numbers: Mapping[str, str] | None = None,
) -> Submission:  # fmt: skip
    """Take down the receipt of the upper register: its parcels that were not returned may use the policies from now on.

    upper_numbers : parcel number or code -> its number in the upper register, where the receipt gives them
    """
    row = Submission.objects.select_for_update().get(pk=row.pk)
    if not Submission.objects.visible_to(actor).filter(pk=row.pk).exists():
        raise Submission.DoesNotExist
    letter = policy.register_letter("F")
    units = [h.assignment.organisation_id for h in holdings(actor, "database") if letter in h.rights or "A" in h.rights]
    if row.sender_id not in units and row.receiver_id not in units:
        raise PermissionDenied(_("只有报送单位或接收单位可以登记回执。"))
    if row.state == Submission.State.RECEIPTED:
        raise ValidationError(_("回执已经登记。"))
    if not number.strip():
        raise ValidationError(_("请填写回执编号。"))
    if on > timezone.localdate():
        raise ValidationError(_("回执日期不能晚于今天。"))
    if file:
        _keep_file(row, file, file_name)
    given = dict(upper_numbers or {})
    items = list(row.items.exclude(state=SubmissionItem.State.RETURNED).select_related("parcel").order_by("pk"))
    if not items:
        raise ValidationError(_("这次报送的宗地都已退回，没有可以登记回执的宗地。"))
    now = timezone.now()
    for item in items:
        item.upper_number = given.get(item.parcel.number) or given.get(item.parcel.code) or ""
        if item.state == SubmissionItem.State.SENT:
            item.state, item.answered_by, item.answered_at = SubmissionItem.State.ACCEPTED, actor, now
    SubmissionItem.objects.bulk_update(items, ["upper_number", "state", "answered_by", "answered_at"], batch_size=500)
    row.state, row.receipt_number, row.receipt_on = Submission.State.RECEIPTED, number.strip(), on
    row.receipt_by, row.receipt_at = actor, now
    row.save()
    _open_gate(actor, row, items)
    record(
        AuditEvent.Action.DECIDED, f"登记“{row}”的回执 {number}，{len(items)} 宗入上级库", actor=actor, subject=row,
        detail={"number": number, "on": on.isoformat(), "file": row.receipt_sha256, "count": len(items)},
    )  # fmt: skip
    return row


def _open_gate(actor: User, row: Submission, items: list[SubmissionItem]) -> None:
    """The parcels are in the upper register from the receipt's day on.

    Who may take a receipt down has been asked; the receiving unit need not be one that edits the register.
    """
    assert row.receipt_on is not None
    editor = actor if may(actor, "E", "database", region="") else None
    numbers = {item.parcel.number: item.upper_number for item in items}
    register.gate(editor, numbers, receipt=row.receipt_number, on=row.receipt_on, note=row.title)


def _keep_file(row: Submission, file: bytes, name: str) -> None:
    """The receipt's file, by what it is and not by what it is called."""
    if len(file) > MOST_BYTES:
        raise ValidationError(_("回执文件超过 20 MB。"))
    ending = next((e for magic, e in _FILES.items() if file.startswith(magic)), None)
    if ending is None:
        raise ValidationError(_("回执文件须为 PDF、图片或 Word 文档。"))
    stem = re.sub(r"[^\w\-]", "_", name.rsplit(".", 1)[0])[:60] or "receipt"
    row.receipt_file, row.receipt_sha256 = f"{stem}{ending}", hashlib.sha256(file).hexdigest()
    row.folder.mkdir(parents=True, exist_ok=True)
    part = row.folder / f"{row.receipt_file}.part"
    part.write_bytes(file)
    part.replace(row.folder / row.receipt_file)


def _sender(actor: User) -> Holding:
    letter = policy.register_letter("F")
    found = next((h for h in holdings(actor, "database") if letter in h.rights), None)
    if found is None:
        raise PermissionDenied(_("您的角色没有报送的权限。"))
    return found
