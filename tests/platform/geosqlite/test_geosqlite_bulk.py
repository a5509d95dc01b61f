"""Many rows at once: found by place as if they had come one by one, and nothing left of them after an error."""

from __future__ import annotations

import pytest
from django.contrib.gis.geos import Polygon
from django.db import connection, transaction
from geosqlite_places.models import Owner, Place

from panhuo_platform.geosqlite.bulk import many_new_rows

pytestmark = pytest.mark.django_db


def box(x: float) -> Polygon:
    shape = Polygon.from_bbox((39_500_000.0 + x, 4_000_000.0, 39_500_010.0 + x, 4_000_010.0))
    shape.srid = 4527
    return shape


def found(x: float) -> list[str]:
    return sorted(p.name for p in Place.objects.filter(shape__intersects=box(x)))


def triggers() -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            return []
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'rtree%%' ORDER BY name")
        return [name for (name,) in cursor.fetchall()]


def test_the_new_rows_are_found_beside_the_old_ones() -> None:
    before = triggers()
    Place.objects.create(name="old", shape=box(0))
    with many_new_rows(Place):
        Place.objects.bulk_create(
            [Place(name=str(k), shape=box(100.0 * k)) for k in range(1, 9)] + [Place(name="none")]
        )
    assert [found(x) for x in (0, 100, 800, 5000)] == [["old"], ["1"], ["8"], []]
    assert triggers() == before
    Place.objects.create(name="late", shape=box(5000))
    Place.objects.filter(name="1").update(shape=box(5000))
    Place.objects.filter(name="8").delete()
    assert [found(x) for x in (100, 800, 5000)] == [[], [], ["1", "late"]]


def test_what_changes_meanwhile_is_filed_too() -> None:
    kept, gone = (Place.objects.create(name=name, shape=box(0)) for name in ("kept", "gone"))
    with many_new_rows(Place):
        new = Place.objects.create(name="new", shape=box(0))
        Place.objects.filter(pk__in=[kept.pk, new.pk]).update(shape=box(300))
        gone.delete()
    assert [found(0), found(300)] == [[], ["kept", "new"]]


def test_after_an_error_everything_is_as_it_was() -> None:
    before = triggers()
    with pytest.raises(ZeroDivisionError), many_new_rows(Place):
        Place.objects.create(name="half", shape=box(0))
        raise ZeroDivisionError
    assert triggers() == before
    assert found(0) == []
    Place.objects.create(name="after", shape=box(0))
    assert found(0) == ["after"]


def test_within_a_larger_transaction() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        with many_new_rows(Place):
            Place.objects.create(name="half", shape=box(0))
        raise ZeroDivisionError
    assert found(0) == []
    with transaction.atomic(), many_new_rows(Place):
        Place.objects.create(name="whole", shape=box(0))
    assert found(0) == ["whole"]


def test_a_table_without_shapes_is_left_alone() -> None:
    with many_new_rows(Owner):
        Owner.objects.create(name="甲")
    assert Owner.objects.count() == 1
