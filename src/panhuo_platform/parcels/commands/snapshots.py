"""Snapshots: the register as it is at a moment, with a checksum that shows later whether it still says the same."""

from __future__ import annotations

import io

import polars as pl
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.progress import Progress, silent
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require
from panhuo_platform.parcels import checksums, queries
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Snapshot, SnapshotPart

#: What of a parcel is kept, because it has no versions of its own.
KEPT = ("number", "outcome", "main_class", "classes", "stage", "in_upper_register")


@transaction.atomic
def snapshot(actor: User | None, title: str, *, region_code: str = "", progress: Progress = silent) -> Snapshot:
    """Keep the register of a division as it is now (empty: of the whole locality)."""
    if actor is not None:
        require(actor, "E", "database", region=region_code)
    if not title.strip():
        raise ValidationError({"title": _("请填写快照名称。")})
    moment, day = timezone.now(), timezone.localdate()
    made = Snapshot.objects.create(
        title=title.strip()[:200], region_code=region_code, day=day, known_on=moment, count=0, area_m2=0.0,
        algorithm=settings.AUDIT_ALGORITHM, checksum="", made_at=moment, actor=actor,
    )  # fmt: skip
    checksum = checksums.Checksum(made.algorithm)
    figures: dict[str, list[float]] = {}
    n = 0
    for frame, shapes in queries.frames(None, ParcelFilter(day=day, township=region_code), known_on=moment):
        progress("生成快照", checksum.count, 0)
        outcomes = frame.select(KEPT)
        checksum.add(frame, shapes)
        checksum.also(outcomes)
        for outcome, count, area in frame.group_by("outcome").agg(pl.len(), pl.col("area_m2").sum()).iter_rows():
            known = figures.setdefault(outcome, [0, 0.0])
            known[0] += count
            known[1] += area
        if frame.height:
            n += 1
            SnapshotPart.objects.create(snapshot=made, n=n, content=_packed(outcomes))
    made.checksum, made.count, made.area_m2 = checksum.hex, checksum.count, checksum.area_m2
    made.figures = dict(sorted(figures.items()))
    made.save(update_fields=["checksum", "count", "area_m2", "figures"])
    record(
        AuditEvent.Action.CHANGED, f"生成快照“{made.title}”：{made.count} 宗", actor=actor, subject=made,
        detail={"checksum": made.checksum, "area_m2": made.area_m2, "region": region_code},
    )  # fmt: skip
    return made


def _packed(outcomes: pl.DataFrame) -> bytes:
    kept = io.BytesIO()
    outcomes.write_parquet(kept, compression="zstd")
    return kept.getvalue()
