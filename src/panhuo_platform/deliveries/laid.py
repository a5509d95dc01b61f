"""Accepted layers laid out for looking at: mapped into memory and not read, however many rows there are.

One Arrow file a layer beside the one in which it is kept: the fields as they are understood, shapes as WKB in EPSG:4490
and the box of each. Accepted layers do not change, so that the file is written once for each acceptance: by the job
that follows it where the layer is large, else by whoever looks first.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc
import shapely
from numpy.typing import NDArray

from panhuo_platform.boxes import Box
from panhuo_platform.deliveries import queries
from panhuo_platform.deliveries.models import DeliveredLayer

#: Roles that are not looked at as delivered: the register draws and tells them.
REGISTERED = frozenset({"parcels", "legacy", "boundaries"})
#: Rows from which a layer is laid out ahead of whoever looks at it.
LARGE = 20_000
_SIDES, _WKB = ("__west", "__south", "__east", "__north"), "__wkb"


@dataclass(frozen=True, slots=True)
class Laid:
    """An accepted layer; rows are told by their place, from 0.

    table : the standard fields and ``row``, shapes and boxes, mapped
    sides : west, south, east, north of each row (n,), degrees; nan where it has no shape
    """

    table: pa.Table
    sides: tuple[NDArray[np.float64], ...]

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @property
    def fields(self) -> list[str]:
        return [n for n in self.table.column_names if not n.startswith("__")]

    @property
    def box(self) -> Box | None:
        """Where all of it lies; None without a shape."""
        west, south, east, north = self.sides
        there = ~np.isnan(west)
        if not there.any():
            return None
        low, high = (float(s[there].min()) for s in (west, south)), (float(s[there].max()) for s in (east, north))
        return (*low, *high)  # type: ignore[return-value]

    def near(self, box: Box) -> NDArray[np.bool_]:
        """(n,) Does the row's box meet ``box``?"""
        west, south, east, north = self.sides
        return (west <= box[2]) & (east >= box[0]) & (south <= box[3]) & (north >= box[1])

    def equal(self, field: str, value: Any) -> NDArray[np.bool_]:
        """(n,) Has the row this value? Rows without one have not."""
        column = self.table.column(field)
        found = pc.fill_null(pc.equal(column, pa.scalar(value).cast(column.type)), False)
        return np.asarray(found)

    def rows(self, places: Sequence[int] | NDArray[np.int64], fields: Sequence[str]) -> pl.DataFrame:
        """Fields of some rows, in their order."""
        made = pl.from_arrow(self.table.select(list(fields)).take(pa.array(places, pa.int64())))
        assert isinstance(made, pl.DataFrame)
        return made

    def wkb(self, places: Sequence[int] | NDArray[np.int64]) -> list[bytes | None]:
        """Shapes of some rows as WKB."""
        return self.table.column(_WKB).take(pa.array(places, pa.int64())).to_pylist()  # type: ignore[no-any-return]

    def shapes(self, places: Sequence[int] | NDArray[np.int64]) -> NDArray[np.object_]:
        """Shapes of some rows as Shapely geometries, None where there is none."""
        found: NDArray[np.object_] = shapely.from_wkb(np.array(self.wkb(places), dtype=object).reshape(-1))
        return found


def laid(layer: DeliveredLayer) -> Laid:
    """An accepted layer, laid out now if nobody has done so yet."""
    path = _path(layer)
    if not path.is_file():
        lay_out(layer)
    return _opened(str(path))


def lay_out(layer: DeliveredLayer) -> None:
    """Write the file of an accepted layer. Two that do so at once write the same."""
    path = _path(layer)
    if path.is_file():
        return
    frame, wkb = queries.frame(layer)
    if wkb is None:
        wkb = pa.nulls(frame.height, pa.large_binary())
    sides = _sides(wkb)
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    for name, side in zip(_SIDES, sides, strict=True):
        table = table.append_column(name, pa.array(side))
    table = table.append_column(_WKB, wkb)
    part = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with ipc.new_file(str(part), table.schema) as out:
            for batch in table.combine_chunks().to_batches():
                out.write_batch(batch)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    for old in path.parent.glob(f"{_stem(layer)}-*.arrow"):
        if old != path:  # of an acceptance that was undone
            with contextlib.suppress(OSError):
                old.unlink()


def _stem(layer: DeliveredLayer) -> str:
    return f"{Path(layer.kept).stem}-laid"


def _path(layer: DeliveredLayer) -> Path:
    assert layer.accepted_at is not None
    kept = layer.delivery.folder / layer.kept
    return kept.with_name(f"{_stem(layer)}-{layer.accepted_at:%Y%m%d%H%M%S%f}.arrow")


def _sides(wkb: pa.LargeBinaryArray) -> NDArray[np.float64]:
    """(4, n) Boxes, piece by piece: shapes of a large layer do not fit into memory all at once."""
    parts = [np.zeros((0, 4))]
    for start in range(0, len(wkb), 100_000):
        piece = np.array(wkb.slice(start, 100_000).to_pylist(), dtype=object)
        parts.append(shapely.bounds(shapely.from_wkb(piece)).reshape(-1, 4))
    return np.ascontiguousarray(np.concatenate(parts).T)


@lru_cache(maxsize=128)
def _opened(path: str) -> Laid:
    with pa.memory_map(path) as source:
        table = ipc.open_file(source).read_all()
    return Laid(table, tuple(table.column(n).to_numpy() for n in _SIDES))
