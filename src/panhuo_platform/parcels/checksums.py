"""One number for many rows: the same on every store, another one after any change."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime

import polars as pl
import pyarrow as pa

from panhuo_platform.parcels import queries
from panhuo_platform.parcels.attributes import standard, to_json
from panhuo_platform.parcels.filters import ParcelFilter

Pieces = Iterable[tuple[pl.DataFrame, pa.LargeBinaryArray]]


def of_register(
    day: date, *, township: str = "", known_on: datetime | None = None, algorithm: str = "sha256"
) -> tuple[str, int, float]:
    """Checksum, number of parcels and area (m²) of a division as it was on a day, as the register knew it then."""
    return of_pieces(queries.frames(None, ParcelFilter(day=day, township=township), known_on=known_on), algorithm)


def of_pieces(pieces: Pieces, algorithm: str = "sha256") -> tuple[str, int, float]:
    """Checksum, number and area of parcels in the pieces of :func:`panhuo_platform.parcels.queries.frames`."""
    digest = hashlib.new(algorithm)
    count, area = 0, 0.0
    for frame, shapes in pieces:
        for line in lines(frame, shapes):
            digest.update(line.encode())
        count += frame.height
        area += float(frame["area_m2"].sum())
    return digest.hexdigest(), count, area


def lines(frame: pl.DataFrame, shapes: pa.LargeBinaryArray) -> Iterator[str]:
    """Each parcel as one line that says everything about it: number, day, areas, attributes, shape."""
    wkb = pl.from_arrow(shapes)
    assert isinstance(wkb, pl.Series)
    told = frame.select(
        "number", "township_code", pl.col("valid_from").cast(pl.String),
        *(pl.col(c).cast(pl.String).fill_null("") for c in ("area_m2", "planar_area_m2")),
    ).with_columns(to_json(standard(frame)), wkb.bin.encode("hex").fill_null("").alias("wkb"))  # fmt: skip
    yield from told.select(pl.concat_str(pl.all(), pl.lit("\n"), separator="\t")).to_series()
