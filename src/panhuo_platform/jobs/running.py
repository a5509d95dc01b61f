"""A job while it runs: how its work tells how far it is, and learns that it shall stop."""

from __future__ import annotations

import threading
import time
from typing import Any

from django.db import Error, close_old_connections, connection
from django.utils import timezone

from panhuo.messages import Stopped
from panhuo_platform.jobs.models import Job

#: Seconds between two looks at the row while a job runs: progress is written and a cancellation noticed at this pace.
PACE = 1.0
#: Seconds between two signs of life where there is no progress to write.
BEAT = 10.0


class Running:
    """What a work function gets: a :class:`panhuo.progress.Progress` that knows its job and its actor.

    A call costs nothing: it leaves its numbers for :class:`Pulse`, or writes them itself where there is none.
    """

    def __init__(self, job: Job, *, alone: bool = False) -> None:
        self.job = job
        self.actor: Any = job.actor
        self._alone = alone
        self._at: tuple[str, int, int] = ("", 0, 0)
        self._told: tuple[str, int, int] = ("", 0, 0)
        self._looked = 0.0
        self._stopping = threading.Event()

    def __call__(self, step: str, done: int, total: int) -> None:
        self._at = (step[:200], max(0, int(done)), max(0, int(total)))
        if self._alone and time.monotonic() - self._looked >= PACE:
            self._looked = time.monotonic()
            self.look()
        if self._stopping.is_set():
            raise Stopped

    def stop(self) -> None:
        """Stop at the next call of the work function."""
        self._stopping.set()

    def look(self, *, beat: bool = True) -> None:
        """Write how far the work is, and learn whether it shall stop: cancelled, or another worker has taken it."""
        mine = Job.objects.filter(
            pk=self.job.pk, state=Job.State.RUNNING, worker=self.job.worker, attempts=self.job.attempts
        )
        at = self._at
        if at != self._told or beat:
            step, done, total = at
            if mine.update(step=step, done=done, total=total, heartbeat_at=timezone.now()) == 0:
                self.stop()
            self._told = at
        if mine.filter(cancel_asked=False).exists() is False:
            self.stop()


class Pulse(threading.Thread):
    """Signs of life of a running job, on a connection of its own: the work may be deep in a transaction.

    On SQLite a long transaction of the work holds the signs up. They go on after it, and whoever looks after the dead
    on the same machine looks at processes first (:mod:`panhuo_platform.jobs.processes`).
    """

    def __init__(self, running: Running) -> None:
        super().__init__(name=f"pulse of {running.job.pk}", daemon=True)
        self._running = running
        self._over = threading.Event()

    def run(self) -> None:
        last = 0.0
        while not self._over.wait(PACE):
            beat = time.monotonic() - last >= BEAT
            try:
                self._running.look(beat=beat)
            except Error:  # busy, or away for a moment: the next beat tells
                close_old_connections()
                continue
            if beat:
                last = time.monotonic()
        connection.close()

    def end(self) -> None:
        self._over.set()
        self.join(timeout=60)
