"""One account for every role of the pack and every unit that holds it, with one password that is printed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from panhuo_platform.organisations import commands
from panhuo_platform.organisations.locality import frozen
from panhuo_platform.organisations.models import Administrator, Organisation, User
from panhuo_platform.pages.templatetags.panhuo_tags import told

#: Accounts of the three administrators.
OFFICES = {"system": "xitong", "security": "anquan", "audit": "shenji"}


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the demo: by whom it may be used, and what it is."""

    account: str
    unit: str
    role: str
    said: str


def settle(password: str, since: date) -> list[Person]:
    """Open the accounts of the adopted pack's roles, all with this password, in force from ``since``."""
    with transaction.atomic():
        founded = {office: user for office, (user, _) in commands.found(OFFICES).items()}
        people = [
            Person(user.username, "", office, str(Administrator.Office(office).label))
            for office, user in founded.items()
        ]
        for person, role, unit in _wanted():
            user, _first = commands.open_account(founded["system"], person.account, name=f"{unit}经办人"[:60])
            commands.grant(founded["security"], user, role, unit, starts_on=since)
            people.append(person)
        # for trying out: nobody has to change it, everybody can be somebody else in a moment
        User.objects.update(password=make_password(password), must_change_password=False)
    return people


def _wanted() -> Iterator[tuple[Person, str, Organisation]]:
    pack = frozen()
    assert pack is not None
    taken: set[str] = set()
    for role in pack["content"]["organisation"]["roles"]:
        for unit in _units(role):
            account = unit.code if unit.code not in taken else f"{unit.code}-{role['id']}"
            taken.add(account)
            yield Person(account, unit.name, role["id"], f"{unit.name}经办人（{told(role['name'])}）"), role["id"], unit


def _units(role: dict[str, Any]) -> Iterator[Organisation]:
    """The units that hold a role: members stand for their group; one unit of any kind where the role names none."""
    named = role.get("units") or []
    for code in named:
        unit = Organisation.objects.get(code=code)
        yield from unit.members.all() or [unit]
    if not named:
        yield Organisation.objects.exclude(kind="group")[0]
