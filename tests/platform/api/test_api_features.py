"""OGC API Features: what a GIS program reads of the register, and what it does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pyproj
import pytest
import shapely
from django.test import Client
from parcels_ground import OTHER_TOWN, SIDE, SOUTH, TOWN, WEST, code, square

from panhuo_platform.parcels import commands
from panhuo_platform.regions.models import Region

pytestmark = pytest.mark.django_db
OGC = "/api/ogc"
PARCELS = f"{OGC}/collections/parcels"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
Programs = Callable[..., Client]


def read(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, b"".join(answer) if answer.streaming else answer.content
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    found: dict[str, Any] = json.loads(content)
    return found


def codes(page: dict[str, Any]) -> str:
    """Which parcels a page holds, by the last digit of their codes."""
    return "".join(f["properties"]["parcel_code"][-1] for f in page["features"])


def shape(feature: dict[str, Any]) -> shapely.Geometry:
    return shapely.from_geojson(json.dumps(feature["geometry"]))


@pytest.fixture
def bureau(people: Any, program: Programs, town: pl.DataFrame) -> Client:
    return program(people.bureau)


def test_a_program_finds_its_way_from_the_landing_page(bureau: Client) -> None:
    landing = read(bureau.get(f"{OGC}/"))
    links = {link["rel"]: link["href"] for link in landing["links"]}
    assert {"self", "alternate", "service-desc", "service-doc", "conformance", "data"} <= set(links)
    assert read(bureau.get(links["service-desc"]))["openapi"].startswith("3.1")
    classes = read(bureau.get(links["conformance"]))["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in classes
    assert not any("oas30" in c or "cql2" in c for c in classes)
    data = read(bureau.get(links["data"]))
    assert [c["id"] for c in data["collections"]] == ["parcels", "identified", "legacy", "townships"]
    found = data["collections"][0]
    rels = {link["rel"]: link["href"] for link in reversed(found["links"])}
    assert read(bureau.get(rels["self"]))["id"] == "parcels"
    assert codes(read(bureau.get(rels["items"]))) == "1245"
    assert read(bureau.get(rels["describedby"]))["properties"]["area_m2"]["type"] == "number"
    assert found["extent"]["spatial"]["bbox"][0] == pytest.approx(
        [WEST + SIDE, SOUTH, WEST + 6 * SIDE, SOUTH + SIDE], abs=1e-12
    )
    assert found["extent"]["temporal"]["interval"] == [["2025-01-01", None]]


def test_a_feature_is_the_parcel_as_it_stands(bureau: Client, town: pl.DataFrame) -> None:
    page = read(bureau.get(f"{PARCELS}/items"))
    assert (page["numberMatched"], page["numberReturned"]) == (4, 4)
    first, second = page["features"][:2]
    assert first["id"] == town["number"][0]
    told = first["properties"]
    assert (told["holder_name"], told["declared_area_m2"], told["valid_from"]) == (
        "澄湖纺织有限公司", 9000.0, "2025-01-01",
    )  # fmt: skip
    assert told["features"] is None, "every feature has every property, so that clients see one table"
    assert second["properties"]["features"] == ["厂房闲置", "设备停用"]
    assert shapely.equals(shape(first), square(1))
    assert shape(first).bounds == square(1).bounds
    one = read(bureau.get(f"{PARCELS}/items/{first['id']}"))
    assert one.pop("links")
    assert one == first


def test_pages_follow_each_other_without_loss(bureau: Client) -> None:
    address, seen = f"{PARCELS}/items?limit=1&township_code={TOWN}", ""
    for _k in range(10):
        page = read(bureau.get(address))
        seen += codes(page)
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        address = following[0]
    assert seen == "124"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"bbox": f"{WEST + 1.2 * SIDE},{SOUTH},{WEST + 1.4 * SIDE},{SOUTH + SIDE}"}, "1"),
        ({"bbox": f"{WEST + 1.2 * SIDE},{SOUTH},-9,{WEST + 1.4 * SIDE},{SOUTH + SIDE},9"}, "1"),
        ({"bbox": f"{WEST + 4.5 * SIDE},{SOUTH + SIDE / 2},{WEST + 4.5 * SIDE},{SOUTH + SIDE / 2}"}, "4"),
        ({"bbox": f"{WEST + 4.5 * SIDE},{SOUTH},-170,{SOUTH + SIDE}"}, "45"),
        ({"bbox": f"{SOUTH},{WEST + 1.2 * SIDE},{SOUTH + SIDE},{WEST + 1.4 * SIDE}", "bbox-crs": f"{EPSG}4490"}, "1"),
        ({"bbox": f"{SOUTH},{WEST + 1.2 * SIDE},{SOUTH + SIDE},{WEST + 1.4 * SIDE}", "bbox-crs": f"{EPSG}4326"}, "1"),
        ({"bbox": "0,0,1,1"}, ""),
        ({"parcel_code": code(2)}, "2"),
        ({"township_code": OTHER_TOWN}, "5"),
        ({"township_code": "990112"}, ""),
        ({"registered_use": "0601"}, "1"),
        ({"in_upper_register": "false", "parcel_name": "纺织厂"}, "1"),
        ({"in_upper_register": "true"}, ""),
        ({"datetime": "2025-01-01"}, "1245"),
        ({"datetime": "2024-12-31T15:59:59Z"}, ""),
        ({"datetime": "2024-12-31T16:00:00Z"}, "1245"),
        ({"datetime": "../2024-12-31"}, ""),
        ({"datetime": "2024-01-01/2026-01-01"}, "1245"),
        ({"datetime": "../.."}, "1245"),
    ],
)
def test_box_time_and_properties_narrow(bureau: Client, query: dict[str, str], found: str) -> None:
    page = read(bureau.get(f"{PARCELS}/items", query))
    assert codes(page) == found
    assert page["numberMatched"] == len(found)


def test_a_box_in_a_zone_of_three_degrees(bureau: Client) -> None:
    there = pyproj.Transformer.from_crs(4490, 4527, always_xy=True).transform
    east, north = there(WEST + 1.5 * SIDE, SOUTH + SIDE / 2)
    box = f"{north - 1},{east - 1},{north + 1},{east + 1}"
    assert codes(read(bureau.get(f"{PARCELS}/items", {"bbox": box, "bbox-crs": f"{EPSG}4527"}))) == "1"


@pytest.mark.parametrize("epsg", [4326, 4490, 3857, 4527, 4548])
def test_coordinates_come_in_the_order_of_their_system(bureau: Client, epsg: int) -> None:
    answer = bureau.get(f"{PARCELS}/items", {"crs": f"{EPSG}{epsg}", "parcel_code": code(1)})
    assert answer["Content-Crs"] == f"<{EPSG}{epsg}>"
    drawn = shape(read(answer)["features"][0])
    # PROJ in the order of the authority, asked independently
    expected = shapely.transform(
        square(1), pyproj.Transformer.from_crs("OGC:CRS84", f"EPSG:{epsg}").transform, interleaved=False
    )
    assert shapely.hausdorff_distance(drawn, expected) < (1e-9 if epsg in (4326, 4490) else 1e-3)


def test_without_a_system_it_is_longitude_first(bureau: Client) -> None:
    answer = bureau.get(f"{PARCELS}/items", {"parcel_code": code(1)})
    assert answer["Content-Crs"] == f"<{CRS84}>"
    assert shape(read(answer)["features"][0]).bounds[0] == square(1).bounds[0]


def test_the_zones_are_those_of_the_place(bureau: Client) -> None:
    data = read(bureau.get(f"{OGC}/collections"))
    assert data["crs"] == [CRS84, *(f"{EPSG}{n}" for n in (4490, 4326, 3857, 4527, 4548))]
    assert bureau.get(f"{PARCELS}/items", {"crs": f"{EPSG}4528"}).status_code == 400


def test_versions_of_other_days_have_names_of_their_own(
    bureau: Client, put: Callable[..., pl.DataFrame], town: pl.DataFrame
) -> None:
    from panhuo_platform.parcels.models import Parcel, ParcelVersion

    number = town["number"][0]
    # the parcel was measured anew in July
    old = ParcelVersion.objects.get(parcel__number=number)
    change = old.change
    Parcel.objects.filter(number=number).update(status="ended", current=None)
    ParcelVersion.objects.filter(pk=old.pk).update(valid_to=date(2025, 7, 1), closed_at=change.at, ended_by=change)
    old.refresh_from_db()
    new = ParcelVersion.objects.create(
        parcel=old.parcel, n=2, township_code=TOWN, code=old.code, valid_from=date(2025, 7, 1), recorded_at=change.at,
        reason="edited", change=change, geometry=old.geometry, area_m2=1.0, attributes={"parcel_name": "新厂"},
    )  # fmt: skip
    Parcel.objects.filter(number=number).update(status="alive", current=new)
    asked = {"parcel_code": code(1)}
    assert [f["id"] for f in read(bureau.get(f"{PARCELS}/items", asked))["features"]] == [number]
    for when, names in (
        ("2025-03-01", [f"{number}.1"]),
        ("2025-07-01", [f"{number}.2"]),
        ("2025-01-01/2025-12-31", [f"{number}.1", f"{number}.2"]),
        ("2025-07-01/..", [f"{number}.2"]),
    ):
        page = read(bureau.get(f"{PARCELS}/items", asked | {"datetime": when}))
        assert [f["id"] for f in page["features"]] == names
    assert read(bureau.get(f"{PARCELS}/items/{number}.1"))["properties"]["parcel_name"] == "纺织厂"
    assert read(bureau.get(f"{PARCELS}/items/{number}.2"))["properties"]["parcel_name"] == "新厂"
    page = read(bureau.get(f"{PARCELS}/items", asked | {"datetime": "../..", "limit": "1"}))
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert [f["id"] for f in read(bureau.get(following))["features"]] == [f"{number}.2"]


def test_identified_parcels_are_a_collection_of_their_own(bureau: Client, town: pl.DataFrame) -> None:
    found = pl.DataFrame(
        {"number": town["number"][:1], "outcome": ["identified"], "main_class": ["A"], "classes": [["A"]]},
        schema_overrides={"classes": pl.List(pl.String)},
    )
    assert read(bureau.get(f"{OGC}/collections/identified/items"))["features"] == []
    commands.set_outcomes(found)
    page = read(bureau.get(f"{OGC}/collections/identified/items"))
    assert codes(page) == "1"
    assert page["features"][0]["properties"]["classes"] == ["A"]
    assert codes(read(bureau.get(f"{OGC}/collections/identified/items?main_class=B"))) == ""


def test_townships_are_no_secret(bureau: Client, people: Any, program: Programs) -> None:
    from django.contrib.gis.geos import GEOSGeometry

    Region.objects.filter(code=TOWN).update(boundary=GEOSGeometry(f"SRID=4490;MULTI{square(1).wkt}".replace(
        "POLYGON ((", "POLYGON (((").replace("))", ")))")))  # fmt: skip
    page = read(program(people.street).get(f"{OGC}/collections/townships/items?limit=1000"))
    names = {f["properties"]["code"]: f for f in page["features"]}
    assert {TOWN, OTHER_TOWN} <= set(names)
    assert shapely.equals(shape(names[TOWN]), square(1))
    assert names[OTHER_TOWN]["geometry"] is None
    one = read(bureau.get(f"{OGC}/collections/townships/items/{names[TOWN]['id']}"))
    assert one["properties"]["name"] == "鼓阳街道"


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=many", "bbox=1,2,3", "bbox=a,b,c,d", "bbox=1,5,2,4", "bbox=nan,0,1,1",
        "bbox=1,1,2,2&bbox-crs=EPSG:4490", "crs=EPSG:4490", "crs=http://www.opengis.net/def/crs/EPSG/0/999999",
        "datetime=yesterday", "datetime=2026-01-02/2026-01-01", "datetime=2026-01-01T00:00:00", "datetime=",
        "unknown=1", "limit=1&limit=2", "f=xml", "in_upper_register=perhaps", "parcel_code=%00",
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused_in_words(bureau: Client, query: str) -> None:
    answer = bureau.get(f"{PARCELS}/items?{query}")
    assert answer.status_code == 400
    told = answer.json()
    assert told["code"] == "invalid"
    assert told["zh"]
    assert told["en"].isascii()


@pytest.mark.parametrize("name", ["none", "990112001P9999999", "990112001P0000001.9", "a.b", "..", "1.99999999999"])
def test_what_is_not_there_is_404(bureau: Client, name: str) -> None:
    assert bureau.get(f"{PARCELS}/items/{name}").status_code == 404
    assert bureau.get(f"{OGC}/collections/townships/items/{name}").status_code == 404
    assert bureau.get(f"{OGC}/collections/{name}").status_code == 404


def test_people_get_pages(people: Any, town: pl.DataFrame, client: Client) -> None:
    client.force_login(people.bureau)
    for address in ("/", "/conformance", "/collections", "/collections/parcels", "/collections/parcels/queryables",
                    "/collections/parcels/schema", "/collections/parcels/items", "/collections/legacy/items",
                    f"/collections/parcels/items/{town['number'][0]}"):  # fmt: skip
        answer = client.get(OGC + address, headers={"Accept": "text/html,application/xhtml+xml"})
        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/html"), address
    page = client.get(f"{PARCELS}/items?f=html&limit=2").content.decode()
    assert "澄湖纺织有限公司" in page
    assert "下一页" in page
    assert "http://testserver" not in page


def test_a_head_has_no_content(bureau: Client) -> None:
    answer = bureau.head(f"{PARCELS}/items")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/geo+json"
    assert answer.content == b""


def test_a_township_sees_nothing_of_another_by_any_way(
    people: Any, program: Programs, token: Callable[..., str], town: pl.DataFrame, client: Client
) -> None:
    theirs = town["number"][3]
    everywhere = {"bbox": "-180,-90,180,90"}
    ours, bureau = program(people.street), program(people.bureau)
    assert codes(read(bureau.get(f"{PARCELS}/items"))) == "1245"
    for query in (
        {}, everywhere, {"datetime": "../.."}, {"datetime": "2025-06-01"}, {"crs": f"{EPSG}4527"},
        {"bbox": "-1000000,-1000000,50000000,50000000", "bbox-crs": f"{EPSG}3857"},
        {"after": "0"}, {"after": f"{town['number'][0][:9]}"}, {"limit": "10000"},
    ):  # fmt: skip
        assert "5" not in codes(read(ours.get(f"{PARCELS}/items", query))), query
    for query in (
        {"number": theirs}, {"parcel_code": code(5, OTHER_TOWN)}, {"township_code": OTHER_TOWN},
        {"number": theirs, "datetime": "2025-06-01"},
    ):  # fmt: skip
        page = read(ours.get(f"{PARCELS}/items", query))
        assert page["features"] == []
        assert page["numberMatched"] == 0
    for name in (theirs, f"{theirs}.1"):
        assert bureau.get(f"{PARCELS}/items/{name}").status_code == 200
        assert ours.get(f"{PARCELS}/items/{name}").status_code == 404
        assert ours.get(f"{PARCELS}/items/{name}?crs={EPSG}3857").status_code == 404
    box = read(ours.get(PARCELS))["extent"]["spatial"]["bbox"][0]
    assert box[2] < WEST + 5 * SIDE + 1e-9, "not even how far the others' parcels reach"
    client.force_login(people.street)
    assert codes(read(client.get(f"{PARCELS}/items"))) == "124"
    assert codes(read(program(people.other).get(f"{PARCELS}/items"))) == "5"


def test_who_has_no_business_with_parcels_knows_of_no_such_collection(
    district: Any, people: Any, program: Programs
) -> None:
    from panhuo_platform.organisations.models import User

    clerk = User.objects.get(pk=district.system.pk)
    reader = program(clerk)
    assert [c["id"] for c in read(reader.get(f"{OGC}/collections"))["collections"]] == ["townships"]
    assert reader.get(f"{PARCELS}/items").status_code == 404
