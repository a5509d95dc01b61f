"""Workers that are killed in the middle of a run: the former outcomes stand until the new ones all do."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from identification_scene import DAY, Scene, accept_layers, put_parcels
from maps_reading import address
from reading import Reader
from worker_processes import Start, finish, kill

from panhuo_platform.audit import queries as audit
from panhuo_platform.identification.commands import runs
from panhuo_platform.identification.models import Due, Run, Verdict
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.queries import latest
from panhuo_platform.parcels.models import Parcel

COLUMNS = ("parcel__code", "row", "township_code", "outcome", "main_class", "classes", "reasons", "missing", "ask",
           "flip", "flip_change", "handed_because", "area_m2")  # fmt: skip
#: Where rows are written, piece by piece: the same place of each store.
WRITES = f"panhuo_platform.parcels.bulk:{'_copy' if connection.vendor == 'postgresql' else '_insert'}"


@pytest.fixture
def register(emptied: None, scene: Scene, standard: Any) -> Iterator[Scene]:
    """Parcels and a standard; nothing else has been delivered yet."""
    put_parcels(scene)
    yield scene
    for run in Run.objects.all():
        shutil.rmtree(run.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def whole() -> dict[str, Any]:
    """What an undisturbed run finds: found once, the same parcels and layers give the same."""
    return {}


def found(run: Run) -> dict[str, Any]:
    """Everything that a run leaves in the tables, by what people know it by."""
    dues = Due.objects.filter(run=run).values_list("parcel__code", "condition", "unit__code", "needed")
    parcels = Parcel.objects.values_list("code", "outcome", "main_class", "classes")
    return {
        "verdicts": sorted(Verdict.objects.filter(run=run).values_list(*COLUMNS)),
        "dues": sorted(dues), "parcels": sorted(parcels), "counts": run.manifest["counts"],
    }  # fmt: skip


def is_whole(run: Run, whole: dict[str, Any], office: Any, run_jobs: Any) -> None:
    """The run has left exactly what one leaves that nobody has disturbed."""
    run.refresh_from_db()
    assert run.state == "loaded"
    rows = Verdict.objects.filter(run=run)
    assert rows.count() == Parcel.objects.count() == rows.values("parcel").distinct().count()
    left = found(run)
    if not whole:
        other = runs.start(office, on=DAY, title="无人打扰")
        assert [j.state for j in run_jobs()] == ["done"]
        other.refresh_from_db()
        whole |= found(other)
    assert {k: len(v) for k, v in left.items()} == {k: len(v) for k, v in whole.items()}
    assert left == whole
    assert len({v[3] for v in left["verdicts"]}) > 2 and left["dues"]
    assert audit.verify()[1] == []


def nothing_loaded(run: Run) -> None:
    run.refresh_from_db()
    assert run.state in ("waiting", "running") and run.loaded_at is None
    assert not Verdict.objects.filter(run=run).exists() and not Due.objects.filter(run=run).exists()


def test_a_run_killed_before_its_verdicts_are_loaded(
    register: Scene, office: Any, worker: Start, whole: dict[str, Any], run_jobs: Any
) -> None:
    """While inputs are written, while parcels are judged, while the results are put in place: three deaths, and the
    job is given up in words; begun again, it uses what the dead ones had finished."""
    accept_layers(register, office)
    run = runs.start(office, on=DAY, title="多灾多难")
    reader = Reader(office)
    page, list_ = reverse("identification:run", args=[run.pk]), reverse("identification:runs")
    job = latest(run, "identification.run")
    assert job is not None

    kill(worker, "panhuo_platform.identification.inputs:_layer:3")
    nothing_loaded(run)
    assert not (run.folder / "survey.yaml").exists()
    for where in (page, reverse("jobs:job", args=[job.pk])):
        assert "后台处理程序中断了，原有数据没有改动" in reader.told(where)
    kill(worker, "panhuo.survey.run:save_verdicts:1")
    nothing_loaded(run)
    inputs = (run.folder / "survey.yaml").stat().st_mtime_ns
    judged = (run.folder / ".成果.work" / "measure" / "done.json").stat().st_mtime_ns
    kill(worker, "panhuo.survey.results:place:1")
    nothing_loaded(run)
    assert not run.results.exists()

    assert run_jobs() == []
    job.refresh_from_db()
    run.refresh_from_db()
    assert (job.state, job.attempts, run.state) == ("failed", 3, "failed")
    assert "处理程序连续 3 次中断" in reader.told(page) and "运行中" not in reader.told(list_)
    assert reader.person.post(reverse("jobs:again", args=[job.pk])).status_code == 302
    finish(worker)
    assert (run.folder / "survey.yaml").stat().st_mtime_ns == inputs
    assert (run.folder / ".成果.work" / "measure" / "done.json").stat().st_mtime_ns == judged
    is_whole(run, whole, office, run_jobs)


def test_a_run_killed_while_its_verdicts_are_loaded(
    register: Scene, office: Any, worker: Start, whole: dict[str, Any], run_jobs: Any
) -> None:
    """Between two pieces, after the parcels' outcomes, anywhere: pages, lists, figures, tiles and programs tell what
    the former run found, until all of the new one is there."""
    former = runs.start(office, on=DAY, title="上一次")
    assert [j.state for j in run_jobs()] == ["done"]
    accept_layers(register, office)
    count = Parcel.objects.count()
    run = runs.start(office, on=DAY, title="这一次")
    job = latest(run, "identification.run")
    assert job is not None
    reader = Reader(office)
    numbers = list(Parcel.objects.order_by("pk").values_list("number", flat=True)[: count // 4 : count // 20])
    x, y = register_place()
    addresses = [
        "/", reverse("identification:run", args=[former.pk]), reverse("identification:whatif"),
        *(f"{reverse('parcels:list')}?outcome={o}" for o in ("identified", "unknown", "not", "excluded")),
        *(reverse("identification:parcel", args=[n]) for n in numbers),
        *(f"/api/v1/verdicts/{n}" for n in numbers), "/api/v1/parcels?limit=200",
        *(address(zoom, lon=x, lat=y) for zoom in (9, 12, 14, 15)),
    ]  # fmt: skip
    before = reader.all(addresses)
    outcomes = sorted(Parcel.objects.values_list("code", "outcome", "main_class"))

    def as_before() -> None:
        nothing_loaded(run)
        assert Verdict.objects.count() == count
        assert sorted(Parcel.objects.values_list("code", "outcome", "main_class")) == outcomes
        now = reader.all(addresses)
        assert [a for a in addresses if now[a] != before[a]] == []
        assert b'"items": []' in reader.get(f"/api/v1/runs/{run.key}/verdicts").replace(b'":[', b'": [')
        assert "后台处理程序中断了" in reader.told(reverse("jobs:job", args=[job.pk]))

    kill(worker, f"{WRITES}:4")  # of ten pieces of verdicts
    as_before()
    kill(worker, f"{WRITES}:15")  # the parcels' outcomes
    as_before()
    Job.objects.filter(pk=job.pk).update(attempts=0)  # three deaths have their own test
    kill(worker, "panhuo_platform.identification.loading:record:1")  # all is written
    as_before()
    kill(worker, f"{WRITES}:1", after=0.05)  # wherever that is
    if Run.objects.get(pk=run.pk).state != "loaded":
        as_before()
    Job.objects.filter(pk=job.pk).update(attempts=0)
    kill(worker, "panhuo_platform.jobs.worker:write:1")  # loaded; only the job does not know it
    run.refresh_from_db()
    job.refresh_from_db()
    assert (run.state, job.state) == ("loaded", "running")
    finish(worker)
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("done", 2)
    assert "处理程序中断过 1 次，任务自动重新运行后完成" in reader.told(reverse("jobs:job", args=[job.pk]))
    now = reader.all(addresses)
    assert all(now[a] != before[a] for a in addresses if a.startswith(("/parcels", "/maps/tiles/parcels/15")))
    is_whole(run, whole, office, run_jobs)


def register_place() -> tuple[float, float]:
    """Longitude and latitude of some parcel."""
    from panhuo_platform.parcels.models import ParcelVersion

    shape = ParcelVersion.objects.exclude(geometry=None).order_by("pk")[0].geometry
    return shape.centroid.x, shape.centroid.y
