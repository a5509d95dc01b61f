"""Everything moves from one store to another and is the same there; each step is a process of its own."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.config.transfer import checksums
from panhuo_platform.organisations.models import User
from panhuo_platform.regions.models import Region

pytestmark = pytest.mark.django_db(transaction=True)


def here() -> str:
    """The address of the tests' own database."""
    told = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{told['NAME']}"
    return postgis(told["NAME"])


def postgis(name: str) -> str:
    told = connection.settings_dict
    host = told["HOST"].replace("/", "%2F")
    return f"postgis://{told['USER']}:{told['PASSWORD']}@{host}:{told['PORT']}/{name}"


def manage(home: Path, url: str, *command: str) -> subprocess.CompletedProcess[str]:
    around = os.environ | {"DATABASE_URL": url, "PANHUO_HOME": str(home)}
    around.pop("DJANGO_SETTINGS_MODULE", None)
    return subprocess.run(
        [sys.executable, "-m", "panhuo.cli", "manage", *command],
        env=around,
        capture_output=True,
        text=True,
        check=False,
    )


def sums(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    assert "逐表校验和一致" in done.stdout
    return [line for line in done.stdout.splitlines() if "\t" in line]


@pytest.fixture
def full(emptied: None, district: Any, tmp_path: Path) -> Path:
    """A district with a user, a boundary and an audit; a home folder."""
    from django.contrib.gis.geos import MultiPolygon, Polygon

    district.user("town", "township", "guyang")
    square = MultiPolygon(Polygon.from_bbox((117.1, 36.6, 117.2, 36.7)), srid=4490)
    Region.objects.filter(code="990112001").update(boundary=square)
    return tmp_path / "home"


def test_every_row_moves_with_its_keys_hashes_and_shapes(full: Path, tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite3"
    lines = sums(manage(full, here(), "transfer", f"sqlite:///{file}"))
    held = {s.table: s for s in checksums("default")}
    assert lines == [f"{s.table}\t{s.rows}\t{s.sha256[:16]}" for s in held.values() if s.rows]
    other = sqlite3.connect(file)
    numbers = [n for (n,) in other.execute("SELECT number FROM audit_auditevent ORDER BY number")]
    assert numbers == list(AuditEvent.objects.order_by("number").values_list("number", flat=True))
    assert len(numbers) > 3
    boxes = list(other.execute("SELECT count(*) FROM rtree_regions_region_boundary"))
    assert boxes == [(1,)], "the boundary stands in the tree by which it is found"
    assert "完整" in manage(full, f"sqlite:///{file}", "audit_verify").stdout


def test_a_store_that_holds_data_is_not_overwritten(full: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    first = sums(manage(full, here(), "transfer", url))
    again = manage(full, here(), "transfer", url)
    assert again.returncode != 0
    assert "已经有数据" in again.stderr
    assert sums(manage(full, url, "transfer", f"sqlite:///{tmp_path / 'third.sqlite3'}")) == first


def test_what_cannot_be_a_store_is_said(full: Path) -> None:
    done = manage(full, here(), "transfer", "mysql://x/y")
    assert done.returncode != 0
    assert "postgis://" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_change_of_one_character_changes_the_sum_of_its_table(full: Path) -> None:
    before = checksums("default")
    User.objects.filter(username="town").update(name="变")
    assert [b.table for b, a in zip(before, checksums("default"), strict=True) if b != a] == ["organisations_user"]


@pytest.fixture
def second_database() -> Iterator[str]:
    """The address of another, empty PostGIS database beside the tests' own."""
    if connection.vendor == "sqlite":
        pytest.skip("the way there and back needs PostgreSQL")
    name = f"{connection.settings_dict['NAME']}_back"
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield postgis(name)
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def test_there_and_back_again(full: Path, tmp_path: Path, second_database: str) -> None:
    """PostGIS to SQLite to PostGIS gives the same sums, and new rows get new keys."""
    import psycopg

    file = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    there = sums(manage(full, here(), "transfer", file))
    assert sums(manage(full, file, "transfer", second_database)) == there
    with psycopg.connect(second_database.replace("postgis://", "postgresql://")) as other:
        (highest,) = other.execute("SELECT max(id) FROM organisations_user").fetchone() or (0,)
        (following,) = other.execute("SELECT nextval('organisations_user_id_seq')").fetchone() or (0,)
    assert following == highest + 1
