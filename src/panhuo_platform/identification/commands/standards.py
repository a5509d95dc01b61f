"""Writes: drafting a standard, setting its thresholds, approving it, ending it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max, Q
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from panhuo.identify import standard_of
from panhuo.messages import PanhuoError
from panhuo.packs import NewValue, read_settings, settings, thaw
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification import policy
from panhuo_platform.identification.models import Run, StandardVersion
from panhuo_platform.jobs.commands import start
from panhuo_platform.jobs.models import Job
from panhuo_platform.organisations import locality
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import require

Action = AuditEvent.Action
State = StandardVersion.State


@transaction.atomic
def draft(actor: User, title: str, *, within: str = "", on: StandardVersion | None = None) -> StandardVersion:
    """Begin a draft: the adopted pack, with the values of another version where one is given.

    Values that the pack no longer has are left out and named in the note.
    """
    _require(actor, "E", within)
    pack = locality.frozen()
    if pack is None:
        raise ValidationError(_("还没有启用政策包。"))
    known = {s.id for s in settings(pack)}
    values = on.values if on is not None else []
    lost = [v.id for v in values if v.id not in known and not v.entry.startswith("thresholds.tables.")]
    kept = [v for v in values if v.id not in lost]
    version = StandardVersion(
        number=_next(), title=title, within=within, pack=pack["id"], base=pack, drafted_by=actor,
        note=_("原版本设定的这些值在现行政策包中已不存在：%(lost)s") % {"lost": "、".join(lost)} if lost else "",
    )  # fmt: skip
    _put(version, kept)
    version.save()
    record(Action.CHANGED, f"拟订认定标准“{version}”", actor=actor, subject=version)
    return version


@transaction.atomic
def set_values(actor: User, version: StandardVersion, values: Iterable[NewValue]) -> StandardVersion:
    """Set thresholds and readings of a draft; a value that is the pack's own again is no change any more."""
    version = _draft(actor, version)
    new = {v.id: v for v in values}
    before = {v.id: v for v in version.values}
    told = [f"{v.id}: {_said(before.get(v.id))} → {v.value}" for v in new.values()]
    _put(version, {**before, **new}.values())
    version.changed_at = timezone.now()
    version.save()
    record(
        Action.CHANGED, f"修改认定标准“{version}”的 {len(new)} 项阈值", actor=actor, subject=version,
        detail={"values": told[:200], "sha256": version.sha256},
    )  # fmt: skip
    return version


