"""Standards: drafted, tried, approved by another, in force one at a time, ended and never deleted."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from panhuo.packs import NewValue
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.identification import trials
from panhuo_platform.identification.commands import standards
from panhuo_platform.identification.models import Run, StandardVersion, Trial
from panhuo_platform.identification.queries import standards as reads
from panhuo_platform.organisations.models import Organisation

SPARSE = NewValue("standard.conditions.sparse", "lt", 0.4)
FOOD = NewValue("thresholds.tables.min_tax_per_mu.C13", "value", 7.5, clause="demo#附件2", set_by="区税务局")


def test_a_draft_says_what_was_set_and_by_whom(office: Any) -> None:
    version = standards.draft(office, "2026年修订")
    version = standards.set_values(office, version, [SPARSE, FOOD])
    told = {t.setting.id: t for t in reads.thresholds(version)}
    assert (told[SPARSE.id].setting.value, told[SPARSE.id].own) == (0.4, 0.3)
    assert (told[FOOD.id].setting.value, told[FOOD.id].setting.set_by) == (7.5, "区税务局")
    assert sum(t.change is not None for t in told.values()) == 2
    version = standards.set_values(office, version, [NewValue(SPARSE.entry, SPARSE.key, 0.3)])
    assert [v.id for v in version.values] == [FOOD.id], "the pack's own value again is no change"
    event = AuditEvent.objects.latest("number")
    assert event.actor == office and "1 项阈值" in event.told


def test_what_a_policy_leaves_open_stays_open_until_somebody_sets_it(
    district: Any, adopt: Callable[[str], Any]
) -> None:
    adopt("jinghai-2024")
    office = district.user("banzi", "office", "fenju")
    version = standards.draft(office, "静海标准")
    unset = [t for t in reads.thresholds(version) if t.setting.value is None]
    assert unset and all(t.setting.set_by for t in unset)
    one = unset[0].setting
    version = standards.set_values(office, version, [NewValue(one.entry, one.key, 0.5, set_by=one.set_by)])
    left = [t.setting.id for t in reads.thresholds(version) if t.setting.value is None]
    assert one.id not in left and len(left) == len(unset) - 1


def test_thresholds_go_out_to_excel_and_come_back(office: Any) -> None:
    version = standards.draft(office, "2026年修订")
    book = openpyxl.load_workbook(io.BytesIO(reads.workbook(version)))
    sheet = book["min_tax_per_mu"]
    sheet["B2"] = 9
    sheet.append(["C99", 3, "万元/亩", "demo#附件2"])
    inside = book["条件阈值"]
    (row,) = [r for r in inside.iter_rows(min_row=2) if r[0].value == "sparse"]
    row[2].value = 0.25
    version = standards.read_workbook(office, version, _bytes(book))
    assert {v.id: v.value for v in version.values} == {
        "standard.conditions.sparse:lt": 0.25, "thresholds.tables.min_tax_per_mu.C13:value": 9.0,
        "thresholds.tables.min_tax_per_mu.C99:value": 3.0,
    }  # fmt: skip
    with pytest.raises(ValidationError, match="没有不同"):
        standards.read_workbook(office, version, reads.workbook(version))
    row[0].value = "spars"
    with pytest.raises(ValidationError, match=r"条件阈值.*是不是“sparse”"):
        standards.read_workbook(office, version, _bytes(book))
    with pytest.raises(ValidationError, match="打不开工作簿"):
        standards.read_workbook(office, version, b"no workbook")


def test_a_value_that_cannot_be_is_refused_in_words(office: Any) -> None:
    version = standards.draft(office, "2026年修订")
    with pytest.raises(ValidationError, match="没有可设定"):
        standards.set_values(office, version, [NewValue("standard.conditions.nothing", "lt", 1)])
    with pytest.raises(ValidationError):
        standards.set_values(office, version, [NewValue("standard.conditions.below_industry", "factor", -1)])
    assert StandardVersion.objects.get(pk=version.pk).changes == []


def test_the_drafter_does_not_approve_and_neither_does_a_township(district: Any, office: Any, leader: Any) -> None:
    version = standards.draft(office, "2026年修订")
    with pytest.raises(PermissionDenied):
        standards.approve(office, version, starts_on=date(2026, 1, 1))
    with pytest.raises(PermissionDenied):
        standards.draft(district.user("gu", "township", "guyang"), "我们自己的标准")
    standards.approve(leader, version, starts_on=date(2026, 1, 1))
    assert reads.in_force(date(2026, 1, 1)) == version
    assert reads.in_force(date(2025, 12, 31)) is None
    with pytest.raises(ValidationError, match="另拟一版"):
        standards.set_values(office, version, [SPARSE])


def test_where_the_pack_lets_one_person_do_it_the_drafter_may_approve(
    district: Any, adopt: Callable[[str], Any]
) -> None:
    adopt("liaocheng-2020")
    county = district.user("xian", "county", "xianqu")
    from panhuo_platform.organisations.models import Assignment, User
    from panhuo_platform.regions.models import Region

    region = Region.objects.order_by("code").first()
    Assignment.objects.filter(user=county).update(region=region)
    county = User.objects.get(pk=county.pk)
    assert region is not None
    version = standards.draft(county, "本县标准", within=region.code)
    standards.approve(county, version, starts_on=date(2026, 1, 1))
    assert reads.in_force(date(2026, 2, 1), within=region.code) == version
    with pytest.raises(PermissionDenied):
        standards.draft(county, "别县的标准", within="999999")


def test_the_new_standard_ends_the_old_one_and_the_database_holds_it(office: Any, leader: Any) -> None:
    first = standards.approve(leader, standards.draft(office, "一"), starts_on=date(2026, 1, 1))
    second = standards.draft(office, "二", on=first)
    with pytest.raises(ValidationError, match="须在其后"):
        standards.approve(leader, second, starts_on=date(2026, 1, 1))
    second = standards.approve(leader, second, starts_on=date(2026, 7, 1))
    first.refresh_from_db()
    assert (first.state, first.ends_on) == ("ended", date(2026, 7, 1))
    days = [date(2026, 6, 30), date(2026, 7, 1)]
    assert [reads.in_force(d) for d in days] == [first, second]
    with pytest.raises(IntegrityError, match="two standards"), transaction.atomic():
        StandardVersion.objects.filter(pk=first.pk).update(ends_on=date(2026, 8, 1))
    with pytest.raises(IntegrityError), transaction.atomic():
        StandardVersion.objects.filter(pk=first.pk).update(ends_on=None)
    tomorrow = timezone.localdate() + timedelta(1)
    standards.end(leader, second, on=tomorrow, reason="上级另有规定")
    assert reads.in_force(tomorrow) is None and StandardVersion.objects.count() == 2


def test_drafts_are_seen_by_their_makers_only(district: Any, office: Any, leader: Any) -> None:
    version = standards.draft(office, "一")
    town = district.user("gu", "township", "guyang")
    assert not reads.versions(town).exists()
    standards.approve(leader, version, starts_on=date(2026, 1, 1))
    assert list(reads.versions(town)) == [version]
    body = district.user("x", "body", "shishi")
    assert Organisation.objects.filter(code="shishi").exists() and not reads.versions(body).exists()


@pytest.mark.requirement("S1-13", "S2-13")
def test_a_draft_is_tried_before_it_is_approved(
    run: Run, office: Any, leader: Any, run_jobs: Callable[[], list[Any]]
) -> None:
    """The trial says how many parcels would be caught, where, and because of what; approval needs it as it now is."""
    version = standards.set_values(office, standards.draft(office, "从严"), [SPARSE, FOOD])
    with pytest.raises(ValidationError, match="请先试运行"):
        standards.approve(leader, version, starts_on=timezone.localdate())
    standards.try_out(office, version)
    (job,) = run_jobs()
    assert job.state == "done", job.error
    trial = Trial.objects.get()
    figures = trial.figures
    assert trial.parcels == 500 and trial.flipped == sum(r["parcels"] for r in figures["matrix"]) > 0
    assert trial.flipped == sum(t["flipped"] for t in figures["townships"])
    assert {"sparse"} <= {c["condition"] for c in figures["causes"]}
    assert sum(o["parcels"] for o in figures["outcomes"]) == sum(o["parcels_before"] for o in figures["outcomes"])
    assert trials.flips_of(trial).is_file()
    standards.set_values(office, version, [NewValue(SPARSE.entry, SPARSE.key, 0.35)])
    with pytest.raises(ValidationError, match="重新试运行"):
        standards.approve(leader, version, starts_on=timezone.localdate())
    standards.try_out(office, version)
    run_jobs()
    standards.approve(leader, version, starts_on=timezone.localdate(), document="澄政发〔2026〕9号")
    assert reads.in_force() == version


def _bytes(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
