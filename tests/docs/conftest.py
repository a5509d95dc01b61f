"""A small district that has been surveyed once: what the commands of the documentation work on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from panhuo.demo import make_district
from panhuo.survey import load_config, run


@pytest.fixture(scope="session")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``demo-district``, made and surveyed; tests/commands uses the same one."""
    place = tmp_path_factory.getbasetemp() / "surveyed-district"
    if not place.exists():
        make_district(place / "demo-district", parcels=500, seed=1)
        run(load_config(place / "demo-district"))
    return place


@pytest.fixture
def desk(surveyed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a copy of the district: the reader's own."""
    shutil.copytree(surveyed / "demo-district", tmp_path / "demo-district")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PANHUO_LANG", raising=False)
    return tmp_path
