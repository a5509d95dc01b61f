"""REST: parcels and jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
from django.test import Client
from django.utils import timezone
from parcels_ground import OTHER_TOWN, SIDE, SOUTH, TOWN, WEST, code

from panhuo_platform.jobs.commands import start
from panhuo_platform.parcels.models import Lineage, Parcel, ParcelVersion

pytestmark = pytest.mark.django_db
PARCELS = "/api/v1/parcels"
Programs = Callable[..., Client]


def codes(answer: Any) -> str:
    assert answer.status_code == 200, answer.content.decode()
    return "".join(p["code"][-1] for p in answer.json()["items"])


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "1245"),
        ({"q": "纺织"}, "1"),
        ({"township": TOWN}, "124"),
        ({"area_from": "20", "unit": "mu"}, "2"),
        ({"outcome": "-"}, "1245"),
        ({"box": f"{WEST + 1.2 * SIDE},{SOUTH},{WEST + 1.4 * SIDE},{SOUTH + SIDE}"}, "1"),
        ({"day": "2024-12-31"}, ""),
    ],
)
def test_the_filter_is_that_of_the_pages(
    people: Any, town: pl.DataFrame, program: Programs, query: dict[str, str], found: str
) -> None:
    assert codes(program(people.bureau).get(PARCELS, query)) == found


def test_pages_follow_each_other(people: Any, town: pl.DataFrame, program: Programs) -> None:
    reader, seen, after = program(people.bureau), "", ""
    for _k in range(9):
        answer = reader.get(PARCELS, {"limit": 2, "after": after} if after else {"limit": 2})
        seen += codes(answer)
        after = answer.json()["next"]
        if after is None:
            break
    assert seen == "1245"


@pytest.mark.parametrize("query", ["area_from=viel", "box=1", "unit=acre", "limit=0", "colour=red", "q=%00"])
def test_what_cannot_be_understood_is_said(people: Any, program: Programs, query: str) -> None:
    answer = program(people.bureau).get(f"{PARCELS}?{query}")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert answer.json()["zh"]


def test_a_township_finds_nothing_of_another(people: Any, town: pl.DataFrame, program: Programs) -> None:
    ours, theirs = program(people.street), town["number"][3]
    for query in ({}, {"township": OTHER_TOWN}, {"q": theirs}, {"day": "2025-06-01"}, {"after": "0"}):
        assert "5" not in codes(ours.get(PARCELS, query))
    assert ours.get(f"{PARCELS}/{theirs}").status_code == 404
    assert program(people.bureau).get(f"{PARCELS}/{theirs}").status_code == 200


def test_a_parcel_comes_with_its_versions_and_what_it_came_of(
    people: Any, town: pl.DataFrame, program: Programs
) -> None:
    number, child = town["number"][0], town["number"][1]
    old = ParcelVersion.objects.get(parcel__number=number)
    # on the first of July number 1 ended and lives on in number 2
    Parcel.objects.filter(number=number).update(status="ended", current=None)
    ParcelVersion.objects.filter(pk=old.pk).update(
        valid_to=date(2025, 7, 1), closed_at=timezone.now(), ended_by=old.change
    )
    later = ParcelVersion.objects.get(parcel__number=child)
    Lineage.objects.create(earlier=old, later=later, kind="split", common_m2=12.5)
    reader = program(people.street)
    told = reader.get(f"{PARCELS}/{number}").json()
    assert told["parcel"]["status"] == "ended"
    assert told["version"] is None
    assert [(v["n"], v["valid_to"]) for v in told["versions"]] == [(1, "2025-07-01")]
    assert told["lineage"] == [
        {"kind": "split", "earlier": number, "earlier_n": 1, "later": child, "later_n": 1, "common_m2": 12.5}
    ]
    then = reader.get(f"{PARCELS}/{number}?day=2025-06-30").json()["version"]
    assert then["geometry"]["type"] == "MultiPolygon"
    assert then["geometry"]["coordinates"][0][0][0] == pytest.approx([WEST + SIDE, SOUTH], abs=2 * SIDE)
    assert then["attributes"]["holder_name"] == "澄湖纺织有限公司"
    assert reader.get(f"{PARCELS}/{number}?day=2025-07-01").json()["version"] is None
    # before the ending was learned, the register held it to go on
    known = {"day": "2025-07-01", "known_on": old.recorded_at.isoformat()}
    assert reader.get(f"{PARCELS}/{number}", known).json()["version"]["n"] == 1
    for bad in ("day=1", "known_on=2025-01-01T00:00:00Z", "day=2025-01-01&known_on=2025-01-01T00:00:00", "x=1"):
        assert reader.get(f"{PARCELS}/{number}?{bad}").status_code == 400


def test_a_parcel_that_is_not_there(people: Any, town: pl.DataFrame, program: Programs) -> None:
    answer = program(people.bureau).get(f"{PARCELS}/{code(1)}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_the_wrong_method_is_answered_in_json(people: Any, program: Programs) -> None:
    answer = program(people.bureau).delete(PARCELS)
    assert answer.status_code == 403, "a token without the scope to write"
    browser = Client()
    browser.force_login(people.bureau)
    answer = browser.delete(PARCELS)
    assert (answer.status_code, answer.json()["code"], answer["Allow"]) == (405, "method", "GET")


def test_jobs_are_ones_own(people: Any, program: Programs, run_jobs: Any) -> None:
    job = start("trial.count", actor=people.street, arguments={"to": 3}, title="数一数")
    mine, others = program(people.street, "read", "run"), program(people.bureau, "read", "run")
    told = mine.get("/api/v1/jobs").json()
    assert (told["total"], told["items"][0]["title"], told["items"][0]["state"]) == (1, "数一数", "waiting")
    assert others.get("/api/v1/jobs").json()["total"] == 0
    for address in (f"/api/v1/jobs/{job.pk}", f"/api/v1/jobs/{job.pk}/cancel"):
        assert others.generic("POST" if address.endswith("cancel") else "GET", address).status_code == 404
    run_jobs()
    assert mine.get(f"/api/v1/jobs/{job.pk}").json()["state"] == "done"
    refused = mine.post(f"/api/v1/jobs/{job.pk}/cancel")
    assert refused.status_code == 422
    assert refused.json() == {
        "code": "refused", "zh": "任务已经结束，不能取消。", "en": refused.json()["en"],
    }  # fmt: skip
    assert mine.get("/api/v1/jobs?state=done").json()["total"] == 1
    assert mine.get("/api/v1/jobs?state=waiting").json()["total"] == 0
    assert mine.get("/api/v1/jobs?state=perhaps").status_code == 400
