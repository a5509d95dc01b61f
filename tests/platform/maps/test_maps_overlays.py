"""Overlays: accepted layers of deliveries on the map and on paper, for those who may see the delivery."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely
from delivered_scene import unit
from django.test import Client
from maps_reading import address, layers_of
from parcels_ground import SOUTH, WEST

from panhuo_platform.deliveries import commands
from panhuo_platform.organisations.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    """Two patches of land classes of the third survey over the squares, and one far away."""
    features = [
        {
            "type": "Feature",
            "properties": {"BSM": f"3700000000{k}", "DLBM": code, "DLMC": name, "TBMJ": 9000},
            "geometry": json.loads(shapely.to_geojson(shapely.box(x, SOUTH, x + 0.002, SOUTH + 0.001))),
        }
        for k, (x, code, name) in enumerate(
            [(WEST, "0601", "工业用地"), (WEST + 0.003, "0701", "城镇住宅用地"), (WEST + 1, "0101", "水田")]
        )
    ]
    file = tmp_path / "DLTB.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    return file


def test_an_accepted_layer_is_an_overlay(
    town: pl.DataFrame,
    signed_in: Callable[[str], Client],
    run_jobs: Callable[[], list[Any]],
    patches: Path,
    tmp_path: Path,
) -> None:
    bureau, street = signed_in("ju"), signed_in("jie")
    office = User.objects.get(username="ju")
    sent = commands.take_in(office, patches, sender=unit("ziran"), title="三调", township_code="")
    assert all(job.state == "done" for job in run_jobs())
    sent.refresh_from_db()
    assert sent.layers.get().role == "patches"
    tile = address(15, "overlay-patches", lon=WEST + 0.001)
    assert bureau.get(tile).status_code == 404  # not accepted yet
    commands.accept_layers(office, sent)
    overlay = bureau.get("/maps/layers").json()["layers"][-1]
    assert (overlay["id"], overlay["title"], overlay["on"]) == ("overlay-patches", "三调地类图斑", False)
    drawn = layers_of(bureau.get(tile), tmp_path)["overlay-patches"]
    assert {row["name"] for row in drawn} == {"工业用地", "城镇住宅用地"}
    # the land survey of the whole district is not a street's to see
    assert street.get(tile).status_code == 404
    assert [layer["id"] for layer in street.get("/maps/layers").json()["layers"]] == ["parcels", "townships", "legacy"]
    window = f"{WEST},{SOUTH - 0.001},{WEST + 0.006},{SOUTH + 0.002}"
    printed = bureau.get("/maps/print", {"window": window, "layers": "parcels,overlay-patches,overlay-nothing"})
    assert printed.status_code == 200
    assert printed["Content-Type"] == "application/pdf"


def test_plans_and_lines_of_the_whole_district_are_for_the_townships_too(
    town: pl.DataFrame, signed_in: Callable[[str], Client], run_jobs: Callable[[], list[Any]], tmp_path: Path
) -> None:
    """What the bureau publishes is drawn for everybody, under its name; what a township sent stays its own."""
    bureau, street = signed_in("ju"), signed_in("jie")
    office = User.objects.get(username="ju")
    where = json.loads(shapely.to_geojson(shapely.box(WEST, SOUTH, WEST + 0.002, SOUTH + 0.001)))
    for name, said, township in (
        ("控制线", {"KZXLX": "工业用地控制线", "KZXMC": "东区工业用地控制线"}, ""),
        ("规划分区", {"GHFQBM": "Q-1", "GHYTDM": "0701"}, "990112100"),
    ):
        feature = {"type": "Feature", "properties": said, "geometry": where}
        file = tmp_path / f"{name}.geojson"
        file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False), "utf-8")
        sent = commands.take_in(office, file, sender=unit("ziran"), title=name, township_code=township)
        run_jobs()
        role = "control_lines" if name == "控制线" else "zones"
        commands.describe_layer(office, sent.layers.get(), role=role)
        commands.check(office, sent)
        run_jobs()
        sent.refresh_from_db()
        commands.accept_layers(office, sent)

    assert [x["id"] for x in bureau.get("/maps/layers").json()["layers"]][-2:] == [
        "overlay-zones", "overlay-control_lines",
    ]  # fmt: skip
    told = [x["id"] for x in street.get("/maps/layers").json()["layers"]]
    assert told == ["parcels", "townships", "legacy", "overlay-control_lines"]
    drawn = layers_of(street.get(address(15, "overlay-control_lines", lon=WEST + 0.001)), tmp_path)
    assert [row["name"] for row in drawn["overlay-control_lines"]] == ["东区工业用地控制线"]
    assert street.get(address(15, "overlay-zones", lon=WEST + 0.001)).status_code == 404
    zones = layers_of(bureau.get(address(15, "overlay-zones", lon=WEST + 0.001)), tmp_path)["overlay-zones"]
    assert [row["name"] for row in zones] == ["0701 城镇住宅用地"]  # a code with its name
