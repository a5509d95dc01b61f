"""A delivery comes to the register: compared, decided, entered, and taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import shapely
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone
from parcels_ground import OTHER_TOWN, TOWN, code, delivered, parcel, square

from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.parcels import checksums, commands, guards, queries
from panhuo_platform.parcels.commands import Decisions
from panhuo_platform.parcels.comparing import compare
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Change, Lineage, Parcel, ParcelVersion

pytestmark = pytest.mark.django_db

FIRST, SECOND, THIRD = date(2025, 1, 1), date(2026, 3, 1), date(2026, 6, 1)


@pytest.fixture
def office(district: Any) -> Any:
    return district.user("ju", "office", "ziran")


@pytest.fixture
def deliver(office: Any) -> Callable[..., Change]:
    """Compares rows and enters them as decided; returns the change."""

    def do(
        *rows: dict[str, Any], day: date = SECOND, actor: Any = office, territory: str = TOWN, **told: Any
    ) -> Change:
        frame, shapes = delivered(*rows)
        compared = compare(frame, shapes, territory)
        decisions = Decisions(**told)
        return commands.enter(actor, frame, shapes, compared, day=day, territory=territory, decisions=decisions)

    return do


@pytest.fixture
def six(deliver: Callable[..., Change]) -> Change:
    """Six parcels side by side, delivered on the first day."""
    return deliver(*(parcel(k, holder_name=f"{k}厂") for k in range(1, 7)), day=FIRST)


def kinds_of(*rows: dict[str, Any], territory: str = TOWN) -> dict[str, str]:
    """Kind by name of each row, and by number's end of what is gone; a conflict says why."""
    frame, shapes = delivered(*rows)
    found = compare(frame, shapes, territory)
    return {
        (r["name"] if r["row"] else f"gone {r['number'][-1]}"): ":".join(filter(None, (r["kind"], r["why"])))
        for r in found.iter_rows(named=True)
    }


def now() -> tuple[str, int, float]:
    return checksums.of_register(timezone.localdate())


def unchanged(*numbers: int) -> list[dict[str, Any]]:
    return [parcel(k, holder_name=f"{k}厂") for k in numbers]


def test_the_first_delivery_is_all_new(six: Change) -> None:
    assert six.counts == {"new": 6, "left": 0, "same": 0}
    assert Parcel.objects.alive().count() == 6
    assert ParcelVersion.objects.filter(n=1, valid_from=FIRST, reason="delivered").count() == 6
    event = AuditEvent.objects.latest("number")
    assert (event.action, event.told) == ("decided", "接收宗地交付：新增 6")


@pytest.mark.requirement("S0-37")
def test_each_row_gets_its_kind(six: Change) -> None:
    found = kinds_of(
        *unchanged(1),
        parcel(2, holder_name="新厂"),
        parcel(3, square(3, width=0.95), holder_name="3厂"),
        parcel(8, square(4), parcel_name="4号地", holder_name="4厂"),  # the same ground under another code
        parcel(9, square(20)),
        parcel(10, square(5.5, width=0.9)),  # on ground of 5, which is not delivered, and of 6
    )
    assert found == {
        "1号地": "same", "2号地": "attributes", "3号地": "shape", "4号地": "attributes", "9号地": "new",
        "10号地": "conflict:overlaps", "gone 5": "gone", "gone 6": "gone",
    }  # fmt: skip


def test_the_evidence_stands_beside_the_kind(six: Change) -> None:
    frame, shapes = delivered(
        parcel(2, holder_name="新厂", registered_use="0601"),
        parcel(3, square(3, width=0.75), holder_name="3厂"),
        parcel(8, square(4), parcel_name="4号地", holder_name="4厂"),
        parcel(10, square(5.5, width=0.9)),
    )
    rows = {r["name"]: r for r in compare(frame, shapes, TOWN).iter_rows(named=True) if r["row"]}
    assert (rows["2号地"]["by"], rows["2号地"]["fields"]) == ("code", ["registered_use", "holder_name"])
    assert rows["2号地"]["becomes"] == ["0601", "新厂"]
    assert rows["2号地"]["was"] == ["", "2厂"]
    changed = rows["3号地"]
    assert (changed["fields"], changed["number"]) == ([], f"{TOWN}P0000003")
    assert changed["share_delivered"] == pytest.approx(1.0)
    assert changed["share_register"] == pytest.approx(0.75)
    assert changed["common_m2"] == pytest.approx(changed["area_m2"])
    assert (rows["4号地"]["by"], rows["4号地"]["fields"]) == ("shape", ["parcel_code"])
    over = rows["10号地"]
    assert sorted(over["other_numbers"]) == [f"{TOWN}P0000005", f"{TOWN}P0000006"]
    assert over["common_m2"] == pytest.approx(over["area_m2"])


