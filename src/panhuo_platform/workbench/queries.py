"""What the first page says: what waits for me, what is late, what changed, and how far each township has come."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from panhuo.survey.tables import OUTCOMES
from panhuo_platform.deliveries import queries as deliveries
from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.deliveries.rights import keeps_all, own_units
from panhuo_platform.identification import policy
from panhuo_platform.identification.queries import work
from panhuo_platform.jobs import queries as jobs
from panhuo_platform.jobs.models import Job
from panhuo_platform.organisations.models import User
from panhuo_platform.organisations.rights import may
from panhuo_platform.pages.templatetags.panhuo_tags import told
from panhuo_platform.parcels.models import Change
from panhuo_platform.parcels.tallies import tallies
from panhuo_platform.regions.models import Region


@dataclass(frozen=True, slots=True)
class Task:
    """Something that waits for the user: how much of it, where to do it, whether its time is up."""

    label: str
    count: int
    href: str
    late: bool = False
    note: str = ""


def waiting(user: User, day: date) -> list[Task]:
    """What waits for the user, what is late first."""
    found = [*_deliveries(user, day), *_identification(user), *_jobs(user)]
    return sorted((t for t in found if t.count), key=lambda t: not t.late)


def _deliveries(user: User, day: date) -> Iterator[Task]:
    if not may(user, "S", "survey"):
        return
    address = reverse("deliveries:list")
    units = own_units(user)
    seen = deliveries.deliveries(user)
    mine = seen.filter(sender__in=units)
    faulty = mine.filter(state=Delivery.State.CHECKED, findings__severity="error").distinct().count()
    yield Task(_("我的交付有错误，待补正"), faulty, f"{address}?state=checked")
    yield Task(_("上传还没有完成"), mine.filter(state=Delivery.State.RECEIVING).count(), f"{address}?state=receiving")
    if keeps_all(user):
        yield Task(_("交付待接收"), seen.filter(state=Delivery.State.CHECKED).count(), f"{address}?state=checked")
    for request in deliveries.asked_of(user).order_by("due"):
        days = (request.due - day).days
        note = _("逾期 %(n)d 天") % {"n": -days} if days < 0 else _("还有 %(n)d 天") % {"n": days}
        label = _("数据需求：%(what)s") % {"what": request}
        yield Task(label, 1, reverse("deliveries:requests"), days < 0, note)


def _identification(user: User) -> Iterator[Task]:
    for step in work.steps_of(user):
        # what only undoes or ends something waits for nobody
        if not step.back and not step.transition.two_persons:
            address = reverse("identification:step", args=[step.transition.id])
            yield Task(told(step.transition.action), step.count, address)
    asked = work.due_parcels(user).count()
    yield Task(_("本部门待确认的宗地"), asked, reverse("identification:confirm"))
    queue = reverse("identification:queue")
    yield Task(_("等待第二人同意"), len(work.second_persons(user)), queue)
    if may(user, "R", "database") or may(user, "A", "database"):
        yield Task(_("未答复的权利人异议"), len(work.objections(user)), queue)


def _jobs(user: User) -> Iterator[Task]:
    failed = jobs.mine(user).filter(
        actor=user, state=Job.State.FAILED, ended_at__gte=timezone.now() - timedelta(days=7)
    )
    yield Task(_("失败的后台任务"), failed.count(), reverse("jobs:list"), late=True)


@dataclass(frozen=True, slots=True)
class Cell:
    """A number that opens its parcels."""

    parcels: int
    area_m2: float
    href: str


@dataclass(frozen=True, slots=True)
class Row:
    """How far a township has come: its parcels in all, by outcome and by stage."""

    code: str
    name: str
    total: Cell
    outcomes: list[Cell]
    stages: list[Cell] = field(default_factory=list)
    bars: list[tuple[str, float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows by township and their sum; the headings of outcomes and stages, in the order of the cells."""

    outcomes: list[tuple[str, str]]
    stages: list[tuple[str, str]]
    rows: list[Row]
    total: Row


def progress(user: User, day: date) -> Progress | None:
    """How far survey and identification have come in the user's territory; None where nothing may be seen."""
    if not may(user, "S", "database"):
        return None
    figures = tallies(user)
    chain = policy.chain()
    held = set(figures["stage"].unique())
    stages = [(s.id, told(s.name)) for s in chain.states if s.id in held] if chain is not None else []
    outcomes = [*((o, told(text)) for o, text in OUTCOMES.items() if o != "handed_back"), ("-", _("未认定"))]
    names = dict(Region.objects.visible_to(user).on(day).values_list("code", "name"))
    kinds = [o for o, _label in outcomes], [s for s, _label in stages]
    by_town: dict[str, list[_Tally]] = {}
    for tally in figures.select("township_code", "outcome", "stage", "parcels", "area_m2").iter_rows():
        by_town.setdefault(tally[0], []).append(tally)
    rows = [_row(code, names.get(code, code), by_town[code], *kinds) for code in sorted(by_town)]
    whole = _row("", _("合计"), [t for tallied in by_town.values() for t in tallied], *kinds)
    return Progress(outcomes, stages, rows, whole)


#: township, outcome, stage, parcels, area
_Tally = tuple[str, str, str, int, float]


def _row(code: str, name: str, tallied: list[_Tally], outcomes: list[str], stages: list[str]) -> Row:
    total = _cell(tallied, township=code)
    by_outcome = [_cell([t for t in tallied if (t[1] or "-") == o], township=code, outcome=o) for o in outcomes]
    by_stage = [_cell([t for t in tallied if t[2] == s], township=code, stage=s) for s in stages]
    bars, at = [], 0.0
    for o, cell in zip(outcomes, by_outcome, strict=True):
        share = 100 * cell.parcels / total.parcels if total.parcels else 0.0
        bars.append((o, round(at, 3), round(share, 3)))
        at += share
    return Row(code, name, total, by_outcome, by_stage, bars)


def _cell(tallied: list[_Tally], **chosen: str) -> Cell:
    query = urlencode({k: v for k, v in chosen.items() if v})
    return Cell(
        sum(t[3] for t in tallied), math.fsum(t[4] for t in tallied),
        reverse("parcels:list") + (f"?{query}" if query else ""),
    )  # fmt: skip


def changes(user: User, *, most: int = 8) -> list[dict[str, Any]]:
    """The latest changes of the register, newest first."""
    rows = Change.objects.visible_to(user).select_related("actor", "delivery").order_by("-pk")[:most]
    return [{"at": r.at, "what": r.get_kind_display(), "by": r.actor, "note": r.note or r.delivery} for r in rows]
