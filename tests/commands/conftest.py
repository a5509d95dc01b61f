"""The command line as it is typed, on a small district that has been surveyed once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from panhuo.cli import main
from panhuo.demo import make_district
from panhuo.survey import load_config, run


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Panhuo = Callable[..., Answer]


@pytest.fixture(scope="session")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``demo-district``, made and surveyed; tests/docs uses the same one."""
    place = tmp_path_factory.getbasetemp() / "surveyed-district"
    if not place.exists():
        make_district(place / "demo-district", parcels=500, seed=1)
        run(load_config(place / "demo-district"))
    return place


@pytest.fixture
def desk(surveyed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a copy of the district."""
    shutil.copytree(surveyed / "demo-district", tmp_path / "demo-district")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def panhuo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Panhuo:
    """Run a command in this process through the real entry point."""
    monkeypatch.delenv("PANHUO_LANG", raising=False)
    monkeypatch.delenv("PANHUO_TRACEBACK", raising=False)

    def typed(*words: str | Path) -> Answer:
        capsys.readouterr()
        try:
            main([str(word) for word in words])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        else:
            code = 0
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return typed
