"""A delivery and the register: compared, accepted with everything that belongs into the register's lists, undone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl
import pyarrow as pa
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.progress import Progress, silent
from panhuo_platform.deliveries import commands as deliveries
from panhuo_platform.deliveries import queries as delivered
from panhuo_platform.deliveries.models import DeliveredLayer, Delivery
from panhuo_platform.deliveries.rights import require_office
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels import comparing, kinds, queries
from panhuo_platform.parcels.commands.entering import Decisions, decided, enter
from panhuo_platform.parcels.commands.issues import enter_issues
from panhuo_platform.parcels.commands.legacy import enter_legacy
from panhuo_platform.parcels.commands.undoing import undo
from panhuo_platform.parcels.models import Change, Comparison, IssueItem, LegacyParcel
from panhuo_platform.parcels.placing import with_townships
from panhuo_platform.regions.commands import outlines

State = Delivery.State


def parcels_of(delivery: Delivery) -> tuple[pl.DataFrame, pa.LargeBinaryArray]:
    """The rows of all layers of parcels in a delivery, in the order of the layers, each with its township; and their
    shapes. ``layer`` says which layer a row is of, ``row`` which row of its file."""
    frames, shapes = [], []
    for layer in _layers(delivery, "parcels"):
        frame, wkb = delivered.frame(layer)
        frames.append(frame.with_columns(pl.lit(layer.number).cast(pl.Int64).alias("layer")))
        shapes.append(pa.nulls(frame.height, pa.large_binary()) if wkb is None else wkb)
    if not frames:
        raise ValidationError(_("交付中没有宗地图层，无须与数据库比对。"))
    rows, geometry = pl.concat(frames, how="diagonal_relaxed"), pa.concat_arrays(shapes)
    return with_townships(rows, geometry, _outlines(delivery)), geometry


def _outlines(delivery: Delivery) -> dict[str, bytes]:
    """The boundaries that a delivery brings: they are not in force before it is accepted, and hold for its own rows."""
    found: dict[str, bytes] = {}
    for layer in _layers(delivery, "boundaries"):
        frame, shapes = delivered.frame(layer)
        found |= outlines(frame, shapes) if shapes is not None else {}
    return found


def _layers(delivery: Delivery, role: str) -> list[DeliveredLayer]:
    rows = DeliveredLayer.objects.filter(delivery=delivery, role=role).exclude(state=DeliveredLayer.State.LEFT_OUT)
    return list(rows.select_related("delivery").order_by("number"))


def compare_delivery(actor: User | None, delivery: Delivery, *, progress: Progress = silent) -> Comparison:
    """Compare the parcels of a checked delivery with the register as it stands; replaces an earlier comparison."""
    if actor is not None:
        require_office(actor)
    delivery.refresh_from_db()
    if delivery.state != State.CHECKED:
        raise ValidationError(
            _("只有检查完成的交付可以比对；它的状态是“%(state)s”。") % {"state": delivery.get_state_display()}
        )
    after = Change.objects.aggregate(last=Max("pk"))["last"] or 0
    rows, geometry = parcels_of(delivery)
    compared = comparing.compare(rows, geometry, delivery.township_code, progress=progress)
    compared = compared.with_columns(
        rows["layer"].gather(compared["at"]).alias("layer") if rows.height else pl.lit(None, pl.Int64).alias("layer")
    )
    counts = {
        kind: [count, area or 0.0]
        for kind, count, area in compared.group_by("kind")
        .agg(pl.len(), pl.coalesce("area_m2", "register_area_m2").sum())
        .iter_rows()
    }
    made = Comparison(delivery=delivery)
    whole = made.file.with_suffix(".part")
    compared.write_parquet(whole, compression="zstd")
    with transaction.atomic():
        whole.replace(made.file)
        row, _made = Comparison.objects.update_or_create(
            delivery=delivery,
            defaults={
                "made_at": timezone.now(), "actor": actor, "after": after, "run": delivery.run,
                "counts": {k: counts[k] for k in kinds.KINDS if k in counts}, "accepted": None, "decided": {},
            },
        )  # fmt: skip
    return row


@transaction.atomic
def decide(
    actor: User,
    delivery: Delivery,
    *,
    by_kind: Mapping[str, str] | None = None,
    rows: Mapping[int, str] | None = None,
    parcels: Mapping[str, str] | None = None,
) -> Comparison:
    """Keep what the office decides on kinds, rows and gone parcels until the delivery is accepted; an empty choice
    takes a row's own away, and its kind's counts again."""
    require_office(actor)
    made = Comparison.objects.select_for_update(of=("self",)).filter(delivery=delivery, accepted=None).first()
    if made is None or not made.file.exists():
        raise ValidationError(_("请先与数据库比对；检查或修改过的交付须重新比对。"))
    told = {name: dict(made.decided.get(name, {})) for name in ("kinds", "rows", "parcels")}
    given = {"kinds": by_kind or {}, "rows": {str(k): v for k, v in (rows or {}).items()}, "parcels": parcels or {}}
    for name, choices in given.items():
        told[name] = {k: v for k, v in (told[name] | dict(choices)).items() if v}
    decided(pl.read_parquet(made.file), decisions_of(told))  # refuses, in words, what makes no sense
    made.decided = told
    made.save(update_fields=["decided"])
    return made


def decisions_of(told: Mapping[str, Mapping[str, str]]) -> Decisions:
    """As a comparison keeps them."""
    rows = {int(k): v for k, v in told.get("rows", {}).items()}
    return Decisions(dict(told.get("kinds", {})), rows, dict(told.get("parcels", {})))


@transaction.atomic
def accept(
    actor: User,
    delivery: Delivery,
    *,
    day: date,
    decisions: Decisions | None = None,
    note: str = "",
    progress: Progress = silent,
) -> Delivery:
    """The office accepts a delivery: its parcels go into the register as decided, its legacy land and its issues into
    their lists, and its other layers are in force. All of it, or nothing.

    decisions : None for those that were kept by :func:`decide`
    """
    require_office(actor)
    delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
    if delivery.state != State.CHECKED:
        raise ValidationError(
            _("只有检查完成的交付可以接收；它的状态是“%(state)s”。") % {"state": delivery.get_state_display()}
        )
    if _layers(delivery, "parcels"):
        comparison = Comparison.objects.filter(delivery=delivery).first()
        if comparison is None or comparison.run != delivery.run or not comparison.file.exists():
            raise ValidationError(_("请先与数据库比对；检查或修改过的交付须重新比对。"))
        rows, geometry = parcels_of(delivery)
        compared = pl.read_parquet(comparison.file)
        if compared["at"].count() != rows.height:
            raise ValidationError(_("交付在比对之后有修改，请重新比对。"))
        change = enter(
            actor, rows, geometry, compared, day=day, after=comparison.after, delivery=delivery,
            decisions=decisions or decisions_of(comparison.decided), note=note, territory=delivery.township_code,
            progress=progress,
        )  # fmt: skip
        comparison.accepted = change
        comparison.save(update_fields=["accepted"])
    for layer in _layers(delivery, "legacy"):
        enter_legacy(
            actor, *delivered.frame(layer), delivery=delivery, township=delivery.township_code,
            outlines=_outlines(delivery),
        )  # fmt: skip
    for role, source in (("obstacles", IssueItem.Source.REPORTED), ("disputes", IssueItem.Source.DISPUTE)):
        for layer in _layers(delivery, role):
            frame, _shapes = delivered.frame(layer)
            enter_issues(actor, frame, delivery=delivery, township=delivery.township_code, source=source)
    return deliveries.mark_accepted(delivery, actor)


@transaction.atomic
def undo_delivery(actor: User, delivery: Delivery, *, reason: str, progress: Progress = silent) -> Delivery:
    """The office takes an accepted delivery back, as long as nothing rests on it: the register answers as before."""
    require_office(actor)
    delivery = Delivery.objects.select_for_update().get(pk=delivery.pk)
    for change in Change.objects.filter(delivery=delivery, kind=Change.Kind.DELIVERED, undone_by=None).order_by("-pk"):
        undo(actor, change, reason=reason, progress=progress)
    issues = IssueItem.objects.filter(delivery=delivery)
    answered = issues.exclude(state=IssueItem.State.OPEN).count()
    if answered:
        raise ValidationError(_("本次交付的问题已有 %(count)s 条办理，不能撤销。") % {"count": answered})
    issues.delete()
    legacy = LegacyParcel.objects.filter(delivery=delivery)
    towns = set(legacy.order_by().values_list("township_code", flat=True).distinct())
    if any(queries.sealed(code) for code in towns):
        raise ValidationError(_("本次交付的历史遗留用地已经封库，不能撤销。"))
    legacy.delete()
    return deliveries.mark_undone(delivery, actor, detail={"reason": reason})
