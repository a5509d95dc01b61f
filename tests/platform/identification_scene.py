"""A small demo district as the platform holds it: its parcels in the register, its other layers accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from panhuo.demo import make_district
from panhuo.land.projection import to_geographic
from panhuo.survey.config import load_config
from panhuo.survey.deliver import deliver
from panhuo.survey.run import pack_of
from panhuo.survey.settings import check_settings

DAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Scene:
    """parcels : the frame with standard fields and WKB beside it; layers : what else was delivered, ready for a run."""

    folder: Path
    parcels: tuple[pl.DataFrame, pa.LargeBinaryArray]
    layers: tuple[dict[str, Any], ...]


def make_scene(folder: Path, parcels: int = 500, *, seed: int = 5) -> Scene:
    """Make a district without planted errors and read it as the library understands it."""
    make_district(folder, parcels=parcels, seed=seed, errors=False, on=DAY)
    config = load_config(folder)
    sources = deliver(config, check_settings(config, pack_of(config))).sources
    assert sources.crs is not None
    frames, shapes, layers = [], [], []
    for role, subjects in sources.by_role.items():
        for subject in subjects:
            wkb = None
            if subject.polygons is not None and len(subject):
                degrees = to_geographic(subject.polygons.coords, sources.crs)
                wkb = subject.polygons.with_coords(degrees).to_wkb()
            if role == "parcels":
                frames.append(subject.frame)
                shapes.append(wkb)
                continue
            layers.append(
                {"role": role, "name": subject.layer.name, "frame": subject.frame, "geometry": wkb,
                 "year": subject.year, "date": subject.issued, "sender": ""}
            )  # fmt: skip
    frame = pl.concat(frames, how="diagonal_relaxed").with_columns(
        pl.coalesce("township_code", pl.col("parcel_code").str.head(9)).alias("township_code")
    )
    return Scene(folder, (frame, pa.concat_arrays(shapes)), tuple(layers))