def read_workbook(actor: User, version: StandardVersion, content: bytes) -> StandardVersion:
    """Take the thresholds of an edited workbook into a draft. Raises ValidationError naming sheet and row."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "thresholds.xlsx"
        path.write_bytes(content)
        try:
            values = read_settings(version.frozen, path)
        except PanhuoError as error:
            raise ValidationError(_said_by(error)) from error
    if not values:
        raise ValidationError(_("工作簿与现在的阈值没有不同。"))
    return set_values(actor, version, values)


@transaction.atomic
def withdraw(actor: User, version: StandardVersion, *, reason: str) -> None:
    """A draft that will not be approved; it stays in the list."""
    version = _draft(actor, version)
    if not reason.strip():
        raise ValidationError(_("请写明撤回理由。"))
    version.state, version.ended_because = State.WITHDRAWN, reason
    version.save()
    record(Action.CHANGED, f"撤回认定标准“{version}”：{reason}", actor=actor, subject=version)


@transaction.atomic
def try_out(actor: User, version: StandardVersion) -> Job:
    """Have a draft tried on the facts of the last run (试运行)."""
    version = _draft(actor, version)
    job = start(
        "identification.trial", actor=actor, subject=version, arguments={"version": version.pk},
        title=_("试运行：%(title)s") % {"title": version},
    )  # fmt: skip
    record(Action.CHANGED, f"试运行认定标准“{version}”", actor=actor, subject=version)
    return job


@transaction.atomic
def approve(actor: User, version: StandardVersion, *, starts_on: date, document: str = "") -> StandardVersion:
    """Approve a draft: it is in force from a day on, and the one before it until that day.

    The drafter may not, unless the pack lets one person do it. A draft for a place where there have been runs has to be
    tried as it now is.
    """
    version = StandardVersion.objects.select_for_update().get(pk=version.pk)
    _require(actor, "A", version.within)
    if version.state != State.DRAFT:
        raise ValidationError(_("只有拟订中的标准可以批准。"))
    if version.drafted_by == actor and not policy.drafter_may_approve():
        raise PermissionDenied(_("拟订人不能批准自己拟订的标准，请由另一人批准。"))
    tried = version.trials.order_by("-pk").first()
    if tried is None and _runs(version):
        raise ValidationError(_("请先试运行，看清楚标准变化会影响哪些宗地，再批准。"))
    if tried is not None and tried.sha256 != version.sha256:
        raise ValidationError(_("试运行之后阈值又有修改，请重新试运行。"))
    same = StandardVersion.objects.select_for_update().filter(
        within=version.within, state__in=(State.APPROVED, State.ENDED)
    )
    later = same.filter(starts_on__gte=starts_on).order_by("starts_on").first()
    if later is not None:
        raise ValidationError(
            _("“%(title)s”自 %(day)s 起施行，新标准的施行日期须在其后。") % {"title": later, "day": later.starts_on}
        )
    for before in same.filter(Q(ends_on=None) | Q(ends_on__gt=starts_on)):
        before.ends_on, before.state = starts_on, State.ENDED
        before.ended_because = _("由“%(title)s”接替") % {"title": version}
        before.save()
    version.state, version.starts_on, version.document = State.APPROVED, starts_on, document
    version.approved_by, version.approved_at = actor, timezone.now()
    version.save()
    record(
        Action.DECIDED, f"批准认定标准“{version}”，自 {starts_on} 起施行", actor=actor, subject=version,
        detail={"sha256": version.sha256, "document": document, "trial": tried.pk if tried else None},
    )  # fmt: skip
    return version


@transaction.atomic
def end(actor: User, version: StandardVersion, *, on: date, reason: str) -> None:
    """End a standard without another; what was judged by it stays."""
    version = StandardVersion.objects.select_for_update().get(pk=version.pk)
    _require(actor, "A", version.within)
    if version.state != State.APPROVED or version.starts_on is None:
        raise ValidationError(_("只有施行中的标准可以终止。"))
    if not reason.strip():
        raise ValidationError(_("请写明终止理由。"))
    version.state, version.ends_on, version.ended_because = State.ENDED, max(on, version.starts_on), reason
    version.save()
    record(Action.DECIDED, f"终止认定标准“{version}”：{reason}", actor=actor, subject=version)


def _put(version: StandardVersion, values: Iterable[NewValue]) -> None:
    """The values into the version, if a standard can be made of them."""
    own = {s.id: s for s in settings(version.base)}
    kept = [v for v in values if v.id not in own or _other(v, own[v.id])]
    version.changes = [asdict(v) for v in kept]
    try:
        frozen = version.frozen
        standard_of(thaw(frozen))
    except PanhuoError as error:
        raise ValidationError(_said_by(error)) from error
    version.sha256 = frozen["sha256"]


def _other(value: NewValue, own: Any) -> bool:
    told = ("unit", "clause", "set_by", "note")
    return value.value != own.value or any(getattr(value, n) not in (None, getattr(own, n)) for n in told)


def _draft(actor: User, version: StandardVersion) -> StandardVersion:
    version = StandardVersion.objects.select_for_update().get(pk=version.pk)
    _require(actor, "E", version.within)
    if version.state != State.DRAFT:
        raise ValidationError(_("只有拟订中的标准可以修改；请以它为基础另拟一版。"))
    return version


def _require(actor: User, letter: Any, within: str) -> None:
    right, thing = policy.thing_for(letter)
    require(actor, right, thing, region=within)


def _runs(version: StandardVersion) -> bool:
    return Run.objects.finished().filter(within=version.within).exists()


def _next() -> int:
    return (StandardVersion.objects.aggregate(last=Max("number"))["last"] or 0) + 1


def _said(value: NewValue | None) -> str:
    return "—" if value is None else str(value.value)


def _said_by(error: PanhuoError) -> str:
    return error.say("en" if (get_language() or "zh").startswith("en") else "zh")
