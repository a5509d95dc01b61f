"""One demo district and one finished survey of it, shared by the tests of the main job."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from panhuo.demo import make_district
from panhuo.survey import Result, load_config, run


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo district of 2,000 parcels with its planted errors. Not to be written to."""
    folder = tmp_path_factory.mktemp("district")
    make_district(folder, parcels=2000, seed=1)
    return folder


@pytest.fixture(scope="session")
def copied(district: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A fresh copy of the district, for tests that run or change it."""

    def copy() -> Path:
        folder = tmp_path_factory.mktemp("copy") / "district"
        shutil.copytree(district, folder)
        return folder

    return copy


@pytest.fixture(scope="session")
def finished_result(copied: Callable[[], Path]) -> Result:
    """The survey of the district, run once without disturbance."""
    return run(load_config(copied()))
