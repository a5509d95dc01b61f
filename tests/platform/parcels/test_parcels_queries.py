"""What the register answers: its parcels, who sees them, filters, frames."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
import shapely
import shapely.affinity
from django.core.exceptions import ValidationError
from django.http import QueryDict
from parcels_ground import OTHER_TOWN, SIDE, SOUTH, TOWN, WEST, code, parcel, square

from panhuo_platform.parcels import commands, queries
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Parcel, ParcelVersion

pytestmark = pytest.mark.django_db
Put = Callable[..., pl.DataFrame]


@pytest.fixture
def town(put: Put) -> pl.DataFrame:
    """Three parcels in one township, one in another."""
    return put(
        parcel(1, parcel_name="纺织厂", holder_name="澄湖纺织有限公司", registered_use="0601", declared_area_m2=9000.0),
        parcel(2, shape=square(2, width=2), registered_use="0701", features=["厂房闲置", "设备停用"], willing=True),
        parcel(3, registration_date=date(2019, 5, 1), stated_plot_ratio=0.45),
        parcel(4, parcel_code=code(4, OTHER_TOWN), township_code=OTHER_TOWN, built_year=1994),
    )


def codes(rows: Any) -> list[str]:
    return [p.code for p in rows.order_by("number")]


def asked(**query: Any) -> ParcelFilter:
    return ParcelFilter.parse(query)


def test_numbers_are_permanent_and_counted_on_in_their_division(town: pl.DataFrame, put: Put) -> None:
    assert town["number"].to_list() == [f"{TOWN}P000000{k}" for k in (1, 2, 3)] + [f"{OTHER_TOWN}P0000001"]
    assert put(parcel(9))["number"].to_list() == [f"{TOWN}P0000004"]


def test_a_version_keeps_what_was_delivered_and_the_areas_of_the_library(town: pl.DataFrame) -> None:
    first = ParcelVersion.objects.get(code=code(1))
    assert first.declared_area_m2 == 9000.0
    assert first.attributes["holder_name"] == "澄湖纺织有限公司"
    assert first.area_m2 == pytest.approx(9970, rel=0.01)  # 0.001° at 36.25° north: 111 m by 90 m
    assert first.planar_area_m2 == pytest.approx(first.area_m2, rel=1e-3)
    assert first.planar_area_m2 != first.area_m2
    assert first.geometry.geom_type == "MultiPolygon"
    assert first.geometry.srid == 4490
    assert first.geometry.extent == square(1).bounds
    second = ParcelVersion.objects.get(code=code(2))
    assert second.attributes["features"] == ["厂房闲置", "设备停用"]
    assert second.attributes["willing"] is True
    third = ParcelVersion.objects.get(code=code(3))
    assert third.attributes["registration_date"] == "2019-05-01"
    assert "holder_name" not in third.attributes


def test_where_no_zone_reaches_there_is_no_area_in_the_plane(put: Put) -> None:
    put(parcel(1), parcel(2, shape=shapely.affinity.translate(square(1), xoff=-160)))
    here, there = ParcelVersion.objects.order_by("code")
    assert there.planar_area_m2 is None
    assert there.area_m2 == pytest.approx(here.area_m2, rel=1e-9)


def test_a_township_sees_its_own_and_the_bureau_everything(town: pl.DataFrame, district: Any) -> None:
    street, bureau = district.user("jie", "township", "guyang"), district.user("ju", "office", "ziran")
    assert codes(queries.parcels(street)) == [code(1), code(2), code(3)]
    assert len(codes(queries.parcels(bureau))) == 4
    assert not queries.parcels(district.system).exists()
    assert ParcelVersion.objects.visible_to(street).count() == 3
    frame, shapes = queries.frame(street)
    assert frame["parcel_code"].to_list() == [code(1), code(2), code(3)]
    assert len(shapes) == 3


def test_a_frame_gives_back_what_was_put(town: pl.DataFrame) -> None:
    frame, shapes = queries.frame()
    assert frame["number"].to_list() == sorted(town["number"].to_list())
    row = frame.row(1, named=True)
    assert (row["features"], row["willing"], row["registered_use"]) == (["厂房闲置", "设备停用"], True, "0701")
    assert row["valid_from"] == date(2025, 1, 1)
    assert frame["registration_date"].to_list() == [None, None, date(2019, 5, 1), None]
    assert frame["built_year"].to_list() == [None, None, None, 1994]
    assert shapely.equals(shapely.from_wkb(shapes[1].as_py()), square(2, width=2))
    bare, none = queries.frame(attributes=False, geometry=False)
    assert "parcel_code" not in bare.columns
    assert none.null_count == 4


def test_pieces_follow_each_other(town: pl.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("panhuo_platform.parcels.bulk.PIECE", 2)
    pieces = list(queries.frames())
    assert [p[0].height for p in pieces] == [2, 2]
    assert pl.concat([p[0] for p in pieces])["number"].to_list() == sorted(town["number"].to_list())


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "1234"),
        ({"q": "纺织"}, "1"),
        ({"q": "有限公司"}, "1"),
        ({"q": code(2)}, "2"),
        ({"q": code(2)[:-1]}, "123"),
        ({"q": "00003"}, "3"),
        ({"q": f"{TOWN}p0000003"}, "3"),
        ({"township": OTHER_TOWN}, "4"),
        ({"township": "990112"}, "1234"),
        ({"use": "06"}, "1"),
        ({"area_from": "15,000"}, "2"),
        ({"area_to": "1", "unit": "ha"}, "134"),
        ({"area_from": "20", "unit": "mu"}, "2"),
        ({"outcome": "-"}, "1234"),
        ({"outcome": "identified"}, ""),
        ({"upper": "1"}, ""),
        ({"box": f"{WEST + 1.2 * SIDE},{SOUTH},{WEST + 1.4 * SIDE},{SOUTH + SIDE}"}, "1"),
        ({"polygon": f"{WEST},{SOUTH};{WEST + 1.5 * SIDE},{SOUTH};{WEST + 1.5 * SIDE},{SOUTH + SIDE}"}, "1"),
        ({"day": "2025-01-01"}, "1234"),
        ({"day": "2024-12-31"}, ""),
        ({"day": "2025-06-01", "township": TOWN, "area_from": "15000", "q": "00002"}, "2"),
    ],
)
def test_one_filter_for_list_and_map(town: pl.DataFrame, query: dict[str, str], found: str) -> None:
    chosen = asked(**query)
    assert "".join(c[-1] for c in codes(chosen.parcels(Parcel.objects.all()))) == found
    versions = chosen.versions(ParcelVersion.objects.all()).order_by("parcel__number")
    assert "".join(v.code[-1] for v in versions) == found
    assert "".join(c[-1] for c in queries.frame(None, chosen)[0]["parcel_code"]) == found
    assert ParcelFilter.parse(QueryDict(chosen.query()).dict()) == chosen


def test_a_box_finds_the_same_on_every_store(put: Put) -> None:
    """To the last digit: indexes keep boxes in 32 bits, about a metre wide, and each store rounds in its own way."""
    beside = [k * 1e-7 for k in range(1, 80)]  # from a centimetre to nine metres west of the edge
    edge = WEST + SIDE
    put(
        parcel(1, shape=shapely.box(WEST, SOUTH, edge, SOUTH + SIDE)),
        *(
            parcel(10 + k, shape=shapely.box(WEST, SOUTH + k * SIDE, edge - far, SOUTH + (k + 1) * SIDE))
            for k, far in enumerate(beside, 1)
        ),
    )
    chosen = ParcelFilter(box=(edge, SOUTH, edge + SIDE, SOUTH + 100 * SIDE))
    assert codes(chosen.parcels(Parcel.objects.all())) == [code(1)], "the one that touches the edge, and no other"
    assert chosen.versions(ParcelVersion.objects.all()).count() == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"area_from": "viel"}, "area_from"),
        ({"area_from": "nan"}, "area_from"),
        ({"area_from": "3", "area_to": "2"}, "area_to"),
        ({"box": "1,2,3"}, "box"),
        ({"box": "117,36,116,37"}, "box"),
        ({"polygon": "117,36;117,36;117,36"}, "polygon"),
        ({"polygon": "117,36;117,99;118,36"}, "polygon"),
        ({"day": "昨天"}, "day"),
        ({"upper": "maybe"}, "upper"),
    ],
)
def test_what_cannot_be_understood_is_said(query: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        asked(**query)
    assert list(caught.value.message_dict) == [field]


def test_a_query_keeps_the_filter_and_takes_more() -> None:
    chosen = asked(q="纺织", area_from="0.5", upper="0")
    assert QueryDict(chosen.query(page="2", sort="")).dict() == {
        "q": "纺织", "area_from": "0.5", "upper": "0", "page": "2",
    }  # fmt: skip
    assert chosen.without("q", "area_from").query() == "upper=0"
    assert not ParcelFilter().narrows


def test_outcomes_are_written_in_bulk_where_they_differ(town: pl.DataFrame) -> None:
    found = pl.DataFrame(
        {
            "number": [*town["number"][:2], "990112001P9999999"],
            "outcome": ["identified", "unknown", "not"],
            "main_class": ["A", None, None],
            "classes": [["A", "C"], None, []],
        },
        schema_overrides={"classes": pl.List(pl.String)},
    )
    assert commands.set_outcomes(found) == 2
    assert commands.set_outcomes(found) == 0
    first = Parcel.objects.get(number=town["number"][0])
    assert (first.outcome, first.main_class, first.classes) == ("identified", "A", ["A", "C"])
    assert codes(asked(outcome="identified").parcels(Parcel.objects.all())) == [code(1)]
    assert codes(asked(main_class="A").parcels(Parcel.objects.all())) == [code(1)]
    assert queries.frame()[0]["classes"].to_list() == [["A", "C"], [], [], []]


def test_new_parcels_stand_at_the_first_stage_and_are_moved_on(town: pl.DataFrame) -> None:
    assert set(Parcel.objects.values_list("stage", flat=True)) == {"to_survey"}
    assert commands.set_stage(town["number"].to_list()[:2], "surveyed") == 2
    assert commands.set_stage(asked(township=TOWN).parcels(Parcel.objects.all()), "surveyed") == 1
    assert codes(asked(stage="surveyed").parcels(Parcel.objects.all())) == [code(1), code(2), code(3)]
