"""Everything moves from one store to another and is the same there; each step is a process of its own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from panhuo_platform.api.commands import create_token
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.config.transfer import checksums
from panhuo_platform.organisations.models import Assignment, User
from panhuo_platform.parcels import commands
from panhuo_platform.parcels.models import LegacyParcel, Parcel
from panhuo_platform.regions.models import Region

pytestmark = pytest.mark.django_db(transaction=True)


def here() -> str:
    """The address of the tests' own database."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return postgis(told["NAME"])


def postgis(name: str) -> str:
    told = connection.settings_dict
    host = told["HOST"].replace("/", "%2F")
    return f"postgis://{told['USER']}:{told['PASSWORD']}@{host}:{told['PORT']}/{name}"


def manage(home: Path, url: str, *command: str) -> subprocess.CompletedProcess[str]:
    around = os.environ | {"DATABASE_URL": url, "PANHUO_HOME": str(home)}
    around.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run(
        [sys.executable, "-m", "panhuo.cli", "manage", *command],
        env=around,
        capture_output=True,
        text=True,
        check=False,
    )


def sums(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    assert "逐表校验和一致" in done.stdout
    return [line for line in done.stdout.splitlines() if "\t" in line]


@pytest.fixture
def full(emptied: None, district: Any, tmp_path: Path) -> Path:
    """A district with a user, a boundary and an audit; a home folder."""
    from django.contrib.gis.geos import MultiPolygon, Polygon

    district.user("town", "township", "guyang")
    square = MultiPolygon(Polygon.from_bbox((117.1, 36.6, 117.2, 36.7)), srid=4490)
    Region.objects.filter(code="990112001").update(boundary=square)
    return tmp_path / "home"


def test_every_row_moves_with_its_keys_hashes_and_shapes(full: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite3"
    lines = sums(manage(full, here(), "transfer", f"sqlite:///{file}"))
    held = {s.table: s for s in checksums("default")}
    assert lines == [f"{s.table}\t{s.rows}\t{s.sha256[:16]}" for s in held.values() if s.rows]
    other = sqlite3.connect(file)
    numbers = [n for (n,) in other.execute("SELECT number FROM audit_auditevent ORDER BY number")]
    assert numbers == list(AuditEvent.objects.order_by("number").values_list("number", flat=True))
    assert len(numbers) > 3
    boxes = list(other.execute("SELECT count(*) FROM rtree_regions_region_boundary"))
    assert boxes == [(1,)], "the boundary stands in the tree by which it is found"
    assert "完整" in manage(full, f"sqlite:///{file}", "audit_verify").stdout


def test_a_store_that_holds_data_is_not_overwritten(full: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    first = sums(manage(full, here(), "transfer", url))
    again = manage(full, here(), "transfer", url)
    assert again.returncode != 0
    assert "已经有数据" in again.stderr
    assert sums(manage(full, url, "transfer", f"sqlite:///{tmp_path / 'third.sqlite3'}")) == first


def test_what_cannot_be_a_store_is_said(full: Path) -> None:
    done = manage(full, here(), "transfer", "mysql://x/y")
    assert done.returncode != 0
    assert "postgis://" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_change_of_one_character_changes_the_sum_of_its_table(full: Path) -> None:
    before = checksums("default")
    User.objects.filter(username="town").update(name="变")
    assert [b.table for b, a in zip(before, checksums("default"), strict=True) if b != a] == ["organisations_user"]


@pytest.fixture
def second_database() -> Iterator[str]:
    """The address of another, empty PostGIS database beside the tests' own."""
    if connection.vendor == "sqlite":
        pytest.skip("the way there and back needs PostgreSQL")
    name = f"{connection.settings_dict['NAME']}_back"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield postgis(name)
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def demo(emptied: None, tmp_path: Path) -> Path:
    """The demo on the tests' own store, as ``panhuo manage demo`` makes it; the home folder."""
    call_command("demo", parcels=500, stdout=StringIO(), stderr=StringIO())
    return tmp_path / "home"


#: What the demo has to hold for the move to prove anything.
HELD = (
    "api_apitoken", "audit_auditevent", "deliveries_deliveredlayer", "deliveries_delivery", "deliveries_finding",
    "deliveries_repair", "identification_confirmation", "identification_due", "identification_objection",
    "identification_override", "identification_recordstep", "identification_shown", "identification_submissionitem",
    "identification_verdict", "jobs_job", "parcels_change", "parcels_issueitem", "parcels_legacyparcel",
    "parcels_legacyseal", "parcels_lineage", "parcels_numbercounter", "parcels_parcelversion", "parcels_snapshotpart",
    "parcels_upperentry", "regions_region",
)  # fmt: skip
#: Asked of every store by a process of its own, as its settings are its own.
LOOK = """
import json, sys
from django.db import DatabaseError, connection, transaction
from panhuo_platform.audit.commands import record
from panhuo_platform.api.commands import create_token
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.audit.queries import verify
from panhuo_platform.identification.models import Confirmation, RecordStep, Shown, Verdict
from panhuo_platform.organisations.models import Assignment, User
from panhuo_platform.parcels import commands
from panhuo_platform.parcels.models import LegacyParcel, Parcel
from panhuo_platform.parcels import checksums, commands, queries
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import LegacyParcel, LegacySeal, Parcel, ParcelVersion, Snapshot
from panhuo_platform.deliveries.models import Finding
from panhuo_platform.regions.models import Region

def refused(act):
    try:
        with transaction.atomic():
            act()
    except DatabaseError as error:
        return "only ever added" in str(error) or "is sealed" in str(error)
    return False

found = {"store": connection.vendor}
west, south, east, north = 117.25, 36.5, 117.35, 36.65
boxes = [(west + k * 0.002, south + k * 0.003, west + k * 0.002 + 0.004, south + k * 0.003 + 0.02) for k in range(50)]
found["boxes"] = [list(ParcelFilter(box=b).parcels(Parcel.objects.all()).order_by("pk").values_list("pk", flat=True))
                  for b in boxes]
from django.contrib.gis.geos import Polygon
found["placed"] = [
    sorted(model.objects.filter(**{f"{name}__intersects": Polygon.from_bbox(b)}).values_list("pk", flat=True))
    for model, name in ((LegacyParcel, "geometry"), (Region, "boundary"), (Finding, "place")) for b in boxes]
found["kept"] = {
    "verdict changed": refused(lambda: Verdict.objects.update(outcome="not")),
    "verdict gone": refused(lambda: Verdict.objects.all()._raw_delete("default")),
    "step gone": refused(lambda: RecordStep.objects.all()._raw_delete("default")),
    "confirmation changed": refused(lambda: Confirmation.objects.update(note="x")),
    "shown changed": refused(lambda: Shown.objects.update(content={})),
    "event changed": refused(lambda: AuditEvent.objects.update(told="x")),
    "event gone": refused(lambda: AuditEvent.objects.all()._raw_delete("default")),
    "sealed row changed": refused(lambda: LegacyParcel.objects.update(situation="x")),
    "sealed row gone": refused(lambda: LegacyParcel.objects.all()._raw_delete("default")),
    "seal gone": refused(lambda: LegacySeal.objects.all()._raw_delete("default")),
}
count, breaks = verify()
found["chain"] = [count > 50, breaks]
found["snapshots"] = [checksums.verify(row) for row in Snapshot.objects.order_by("pk")]
found["seals"] = [queries.seal_holds(row) for row in LegacySeal.objects.order_by("pk")]
# a new row of every kind that draws its key from a sequence or a counter; taken back
with transaction.atomic():
    office = User.objects.get(username="ziran")
    parcel = Parcel.objects.filter(status="alive").order_by("pk").first()
    changed = commands.reshape(office, parcel, day=__import__("datetime").date.today(), fields={"remark": "x"})
    account = User.objects.create(username="x")
    issue = commands.report_issue(office, parcel, kind="x", description="x")
    snap = commands.snapshot(office, "x", region_code=parcel.township_code)
    record(AuditEvent.Action.CHANGED, "x", actor=office)
    found["new"] = [changed.current_id > ParcelVersion.objects.exclude(pk=changed.current_id).order_by("-pk")[0].pk,
                    issue.pk > 1 and account.pk == User.objects.order_by("-pk")[0].pk, checksums.verify(snap),
                    verify()[1]]
    # and it is found by its place at once
    found["filed"] = ParcelVersion.objects.filter(pk=changed.current_id,
        geometry__intersects=changed.current.geometry).exists()
    transaction.set_rollback(True)
print(json.dumps(found, default=str))
"""


def look(home: Path, url: str) -> dict[str, Any]:
    done = manage(home, url, "shell", "--no-imports", "-c", LOOK)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_whole_demo_goes_there_and_back(demo: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """PostGIS to SQLite to PostGIS, or file to file where there is none: rows, places, triggers, chains, new keys."""
    _more_than_the_story()
    ways = [f"sqlite:///{tmp_path / 'first.sqlite3'}"]
    if connection.vendor == "postgresql":
        ways.append(request.getfixturevalue("second_database"))
    held = {s.table: s for s in checksums("default")}
    assert not [name for name in HELD if not held[name].rows], "the demo has none of these"
    expected = [f"{s.table}\t{s.rows}\t{s.sha256[:16]}" for s in held.values() if s.rows]
    first, source = None, here()
    for target in ways:
        done = manage(demo, source, "transfer", target)
        assert sums(done) == expected, target
        assert all(word in done.stdout for word in (str(demo), "attachments", "runs")), "files are spoken of"
        found = look(demo, target)
        assert found.pop("store") == ("sqlite" if target.startswith("sqlite") else "postgresql")
        assert all(found["kept"].values()), (target, found["kept"])
        assert found["chain"] == [True, []]
        assert found["snapshots"] == [True] and found["seals"] == [True]
        assert found["new"] == [True, True, True, []] and found["filed"]
        assert sum(map(len, found["boxes"])) > 100 and sum(map(len, found["placed"])) > 20
        assert first is None or found == first, f"{target} answers otherwise"
        first, source = found, target


def _more_than_the_story() -> None:
    """What the demo's story has not come to: a seal, a snapshot, a split, a token."""
    office = User.objects.get(username="ziran")
    town = LegacyParcel.objects.order_by("number")[0].township_code
    other = User.objects.create(username="ziran2", must_change_password=False)
    mine = Assignment.objects.get(user=office)
    Assignment.objects.create(
        user=other, role=mine.role, organisation=mine.organisation, starts_on=mine.starts_on, granted_by=mine.granted_by
    )
    commands.seal(other, commands.propose_seal(office, ""))
    commands.snapshot(office, "快照", region_code=town)
    create_token(office, name="程序", scopes=("read",), days=30)
    parcel = next(
        p for p in Parcel.objects.filter(status="alive", current__geometry__isnull=False).order_by("-area_m2")
        if len(p.current.geometry) == 1 and p.current.geometry.area > 0.97 * p.current.geometry.convex_hull.area
    )  # fmt: skip
    west, south, east, north = shapely.from_wkb(bytes(parcel.current.geometry.wkb)).bounds
    middle = (west + east) / 2
    line = {"type": "LineString", "coordinates": [[middle, south - 0.01], [middle, north + 0.01]]}
    commands.split(office, parcel, day=timezone.localdate(), line=line)
