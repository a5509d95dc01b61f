"""G04: what a layer that has to tile leaves uncovered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from panhuo.land.areas import planar_area
from panhuo.land.polygons import Polygons
from panhuo.messages import findings_table, format_number
from panhuo.overlay import clip, clusters, intersections
from panhuo.progress import Progress, silent
from panhuo.quality.catalogue import Settings, state
from panhuo.quality.subject import Subject

#: Roles whose layers have to cover the county without a gap.
TILING = ("patches", "second_survey")
#: The county is looked at in so many cells a side, so that a doubled patch here does not hide a gap there.
_CELLS = 64
#: A cell that lacks less than this share of itself is rounding.
_ROUNDING = 1e-7


def county_cells(boundaries: Sequence[Subject]) -> Polygons | None:
    """The county cut into a grid; None where no boundary was delivered.

    The county is its own polygon where one was delivered, else its townships. Squares wholly inside stay squares, those
    on the boundary are clipped.
    """
    county = _county(boundaries)
    if county is None:
        return None
    box = county.bounds[~np.isnan(county.bounds[:, 0])]
    x0, y0, x1, y1 = box[:, 0].min(), box[:, 1].min(), box[:, 2].max(), box[:, 3].max()
    side = max(x1 - x0, y1 - y0) / _CELLS
    columns, rows = np.meshgrid(np.arange(np.ceil((x1 - x0) / side)), np.arange(np.ceil((y1 - y0) / side)))
    left, low = x0 + columns.ravel() * side, y0 + rows.ravel() * side
    squares = Polygons.from_shapely(shapely.box(left, low, left + side, low + side))
    met = intersections(squares, county)
    inside = met.area > (1.0 - _ROUNDING) * side * side
    clipped = clip(squares, county, met.left[~inside], met.right[~inside]).polygons
    return Polygons.concat([squares.take(met.left[inside]), clipped])


def _county(boundaries: Sequence[Subject]) -> Polygons | None:
    layers = [s for s in boundaries if s.polygons is not None and s.has("division_code")]
    if not layers:
        return None
    length = pl.concat([s.frame["division_code"].cast(pl.String).str.len_chars() for s in layers])
    shapes = Polygons.concat([s.polygons for s in layers if s.polygons is not None])
    chosen = length <= 6 if (length <= 6).any() else (length == 9) | length.is_null()
    found = shapes.take(np.flatnonzero(chosen.fill_null(False).to_numpy()))
    return found if len(found.coords) else None


def gaps(
    subjects: Sequence[Subject], cells: Polygons, settings: Settings, *, progress: Progress = silent
) -> pl.DataFrame:
    """G04: the layers of one role together against the county (planar m² in the survey's zone).

    ``cells`` is the county cut up by :func:`county_cells`. Each cell's covered area is added up; only in one cell of
    the largest gap is the gap itself built (the cell less its patches), to give the place.
    """
    layers = [s for s in subjects if s.polygons is not None and len(s.polygons.coords)]
    if not layers:
        return findings_table()
    whole = planar_area(cells)
    tiles = layers[0].polygons if len(layers) == 1 else Polygons.concat([s.polygons for s in layers if s.polygons])
    assert tiles is not None
    pairs = intersections(tiles, cells, progress=progress)
    covered = np.bincount(pairs.right, pairs.area, minlength=len(cells))
    missing = whole - covered
    missing[missing < np.maximum(_ROUNDING * whole, 1e-6)] = 0.0
    total = float(missing.sum())
    if not total > settings.get("G04", "tolerance_share") * float(whole.sum()):
        return findings_table()
    # the largest gap is the group of neighbouring cells that lacks most; its place is in its emptiest cell
    group = clusters(cells, mask=missing > 0.0)
    largest = np.argmax(np.bincount(group[group >= 0], missing[group >= 0]))
    worst = int(np.argmax(np.where(group == largest, missing, 0.0)))
    x, y = _largest_gap(cells, worst, tiles, pairs.left[pairs.right == worst])
    rows = pl.DataFrame({"value": [format_number(round(total))], "x": [x], "y": [y]}).with_columns(
        pl.lit("、".join(dict.fromkeys(s.layer.name for s in layers))).alias("layer")
    )
    return state("G04", layers[0], rows)


def _largest_gap(
    cells: Polygons, worst: int, tiles: Polygons, near: NDArray[np.int32]
) -> tuple[float | None, float | None]:
    cell = cells.take([worst]).to_shapely()[0]
    patches = shapely.make_valid(tiles.take(np.unique(near)).to_shapely())
    try:
        left = shapely.difference(cell, shapely.union_all(patches))
    except shapely.errors.GEOSException:
        left = cell  # the cell is place enough where GEOS cannot tell the gap itself
    parts = shapely.get_parts(left)
    parts = parts[shapely.area(parts) > 0] if len(parts) else parts
    if not len(parts):
        return None, None
    point = shapely.point_on_surface(parts[int(np.argmax(shapely.area(parts)))])
    return float(point.x), float(point.y)
