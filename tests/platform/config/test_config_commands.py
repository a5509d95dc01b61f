"""``panhuo serve`` and ``panhuo manage`` as an operator starts them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def bare(tmp_path: Path) -> dict[str, str]:
    """The environment of an installation with its home in an empty folder, on SQLite."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PANHUO_", "DATABASE_URL", "DJANGO_"))}
    return kept | {"PANHUO_HOME": str(tmp_path / "home"), "NO_COLOR": "1"}


@pytest.fixture
def port() -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number = probe.getsockname()[1]
    yield number


def panhuo(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "panhuo.cli", *arguments]


def test_serve_makes_its_store_and_answers(bare: dict[str, str], port: int, tmp_path: Path) -> None:
    server = subprocess.Popen(
        panhuo("serve", "--port", str(port)), env=bare, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        for _ in range(600):
            try:
                answer = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5))
                break
            except OSError:
                time.sleep(0.1)
        assert answer["ok"] is True
        assert (tmp_path / "home" / "panhuo.sqlite3").exists()
        second = subprocess.run(
            panhuo("serve", "--port", str(port)), env=bare, capture_output=True, text=True, check=False
        )
        assert second.returncode == 1
        assert "--port" in second.stderr
    finally:
        server.send_signal(signal.SIGINT)
        told, _ = server.communicate(timeout=30)
    assert f"http://127.0.0.1:{port}/" in told


def test_a_database_that_cannot_be_reached_is_said_so(bare: dict[str, str], port: int) -> None:
    bare["DATABASE_URL"] = "postgis://nobody@127.0.0.1:1/none"
    told = subprocess.run(
        panhuo("serve", "--port", str(port)), env=bare, capture_output=True, text=True, check=False, timeout=60
    )
    assert told.returncode == 1
    assert "连不上数据库" in told.stderr
    assert "Traceback" not in told.stderr


def test_manage_hands_on_what_it_is_told(bare: dict[str, str]) -> None:
    told = subprocess.run(
        panhuo("manage", "showmigrations", "--plan"), env=bare, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert "[ ]" in told.stdout
