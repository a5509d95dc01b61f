"""Workers that are killed while a delivery goes into the register: all of it is there, or nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from delivered_scene import unit
from django.contrib.gis.geos import Polygon
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from identification_scene import Scene, make_scene
from maps_reading import address
from parcels_ground import code, parcel
from reading import Reader
from worker_processes import Start, finish, kill

from panhuo_platform.audit import queries as audit
from panhuo_platform.deliveries import commands as deliveries
from panhuo_platform.deliveries.models import Delivery, Upload
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.queries import latest
from panhuo_platform.parcels import commands, jobs, queries
from panhuo_platform.parcels.models import Change, Comparison, IssueItem, LegacyParcel, Lineage, Parcel, ParcelVersion

#: Parcels that the register has already, whose holders the delivery changes.
KNOWN = 150
ACCEPTING = "panhuo_platform.parcels.commands.accepting"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return make_scene(tmp_path_factory.mktemp("killed"))


@pytest.fixture
def office(district: Any) -> Any:
    return district.user("ziran", "office", "ziran")


@pytest.fixture
def compared(emptied: None, scene: Scene, office: Any, put: Any, run_jobs: Any, tmp_path: Path) -> Iterator[Delivery]:
    """A delivery of parcels, legacy land and issues, beside a register that knows some of the parcels otherwise and
    one that is gone; compared, and decided that the gone one ends."""
    from panhuo_platform.parcels.writing import begin
    from panhuo_platform.parcels.writing import put as write

    frame, shapes = scene.parcels
    with transaction.atomic():
        put(parcel(1, parcel_code=code(99_999), holder_name="已拆除"))
        known = frame.head(KNOWN).with_columns(holder_name=frame["parcel_code"].head(KNOWN))
        write(begin(Change.Kind.DELIVERED, None, timezone.localdate().replace(year=2025)), known, shapes[:KNOWN])
    sent = tmp_path / "sent"
    for part in ("01权籍", "08历史遗留", "09问题"):
        shutil.copytree(scene.folder / "交付" / part, sent / part)
    row = deliveries.take_in(office, sent, sender=unit("ziran"), title="全区宗地")
    assert {j.state for j in run_jobs()} == {"done"}
    jobs.start_compare(office, row)
    assert {j.state for j in run_jobs()} == {"done"}
    commands.decide(office, row, by_kind={"gone": "end"})
    row.refresh_from_db()
    yield row
    for old in Delivery.objects.all():
        shutil.rmtree(old.folder, ignore_errors=True)


def counted() -> dict[str, int]:
    tables = (Parcel, ParcelVersion, Change, Lineage, LegacyParcel, IssueItem)
    return {t.__name__: t._default_manager.count() for t in tables}


def indexed_whole() -> None:
    """Every shape is found by its place, and nothing else is."""
    held = ParcelVersion.objects.exclude(geometry=None)
    world = Polygon.from_bbox((70, 0, 140, 60))
    world.srid = 4490
    assert held.filter(geometry__bboverlaps=world).count() == held.count()
    if connection.vendor != "sqlite":
        return
    from panhuo_platform.geosqlite.operations import rtree

    table, tree = ParcelVersion._meta.db_table, rtree(ParcelVersion._meta.db_table, "geometry")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id FROM {tree} ORDER BY id")
        filed = [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s", [table])
        triggers = {row[0] for row in cursor.fetchall()}
        cursor.execute("SELECT rtreecheck(%s)", [tree])
        assert cursor.fetchone() == ("ok",)
    assert filed == list(held.order_by("pk").values_list("pk", flat=True))
    assert {f"{tree}_{what}" for what in ("insert", "update", "delete")} <= triggers


def test_an_acceptance_that_is_killed_is_whole_or_not_at_all(
    compared: Delivery, office: Any, worker: Start, run_jobs: Any, scene: Scene
) -> None:
    """Between two pieces of parcels, while they are filed by their place, before the lists and before the end."""
    reader = Reader(office)
    shape = ParcelVersion.objects.order_by("-pk")[0].geometry
    numbers = list(Parcel.objects.order_by("pk").values_list("number", flat=True)[:3])
    addresses = [
        "/", reverse("parcels:list"), reverse("parcels:legacy"), reverse("parcels:issues"),
        *(reverse("parcels:parcel", args=[n]) for n in numbers), *(f"/api/v1/parcels/{n}" for n in numbers),
        "/api/v1/parcels?limit=200", reverse("maps:figures"),
        *(address(zoom, lon=shape.centroid.x, lat=shape.centroid.y) for zoom in (9, 12, 14, 15)),
    ]  # fmt: skip
    before, rows = reader.all(addresses), counted()
    jobs.start_accept(office, compared, day=timezone.localdate())
    job = latest(compared, "parcels.accept")
    assert job is not None
    page, comparison = (
        reverse("deliveries:delivery", args=[compared.key]),
        reverse("parcels:compare", args=[compared.key]),
    )

    def as_before() -> None:
        assert counted() == rows
        indexed_whole()
        compared.refresh_from_db()
        assert compared.state == "checked"
        now = reader.all(addresses)
        assert [a for a in addresses if now[a] != before[a]] == []
        for where in (page, comparison, reverse("jobs:job", args=[job.pk])):
            assert "后台处理程序中断了，原有数据没有改动" in reader.told(where)
        assert reverse("parcels:accept", args=[compared.key]) not in reader.told(comparison)

    kill(worker, "panhuo_platform.parcels.writing:_put:4")
    as_before()
    sqlite = connection.vendor == "sqlite"
    kill(worker, "panhuo_platform.geosqlite.schema:SchemaEditor.fill:1" if sqlite else f"{ACCEPTING}:enter_legacy:1")
    as_before()
    kill(worker, "panhuo_platform.deliveries.commands.deciding:record:1")
    assert run_jobs() == []  # three deaths: given up, in words, and what to do
    job.refresh_from_db()
    assert job.state == "failed" and counted() == rows
    for where in (page, comparison):
        assert "处理程序连续 3 次中断" in reader.told(where) and "重新运行" in reader.told(where)

    assert reader.person.post(reverse("jobs:again", args=[job.pk])).status_code == 302
    kill(worker, "panhuo_platform.parcels.writing:_put:1", after=0.1)  # wherever that is
    if Delivery.objects.get(pk=compared.pk).state == "checked":
        assert counted() == rows
    indexed_whole()
    Job.objects.filter(state="running").update(attempts=0)
    kill(worker, "panhuo_platform.jobs.worker:write:1")  # accepted; only the job does not know it
    compared.refresh_from_db()
    assert compared.state == "accepted"
    finish(worker)
    job = latest(compared, "parcels.accept")
    assert job is not None and job.state == "done"
    assert "这次交付已经接收入库" in reader.told(comparison)

    frame, _shapes = scene.parcels
    kinds = pl.read_parquet(Comparison.objects.get(delivery=compared).file)
    left = kinds.filter(pl.col("kind") == "conflict")["code"].to_list()  # what lies in no township that is known yet
    delivered = {c: h for c, h in frame.select("parcel_code", "holder_name").iter_rows() if c not in left}
    current = ParcelVersion.objects.now().values_list("parcel", "code", "attributes__holder_name", "n")
    assert len({p for p, *_ in current}) == len(current) == Parcel.objects.alive().count()
    assert {c: h for _p, c, h, _n in current} == delivered
    assert sum(n == 2 for *_, n in current) == KNOWN
    assert Parcel.objects.get(code=code(99_999)).status == "ended"
    assert Change.objects.filter(delivery=compared).count() == 1
    assert LegacyParcel.objects.filter(delivery=compared).exists() and IssueItem.objects.exists()
    assert audit.verify()[1] == [] and queries.latest_change() == Change.objects.latest("pk").pk
    indexed_whole()


def test_a_folder_that_is_taken_in_by_halves_is_no_delivery(
    emptied: None, scene: Scene, office: Any, worker: Start, settings: Any
) -> None:
    """``panhuo manage receive`` dies between two files: nobody can hand in half of them, and what it left goes."""
    told = [str(scene.folder / "交付"), "--sender", "ziran", "--as", "ziran", "--title", "成果"]
    kill(worker, "panhuo_platform.deliveries.commands.receiving:_copied:3", *told, command="receive")
    assert not Delivery.objects.exists() and not Upload.objects.exists()
    taking = Path(settings.MEDIA_ROOT) / "deliveries" / ".taking"
    assert sum(p.is_file() for p in taking.rglob("*")) == 2
    assert worker(*told, command="receive").wait(timeout=60) == 0
    (row,) = Delivery.objects.all()
    files = [p for p in (scene.folder / "交付").rglob("*") if p.is_file()]
    assert row.state == "received" and sum(p.is_file() for p in row.received.rglob("*")) == row.uploads.count() > 15
    assert row.uploads.count() <= len(files)
    assert list(taking.iterdir()) == []
    shutil.rmtree(row.folder)
