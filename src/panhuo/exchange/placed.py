"""The last step of reading a layer: where is it on the earth."""

from __future__ import annotations

import pyarrow as pa

from panhuo.exchange.delivery import Layer
from panhuo.exchange.placing import bounds, missing
from panhuo.messages import Finding


def placed(layer: Layer, findings: list[Finding]) -> Layer:
    """A layer as it goes out to the others.

    A layer without attributes gets its feature numbers as column ``FID``, so that its table has as many rows as shapes. A layer with geometry and no coordinate system gets a finding, unless the reader has already said so."""
    if layer.table.num_columns == 0:
        numbers = layer.rows if layer.rows is not None else pa.array(range(1, layer.count + 1), pa.int64())
        layer = layer.with_(table=pa.table({"FID": numbers}))
    if layer.geometry is None or layer.crs is not None or bounds(layer.geometry) is None:
        return layer
    said = any(f.code == "D02" and f.source == layer.source and f.layer in (layer.name, None) for f in findings)
    if not said:
        findings.append(missing(layer.source, layer.name))
    return layer
