"""Which of the two columns is the northing, and what kind of numbers they are: decided by their size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from panhuo.exchange.boundary_txt import findings as say
from panhuo.exchange.boundary_txt.findings import Book
from panhuo.exchange.boundary_txt.head import DEGREES, PLAIN
from panhuo.exchange.boundary_txt.scan import Points

#: Kind of a plot without points.
NO_KIND = -9
#: Northings of China on the ground (18°N to 54°N), eastings without a zone, eastings with one, latitudes, longitudes.
_NORTH, _EAST, _ZONED = (1.8e6, 6.0e6), (2.5e5, 7.5e5), (1.3e7, 4.6e7)
_LATITUDE, _LONGITUDE = (3.0, 54.0), (73.0, 136.0)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Placed:
    """x (east), y (north) of every point (p,); of every plot (n,) the kind of its eastings, whether degrees, broken."""

    x: Floats
    y: Floats
    kind: NDArray[np.int64]
    degrees: Bools
    broken: Bools
    latitude: Floats


def _in(values: Floats, limits: tuple[float, float]) -> Bools:
    return (values >= limits[0]) & (values <= limits[1])


def _order(north: Floats, east: Floats) -> Bools:
    """True where the two numbers can only stand in this order."""
    zoned = (np.abs(east) >= 1e7) & (np.abs(north) < 1e7)
    plain = _in(east, _EAST) & _in(north, _NORTH)
    degrees = _in(east, _LONGITUDE) & _in(north, _LATITUDE)
    return zoned | plain | degrees


def place(points: Points, plots: int, starts: NDArray[np.int64], codes: list[str | None], book: Book) -> Placed:
    """Put east and north in their places, plot by plot, and find points that do not belong with their neighbours."""
    a, b, plot = points.first, points.second, points.plot
    sign = _order(a, b).astype(np.int64) - _order(b, a).astype(np.int64)
    votes = np.bincount(plot, weights=sign, minlength=plots)
    majority = 1.0 if votes.sum() >= 0 else -1.0
    of_plot = np.where(votes == 0, majority, np.sign(votes))
    final = np.where(sign == 0, of_plot[plot], sign)
    x, y = np.where(final > 0, b, a), np.where(final > 0, a, b)

    filled = np.bincount(plot, minlength=plots) > 0
    swapped = np.flatnonzero(filled & (of_plot < 0) & (votes != 0))
    if len(swapped) and len(swapped) >= 0.9 * filled.sum():
        book.add(say.SWAPPED, int(starts[swapped[0]]), count=len(swapped))
    else:
        for p in swapped.tolist():
            book.add(say.SWAPPED, int(starts[p]), key=codes[p])
    unsure = np.flatnonzero(filled & (votes == 0))
    if len(unsure):
        book.add(say.AXES, int(starts[unsure[0]]), count=len(unsure))
    for i in np.flatnonzero((sign != 0) & (sign != of_plot[plot])).tolist():
        book.add(say.POINT_SWAPPED, int(points.line[i]), key=codes[plot[i]])

    kind_of_point = np.where(
        _in(x, _ZONED) & _in(y, (0.0, 1e7)),
        np.floor(x / 1e6).astype(np.int64),
        np.where((np.abs(x) <= 180) & (np.abs(y) <= 90), DEGREES, PLAIN),
    )
    kind, broken = _kinds(points, kind_of_point, plots, codes, book)
    total = np.maximum(np.bincount(plot, minlength=plots), 1)
    latitude = np.bincount(plot, weights=y, minlength=plots) / total
    return Placed(x, y, kind, kind == DEGREES, broken, latitude)


def _kinds(
    points: Points, kind_of_point: NDArray[np.int64], plots: int, codes: list[str | None], book: Book
) -> tuple[NDArray[np.int64], Bools]:
    """Kind of each plot by the most of its points; a point of another kind breaks the plot."""
    kind = np.full(plots, NO_KIND, np.int64)
    broken = np.zeros(plots, np.bool_)
    if not len(points.plot):
        return kind, broken
    begin = np.flatnonzero(np.append(True, points.plot[1:] != points.plot[:-1]))
    low, high = np.minimum.reduceat(kind_of_point, begin), np.maximum.reduceat(kind_of_point, begin)
    kind[points.plot[begin]] = low
    end = np.append(begin[1:], len(points.plot))
    for k in np.flatnonzero(low != high).tolist():
        run = kind_of_point[begin[k] : end[k]]
        values, number = np.unique(run, return_counts=True)
        most = int(values[np.argmax(number)])
        p = int(points.plot[begin[k]])
        kind[p], broken[p] = most, True
        for i in (np.flatnonzero(run != most) + begin[k]).tolist():
            book.add(say.MIXED, int(points.line[i]), key=codes[p])
    return kind, broken
