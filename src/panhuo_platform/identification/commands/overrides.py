"""Writes: deciding otherwise than the verdict, with a reason; and taking that back."""

from __future__ import annotations

import polars as pl
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification import policy
from panhuo_platform.identification.commands.shown import what_was_shown
from panhuo_platform.identification.models import Override, Verdict
from panhuo_platform.identification.queries.card import verdict_of
from panhuo_platform.identification.trials import classes_of
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import holdings, require
from panhuo_platform.parcels import commands as register
from panhuo_platform.parcels.models import Parcel

#: What may be decided by hand.
DECISIONS = ("identified", "not", "excluded", "unknown")


@transaction.atomic
def override(actor: User, parcel: Parcel, *, outcome: str, main_class: str = "", reason: str) -> Override:
    """Decide otherwise than the verdict (人工改判). The verdict stays as it was found, with its grounds."""
    letter = policy.register_letter("A")
    require(actor, letter, "database", region=parcel.township_code)
    parcel = Parcel.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=parcel.pk)
    verdict = verdict_of(parcel)
    if verdict is None or verdict.row is None:
        raise ValidationError(_("这宗地还没有认定结论，不能改判。"))
    if not reason.strip():
        raise ValidationError(_("请写明改判理由。"))
    if outcome not in DECISIONS:
        raise ValidationError(_("没有“%(outcome)s”这种结论。") % {"outcome": outcome})
    main_class = main_class if outcome == "identified" else ""
    known = classes_of(verdict.run)
    if outcome == "identified" and main_class not in known:
        raise ValidationError(_("认定为低效用地须选择标准中的类别。"))
    if Override.objects.filter(parcel=parcel, ended_at=None).exists():
        raise ValidationError(_("这宗地已有改判，请先撤销。"))
    if (outcome, main_class) == (verdict.outcome, verdict.main_class):
        raise ValidationError(_("改判与原结论相同。"))
    shown = what_was_shown(actor, [parcel], {parcel.pk: verdict})
    row = Override.objects.create(
        parcel=parcel, verdict=verdict, outcome=outcome, main_class=main_class, reason=reason, shown=shown,
        unit=next(h.assignment.organisation for h in holdings(actor, "database") if letter in h.rights), actor=actor,
    )  # fmt: skip
    _put(parcel, outcome, main_class, [main_class] if main_class else [])
    record(
        AuditEvent.Action.DECIDED, f"改判 {parcel}：{verdict.outcome} → {outcome}。{reason}", actor=actor,
        subject=parcel, detail={"override": row.pk, "verdict": verdict.pk, "shown": shown.pk},
    )  # fmt: skip
    return row


@transaction.atomic
def take_back(actor: User, row: Override, *, reason: str) -> None:
    """End an override: the verdict of the last run holds again."""
    row = Override.objects.visible_to(actor).select_for_update(of=("self",)).get(pk=row.pk)
    require(actor, policy.register_letter("A"), "database", region=row.parcel.township_code)
    if row.ended_at is not None:
        raise ValidationError(_("这次改判已经撤销。"))
    if not reason.strip():
        raise ValidationError(_("请写明撤销理由。"))
    row.ended_at, row.ended_by, row.ended_because = timezone.now(), actor, reason
    row.save(update_fields=["ended_at", "ended_by", "ended_because"])
    verdict = verdict_of(row.parcel)
    found: Verdict = verdict if verdict is not None else row.verdict
    _put(row.parcel, found.outcome, found.main_class, found.classes)
    record(AuditEvent.Action.DECIDED, f"撤销改判 {row.parcel}：{reason}", actor=actor, subject=row.parcel)


def _put(parcel: Parcel, outcome: str, main_class: str, classes: list[str]) -> None:
    register.set_outcomes(
        pl.DataFrame(
            {"number": [parcel.number], "outcome": [outcome], "main_class": [main_class], "classes": [classes]},
            schema_overrides={"classes": pl.List(pl.String)},
        )
    )
