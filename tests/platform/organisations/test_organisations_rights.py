"""Who may do what, where and when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.audit.queries import verify
from panhuo_platform.organisations import commands, locality, rights
from panhuo_platform.organisations.models import Administrator, Assignment, Organisation, Seat, TaskForce, User
from panhuo_platform.regions.models import Region
from panhuo_platform.scope import Scoped

PACKS = ["demo", "licheng-2023", "liaocheng-2020", "jinghai-2024", "jiangmen-2023", "xuecheng-2022"]


def unit(code: str) -> Organisation:
    return Organisation.objects.get(code=code)


@pytest.mark.parametrize("pack", PACKS)
@pytest.mark.django_db
def test_every_locality_brings_its_offices(pack: str, adopt: Callable[[str], Any]) -> None:
    """Units, groups, task forces with their seats, divisions and roles come out of the pack; doing it twice changes
    nothing."""
    row = adopt(pack)
    counts = [m.objects.count() for m in (Organisation, TaskForce, Seat, Region)]
    assert counts[0] > 20 and counts[1] > 0 and counts[3] > 0
    assert counts[2] > 10 or pack == "jiangmen-2023"  # whose text does not say who sits on the committee
    assert all(o.members.exists() for o in Organisation.objects.filter(kind="group", code="zhenjie"))
    for role in row.frozen["content"]["organisation"]["roles"]:
        assert locality.role_of(role["id"]) == role
    adopt(pack)
    assert [m.objects.count() for m in (Organisation, TaskForce, Seat, Region)] == counts


def test_units_that_a_new_pack_does_not_name_are_ended_and_stay(district: Any, adopt: Callable[[str], Any]) -> None:
    user = district.user("banzi", "office", "ziran")
    adopt("licheng-2023")
    assert locality.role_of("office") is not None  # a role of the same name must not pass to the old unit's people
    assert rights.objects_of(User.objects.get(pk=user.pk)) == {}
    gone = unit("ziran")
    assert gone.ends_on == timezone.localdate()
    assert Assignment.objects.filter(organisation=gone).count() == 1


@pytest.mark.parametrize(
    ("role", "of", "can", "cannot"),
    [
        ("office", "ziran", ["E database", "A database", "E standard"], ["A project_plan", "A quota"]),
        ("township", "guyang", ["E database", "S database", "R project_plan"], ["A database", "E standard", "S quota"]),
        ("department", "gongxin", ["S database", "E survey", "R review"], ["E database", "A database"]),
        ("leader", "quzhengfu", ["S database", "A special_plan"], ["E database"]),
        ("visitor", "gongzhong", ["S notice"], ["S database", "S survey"]),
        ("city", "shiju", ["A database", "R database"], ["E database"]),
    ],
)
def test_roles_may_what_their_pack_says(district: Any, role: str, of: str, can: list[str], cannot: list[str]) -> None:
    user = district.user("x", role, of)
    told = {pair: rights.may(user, pair[0], pair[2:]) for pair in (*can, *cannot)}  # type: ignore[arg-type]
    assert told == dict.fromkeys(can, True) | dict.fromkeys(cannot, False)


def test_a_township_has_its_own_rows_only(district: Any) -> None:
    user = district.user("gu", "township", "guyang")
    assert rights.may(user, "E", "database", region="990112001")
    assert rights.may(user, "E", "database", region="990112001007")
    assert not rights.may(user, "E", "database", region="990112002")
    seen = Region.objects.filter(rights.rows(user, "database", "code"))
    assert [r.code for r in seen] == ["990112001"]
    assert not Region.objects.filter(rights.rows(user, "quota", "code")).exists()
    office = district.user("banzi", "office", "ziran")
    assert Region.objects.filter(rights.rows(office, "database", "code")).count() == Region.objects.count()


def test_a_unit_without_a_division_has_no_rows(district: Any) -> None:
    """A development zone whose territory nobody has entered sees nothing rather than everything."""
    user = district.user("kfq", "zone", "kaifaqu")
    assert not Region.objects.filter(rights.rows(user, "database", "code")).exists()
    assert not rights.may(user, "E", "database", region="990112001")
    Assignment.objects.filter(user=user).update(region=Region.objects.get(code="990112005"))
    user = User.objects.get(pk=user.pk)
    assert rights.may(user, "E", "database", region="990112005")


@pytest.mark.parametrize(("role", "of"), [("body", "shishi"), ("contractor", "jishu"), ("visitor", "gongzhong")])
def test_who_has_only_what_is_theirs_does_not_have_every_row(district: Any, role: str, of: str) -> None:
    user = district.user("x", role, of)
    for thing in rights.objects_of(user):
        assert not Region.objects.filter(rights.rows(user, thing, "code")).exists(), thing
        assert not rights.may(user, "S", thing, region="990112001"), thing
    Assignment.objects.filter(user=user).update(region=Region.objects.get(code="990112001"))
    user = User.objects.get(pk=user.pk)
    for thing in rights.objects_of(user):
        assert [r.code for r in Region.objects.filter(rights.rows(user, thing, "code"))] == ["990112001"]


def test_inferred_rights_can_be_switched_off(district: Any) -> None:
    user = district.user("gu", "township", "guyang")
    assert rights.may(user, "S", "ledger")
    locality.Locality.objects.update(with_inferred=False)
    locality.forget()
    assert not rights.may(User.objects.get(pk=user.pk), "S", "ledger")


def test_rights_begin_and_end_with_their_days(district: Any) -> None:
    today = timezone.localdate()
    user, _word = commands.open_account(district.system, "wang")
    row = commands.grant(
        district.security,
        user,
        "township",
        unit("guyang"),
        starts_on=today + timedelta(1),
        ends_on=today + timedelta(9),
    )

    def may_on(day: date) -> bool:
        return Assignment.objects.on(day).filter(user=user).exists()

    assert [may_on(today + timedelta(d)) for d in (0, 1, 8, 9)] == [False, True, True, False]
    commands.end(district.security, row, on=today + timedelta(3), reason="调离")
    assert [may_on(today + timedelta(d)) for d in (1, 2, 3)] == [True, True, False]
    assert Assignment.objects.get(pk=row.pk).reason == "调离"


def test_a_closed_account_may_nothing(district: Any) -> None:
    user = district.user("gu", "township", "guyang")
    commands.close_account(district.system, user, reason="离职")
    user = User.objects.get(pk=user.pk)
    assert not rights.may(user, "S", "database")
    assert rights.objects_of(user) == {}


def test_the_three_administrators_exclude_each_other(district: Any) -> None:
    user, _word = commands.open_account(district.system, "two")
    commands.appoint(district.security, user, Administrator.Office.SYSTEM)
    with pytest.raises(ValidationError, match="不得兼任"):
        commands.appoint(district.security, user, Administrator.Office.AUDIT)
    with pytest.raises(IntegrityError), transaction.atomic():  # not even past the command
        Administrator.objects.create(user=user, office="audit")
    with pytest.raises(ValidationError, match="业务工作"):
        commands.grant(district.security, user, "office", unit("ziran"), starts_on=date(2026, 1, 1))
    worker = district.user("banzi", "office", "ziran")
    with pytest.raises(ValidationError, match="业务工作"):
        commands.appoint(district.security, worker, Administrator.Office.AUDIT)


def test_an_office_is_never_left_empty(district: Any) -> None:
    row = Administrator.objects.get(user=district.audit)
    with pytest.raises(ValidationError, match="至少"):
        commands.dismiss(district.security, row)
    second, _word = commands.open_account(district.system, "second")
    commands.appoint(district.security, second, Administrator.Office.AUDIT)
    commands.dismiss(district.security, row)
    assert User.objects.get(pk=district.audit.pk).administers is None
    with pytest.raises(ValidationError, match="已经建立"):
        commands.found({"system": "a", "security": "b", "audit": "c"})


def test_each_administrator_does_only_their_own_work(district: Any) -> None:
    user = district.user("gu", "township", "guyang")
    day = timezone.localdate()
    for actor in (district.security, district.audit, user):
        with pytest.raises(PermissionDenied, match="系统管理员"):
            commands.open_account(actor, "new")
    for actor in (district.system, district.audit, user):
        with pytest.raises(PermissionDenied, match="安全管理员"):
            commands.grant(actor, user, "office", unit("ziran"), starts_on=day)
        with pytest.raises(PermissionDenied, match="安全管理员"):
            commands.hand_over(actor, user, district.user("li", "department", "fagai"), on=day)


def test_a_role_is_given_only_for_units_that_hold_it(district: Any) -> None:
    user, _word = commands.open_account(district.system, "x")
    with pytest.raises(ValidationError, match="不承担"):
        commands.grant(district.security, user, "office", unit("guyang"), starts_on=date(2026, 1, 1))
    with pytest.raises(ValidationError, match="没有这个角色"):
        commands.grant(district.security, user, "emperor", unit("guyang"), starts_on=date(2026, 1, 1))
    commands.grant(district.security, user, "township", unit("guyang"), starts_on=date(2026, 1, 1))
    with pytest.raises(ValidationError, match="已有"):
        commands.grant(district.security, user, "township", unit("guyang"), starts_on=date(2026, 2, 1))


@pytest.mark.requirement("S0-62")
def test_a_successor_takes_everything_over_in_one_step(district: Any) -> None:
    """席位接任者自然替补: role, territory and seat pass on together; nothing is deleted."""
    today = timezone.localdate()
    leaving = district.user("old", "township", "guyang")
    seat = Seat.objects.filter(organisation=unit("ziran")).first()
    commands.grant(district.security, leaving, "office", unit("ziran"), starts_on=date(2026, 1, 1), seat=seat)
    successor, _word = commands.open_account(district.system, "new")
    taken = commands.hand_over(district.security, leaving, successor, on=today)
    assert {(a.role, a.organisation.code, a.seat) for a in taken} == {
        ("township", "guyang", None), ("office", "ziran", seat),
    }  # fmt: skip
    assert not Assignment.objects.on(today).filter(user=leaving).exists()
    assert Assignment.objects.filter(user=leaving).count() == 2
    assert rights.may(User.objects.get(pk=successor.pk), "E", "database", region="990112001")
    with pytest.raises(ValidationError, match="没有可移交"):
        commands.hand_over(district.security, leaving, successor, on=today)


def test_every_change_of_rights_is_in_the_audit(district: Any) -> None:
    user = district.user("gu", "township", "guyang")
    commands.end(district.security, Assignment.objects.get(user=user), on=timezone.localdate(), reason="调离")
    commands.close_account(district.system, user, reason="离职")
    told = [e.told for e in AuditEvent.objects.filter(subject_id=str(user.pk)).order_by("number")]
    assert told == [
        "建立账号 gu", "授予 gu 鼓阳街道办事处“镇街”", "结束 gu 在鼓阳街道办事处的任职：调离", "停用账号 gu：离职",
    ]  # fmt: skip
    assert verify()[1] == []


def test_accounts_are_seen_by_colleagues_and_administrators_only(district: Any) -> None:
    a, b = district.user("a", "township", "guyang"), district.user("b", "township", "wanglan")
    c = district.user("c", "township", "guyang")

    def seen(user: Any) -> set[str]:
        return {u.username for u in User.objects.visible_to(user)}

    assert (seen(a), seen(b)) == ({"a", "c"}, {"b"})
    assert seen(c) == {"a", "c"}
    assert seen(district.security) == {"a", "b", "c", "xitong", "anquan", "shenji"}


def test_nobody_is_superuser() -> None:
    with pytest.raises(NotImplementedError):
        User.objects.create_superuser("root", password="x")


def test_every_table_says_who_may_see_it(district: Any) -> None:
    """No table of ours is without a rule, whoever adds one."""
    user = district.user("gu", "township", "guyang")
    ours = [m for m in apps.get_models() if m.__module__.startswith("panhuo_platform.")]
    assert len(ours) >= 9
    for model in ours:
        manager: Any = model._default_manager
        assert isinstance(manager.visible_to(user), Scoped), model
