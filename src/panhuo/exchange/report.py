"""What came in, at a glance."""

from __future__ import annotations

import polars as pl

from panhuo.exchange.delivery import Delivery

SUMMARY_SCHEMA = {
    "source": pl.String,
    "name": pl.String,
    "driver": pl.String,
    "rows": pl.Int64,
    "fields": pl.Int64,
    "geometry_type": pl.String,
    "crs": pl.String,
    "encoding": pl.String,
    "errors": pl.Int64,
    "warnings": pl.Int64,
    "notes": pl.Int64,
}


def summary(delivery: Delivery) -> pl.DataFrame:
    """One row a layer: source, name, driver, rows, fields, geometry type, crs (Chinese name), encoding, findings by
    severity.

    Findings that name only a file count for each layer of that file. Files that gave no layer are not here; see
    ``delivery.files``.
    """
    counts = delivery.findings.group_by("source", "layer", "severity").len().iter_rows(named=True)
    known = [(c["source"], c["layer"], c["severity"], c["len"]) for c in counts]
    rows = []
    for layer in delivery.layers:
        here = {"error": 0, "warning": 0, "note": 0}
        for source, name, severity, n in known:
            if source == layer.source and name in (None, layer.name):
                here[severity] += n
        rows.append(
            {
                "source": layer.source,
                "name": layer.name,
                "driver": layer.driver,
                "rows": layer.count,
                "fields": len(layer.fields),
                "geometry_type": layer.geometry_type,
                "crs": layer.crs.text.zh if layer.crs is not None else None,
                "encoding": layer.encoding,
                "errors": here["error"],
                "warnings": here["warning"],
                "notes": here["note"],
            }
        )
    return pl.DataFrame(rows, schema=SUMMARY_SCHEMA)
