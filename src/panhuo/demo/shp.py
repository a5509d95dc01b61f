"""A shapefile as an old office tool writes it: GBK texts, no .cpg, language byte 0, names of ten bytes.

Written here byte by byte and not through GDAL, because the demo needs what GDAL refuses to write: rings left open,
wrong
turns, and a DBF without any hint of its encoding. ESRI Shapefile Technical Description (1998), dBASE III.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.land.polygons import Polygons

PRJ_39 = (
    'PROJCS["CGCS2000_3_Degree_GK_Zone_39",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",39500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",117.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


@dataclass(frozen=True, slots=True)
class Column:
    """One DBF column: ``name`` in the frame, ``code`` in the file, type C, N or D, width and decimals."""

    name: str
    code: str
    kind: str = "C"
    width: int = 60
    decimals: int = 0


def write_shapefile(
    path: Path, shapes: Polygons, frame: pl.DataFrame, columns: Sequence[Column], prj: str | None
) -> None:
    """Write .shp, .shx, .dbf (GBK) and, unless ``prj`` is None, .prj."""
    _write_shp(path.with_suffix(".shp"), shapes)
    write_dbf(path.with_suffix(".dbf"), frame, columns)
    if prj is not None:
        path.with_suffix(".prj").write_text(prj, "ascii")


def _write_shp(path: Path, shapes: Polygons) -> None:
    n = len(shapes)
    rings = np.diff(shapes.geoms)
    first, last = shapes.rings[shapes.geoms[:-1]], shapes.rings[shapes.geoms[1:]]
    points = last - first
    null = rings == 0
    words = np.where(null, 2, 22 + 2 * rings + 8 * points)  # content in 16-bit words
    start = 50 + np.concatenate([[0], np.cumsum(words + 4)])  # file offset of each record, in words
    body = np.zeros(int(start[-1] - 50) // 2, "<u4")
    at = (start[:-1] - 50) // 2  # in 32-bit words
    body[at] = (np.arange(n, dtype=np.uint32) + 1).byteswap()
    body[at + 1] = words.astype(np.uint32).byteswap()
    body[at + 2] = np.where(null, 0, 5)
    full = np.flatnonzero(~null)
    box = _boxes(shapes.coords, first[full], last[full])
    a = at[full]
    raw = box.astype("<f8").view("<u4").reshape(len(full), 8)
    for k in range(8):
        body[a + 3 + k] = raw[:, k]
    body[a + 11] = rings[full]
    body[a + 12] = points[full]
    ring_row = np.repeat(np.arange(n), rings)
    ring_no = np.arange(len(ring_row)) - np.repeat(shapes.geoms[:-1], rings)
    body[at[ring_row] + 13 + ring_no] = shapes.rings[:-1] - first[ring_row]
    # Shapefile shells run clockwise: points are written backwards ring by ring where the ring runs the other way.
    order = _clockwise(shapes)
    point_row = np.repeat(np.arange(n), points)
    point_no = np.arange(len(point_row)) - np.repeat(np.cumsum(points) - points, points)
    target = at[point_row] + 13 + rings[point_row] + 4 * point_no
    words4 = np.ascontiguousarray(shapes.coords[order], "<f8").view("<u4").reshape(-1, 4)
    for k in range(4):
        body[target + k] = words4[:, k]
    whole = _boxes(shapes.coords, np.array([0]), np.array([len(shapes.coords)]))[0]

    def header(length: int) -> bytes:
        return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, length) + struct.pack("<2i8d", 1000, 5, *whole, 0, 0, 0, 0)

    with path.open("wb") as out:
        out.write(header(int(start[-1])))
        out.write(body.tobytes())
    index = np.column_stack([start[:-1], words]).astype(">i4")
    path.with_suffix(".shx").write_bytes(header(50 + 4 * n) + index.tobytes())


def _boxes(coords: NDArray[np.float64], first: NDArray[np.int64], last: NDArray[np.int64]) -> NDArray[np.float64]:
    out = np.zeros((len(first), 4))
    if not len(first):
        return out
    edges = np.column_stack([first, last]).ravel()
    padded = np.vstack([coords, coords[-1:]])
    for k in range(2):
        out[:, k] = np.minimum.reduceat(padded[:, k], edges)[::2]
        out[:, 2 + k] = np.maximum.reduceat(padded[:, k], edges)[::2]
    return out


def _clockwise(shapes: Polygons) -> NDArray[np.int64]:
    """Index of points such that shells run clockwise and holes the other way; an open ring keeps its turn."""
    x, y = shapes.coords[:, 0] - shapes.coords[0, 0], shapes.coords[:, 1] - shapes.coords[0, 1]
    cross = np.zeros(len(x))
    cross[:-1] = x[:-1] * y[1:] - x[1:] * y[:-1]
    cross[shapes.rings[1:] - 1] = 0
    twice = np.add.reduceat(cross, shapes.rings[:-1]) if len(shapes.rings) > 1 else np.zeros(0)
    ends = shapes.rings[1:] - 1
    closed = np.all(shapes.coords[shapes.rings[:-1]] == shapes.coords[ends], axis=1)
    back = ((twice > 0) != shapes.holes) & closed
    ring = np.repeat(np.arange(len(back)), np.diff(shapes.rings))
    index = np.arange(len(x))
    return np.where(back[ring], shapes.rings[ring] + ends[ring] - index, index)


def write_dbf(path: Path, frame: pl.DataFrame, columns: Sequence[Column]) -> None:
    """A dBASE III table in GBK with language byte 0: nothing in the file says how its texts are encoded."""
    width = 1 + sum(c.width for c in columns)
    n = frame.height
    head = struct.pack("<4BIHH20x", 3, 126, 11, 21, n, 32 + 32 * len(columns) + 1, width)
    for c in columns:
        head += struct.pack("<11sc4xBB14x", c.code.encode("ascii"), c.kind.encode(), c.width, c.decimals)
    with path.open("wb") as out:
        out.write(head + b"\r")
        step = 100_000
        for at in range(0, max(n, 1), step):
            part = frame.slice(at, step)
            if part.height:
                cells = [_cells(part[c.name], c) for c in columns]
                block = np.full((part.height, width), 32, np.uint8)
                k = 1
                for c, cell in zip(columns, cells, strict=True):
                    block[:, k : k + c.width] = cell
                    k += c.width
                out.write(block.tobytes())
        out.write(b"\x1a")


def _cells(values: pl.Series, column: Column) -> NDArray[np.uint8]:
    """The cells of one column as (n, width) bytes: padded as text by their width in GBK, then encoded all at once."""
    text = pl.col("v")
    if column.kind == "D":
        expr = text.dt.strftime("%Y%m%d")
    elif column.kind == "N" and column.decimals:
        scale = 10**column.decimals
        whole = (text * scale).round().cast(pl.Int64)
        tail = (whole % scale).cast(pl.String).str.zfill(column.decimals)
        expr = pl.concat_str((whole // scale).cast(pl.String), pl.lit("."), tail)
    else:
        expr = text.cast(pl.String)
    # Chinese characters have three bytes in UTF-8 and two in GBK.
    frame = pl.DataFrame({"v": values}).select(t=expr.fill_null(""))
    frame = frame.with_columns(
        gbk=pl.col("t").str.len_chars() + (pl.col("t").str.len_bytes() - pl.col("t").str.len_chars()) // 2
    )
    if bool((frame["gbk"] > column.width).any()):
        short = [t.encode("gbk", "replace")[: column.width].decode("gbk", "ignore") for t in frame["t"].to_list()]
        frame = pl.DataFrame({"t": short}).with_columns(
            gbk=pl.Series([len(t.encode("gbk")) for t in short], dtype=pl.UInt32)
        )
    blanks = pl.Series([" " * k for k in range(column.width + 1)])
    pad = blanks.gather((column.width - frame["gbk"].cast(pl.Int64)).to_numpy())
    parts = (pad, frame["t"]) if column.kind == "N" else (frame["t"], pad)
    joined = pl.DataFrame({"a": parts[0], "b": parts[1]}).select(pl.concat_str("a", "b"))["a"].str.join("")[0]
    return np.frombuffer(joined.encode("gbk"), np.uint8).reshape(len(values), column.width)
