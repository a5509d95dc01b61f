"""The coordinate system of a layer as it was read: from what the file says, else from the size of its coordinates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from panhuo.exchange.codes import finding
from panhuo.land.crs import Crs
from panhuo.messages import Finding

Bounds = tuple[float, float, float, float]


def stated(text: str | None) -> Crs | None:
    """The CRS of a .prj file, WKT or ``EPSG:…`` text; None when there is none."""
    if not text or not text.strip():
        return None
    try:
        epsg = pyproj.CRS.from_user_input(text).to_epsg(min_confidence=60)
    except pyproj.exceptions.CRSError:
        return None
    return Crs(epsg=epsg) if epsg else None


def bounds(geometry: pa.LargeBinaryArray) -> Bounds | None:
    """Extent (x0, y0, x1, y1) of up to some thousand rows spread over the layer; None without any coordinate."""
    n = len(geometry)
    if n == geometry.null_count:
        return None
    some = geometry.take(pa.array(np.unique(np.linspace(0, n - 1, min(n, 5000)).astype(np.int64)))) if n else geometry
    shapes = shapely.from_wkb(some.to_numpy(zero_copy_only=False), on_invalid="ignore")
    x0, y0, x1, y1 = (float(v) for v in shapely.total_bounds(shapes))
    return None if np.isnan(x0) else (x0, y0, x1, y1)


def missing(source: str, layer: str) -> Finding:
    """D02: a layer with geometry and no word about its coordinate system."""
    return finding(
        "D02",
        "warning",
        "图层没有坐标系说明。",
        "The layer does not say its coordinate system.",
        source,
        layer=layer,
        do=(
            "请补充 .prj 或书面说明坐标系、带号与中央经线（应为 CGCS2000 3 度带）。",
            "Send the .prj or state the system, zone and central meridian (CGCS2000 3-degree zone is expected).",
        ),
    )
