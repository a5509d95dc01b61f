"""Layers in another coordinate system."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from numpy.typing import NDArray

from panhuo.exchange.codes import finding
from panhuo.exchange.delivery import Layer
from panhuo.land.crs import Crs
from panhuo.messages import Finding, PanhuoError


def in_crs(layer: Layer, crs: Crs, findings: list[Finding]) -> Layer:
    """The layer with its geometry in ``crs``; unchanged where it has none or is there already.

    Coordinates are transformed by PROJ, x east and y north. Shapes whose bytes cannot be parsed become null, with a
    finding. Raises PanhuoError when the layer's own system is not known.
    """
    if layer.geometry is None or layer.geometry.null_count == layer.count:
        return layer.with_(crs=crs) if layer.geometry is not None else layer
    if layer.crs is None or not layer.crs.known:
        raise PanhuoError(
            f"图层“{layer.name}”坐标系不明，无法换算；请先指定其坐标系。",
            f"The coordinate system of layer '{layer.name}' is not known, it cannot be transformed; name it first.",
            where=layer.source,
        )
    if layer.crs.epsg is not None and layer.crs.epsg == crs.epsg:
        return layer
    way = pyproj.Transformer.from_crs(layer.crs.pyproj(), crs.pyproj(), always_xy=True)

    def turn(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(way.transform(xy[:, 0], xy[:, 1]))

    shapes = shapely.from_wkb(layer.geometry.to_numpy(zero_copy_only=False), on_invalid="fix")
    lost = int(shapely.is_missing(shapes).sum()) - layer.geometry.null_count
    if lost > 0:
        findings.append(
            finding(
                "R17",
                "error",
                f"{lost} 个图形无法解析，换算坐标后为空。",
                f"{lost} shapes cannot be parsed and are empty after the transformation.",
                layer.source,
                layer=layer.name,
                count=lost,
                do=("请先修复图形。", "Repair the shapes first."),
            )
        )
    made = shapely.to_wkb(shapely.transform(shapes, turn), byte_order=1, flavor="iso")
    return layer.with_(geometry=pa.array(made.tolist(), pa.large_binary()), crs=crs)
