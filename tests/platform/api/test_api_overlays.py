"""OGC API Features: layers that were delivered and accepted beside the parcels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import shapely
from delivered_scene import square, unit
from django.test import Client

from panhuo import exchange
from panhuo.land.crs import Crs
from panhuo_platform.deliveries import commands
from panhuo_platform.deliveries.models import Delivery

pytestmark = pytest.mark.django_db
LINES = "/api/ogc/collections/overlay-control_lines"


def read(answer: Any) -> Any:
    assert answer.status_code == 200
    return json.loads(b"".join(answer.streaming_content) if answer.streaming else answer.content)


@pytest.fixture
def lines(people: Any, run_jobs: Any, tmp_path: Path, settings: Any) -> Delivery:
    """Three control lines of the bureau, accepted."""
    settings.MEDIA_ROOT = tmp_path / "attachments"
    table = pl.DataFrame(
        {"控制线类型": ["永久基本农田", "生态保护红线", "生态保护红线"], "控制线名称": ["甲", "乙", "丙"]}
    )
    layer = exchange.Layer(
        name="控制线", source="控制线.gpkg", driver="GPKG", table=table.to_arrow(), crs=Crs.from_epsg(4527),
        geometry=pa.array(shapely.to_wkb([square(k) for k in (1, 2, 3)]), pa.large_binary()), geometry_type="Polygon",
    )  # fmt: skip
    exchange.write([layer], tmp_path / "控制线.gpkg")
    row = commands.take_in(people.bureau, tmp_path / "控制线.gpkg", sender=unit("ziran"), title="控制线")
    run_jobs()
    row.refresh_from_db()
    described = row.layers.get()
    if described.role != "control_lines":
        commands.describe_layer(people.bureau, described, role="control_lines")
        commands.check(people.bureau, row)
        run_jobs()
        row.refresh_from_db()
    return commands.accept_layers(people.bureau, row)


def test_accepted_layers_are_collections(lines: Delivery, people: Any, program: Callable[..., Client]) -> None:
    bureau = program(people.bureau)
    told = read(bureau.get("/api/ogc/collections"))["collections"]
    assert [c["id"] for c in told][4:] == ["overlay-control_lines"]
    west, south, east, north = told[4]["extent"]["spatial"]["bbox"][0]
    page = read(bureau.get(f"{LINES}/items"))
    assert page["numberMatched"] == 3
    assert [f["properties"]["line_name"] for f in page["features"]] == ["甲", "乙", "丙"]
    first = shapely.from_geojson(json.dumps(page["features"][0]["geometry"]))
    assert west == pytest.approx(first.bounds[0], abs=1e-12)
    assert west < east and south < north

    name = page["features"][1]["id"]
    one = read(bureau.get(f"{LINES}/items/{name}"))
    assert one["properties"] == page["features"][1]["properties"]
    assert bureau.get(f"{LINES}/items/{name}9").status_code == 404
    box = ",".join(map(str, first.buffer(-1e-5).bounds))
    assert [f["properties"]["line_name"] for f in read(bureau.get(f"{LINES}/items?bbox={box}"))["features"]] == ["甲"]
    found = read(bureau.get(f"{LINES}/items", {"line_kind": "生态保护红线"}))
    assert [f["properties"]["line_name"] for f in found["features"]] == ["乙", "丙"]
    moved = read(bureau.get(f"{LINES}/items", {"crs": "http://www.opengis.net/def/crs/EPSG/0/4490", "limit": "1"}))
    turned = shapely.from_geojson(json.dumps(moved["features"][0]["geometry"]))
    assert turned.bounds[0] == pytest.approx(first.bounds[1])
    names, address = "", f"{LINES}/items?limit=1"
    while address:
        page = read(bureau.get(address))
        names += page["features"][0]["properties"]["line_name"]
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert names == "甲乙丙"


def test_a_layer_that_is_in_force_no_more_is_gone(lines: Delivery, people: Any, program: Callable[..., Client]) -> None:
    bureau = program(people.bureau)
    assert bureau.get(f"{LINES}/items").status_code == 200
    commands.undo(people.bureau, lines)
    assert bureau.get(f"{LINES}/items").status_code == 404


def test_who_does_not_see_the_delivery_sees_no_collection(
    lines: Delivery, people: Any, program: Callable[..., Client]
) -> None:
    street = program(people.street)
    assert street.get(LINES).status_code == 404
    assert street.get(f"{LINES}/items").status_code == 404
    assert street.get("/api/ogc/collections/overlay-none").status_code == 404