def test_a_shape_written_anew_is_the_same_shape(six: Change) -> None:
    """Another first corner, another direction, a rounding of the ninth decimal: nothing has happened."""
    x = shapely.get_coordinates(square(1))[:-1]
    turned = shapely.Polygon([*x[2:], *x[:2]][::-1])
    rounded = shapely.transform(square(2), lambda xy: xy.round(9) + 1e-9)
    assert kinds_of(
        parcel(1, turned, holder_name="1厂"), parcel(2, rounded, holder_name="2厂"), *unchanged(3, 4, 5, 6)
    ) == dict.fromkeys((f"{k}号地" for k in range(1, 7)), "same")


def test_a_parcel_without_a_code_is_known_by_its_ground(
    put: Callable[..., Any], deliver: Callable[..., Change]
) -> None:
    put(parcel(1, parcel_code=None), parcel(2, parcel_code=None))
    assert kinds_of(parcel(1, parcel_code=None), parcel(2, square(2, width=0.95), parcel_code=None)) == {
        "1号地": "same", "2号地": "shape",
    }  # fmt: skip
    deliver(parcel(1), parcel(2))
    assert sorted(Parcel.objects.alive().values_list("code", flat=True)) == [code(1), code(2)]
    assert Parcel.objects.count() == 2


def test_splits_and_mergers_are_recognised_by_their_ground(six: Change) -> None:
    found = kinds_of(
        parcel(1, square(1, width=0.4), holder_name="1厂", parcel_name="西半"),  # the code stayed with one part
        parcel(11, square(1.4, width=0.6), parcel_name="东半"),
        parcel(12, square(2, height=0.5), parcel_name="南半"),
        parcel(13, square(2, 0.5, height=0.5), parcel_name="北半"),
        parcel(14, square(3, width=2), parcel_name="归宗"),
        parcel(5, square(5, width=2), parcel_name="并入"),  # the code of one of the two
    )
    assert found == {
        "西半": "split", "东半": "split", "南半": "split", "北半": "split", "归宗": "merged", "并入": "merged",
    }  # fmt: skip


def test_a_boundary_that_moved_between_two_is_no_conflict(six: Change) -> None:
    """Both neighbours are delivered with their new shapes: each gives way to the other's."""
    found = kinds_of(
        parcel(1, square(1, width=1.2), holder_name="1厂"), parcel(2, square(2.2, width=0.8), holder_name="2厂"),
        *unchanged(3, 4, 5, 6),
    )  # fmt: skip
    assert (found["1号地"], found["2号地"]) == ("shape", "shape")


@pytest.mark.requirement("S2-16")
def test_what_cannot_be_entered_says_why(six: Change, put: Callable[..., Any]) -> None:
    put(parcel(30, square(30), parcel_code=code(30, OTHER_TOWN), township_code=OTHER_TOWN))
    found = kinds_of(
        parcel(7, parcel_name="甲"), parcel(7, square(8), parcel_name="乙"),
        parcel(31, square(31), township_code=OTHER_TOWN, parcel_name="丙"),
        parcel(32, square(32), township_code=None, parcel_name="丁"),
        parcel(33, square(33), parcel_code=code(30, OTHER_TOWN), parcel_name="戊"),
        parcel(34, parcel_name="己") | {"shape": None},
        parcel(1, square(40), parcel_name="庚"),
        *unchanged(2, 3, 4, 5, 6),
    )  # fmt: skip
    reasons = {k: v.removeprefix("conflict:") for k, v in found.items() if v.startswith("conflict")}
    assert reasons == {
        "甲": "twice", "乙": "twice", "丙": "outside", "丁": "no_township", "戊": "elsewhere", "己": "no_shape",
        "庚": "moved",
    }  # fmt: skip
    assert "gone" not in found.values()


