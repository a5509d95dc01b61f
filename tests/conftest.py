"""What all tests share, and the list of requirements they show."""

from __future__ import annotations

import os
import shutil
import warnings
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: The requirements register: how many rows each of the five documents has.
REGISTER = {"S0": 67, "S1": 103, "S2": 102, "S3": 87, "S4": 102}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--list-requirements", action="store_true", help="list which requirements have a test, and run nothing"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A mark that names no row is an error; ``--list-requirements`` prints the list instead of running tests."""
    rows = {f"{document}-{number:02d}" for document, count in REGISTER.items() for number in range(1, count + 1)}
    shown: dict[str, list[str]] = defaultdict(list)
    held: dict[str, list[str]] = defaultdict(list)
    for item in items:
        for kind, table in (("requirement", shown), ("held", held)):
            for mark in item.iter_markers(kind):
                for row in mark.args:
                    if row not in rows:
                        raise pytest.UsageError(f"{item.nodeid}: the register has no row {row!r}")
                    if item.nodeid not in table[row]:
                        table[row].append(item.nodeid)
    if config.getoption("--list-requirements"):
        config.stash[_SHOWN] = dict(shown)
        config.stash[_HELD] = len(held.keys() - shown.keys())
        items.clear()


_SHOWN = pytest.StashKey[dict[str, list[str]]]()
_HELD = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if session.config.getoption("--list-requirements") and exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
        session.exitstatus = pytest.ExitCode.OK


def pytest_unconfigure(config: pytest.Config) -> None:
    shown = config.stash.get(_SHOWN, None)
    if shown is None:
        return
    for row in sorted(shown, key=lambda name: (name[:2], int(name[3:]))):
        for test in shown[row]:
            print(f"{row}  {test}")
    print(f"{config.stash[_HELD]} more are held by a pack as data and not counted: nothing acts on them yet")
    print(f"{len(shown)} of {sum(REGISTER.values())}")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of development data beside the checkout, or a loud skip.

    ``PANHUO_SHARED_DATA`` names another place.
    """
    folder = Path(os.environ.get("PANHUO_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        warnings.warn(f"development data not found at {folder}: tests that need it are skipped", stacklevel=1)
        pytest.skip(f"development data not found at {folder}")
    return folder


@pytest.fixture(scope="session")
def packs_folder() -> Path:
    """The packs of the repository."""
    return ROOT / "packs"


@pytest.fixture(scope="session")
def surveyed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``demo-district``, made and surveyed."""
    from panhuo.demo import make_district
    from panhuo.survey import load_config, run

    place = tmp_path_factory.mktemp("surveyed-district")
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
