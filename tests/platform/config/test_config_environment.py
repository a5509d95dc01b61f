"""What an installation says of itself, and what is answered where it is wrong."""

from __future__ import annotations

import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from panhuo.messages import PanhuoError
from panhuo_platform.config import environment, libraries
from panhuo_platform.config.stores import POSTGIS, SQLITE, store


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment that says nothing, in an empty folder."""
    for name in ("PANHUO_HOME", "DATABASE_URL", "PANHUO_SECRET_KEY", "PANHUO_HOSTS", "PANHUO_HTTPS", "PANHUO_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_installation_needs_no_settings(bare: Path) -> None:
    told = environment.read()
    assert told.home == bare / "panhuo-home"
    assert told.hosts == ("localhost", "127.0.0.1", "[::1]")
    assert (told.database_url, told.debug, told.https) == (None, False, False)


def test_the_key_is_made_once_and_is_nobody_elses(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by workers that start together."""
    with ThreadPoolExecutor(8) as pool:
        for home in range(40):
            monkeypatch.setenv("PANHUO_HOME", str(bare / f"home-{home}"))
            keys = {e.secret_key for e in pool.map(lambda _: environment.read(), range(8))}
            assert len(keys) == 1
    assert len(keys.pop()) > 50
    assert stat.S_IMODE((bare / "home-0" / "secret-key").stat().st_mode) == 0o600


def test_an_empty_key_file_is_said_and_not_replaced(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "panhuo-home").mkdir()
    (bare / "panhuo-home" / "secret-key").touch()
    monkeypatch.setattr("time.sleep", lambda _: None)
    with pytest.raises(PanhuoError, match="secret-key"):
        environment.read()


def test_settings_come_from_the_environment(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PANHUO_HOME", str(bare / "elsewhere"))
    monkeypatch.setenv("PANHUO_SECRET_KEY", "given")
    monkeypatch.setenv("PANHUO_HOSTS", "land.example.cn, 10.0.0.5,")
    monkeypatch.setenv("PANHUO_HTTPS", "1")
    told = environment.read()
    assert (told.home, told.secret_key, told.https) == (bare / "elsewhere", "given", True)
    assert told.hosts == ("land.example.cn", "10.0.0.5")
    assert not (bare / "elsewhere" / "secret-key").exists()


@pytest.mark.parametrize(
    ("url", "engine", "name", "host"),
    [
        (None, SQLITE, "HOME/panhuo.sqlite3", None),
        ("sqlite:////var/lib/panhuo/a.sqlite3", SQLITE, "/var/lib/panhuo/a.sqlite3", None),
        ("postgis://u:p%40ss@db.example:5433/land", POSTGIS, "land", "db.example"),
        ("postgresql://u@%2Frun%2Fpostgresql/land", POSTGIS, "land", "/run/postgresql"),
    ],
)
def test_a_store_is_named_by_its_address(url: str | None, engine: str, name: str, host: str | None) -> None:
    told = store(url, Path("HOME"))
    assert (told["ENGINE"], Path(told["NAME"]).as_posix(), told.get("HOST")) == (engine, name, host)
    if url and "p%40ss" in url:
        assert (told["PASSWORD"], told["PORT"]) == ("p@ss", 5433)


def test_an_unknown_store_is_answered_with_those_that_are_known() -> None:
    with pytest.raises(PanhuoError, match="postgis://") as told:
        store("mysql://u@h/x", Path())
    assert "DATABASE_URL" in told.value.text.zh


def test_missing_libraries_are_said_with_both_ways_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GDAL_LIBRARY_PATH", raising=False)
    assert Path(libraries.library("GDAL")).is_file()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(PanhuoError, match="GDAL_LIBRARY_PATH") as told:
        libraries.library("GDAL")
    assert "pyogrio" in told.value.text.zh
    monkeypatch.setenv("GEOS_LIBRARY_PATH", "/nowhere/libgeos_c.so")
    with pytest.raises(PanhuoError, match=r"/nowhere/libgeos_c\.so"):
        libraries.library("GEOS")


@pytest.mark.django_db
def test_health_needs_no_sign_in_and_notices_a_lost_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]

    def lost(*_: object) -> None:
        from django.db.utils import OperationalError

        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", lost)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["ok"]) == (503, False)


def test_the_settings_pass_djangos_own_examination(tmp_path: Path) -> None:
    """As an operator would deploy them, behind TLS."""
    env = {"PATH": "", "PANHUO_HOME": str(tmp_path), "PANHUO_HTTPS": "1", "PANHUO_HOSTS": "land.example.cn"}
    told = subprocess.run(
        [sys.executable, "-m", "django", "check", "--deploy", "--fail-level", "WARNING"],
        env=env | {"DJANGO_SETTINGS_MODULE": "panhuo_platform.config.settings"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
