"""Check a delivery that belongs to no survey yet: open it, guess what its layers are, and say what is wrong."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from panhuo import exchange
from panhuo.exchange import Delivery, Layer
from panhuo.land.crs import Crs
from panhuo.land.schema import guess_role
from panhuo.messages import join_findings
from panhuo.progress import Progress, silent
from panhuo.quality import Settings, check_subject
from panhuo.survey.config import Input
from panhuo.survey.deliver import understand, working_crs_of
from panhuo.survey.starting import SURE


def check_delivery(
    path: str | Path, settings: Settings | None = None, *, crs: Crs | None = None, progress: Progress = silent
) -> tuple[Delivery, pl.DataFrame]:
    """Open ``path`` and check every layer by itself.

    A layer whose role is clear is checked by that role; another one only for what any layer must be (readable, placed,
    valid shapes). Returns the delivery and the findings of reading and checking together.
    """
    delivery = exchange.open_delivery(path, progress=progress)
    return delivery, check_layers(delivery, settings or Settings(), crs=crs, progress=progress)


def check_layers(
    delivery: Delivery, settings: Settings, *, crs: Crs | None = None, progress: Progress = silent
) -> pl.DataFrame:
    """The findings of reading a delivery and of checking each of its layers by itself."""
    parts = [delivery.findings.filter((pl.col("code") != "C02") | (pl.col("severity") != "note"))]
    for layer in delivery.layers:
        subject, found = understand(
            Input(layer.source, clear_role(layer) or ""), layer, crs or working_crs_of(layer)
        )  # fmt: skip
        parts += [found, check_subject(subject, settings, progress=progress)]
    return join_findings(parts)


def clear_role(layer: Layer) -> str | None:
    """The role that a layer surely has by its name and fields; None where a person has to say."""
    ranked = guess_role(f"{layer.source.rsplit('.', 1)[0]}/{layer.name}", layer.fields, layer.geometry is not None)
    return ranked[0][0] if ranked and ranked[0][1] >= SURE else None
