"""What the file says of itself held against its geometry: areas and their unit, numbers of points, closing points."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from panhuo.exchange.boundary_txt import findings as say
from panhuo.exchange.boundary_txt.axes import NO_KIND, Placed
from panhuo.exchange.boundary_txt.findings import Book
from panhuo.exchange.boundary_txt.records import UNITS, Records
from panhuo.exchange.boundary_txt.scan import Scan

__all__ = ["NO_KIND", "areas", "broken_by_lines", "closings", "counts", "ellipsoid_scale", "square_metres"]

#: A stated area may differ by the larger of 1 m² and a thousandth; a unit is believed within a tenth.
_AREA_M2, _AREA_SHARE, _UNIT_SHARE = 1.0, 0.001, 0.1
#: GRS80 (CGCS2000): semi-major axis and first eccentricity squared.
_A, _E2 = 6378137.0, 0.0066943800229
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def broken_by_lines(found: Scan, plots: int) -> Bools:
    """(plots,) True where a line of the plot could not be read."""
    broken = np.zeros(plots, np.bool_)
    if found.bad:
        at = np.searchsorted(found.starts, [b.line for b in found.bad], side="right") - 1
        broken[at[at >= 0]] = True
    return broken


def ellipsoid_scale(latitude: Floats) -> Floats:
    """m² in one square degree at a latitude, by the radii of the ellipsoid (good to 1e-4 for a plot)."""
    sin2 = np.sin(np.radians(np.clip(latitude, -90, 90))) ** 2
    scale: Floats = np.radians(1.0) ** 2 * _A**2 * (1 - _E2) * np.sqrt(1 - sin2) / (1 - _E2 * sin2) ** 2
    return scale


def square_metres(area: Floats, placed: Placed) -> Floats:
    """(plots,) area in m² from squared coordinate units."""
    return np.where(placed.degrees, area * ellipsoid_scale(placed.latitude), area)


def areas(book: Book, found: Scan, records: Records, square: Floats) -> tuple[list[str | None], Floats]:
    """The unit of each stated area and the stated area in m² (nan where none).

    A unit written behind the number is believed. Otherwise the one among 公顷, 平方米, 亩 that fits the geometry; where
    the geometry does not tell, the file's most frequent unit; 公顷 by rule.
    """
    stated = np.array([np.nan if a is None else a for a in records.area], np.float64)
    names = list(UNITS)
    factors = np.array([UNITS[n] for n in names])
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(stated[:, None] * factors[None, :] / square[:, None] - 1)
    # four decimals of a hectare are one square metre: small plots cannot fit better
    rounding = np.where(square > 0, _AREA_M2 / np.where(square > 0, square, 1), 0)
    fits = np.where(np.isfinite(off), off, np.inf) <= np.maximum(_UNIT_SHARE, rounding)[:, None]
    best = np.where(fits.any(axis=1), np.argmin(np.where(np.isfinite(off), off, np.inf), axis=1), -1)
    tally = np.bincount(best[best >= 0], minlength=len(names))
    usual = int(np.argmax(tally)) if tally.any() else 0
    chosen = np.where(best >= 0, best, usual)
    for p, unit in enumerate(records.unit):
        if unit is not None:
            chosen[p] = names.index(unit)
    metres = stated * factors[chosen]
    known = np.isfinite(stated)
    for k, name in enumerate(names):
        rows = np.flatnonzero(known & (chosen == k))
        if name != "公顷" and len(rows):
            book.add(say.UNIT, int(found.starts[rows[0]]), field="地块面积", value=name, count=len(rows))
    limit = np.maximum(_AREA_M2, square * _AREA_SHARE)
    for p in np.flatnonzero(known & (square > 0) & (np.abs(metres - square) > limit)).tolist():
        value = f"{records.area[p]:g} {names[int(chosen[p])]}"
        text = f"{square[p]:.2f}"
        book.add(
            say.AREA, int(found.starts[p]), key=records.texts[0][p], field="地块面积", value=value, zh=text, en=text
        )
    return [names[int(c)] if ok else None for c, ok in zip(chosen, known, strict=True)], metres


def counts(book: Book, found: Scan, records: Records, broken: Bools, closing: Ints, kinds: Ints) -> None:
    """The stated number of points may count the closing points or not; anything else is told."""
    plots = len(found.starts)
    read = np.bincount(found.points.plot, minlength=plots)
    stated = np.array([-1 if c is None else c for c in records.count], np.int64)
    differs = (stated >= 0) & (stated != read) & ((stated != read - closing) | (kinds != 2)) & ~broken
    for p in np.flatnonzero(differs).tolist():
        number = str(int(read[p]))
        book.add(
            say.COUNT,
            int(found.starts[p]),
            key=records.texts[0][p],
            field="界址点数",
            value=str(int(stated[p])),
            zh=number,
            en=number,
        )


def closings(
    book: Book, missed: list[tuple[int, int]], line: Ints, x: Floats, y: Floats, degrees: Bools, codes: list[str | None]
) -> None:
    """Closing points that bear the first point's name and lie elsewhere."""
    for first, last in missed:
        distance = math.hypot(x[last] - x[first], y[last] - y[first]) * (111320.0 if degrees[last] else 1.0)
        place = (float(x[last]), float(y[last]))
        book.add(say.CLOSING, int(line[last]), key=codes[last], value=f"{distance:.3f}", place=place)