def test_only_parcels_of_the_territory_can_be_gone(six: Change, put: Callable[..., Any]) -> None:
    put(parcel(30, square(30), parcel_code=code(30, OTHER_TOWN), township_code=OTHER_TOWN))
    assert kinds_of(*unchanged(1, 2, 3, 4, 5)) == {f"{k}号地": "same" for k in range(1, 6)} | {"gone 6": "gone"}
    assert kinds_of(*unchanged(1, 2, 3, 4, 5, 6), territory="990112")["gone 1"] == "gone"


def test_everything_happens_as_decided(six: Change, deliver: Callable[..., Change]) -> None:
    before = {p.code: p.number for p in Parcel.objects.all()}
    change = deliver(
        *unchanged(1),
        parcel(2, holder_name="新厂"),
        parcel(11, square(3, width=0.5), parcel_name="西半"), parcel(12, square(3.5, width=0.5), parcel_name="东半"),
        parcel(13, square(4, width=2), parcel_name="归宗"),
        parcel(14, square(20)), parcel(15, square(21)),
        rows={6: "leave"}, kinds={"gone": "end"},
    )  # fmt: skip
    assert change.counts == {"attributes": 1, "merged": 1, "new": 1, "split": 2, "gone": 1, "left": 1, "same": 0 + 1}
    alive = {p.code: p for p in Parcel.objects.alive()}
    assert sorted(alive) == [code(k) for k in (1, 2, 11, 12, 13, 14)]
    assert alive[code(2)].number == before[code(2)]
    assert alive[code(2)].holder_name == "新厂"
    assert alive[code(2)].current.n == 2
    assert alive[code(1)].current.n == 1
    # numbers of what ended are not given again
    assert not {alive[code(k)].number for k in (11, 12, 13, 14)} & set(before.values())
    ended = Parcel.objects.filter(status="ended")
    assert {p.code for p in ended} == {code(k) for k in (3, 4, 5, 6)}
    assert set(ParcelVersion.objects.filter(parcel__in=ended).values_list("valid_to", flat=True)) == {SECOND}
    links = {(x.earlier.code, x.later.code, x.kind) for x in Lineage.objects.all()}
    assert links == {
        (code(3), code(11), "split"), (code(3), code(12), "split"),
        (code(4), code(13), "merged"), (code(5), code(13), "merged"),
    }  # fmt: skip
    shared = Lineage.objects.get(later__code=code(11)).common_m2
    assert shared == pytest.approx(alive[code(11)].area_m2)


def test_areas_add_up_through_splits_and_mergers(six: Change, deliver: Callable[..., Change]) -> None:
    before = sum(Parcel.objects.alive().values_list("area_m2", flat=True))
    deliver(
        *unchanged(1, 2),
        parcel(11, square(3, width=0.3)), parcel(12, square(3.3, width=0.7)), parcel(13, square(4, width=3)),
    )  # fmt: skip
    assert sum(Parcel.objects.alive().values_list("area_m2", flat=True)) == pytest.approx(before, rel=1e-9)


def test_yesterday_is_answered_as_it_was(six: Change, deliver: Callable[..., Change]) -> None:
    first = checksums.of_register(FIRST)
    learned = timezone.now()
    deliver(*unchanged(1, 2, 3, 4, 5), parcel(6, holder_name="新厂"), day=SECOND)
    assert checksums.of_register(FIRST) == first
    assert checksums.of_register(date(2026, 2, 28))[1:] == first[1:]
    assert checksums.of_register(SECOND) != first
    holders = [v.attributes["holder_name"] for v in queries.as_of(None, SECOND).order_by("code")]
    assert holders[-1] == "新厂"
    # what was believed then about today
    assert checksums.of_register(timezone.localdate(), known_on=learned) == first
    frame, _shapes = queries.frame(None, ParcelFilter(day=FIRST))
    assert frame["holder_name"].to_list() == [f"{k}厂" for k in range(1, 7)]


