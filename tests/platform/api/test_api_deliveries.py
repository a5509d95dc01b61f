"""REST: handing in data by a program, and what was found in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from delivered_scene import TOWN, parcels_layer
from django.test import Client

from panhuo import exchange
from panhuo_platform.organisations.models import User

pytestmark = pytest.mark.django_db
DELIVERIES = "/api/v1/deliveries"
Programs = Callable[..., Client]


@pytest.fixture
def town_office(district: Any) -> Any:
    """The town government that delivers."""
    made = district.user("zhen", "township", "shiqiaobu")
    User.objects.filter(pk=made.pk).update(must_change_password=False)
    return User.objects.get(pk=made.pk)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A GeoPackage with good and faulty parcels."""
    path = tmp_path / "宗地.gpkg"
    exchange.write([parcels_layer()], path)
    return path


def posted(client: Client, address: str, **given: Any) -> Any:
    return client.post(address, given, content_type="application/json")


def test_a_program_delivers_in_parts_and_reads_what_was_found(
    town_office: Any, people: Any, program: Programs, file: Path, run_jobs: Any, settings: Any, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "attachments"
    sender = program(town_office, "read", "deliver")
    answer = posted(sender, DELIVERIES, title="石桥埠镇 2026 年宗地调查", township_code=TOWN)
    assert answer.status_code == 201, answer.content.decode()
    told = answer.json()
    assert (told["sender"], told["state"], told["uploads"]) == ("shiqiaobu", "receiving", [])
    here = f"{DELIVERIES}/{told['key']}"

    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    answer = posted(sender, f"{here}/uploads", name="宗地.gpkg", size=len(content), sha256=digest)
    assert answer.status_code == 201
    upload = f"{here}/uploads/{answer.json()['key']}"
    half = len(content) // 2

    def put(offset: int, part: bytes) -> Any:
        return sender.put(f"{upload}?offset={offset}", part, content_type="application/octet-stream")

    assert put(0, content[:half]).json()["here"] == half
    wrong = put(half + 1, b"x")
    assert (wrong.status_code, wrong.json()["code"]) == (409, "offset")
    assert sender.get(upload).json()["here"] == half, "whoever lost the line asks where to go on"
    done = put(half, content[half:]).json()
    assert (done["done"], done["sha256"]) == (True, digest)

    assert sender.post(f"{here}/receive").json()["state"] == "received"
    assert sender.post(f"{here}/receive").status_code == 422
    run_jobs()
    whole = sender.get(here).json()
    assert whole["state"] == "checked"
    assert [(one["role"], one["rows"]) for one in whole["layers"]] == [("parcels", 7)]
    assert whole["findings"]["error"] >= 1
    assert sender.get(f"/api/v1/jobs/{whole['jobs'][0]}").json()["state"] == "done"

    found = sender.get(f"{here}/findings").json()["items"]
    assert all(f["zh"] and f["en"] and f["mender"] for f in found)
    assert sum(f["severity"] == "error" for f in found) == whole["findings"]["error"]
    first = sender.get(f"{here}/findings?limit=1").json()
    following = sender.get(f"{here}/findings?limit=1000&after={first['next']}").json()
    assert [*first["items"], *following["items"]] == found
    assert sender.get(f"{here}/findings?severity=error&code=none").json() == {"items": [], "next": None}

    other = program(people.other, "read", "deliver")
    assert other.get(DELIVERIES).json() == {"items": [], "total": 0}
    for method, address in (("get", here), ("get", f"{here}/findings"), ("get", upload), ("delete", upload),
                            ("post", f"{here}/receive"), ("put", f"{upload}?offset=0")):  # fmt: skip
        assert getattr(other, method)(address).status_code == 404, address
    assert program(people.bureau).get(f"{DELIVERIES}?state=checked&township=9901121").json()["total"] == 1


def test_nobody_delivers_for_others(people: Any, program: Programs) -> None:
    sender = program(people.street, "read", "deliver")
    answer = posted(sender, DELIVERIES, title="别人的", sender="shiqiaobu", township_code=TOWN)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    answer = posted(sender, DELIVERIES, title="自己的单位，别人的辖区", township_code=TOWN)
    assert answer.status_code == 403
    assert posted(program(people.street), DELIVERIES, title="没有范围").json()["code"] == "scope"
    assert sender.get(DELIVERIES).json()["total"] == 0


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b'{"title": "x", "township_code": "99 0"}', b'{"title": ""}', b'{"title": "\\u0000"}',
        b'{"title": "\\ud800"}', b'{"title": NaN}', b'{"title": "x", "sender": "nobody"}', b"", b"[" * 5000,
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(people: Any, program: Programs, body: bytes) -> None:
    answer = program(people.street, "deliver").post(DELIVERIES, body, content_type="application/json")
    assert answer.status_code == 400
    assert set(answer.json()) <= {"code", "zh", "en", "fields"}


def test_a_file_with_a_name_that_leads_elsewhere(town_office: Any, program: Programs) -> None:
    sender = program(town_office, "read", "deliver")
    here = f"{DELIVERIES}/{posted(sender, DELIVERIES, title='x', township_code=TOWN).json()['key']}"
    answer = posted(sender, f"{here}/uploads", name="../../etc/passwd", size=5)
    assert answer.status_code == 422
    assert "路径" in answer.json()["zh"]
    named = posted(sender, f"{here}/uploads", name="a.zip", size=5).json()["key"]
    part = sender.put(f"{here}/uploads/{named}?offset=0", b"123456", content_type="application/octet-stream")
    assert (part.status_code, part.json()["code"]) == (422, "size")
    assert sender.put(f"{here}/uploads/{named}", b"1", content_type="application/octet-stream").status_code == 400
    assert sender.delete(f"{here}/uploads/{named}").status_code == 204
    assert sender.get(here).json()["uploads"] == []
