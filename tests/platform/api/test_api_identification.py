"""REST: starting a run, following its job, reading verdicts and the card of a parcel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from identification_scene import DAY, make_scene

from panhuo_platform.organisations.models import User

pytestmark = pytest.mark.django_db
RUNS = "/api/v1/runs"


def test_a_run_by_a_program(
    district: Any, people: Any, program: Callable[..., Client], run_jobs: Any, tmp_path: Path, settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from panhuo_platform.identification import inputs
    from panhuo_platform.identification.commands import standards
    from panhuo_platform.parcels.models import Change, Parcel
    from panhuo_platform.parcels.writing import begin, put

    settings.HOME = tmp_path
    scene = make_scene(tmp_path / "scene")
    with transaction.atomic():
        put(begin(Change.Kind.DELIVERED, None, date(2025, 1, 1)), *scene.parcels)
    given = [inputs.Given(**layer) for layer in scene.layers]
    monkeypatch.setattr(inputs, "delivered", lambda run: iter(given))

    starter = program(people.bureau, "read", "run")
    refused = starter.post(RUNS, {"on": DAY.isoformat()}, content_type="application/json")
    assert refused.status_code == 422, "no standard is in force yet"
    assert "认定标准" in refused.json()["zh"]

    leader = district.user("zuzhang", "leader", "quzhengfu")
    version = standards.draft(people.bureau, "澄湖区低效用地认定标准")
    standards.approve(leader, version, starts_on=date(2026, 1, 1), document="澄政发〔2026〕1号")
    assert program(people.bureau).post(RUNS, {}, content_type="application/json").json()["code"] == "scope"
    street = program(people.street, "read", "run")
    assert street.post(RUNS, {"on": DAY.isoformat()}, content_type="application/json").status_code == 403

    answer = starter.post(RUNS, {"on": DAY.isoformat(), "title": "程序发起"}, content_type="application/json")
    assert answer.status_code == 201, answer.content.decode()
    here = f"{RUNS}/{answer.json()['key']}"
    assert answer.json()["job"]["state"] == "waiting"
    assert starter.get(f"{here}/verdicts").json() == {"items": [], "next": None}
    run_jobs()
    told = starter.get(here).json()
    assert (told["state"], told["job"]["state"]) == ("loaded", "done"), told["job"]
    assert sum(t["parcels"] for t in told["totals"]) == Parcel.objects.count()
    assert starter.get(RUNS).json()["total"] == 1

    everything, after = [], ""
    while after is not None:
        page = starter.get(f"{here}/verdicts?limit=25{after and '&after=' + after}").json()
        everything += page["items"]
        after = page["next"]
    assert len(everything) == Parcel.objects.count()
    some = told["totals"][0]
    narrowed = starter.get(f"{here}/verdicts?limit=1000&outcome={some['outcome']}").json()["items"]
    assert len(narrowed) == some["parcels"]

    # a township reads what was found of its own parcels, and nothing else
    town = everything[0]["township_code"]
    from panhuo_platform.organisations.models import Organisation

    unit = Organisation.objects.get(kind="township", region__code=town)
    clerk = district.user("zhen", "township", unit.code)
    User.objects.filter(pk=clerk.pk).update(must_change_password=False)
    reader = program(User.objects.get(pk=clerk.pk))
    own = reader.get(f"{here}/verdicts?limit=1000").json()["items"]
    assert own == [v for v in everything if v["township_code"] == town]
    assert sum(t["parcels"] for t in reader.get(here).json()["totals"]) == len(own)
    others = next(v["number"] for v in everything if v["township_code"] != town)
    assert reader.get(f"/api/v1/verdicts/{others}").status_code == 404
    card = reader.get(f"/api/v1/verdicts/{own[0]['number']}").json()
    assert card["parcel"]["number"] == own[0]["number"]
    assert card["outcome"] == own[0]["outcome"]
    lines = [line for section in card["sections"] for line in section["lines"]]
    assert lines
    assert all({"zh", "en"} <= set(line["text"]) for line in lines if line["text"])
