"""Tiles: only what one may see, through one filter, and never anything that breaks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from django.test import Client
from maps_reading import address, layers_of
from parcels_ground import OTHER_TOWN, SOUTH, WEST, code, parcel, square

from panhuo_platform.parcels.models import Parcel

pytestmark = pytest.mark.django_db
SignedIn = Callable[[str], Client]


def drawn(client: Client, folder: Path, zoom: int = 15, layer: str = "parcels", **query: str) -> dict[str, Any]:
    answer = client.get(address(zoom, layer), query)
    if answer.status_code == 204:
        return {}
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/vnd.mapbox-vector-tile"
    return layers_of(answer, folder)


def test_a_tile_shows_the_parcels_of_ones_own_township(town: pl.DataFrame, signed_in: SignedIn, tmp_path: Path) -> None:
    ids = dict(Parcel.objects.values_list("code", "pk"))
    street = drawn(signed_in("jie"), tmp_path)["parcels"]
    assert {row["mvt_id"] for row in street} == {ids[code(k)] for k in (1, 2, 3)}
    bureau = drawn(signed_in("ju"), tmp_path)["parcels"]
    assert {row["mvt_id"] for row in bureau} == set(ids.values())
    told = {row["mvt_id"]: row for row in bureau}
    assert told[ids[code(1)]]["outcome"] == "identified"
    assert told[ids[code(1)]]["class"] == "IND-Y"
    assert told[ids[code(4, OTHER_TOWN)]]["outcome"] == ""
    assert not any("holder" in key for key in told[ids[code(1)]])


def test_from_afar_counts_by_cells_and_the_identified_parcels(
    town: pl.DataFrame, signed_in: SignedIn, tmp_path: Path
) -> None:
    client = signed_in("jie")
    near = drawn(client, tmp_path, zoom=13)
    assert [row["outcome"] for row in near["parcels"]] == ["identified"]
    for zoom in (13, 12, 8, 3, 0):
        cells = drawn(client, tmp_path, zoom=zoom)["cells"]
        assert sum(c["n"] for c in cells) == 3
        assert sum(c["identified"] for c in cells) == 1
        assert sum(c["ha"] for c in cells) == pytest.approx(2.99, abs=0.02)
    assert "parcels" not in drawn(client, tmp_path, zoom=11)
    bureau = drawn(signed_in("ju"), tmp_path, zoom=8)["cells"]
    assert sum(c["n"] for c in bureau) == 4


def test_the_filter_of_the_list_is_the_filter_of_the_map(
    town: pl.DataFrame, signed_in: SignedIn, tmp_path: Path
) -> None:
    client = signed_in("ju")
    assert len(drawn(client, tmp_path, outcome="unknown")["parcels"]) == 1
    assert len(drawn(client, tmp_path, q="纺织")["parcels"]) == 1
    assert len(drawn(client, tmp_path, township=OTHER_TOWN)["parcels"]) == 1
    assert drawn(client, tmp_path, zoom=9, outcome="unknown")["cells"][0]["n"] == 1
    assert drawn(client, tmp_path, outcome="excluded") == {}
    box = f"{WEST + 0.0021},{SOUTH},{WEST + 0.0029},{SOUTH + 0.001}"
    assert len(drawn(client, tmp_path, box=box)["parcels"]) == 1


def test_what_is_decided_is_on_the_map_at_once(town: pl.DataFrame, signed_in: SignedIn, tmp_path: Path) -> None:
    """Decisions leave an event in the audit; the next tile is another one."""
    from panhuo_platform.audit.commands import record
    from panhuo_platform.audit.models import AuditEvent
    from panhuo_platform.parcels.commands import set_outcomes

    client = signed_in("ju")
    before = client.get(address(15))
    again = client.get(address(15), headers={"If-None-Match": before["ETag"]})
    assert again.status_code == 304
    assert not again.content
    number = town["number"][1]
    set_outcomes(
        pl.DataFrame({"number": [number], "outcome": ["identified"], "main_class": ["COM"], "classes": ["[]"]})
    )
    record(AuditEvent.Action.DECIDED, "认定")
    after = client.get(address(15), headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200
    outcomes = [row["outcome"] for row in layers_of(after, tmp_path)["parcels"]]
    assert outcomes.count("identified") == 2
    assert drawn(client, tmp_path, zoom=10)["cells"][0]["identified"] == 2


def test_as_it_was_on_a_day(
    town: pl.DataFrame, put: Callable[..., pl.DataFrame], signed_in: SignedIn, tmp_path: Path
) -> None:
    put(parcel(6, shape=square(0)), day=date(2026, 3, 1))
    client = signed_in("ju")
    assert len(drawn(client, tmp_path)["parcels"]) == 5
    assert len(drawn(client, tmp_path, day="2026-02-28")["parcels"]) == 4
    assert len(drawn(client, tmp_path, day="2026-03-01")["parcels"]) == 5
    assert drawn(client, tmp_path, day="2024-12-31") == {}
    assert drawn(client, tmp_path, zoom=9, day="2026-02-28")["cells"][0]["n"] == 4
    assert drawn(client, tmp_path, zoom=9, day="2024-12-31") == {}
    assert client.get("/maps/days").json() == {"days": ["2025-01-01", "2026-03-01"]}


def test_names_are_drawn_close_up(town: pl.DataFrame, signed_in: SignedIn, tmp_path: Path) -> None:
    client = signed_in("jie")
    answer = client.get(address(16, lon=WEST + 0.0015))
    assert "纺织厂" in {row["name"] for row in layers_of(answer, tmp_path)["parcels"]}
    assert "name" not in drawn(client, tmp_path, zoom=15)["parcels"][0]


def test_townships_bear_their_figures(town: pl.DataFrame, signed_in: SignedIn, tmp_path: Path) -> None:
    names = drawn(signed_in("ju"), tmp_path, zoom=10, layer="townships")["township_names"]
    assert {(row["name"], row["n"], row["identified"]) for row in names} == {("鼓阳街道", 3, 1), ("望澜街道", 1, 0)}
    own = drawn(signed_in("jie"), tmp_path, zoom=10, layer="townships")["township_names"]
    assert [row["name"] for row in own] == ["鼓阳街道"]


def test_legacy_land_is_for_those_who_may_see_it(town: pl.DataFrame, signed_in: SignedIn, tmp_path: Path) -> None:
    from django.contrib.gis.geos import GEOSGeometry, MultiPolygon

    from panhuo_platform.parcels.models import LegacyParcel

    shape = MultiPolygon(GEOSGeometry(square(2, width=0.5).wkb_hex, srid=4490))
    LegacyParcel.objects.create(number="L1", township_code="990112001", situation="A", geometry=shape)
    LegacyParcel.objects.create(number="L2", township_code=OTHER_TOWN, situation="B", geometry=shape)
    assert [r["number"] for r in drawn(signed_in("jie"), tmp_path, layer="legacy")["legacy"]] == ["L1"]
    assert len(drawn(signed_in("ju"), tmp_path, layer="legacy")["legacy"]) == 2
    assert drawn(signed_in("ju"), tmp_path, zoom=8, layer="legacy") == {}


def test_an_empty_register_gives_empty_tiles(district: Any, signed_in: SignedIn) -> None:
    client = signed_in("ju")
    for zoom in (0, 9, 13, 15):
        answer = client.get(address(zoom))
        assert (answer.status_code, answer.content) == (204, b"")
    assert client.get("/maps/figures").json() == {
        "n": 0, "area_m2": 0.0, "box": None, "by": {"outcome": {}, "class": {}, "stage": {}},
    }  # fmt: skip


@pytest.mark.parametrize(
    "number", ["15/32768/0", "15/0/32768", "23/0/0", "99999999999/0/0", "15/99999999999999999999/1", "parcels/x/1"]
)
def test_tiles_that_do_not_exist(district: Any, signed_in: SignedIn, number: str) -> None:
    assert signed_in("ju").get(f"/maps/tiles/parcels/{number}.mvt").status_code == 404


def test_layers_that_do_not_exist(district: Any, signed_in: SignedIn) -> None:
    for layer in ("nothing", "overlay-1", "overlay-x", "overlay-", "auth_user"):
        assert signed_in("ju").get(address(15, layer)).status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        {"area_from": "1e400"},
        {"box": "1,2,3"},
        {"polygon": "0,0;1,1"},
        {"day": "0000-00-00"},
        {"upper": "'; DROP TABLE parcels_parcel; --"},
    ],
)
def test_what_cannot_be_understood_is_said(district: Any, signed_in: SignedIn, query: dict[str, str]) -> None:
    answer = signed_in("ju").get(address(15), query)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == list(query)


@pytest.mark.parametrize("text", ["'; DROP TABLE parcels_parcel; --", "%", "_", "\\", "\x00", "𠮷" * 100, "\udfff"])
def test_hostile_texts_find_nothing(town: pl.DataFrame, signed_in: SignedIn, text: str) -> None:
    client = signed_in("ju")
    sent = text.encode("utf-8", "surrogatepass")
    assert client.get(address(15), {"q": sent}).status_code in (200, 204, 400)
    assert client.get("/maps/search", {"q": sent}).status_code in (200, 400)
    assert Parcel.objects.count() == 4


def test_a_browser_that_cannot_unpack_gets_plain_tiles(town: pl.DataFrame, signed_in: SignedIn, tmp_path: Path) -> None:
    client = signed_in("ju")
    packed = client.get(address(15), headers={"Accept-Encoding": "gzip"})
    plain = client.get(address(15))
    assert packed["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain
    assert packed["ETag"] != plain["ETag"]
    assert layers_of(packed, tmp_path) == layers_of(plain, tmp_path)
    assert "private" in plain["Cache-Control"]
    assert {"Cookie", "Accept-Encoding"} <= {v.strip() for v in plain["Vary"].split(",")}
