"""Run as a program of its own: write one layer with GDAL, so that its minute at a million rows holds up nobody.

GDAL writes rows one by one and holds the interpreter's lock meanwhile; in a process of its own it works beside the
maps and papers. Imports nothing of Panhuo, so that it starts at once. One line of JSON comes in: ``table`` (an Arrow
file), ``path`` and ``options`` of ``pyogrio.raw.write_arrow``; what goes wrong is said in the error output. Should the
caller be killed, its end of the pipe closes and this ends too.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings

import pyarrow as pa
import pyogrio


def _end_with_caller() -> None:
    sys.stdin.read()
    os._exit(1)


def main() -> None:
    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_caller, daemon=True).start()
    warnings.simplefilter("ignore")
    with pa.memory_map(job["table"]) as source:
        pyogrio.raw.write_arrow(pa.ipc.open_file(source).read_all(), job["path"], **job["options"])


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # GDAL names its errors in its own classes
        print(error, file=sys.stderr, flush=True)
        os._exit(2)
    # not through the interpreter's shutdown: the thread that waits for the caller still reads
    sys.stderr.flush()
    os._exit(0)