def test_a_version_of_the_same_day_takes_the_place_of_the_first(six: Change, deliver: Callable[..., Change]) -> None:
    deliver(*unchanged(1, 2, 3, 4, 5), parcel(6, holder_name="更正"), day=FIRST)
    last = ParcelVersion.objects.filter(code=code(6)).order_by("n")
    assert [(v.valid_from, v.valid_to, v.superseded_at is None) for v in last] == [
        (FIRST, None, False),
        (FIRST, None, True),
    ]
    assert queries.as_of(None, FIRST).get(code=code(6)).attributes["holder_name"] == "更正"


def test_an_undone_delivery_leaves_everything_as_before(
    six: Change, deliver: Callable[..., Change], office: Any
) -> None:
    before, learned = now(), timezone.now()
    parcels = {p.number: (p.code, p.status, p.holder_name, p.area_m2) for p in Parcel.objects.all()}
    change = deliver(
        *unchanged(1), parcel(2, holder_name="新厂"), parcel(3, square(3, width=0.75)),
        parcel(11, square(4, width=0.5)), parcel(12, square(4.5, width=0.5)), parcel(13, square(5, width=2)),
        parcel(14, square(20)), kinds={"gone": "end"},
    )  # fmt: skip
    meanwhile, knew = now(), timezone.now()
    assert meanwhile != before
    back = commands.undo(office, change, reason="报错了镇")
    assert now() == before
    assert checksums.of_register(SECOND) == checksums.of_register(FIRST)
    known = {
        p.number: (p.code, p.status, p.holder_name, p.area_m2) for p in Parcel.objects.all() if p.number in parcels
    }
    assert known == parcels
    assert Parcel.objects.alive().count() == 6
    # nothing is forgotten: what was believed in between, and before
    assert checksums.of_register(timezone.localdate(), known_on=knew) == meanwhile
    assert checksums.of_register(timezone.localdate(), known_on=learned) == before
    change.refresh_from_db()
    assert change.undone_by == back
    assert back.counts["restored"] == 5
    assert not Lineage.objects.filter(undone_at=None).exists()
    # and it can be entered again, under new numbers, and undone again
    again = deliver(*unchanged(1, 2, 3, 4, 5, 6), parcel(14, square(20)))
    assert Parcel.objects.alive().get(code=code(14)).number == f"{TOWN}P0000011"
    commands.undo(office, again, reason="再试")
    commands.undo(office, six, reason="全部撤销")
    assert now()[1] == 0
    assert not Parcel.objects.alive().exists()


