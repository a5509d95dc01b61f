"""Work over rows in chunks, on as many threads as asked for.

The kernels release the interpreter's lock, so plain threads are enough. They are used instead of Numba's own parallel
loops because these may not be entered from two Python threads at once (the process is ended), which a web server does.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from panhuo.progress import Progress, silent

T = TypeVar("T")


def thread_count(threads: int | None) -> int:
    """``threads`` as given, or the number of cores this process may use."""
    if threads is not None:
        return max(1, threads)
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


def in_chunks(
    work: Callable[[int, int], T],
    rows: int,
    *,
    chunk: int,
    threads: int | None = None,
    progress: Progress = silent,
    step: str = "",
) -> list[T]:
    """``work(first, last)`` for consecutive chunks of ``rows``; the answers in the order of the rows.

    The cut does not depend on ``threads``, so neither does the answer. What ``work`` or ``progress`` raises is raised
    here, after the chunks already begun have ended.
    """
    cuts = [(start, min(start + chunk, rows)) for start in range(0, rows, chunk)]
    workers = min(thread_count(threads), len(cuts))
    answers: list[T] = []
    if workers <= 1:
        for first, last in cuts:
            answers.append(work(first, last))
            progress(step, last, rows)
        return answers
    with ThreadPoolExecutor(workers) as pool:
        begun: list[Future[T]] = [pool.submit(work, first, last) for first, last in cuts]
        try:
            for (_, last), answer in zip(cuts, begun, strict=True):
                answers.append(answer.result())
                progress(step, last, rows)
        except BaseException:
            for waiting in begun:
                waiting.cancel()
            raise
    return answers
