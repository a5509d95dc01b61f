"""Parcels split, merged and reshaped as somebody draws them; areas and ground are conserved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest
import shapely
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from parcels_ground import OTHER_TOWN, SIDE, SOUTH, TOWN, WEST, code, parcel, square

from panhuo_platform.parcels import commands, drawing, queries
from panhuo_platform.parcels.models import Change, Lineage, Parcel
from panhuo_platform.regions.models import Region

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 1)


def geojson(shape: Any) -> str:
    return shapely.to_geojson(shape)


def line(x0: float, y0: float, x1: float, y1: float) -> str:
    """A line in places of the grid."""
    ends = [(WEST + x0 * SIDE, SOUTH + y0 * SIDE), (WEST + x1 * SIDE, SOUTH + y1 * SIDE)]
    return geojson(shapely.LineString(ends))


@pytest.fixture
def office(district: Any) -> Any:
    return district.user("ju", "office", "ziran")


@pytest.fixture
def three(put: Callable[..., pl.DataFrame]) -> list[Parcel]:
    put(*(parcel(k, holder_name=f"{k}厂", declared_area_m2=9000.0 + k) for k in (1, 2, 3)))
    return list(Parcel.objects.order_by("number"))


def shape_of(row: Parcel) -> Any:
    row.refresh_from_db()
    assert row.current is not None
    assert row.current.geometry is not None
    return shapely.from_wkb(bytes(row.current.geometry.wkb))


def test_a_line_splits_a_parcel(three: list[Parcel], office: Any) -> None:
    before = shape_of(three[0])
    west, east = commands.split(office, three[0], day=DAY, line=line(1.3, -0.2, 1.3, 1.2), codes=[code(11), code(12)])
    assert (west.code, east.code) == (code(11), code(12))
    assert west.area_m2 + east.area_m2 == pytest.approx(three[0].area_m2, rel=1e-9)
    assert shapely.equals(shapely.union_all([shape_of(west), shape_of(east)]), before)
    assert west.area_m2 == pytest.approx(0.3 * three[0].area_m2, rel=1e-6)
    three[0].refresh_from_db()
    assert (three[0].status, three[0].current) == ("ended", None)
    assert [r.parcel for r in queries.lineage(office, three[0])[1]] == [west, east]
    assert [r.parcel for r in queries.lineage(office, east)[0]] == [three[0]]
    assert east.holder_name == "1厂"
    assert east.current is not None
    assert (east.current.declared_area_m2, east.current.reason) == (None, "split")
    assert queries.as_of(None, date(2026, 2, 28)).filter(parcel=three[0]).count() == 1
    assert queries.as_of(None, DAY).filter(parcel=three[0]).count() == 0


def test_drawn_parts_snap_to_the_outline_and_fill_it(three: list[Parcel], office: Any) -> None:
    parts = [square(1, width=0.5), square(1.5, width=0.5)]
    rough = [geojson(shapely.transform(p, lambda xy: xy + 2e-8)) for p in parts]
    made = commands.split(office, three[0], day=DAY, parts=rough)
    assert sum(p.area_m2 for p in made) == pytest.approx(three[0].area_m2, rel=1e-9)
    assert all(p.code == "" for p in made)
    assert drawing.area_of_all([shapely.intersection(shape_of(made[0]), shape_of(made[1]))]) == 0
    assert [shapely.get_num_geometries(shape_of(p)) for p in made] == [1, 1]


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"line": line(5, -1, 5, 2)}, "没有穿过"),
        ({"line": line(1.3, 0.2, 1.3, 0.8)}, "两端都要画到宗地之外"),
        ({"line": geojson(square(1))}, "请画一条线"),
        ({"line": "{"}, "无法读取"),
        ({"line": '{"type": "LineString", "coordinates": [[39500000, 4000000], [39500001, 4000000]]}'}, "经纬度"),
        ({"parts": [geojson(square(1))]}, "至少要有两宗"),
        ({"parts": [geojson(square(1, width=0.5)), geojson(square(1.6, width=0.4))]}, "没有铺满"),
        ({"parts": [geojson(square(1, width=0.5)), geojson(square(1.5, width=0.8))]}, "超出原宗地"),
        ({"parts": [geojson(square(1, width=0.6)), geojson(square(1.4, width=0.6))]}, "第 1 宗与第 2 宗重叠"),
        ({"parts": [line(0, 0, 1, 1), geojson(square(1))]}, "请画一个面"),
        ({"line": line(1.3, -0.2, 1.3, 1.2), "codes": [code(2), ""]}, "已经使用"),
        ({"line": line(1.3, -0.2, 1.3, 1.2), "codes": [code(9), code(9)]}, "已经使用"),
        ({"line": line(1.3, -0.2, 1.3, 1.2), "day": date(2024, 1, 1)}, "晚于本次变更的日期"),
    ],
)
def test_a_split_that_cannot_be_says_why(three: list[Parcel], office: Any, told: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError) as caught:
        commands.split(office, three[0], **({"day": DAY} | told))
    assert says in " ".join(caught.value.messages)
    assert Parcel.objects.alive().count() == 3
    assert Change.objects.count() == 1


def test_neighbours_merge_into_one(three: list[Parcel], office: Any) -> None:
    total = three[0].area_m2 + three[1].area_m2
    whole = commands.merge(office, three[:2], day=DAY, code=code(21), like=three[1])
    assert whole.area_m2 == pytest.approx(total, rel=1e-9)
    assert (whole.code, whole.holder_name) == (code(21), "2厂")
    assert whole.current is not None
    assert whole.current.declared_area_m2 == 9001.0 + 9002.0
    assert Lineage.objects.filter(later=whole.current, kind="merged").count() == 2
    assert Parcel.objects.alive().count() == 2


def test_a_merger_that_cannot_be_says_why(three: list[Parcel], office: Any, put: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(ValidationError, match="不相邻"):
        commands.merge(office, [three[0], three[2]], day=DAY)
    with pytest.raises(ValidationError, match="至少要选两宗"):
        commands.merge(office, [three[0], three[0]], day=DAY)
    put(parcel(4, parcel_code=code(4, OTHER_TOWN), township_code=OTHER_TOWN), parcel(8, square(3.5, width=0.4)))
    over, there = Parcel.objects.get(code=code(8)), Parcel.objects.get(code=code(4, OTHER_TOWN))
    with pytest.raises(ValidationError, match="分属不同乡镇"):
        commands.merge(office, [three[2], there], day=DAY)
    with pytest.raises(ValidationError, match="相互重叠"):
        commands.merge(office, [three[2], over], day=DAY)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.floats(0.05, 0.95), min_size=1, max_size=3, unique_by=lambda x: round(x, 2)),
    slant=st.floats(-0.3, 0.3),
)
def test_split_then_merge_gives_back_the_parcel(
    put: Callable[..., pl.DataFrame], office: Any, cuts: list[float], slant: float
) -> None:
    """Surveyed area is conserved, to a millionth, and so is the ground."""
    place = 100 + 3 * Parcel.objects.count()
    made = put(parcel(place, parcel_code=None))
    start = Parcel.objects.get(number=made["number"][0])
    before = shape_of(start)
    pieces = [start]
    for x in cuts:
        told = line(place + x, -0.5, place + x + slant, 1.5)
        parts = []
        for piece in pieces:
            try:
                parts += commands.split(office, piece, day=DAY, line=told)
            except ValidationError:
                parts.append(piece)
        pieces = parts
    assert sum(p.area_m2 for p in pieces) == pytest.approx(start.area_m2, rel=1e-9)
    if len(pieces) > 1:
        whole = commands.merge(office, pieces, day=DAY)
        assert whole.area_m2 == pytest.approx(start.area_m2, rel=1e-9)
        assert drawing.area_of(before) == pytest.approx(drawing.area_of(shape_of(whole)), rel=1e-9)
        assert shapely.symmetric_difference(shape_of(whole), before).area < 1e-9 * before.area


def test_a_new_shape_is_checked_against_its_neighbours(three: list[Parcel], office: Any) -> None:
    with pytest.raises(ValidationError, match=f"与相邻宗地 {code(2)} 重叠"):
        commands.reshape(office, three[0], day=DAY, shape=geojson(square(1, width=1.2)))
    bow = geojson(shapely.Polygon([(117, 36), (117.001, 36.001), (117.001, 36), (117, 36.001)]))
    with pytest.raises(ValidationError, match="自相交"):
        commands.reshape(office, three[0], day=DAY, shape=bow)
    with pytest.raises(ValidationError, match="面积不足"):
        commands.reshape(office, three[0], day=DAY, shape=geojson(square(1, width=1e-5, height=1e-5)))
    before = three[0].area_m2
    changed = commands.reshape(office, three[0], day=DAY, shape=geojson(square(0.5, width=1.5)), note="界线纠正")
    assert changed.area_m2 == pytest.approx(1.5 * before, rel=1e-6)
    assert changed.number == three[0].number
    assert [v.n for v in queries.history(office, changed)] == [2, 1]
    assert changed.current is not None
    assert (changed.current.reason, changed.current.note) == ("edited", "界线纠正")


def test_a_shape_stays_in_its_township(three: list[Parcel], office: Any) -> None:
    bounds = MultiPolygon(Polygon.from_bbox((WEST + SIDE, SOUTH, WEST + 9 * SIDE, SOUTH + SIDE)), srid=4490)
    Region.objects.filter(code=TOWN).update(boundary=bounds)
    with pytest.raises(ValidationError, match="超出鼓阳街道界线"):
        commands.reshape(office, three[0], day=DAY, shape=geojson(square(0.5, width=1.5)))
    commands.reshape(office, three[0], day=DAY, shape=geojson(square(1, width=0.9)))


def test_attributes_are_changed_or_corrected(three: list[Parcel], office: Any) -> None:
    changed = commands.reshape(office, three[0], day=DAY, fields={"holder_name": "新主", "registered_use": "0601"})
    assert (changed.holder_name, changed.registered_use, changed.area_m2) == ("新主", "0601", three[0].area_m2)
    assert queries.as_of(None, date(2025, 6, 1)).get(parcel=changed).attributes["holder_name"] == "1厂"
    right = commands.reshape(office, three[1], day=DAY, fields={"holder_name": "一直是"}, correction=True)
    assert queries.as_of(None, date(2025, 6, 1)).get(parcel=right).attributes["holder_name"] == "一直是"
    assert [v.superseded_at is None for v in queries.history(office, right)] == [True, False]
    gone = commands.reshape(office, three[2], day=DAY, fields={"holder_name": None})
    assert gone.holder_name == ""
    with pytest.raises(ValidationError, match="没有名为"):
        commands.reshape(office, three[2], day=DAY, fields={"colour": "red"})
    with pytest.raises(ValidationError, match="没有要修改"):
        commands.reshape(office, three[2], day=DAY)


def test_what_was_drawn_can_be_undone(three: list[Parcel], office: Any) -> None:
    west, _east = commands.split(office, three[0], day=DAY, line=line(1.3, -0.2, 1.3, 1.2))
    assert west.current is not None
    commands.undo(office, west.current.change, reason="画错了")
    three[0].refresh_from_db()
    assert three[0].status == "alive"
    assert queries.lineage(office, three[0]) == ([], [])
    assert Parcel.objects.alive().count() == 3


def test_only_those_of_the_place_may(three: list[Parcel], district: Any) -> None:
    other, department = district.user("bie", "township", "wanglan"), district.user("bu", "department", "gongxin")
    for nobody in (other, department):
        with pytest.raises(PermissionDenied):
            commands.split(nobody, three[0], day=DAY, line=line(1.3, -0.2, 1.3, 1.2))
        with pytest.raises(PermissionDenied):
            commands.merge(nobody, three[:2], day=DAY)
        with pytest.raises(PermissionDenied):
            commands.reshape(nobody, three[0], day=DAY, fields={"holder_name": "x"})
    commands.split(district.user("jie", "township", "guyang"), three[0], day=DAY, line=line(1.3, -0.2, 1.3, 1.2))
    with pytest.raises(ValidationError, match="已终止"):
        commands.split(district.user("jie", "township", "guyang"), three[0], day=DAY, line=line(1.3, -0.2, 1.3, 1.2))
