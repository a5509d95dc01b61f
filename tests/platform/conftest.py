"""What the platform's tests share: the demo locality, its administrators and one user of every role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import caches
from django.db import connection
from django.utils import translation

#: Before every assignment that tests make.
LONG_AGO = date(2020, 1, 1)


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

    for held in (audit, identification):
        held.release(connection)
        held.protect(connection)
    yield
    for held in (audit, identification):
        held.release(connection)


@dataclass
class District:
    """The demo district's offices: three administrators, and users by the name a test gives them."""

    system: Any
    security: Any
    audit: Any
    users: dict[str, Any] = field(default_factory=dict)

    def user(self, name: str, role: str, unit: str) -> Any:
        """An account with a role for a unit, since long ago."""
        from panhuo_platform.organisations import commands
        from panhuo_platform.organisations.models import Organisation, User

        if name not in self.users:
            made, _password = commands.open_account(self.system, name)
            self.users[name] = made
            commands.grant(self.security, made, role, Organisation.objects.get(code=unit), starts_on=LONG_AGO)
        return User.objects.get(username=name)


@pytest.fixture
def adopt(packs_folder: Path) -> Callable[[str], Any]:
    """Adopts a pack of the repository."""
    from panhuo.packs import load_pack
    from panhuo_platform.organisations import commands

    return lambda name: commands.adopt(load_pack(name, on=date(2026, 11, 21), folders=[packs_folder]))


@pytest.fixture
def district(db: None, adopt: Callable[[str], Any]) -> District:
    from panhuo_platform.organisations import commands

    adopt("demo")
    made = commands.found({"system": "xitong", "security": "anquan", "audit": "shenji"})
    return District(*(made[office][0] for office in ("system", "security", "audit")))


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
