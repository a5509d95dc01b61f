"""What another standard would turn, on the map: the same parcels as in the tables, where they lie, for who sees all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from panhuo.packs import NewValue
from panhuo_platform.identification import trials
from panhuo_platform.identification.commands import standards
from panhuo_platform.identification.models import Run, Trial
from panhuo_platform.identification.queries import whatif
from panhuo_platform.maps import changes
from panhuo_platform.parcels.models import Parcel

MOVED = {"standard.conditions.sparse:lt": "0.5", "standard.conditions.vacant:ge": "0.8"}


def ask(client: Client, address: str, **query: Any) -> dict[str, Any]:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer.content
    return answer.json()  # type: ignore[no-any-return]


def signed_in(user: Any) -> Client:
    user.must_change_password = False
    user.save()
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ju(office: Any) -> Client:
    return signed_in(office)


def test_the_map_tells_the_parcels_of_the_table(run: Run, office: Any, ju: Client) -> None:
    """From afar the cells add up to what flips; from near every flip is told once, with both outcomes."""
    address = reverse("maps:what_if_changes", args=[run.pk])
    answer = whatif.ask(office, run, whatif.values_of(run, MOVED))
    assert answer.flipped > 0
    change = {c["outcome"]: c["parcels"] - c["parcels_before"] for c in answer.counts()}
    for zoom in (0, 9, 12, 13):
        told = ask(ju, address, zoom=zoom, **MOVED)
        assert told["n"] == answer.flipped == sum(sum(cell[2:]) for cell in told["cells"])
        assert sum(cell[2] - cell[3] for cell in told["cells"]) == change["identified"]
        assert told["parcels"] == []
    told = ask(ju, address, zoom=15, **MOVED)
    assert told["cells"] == [] and told["more"] == 0
    codes = dict(Parcel.objects.values_list("pk", "code"))
    flips = {r["parcel_code"]: (r["outcome_before"], r["outcome"]) for r in answer.tried.flips.iter_rows(named=True)}
    assert {codes[pk]: (before, after) for pk, before, after in told["parcels"]} == flips
    west, south, east, north = told["box"]
    lon, lat = np.array([(c[0], c[1]) for c in ask(ju, address, zoom=9, **MOVED)["cells"]]).T
    assert (
        west - 1e-6 <= lon.min() and lon.max() <= east + 1e-6 and south - 1e-6 <= lat.min() <= lat.max() <= north + 1e-6
    )


def test_windows_share_out_the_parcels(run: Run, ju: Client) -> None:
    """Each flip lies in one of the windows into which the whole is cut, at its own place."""
    address = reverse("maps:what_if_changes", args=[run.pk])
    whole = ask(ju, address, zoom=16, **MOVED)
    west, south, east, north = whole["box"]
    x, y = (west + east) / 2 + 1e-9, (south + north) / 2 + 1e-9
    pad = 1e-6
    found: list[Any] = []
    for window in (
        (west - pad, south - pad, x, y), (x, south - pad, east + pad, y), (west - pad, y, x, north + pad),
        (x, y, east + pad, north + pad),
    ):  # fmt: skip
        told = ask(ju, address, zoom=16, window=",".join(map(str, window)), **MOVED)
        assert told["n"] == whole["n"], "the figure is that of everything"
        for pk, *_outcomes in told["parcels"]:
            shape = Parcel.objects.get(pk=pk).current.geometry.extent  # type: ignore[union-attr]
            middle = (shape[0] + shape[2]) / 2, (shape[1] + shape[3]) / 2
            assert window[0] - pad <= middle[0] <= window[2] + pad and window[1] - pad <= middle[1] <= window[3] + pad
        found += told["parcels"]
    assert sorted(found) == sorted(whole["parcels"])


def test_nothing_moved_turns_nothing_and_odd_values_are_not_read(run: Run, ju: Client) -> None:
    address = reverse("maps:what_if_changes", args=[run.pk])
    none = {"n": 0, "box": None, "cells": [], "parcels": [], "more": 0}
    odd = ({}, {"standard.conditions.sparse:lt": "nan"}, {"standard.conditions.sparse:lt": "x"}, {"zoom": "99999"})
    for query in odd:
        assert ask(ju, address, **query) == none
    assert ju.get(address, {"window": "1,2"}).status_code == 400
    assert ask(ju, address, zoom="9" * 5000) == none
    Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING)
    assert ju.get(address).status_code == 404, "not before all of it is loaded"
    Run.objects.filter(pk=run.pk).update(state=Run.State.LOADED)
    assert ju.get(reverse("maps:what_if_changes", args=[run.pk + 1])).status_code == 404


@pytest.mark.requirement("S1-13")
def test_a_trial_is_told_on_the_map_as_in_its_tables(
    run: Run, office: Any, ju: Client, district: Any, run_jobs: Callable[[], list[Any]]
) -> None:
    draft = standards.set_values(
        office, standards.draft(office, "从严"), [NewValue("standard.conditions.sparse", "lt", 0.5)]
    )
    standards.try_out(office, draft)
    run_jobs()
    trial = Trial.objects.get()
    told = ask(ju, reverse("maps:trial_changes", args=[trial.pk]), zoom=14)
    assert told["n"] == trial.flipped == len(told["parcels"]) > 0
    matrix: dict[tuple[str, str], int] = {}
    for row in trial.figures["matrix"]:
        key = (row["outcome_a"], row["outcome_b"])
        matrix[key] = matrix.get(key, 0) + row["parcels"]
    drawn: dict[tuple[str, str], int] = {}
    for _pk, before, after in told["parcels"]:
        drawn[before, after] = drawn.get((before, after), 0) + 1
    assert drawn == matrix
    page = ju.get(reverse("identification:trial", args=[draft.pk, trial.pk])).content.decode()
    assert page.count(reverse("maps:trial_changes", args=[trial.pk])) == 2
    # a street office sees no other street's parcels turn
    street = signed_in(district.user("gu", "township", "guyang"))
    assert street.get(reverse("maps:trial_changes", args=[trial.pk])).status_code == 404
    assert street.get(reverse("maps:what_if_changes", args=[run.pk]), MOVED).status_code in (403, 404)
    # its file is gone: said so, and no error of ours
    changes._of_file.cache_clear()
    trials.flips_of(trial).unlink()
    gone = ju.get(reverse("maps:trial_changes", args=[trial.pk]))
    assert gone.status_code == 400 and "重新试运行" in gone.json()["errors"]["trial"][0]
