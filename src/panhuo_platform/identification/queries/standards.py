"""Reads of standards: versions, what is in force, the thresholds as a list, trials."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.utils import timezone

from panhuo.packs import NewValue, Setting, settings, write_settings
from panhuo_platform.identification import policy
from panhuo_platform.identification.models import StandardVersion
from panhuo_platform.identification.models.standards import Standards
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import Right, may


@dataclass(frozen=True, slots=True)
class Threshold:
    """One value of a version beside the pack's own; ``change`` where it was set."""

    setting: Setting
    own: float | str | None
    change: NewValue | None


def versions(user: User) -> Standards:
    """All versions that the user may see, newest first."""
    return StandardVersion.objects.visible_to(user).select_related("drafted_by", "approved_by")


def in_force(day: date | None = None, *, within: str = "") -> StandardVersion | None:
    """The standard in force on a day for a place: its own, or the one for the whole locality."""
    rows = StandardVersion.objects.on(day or timezone.localdate())
    return rows.filter(within=within).first() or rows.filter(within="").first()


def thresholds(version: StandardVersion) -> list[Threshold]:
    """Every value of a version, in the order of the text."""
    own = {s.id: s.value for s in settings(version.base)}
    changes = {v.id: v for v in version.values}
    return [Threshold(s, own.get(s.id), changes.get(s.id)) for s in settings(version.frozen)]


def workbook(version: StandardVersion) -> bytes:
    """The thresholds for editing in Excel."""
    with tempfile.TemporaryDirectory() as folder:
        return write_settings(version.frozen, Path(folder) / "thresholds.xlsx").read_bytes()


def may_draft(user: User, within: str = "") -> bool:
    return _may(user, "E", within)


def may_approve(user: User, version: StandardVersion) -> bool:
    own = version.drafted_by_id == user.pk and not policy.drafter_may_approve()
    return not own and _may(user, "A", version.within)


def _may(user: User, letter: Right, within: str) -> bool:
    right, thing = policy.thing_for(letter)
    return may(user, right, thing, region=within)
