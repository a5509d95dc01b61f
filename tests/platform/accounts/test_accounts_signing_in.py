"""Signing in: lock-out, first password, second factor, idle sessions; all of it in the audit."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations.models import User

PASSWORD = "Chenghu-2026-x"


@pytest.fixture(autouse=True)
def _no_limits_left(db: None) -> None:
    cache.clear()


@pytest.fixture
def town(district: Any) -> User:
    user = district.user("town", "township", "guyang")
    user.set_password(PASSWORD)
    user.must_change_password = False
    user.save()
    return user


def sign_in(client: Client, name: str = "town", password: str = PASSWORD, **more: Any) -> Any:
    return client.post(reverse("account_login"), {"login": name, "password": password}, **more)


def actions(account: str) -> list[str]:
    return list(AuditEvent.objects.filter(account=account).order_by("number").values_list("action", flat=True))


def test_in_and_out(town: User, client: Client) -> None:
    assert sign_in(client, REMOTE_ADDR="10.1.2.3")["Location"] == "/"
    assert client.get("/").status_code == 200
    client.post(reverse("account_logout"))
    assert client.get("/").status_code == 302
    assert actions("town")[-2:] == ["signed_in", "signed_out"]
    assert AuditEvent.objects.get(account="town", action="signed_in").address == "10.1.2.3"


def test_the_sixth_wrong_password_locks_even_the_right_one(town: User, client: Client) -> None:
    for _ in range(5):
        assert "账号或口令不对" in sign_in(client, password="wrong").content.decode()
    answer = sign_in(client)
    assert answer.status_code == 200
    assert "15 分钟" in answer.content.decode()
    assert actions("town").count("sign_in_failed") == 5
    assert "signed_in" not in actions("town")
    # the account is closed, not the place: a colleague at the same desk signs in
    colleague = User.objects.create(username="colleague", must_change_password=False)
    colleague.set_password(PASSWORD)
    colleague.save()
    assert sign_in(client, "colleague").status_code == 302


def test_unknown_accounts_are_answered_like_known_ones(town: User, client: Client) -> None:
    known, unknown = (sign_in(client, name, "wrong").content.decode() for name in ("town", "nobody"))
    assert "账号或口令不对" in known and "账号或口令不对" in unknown


def test_closed_accounts_stay_out(district: Any, town: User, client: Client) -> None:
    from panhuo_platform.organisations import commands

    client.force_login(town)
    commands.close_account(district.system, town, reason="调离")
    assert client.get("/").status_code == 302
    sign_in(client)
    assert client.get("/").status_code == 302


def test_a_given_password_is_changed_first(district: Any, client: Client) -> None:
    from panhuo_platform.organisations import commands

    _made, given = commands.open_account(district.system, "new")
    sign_in(client, "new", given)
    first = reverse("accounts:password")
    assert client.get("/")["Location"] == first
    assert client.get(reverse("administration:organisations"))["Location"] == first
    assert client.get("/", headers={"HX-Request": "true"})["HX-Redirect"] == first
    weak = client.post(first, {"old": given, "new": "chenghuqu123", "again": "chenghuqu123"})
    assert "至少用到其中 3 种" in weak.content.decode()
    other = client.post(first, {"old": given, "new": PASSWORD, "again": PASSWORD + "y"})
    assert "两次输入的新口令不一样" in other.content.decode()
    assert client.post(first, {"old": given, "new": PASSWORD, "again": PASSWORD})["Location"] == "/"
    assert client.get("/").status_code == 200, "changing the password does not sign one out"
    assert "修改口令" in AuditEvent.objects.filter(account="new").latest("number").told


def test_an_idle_session_ends(town: User, client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from panhuo_platform.accounts import middleware

    now = [1_800_000_000.0]
    monkeypatch.setattr(middleware.time, "time", lambda: now[0])
    sign_in(client)
    client.get("/")
    now[0] += settings.IDLE_MINUTES * 60 - 1
    assert client.get("/").status_code == 200
    now[0] += settings.IDLE_MINUTES * 60 - 1
    # a page that asks by itself keeps nothing alive
    assert client.get("/", headers={"X-Panhuo-Background": "1"}).status_code == 200
    now[0] += 2
    gone = client.get("/account/?x=1")
    assert gone["Location"].startswith(reverse("account_login"))
    assert "没有操作" in client.get(gone["Location"]).content.decode()


def test_second_factor(town: User, client: Client, settings: Any, django_capture_on_commit_callbacks: Any) -> None:
    import time

    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

    def code(secret: str) -> str:
        return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))

    settings.SECOND_FACTOR = "everybody"
    sign_in(client)
    activate = reverse("mfa_activate_totp")
    assert client.get("/")["Location"] == activate, "whoever must have one sets it up first"
    again = client.get(activate)["Location"]
    assert again.startswith(reverse("account_reauthenticate")), "only the owner of the session may set it up"
    client.post(again, {"password": PASSWORD})
    page = client.get(activate)
    secret = page.context["form"].secret
    assert "data:image/svg+xml" in page.content.decode()
    assert "验证码不对" in client.post(activate, {"code": "000000"}).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(activate, {"code": code(secret)}).status_code == 302
    assert client.get("/").status_code == 200
    client.post(reverse("account_logout"))
    halfway = sign_in(client)
    assert halfway["Location"].startswith(reverse("mfa_authenticate"))
    assert client.get("/").status_code == 302, "the password alone is not enough"
    told = list(AuditEvent.objects.filter(account="town").values_list("told", flat=True))
    assert "启用动态口令" in told


def test_nobody_signs_up(db: None, client: Client) -> None:
    for address in ("/account/signup/", "/account/sign-up/", "/accounts/signup/", "/account/password/reset/"):
        assert client.get(address).status_code in (302, 404)
        assert not User.objects.exists()


def test_the_other_devices_can_be_signed_out(town: User, client: Client) -> None:
    elsewhere = Client()
    sign_in(elsewhere)
    elsewhere.get("/")
    sign_in(client)
    client.get("/")
    assert client.get(reverse("accounts:mine")).content.decode().count("<tr>") == 3
    client.post(reverse("usersessions_list"))
    assert elsewhere.get("/").status_code == 302
    assert client.get("/").status_code == 200
