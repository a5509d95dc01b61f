"""A worker that is killed in the middle of a delivery's work: nothing half-way is seen, and the next one does it."""

from __future__ import annotations

import io
import signal
from pathlib import Path
from typing import Any

import polars as pl
from delivered_scene import TOWN, Deliver, unit
from worker_processes import Start, finish, kill, until

from panhuo_platform.deliveries import commands, queries
from panhuo_platform.deliveries.models import Delivery, Finding
from panhuo_platform.jobs.commands import again, cancel
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.queries import latest
from panhuo_platform.jobs.running import Running
from panhuo_platform.jobs.worker import attempt, take, write

WRITE = "panhuo_platform.jobs.worker:write"
#: Enough findings that writing them takes a while.
ROWS = 40_000


def test_a_check_killed_while_it_writes_its_findings(emptied: None, town: Any, worker: Start) -> None:
    table = pl.DataFrame(
        {"统一社会信用代码": [f"错{k}" for k in range(ROWS)], "企业名称": [f"示例{k}公司" for k in range(ROWS)]}
    )
    content = io.BytesIO()
    table.write_csv(content)
    row = commands.open_delivery(town, sender=unit("shiqiaobu"), title="企业名录", township_code=TOWN)
    upload = commands.begin_upload(town, row, name="企业名录.csv", size=len(content.getvalue()))
    commands.put_part(town, upload, offset=0, part=content.getvalue())
    commands.receive(town, row)
    first = worker()
    until(lambda: Finding.objects.filter(delivery=row).exists(), seconds=120, pause=0.01)
    first.send_signal(signal.SIGKILL)
    first.wait()

    row.refresh_from_db()
    written = Finding.objects.filter(delivery=row).count()
    assert 0 < written < ROWS
    assert (row.state, row.run) == (Delivery.State.CHECKING, 0)
    assert not queries.findings(town, row).exists()  # half a check's findings are nobody's
    assert not queries.counts(row)["codes"]

    assert worker("--once").wait(timeout=180) == 0
    row.refresh_from_db()
    job = latest(row, "deliveries.check")
    assert job is not None and (job.state, job.attempts) == (Job.State.DONE, 2)
    assert (row.state, row.run) == (Delivery.State.CHECKED, 1)
    found = queries.findings(town, row)
    assert found.filter(code="A04").values("row").distinct().count() == ROWS
    assert Finding.objects.filter(delivery=row).count() == found.count()  # nothing of the killed check is left


def test_what_was_done_when_its_worker_died_is_not_done_again(
    emptied: None, town: Any, worker: Start, parcels_zip: Path
) -> None:
    """Read and checked, and killed before anybody wrote that the job is done: it is, and nothing is said to fail."""
    row = commands.take_in(town, parcels_zip, sender=unit("shiqiaobu"), title="宗地", township_code=TOWN)
    kill(worker, f"{WRITE}:1")
    row.refresh_from_db()
    assert (row.state, row.understood) == (Delivery.State.CHECKING, 1)
    kill(worker, f"{WRITE}:2")
    row.refresh_from_db()
    assert (row.state, row.understood, row.run) == (Delivery.State.CHECKED, 1, 1)
    found = set(queries.findings(town, row).values_list("pk", flat=True))
    finish(worker)
    assert list(Job.objects.values_list("state", "attempts").order_by("created_at")) == [("done", 2), ("done", 2)]
    row.refresh_from_db()
    assert (row.state, row.understood, row.run) == (Delivery.State.CHECKED, 1, 1)
    assert set(queries.findings(town, row).values_list("pk", flat=True)) == found != set()


def test_a_check_whose_worker_has_to_go_is_done_by_the_next(
    deliver: Deliver, town: Any, parcels_zip: Path, run_jobs: Any
) -> None:
    row = deliver(town, parcels_zip, sender="shiqiaobu", township=TOWN)
    commands.check(town, row)
    job = take()
    assert job is not None
    running = Running(job)
    running.stop()
    write(job, attempt(running, leaving=lambda: True))
    row.refresh_from_db()
    assert (row.state, row.run) == (Delivery.State.CHECKING, 1)
    assert [(j.pk, j.state) for j in run_jobs()] == [(job.pk, "done")]
    row.refresh_from_db()
    assert (row.state, row.run) == (Delivery.State.CHECKED, 2)


def test_a_check_that_ends_undone_can_be_asked_for_again(
    deliver: Deliver, town: Any, parcels_zip: Path, run_jobs: Any
) -> None:
    """Cancelled while it waits, or given up: layers can be described and mended again, and checked."""
    row = deliver(town, parcels_zip, sender="shiqiaobu", township=TOWN)
    job = commands.check(town, row)
    cancel(town, job)
    row.refresh_from_db()
    assert (row.state, row.run) == (Delivery.State.CHECKED, 1)
    job = commands.check(town, row)
    Job.objects.filter(pk=job.pk).update(state="running", attempts=3, worker="", heartbeat_at=None)
    assert run_jobs() == []
    row.refresh_from_db()
    job.refresh_from_db()
    assert (job.state, row.state, row.may_change) == ("failed", Delivery.State.CHECKED, True)
    again(town, job)
    assert [j.state for j in run_jobs()] == ["done"]
    row.refresh_from_db()
    assert (row.state, row.run) == (Delivery.State.CHECKED, 2)
