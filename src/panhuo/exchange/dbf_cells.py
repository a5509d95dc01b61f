"""Fixed-width cells of a dBASE table, read by compiled code straight from the bytes of whole records.

Each function takes a block of records (m, w) and the place of one field in it. It reads what is written plainly and
says where something else stands; that is left to Python's decoders and Arrow's parsers, so that the answer is the same.
They hold no interpreter lock, so that several blocks can be read at once.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner

Bytes = NDArray[np.uint8]

_BLANK = 32
_POWERS = 10.0 ** np.arange(23)
#: Up to here every whole number has its own floating-point number.
_EXACT = 2**53


@cache
def gb18030_pairs() -> NDArray[np.uint16]:
    """Characters of the two-byte codes of GB18030, as Python decodes them: (65536,), 0 where there is none."""
    table = np.zeros(65536, np.uint16)
    for lead in range(0x81, 0xFF):
        for trail in range(0x40, 0xFF):
            text = bytes((lead, trail)).decode("gb18030", "ignore")
            if len(text) == 1 and ord(text) >= 0x80:
                table[lead << 8 | trail] = ord(text)
    return table


@inner()
def _length(rows: Bytes, i: int, at: int, width: int) -> int:
    """Bytes of a cell: ended by the first zero, trailing blanks off."""
    end = width
    while end > 0 and rows[i, at + end - 1] == _BLANK:
        end -= 1
    for k in range(end):
        if rows[i, at + k] == 0:
            end = k
            while end > 0 and rows[i, at + end - 1] == _BLANK:
                end -= 1
            break
    return end


@njit(cache=True, nogil=True)
def cell_lengths(rows: Bytes, at: int, width: int) -> NDArray[np.int32]:
    """Bytes of each cell (m,), without what follows a zero and trailing blanks."""
    lengths = np.empty(len(rows), np.int32)
    for i in range(len(rows)):
        lengths[i] = _length(rows, i, at, width)
    return lengths


@inner()
def pair_at(pairs: NDArray[np.uint16], rows: Bytes, i: int, k: int, left: int, out: Bytes, to: int) -> int:
    """Write the two-byte character at ``k`` as UTF-8 (2 or 3 bytes, the answer); 0 where there is none."""
    if left < 2:
        return 0
    code = pairs[(np.int64(rows[i, k]) << 8) | np.int64(rows[i, k + 1])]
    if code == 0:
        return 0
    if code < 0x800:
        out[to] = 0xC0 | (code >> 6)
        out[to + 1] = 0x80 | (code & 0x3F)
        return 2
    out[to] = 0xE0 | (code >> 12)
    out[to + 1] = 0x80 | ((code >> 6) & 0x3F)
    out[to + 2] = 0x80 | (code & 0x3F)
    return 3


@inner()
def utf8_at(rows: Bytes, i: int, k: int, left: int, out: Bytes, to: int) -> int:
    """Copy the character of several bytes at ``k`` (their number is the answer); 0 where it is no sound UTF-8, and for
    U+FFFD, which says that something has been lost before."""
    first = rows[i, k]
    if 0xC2 <= first < 0xE0:
        more, low, high = 1, 0x80, 0xBF
    elif 0xE0 <= first < 0xF0:
        more = 2
        low = 0xA0 if first == 0xE0 else 0x80
        high = 0x9F if first == 0xED else 0xBF
    elif 0xF0 <= first < 0xF5:
        more = 3
        low = 0x90 if first == 0xF0 else 0x80
        high = 0x8F if first == 0xF4 else 0xBF
    else:
        return 0
    if left <= more:
        return 0
    out[to] = first
    for j in range(1, more + 1):
        byte = rows[i, k + j]
        if byte < low or byte > high:
            return 0
        out[to + j] = byte
        low, high = 0x80, 0xBF
    if first == 0xEF and rows[i, k + 1] == 0xBF and rows[i, k + 2] == 0xBD:
        return 0
    return more + 1


@njit(cache=True, nogil=True)
def decode_cells(
    rows: Bytes, at: int, width: int, pairs: NDArray[np.uint16], utf8: bool, out: Bytes
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Cells as UTF-8, one after another in ``out``: offsets (m + 1,), which hold anything (m,), which are left out
    because they are not written plainly (m,). ``pairs`` is a table of two-byte characters, empty where there are none;
    ``utf8`` that the cells are UTF-8 already."""
    n = len(rows)
    offsets = np.zeros(n + 1, np.int32)
    filled = np.zeros(n, np.bool_)
    odd = np.zeros(n, np.bool_)
    to = 0
    for i in range(n):
        end = at + _length(rows, i, at, width)
        filled[i] = end > at
        start, k = to, at
        while k < end:
            byte = rows[i, k]
            if byte < 0x80:
                out[to] = byte
                to += 1
                k += 1
                continue
            if utf8:
                written = utf8_at(rows, i, k, end - k, out, to)
                k += written
            else:
                written = pair_at(pairs, rows, i, k, end - k, out, to) if len(pairs) else 0
                k += 2
            if written == 0:
                odd[i] = True
                to = start
                break
            to += written
        offsets[i + 1] = to
    return offsets, filled, odd


