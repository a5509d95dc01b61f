"""A corner of the demo district: square parcels of about a hectare, side by side."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import shapely

WEST, SOUTH, SIDE = 117.05, 36.25, 0.001
TOWN, OTHER_TOWN = "990112001", "990112002"


def square(column: float, row: float = 0.0, width: float = 1.0, height: float = 1.0) -> shapely.Polygon:
    """A rectangle on a grid whose cells are a thousandth of a degree wide."""
    x, y = WEST + column * SIDE, SOUTH + row * SIDE
    return shapely.box(x, y, x + width * SIDE, y + height * SIDE)


def code(number: int, town: str = TOWN) -> str:
    return f"990112{town[-3:]}001GB{number:05d}"


def delivered(*rows: dict[str, Any]) -> tuple[pl.DataFrame, pa.LargeBinaryArray]:
    """Rows as a delivery gives them: each with a ``shape`` (Shapely or None) and standard fields."""
    frame = pl.DataFrame(
        [
            {"row": k, "township_code": TOWN} | {n: v for n, v in r.items() if n != "shape"}
            for k, r in enumerate(rows, 1)
        ],
        infer_schema_length=None,
    )
    shapes = [r.get("shape") for r in rows]
    return frame, pa.array([None if s is None else shapely.to_wkb(s) for s in shapes], type=pa.large_binary())


def parcel(number: int, shape: Any = None, **fields: Any) -> dict[str, Any]:
    """One row: a square in the ``number``-th place, unless another shape is given."""
    return {
        "parcel_code": code(number),
        "parcel_name": f"{number}号地",
        "shape": square(number) if shape is None else shape,
    } | fields
