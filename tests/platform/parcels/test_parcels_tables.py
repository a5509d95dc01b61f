"""What the database itself holds about the register, on both stores."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.gis.geos import MultiPolygon, Polygon
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Q

from panhuo_platform.parcels.models import Change, LegacyParcel, LegacySeal, Parcel, ParcelVersion

pytestmark = pytest.mark.django_db

THEN = datetime(2026, 1, 1, tzinfo=UTC)
SQUARE = MultiPolygon(Polygon.from_bbox((117.0, 36.0, 117.001, 36.001)), srid=4490)


def version(parcel: Parcel, n: int, start: date, end: date | None = None, **more: Any) -> ParcelVersion:
    change, _made = Change.objects.get_or_create(kind="delivered", day=start, at=THEN)
    return ParcelVersion.objects.create(
        parcel=parcel, n=n, township_code=parcel.township_code, valid_from=start, valid_to=end, recorded_at=THEN,
        closed_at=THEN if end else None, reason="delivered", geometry=SQUARE, area_m2=1.0,
        change=change, ended_by=change if end else None, **more,
    )  # fmt: skip


@pytest.fixture
def parcel() -> Parcel:
    return Parcel.objects.create(number="990112001P0000001", township_code="990112001", area_m2=1.0, status="ended")


def test_a_parcel_has_one_current_version(parcel: Parcel) -> None:
    version(parcel, 1, date(2025, 1, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        version(parcel, 2, date(2026, 1, 1))
    version(parcel, 2, date(2026, 1, 1), superseded_at=THEN)


def test_no_two_versions_begin_or_end_on_one_day(parcel: Parcel) -> None:
    version(parcel, 1, date(2025, 1, 1), date(2025, 6, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        version(parcel, 2, date(2025, 1, 1), date(2025, 7, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        version(parcel, 2, date(2025, 2, 1), date(2025, 6, 1))


def test_an_end_comes_after_the_beginning_and_says_when_it_was_learned(parcel: Parcel) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        version(parcel, 1, date(2025, 1, 1), date(2025, 1, 1))
    made = version(parcel, 1, date(2025, 1, 1), date(2025, 1, 2))
    with pytest.raises(IntegrityError), transaction.atomic():
        ParcelVersion.objects.filter(pk=made.pk).update(closed_at=None)


def test_the_living_have_a_current_version_and_a_code_of_their_own(parcel: Parcel) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Parcel.objects.filter(pk=parcel.pk).update(status="alive")
    first = version(parcel, 1, date(2025, 1, 1))
    Parcel.objects.filter(pk=parcel.pk).update(status="alive", current=first, code="990112001001GB00001")
    other = Parcel.objects.create(
        number="990112001P0000002", code="990112001001GB00001", township_code="990112001", area_m2=1.0, status="ended"
    )
    second = version(other, 1, date(2025, 1, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Parcel.objects.filter(pk=other.pk).update(status="alive", current=second)


def test_codes_are_found_by_how_they_begin_with_their_index(parcel: Parcel) -> None:
    for code in ("990112002", "990112", "99011200", "990113001"):
        Parcel.objects.create(number=f"{code}P1", township_code=code, area_m2=1.0, status="ended")
    found = Parcel.objects.filter(township_code__startswith="990112").order_by("township_code")
    assert [p.township_code for p in found] == ["990112", "99011200", "990112001", "990112002"]
    assert Parcel.objects.filter(~Q(township_code__startswith="990112")).count() == 1
    assert Parcel.objects.filter(township_code__startswith="").count() == 5
    if connection.vendor == "sqlite":
        assert "township_code>? AND township_code<?" in found.explain()


@pytest.fixture
def sealed(district: Any) -> LegacySeal:
    one = district.user("yi", "office", "ziran")
    two = district.user("er", "office", "ziran")
    LegacyParcel.objects.create(number="A1", township_code="990112001")
    LegacyParcel.objects.create(number="B1", township_code="990112002")
    seal = LegacySeal.objects.create(region_code="990112001", proposed_by=one)
    LegacyParcel.objects.filter(number="A1").update(situation="proposed, not yet sealed")
    seal.sealed_by, seal.sealed_at = two, THEN
    seal.save()
    return seal


@pytest.mark.requirement("S2-22")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE parcels_legacyparcel SET situation = 'x' WHERE number = 'A1'",
        "DELETE FROM parcels_legacyparcel WHERE number = 'A1'",
        "UPDATE parcels_legacyparcel SET township_code = '990112002' WHERE number = 'A1'",
        "UPDATE parcels_legacyparcel SET township_code = '990112001' WHERE number = 'B1'",
        "UPDATE parcels_legacyseal SET sealed_at = NULL, sealed_by_id = NULL",
        "DELETE FROM parcels_legacyseal",
        "TRUNCATE parcels_legacyparcel",
        "TRUNCATE parcels_legacyseal",
    ],
)
def test_the_database_refuses_changes_of_what_is_sealed(sealed: LegacySeal, statement: str) -> None:
    if statement.startswith("TRUNCATE") and connection.vendor == "sqlite":
        statement = statement.replace("TRUNCATE", "DELETE FROM")
    with pytest.raises(DatabaseError, match="is sealed"), transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(statement)
    with pytest.raises(DatabaseError, match="is sealed"), transaction.atomic():
        LegacyParcel.objects.create(number="A2", township_code="990112001")


def test_other_divisions_stay_open(sealed: LegacySeal) -> None:
    LegacyParcel.objects.filter(number="B1").update(situation="x")
    LegacyParcel.objects.create(number="B2", township_code="990112002")
    assert LegacyParcel.objects.filter(number="B1").delete()[0] == 1


def test_nobody_seals_alone(district: Any) -> None:
    one = district.user("yi", "office", "ziran")
    with pytest.raises(IntegrityError), transaction.atomic():
        LegacySeal.objects.create(region_code="", proposed_by=one, sealed_by=one, sealed_at=THEN)
    with pytest.raises(IntegrityError), transaction.atomic():
        LegacySeal.objects.create(region_code="", proposed_by=one, sealed_at=THEN)
