"""A worker that lives beside the web server, and is started again when it dies.

The keeper is a small process of its own (``python -m panhuo_platform.beside``): a web server that forks, and a thread
of it that starts processes, get in each other's way.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from types import FrameType

#: Seconds that a worker gets to stop its job before it is killed; a killed job is begun again by the next worker.
PATIENCE = 20.0


@contextlib.contextmanager
def beside() -> Iterator[None]:
    """While this is open there is a worker. Open it before the server forks."""
    command = [sys.executable, "-m", "panhuo_platform.beside", str(os.getpid())]
    keeper = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        keeper.terminate()
        keeper.wait()


def keep(command: list[str], parent: int) -> None:
    """Keep one process of a command alive until this process is told to end, or its parent is gone.

    One that dies again and again is started ever less often.
    """
    over = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal over
        over = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    pause, begun = 1.0, time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    while not over and os.getppid() == parent:
        try:
            process.wait(0.5)
        except subprocess.TimeoutExpired:
            continue
        if time.monotonic() - begun < pause:
            time.sleep(0.2)
            continue
        pause = 1.0 if time.monotonic() - begun > 60 else min(pause * 2, 60)
        process, begun = subprocess.Popen(command, stdin=subprocess.DEVNULL), time.monotonic()
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    keep([sys.executable, "-m", "panhuo.cli", "manage", "work", "--parent", str(os.getpid())], int(sys.argv[1]))
