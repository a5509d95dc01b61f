"""The issue list (问题清单): entering obstacles and wishes, answering, closing."""

from __future__ import annotations

from datetime import date

import polars as pl
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.survey.measure.registration import CLOSED
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels.models import IssueItem, Parcel

State = IssueItem.State


@transaction.atomic
def enter_issues(
    actor: User | None,
    rows: pl.DataFrame,
    *,
    delivery: Delivery | None = None,
    township: str = "",
    source: IssueItem.Source = IssueItem.Source.REPORTED,
) -> int:
    """Enter delivered issues; those that stand open already for the same parcel, in the same words, are not doubled.

    rows     : the standard fields of the role ``obstacles`` or ``disputes``
    township : the division of those whose parcel the register does not know
    """
    if actor is not None:
        require(actor, "E", "issues", region=township)
    codes = rows["parcel_code"].drop_nulls().unique().to_list()
    parcels: dict[str, tuple[int, str]] = {}
    for start in range(0, len(codes), 900):
        found = Parcel.objects.alive().filter(code__in=codes[start : start + 900])
        parcels |= {code: (pk, town) for code, pk, town in found.values_list("code", "pk", "township_code")}
    standing = set(IssueItem.objects.exclude(state=State.CLOSED).values_list("parcel_code", "kind", "description"))
    made = []
    for told in rows.iter_rows(named=True):
        code, kind = told.get("parcel_code") or "", (told.get("kind") or "")[:60]
        if source == IssueItem.Source.DISPUTE:
            if told.get("state") in CLOSED:
                continue
            kind = kind or "权属争议"
        description = told.get("description") or kind or "—"
        if (code, kind, description) in standing:
            continue
        standing.add((code, kind, description))
        parcel = parcels.get(code)
        made.append(
            IssueItem(
                parcel_id=parcel[0] if parcel else None, parcel_code=code[:40],
                township_code=parcel[1] if parcel else township, kind=kind, description=description,
                wish=told.get("wish") or "", unit=(told.get("unit") or "")[:100], due_on=told.get("due_date"),
                source=source, delivery=delivery, actor=actor,
            )
        )  # fmt: skip
    IssueItem.objects.bulk_create(made, batch_size=1000)
    if made:
        record(
            AuditEvent.Action.CHANGED, f"问题清单登记 {len(made)} 条", actor=actor, subject=delivery,
            detail={"count": len(made), "source": source.value},
        )  # fmt: skip
    return len(made)


@transaction.atomic
def report_issue(
    actor: User,
    parcel: Parcel,
    *,
    kind: str,
    description: str,
    wish: str = "",
    unit: str = "",
    due_on: date | None = None,
) -> IssueItem:
    """Somebody enters an issue of a parcel by hand."""
    require(actor, "E", "issues", region=parcel.township_code)
    if not description.strip():
        raise ValidationError({"description": _("请写明问题。")})
    item = IssueItem.objects.create(
        parcel=parcel, parcel_code=parcel.code, township_code=parcel.township_code, kind=kind.strip()[:60],
        description=description.strip(), wish=wish.strip(), unit=unit.strip()[:100], due_on=due_on,
        source=IssueItem.Source.ENTERED, actor=actor,
    )  # fmt: skip
    record(AuditEvent.Action.CHANGED, f"登记问题 {parcel}：{item}", actor=actor, subject=item)
    return item


@transaction.atomic
def assign_issue(actor: User, item: IssueItem, *, unit: str, due_on: date | None = None) -> IssueItem:
    """Somebody says which unit sees to an issue, and by when."""
    item = _unsettled(actor, item)
    if not unit.strip():
        raise ValidationError({"unit": _("请写明责任单位。")})
    before = {"unit": item.unit, "due_on": str(item.due_on or "")}
    item.unit, item.due_on = unit.strip()[:100], due_on
    item.save(update_fields=["unit", "due_on"])
    record(
        AuditEvent.Action.CHANGED, f"问题交由{item.unit}办理：{item}", actor=actor, subject=item,
        detail={"before": before, "unit": item.unit, "due_on": str(due_on or "")},
    )  # fmt: skip
    return item


@transaction.atomic
def answer_issue(actor: User, item: IssueItem, *, answer: str, close: bool = False) -> IssueItem:
    """The unit that has it says what was done; with ``close`` the issue is settled (办结)."""
    item = _unsettled(actor, item)
    if not answer.strip():
        raise ValidationError({"answer": _("请写明办理情况。")})
    item.answer, item.answered_by, item.answered_at = answer.strip(), actor, timezone.now()
    item.state = State.CLOSED if close else State.ANSWERED
    item.save(update_fields=["answer", "answered_by", "answered_at", "state"])
    record(
        AuditEvent.Action.DECIDED, f"问题{item.get_state_display()}：{item}", actor=actor, subject=item,
        detail={"answer": item.answer},
    )  # fmt: skip
    return item


def _unsettled(actor: User, item: IssueItem) -> IssueItem:
    """The issue as it stands, held for the actor to write on. Raises ValidationError when it is settled."""
    require(actor, "E", "issues", region=item.township_code)
    item = IssueItem.objects.select_for_update().get(pk=item.pk)
    if item.state == State.CLOSED:
        raise ValidationError(_("该问题已经办结。"))
    return item
