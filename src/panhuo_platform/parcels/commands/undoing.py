"""Taking a change of the register back, as long as nothing rests on it. What it was stays known, as undone."""

from __future__ import annotations

import polars as pl
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from panhuo.progress import Progress, silent
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels import guards, queries, writing
from panhuo_platform.parcels.models import Change, Lineage, Parcel, ParcelVersion


@transaction.atomic
def undo(actor: User | None, change: Change, *, reason: str, progress: Progress = silent) -> Change:
    """Take back what a change made and ended; the register answers as it did before it.

    Refused, in words, where something rests on it: a later version, a parcel that has gone on to another stage or into
    the register of the province, and what the apps above object to (confirmed verdicts). Numbers that the change gave
    are not given again.
    """
    if actor is not None:
        for code in sorted(_townships(change)):
            require(actor, "E", "database", region=code)
    if not reason.strip():
        raise ValidationError(_("请说明撤销的原因。"))
    back = writing.begin(Change.Kind.UNDONE, actor, change.day, delivery=change.delivery, note=reason)
    change = Change.objects.select_for_update(of=("self",)).get(pk=change.pk)
    _stop_where_it_is_rested_on(change)
    made = ParcelVersion.objects.filter(change=change, superseded_at=None)
    Parcel.objects.filter(pk__in=made.values("parcel")).update(status=Parcel.Status.ENDED, current=None)
    count = made.update(superseded_at=back.at, ended_by=back)
    ended = ParcelVersion.objects.filter(ended_by=change)
    Lineage.objects.filter(later__change=change, undone_at=None).update(undone_at=back.at)
    ended.filter(superseded_at=None).update(superseded_at=back.at)
    restored = 0
    for piece, shapes in queries.frames_of(ended):
        if piece.height:
            rows = piece.join(_last_numbers(ended, piece), on="parcel_id", how="left", maintain_order="left")
            rows = rows.with_columns(pl.col("last") + 1)
            writing.put(
                back, rows.drop("n").rename({"last": "n"}), shapes, valid_from=rows["valid_from"], progress=progress
            )
            restored += piece.height
    back.counts = {"undone": count, "restored": restored}
    back.save(update_fields=["counts"])
    change.undone_by = back
    change.save(update_fields=["undone_by"])
    record(
        AuditEvent.Action.DECIDED,
        f"撤销{change.get_kind_display()}（{change.day}）：{reason}",
        actor=actor,
        subject=change.delivery or change,
        detail={"change": change.pk, "undone_by": back.pk, **back.counts},
    )
    return back


def _townships(change: Change) -> set[str]:
    """The divisions of everything that the change made or ended."""
    made = ParcelVersion.objects.filter(change=change).order_by().values_list("township_code", flat=True).distinct()
    ended = ParcelVersion.objects.filter(ended_by=change).order_by().values_list("township_code", flat=True).distinct()
    return {*made, *ended}


def _stop_where_it_is_rested_on(change: Change) -> None:
    if change.undone_by_id is not None or change.kind == Change.Kind.UNDONE:
        raise ValidationError(_("这次变更已经撤销，或本身就是撤销。"))
    made = ParcelVersion.objects.filter(change=change, superseded_at=None)
    later = made.exclude(valid_to=None).select_related("parcel").first()
    if later is None:
        # replaced on its first day: superseded by another change than the undoing of one
        replaced = ParcelVersion.objects.filter(change=change, superseded_at__isnull=False, ended_by__isnull=False)
        later = replaced.filter(ended_by__undone_by=None).select_related("parcel").first()
    if later is not None:
        raise ValidationError(
            _("地块 %(number)s 之后又有变更，不能撤销；请先撤销较晚的变更。") % {"number": later.parcel.number}
        )
    new = Parcel.objects.filter(pk__in=made.filter(n=1).values("parcel"))
    upper = new.filter(in_upper_register=True).first()
    if upper is not None:
        raise ValidationError(_("地块 %(number)s 已入上级库，不能撤销。") % {"number": upper.number})
    onward = new.exclude(stage=writing.first_stage()).first()
    if onward is not None:
        raise ValidationError(_("地块 %(number)s 已进入办理流程，不能撤销。") % {"number": onward.number})
    if told := guards.objections(change):
        raise ValidationError(told)


def _last_numbers(ended: QuerySet[ParcelVersion], piece: pl.DataFrame) -> pl.DataFrame:
    """``parcel_id`` and ``last``: the number of the last version that each parcel of the piece has had."""
    numbers = piece["number"]
    rows = ParcelVersion.objects.filter(
        parcel__in=ended.values("parcel"), parcel__number__gte=numbers[0], parcel__number__lte=numbers[-1]
    )
    got = list(rows.order_by().values_list("parcel_id").annotate(last=Max("n")))
    return pl.DataFrame(got, schema={"parcel_id": pl.Int64, "last": pl.Int64}, orient="row")
