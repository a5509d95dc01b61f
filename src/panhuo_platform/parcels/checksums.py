"""One number for many rows: the same on every store, another one after any change."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import polars as pl
import pyarrow as pa

from panhuo_platform.parcels import queries
from panhuo_platform.parcels.attributes import standard, to_json
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Snapshot


class Checksum:
    """Grows piece by piece; pieces come in the order of the parcels' numbers, and their size does not matter."""

    def __init__(self, algorithm: str = "sha256") -> None:
        self._rows, self._more = hashlib.new(algorithm), hashlib.new(algorithm)
        self._algorithm = algorithm
        self._also = False
        self.count, self.area_m2 = 0, 0.0

    def add(self, frame: pl.DataFrame, shapes: pa.LargeBinaryArray) -> None:
        """Parcels as :func:`panhuo_platform.parcels.queries.frames` gives them."""
        for line in lines(frame, shapes):
            self._rows.update(line.encode())
        self.count += frame.height
        self.area_m2 += float(frame["area_m2"].sum())

    def also(self, outcomes: pl.DataFrame) -> None:
        """What a snapshot keeps of each of them besides."""
        self._also = True
        told = outcomes.select(
            "number", "outcome", "main_class", pl.col("classes").list.join(","), "stage",
            pl.col("in_upper_register").cast(pl.String),
        )  # fmt: skip
        for line in told.select(pl.concat_str(pl.all().fill_null(""), pl.lit("\n"), separator="\t")).to_series():
            self._more.update(line.encode())

    @property
    def hex(self) -> str:
        if not self._also:
            return self._rows.hexdigest()
        both = hashlib.new(self._algorithm)
        both.update(self._rows.digest() + self._more.digest())
        return both.hexdigest()


def of_register(
    day: date, *, township: str = "", known_on: datetime | None = None, algorithm: str = "sha256"
) -> tuple[str, int, float]:
    """Checksum, number of parcels and area (m²) of a division as it was on a day, as the register knew it then."""
    checksum = Checksum(algorithm)
    for frame, shapes in queries.frames(None, ParcelFilter(day=day, township=township), known_on=known_on):
        checksum.add(frame, shapes)
    return checksum.hex, checksum.count, checksum.area_m2


def verify(snapshot: Snapshot) -> bool:
    """Does the register still say what it said, and does the snapshot still keep what it kept?"""
    checksum = Checksum(snapshot.algorithm)
    chosen = ParcelFilter(day=snapshot.day, township=snapshot.region_code)
    for frame, shapes in queries.frames(None, chosen, known_on=snapshot.known_on):
        checksum.add(frame, shapes)
    for part in snapshot.parts.order_by("n").iterator(chunk_size=1):
        checksum.also(unpacked(part.content))
    if not snapshot.parts.exists():
        checksum.also(pl.DataFrame(schema=_KEPT))
    return (checksum.hex, checksum.count) == (snapshot.checksum, snapshot.count)


_KEPT: dict[str, Any] = {
    "number": pl.String, "outcome": pl.String, "main_class": pl.String, "classes": pl.List(pl.String),
    "stage": pl.String, "in_upper_register": pl.Boolean,
}  # fmt: skip


def unpacked(content: bytes | memoryview) -> pl.DataFrame:
    """The outcomes in a part of a snapshot."""
    return pl.read_parquet(io.BytesIO(bytes(content)))


def lines(frame: pl.DataFrame, shapes: pa.LargeBinaryArray) -> Iterator[str]:
    """Each parcel as one line that says everything about it: number, day, areas, attributes, shape."""
    wkb = pl.from_arrow(shapes)
    assert isinstance(wkb, pl.Series)
    told = frame.select(
        "number", "township_code", pl.col("valid_from").cast(pl.String),
        *(pl.col(c).cast(pl.String).fill_null("") for c in ("area_m2", "planar_area_m2")),
    ).with_columns(to_json(standard(frame)), wkb.bin.encode("hex").fill_null("").alias("wkb"))  # fmt: skip
    yield from told.select(pl.concat_str(pl.all(), pl.lit("\n"), separator="\t")).to_series()
