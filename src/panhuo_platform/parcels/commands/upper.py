"""The gate: only parcels in the register of the province may use the policies. In and out come with a receipt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import polars as pl
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels import bulk
from panhuo_platform.parcels.models import Parcel, UpperEntry


@transaction.atomic
def gate(
    actor: User | None, numbers: Mapping[str, str], *, receipt: str, on: date, entered: bool = True, note: str = ""
) -> int:
    """The province's receipt says that these parcels have entered its register, or left it.

    numbers : parcel's number -> its number in the register of the province (may be empty where it left)
    receipt : number of the receipt; without one nothing passes
    entered : False where they left (移出); the number that they had is kept beside it

    ValidationError for parcels that the register does not know, that have ended, or that are not identified; returns
    how many changed. What is as the receipt says already stays as it is.
    """
    if actor is not None:
        require(actor, "E", "database", region="")
    if not receipt.strip():
        raise ValidationError({"receipt": _("请填写回执编号。")})
    if on > timezone.localdate():
        raise ValidationError({"on": _("回执日期不能在今天之后。")})
    found: dict[str, tuple[int, str, str, bool, str]] = {}
    wanted = list(numbers)
    for start in range(0, len(wanted), 900):
        rows = Parcel.objects.filter(number__in=wanted[start : start + 900])
        told = rows.values_list("number", "pk", "status", "outcome", "in_upper_register", "upper_number")
        found |= {number: (key, state, outcome, inside, upper) for number, key, state, outcome, inside, upper in told}
    for number in wanted:
        if number not in found:
            raise ValidationError(_("数据库中没有地块 %(number)s。") % {"number": number})
        _key, status, outcome, _inside, _upper = found[number]
        if entered and (status != Parcel.Status.ALIVE or outcome != "identified"):
            raise ValidationError(_("地块 %(number)s 未认定为低效用地或已终止，不能入上级库。") % {"number": number})
    changed = {
        number: key for number, (key, _s, _o, inside, upper) in found.items()
        if inside != entered or (entered and upper != numbers[number])
    }  # fmt: skip
    uppers = {number: numbers[number][:60] or ("" if entered else found[number][4]) for number in changed}
    _write(changed, uppers, entered=entered, receipt=receipt.strip()[:200], on=on, actor=actor, note=note)
    record(
        AuditEvent.Action.DECIDED,
        f"{'进入' if entered else '移出'}上级库 {len(changed)} 宗（回执 {receipt.strip()}）",
        actor=actor,
        detail={"receipt": receipt.strip(), "on": str(on), "entered": entered, "parcels": list(changed)[:1000]},
    )
    return len(changed)


@transaction.atomic
def leave(parcels: Iterable[Parcel], *, reason: str, on: date, actor: User) -> int:
    """These parcels were removed from the register: they leave that of the province too, for the same reason.

    Who may remove them has been asked, and the removal is in the audit: this is its hand. Returns how many left.
    """
    inside = [p for p in parcels if p.in_upper_register]
    _write(
        {p.number: p.pk for p in inside}, {p.number: p.upper_number for p in inside}, entered=False, receipt="", on=on,
        actor=actor, note=reason,
    )  # fmt: skip
    return len(inside)


def _write(
    keys: Mapping[str, int], uppers: Mapping[str, str], *, entered: bool, receipt: str, on: date, actor: User | None,
    note: str,
) -> None:  # fmt: skip
    """The entries or removals of parcels (number -> key), and where they stand now."""
    UpperEntry.objects.bulk_create(
        (
            UpperEntry(parcel_id=key, entered=entered, upper_number=uppers[number], receipt=receipt, on=on, actor=actor,
                       note=note[:500])
            for number, key in keys.items()
        ),
        batch_size=1000,
    )  # fmt: skip
    rows = pl.DataFrame(
        {"number": list(keys), "upper_number": [uppers[n] if entered else "" for n in keys]},
        schema={"number": pl.String, "upper_number": pl.String},
    )
    bulk.update(Parcel, "number", rows, in_upper_register=entered)
