"""The same questions, the same answers: on SQLite and, with DATABASE_URL, on PostGIS."""

from __future__ import annotations

import json

import pytest
import shapely
from django.contrib.gis.db.models import Collect, Extent, Union
from django.contrib.gis.db.models import functions as fn
from django.contrib.gis.geos import GEOSGeometry, Point, Polygon
from django.contrib.gis.measure import D
from django.db.models import F, Q
from geosqlite_places.models import Owner, Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.django_db

X, Y = 39_500_000.0, 4_000_000.0


def box(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    shape = Polygon.from_bbox((X + x0, Y + y0, X + x1, Y + y1))
    shape.srid = 4527
    return shape


def names(found: object) -> str:
    return "".join(sorted(p.name for p in found))  # type: ignore[attr-defined]


@pytest.fixture
def four() -> None:
    """a and b share an edge, c lies within a, d far off; e has no shape."""
    Place.objects.bulk_create(
        [
            Place(name="a", kind=1, shape=box(0, 0, 10, 10)),
            Place(name="b", kind=2, shape=box(10, 0, 20, 10)),
            Place(name="c", kind=2, shape=box(2, 2, 4, 4)),
            Place(name="d", kind=3, shape=box(500, 500, 510, 510)),
            Place(name="e", kind=3),
        ]
    )


@pytest.mark.parametrize(
    ("lookup", "shape", "found"),
    [
        ("intersects", box(9, 9, 11, 11), "ab"),
        ("intersects", box(10, 4, 10.5, 5), "ab"),
        ("within", box(-1, -1, 11, 11), "ac"),
        ("coveredby", box(0, 0, 10, 10), "ac"),
        ("contains", box(2, 2, 4, 4), "ac"),
        ("contains_properly", box(2, 2, 4, 4), "a"),
        ("covers", box(2, 2, 4, 4), "ac"),
        ("touches", box(10, 0, 20, 10), "a"),
        ("overlaps", box(5, 5, 15, 15), "ab"),
        ("equals", box(0, 0, 10, 10), "a"),
        ("bboverlaps", box(3, 3, 12, 4), "abc"),
        ("bbcontains", box(3, 3, 4, 4), "ac"),
        ("contained", box(-1, -1, 11, 11), "ac"),
        ("disjoint", box(0, 0, 10, 10), "d"),
        ("exact", box(0, 0, 10, 10), "a"),
    ],
)
def test_predicates(four: None, lookup: str, shape: Polygon, found: str) -> None:
    assert names(Place.objects.filter(**{f"shape__{lookup}": shape})) == found


def test_distances(four: None) -> None:
    assert names(Place.objects.filter(shape__dwithin=(box(25, 0, 30, 10), 5.0))) == "b"
    assert names(Place.objects.filter(shape__dwithin=(box(25, 0, 30, 10), D(m=15)))) == "ab"
    assert names(Place.objects.filter(shape__dwithin=(box(25, 0, 30, 10), F("kind") * 4))) == "b"
    assert names(Place.objects.filter(shape__distance_lt=(box(25, 0, 30, 10), D(m=16)))) == "ab"


def test_crossing_and_relations(four: None) -> None:
    line = GEOSGeometry(f"SRID=4527;LINESTRING({X - 5} {Y + 5}, {X + 15} {Y + 5})")
    assert names(Place.objects.filter(shape__crosses=line)) == "ab"
    assert names(Place.objects.filter(shape__relate=(box(2, 2, 4, 4), "T*F**FFF*"))) == "c"


def test_a_point_in_another_system_is_brought_over(four: None) -> None:
    where = Place.objects.get(name="b").shape.centroid.transform(4490, clone=True)
    assert names(Place.objects.filter(shape__intersects=where)) == "b"
    Place.objects.filter(name="d").update(shape=GEOSGeometry(where.wkt, srid=4490))
    moved = Place.objects.get(name="d").shape
    assert moved.srid == 4527
    assert (moved.x, moved.y) == pytest.approx((X + 15, Y + 5), abs=1e-3)


def test_rows_without_shape_are_found_only_where_asked_for(four: None) -> None:
    near = box(0, 0, 1, 1)
    assert names(Place.objects.filter(shape__isnull=True)) == "e"
    assert names(Place.objects.exclude(shape__intersects=near)) == "bcde"
    assert names(Place.objects.filter(~Q(shape__intersects=near), shape__isnull=False)) == "bcd"


def test_predicates_combine_with_other_conditions(four: None) -> None:
    near = box(1, 1, 3, 3)
    assert names(Place.objects.filter(Q(shape__intersects=near) | Q(kind=3))) == "acde"
    assert names(Place.objects.filter(shape__intersects=near, kind=2)) == "c"
    assert Place.objects.filter(shape__intersects=near).order_by("-name").first().name == "c"  # type: ignore[union-attr]


def test_predicates_reach_over_joins(four: None) -> None:
    owner = Owner.objects.create(name="甲")
    Place.objects.filter(name__in="ad").update(owner=owner)
    Owner.objects.create(name="乙")
    assert [o.name for o in Owner.objects.filter(places__shape__intersects=box(1, 1, 2, 2))] == ["甲"]
    assert [o.name for o in Owner.objects.exclude(places__shape__intersects=box(1, 1, 2, 2))] == ["乙"]


def test_one_column_against_another(four: None) -> None:
    """Without a shape in hand there is no box to look up; the answer is the same."""
    Place.objects.filter(name="a").update(door=None)
    assert names(Place.objects.filter(shape__intersects=F("shape"))) == "abcd"


def test_measures_and_derived_shapes(four: None) -> None:
    c = Place.objects.annotate(
        area=fn.Area("shape"), around=fn.Perimeter("shape"), far=fn.Distance("shape", box(10, 0, 20, 10)),
        middle=fn.Centroid("shape"), inside=fn.PointOnSurface("shape"), env=fn.Envelope("shape"),
        points=fn.NumPoints("shape"), sound=fn.IsValid("shape"),
    ).get(name="c")  # fmt: skip
    assert c.area.sq_m == pytest.approx(4)
    assert c.around.m == pytest.approx(8)
    assert c.far.m == pytest.approx(6)
    assert (c.middle.x, c.middle.y) == pytest.approx((X + 3, Y + 3))
    assert c.shape.covers(c.inside)
    assert (c.points, c.sound) == (5, True)
    assert c.env.equals(c.shape)


def test_combined_shapes(four: None) -> None:
    other = box(5, 5, 15, 15)
    a = Place.objects.annotate(
        both=fn.Intersection("shape", other), all=fn.Union("shape", other), rest=fn.Difference("shape", other),
        either=fn.SymDifference("shape", other),
    ).get(name="a")  # fmt: skip
    assert [round(s.area) for s in (a.both, a.all, a.rest, a.either)] == [25, 175, 75, 150]


def test_shapes_as_text(four: None) -> None:
    c = Place.objects.annotate(wkb=fn.AsWKB("shape"), json=fn.AsGeoJSON("shape", precision=1)).get(name="c")
    assert shapely.from_wkb(bytes(c.wkb)).equals(shapely.box(X + 2, Y + 2, X + 4, Y + 4))
    ring = json.loads(c.json)["coordinates"][0]
    assert {tuple(p) for p in ring} == {(X + x, Y + y) for x in (2.0, 4.0) for y in (2.0, 4.0)}


def test_groups(four: None) -> None:
    near = Place.objects.filter(kind__lt=3)
    told = near.aggregate(box=Extent("shape"), one=Union("shape"), all=Collect("shape"))
    assert told["box"] == pytest.approx((X, Y, X + 20, Y + 10))
    assert told["one"].area == pytest.approx(200)
    assert (told["all"].geom_type, len(told["all"])) == ("MultiPolygon", 3)
    assert Place.objects.none().aggregate(box=Extent("shape"))["box"] is None
    assert Place.objects.filter(name="e").aggregate(box=Extent("shape"), one=Union("shape")) == {
        "box": None,
        "one": None,
    }


def test_what_is_stored_comes_back_to_the_last_bit() -> None:
    ring = "39500000.1234567 4000000, 39500009 4000000, 39500009 4000009.7654321, 39500000.1234567 4000000"
    shape = GEOSGeometry(f"SRID=4527;MULTIPOLYGON((({ring})))")
    Place.objects.create(name="x", shape=shape, door=Point(117.123456789012, 36.98765432109876, srid=4490))
    back = Place.objects.get(name="x")
    assert back.shape.wkb == shape.wkb
    assert (back.shape.srid, back.door.srid) == (4527, 4490)
    assert back.door.coords == (117.123456789012, 36.98765432109876)


def test_boxes_follow_every_change(four: None) -> None:
    here, there = box(1, 1, 3, 3), box(1000, 1000, 1010, 1010)
    a = Place.objects.get(name="a")
    a.shape = there
    a.save()
    assert (names(Place.objects.filter(shape__intersects=here)), names(Place.objects.filter(shape__equals=there))) == (
        "c",
        "a",
    )
    Place.objects.filter(name="c").update(shape=None)
    assert names(Place.objects.filter(shape__intersects=here)) == ""
    Place.objects.filter(name="e").update(shape=here)
    assert names(Place.objects.filter(shape__intersects=here)) == "e"
    Place.objects.filter(name="e").delete()
    assert names(Place.objects.filter(shape__intersects=here)) == ""
    Place.objects.create(pk=Place.objects.get(name="d").pk + 50, name="f", shape=here)
    assert names(Place.objects.filter(shape__intersects=here)) == "f"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_the_tree_loses_no_row(data: st.DataObject) -> None:
    """What a lookup finds is what Shapely finds among all rows, also where edges only touch."""
    side = st.integers(0, 6)
    boxes = data.draw(st.lists(st.tuples(side, side, st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=12))
    Place.objects.all().delete()
    # thirds have no exact binary form: boxes in single precision must still hold them
    Place.objects.bulk_create(
        [Place(name=str(i), shape=box(x / 3, y / 3, (x + w) / 3, (y + h) / 3)) for i, (x, y, w, h) in enumerate(boxes)]
    )
    x, y, w, h = data.draw(st.tuples(side, side, st.integers(1, 3), st.integers(1, 3)))
    asked = box(x / 3, y / 3, (x + w) / 3, (y + h) / 3)
    shapes = {p.name: shapely.from_wkb(bytes(p.shape.wkb)) for p in Place.objects.all()}
    probe = shapely.from_wkb(bytes(asked.wkb))
    for lookup in ("intersects", "within", "covers", "touches", "overlaps"):
        told = {p.name for p in Place.objects.filter(**{f"shape__{lookup}": asked})}
        assert told == {n for n, s in shapes.items() if getattr(s, lookup)(probe)}, lookup
