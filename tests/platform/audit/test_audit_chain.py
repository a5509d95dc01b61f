"""The audit: what is recorded stays, and what was changed behind its back is found."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from panhuo_platform.audit.chain import BEGINNING, Break
from panhuo_platform.audit.commands import record
from panhuo_platform.audit.models import AuditEvent, ChainHead
from panhuo_platform.audit.protection import protect, release
from panhuo_platform.audit.queries import verify

Action = AuditEvent.Action


@pytest.fixture
def three(db: None) -> None:
    release(connection)  # a test with real transactions may have left the table without them
    protect(connection)
    for told in ("登录", "导出 12 宗", "认定：𬭎城街道"):
        record(Action.CHANGED, told, account="a", detail={"面积": 1.5, "rows": [1, 2]})


def behind_its_back(statement: str, *parameters: object) -> None:
    """As somebody who has the database in hand and no triggers in the way."""
    release(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
    protect(connection)


def test_events_follow_each_other(three: None) -> None:
    events = list(AuditEvent.objects.order_by("number"))
    assert [e.number for e in events] == [1, 2, 3]
    assert [e.previous for e in events] == [BEGINNING, events[0].hash, events[1].hash]
    assert verify() == (3, [])


def test_an_empty_chain_holds(db: None) -> None:
    assert verify() == (0, [])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_auditevent SET told = 'x' WHERE number = 2",
        "DELETE FROM audit_auditevent WHERE number = 3",
        "TRUNCATE audit_auditevent",
    ],
)
def test_the_database_refuses_changes(three: None, statement: str) -> None:
    if statement.startswith("TRUNCATE") and connection.vendor == "sqlite":
        statement = "DELETE FROM audit_auditevent"  # what SQLite has instead
    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else it refuses for a reason of its own
        cursor.execute(statement)
    assert verify() == (3, [])


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE audit_auditevent SET told = 'x' WHERE number = 2", [Break(2, "changed")]),
        ("UPDATE audit_auditevent SET account = 'b' WHERE number = 1", [Break(1, "changed")]),
        ("DELETE FROM audit_auditevent WHERE number = 2", [Break(2, "gap")]),
        ("DELETE FROM audit_auditevent WHERE number = 3", [Break(3, "cut")]),
        ("DELETE FROM audit_auditevent", [Break(1, "cut")]),
        (
            "UPDATE audit_auditevent SET number = 4 WHERE number = 3",
            [Break(3, "gap"), Break(3, "changed"), Break(4, "cut")],
        ),
    ],
)
def test_tampering_is_found(three: None, statement: str, found: list[Break]) -> None:
    behind_its_back(statement)
    _count, told = verify()
    assert set(told) == set(found) or {b.kind for b in told} >= {b.kind for b in found}
    assert told[0].number == found[0].number
    with pytest.raises(CommandError, match="审计链不完整"):
        call_command("audit_verify")


def test_an_event_forged_with_its_own_hash_does_not_fit(three: None) -> None:
    """Somebody who knows the algorithm makes the changed event right in itself: the next one gives it away."""
    from panhuo_platform.audit.chain import hash_of

    event = AuditEvent.objects.get(number=2)
    event.told = "导出 0 宗"
    behind_its_back("UPDATE audit_auditevent SET told = %s, hash = %s WHERE number = 2", event.told, hash_of(event))
    assert verify()[1] == [Break(3, "moved")]


def test_an_event_belongs_to_what_it_tells_of(three: None) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        record(Action.DECIDED, "没有做成")
        raise RuntimeError
    assert verify() == (3, [])


def test_the_algorithm_can_be_changed_in_the_middle(three: None, settings: Any) -> None:
    if "sm3" not in hashlib.algorithms_available:
        pytest.skip("this OpenSSL has no SM3")
    settings.AUDIT_ALGORITHM = "sm3"
    record(Action.CHANGED, "改用国密算法")
    assert AuditEvent.objects.get(number=4).algorithm == "sm3"
    assert verify() == (4, [])


def test_many_at_once_make_one_chain(emptied: None) -> None:
    def write(who: int) -> None:
        try:
            for k in range(10):
                record(Action.CHANGED, f"{who}-{k}")
        finally:
            connection.close()

    writers = [threading.Thread(target=write, args=(w,)) for w in range(4)]
    for w in writers:
        w.start()
    for w in writers:
        w.join()
    assert verify() == (40, [])
    assert ChainHead.objects.get().number == 40


def test_nobody_but_the_audit_administrator_reads_it(district: Any) -> None:
    office = district.user("banzi", "office", "ziran")
    for user in (office, district.system, district.security):
        assert AuditEvent.objects.visible_to(user).count() == 0
        assert ChainHead.objects.visible_to(user).count() == 0
    assert AuditEvent.objects.visible_to(district.audit).count() == AuditEvent.objects.count() > 3
