"""Check a delivery that belongs to no survey yet: open it, guess what its layers are, and say what is wrong."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from panhuo import exchange
from panhuo.exchange import Delivery
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
    the_settings = settings or Settings()
    delivery = exchange.open_delivery(path, progress=progress)
    parts = [delivery.findings.filter((pl.col("code") != "C02") | (pl.col("severity") != "note"))]
    for layer in delivery.layers:
        ranked = guess_role(f"{layer.source.rsplit('.', 1)[0]}/{layer.name}", layer.fields, layer.geometry is not None)
        role, score = ranked[0] if ranked else ("", 0.0)
        if score < SURE:
            role = ""
        subject, found = understand(Input(layer.source, role), layer, crs or working_crs_of(layer))
        parts += [found, check_subject(subject, the_settings, progress=progress)]
    return delivery, join_findings(parts)
