"""Jobs as people see them, and workers that die in the middle of one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone, translation
from worker_processes import until

from panhuo_platform.jobs import commands, queries
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.processes import LOST_AFTER, lives, me
from panhuo_platform.jobs.worker import run_waiting, take
from panhuo_platform.organisations.models import User


@pytest.fixture
def clerk(db: None) -> User:
    return User.objects.create(username="jingban")


@pytest.fixture
def lasting_clerk(emptied: None) -> User:
    """For tests whose rows other processes see."""
    return User.objects.create(username="jingban")


def begun(note: Path) -> int:
    return len(note.read_text().splitlines()) if note.exists() else 0


def test_a_job_is_done_and_says_so(clerk: User, run_jobs: Callable[[], list[Job]]) -> None:
    job = commands.start("trial.count", actor=clerk, subject=clerk, arguments={"to": 5})
    assert (job.state, str(job)) == ("waiting", "数数")
    assert run_jobs() == [job]
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts) == ("done", {"counted": 5}, 1)
    assert job.started_at and job.ended_at
    assert queries.latest(clerk, "trial.count") == job
    assert list(queries.of(clerk)) == [job]


def test_nothing_is_begun_for_a_transaction_that_fails(clerk: User, run_jobs: Callable[[], list[Job]]) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        commands.start("trial.count", actor=clerk, arguments={"to": 1})
        raise RuntimeError
    assert run_jobs() == []


def test_what_went_wrong_is_told_to_people_in_their_language(clerk: User, run_jobs: Callable[[], list[Job]]) -> None:
    commands.start("trial.refuse", actor=clerk, arguments={"how": "told"})
    commands.start("trial.refuse", actor=clerk, arguments={"how": "by accident"})
    told, accident = run_jobs()
    assert (told.state, told.told) == ("failed", "地块.shp: 图层没有坐标系。请指定后重试。")
    with translation.override("en"):
        assert told.told == "地块.shp: The layer has no CRS. Name one."
    assert accident.state == "failed"
    assert str(accident.pk)[:8] in accident.told
    assert "secret" not in accident.told


def test_one_sees_and_cancels_ones_own_jobs_alone(clerk: User, run_jobs: Callable[[], list[Job]]) -> None:
    other = User.objects.create(username="bieren")
    job = commands.start("trial.count", actor=clerk, arguments={"to": 1})
    assert not Job.objects.visible_to(other).exists()
    with pytest.raises(PermissionDenied):
        commands.cancel(other, job)
    commands.cancel(clerk, job)
    assert run_jobs() == []
    job.refresh_from_db()
    assert job.state == "cancelled"
    with pytest.raises(ValidationError):
        commands.cancel(clerk, job)
    new = commands.again(clerk, job)
    assert [j.pk for j in run_jobs()] == [new.pk]
    with pytest.raises(ValidationError):
        commands.again(clerk, new)


def test_the_system_administrator_sees_all_jobs(district: Any) -> None:
    clerk = User.objects.create(username="jingban")
    job = commands.start("trial.count", actor=clerk, arguments={"to": 1})
    assert list(Job.objects.visible_to(district.system)) == [job]
    assert not Job.objects.visible_to(district.audit).exists()


def test_a_worker_killed_in_the_middle_leaves_the_job_to_the_next(
    lasting_clerk: User, worker: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    note = tmp_path / "note"
    job = commands.start("trial.slow_once", actor=lasting_clerk, arguments={"note": str(note)})
    first = worker()
    until(lambda: begun(note) == 1)
    until(lambda: Job.objects.get(pk=job.pk).done > 0)
    first.send_signal(signal.SIGKILL)
    first.wait()
    job.refresh_from_db()
    assert job.state == "running"  # nobody has noticed yet
    second = worker("--once")
    assert second.wait(timeout=60) == 0
    job.refresh_from_db()
    assert (job.state, job.result, job.attempts) == ("done", {"begun": 2}, 2)


def test_a_worker_told_to_stop_gives_its_job_back(
    lasting_clerk: User, worker: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    note = tmp_path / "note"
    job = commands.start("trial.slow_once", actor=lasting_clerk, arguments={"note": str(note)})
    process = worker()
    until(lambda: begun(note) == 1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 0
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("waiting", 0)  # no death


def test_a_running_job_is_cancelled_at_its_next_step(
    lasting_clerk: User, worker: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    note = tmp_path / "note"
    job = commands.start("trial.slow_once", actor=lasting_clerk, arguments={"note": str(note)})
    process = worker("--once")
    until(lambda: begun(note) == 1)
    commands.cancel(lasting_clerk, job)
    assert process.wait(timeout=30) == 0
    job.refresh_from_db()
    assert (job.state, begun(note)) == ("cancelled", 1)


def test_three_deaths_end_a_job_with_what_to_do(clerk: User) -> None:
    job = commands.start("trial.count", actor=clerk, arguments={"to": 1})
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for _ in range(3):
        taken = take()
        assert taken is not None
        Job.objects.filter(pk=job.pk).update(worker="/".join([me().rsplit("/", 3)[0], str(gone.pid), "1", "x"]))
    assert take() is None
    job.refresh_from_db()
    assert (job.state, job.attempts) == ("failed", 3)
    assert "重新运行" in job.told


def test_a_worker_on_another_machine_is_given_up_by_its_silence(clerk: User) -> None:
    job = commands.start("trial.count", actor=clerk, arguments={"to": 1})
    assert take() is not None
    rows = Job.objects.filter(pk=job.pk)
    rows.update(worker="elsewhere/1/1/x", heartbeat_at=timezone.now() - LOST_AFTER + timedelta(seconds=10))
    assert lives("elsewhere/1/1/x") is None
    assert take() is None
    rows.update(heartbeat_at=timezone.now() - LOST_AFTER - timedelta(seconds=1))
    assert [j.state for j in run_waiting()] == ["done"]


def test_the_end_of_a_lost_attempt_does_not_count(clerk: User) -> None:
    """A worker that was only held up comes back after another one has begun the job again."""
    from panhuo_platform.jobs.worker import write

    commands.start("trial.count", actor=clerk, arguments={"to": 1})
    late = take()
    assert late is not None
    again = take()  # this process has lost the first attempt: it is between two jobs
    assert again is not None and again.attempts == 2
    write(late, {"state": "failed", "error": "late"})
    again.refresh_from_db()
    assert (again.state, again.error) == ("running", "")
    assert lives(me()) is True
