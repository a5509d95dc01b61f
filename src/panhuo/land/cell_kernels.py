"""The bytes of a column of texts, looked at once by compiled code: which cells are regular already, which repeat.

Texts come as Arrow holds them: their UTF-8 one after another, offsets (n + 1,) into it, and which are null (n,).
A kernel may call a regular cell odd (it is then worked over and stays what it was), never an odd cell regular.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import polars as pl
from numba import njit
from numpy.typing import NDArray

from panhuo.land.kernels import inner

_POWERS = 10.0 ** np.arange(23)
#: Up to here every whole number has its own floating-point number.
_EXACT = 2**53
_MINUS, _PLUS, _POINT, _ZERO = 45, 43, 46, 48
_EMPTY = np.zeros(1, np.uint8)


class Texts(NamedTuple):
    """A column of texts as bytes: ``data`` (b,), ``offsets`` (n + 1,), ``null`` (n,)."""

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    null: NDArray[np.bool_]

    @staticmethod
    def of(column: pl.Series) -> Texts:
        """The bytes of a column of dtype String."""
        array = column.to_arrow(compat_level=pl.CompatLevel.oldest()).cast("large_string")
        _, offsets, data = array.buffers()
        at = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
        # an empty buffer has no bytes to point at
        raw = np.frombuffer(data, np.uint8) if data is not None and data.size else _EMPTY
        return Texts(raw, at, column.is_null().to_numpy())


class Words(NamedTuple):
    """Words to look for: their bytes, offsets (k + 1,), and which bytes they begin with (256,)."""

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    begins: NDArray[np.bool_]

    @staticmethod
    def of(words: list[str]) -> Words:
        """``words`` as bytes; none of them is empty."""
        raw = [word.encode() for word in words]
        begins = np.zeros(256, np.bool_)
        begins[[word[0] for word in raw]] = True
        lengths = np.cumsum([0, *map(len, raw)]).astype(np.int64)
        return Words(np.frombuffer(b"".join(raw), np.uint8), lengths, begins)


@inner()
def _same(a: NDArray[np.uint8], at: int, b: NDArray[np.uint8], to: int, length: int) -> bool:
    k = 0
    while k < length and a[at + k] == b[to + k]:
        k += 1
    return k == length


@inner()
def _is_word(words: Words, data: NDArray[np.uint8], start: int, end: int) -> bool:
    if not words.begins[data[start]]:
        return False
    for w in range(len(words.offsets) - 1):
        length = words.offsets[w + 1] - words.offsets[w]
        if length == end - start and _same(data, start, words.data, words.offsets[w], length):
            return True
    return False


@inner()
def _blank_first(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """Whether a text begins with something that trimming may take away: a blank, or a character of the blocks in
    which other blanks stand (U+0080-U+00BF, U+2000-U+303F, U+F000-U+FFFF)."""
    first = data[start]
    if first <= 32 or first == 0xC2 or first == 0xE2 or first == 0xEF:
        return True
    return bool(first == 0xE3 and end - start > 1 and data[start + 1] == 0x80)


@inner()
def _blank_last(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """The same of the end of a text."""
    last = data[end - 1]
    if last < 0x80:
        return bool(last <= 32)
    k = end - 1
    while k > start and 0x80 <= data[k] < 0xC0:
        k -= 1
    return bool(_blank_first(data, k, end))


@njit(cache=True, nogil=True)
def odd_texts(texts: Texts, nothing: Words) -> NDArray[np.bool_]:
    """Which texts (n,) may be changed by trimming, are empty, or are one of the words ``nothing``."""
    data, offsets, null = texts
    odd = np.zeros(len(null), np.bool_)
    for i in range(len(null)):
        start, end = offsets[i], offsets[i + 1]
        if null[i]:
            continue
        odd[i] = (
            start == end
            or _blank_first(data, start, end)
            or _blank_last(data, start, end)
            or _is_word(nothing, data, start, end)
        )
    return odd


@inner()
def _regular_code(data: NDArray[np.uint8], start: int, end: int) -> bool:
    """Whether a text is made of visible ASCII without small letters and of Chinese characters (U+3400-U+9FFF, planes 2
    and 3), and is no number with a fraction of zeros."""
    k = start
    point = False
    while k < end:
        byte = data[k]
        if byte < 0x80:
            if byte <= 32 or byte == 127 or 97 <= byte <= 122:
                return False
            point |= byte == _POINT
            k += 1
        elif 0xE4 <= byte <= 0xE9 or (byte == 0xE3 and data[k + 1] >= 0x90):
            k += 3
        elif byte == 0xF0 and data[k + 1] >= 0xA0:
            k += 4
        else:
            return False
    return not (point and data[end - 1] == _ZERO)


@njit(cache=True, nogil=True)
def odd_codes(texts: Texts, nothing: Words) -> NDArray[np.bool_]:
    """Which texts (n,) may not be codes written regularly, are empty, or are one of the words ``nothing``."""
    data, offsets, null = texts
    odd = np.zeros(len(null), np.bool_)
    for i in range(len(null)):
        start, end = offsets[i], offsets[i + 1]
        if null[i]:
            continue
        odd[i] = start == end or not _regular_code(data, start, end) or _is_word(nothing, data, start, end)
    return odd


@inner()
def _digits(data: NDArray[np.uint8], k: int, end: int, value: int) -> tuple[int, int]:
    """The number that digits from ``k`` on continue from ``value``, and where they end."""
    while k < end and _ZERO <= data[k] <= _ZERO + 9 and value <= _EXACT:
        value = value * 10 + int(np.int64(data[k])) - _ZERO
        k += 1
    return value, k


@inner()
def _number(data: NDArray[np.uint8], k: int, end: int) -> tuple[float, bool]:
    """A number written like ``-12.5`` or ``1.2E+5``, and whether the text is one that can be read exactly here.

    Digits up to 2**53 and a power of ten up to 22 are exact, so that the one operation on them rounds correctly.
    Source: W. D. Clinger, How to read floating point numbers accurately, PLDI 1990.
    """
    negative = k < end and data[k] == _MINUS
    k += negative
    value, stop = _digits(data, k, end, 0)
    sound = stop > k
    power = 0
    if stop < end and data[stop] == _POINT:
        k = stop + 1
        value, stop = _digits(data, k, end, value)
        sound &= stop > k
        power = k - stop
    if stop < end and (data[stop] == 101 or data[stop] == 69):
        k = stop + 1
        down = k < end and data[k] == _MINUS
        k += k < end and (data[k] == _MINUS or data[k] == _PLUS)
        shift, stop = _digits(data, k, end, 0)
        sound &= 0 < stop - k <= 4
        power += -shift if down else shift
    if not sound or stop < end or value > _EXACT or power < -22 or power > 22:
        return 0.0, False
    number = value / _POWERS[-power] if power < 0 else value * _POWERS[power]
    return -number if negative else number, True


@njit(cache=True, nogil=True)
def plain_numbers(texts: Texts) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Texts as numbers (n,), 0 where null, and which of them (n,) are not plainly written numbers."""
    data, offsets, null = texts
    values = np.zeros(len(null), np.float64)
    odd = np.zeros(len(null), np.bool_)
    for i in range(len(null)):
        if not null[i]:
            values[i], sound = _number(data, offsets[i], offsets[i + 1])
            odd[i] = not sound
    return values, odd


