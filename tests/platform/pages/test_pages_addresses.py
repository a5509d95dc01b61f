"""Every address says who may call it, and keeps to it."""

from __future__ import annotations

import re
from typing import Any

from addresses import every_address
from django.conf import settings
from django.test import Client
from django.urls import reverse

from panhuo_platform.organisations.access import Access

#: Values for the parts of addresses; what they name does not exist, so whoever is let in is told 404.
_PARTS = {
    "int": "999999",
    "str": "none",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "uuidstr": "00000000-0000-0000-0000-000000000000",  # as the interfaces call it
    "slug": "none",
    "path": "none",
}


def filled(route: str) -> str:
    return "/" + re.sub(r"<(?:(\w+):)?\w+>", lambda m: _PARTS[m[1] or "str"], route)


def test_every_view_says_who_it_is_for() -> None:
    silent = [route for route, view in every_address() if not isinstance(getattr(view, "access", None), Access)]
    assert not silent, f"views without a decorator of organisations.access: {silent}"


def test_strangers_are_sent_to_the_sign_in(district: Any, client: Client) -> None:
    for route, view in every_address():
        if view.access.anyone:
            continue
        answer = client.get(filled(route))
        assert answer.status_code in (302, 401), (route, answer.status_code)
        if answer.status_code == 302:
            assert answer["Location"].startswith(reverse("account_login")), route


def test_every_role_is_let_in_where_its_rights_reach_and_nowhere_else(district: Any) -> None:
    from panhuo_platform.organisations.locality import frozen
    from panhuo_platform.organisations.models import Organisation, User

    pack = frozen()
    assert pack is not None
    people = {"system": district.system, "security": district.security, "audit": district.audit}
    for role in pack["content"]["organisation"]["roles"]:
        units = role.get("units") or ["ziran"]
        unit = Organisation.objects.get(code=units[0])
        unit = unit.members.first() or unit
        people[role["id"]] = district.user(f"a-{role['id']}", role["id"], unit.code)
    for name, person in people.items():
        User.objects.filter(pk=person.pk).update(must_change_password=False)
        person = User.objects.get(pk=person.pk)
        client = Client()
        client.force_login(person)
        for route, view in every_address():
            if view.access.anyone:
                continue
            status = client.get(filled(route)).status_code
            if view.access.lets_in(person):
                assert status != 403 and status < 500, (name, route, status)
            else:
                assert status == 403, (name, route, status)


def test_nobody_without_a_role_sees_the_work(district: Any, client: Client) -> None:
    from panhuo_platform.organisations.models import User

    idle = User.objects.create(username="idle", must_change_password=False)
    client.force_login(idle)
    for route, view in every_address():
        if not (view.access.anyone or view.access.signed_in):
            assert client.get(filled(route)).status_code == 403, route


def test_pages_carry_no_scripts_or_styles_of_their_own(district: Any, client: Client) -> None:
    from panhuo_platform.organisations.models import User

    User.objects.filter(pk=district.system.pk).update(must_change_password=False)
    client.force_login(User.objects.get(pk=district.system.pk))
    for route, view in every_address():
        if "<" in route or not (view.access.anyone or view.access.lets_in(district.system)):
            continue
        answer = client.get(filled(route))
        if not answer.get("Content-Type", "").startswith("text/html"):
            continue
        text = answer.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=|javascript:", text), route
        assert not re.search(r"(?:src|href)=[\"']https?://", text), f"{route} names another server"
        policy = answer["Content-Security-Policy"]
        assert "unsafe" not in policy and "http" not in policy.replace("https://testserver", "")


def test_refusals_are_kept_in_the_audit(district: Any, client: Client) -> None:
    from panhuo_platform.audit.models import AuditEvent
    from panhuo_platform.organisations.models import User

    town = district.user("town", "township", "guyang")
    User.objects.filter(pk=town.pk).update(must_change_password=False)
    client.force_login(User.objects.get(pk=town.pk))
    assert client.get(reverse("administration:audit")).status_code == 403
    event = AuditEvent.objects.first()
    assert event is not None
    assert (event.action, event.account) == ("refused", "town")
    assert "/administration/audit/" in event.told


def test_the_static_files_named_by_pages_are_served(client: Client, db: None) -> None:
    text = client.get(reverse("account_login")).content.decode()
    named = re.findall(r"(?:src|href)=\"(/static/[^\"]+)\"", text)
    assert named, "the sign-in names neither style nor script"
    for address in named:
        assert address.startswith(settings.STATIC_URL)
        assert client.get(address).status_code == 200, address
