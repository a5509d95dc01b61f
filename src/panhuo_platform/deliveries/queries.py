"""Reads of deliveries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
import polars as pl
import pyarrow as pa
from django.db.models import Count, Q, Sum

from panhuo.land.polygons import Polygons
from panhuo.land.projection import to_geographic
from panhuo.land.roles import ROLES
from panhuo.messages import Text
from panhuo.survey.deliver import understand, working_crs_of
from panhuo.survey.gather import REASONS
from panhuo_platform.deliveries import kept
from panhuo_platform.deliveries.checking import working_of
from panhuo_platform.deliveries.models import DataRequest, DeliveredLayer, Delivery, Finding, HandedBack
from panhuo_platform.deliveries.models.delivery import DeliveredLayers, Deliveries
from panhuo_platform.deliveries.models.found import Findings
from panhuo_platform.deliveries.rights import own_units
from panhuo_platform.deliveries.understanding import as_input
from panhuo_platform.organisations.models import User
from panhuo_platform.regions.models import Region


def deliveries(user: User) -> Deliveries:
    """The deliveries that the user may see, newest first, with their counts of standing findings."""
    return Delivery.objects.visible_to(user).select_related("sender", "opened_by")


def findings(user: User, delivery: Delivery) -> Findings:
    """The findings of the delivery's last whole check."""
    return Finding.objects.visible_to(user).filter(delivery=delivery).standing().select_related("layer")


def counts(delivery: Delivery) -> dict[str, Any]:
    """How many findings of the last check there are by severity, by rule and by who mends them."""
    rows = list(
        Finding.objects.filter(delivery=delivery, run=delivery.run)
        .values("severity", "code", "mender")
        .annotate(n=Count("pk"), rows=Sum("count"))
        .order_by("code")
    )
    by: dict[str, Any] = {"severity": Counter(), "mender": Counter(), "codes": rows}
    for r in rows:
        by["severity"][r["severity"]] += r["n"]
        by["mender"][r["mender"]] += r["n"]
    return by


def handed_back(delivery: Delivery) -> list[tuple[Text, int]]:
    """How many rows of the last check go back to their sender, by reason."""
    rows = HandedBack.objects.filter(layer__delivery=delivery, run=delivery.run).order_by()
    counted = dict(rows.values_list("reason").annotate(n=Count("pk")))
    return [(said, counted[reason]) for reason, said in REASONS.items() if reason in counted]


def severities(deliveries: Iterable[Delivery]) -> dict[int, dict[str, int]]:
    """Delivery -> severity -> standing findings, for a page of deliveries."""
    rows = Finding.objects.filter(delivery__in=[d.pk for d in deliveries]).standing().order_by()
    out: dict[int, dict[str, int]] = {}
    for pk, severity, n in rows.values_list("delivery", "severity").annotate(n=Count("pk")):
        out.setdefault(pk, {})[severity] = n
    return out


def layers(user: User, delivery: Delivery) -> DeliveredLayers:
    """The layers of a delivery, with how many bad rows and corrections each has."""
    found = Q(findings__run=delivery.run, findings__row__isnull=False) & ~Q(findings__severity=Finding.Severity.NOTE)
    return (
        DeliveredLayer.objects.visible_to(user)
        .filter(delivery=delivery)
        .select_related("delivery")
        .annotate(bad=Count("findings__row", filter=found, distinct=True))
    )


def row_of(layer: DeliveredLayer, number: int) -> dict[str, str] | None:
    """The cells of one row under their standard fields, as texts, as they are mended now; None for no such row."""
    opened = kept.opened(layer)
    assert opened.rows is not None
    places = np.flatnonzero(opened.rows.to_numpy() == number)
    if not len(places) or not layer.role:
        return None
    one = opened.table.slice(int(places[0]), 1)
    texts = {name: kept.texts(pl.Series(one.column(k)))[0] or "" for k, name in enumerate(opened.fields)}
    return {f.name: texts.get(kept.column_of(layer, f.name), "") for f in ROLES[layer.role].fields}


#: What the office publishes once it has accepted it for the whole locality: where a plan's zones and lines run is for
#: everybody who works there to know. Surveys, registers and figures of departments are not.
PUBLISHED = frozenset({"zones", "control_lines", "renewal_areas"})


def in_force(user: User, role: str, *, published: bool = False) -> DeliveredLayers:
    """Accepted layers of a role that the user may see, newest first. Of several deliveries of one sender for one
    territory and one year the newest counts; another year's figures stand beside them.

    published : also those of other units that everybody with a part in the survey may look at
    """
    seen = DeliveredLayer.objects.visible_to(user)
    if published and role in PUBLISHED and own_units(user):
        seen |= DeliveredLayer.objects.filter(delivery__township_code="")
    rows = seen.in_force().filter(role=role)
    newest: dict[tuple[int, str, int | None], int] = {}
    counted = []
    known = rows.values_list("pk", "delivery", "delivery__sender", "delivery__township_code", "year")
    for pk, delivery, sender, town, year in known:
        if newest.setdefault((sender, town, year), delivery) == delivery:
            counted.append(pk)
    return rows.filter(pk__in=counted).select_related("delivery__sender")


