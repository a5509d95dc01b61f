"""The demo: an account for every role and unit, in an empty store only; its file is for its owner's eyes."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from panhuo_platform.demo.management.commands.demo import USERS, _keep
from panhuo_platform.demo.people import Person, settle
from panhuo_platform.organisations.locality import frozen
from panhuo_platform.organisations.models import Administrator, User


def test_every_role_has_somebody_who_may_sign_in_at_once(db: None, adopt: Any) -> None:
    adopt("demo")
    people = settle("Chenghu-2026-x", date(2025, 1, 1))
    pack = frozen()
    assert pack is not None
    held = {a.role for user in User.objects.all() for a in user.assignments_in_force}
    assert held == {r["id"] for r in pack["content"]["organisation"]["roles"]}
    assert Administrator.objects.filter(ended_at=None).count() == 3
    assert len({p.account for p in people}) == len(people) == User.objects.count()
    for user in User.objects.all():
        assert user.check_password("Chenghu-2026-x") and not user.must_change_password


def test_a_store_with_data_is_left_alone(district: Any) -> None:
    before = list(User.objects.values_list("username", flat=True))
    with pytest.raises(CommandError, match="已经有数据"):
        call_command("demo")
    assert list(User.objects.values_list("username", flat=True)) == before


def test_the_password_is_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / USERS
    _keep(file, "Chenghu-2026-x", [Person("guyang", "鼓阳街道办事处", "township", "鼓阳街道办事处经办人（镇街）")])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "guyang" in file.read_text(encoding="utf-8")