@inner()
def _signed(rows: Bytes, i: int, at: int, width: int) -> tuple[int, int, bool]:
    """Where the digits of a cell begin (beyond its end in a blank cell), where they end, and whether a minus stands
    before them."""
    end = at + _length(rows, i, at, width)
    k = at
    while k < end and rows[i, k] == _BLANK:
        k += 1
    if k == end:
        return end + 1, end, False
    negative = bool(rows[i, k] == 45)
    return k + 1 if negative else k, end, negative


@njit(cache=True, nogil=True)
def whole_numbers(rows: Bytes, at: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.bool_], bool]:
    """Whole numbers of up to 18 digits (m,), which cells hold one (m,), and whether no other cell holds anything."""
    n = len(rows)
    values = np.zeros(n, np.int64)
    filled = np.zeros(n, np.bool_)
    for i in range(n):
        k, end, negative = _signed(rows, i, at, width)
        if k > end:
            continue
        if not 0 < end - k <= 18:
            return values, filled, False
        value = 0
        for j in range(k, end):
            digit = int(np.int64(rows[i, j])) - 48
            if digit < 0 or digit > 9:
                return values, filled, False
            value = value * 10 + digit
        values[i] = -value if negative else value
        filled[i] = True
    return values, filled, True


@inner()
def _digits(rows: Bytes, i: int, k: int, end: int, value: int) -> tuple[int, int]:
    """The number that digits from ``k`` on continue from ``value``, and where they end."""
    while k < end and 48 <= rows[i, k] <= 57 and value <= _EXACT:
        value = value * 10 + int(np.int64(rows[i, k])) - 48
        k += 1
    return value, k


@njit(cache=True, nogil=True)
def numbers(rows: Bytes, at: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.bool_], bool]:
    """Floating-point numbers (m,) written like ``-12.5`` or ``1.25e+001``, which cells hold one (m,), and whether no
    other cell holds anything.

    Digits up to 2**53 and a power of ten up to 22 are exact, so that the one operation on them rounds correctly.
    Source: W. D. Clinger, How to read floating point numbers accurately, PLDI 1990.
    """
    n = len(rows)
    values = np.zeros(n, np.float64)
    filled = np.zeros(n, np.bool_)
    for i in range(n):
        k, end, negative = _signed(rows, i, at, width)
        if k > end:
            continue
        value, stop = _digits(rows, i, k, end, 0)
        sound = stop > k
        power = 0
        if stop < end and rows[i, stop] == 46:
            k = stop + 1
            value, stop = _digits(rows, i, k, end, value)
            sound &= stop > k
            power = k - stop
        if stop < end and (rows[i, stop] == 101 or rows[i, stop] == 69):
            k = stop + 1
            down = k < end and rows[i, k] == 45
            k += k < end and (rows[i, k] == 45 or rows[i, k] == 43)
            shift, stop = _digits(rows, i, k, end, 0)
            sound &= 0 < stop - k <= 4
            power += -shift if down else shift
        if not sound or stop < end or value > _EXACT or power < -22 or power > 22:
            return values, filled, False
        number = value / _POWERS[-power] if power < 0 else value * _POWERS[power]
        values[i] = -number if negative else number
        filled[i] = True
    return values, filled, True


@inner()
def _day(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date of the Gregorian calendar; the years count from March on."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@njit(cache=True, nogil=True)
def days(rows: Bytes, at: int, width: int) -> tuple[NDArray[np.int32], NDArray[np.bool_], bool]:
    """Dates written ``20060131`` as days since 1970 (m,), which cells hold one (m,), and whether no other cell holds
    anything but zeros."""
    n = len(rows)
    values = np.zeros(n, np.int32)
    filled = np.zeros(n, np.bool_)
    month_days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    for i in range(n):
        length = _length(rows, i, at, width)
        if length == 0:
            continue
        value, stop = _digits(rows, i, at, at + length, 0)
        if length != 8 or stop < at + 8:
            return values, filled, False
        if value == 0:
            continue
        year, month, day = value // 10000, value // 100 % 100, value % 100
        if year == 0 or month == 0 or month > 12 or day == 0:
            return values, filled, False
        leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if day > month_days[month - 1] + (leap and month == 2):
            return values, filled, False
        values[i] = _day(year, month, day)
        filled[i] = True
    return values, filled, True
