"""Legacy land and its seal, the issue list, the gate of the province, snapshots."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import shapely
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from parcels_ground import OTHER_TOWN, TOWN, code, parcel, square

from panhuo_platform.parcels import checksums, commands, queries
from panhuo_platform.parcels.models import IssueItem, LegacyParcel, LegacySeal, Parcel, ParcelVersion, UpperEntry

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(district: Any) -> Any:
    return district.user("ju", "office", "ziran")


@pytest.fixture
def second(district: Any) -> Any:
    return district.user("fu", "office", "ziran")


@pytest.fixture
def two(put: Callable[..., pl.DataFrame]) -> list[Parcel]:
    put(parcel(1), parcel(2, parcel_code=code(2, OTHER_TOWN), township_code=OTHER_TOWN))
    return list(Parcel.objects.order_by("number"))


def legacy(*numbers: str, town: str = TOWN) -> tuple[pl.DataFrame, pa.LargeBinaryArray]:
    rows = pl.DataFrame(
        {
            "legacy_code": list(numbers),
            "situation": ["无合法手续"] * len(numbers),
            "occurred_year": ["2009"] * len(numbers),
            "township_code": [town] * len(numbers),
        }
    )
    shapes = [shapely.to_wkb(square(50 + k)) for k in range(len(numbers))]
    return rows, pa.array(shapes, type=pa.large_binary())


def test_legacy_land_is_entered_once(office: Any) -> None:
    assert commands.enter_legacy(office, *legacy("L1", "L2")) == 2
    assert commands.enter_legacy(office, *legacy("L2", "L3")) == 1
    first = LegacyParcel.objects.get(number="L1")
    assert (first.situation, first.occurred_year, first.township_code) == ("无合法手续", 2009, TOWN)
    assert first.area_m2 == pytest.approx(9970, rel=0.01)
    assert first.attributes["legacy_code"] == "L1"
    inside = LegacyParcel.objects.filter(geometry__bboverlaps=first.geometry)
    assert "L1" in set(inside.values_list("number", flat=True))


@pytest.mark.requirement("S2-22")
def test_a_sealed_register_is_closed_for_good(office: Any, second: Any) -> None:
    commands.enter_legacy(office, *legacy("L1", "L2"))
    commands.enter_legacy(office, *legacy("M1", town=OTHER_TOWN))
    proposed = commands.propose_seal(office, TOWN)
    with pytest.raises(ValidationError, match="等待第二人"):
        commands.propose_seal(second, TOWN)
    with pytest.raises(ValidationError, match="第二人确认"):
        commands.seal(office, proposed)
    done = commands.seal(second, proposed)
    assert (done.count, len(done.checksum)) == (2, 64)
    assert queries.seal_holds(done)
    with pytest.raises(ValidationError, match="封库，不再新增"):
        commands.enter_legacy(office, *legacy("L9"))
    with pytest.raises(ValidationError, match="任何人不能解封"):
        commands.withdraw_seal(office, done)
    with pytest.raises(ValidationError, match="已经封库"):
        commands.seal(second, done)
    with pytest.raises(ValidationError, match="已经封库"):
        commands.propose_seal(office, TOWN)
    assert commands.enter_legacy(office, *legacy("M2", town=OTHER_TOWN)) == 1


def test_a_change_behind_the_triggers_is_found(office: Any, second: Any) -> None:
    from panhuo_platform.parcels.protection import protect, release

    commands.enter_legacy(office, *legacy("L1", "L2"))
    done = commands.seal(second, commands.propose_seal(office))
    release(connection)
    LegacyParcel.objects.filter(number="L1").update(occurred_year=2010)
    protect(connection)
    assert not queries.seal_holds(done)


def test_a_proposal_can_be_withdrawn(office: Any, second: Any) -> None:
    with pytest.raises(ValidationError, match="还没有历史遗留用地"):
        commands.propose_seal(office, TOWN)
    commands.enter_legacy(office, *legacy("L1"))
    commands.withdraw_seal(second, commands.propose_seal(office, TOWN))
    assert not LegacySeal.objects.exists()
    assert commands.enter_legacy(office, *legacy("L2")) == 1


def test_who_may_enter_and_seal(district: Any) -> None:
    street = district.user("jie", "township", "guyang")
    with pytest.raises(PermissionDenied):
        commands.propose_seal(street, TOWN)
    with pytest.raises(PermissionDenied):
        commands.enter_legacy(district.user("bu", "department", "gongxin"), *legacy("L1"))


def issues(*codes: str | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "parcel_code": list(codes),
            "kind": ["手续"] * len(codes),
            "description": ["缺少用地批复"] * len(codes),
            "wish": ["补办手续"] * len(codes),
            "unit": ["区自然资源局"] * len(codes),
            "due_date": [date(2026, 12, 31)] * len(codes),
        },
        schema_overrides={"parcel_code": pl.String},
    )


def test_issues_are_entered_once_and_find_their_parcels(two: list[Parcel], office: Any) -> None:
    listed = issues(code(1), code(2, OTHER_TOWN), "unknown", None)
    assert commands.enter_issues(office, listed) == 4
    assert commands.enter_issues(office, listed) == 0
    found = {i.parcel_code: (i.parcel_id, i.township_code) for i in IssueItem.objects.all()}
    assert found[code(1)] == (two[0].pk, TOWN)
    assert found["unknown"] == (None, "")
    disputes = pl.DataFrame({"parcel_code": [code(1), code(1)], "kind": ["界址", "权属"], "state": ["未结", "已结"]})
    assert commands.enter_issues(office, disputes, source=IssueItem.Source.DISPUTE) == 1


def test_an_issue_is_answered_and_closed(two: list[Parcel], office: Any, district: Any) -> None:
    item = commands.report_issue(office, two[0], kind="融资", description="贷款未落实", due_on=date(2026, 12, 1))
    with pytest.raises(ValidationError, match="办理情况"):
        commands.answer_issue(office, item, answer=" ")
    assert commands.answer_issue(office, item, answer="已与银行对接").state == "answered"
    closed = commands.answer_issue(office, item, answer="已放款", close=True)
    assert (closed.state, closed.answered_by) == ("closed", office)
    with pytest.raises(ValidationError, match="已经办结"):
        commands.answer_issue(office, item, answer="x")
    with pytest.raises(ValidationError, match="写明问题"):
        commands.report_issue(office, two[0], kind="", description="")
    street = district.user("bie", "township", "wanglan")
    with pytest.raises(PermissionDenied):
        commands.report_issue(street, two[0], kind="", description="x")
    commands.report_issue(office, two[1], kind="", description="y")
    assert [i.description for i in IssueItem.objects.visible_to(street)] == ["y"]
    assert IssueItem.objects.visible_to(office).count() == 2


def identified(parcels: list[Parcel]) -> list[str]:
    numbers = [p.number for p in parcels]
    frame = pl.DataFrame({"number": numbers, "outcome": ["identified"] * len(numbers)})
    commands.set_outcomes(frame.with_columns(pl.lit("A").alias("main_class"), pl.lit('["A"]').alias("classes")))
    return numbers


@pytest.mark.requirement("S1-17", "S1-16")
def test_only_the_receipt_of_the_province_opens_the_gate(two: list[Parcel], office: Any) -> None:
    number = identified(two[:1])[0]
    shut = queries.may_use_policies(Parcel.objects.get(number=number))
    assert (shut.allowed, shut.clause) == (False, "demo#第十七条")
    assert "未入上级" in shut.reason.zh
    assert commands.gate(office, {number: "SD-0001"}, receipt="鲁自然资收〔2026〕9号", on=date(2026, 5, 1)) == 1
    inside = Parcel.objects.get(number=number)
    opened = queries.may_use_policies(inside)
    assert opened.allowed
    assert "SD-0001" in opened.reason.zh
    assert commands.gate(office, {number: "SD-0001"}, receipt="再次", on=date(2026, 5, 2)) == 0
    commands.gate(office, {number: ""}, receipt="移出12号", on=date(2026, 6, 1), entered=False, note="改作他用")
    assert not queries.may_use_policies(Parcel.objects.get(number=number)).allowed
    log = [(e.entered, e.upper_number, e.receipt) for e in UpperEntry.objects.filter(parcel=inside)]
    # the number that it had is kept beside its removal
    assert log == [(True, "SD-0001", "鲁自然资收〔2026〕9号"), (False, "SD-0001", "移出12号")]


def test_nothing_passes_the_gate_without_being_identified(two: list[Parcel], office: Any, district: Any) -> None:
    number = two[0].number
    with pytest.raises(ValidationError, match="未认定"):
        commands.gate(office, {number: "1"}, receipt="r", on=date(2026, 5, 1))
    with pytest.raises(ValidationError, match="回执编号"):
        commands.gate(office, {number: "1"}, receipt=" ", on=date(2026, 5, 1))
    with pytest.raises(ValidationError, match="没有地块"):
        commands.gate(office, {"X": "1"}, receipt="r", on=date(2026, 5, 1))
    with pytest.raises(ValidationError, match="今天之后"):
        commands.gate(office, {number: "1"}, receipt="r", on=date(2099, 5, 1))
    identified(two)
    with pytest.raises(PermissionDenied):
        commands.gate(district.user("jie", "township", "guyang"), {number: "1"}, receipt="r", on=date(2026, 5, 1))
    assert not UpperEntry.objects.exists()


@pytest.mark.requirement("S0-37")
def test_a_snapshot_says_later_whether_it_still_holds(two: list[Parcel], office: Any) -> None:
    identified(two[:1])
    kept = commands.snapshot(office, "上报前")
    assert kept.count == 2
    assert kept.figures == {"": [1, pytest.approx(two[1].area_m2)], "identified": [1, pytest.approx(two[0].area_m2)]}
    assert checksums.verify(kept)
    # what happens afterwards does not touch it
    commands.reshape(office, two[0], day=date(2026, 3, 1), fields={"holder_name": "新主"})
    commands.set_outcomes(
        pl.DataFrame({"number": [two[1].number], "outcome": ["not"], "main_class": [""], "classes": ["[]"]})
    )
    assert checksums.verify(kept)
    # but what is changed behind the register's back does
    ParcelVersion.objects.filter(parcel=two[1]).update(area_m2=1.0)
    assert not checksums.verify(kept)


def test_a_snapshot_of_a_division(two: list[Parcel], office: Any, district: Any) -> None:
    street = district.user("jie", "township", "guyang")
    mine = commands.snapshot(street, "街道", region_code=TOWN)
    assert (mine.count, checksums.verify(mine)) == (1, True)
    with pytest.raises(PermissionDenied):
        commands.snapshot(street, "全区")
    commands.snapshot(office, "全区")
    from panhuo_platform.parcels.models import Snapshot

    assert [s.title for s in Snapshot.objects.visible_to(street)] == ["街道"]
    empty = commands.snapshot(office, "空", region_code="990112003")
    assert (empty.count, checksums.verify(empty)) == (0, True)
    with pytest.raises(ValidationError, match="快照名称"):
        commands.snapshot(office, " ")
