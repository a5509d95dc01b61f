"""A real delivery of the demo district goes the whole road: received, checked, compared, accepted, exported, undone."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from delivered_scene import unit
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from parcels_ground import code, parcel

from panhuo import exchange
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries import commands as deliveries
from panhuo_platform.deliveries.models import Delivery
from panhuo_platform.parcels import checksums, commands, exporting, jobs
from panhuo_platform.parcels.commands.exports import export_folder
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Change, Comparison, IssueItem, LegacyParcel, Parcel

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 1)
Run = Callable[[], list[Any]]


@pytest.fixture
def office(district: Any) -> Any:
    return district.user("ziran", "office", "ziran")


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from panhuo.demo import make_district

    folder = tmp_path_factory.mktemp("demo")
    make_district(folder, parcels=500, seed=1)
    return folder / "交付"


@pytest.fixture
def delivery(office: Any, handed_over: Path, run_jobs: Run) -> Delivery:
    """The demo district's delivery, checked."""
    row = deliveries.take_in(office, handed_over, sender=unit("jishu"), title="调查成果", township_code="")
    failed = [(j.kind, j.error) for j in run_jobs() if j.state != "done"]
    assert not failed
    row.refresh_from_db()
    assert row.state == "checked"
    return row


def test_a_delivery_goes_into_the_register_and_out_again(
    delivery: Delivery, office: Any, run_jobs: Run, district: Any
) -> None:
    with pytest.raises(ValidationError, match="先与数据库比对"):
        commands.accept(office, delivery, day=DAY)
    with pytest.raises(PermissionDenied):
        commands.compare_delivery(district.user("jie", "township", "guyang"), delivery)
    jobs.start_compare(office, delivery)
    assert [j.state for j in run_jobs()] == ["done"]
    comparison = Comparison.objects.get(delivery=delivery)
    new, conflicts = (comparison.counts.get(kind, [0])[0] for kind in ("new", "conflict"))
    assert new > 400
    assert set(comparison.counts) <= {"new", "conflict"}
    # a boundary file says no township; the boundaries that came with it do, though they are not in force yet
    assert "no_township" not in pl.read_parquet(comparison.file)["why"].to_list()
    jobs.start_accept(office, delivery, day=DAY)
    assert [(j.state, j.error) for j in run_jobs()] == [("done", "")]
    delivery.refresh_from_db()
    assert delivery.state == "accepted"
    assert Parcel.objects.alive().count() == new
    change = Change.objects.get(delivery=delivery)
    assert change.counts["left"] == conflicts
    assert LegacyParcel.objects.filter(delivery=delivery).count() > 0
    assert IssueItem.objects.filter(delivery=delivery).count() > 0
    assert all(len(code) == 9 for code in Parcel.objects.values_list("township_code", flat=True).distinct())

    # the same once more: nothing to do
    again = deliveries.take_in(office, delivery.received, sender=unit("jishu"), title="重复报送", township_code="")
    run_jobs()
    second = commands.compare_delivery(office, again)
    assert {kind: count for kind, (count, _area) in second.counts.items() if count} == {
        kind: count for kind, count in (("same", new), ("conflict", conflicts)) if count
    }

    commands.undo_delivery(office, delivery, reason="重新调查")
    delivery.refresh_from_db()
    assert delivery.state == "undone"
    assert not Parcel.objects.alive().exists()
    assert not LegacyParcel.objects.exists()
    assert not IssueItem.objects.exists()
    assert checksums.of_register(timezone.localdate())[1] == 0


def test_a_delivery_whose_issues_are_dealt_with_stays(delivery: Delivery, office: Any) -> None:
    commands.compare_delivery(office, delivery)
    commands.accept(office, delivery, day=DAY)
    commands.answer_issue(office, IssueItem.objects.filter(delivery=delivery)[0], answer="已对接")
    with pytest.raises(ValidationError, match="已有 1 条办理"):
        commands.undo_delivery(office, delivery, reason="x")
    assert Parcel.objects.alive().exists()


@pytest.fixture
def some(put: Callable[..., Any]) -> None:
    put(
        parcel(1, parcel_name="=2+5", holder_name="@SUM(A1:A9)", features=["厂房闲置"], willing=False),
        parcel(2, registered_use="0601", declared_area_m2=9001.5),
    )


@pytest.mark.parametrize("kind", ["gpkg", "shp", "gdb", "txt"])
def test_an_export_can_be_delivered_again(some: None, office: Any, tmp_path: Path, kind: str) -> None:
    path, count = exporting.write(office, ParcelFilter(), kind, tmp_path)
    assert count == 2
    assert path.suffix == f".{exporting.FORMATS[kind].sent}"
    opened = exchange.open_delivery(path)
    (layer,) = opened.layers
    assert layer.count == 2
    assert layer.geometry is not None
    assert code(1) in str(layer.table.to_pydict())


def test_a_workbook_holds_no_formula(some: None, office: Any, tmp_path: Path) -> None:
    path, _count = exporting.write(office, ParcelFilter(), "xlsx", tmp_path)
    sheet = openpyxl.load_workbook(path).active
    rows = list(sheet.iter_rows())
    head = [c.value for c in rows[0]]
    first = dict(zip(head, rows[1], strict=True))
    assert (first["地块名称"].value, first["地块名称"].data_type) == ("=2+5", "s")
    assert (first["权利人"].value, first["权利人"].data_type) == ("@SUM(A1:A9)", "s")
    assert not [c for row in rows for c in row if c.data_type == "f"]
    assert first["面积（亩）"].value == pytest.approx(first["椭球面积（平方米）"].value * 3 / 2000, abs=0.01)
    assert first["盘活意愿"].value == "否"


def test_an_export_is_the_users_and_is_audited(some: None, district: Any, office: Any) -> None:
    other = district.user("bie", "township", "wanglan")
    content = commands.export(office, ParcelFilter(use="06"), "xlsx")
    assert isinstance(content, bytes)
    event = AuditEvent.objects.latest("number")
    assert (event.action, event.detail) == (
        "exported", {"filter": {"use": "06"}, "count": 1, "format": "xlsx"},
    )  # fmt: skip
    commands.export(other, ParcelFilter(), "gpkg")
    assert AuditEvent.objects.latest("number").detail["count"] == 0
    with pytest.raises(PermissionDenied):
        commands.export(district.system, ParcelFilter(), "xlsx")
    with pytest.raises(ValidationError, match="格式"):
        commands.export(office, ParcelFilter(), "exe")


def test_a_long_export_is_a_job(some: None, office: Any, run_jobs: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    job: Any = commands.export(office, ParcelFilter(q="纺织", day=DAY).without("q"), "shp")
    assert [j.state for j in run_jobs()] == ["done"]
    job.refresh_from_db()
    assert job.result == {"file": "宗地.zip", "count": 2}
    with zipfile.ZipFile(export_folder(str(job.pk)) / "宗地.zip") as z:
        assert "宗地.shp" in z.namelist()
    assert AuditEvent.objects.latest("number").detail["filter"] == {"day": "2026-03-01"}
