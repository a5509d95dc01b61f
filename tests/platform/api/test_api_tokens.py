"""Tokens: made by their owner, shown once, never more than the owner, ended at any moment."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.test import Client
from django.utils import timezone
from parcels_ground import OTHER_TOWN

from panhuo_platform.api import commands
from panhuo_platform.api.models import ApiToken
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.organisations import commands as offices
from panhuo_platform.organisations.models import Assignment, User

pytestmark = pytest.mark.django_db
PARCELS = "/api/v1/parcels"
PASSWORD = "Panhuo-2026-token"


def told() -> list[str]:
    """What the audit says, newest first."""
    return list(AuditEvent.objects.order_by("-number").values_list("told", flat=True))


@pytest.fixture
def browser(people: Any, client: Client) -> Client:
    """The street office, signed in, and asked for its password once more a moment ago."""
    people.street.set_password(PASSWORD)
    people.street.save()
    answer = client.post("/account/sign-in/", {"login": "jie", "password": PASSWORD})
    assert answer.status_code == 302
    assert client.get("/api/tokens/new/")["Location"].startswith("/account/again/")
    answer = client.post("/account/again/?next=/api/tokens/new/", {"password": PASSWORD})
    assert answer["Location"] == "/api/tokens/new/"
    return client


def test_a_token_is_made_in_the_browser_and_shown_once(browser: Client) -> None:
    answer = browser.post("/api/tokens/new/", {"name": "QGIS 办公电脑", "scopes": ["read"], "days": "90"})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    row = ApiToken.objects.get()
    secret = answer.context["secret"]
    assert f'value="{secret}"' in answer.content.decode()
    assert secret.startswith(row.hint)
    assert secret not in str(ApiToken.objects.values().get()), "the secret is not kept"
    assert 89 < (row.expires_at - timezone.now()).total_seconds() / 86400 <= 90
    assert told()[0] == f"建立接口令牌“QGIS 办公电脑”（{row.hint}…）"
    page = browser.get("/api/tokens/").content.decode()
    assert "QGIS 办公电脑" in page
    assert secret not in page
    program = Client(headers={"Authorization": f"Bearer {secret}"})
    assert program.get(PARCELS).status_code == 200
    row.refresh_from_db()
    assert row.last_used_at is not None
    assert row.last_used_from == "127.0.0.1"
    assert browser.post(f"/api/tokens/{row.pk}/revoke/").status_code == 302
    assert told()[0] == f"撤销接口令牌“QGIS 办公电脑”（{row.hint}…）"
    refused = program.get(PARCELS)
    assert refused.status_code == 401
    assert refused.json()["code"] == "token"
    assert told()[0] == "接口令牌“QGIS 办公电脑”已撤销，已拒绝"
    assert ApiToken.objects.filter(pk=row.pk).exists(), "revoked, not deleted"


def test_an_old_session_is_not_enough_to_make_one(people: Any, client: Client) -> None:
    client.force_login(people.street)
    answer = client.get("/api/tokens/new/")
    assert answer.status_code == 302
    assert "/account/again/" in answer["Location"]
    assert client.post("/api/tokens/new/", {"name": "x", "scopes": ["read"], "days": "90"}).status_code == 302
    assert not ApiToken.objects.exists()


def test_what_is_missing_is_said_in_the_form(browser: Client) -> None:
    answer = browser.post("/api/tokens/new/", {"name": " ", "days": "9"})
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {"name", "scopes", "days"}
    assert not ApiToken.objects.exists()


def test_nobody_revokes_anothers_token_but_the_security_administrator(
    people: Any, district: Any, token: Callable[..., str], client: Client
) -> None:
    token(people.street)
    row = ApiToken.objects.get()
    client.force_login(people.other)
    assert client.post(f"/api/tokens/{row.pk}/revoke/").status_code == 404
    assert row.hint not in client.get("/api/tokens/").content.decode()
    client.force_login(User.objects.get(pk=district.security.pk))
    assert "jie" in client.get("/api/tokens/").content.decode()
    assert client.post(f"/api/tokens/{row.pk}/revoke/").status_code == 302
    row.refresh_from_db()
    assert row.revoked_by == district.security


def test_a_token_dies_with_its_day_and_with_its_owner(
    people: Any, district: Any, program: Callable[..., Client]
) -> None:
    late, gone, reset = program(people.street), program(people.bureau), program(people.other)
    ApiToken.objects.filter(owner=people.street).update(
        created_at=timezone.now() - timedelta(days=9), expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert late.get(PARCELS).status_code == 401
    User.objects.filter(pk=people.bureau.pk).update(is_active=False)
    assert gone.get(PARCELS).status_code == 401
    User.objects.filter(pk=people.other.pk).update(must_change_password=True)
    answer = reset.get(PARCELS)
    assert (answer.status_code, answer.json()["code"]) == (403, "password")


def test_a_token_never_gives_more_than_its_owner_has_now(
    people: Any, district: Any, town: pl.DataFrame, program: Callable[..., Client]
) -> None:
    reader = program(people.other, "read", "deliver", "run")
    assert [p["township_code"] for p in reader.get(PARCELS).json()["items"]] == [OTHER_TOWN]
    Assignment.objects.filter(user=people.other).update(ends_on=timezone.localdate())
    answer = reader.get(PARCELS)
    assert answer.status_code == 403
    assert answer.json() == {
        "code": "forbidden", "zh": "您的角色没有这项权限。", "en": answer.json()["en"],
    }  # fmt: skip
    assert answer.json()["en"].isascii()
    assert told()[0] == f"被拒：GET {PARCELS}"


def test_a_token_gives_only_its_scopes(people: Any, program: Callable[..., Client]) -> None:
    from panhuo_platform.jobs.commands import start

    job = start("trial.count", actor=people.street, arguments={"to": 1})
    deliverer, runner = program(people.street, "deliver"), program(people.street, "read", "run")
    assert deliverer.get(PARCELS).json()["code"] == "scope"
    assert deliverer.post(f"/api/v1/jobs/{job.pk}/cancel").json()["code"] == "scope"
    assert runner.post(f"/api/v1/jobs/{job.pk}/cancel").status_code == 200
    job.refresh_from_db()
    assert job.state == "cancelled"


def test_basic_is_for_reading_features_alone(people: Any, token: Callable[..., str]) -> None:
    secret = token(people.street, "read", "run")

    def basic(account: str, word: str) -> Client:
        return Client(headers={"Authorization": "Basic " + base64.b64encode(f"{account}:{word}".encode()).decode()})

    assert basic("jie", secret).get("/api/ogc/collections").status_code == 200
    assert basic("", secret).get("/api/ogc/collections").status_code == 200
    assert basic("lin", secret).get("/api/ogc/collections").status_code == 401
    people.street.set_password(PASSWORD)
    people.street.save()
    refused = basic("jie", PASSWORD).get("/api/ogc/collections")
    assert refused.status_code == 401, "a password is no token"
    assert refused["WWW-Authenticate"].startswith("Basic ")
    assert basic("jie", secret).get(PARCELS).status_code == 401
    assert Client(headers={"Authorization": "Basic %%%"}).get("/api/ogc/").status_code == 401


def test_strangers_are_told_how_to_come_in(db: None, client: Client) -> None:
    answer = client.get(PARCELS)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer ")
    assert answer.json()["zh"] == "请先登录，或者出示接口令牌。"
    person = client.get("/api/ogc/", headers={"Accept": "text/html"})
    assert person.status_code == 302, "people sign in"
    assert person["Location"] == "/account/sign-in/?next=/api/ogc/"


def test_a_browser_changes_nothing_without_its_csrf_token(people: Any) -> None:
    from panhuo_platform.jobs.commands import start

    job = start("trial.count", actor=people.street, arguments={"to": 1})
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.street)
    address = f"/api/v1/jobs/{job.pk}/cancel"
    assert browser.post(address).json()["code"] == "csrf"
    browser.get("/api/tokens/")
    good = browser.cookies["csrftoken"].value
    assert browser.post(address, headers={"X-CSRFToken": good}).status_code == 200


def test_too_many_requests_are_sent_away_for_a_while(
    people: Any, program: Callable[..., Client], settings: Any
) -> None:
    settings.API_RATE = 3
    one, two = program(people.street), program(people.bureau)
    answers = [one.get(PARCELS).status_code for _k in range(5)]
    assert answers in ([200, 200, 200, 429, 429], *([200] * k + [429] * (4 - k) + [200] for k in range(1, 4)))
    assert two.get(PARCELS).status_code == 200
    late = [one.get(PARCELS) for _k in range(5)][-1]
    assert 1 <= int(late["Retry-After"]) <= 60


def test_guessing_is_slow_and_seen(people: Any, token: Callable[..., str], client: Client) -> None:
    wrong = {"Authorization": f"Bearer {commands.BEGINNING}guess"}
    before = AuditEvent.objects.count()
    codes = [client.get(PARCELS, headers=wrong).status_code for _k in range(40)]
    assert codes[0] == 401
    assert 429 in codes
    recorded = AuditEvent.objects.filter(action="sign_in_failed").count()
    assert 1 <= recorded <= 2, "a flood is recorded once a minute"
    assert AuditEvent.objects.count() == before + recorded


def test_reading_page_by_page_is_an_export_too(
    people: Any, town: pl.DataFrame, program: Callable[..., Client], settings: Any
) -> None:
    settings.API_EXPORT_ROWS = 4
    reader = program(people.bureau)
    assert reader.get(f"{PARCELS}?limit=3").status_code == 200
    assert not AuditEvent.objects.filter(action="exported").exists()
    b"".join(reader.get("/api/ogc/collections/parcels/items?limit=3").streaming_content)
    event = AuditEvent.objects.get(action="exported")
    assert event.actor == people.bureau
    assert event.told == "通过接口读取 parcels，当日累计 6 条（令牌“程序”）"
    assert event.address == "127.0.0.1"


def test_the_account_that_must_change_its_password_makes_no_token(district: Any) -> None:
    from django.core.exceptions import PermissionDenied

    fresh, _password = offices.open_account(district.system, "xin")
    with pytest.raises(PermissionDenied):
        commands.create_token(fresh, name="x", scopes=["read"], days=1)


def test_there_is_an_end_to_tokens(people: Any) -> None:
    from django.core.exceptions import ValidationError

    for k in range(commands.MOST):
        commands.create_token(people.street, name=str(k), scopes=["read"], days=1)
    with pytest.raises(ValidationError, match="20"):
        commands.create_token(people.street, name="one more", scopes=["read"], days=1)
    for bad in ({"scopes": []}, {"scopes": ["everything"]}, {"days": 0}, {"days": 999}, {"name": " "}):
        with pytest.raises(ValidationError):
            commands.create_token(people.bureau, **({"name": "x", "scopes": ["read"], "days": 1} | bad))
