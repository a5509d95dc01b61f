"""One run of a survey at a time: a second one says so and leaves; a dead one's lock is no lock."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from panhuo.messages import PanhuoError


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Hold ``file`` locked while the block runs.

    The operating system holds the lock and lets it go when the process ends, however it ends; the file that a killed
    run leaves behind is taken over. Raises :class:`PanhuoError` when another run holds it.
    """
    while True:
        handle = file.open("a+b")
        try:
            _lock(handle)
        except OSError as error:
            who = _holder(handle)
            handle.close()
            raise PanhuoError(
                f"这次调查正在由另一个进程{who}运行；请等它结束后再运行。",
                f"This survey is being run by another process{who}; wait until it has ended.",
                where=str(file.parent),
            ) from error
        # who waited for a lock may hold a file that its last holder has just removed
        if _same(handle, file):
            break
        handle.close()
    try:
        handle.truncate(0)
        handle.write(str(os.getpid()).encode())
        handle.flush()
        yield
    finally:
        if sys.platform == "win32":  # an open file cannot be removed there
            handle.close()
            with suppress(OSError):
                file.unlink()
        else:
            with suppress(OSError):
                file.unlink()
            handle.close()


def _same(handle: BinaryIO, file: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle.fileno()), file.stat())
    except FileNotFoundError:
        return False


def _holder(handle: BinaryIO) -> str:
    with suppress(OSError, ValueError):
        handle.seek(0)
        return f"（{int(handle.read(20))}）"
    return ""


if sys.platform == "win32":
    import msvcrt

    #: Far behind the number that stands in the file, so that others may read it.
    _PLACE = 1 << 20

    def _lock(handle: BinaryIO) -> None:
        handle.seek(_PLACE)
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: BinaryIO) -> None:
        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
