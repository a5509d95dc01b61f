"""``panhuo manage work``: does the jobs that wait."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from panhuo_platform.jobs.worker import Worker


class Command(BaseCommand):
    help = "执行后台任务，直到收到停止信号 / does waiting jobs until told to stop"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="做完等待的任务就结束 / end when none waits")
        parser.add_argument("--poll", type=float, default=1.0, help="没有任务时的间隔秒数 / seconds between looks")
        parser.add_argument(
            "--parent", type=int, default=0, help="该进程结束时也结束 / end when this parent process is gone"
        )

    def handle(self, *args: Any, once: bool, poll: float, parent: int, **options: Any) -> None:
        worker = Worker(poll=poll)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        if parent:
            threading.Thread(target=_orphaned, args=(worker, parent), daemon=True).start()
        begun = worker.work(once=once)
        self.stdout.write(f"已执行 {begun} 个任务 / {begun} jobs begun")


def _orphaned(worker: Worker, parent: int) -> None:
    """Stop when whoever started this process is gone: a server that was killed leaves no worker behind."""
    gone = threading.Event()
    while not gone.wait(2):
        if os.getppid() != parent:
            worker.stop()
            return