@njit(cache=True, nogil=True)
def distinct(texts: Texts, most: int) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """The first row of each different text (k,), null being one of them, and for each row which of them it holds (n,).

    Both are empty when there are more than ``most``. The texts are found by a table of hashes (FNV-1a) with linear
    probing.
    """
    data, offsets, null = texts
    n = len(null)
    size = 1024
    while size < 2 * most:
        size *= 2
    table = np.full(size, -1, np.int64)
    rows = np.empty(most, np.int64)
    held = np.empty(n, np.uint32)
    found = 0
    of_null = -1
    for i in range(n):
        start, end = offsets[i], offsets[i + 1]
        spot = np.int64(0)
        if null[i]:
            known = of_null
        else:
            mix = np.uint64(0xCBF29CE484222325)
            for k in range(start, end):
                mix = (mix ^ np.uint64(data[k])) * np.uint64(0x100000001B3)
            spot = np.int64((mix ^ (mix >> np.uint64(32))) & np.uint64(size - 1))
            known = table[spot]
            while known >= 0:
                row = rows[known]
                if offsets[row + 1] - offsets[row] == end - start and _same(
                    data, offsets[row], data, start, end - start
                ):
                    break
                spot = (spot + 1) & (size - 1)
                known = table[spot]
        if known < 0:
            if found == most:
                return rows[:0], held[:0]
            known = found
            rows[found] = i
            found += 1
            if null[i]:
                of_null = known
            else:
                table[spot] = known
        held[i] = known
    return rows[:found], held
