"""GeoParquet 1.1: WKB, PROJJSON, bounding boxes per row as covering, zstd."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from panhuo.exchange.delivery import Layer
from panhuo.exchange.wkb import NAMES, flatten
from panhuo.exchange.write_vector import kinds_of


def write(layer: Layer, path: Path) -> list[Path]:
    """Write one layer; a table without geometry gives plain Parquet. Returns [path]."""
    table = layer.table
    if layer.geometry is None:
        pq.write_table(table, path, compression="zstd")
        return [path]
    column = "geometry" if "geometry" not in table.column_names else "geometry_"
    cover = "bbox" if "bbox" not in table.column_names else "bbox_"
    geometry = flatten(layer.geometry).geometry
    box = shapely.bounds(shapely.from_wkb(geometry.to_numpy(zero_copy_only=False), on_invalid="ignore"))
    empty = np.isnan(box[:, 0])
    corners = ("xmin", "ymin", "xmax", "ymax")
    boxes = pa.StructArray.from_arrays(
        [pa.array(box[:, k]) for k in range(4)], names=list(corners), mask=pa.array(empty)
    )
    kinds = sorted({NAMES[int(k)] for k in np.unique(kinds_of(geometry)) if int(k) in NAMES})
    info: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": kinds,
        "crs": json.loads(layer.crs.pyproj().to_json()) if layer.crs is not None and layer.crs.known else None,
        "covering": {"bbox": {c: [cover, c] for c in corners}},
    }
    if not empty.all():
        info["bbox"] = [*np.nanmin(box[:, :2], axis=0).tolist(), *np.nanmax(box[:, 2:], axis=0).tolist()]
    meta = {"version": "1.1.0", "primary_column": column, "columns": {column: info}}
    shapes = geometry.cast(pa.binary()) if geometry.nbytes < 2**31 - 1 else geometry
    table = table.append_column(column, shapes).append_column(cover, boxes)
    table = table.replace_schema_metadata({b"geo": json.dumps(meta, ensure_ascii=False).encode()})
    pq.write_table(table, path, compression="zstd")
    return [path]
