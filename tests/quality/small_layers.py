"""Tiny real layers for the checks to look at: squares of one hectare on a grid in zone 39."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import shapely

from panhuo.exchange import Layer
from panhuo.land.crs import Crs
from panhuo.land.identifiers import make_parcel_codes
from panhuo.messages import findings_table
from panhuo.quality import Settings, Subject, check_subject
from panhuo.survey.check import check
from panhuo.survey.config import Input
from panhuo.survey.deliver import Delivered, understand
from panhuo.survey.gather import Gathered, gather
from panhuo.survey.mending import Mended, mend
from panhuo.survey.sources import Sources

CRS = Crs.gauss_kruger(39)
X, Y = 39_520_000.0, 4_050_000.0
SIDE = 100.0
HECTARE = SIDE * SIDE


def at(column: float, row: float) -> tuple[float, float]:
    """A corner of the grid."""
    return X + column * SIDE, Y + row * SIDE


def block(column: float, row: float, width: float = 1, height: float = 1) -> shapely.Polygon:
    """A rectangle of the grid; one by one is a square of one hectare."""
    (x0, y0), (x1, y1) = at(column, row), at(column + width, row + height)
    return shapely.Polygon([(x0, y0), (x0, y1), (x1, y1), (x1, y0)])


def bow_tie(column: float, row: float) -> shapely.Polygon:
    """A square drawn in the wrong order of its corners."""
    square = [at(column, row), at(column + 1, row + 1), at(column + 1, row), at(column, row + 1)]
    return shapely.Polygon(square)


def row_of(count: int) -> list[shapely.Polygon]:
    """Squares side by side."""
    return [block(k, 0) for k in range(count)]


def layer(shapes: Sequence[Any] | None, columns: Mapping[str, Sequence[Any]], name: str, **changes: Any) -> Layer:
    """A layer as the readers give it; ``shapes`` are polygons, WKB or None."""
    geometry = None
    if shapes is not None:
        blobs = [s if s is None or isinstance(s, bytes) else shapely.to_wkb(s) for s in shapes]
        geometry = pa.array(blobs, pa.large_binary())
    table = pl.DataFrame(dict(columns)).to_arrow()
    driver = "GPKG" if shapes is not None else "Excel"
    whole = {"crs": CRS if shapes is not None else None, "driver": driver, **changes}
    return Layer(name=name, source=f"{name}.gpkg", table=table, geometry=geometry, **whole)


def subject(
    role: str, shapes: Sequence[Any] | None, columns: Mapping[str, Sequence[Any]], **changes: Any
) -> Subject:  # fmt: skip
    """The same, understood by the survey."""
    entry = Input(f"{role}.gpkg", role, year=changes.pop("year", None))
    return understand(entry, layer(shapes, columns, changes.pop("name", role), **changes), CRS)[0]


def parcels(shapes: Sequence[Any], **columns: Sequence[Any]) -> Subject:
    """Parcels with sound codes, and what else is given; a column given as None is left out."""
    whole = {"ZDDM": make_parcel_codes(list(range(1, len(shapes) + 1))), **columns}
    return subject("parcels", shapes, {k: v for k, v in whole.items() if v is not None}, name="宗地")


def patches(shapes: Sequence[Any], **columns: Sequence[Any]) -> Subject:
    """Land class patches, industry land by default."""
    n = len(shapes)
    whole = {"BSM": [f"{k:018d}" for k in range(1, n + 1)], "DLBM": ["0601"] * n, **columns}
    return subject("patches", shapes, whole, name="DLTB", year=2025)


def boundary(shape: shapely.Polygon, code: str = "990112", name: str = "澄湖区") -> Subject:
    """A boundary of the county or of a township."""
    return subject("boundaries", [shape], {"XZQDM": [code], "XZQMC": [name]}, name=name)


def alone(checked: Subject, settings: Settings | None = None) -> pl.DataFrame:
    """The findings of one layer by itself."""
    return check_subject(checked, settings or Settings())


def delivered(*subjects: Subject) -> Delivered:
    """Layers as one delivery."""
    roles = dict.fromkeys(s.role.id for s in subjects)
    sources = Sources({r: tuple(s for s in subjects if s.role.id == r) for r in roles}, CRS)
    return Delivered(sources, findings_table(), (), len(subjects), sum(len(s) for s in subjects))


def gathered(
    *subjects: Subject, settings: Settings | None = None, repairs: Sequence[str] = ()
) -> tuple[Mended, Gathered]:
    """The delivery after mending, and its parcels."""
    mended = mend(delivered(*subjects), settings or Settings(), repairs)
    return mended, gather(mended.sources, settings or Settings(), faults=mended.remaining)


def together(*subjects: Subject, settings: Settings | None = None) -> pl.DataFrame:
    """The findings of several layers by themselves and against each other."""
    mended, parcels_of_it = gathered(*subjects, settings=settings)
    return check(mended, parcels_of_it, settings or Settings())


def of(findings: pl.DataFrame, code: str) -> pl.DataFrame:
    """The findings of one check."""
    return findings.filter(pl.col("code") == code)


def tiling(side: int, seed: int = 0) -> list[shapely.Polygon]:
    """A tiling of ``side`` x ``side`` four-cornered parcels whose inner corners are moved a little."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(side + 1.0), np.arange(side + 1.0), indexing="ij"), axis=-1)
    grid[1:-1, 1:-1] += rng.uniform(-0.25, 0.25, (side - 1, side - 1, 2))
    corners = np.round(grid * SIDE + [X, Y], 4)
    return [
        shapely.Polygon([corners[i, j], corners[i, j + 1], corners[i + 1, j + 1], corners[i + 1, j]])
        for i in range(side)
        for j in range(side)
    ]