def test_a_delivery_on_which_something_rests_stays(
    six: Change, deliver: Callable[..., Change], office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(*unchanged(1, 2, 3, 4, 5), parcel(6, holder_name="新厂"))
    with pytest.raises(ValidationError, match="之后又有变更"):
        commands.undo(office, six, reason="x")
    second = deliver(*unchanged(1, 2, 3, 4, 5), parcel(6, holder_name="新厂"), parcel(9, square(9)))
    commands.set_stage([Parcel.objects.get(code=code(9)).number], "surveyed")
    with pytest.raises(ValidationError, match="已进入办理流程"):
        commands.undo(office, second, reason="x")
    commands.set_stage([Parcel.objects.get(code=code(9)).number], "to_survey")
    monkeypatch.setattr(guards, "_guards", [lambda change: "3 宗的结论已经确认。"])
    with pytest.raises(ValidationError, match="3 宗的结论已经确认"):
        commands.undo(office, second, reason="x")
    monkeypatch.setattr(guards, "_guards", [lambda change: None])
    with pytest.raises(ValidationError, match="原因"):
        commands.undo(office, second, reason=" ")
    commands.undo(office, second, reason="x")
    with pytest.raises(ValidationError, match="已经撤销"):
        commands.undo(office, second, reason="x")


def test_decisions_that_make_no_sense_are_refused(six: Change, deliver: Callable[..., Change]) -> None:
    halves = [*unchanged(1, 2, 3, 4, 5), parcel(11, square(6, width=0.5)), parcel(12, square(6.5, width=0.5))]
    with pytest.raises(ValidationError, match="一并接收或一并不接收"):
        deliver(*halves, rows={5: "leave"})
    with pytest.raises(ValidationError, match="不能选择"):
        deliver(*halves, kinds={"new": "end"})
    twice = [*unchanged(1, 2, 3, 4, 5, 6), parcel(7), parcel(7, square(8))]
    with pytest.raises(ValidationError, match=r"第 7 行不能接收.*多次"):
        deliver(*twice, rows={6: "enter"})
    assert Change.objects.count() == 1


def test_an_overlap_may_be_entered_by_decision(six: Change, deliver: Callable[..., Change]) -> None:
    change = deliver(*unchanged(1, 2, 3, 4, 5), parcel(10, square(6.5, width=0.9)), rows={5: "enter"})
    assert change.counts["conflict"] == 1
    assert Parcel.objects.alive().count() == 7


def test_a_comparison_that_is_out_of_date_is_not_entered(six: Change, office: Any) -> None:
    frame, shapes = delivered(*unchanged(1, 2, 3, 4, 5), parcel(6, holder_name="甲"))
    compared = compare(frame, shapes, TOWN)
    commands.enter(office, frame, shapes, compared, day=SECOND, after=six.pk, territory=TOWN)
    with pytest.raises(ValidationError, match="重新比对"):
        commands.enter(office, frame, shapes, compared, day=THIRD, after=six.pk, territory=TOWN)
    with pytest.raises(ValidationError, match="重新比对"):
        commands.enter(office, frame, shapes, compared, day=THIRD, territory=TOWN)


def test_dates_that_cannot_be_are_refused(six: Change, deliver: Callable[..., Change]) -> None:
    with pytest.raises(ValidationError, match="在今天之后"):
        deliver(*unchanged(1), day=date(2099, 1, 1))
    with pytest.raises(ValidationError, match="晚于本次变更的日期"):
        deliver(parcel(1, holder_name="x"), day=date(2024, 1, 1))


def test_who_may_enter(six: Change, deliver: Callable[..., Change], district: Any) -> None:
    street, other = district.user("jie", "township", "guyang"), district.user("bie", "township", "wanglan")
    rows = [*unchanged(1, 2, 3, 4, 5, 6), parcel(9, square(9))]
    with pytest.raises(PermissionDenied):
        deliver(*rows, actor=other)
    with pytest.raises(PermissionDenied):
        deliver(*rows, actor=street, territory="990112")
    change = deliver(*rows, actor=street)
    with pytest.raises(PermissionDenied):
        commands.undo(other, change, reason="x")
    assert change.counts["new"] == 1


def test_half_an_entry_leaves_nothing(
    six: Change, deliver: Callable[..., Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = now()
    monkeypatch.setattr("panhuo_platform.parcels.commands.entering.record", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        deliver(*unchanged(1, 2, 3), parcel(9, square(9)), kinds={"gone": "end"})
    assert now() == before
    assert not Parcel.objects.filter(code=code(9)).exists()
    assert not list(ParcelFilter(box=square(9).bounds).parcels(Parcel.objects.all()))


def test_pieces_do_not_change_the_answer(
    six: Change, deliver: Callable[..., Change], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        *unchanged(1), parcel(2, holder_name="新厂"), parcel(11, square(3, width=0.5)),
        parcel(12, square(3.5, width=0.5)), parcel(13, square(4, width=2)), parcel(14, square(20)),
    ]  # fmt: skip
    frame, shapes = delivered(*rows)
    whole = compare(frame, shapes, TOWN)
    monkeypatch.setattr("panhuo_platform.parcels.bulk.PIECE", 2)
    assert compare(frame, shapes, TOWN).drop("others").equals(whole.drop("others"))
    deliver(*rows)
    monkeypatch.undo()
    assert Parcel.objects.alive().count() == 7
    assert isinstance(shapes, pa.LargeBinaryArray)
    assert isinstance(frame, pl.DataFrame)
