"""The loops of :mod:`panhuo.exchange.vector_tiles`: paths as the format's commands."""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numpy as np
from numba import njit

from panhuo.land.kernels import inner

_MOVE, _LINE, _CLOSE = 1, 2, 7
_POINT, _TRACK, _SHELL, _HOLE = 0, 1, 2, 3


@inner
def _put(out, place, number):
    """A whole number from 0 on, seven bits a byte; returns the next place."""
    while number > 0x7F:
        out[place] = np.uint8(number & 0x7F | 0x80)
        number >>= 7
        place += 1
    out[place] = np.uint8(number)
    return place + 1


@inner
def _step(out, place, by):
    """A difference, its sign in the last bit."""
    return _put(out, place, (by << 1) ^ (by >> 63))


@inner
def _whole(coords, first, last, closed, points):
    """The points of a path in whole steps, repeated ones once, without the closing one of a ring; returns how many.

    -1 where a coordinate is no number.
    """
    count = 0
    for k in range(first, last):
        x, y = coords[k, 0], coords[k, 1]
        if not (abs(x) < 1e9 and abs(y) < 1e9):
            return -1
        px, py = int(np.rint(x)), int(np.rint(y))
        if count == 0 or px != points[count - 1, 0] or py != points[count - 1, 1]:
            points[count, 0], points[count, 1] = px, py
            count += 1
    while closed and count > 1 and points[0, 0] == points[count - 1, 0] and points[0, 1] == points[count - 1, 1]:
        count -= 1
    return count


@inner
def _twice_area(points, count):
    """Twice the area of a ring, positive where it turns clockwise on the screen (y downwards)."""
    total = 0
    for k in range(count):
        j = k + 1 if k + 1 < count else 0
        total += points[k, 0] * points[j, 1] - points[j, 0] * points[k, 1]
    return total


@njit(cache=True, nogil=True)
def write_paths(coords, starts, roles, features, count):
    """The commands of every feature, one after the other, and where each feature's end (bytes (m,), (count,) int64).

    coords   : (v, 2) float64 in steps of the tile; path k is ``coords[starts[k]:starts[k + 1]]``
    roles    : (p,) uint8: 0 point, 1 line, 2 shell, 3 hole of the shell before it
    features : (p,) int64 rising, from 0 to ``count - 1``

    A path that shrinks to nothing is left out, and with a shell its holes.
    """
    longest = 1
    for k in range(len(roles)):
        longest = max(longest, starts[k + 1] - starts[k])
    points = np.empty((longest, 2), np.int64)
    out = np.empty(10 * len(coords) + 12 * len(roles) + 16, np.uint8)  # no difference takes more than five bytes
    ends = np.zeros(count, np.int64)
    place = k = 0
    for feature in range(count):
        x = y = 0
        inside = False
        while k < len(roles) and features[k] == feature:
            role = roles[k]
            if role == _POINT:
                last = k
                while last < len(roles) and features[last] == feature and roles[last] == _POINT:
                    last += 1
                before, number = place, 0
                place = _put(out, place, (last - k) << 3 | _MOVE)
                while k < last:
                    if _whole(coords, starts[k], starts[k + 1], False, points) == 1:
                        place = _step(out, _step(out, place, points[0, 0] - x), points[0, 1] - y)
                        x, y = points[0, 0], points[0, 1]
                        number += 1
                    k += 1
                if number == 0:
                    place = before
                continue
            size = _whole(coords, starts[k], starts[k + 1], role != _TRACK, points)
            area = _twice_area(points, size) if role != _TRACK and size >= 3 else 0
            drawn = size >= 2 if role == _TRACK else area != 0
            if role == _SHELL:
                inside = drawn
            elif role == _HOLE:
                drawn = drawn and inside
            k += 1
            if not drawn:
                continue
            backwards = role != _TRACK and (area > 0) != (role == _SHELL)
            for i in range(size):
                at = size - 1 - i if backwards else i
                if i == 0:
                    place = _put(out, place, 1 << 3 | _MOVE)
                elif i == 1:
                    place = _put(out, place, (size - 1) << 3 | _LINE)
                place = _step(out, _step(out, place, points[at, 0] - x), points[at, 1] - y)
                x, y = points[at, 0], points[at, 1]
            if role != _TRACK:
                place = _put(out, place, 1 << 3 | _CLOSE)
        ends[feature] = place
    return out[:place], ends


@inner
def _size(number):
    """How many bytes :func:`_put` takes."""
    size = 1
    while number > 0x7F:
        number >>= 7
        size += 1
    return size


@njit(cache=True, nogil=True)
def write_features(ids, tags, tag_ends, kinds, data, begins, ends):
    """The features of a layer as messages, one after the other (bytes (m,)).

    ids           : (n,) int64 from 0 on
    tags          : bytes of all features' pairs, those of feature k end at ``tag_ends[k]``
    kinds         : (n,) uint8
    data          : bytes of all features' commands, those of feature k are ``data[begins[k]:ends[k]]``
    """
    out = np.empty(len(tags) + np.sum(ends - begins) + 40 * len(ids), np.uint8)
    place = first = 0
    for k in range(len(ids)):
        tagged, drawn = tag_ends[k] - first, ends[k] - begins[k]
        size = 1 + _size(ids[k]) + 2 + 1 + _size(drawn) + drawn
        if tagged:
            size += 1 + _size(tagged) + tagged
        out[place] = 0x12
        place = _put(out, place + 1, size)
        out[place] = 0x08
        place = _put(out, place + 1, ids[k])
        if tagged:
            out[place] = 0x12
            place = _put(out, place + 1, tagged)
            out[place : place + tagged] = tags[first : first + tagged]
            place += tagged
        out[place], out[place + 1], out[place + 2] = 0x18, kinds[k], 0x22
        place = _put(out, place + 3, drawn)
        out[place : place + drawn] = data[begins[k] : ends[k]]
        place += drawn
        first = tag_ends[k]
    return out[:place]
