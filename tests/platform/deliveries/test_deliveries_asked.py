"""Asking units for data: due days, reminders, what has come in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from delivered_scene import TOWN, Deliver, unit
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from panhuo_platform.deliveries import commands, queries
from panhuo_platform.deliveries.models import DataRequest


def test_a_unit_is_asked_reminded_and_done_when_its_data_are_accepted(
    office: Any, tax: Any, demo: Path, run_jobs: Any
) -> None:
    today = timezone.localdate()
    due = today + timedelta(days=20)
    request = commands.ask(
        office, unit=unit("shuiwu"), role="economy", due=due, note="2024、2025 两年", reminders=[7, 1, 0]
    )
    kinds = {n: [r.kind for r in queries.reminders(due + timedelta(days=n))] for n in range(-20, 22)}
    assert {n: k for n, k in kinds.items() if k} == {
        -7: ["soon"], -1: ["soon"], 0: ["today"], 7: ["late"], 14: ["late"], 21: ["late"],
    }  # fmt: skip
    assert list(queries.late(tax, due + timedelta(days=1))) == [request]
    row = commands.open_delivery(tax, sender=unit("shuiwu"), title="税收", request=request)
    book = (demo / "06企业" / "经济指标.xlsx").read_bytes()
    upload = commands.begin_upload(tax, row, name="经济指标.xlsx", size=len(book))
    commands.put_part(tax, upload, offset=0, part=book)
    commands.receive(tax, row)
    assert [j.state for j in run_jobs()] == ["done", "done"]
    commands.accept_layers(office, row)
    request.refresh_from_db()
    assert request.state == "met"
    assert queries.reminders(due) == []
    commands.undo(office, row)
    request.refresh_from_db()
    assert request.state == "open"
    commands.cancel_request(office, request)
    assert queries.reminders(due) == []


def test_what_was_asked_for_is_done_also_where_the_sender_did_not_say_so(
    office: Any, tax: Any, demo: Path, deliver: Deliver
) -> None:
    request = commands.ask(office, unit=unit("shuiwu"), role="economy", due=timezone.localdate())
    other = commands.ask(office, unit=unit("shuiwu"), role="safety", due=timezone.localdate())
    row = deliver(tax, demo / "06企业" / "经济指标.xlsx", sender="shuiwu")
    commands.accept_layers(office, row)
    request.refresh_from_db()
    other.refresh_from_db()
    assert (request.state, request.met_by, other.state) == ("met", row, "open")


def test_only_the_office_asks_and_only_sensible_things(office: Any, town: Any, tax: Any) -> None:
    today = timezone.localdate()
    for other in (town, tax):
        with pytest.raises(PermissionDenied):
            commands.ask(other, unit=unit("shuiwu"), role="economy", due=today)
    with pytest.raises(ValidationError, match="早于今天"):
        commands.ask(office, unit=unit("shuiwu"), role="economy", due=today - timedelta(days=1))
    with pytest.raises(ValidationError, match="没有这种数据"):
        commands.ask(office, unit=unit("shuiwu"), role="taxes", due=today)
    commands.ask(office, unit=unit("shuiwu"), role="economy", due=today)
    with pytest.raises(ValidationError, match="已向该单位要过"):
        commands.ask(office, unit=unit("shuiwu"), role="economy", due=today)


def test_one_sees_what_ones_unit_was_asked_for(office: Any, town: Any, tax: Any) -> None:
    today = timezone.localdate()
    mine = commands.ask(office, unit=unit("shuiwu"), role="economy", due=today)
    theirs = commands.ask(office, unit=unit("shiqiaobu"), role="parcels", due=today, township_code=TOWN)
    assert list(DataRequest.objects.visible_to(tax)) == [mine]
    assert list(DataRequest.objects.visible_to(town)) == [theirs]
    assert DataRequest.objects.visible_to(office).count() == 2


@pytest.mark.requirement("S0-34")
def test_what_has_come_in_is_counted_by_township_and_unit(
    office: Any, town: Any, tax: Any, parcels_zip: Path, deliver: Deliver
) -> None:
    today = timezone.localdate()
    commands.ask(office, unit=unit("shuiwu"), role="economy", due=today)
    row = deliver(town, parcels_zip, sender="shiqiaobu", township=TOWN)
    towns, units = queries.completeness(office, today + timedelta(days=1))
    assert len(towns) == 12
    mine = next(t for t in towns if t.code == TOWN)
    assert (mine.delivered, mine.accepted, mine.errors) == (1, 0, 2)
    assert sum(t.delivered for t in towns) == 1
    assert [(u.name, u.open, u.late) for u in units if u.open] == [("区税务局", 1, 1)]
    commands.mark_accepted(row, office)
    mine = next(t for t in queries.completeness(office, today)[0] if t.code == TOWN)
    assert (mine.accepted, mine.rows, mine.errors) == (1, 7, 0)
    _towns, seen = queries.completeness(tax, today)
    assert [u.name for u in seen] == ["区税务局"]
