"""The three administrators at their pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import Assignment, Organisation, User


def as_user(user: Any) -> Client:
    User.objects.filter(pk=user.pk).update(must_change_password=False)
    client = Client()
    client.force_login(User.objects.get(pk=user.pk))
    return client


def test_an_account_is_opened_given_a_role_and_handed_over(district: Any) -> None:
    system, security = as_user(district.system), as_user(district.security)
    shown = system.post(reverse("administration:accounts"), {"username": "guyang1", "name": "国土所长"})
    password = shown.context["password"]
    assert password in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    user = User.objects.get(username="guyang1")
    assert user.check_password(password)
    assert not user.assignments_in_force

    wrong = security.post(
        reverse("administration:grant"),
        {
            "user": user.pk,
            "role": "office",
            "organisation": Organisation.objects.get(code="guyang").pk,
            "starts_on": "2026-01-01",
        },
    )
    assert wrong.status_code == 200, "the pack does not give this role to a township"
    assert not Assignment.objects.filter(user=user).exists()
    given = security.post(
        reverse("administration:grant"),
        {
            "user": user.pk,
            "role": "township",
            "organisation": Organisation.objects.get(code="guyang").pk,
            "starts_on": "2026-01-01",
        },
    )
    assert given["Location"] == reverse("administration:assignments")
    assert "鼓阳街道办事处" in security.get(reverse("administration:account", args=["guyang1"])).content.decode()

    system.post(reverse("administration:accounts"), {"username": "guyang2"})
    after = User.objects.get(username="guyang2")
    security.post(
        reverse("administration:hand_over", args=["guyang1"]),
        {"hand_over-successor": after.pk, "hand_over-on": "2026-11-01"},
    )
    assert [a.role for a in User.objects.get(pk=after.pk).assignments_in_force] == ["township"]
    assert not User.objects.get(pk=user.pk).assignments_in_force
    assert Assignment.objects.filter(user=user).count() == 1, "ended, never deleted"


@pytest.mark.parametrize("office", ["system", "security", "audit"])
def test_each_administrator_does_only_his_own(district: Any, office: str) -> None:
    district.user("town", "township", "guyang")
    client = as_user(getattr(district, office))
    may = {
        "administration:close": office == "system",
        "administration:reset": office == "system",
        "administration:appoint": office == "security",
        "administration:hand_over": office == "security",
    }
    for name, allowed in may.items():
        status = client.post(reverse(name, args=["town"]), {}).status_code
        assert (status != 403) == allowed, name
    assert (client.get(reverse("administration:audit")).status_code == 200) == (office == "audit")
    opened = client.post(reverse("administration:accounts"), {"username": "x1"})
    assert User.objects.filter(username="x1").exists() == (office == "system"), opened.status_code


def test_the_audit_can_be_searched_and_verified(district: Any) -> None:
    town = as_user(district.user("town", "township", "guyang"))
    town.get(reverse("administration:audit"))
    client = as_user(district.audit)
    page = client.get(reverse("administration:audit"), {"action": "refused"})
    assert [e.account for e in page.context["page"]] == ["town"]
    assert (
        not client.get(reverse("administration:audit"), {"account": "town", "last": "2020-01-01"})
        .context["page"]
        .object_list
    )
    answer = client.post(reverse("administration:verify"), follow=True)
    assert "审计链完整" in answer.content.decode()


def test_a_refused_command_says_why_beside_the_form(district: Any) -> None:
    system = as_user(district.system)
    system.post(reverse("administration:accounts"), {"username": "twice"})
    before = AuditEvent.objects.count()
    answer = system.post(reverse("administration:accounts"), {"username": "twice"})
    assert answer.context["form"].errors
    assert AuditEvent.objects.count() == before
    assert "invalid-feedback" in answer.content.decode() or "alert-danger" in answer.content.decode()
