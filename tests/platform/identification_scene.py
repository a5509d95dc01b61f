"""A small demo district as the platform holds it: its parcels in the register, its other layers accepted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from django.db import transaction
from django.utils import timezone

from panhuo.demo import make_district
from panhuo.exchange import Layer
from panhuo.land.crs import Crs
from panhuo.land.projection import to_geographic
from panhuo.land.roles import role
from panhuo.survey.config import load_config
from panhuo.survey.deliver import deliver
from panhuo.survey.run import pack_of
from panhuo.survey.settings import check_settings

DAY = date(2026, 11, 21)

#: Units that the demo pack asks to confirm conditions, or that hold data of parcels.
DEPARTMENTS = (
    "fagai", "gongxin", "caizheng", "zhujian", "huanjing", "yingji", "shuiwu", "tongji", "shangwu", "toucu", "nongye",
    "jiaoti", "wenlv",
)  # fmt: skip


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
    for name, subjects in sources.by_role.items():
        for subject in subjects:
            wkb = None
            if subject.polygons is not None and len(subject):
                degrees = to_geographic(subject.polygons.coords, sources.crs)
                wkb = subject.polygons.with_coords(degrees).to_wkb()
            if name == "parcels":
                frames.append(subject.frame)
                shapes.append(wkb)
                continue
            layers.append(
                {"role": name, "name": subject.layer.name, "frame": subject.frame, "geometry": wkb,
                 "year": subject.year, "date": subject.issued, "sender": ""}
            )  # fmt: skip
    frame = pl.concat(frames, how="diagonal_relaxed").with_columns(
        pl.coalesce("township_code", pl.col("parcel_code").str.head(9)).alias("township_code")
    )
    return Scene(folder, (frame, pa.concat_arrays(shapes)), tuple(layers))


def put_parcels(scene: Scene) -> int:
    """The scene's parcels into the register; returns how many."""
    from panhuo_platform.parcels.models import Change
    from panhuo_platform.parcels.writing import begin, put

    frame, shapes = scene.parcels
    with transaction.atomic():
        put(begin(Change.Kind.DELIVERED, None, date(2025, 1, 1)), frame, shapes)
    return frame.height


def accept_layers(scene: Scene, user: Any) -> None:
    """The scene's other layers as delivered and accepted: what any process finds when it runs."""
    from panhuo_platform.deliveries import kept
    from panhuo_platform.deliveries.models import DeliveredLayer, Delivery
    from panhuo_platform.deliveries.understanding import described
    from panhuo_platform.organisations.models import Organisation

    sender, now = Organisation.objects.get(code="ziran"), timezone.now()
    row = Delivery.objects.create(
        sender=sender, title="各部门资料", opened_by=user, state=Delivery.State.ACCEPTED, understood=1, run=1,
        decided_at=now, decided_by=user,
    )  # fmt: skip
    for number, given in enumerate(scene.layers, 1):
        known = {f.name: f for f in role(given["role"]).fields}
        columns = [c for c in given["frame"].columns if c in known]
        frame = given["frame"].select(columns).with_columns(pl.col(pl.List(pl.String)).list.join("、"))
        crs = Crs.from_epsg(4490) if given["geometry"] is not None else None
        layer = Layer(
            name=given["name"], source=f"{given['name']}.parquet", driver="parquet", geometry=given["geometry"],
            table=frame.to_arrow(compat_level=pl.CompatLevel.oldest()), crs=crs,
            geometry_type="MultiPolygon" if crs is not None else "",
        )  # fmt: skip
        kept.keep(layer, row.folder / f"layers/1-{number}.parquet")
        about = described(layer, {}) | {
            "role": given["role"], "field_map": {c: c for c in columns},
            "units": {c: "m2" for c in columns if known[c].kind == "area"},
        }  # fmt: skip
        DeliveredLayer.objects.create(
            delivery=row, number=number, kept=f"layers/1-{number}.parquet", state=DeliveredLayer.State.ACCEPTED,
            accepted_at=now, year=given["year"], date=given["date"], **about,
        )  # fmt: skip
