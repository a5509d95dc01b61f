"""The worker: takes jobs off the table, one after the other, and looks after those of dead workers."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import Error, InterfaceError, OperationalError, close_old_connections
from django.db.models import F
from django.utils import timezone, translation

from panhuo.messages import PanhuoError, Stopped, Text
from panhuo_platform.jobs.ending import end
from panhuo_platform.jobs.models import Job
from panhuo_platform.jobs.processes import me
from panhuo_platform.jobs.registry import kind_of
from panhuo_platform.jobs.running import Pulse, Running

logger = logging.getLogger("panhuo.jobs")

#: A job whose workers died so often is not begun again.
DEATHS = 3

DIED = Text(
    "处理程序连续 3 次中断，任务没有完成，原有数据没有改动。请检查服务器的内存和磁盘空间，然后点“重新运行”。",
    "The worker died 3 times over this job; what was there before is unchanged. Look at the server's memory and disk "
    "space, then run it again.",
)
BROKEN = Text(
    "程序出错（编号 {number}），任务没有完成。可以重新运行一次；仍然失败时，请把编号告诉系统管理员。",
    "A program error (number {number}) ended the job. Run it once more; if it fails again, tell the system "
    "administrator the number.",
)
UNKNOWN = Text(
    "本版本没有“{kind}”这种任务。请升级后台处理程序，或取消该任务。",
    "This version knows no job of the kind {kind}. Bring the worker up to date, or cancel the job.",
)


class Worker:
    """One process's loop over the table of jobs.

    poll : seconds between two looks where nothing waits
    """

    def __init__(self, *, poll: float = 1.0) -> None:
        self.poll = poll
        self._stop = threading.Event()
        self._running: Running | None = None

    def stop(self) -> None:
        """End soon: the job at hand stops at its next sign of progress and waits for another worker."""
        self._stop.set()
        if self._running is not None:
            self._running.stop()

    def work(self, *, once: bool = False) -> int:
        """Do jobs until told to stop, or (``once``) until none waits; returns how many were begun."""
        begun = 0
        while not self._stop.is_set():
            close_old_connections()
            try:
                job = take()
            except Error as error:  # the database is busy or away: it comes back
                logger.warning("no look at the jobs: %s", error)
                job = None
            if job is not None:
                begun += 1
                self._do(job)
            elif once:
                break
            else:
                self._stop.wait(self.poll)
        return begun

    def _do(self, job: Job) -> None:
        running = self._running = Running(job)
        if self._stop.is_set():
            running.stop()
        pulse = Pulse(running)
        pulse.start()
        try:
            outcome = attempt(running, leaving=self._stop.is_set)
        finally:
            pulse.end()
            self._running = None
        for wait in (0, 1, 5, 20):  # a job that has ended must not be begun again for a moment's trouble
            time.sleep(wait)
            try:
                write(job, outcome)
                return
            except Error as error:
                logger.warning("job %s: its end is not written yet: %s", job.pk, error)
                close_old_connections()


def run_waiting() -> list[Job]:
    """All jobs that wait, done in this thread and on its connection: for tests."""
    ended = []
    while (job := take()) is not None:
        write(job, attempt(Running(job, alone=True)))
        job.refresh_from_db()
        ended.append(job)
    return ended


def take() -> Job | None:
    """The job that has waited longest, or one of a dead worker, now this process's; None where there is none."""
    for job in Job.objects.filter(state=Job.State.RUNNING).order_by("created_at"):
        if _is_dead(job):
            _bury(job)
    for job in Job.objects.filter(state=Job.State.WAITING).order_by("created_at")[:20]:
        now = timezone.now()
        mine = Job.objects.filter(pk=job.pk, state=Job.State.WAITING, attempts=job.attempts).update(
            state=Job.State.RUNNING, worker=me(), attempts=F("attempts") + 1, started_at=now, heartbeat_at=now,
            step="", done=0, total=0, error="", error_en="",
        )  # fmt: skip
        if mine:
            job.refresh_from_db()
            return job
    return None


def _is_dead(job: Job) -> bool:
    # this process is between two jobs: whatever it is said to have, it has lost
    return job.worker == me() or job.lost


def _bury(job: Job) -> None:
    """Give the job of a dead worker back, end it where it was cancelled, or give it up."""
    logger.warning("job %s (%s): worker %s died", job.pk, job.kind, job.worker)
    if job.cancel_asked:
        change: dict[str, Any] = {"state": Job.State.CANCELLED, "ended_at": timezone.now()}
    elif job.attempts >= DEATHS:
        change = {
            "state": Job.State.FAILED, "ended_at": timezone.now(), "error": DIED("zh"), "error_en": DIED("en"),
        }  # fmt: skip
    else:
        change = {"state": Job.State.WAITING, "worker": ""}
    end(_of_this_attempt(job), job, **change)


def attempt(running: Running, *, leaving: Any = lambda: False) -> dict[str, Any]:
    """Do the work of a job; returns what is to be written of its end.

    leaving : says whether the worker itself has to go; the job then waits for the next one
    """
    job = running.job
    try:
        kind = kind_of(job.kind)
    except LookupError:
        return _failed(UNKNOWN.format(kind=job.kind))
    try:
        with translation.override("zh-hans"):
            result = kind.work(running, **job.arguments)
    except Stopped:
        if leaving() and not Job.objects.filter(pk=job.pk, cancel_asked=True).exists():
            return {"state": Job.State.WAITING, "worker": "", "attempts": job.attempts - 1}
        return {"state": Job.State.CANCELLED}
    except PanhuoError as error:
        return _failed(Text(error.say("zh"), error.say("en")))
    except (ValidationError, PermissionDenied) as error:
        told = "；".join(error.messages) if isinstance(error, ValidationError) else str(error)
        return _failed(Text(told, told))
    except (OperationalError, InterfaceError):
        logger.exception("job %s (%s): the database failed it", job.pk, job.kind)
        if job.attempts < DEATHS:
            return {"state": Job.State.WAITING, "worker": ""}
        return _failed(DIED)
    except Exception:
        logger.exception("job %s (%s) failed", job.pk, job.kind)
        return _failed(BROKEN.format(number=str(job.pk)[:8]))
    return {"state": Job.State.DONE, "result": result}


def write(job: Job, outcome: dict[str, Any]) -> None:
    """Write how an attempt ended, unless another worker has the job by now."""
    if outcome["state"] != Job.State.WAITING:
        outcome = outcome | {"ended_at": timezone.now()}
    if not end(_of_this_attempt(job), job, **outcome):
        logger.warning("job %s was taken by another worker; this end of it does not count", job.pk)


def _of_this_attempt(job: Job) -> Any:
    return Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, worker=job.worker, attempts=job.attempts)


def _failed(told: Text) -> dict[str, Any]:
    return {"state": Job.State.FAILED, "error": told("zh"), "error_en": told("en")}
