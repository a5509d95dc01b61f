"""What the platform's tests share: the demo locality, its administrators and one user of every role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from district_scene import District, adopt_pack, district_of
from django.core.cache import caches
from django.db import connection
from django.utils import translation


@pytest.fixture(autouse=True)
def _no_memory_between_tests() -> Iterator[None]:
    caches["process"].clear()
    yield
    caches["process"].clear()
    translation.deactivate()  # a page that was asked for in English


@pytest.fixture
def emptied(transactional_db: None) -> Iterator[None]:
    """For tests with real transactions: takes the triggers away that hold rows, before the tables are emptied again."""
    from panhuo_platform.audit import protection as audit
    from panhuo_platform.identification import protection as identification
    from panhuo_platform.parcels import protection as parcels

    for held in (audit, identification, parcels):
        held.release(connection)
        held.protect(connection)
    yield
    for held in (audit, identification, parcels):
        held.release(connection)


@pytest.fixture
def adopt(packs_folder: Path) -> Callable[[str], Any]:
    """Adopts a pack of the repository."""
    return lambda name: adopt_pack(packs_folder, name)


@pytest.fixture
def district(db: None, packs_folder: Path) -> District:
    return district_of(packs_folder)


@pytest.fixture
def run_jobs() -> Callable[[], list[Any]]:
    """Does all waiting jobs in this process, on this connection; gives them as they ended."""
    from panhuo_platform.jobs.worker import run_waiting

    return run_waiting


@pytest.fixture
def worker() -> Iterator[Any]:
    """Starts real worker processes on the test's database: ``worker("--once")``."""
    from worker_processes import workers

    with workers() as start:
        yield start
