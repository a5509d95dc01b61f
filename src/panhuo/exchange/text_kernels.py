"""Whole texts by compiled code: to UTF-8 with plain line ends, and how regular their lines are."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.exchange.dbf_cells import pair_at, utf8_at

Bytes = NDArray[np.uint8]
_LINE_END, _RETURN, _QUOTE = 10, 13, 34


@njit(cache=True, nogil=True)
def decode_text(data: Bytes, pairs: NDArray[np.uint16], utf8: bool, out: Bytes) -> int:
    """A text as UTF-8 in ``out``, every line ended by a line feed alone: its length; -1 where something is not written
    plainly. ``pairs`` is a table of two-byte characters; ``utf8`` says that the text is UTF-8 already."""
    rows = data.reshape(1, -1)
    n = len(data)
    k = to = 0
    while k < n:
        byte = data[k]
        if byte < 0x80:
            if byte == 0:
                return -1
            if byte == _RETURN:
                byte = np.uint8(_LINE_END)
                k += k + 1 < n and data[k + 1] == _LINE_END
            out[to] = byte
            to += 1
            k += 1
            continue
        if utf8:
            written = utf8_at(rows, 0, k, n - k, out, to)
            k += written
        else:
            written = pair_at(pairs, rows, 0, k, n - k, out, to)
            k += 2
        if written == 0:
            return -1
        to += written
    if to and out[to - 1] != _LINE_END:
        out[to] = _LINE_END
        to += 1
    return to


@njit(cache=True, nogil=True)
def count_lines(data: Bytes) -> tuple[int, bool]:
    """How many lines end in a text, and whether a quotation mark stands in it."""
    lines, quoted = 0, False
    for byte in data:
        lines += byte == _LINE_END
        quoted |= byte == _QUOTE
    return lines, quoted


@njit(cache=True, nogil=True)
def lines_of(data: Bytes, lines: int, separator: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each of the ``lines`` of a text ends, and how many separators it holds."""
    ends = np.empty(lines, np.int64)
    held = np.zeros(lines, np.int64)
    line = 0
    for k in range(len(data)):
        if data[k] == _LINE_END:
            ends[line] = k
            line += 1
        elif data[k] == separator:
            held[line] += 1
    return ends, held
