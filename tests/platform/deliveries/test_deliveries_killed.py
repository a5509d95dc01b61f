"""A worker that is killed in the middle of a delivery's work: nothing half-way is seen, and the next one does it."""

from __future__ import annotations

import io
import signal
from typing import Any

import polars as pl
from delivered_scene import TOWN, unit
from worker_processes import Start, until

from panhuo_platform.deliveries import commands, queries
from panhuo_platform.deliveries.models import Delivery, Finding
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.queries import latest

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
