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
    # what was delivered for the whole district is not a street's to see
    assert street.get(tile).status_code == 404
    assert [layer["id"] for layer in street.get("/maps/layers").json()["layers"]] == ["parcels", "townships", "legacy"]
    window = f"{WEST},{SOUTH - 0.001},{WEST + 0.006},{SOUTH + 0.002}"
    printed = bureau.get("/maps/print", {"window": window, "layers": "parcels,overlay-patches,overlay-nothing"})
    assert printed.status_code == 200
    assert printed["Content-Type"] == "application/pdf"
