"""What can go wrong is one friendly message and exit code 1; the real program says the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import panhuo as ph


def program(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "panhuo.cli", *(str(w) for w in words)],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        check=False,
    )


def test_help_and_version() -> None:
    told = program("--help")
    assert told.returncode == 0
    assert "退出码" in told.stdout.decode()
    assert "Exit codes" in told.stdout.decode()
    assert program("--version").stdout.decode().split() == ["panhuo", ph.__version__]
    assert program("no-such-command").returncode == 2


def test_help_needs_none_of_the_heavy_parts() -> None:
    code = "import sys, panhuo, panhuo.cli; print(sorted({'numba', 'polars', 'shapely', 'pyarrow'} & set(sys.modules)))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_a_console_that_cannot_show_everything(encoding: str) -> None:
    told = program("pack", "list", PYTHONIOENCODING=encoding)
    assert told.returncode == 0
    assert b"demo" in told.stdout
    assert b"Traceback" not in told.stderr


def test_no_colours_where_there_is_no_terminal(desk: Path, panhuo) -> None:
    told = program("pack", "show", "dem")
    assert told.returncode == 1
    assert b"\x1b[" not in told.stderr
    assert "\x1b[" not in panhuo("explain", "990112001001GB00001", "--in", "demo-district").out


CASES: list[tuple[tuple[str, ...], str]] = [
    (("check", "nowhere"), "找不到"),
    (("convert", "nowhere", "a.gpkg"), "找不到"),
    (("survey", "run", "nowhere"), "panhuo survey init"),
    (("survey", "status", "empty"), "panhuo survey init"),
    (("survey", "init", "nowhere"), "nowhere"),
    (("survey", "init", "empty", "--pack", "nope"), "nope"),
    (("survey", "init", "empty", "--on", "2026-13-01"), "2026-11-21"),
    (("survey", "run", "broken"), "survey.yaml:2"),
    (("survey", "run", "wrong"), "parcels"),
    (("survey", "run", "unpacked"), "nope"),
    (("explain", "990112001001GB00001", "--in", "empty"), "survey.yaml"),
    (("explain", "990112001001GB00001", "--in", "unrun"), "panhuo survey run"),
    (("compare", "demo", "demo", "--in", "unrun"), "panhuo survey run"),
    (("pack", "diff", "demo@yesterday", "demo"), "2026-11-21"),
    (("pack", "new", "Not A Name"), "Not A Name"),
]


@pytest.mark.parametrize(("words", "said"), CASES, ids=lambda v: " ".join(v) if isinstance(v, tuple) else "")
def test_errors_are_for_people(
    words: tuple[str, ...], said: str, tmp_path: Path, panhuo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole = "title: 甲\npack: demo\non: 2026-11-21\n"
    for name, text in (
        ("broken", "title: 甲\n  pack: [\n"),
        ("wrong", whole + "inputs:\n  - {path: a.shp, role: parcel}\n"),
        ("unpacked", whole.replace("demo", "nope") + "inputs: []\n"),
        ("unrun", whole + "inputs: []\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "survey.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "empty").mkdir()
    told = panhuo(*words)
    assert told.code == 1, told
    assert said in told.err
    assert " / " in told.err  # both languages
    assert "Traceback" not in told.err
    assert "程序内部出错" not in told.err


def test_a_folder_that_may_not_be_written(tmp_path: Path, panhuo, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").write_text("a file, where a folder is wanted", encoding="utf-8")
    told = panhuo("pack", "new", "lake-county", "--in", tmp_path / "closed")
    assert told.code == 1
    assert "Traceback" not in told.err

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "secret"))

    monkeypatch.setattr("panhuo.packs.new_pack", refused)
    told = panhuo("pack", "new", "lake-county", "--in", tmp_path)
    assert told.code == 1
    assert "secret" in told.err
    assert "请检查权限" in told.err


def test_what_nobody_foresaw_is_said_without_a_traceback(panhuo, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("panhuo.packs.list_packs", broken)
    told = panhuo("pack", "list")
    assert told.code == 1
    assert "PANHUO_TRACEBACK=1" in told.err
    monkeypatch.setenv("PANHUO_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        panhuo("pack", "list")


def test_stopping_is_no_error(panhuo, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("panhuo.packs.list_packs", stopped)
    told = panhuo("pack", "list")
    assert told.code == 130
    assert "再次运行会接着做" in told.err