def frame(layer: DeliveredLayer) -> tuple[pl.DataFrame, pa.LargeBinaryArray | None]:
    """The rows of a layer as they are understood: corrected, handed-back ones left out.

    Returns a frame with the standard fields of its role, typed, and ``row`` (Int64, as a person counts in the file),
    and the shapes beside it as WKB in EPSG:4490 (null where a row has none; None for a table).
    """
    opened = kept.opened(layer)
    subject, _found = understand(as_input(layer), opened, working_of([(layer, opened)]) or working_crs_of(opened))
    rows = subject.row_numbers().alias("row")
    out = subject.frame.with_columns(rows) if subject.frame.width else rows.to_frame()
    back = HandedBack.objects.filter(layer=layer, run=layer.delivery.run).values_list("row", flat=True)
    stays = ~rows.is_in(list(back))
    shapes = None
    if opened.geometry is not None:
        polygons = Polygons.from_wkb(opened.geometry)
        if opened.crs is None or not opened.crs.known:
            polygons = Polygons.none(len(polygons))
        elif len(polygons.coords):
            polygons = polygons.with_coords(to_geographic(polygons.coords, opened.crs))
        shapes = polygons.take(np.flatnonzero(stays.to_numpy())).to_wkb()
    return out.filter(stays), shapes


@dataclass(frozen=True, slots=True)
class Reminder:
    """A unit is reminded of what it was asked for: ``days`` until the due day, negative after it."""

    request: DataRequest
    days: int

    @property
    def kind(self) -> Literal["soon", "today", "late"]:
        return "soon" if self.days > 0 else "today" if self.days == 0 else "late"


def reminders(day: date) -> list[Reminder]:
    """The reminders of one day: on the days that a request names before its due day, and every week after it."""
    return [
        Reminder(r, days)
        for r in DataRequest.objects.open().filter(asked_at__date__lte=day).select_related("unit")
        if (days := (r.due - day).days) in r.reminders or (days < 0 and days % 7 == 0)
    ]


def asked_of(user: User) -> Any:
    """Open requests to the user's own units, the first due first."""
    return DataRequest.objects.visible_to(user).open().filter(unit__in=own_units(user)).order_by("due")


def late(user: User, day: date) -> Any:
    """Open requests whose day has passed, of those that the user may see."""
    return DataRequest.objects.visible_to(user).open().filter(due__lt=day).select_related("unit")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a township or unit has come: deliveries by state, standing errors, requests open and late."""

    code: str
    name: str
    states: dict[str, int]
    errors: int
    rows: int
    open: int
    late: int

    @property
    def accepted(self) -> int:
        return self.states.get(Delivery.State.ACCEPTED, 0)

    @property
    def delivered(self) -> int:
        gone = (Delivery.State.WITHDRAWN, Delivery.State.REFUSED, Delivery.State.RECEIVING)
        return sum(n for s, n in self.states.items() if s not in gone)


def completeness(user: User, day: date) -> tuple[list[Progress], list[Progress]]:
    """What has come in, by township and by unit (those that were asked for something or have sent something)."""
    seen = Delivery.objects.visible_to(user)
    asked = DataRequest.objects.visible_to(user)
    towns = Region.objects.on(day).filter(kind__in=_TOWNS)
    by_town = [
        _progress(t.code, t.name, seen.filter(township_code=t.code), asked.filter(township_code=t.code), day)
        for t in towns.order_by("code")
    ]
    units = {u["sender"]: u["sender__name"] for u in seen.filter(township_code="").values("sender", "sender__name")} | {
        u["unit"]: u["unit__name"] for u in asked.values("unit", "unit__name")
    }
    by_unit = [
        _progress(str(pk), name, seen.filter(sender=pk), asked.filter(unit=pk), day)
        for pk, name in sorted(units.items())
    ]
    return by_town, by_unit


_TOWNS = (Region.Kind.STREET, Region.Kind.TOWN, Region.Kind.TOWNSHIP, Region.Kind.ZONE)


def _progress(code: str, name: str, sent: Deliveries, asked: Any, day: date) -> Progress:
    states = dict(sent.order_by().values_list("state").annotate(n=Count("pk")))
    standing = Finding.objects.filter(delivery__in=sent, severity=Finding.Severity.ERROR).standing()
    rows = DeliveredLayer.objects.filter(delivery__in=sent, state=DeliveredLayer.State.ACCEPTED, role="parcels")
    requests = asked.aggregate(
        open=Count("pk", filter=Q(state=DataRequest.State.OPEN)),
        late=Count("pk", filter=Q(state=DataRequest.State.OPEN, due__lt=day)),
    )
    return Progress(
        code, name, states, standing.exclude(delivery__state__in=_GONE).count(),
        rows.aggregate(n=Sum("rows"))["n"] or 0, requests["open"], requests["late"],
    )  # fmt: skip


_GONE = (Delivery.State.WITHDRAWN, Delivery.State.REFUSED, Delivery.State.ACCEPTED)
