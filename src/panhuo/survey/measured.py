"""What measuring leaves on disk: facts, shapes, and the tables that the registers are made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.ipc as ipc

from panhuo.identify import FactSource
from panhuo.land.crs import Crs


@dataclass(frozen=True, slots=True)
class Shapes:
    """A table with shapes beside it: ``geometry`` is WKB in longitude and latitude (EPSG:4490), same order."""

    frame: pl.DataFrame
    geometry: pa.LargeBinaryArray


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything after measuring.

    facts       : one row a measured parcel, the columns of ``panhuo.land.facts`` (absent where no source was delivered)
    geometry    : their shapes, WKB in EPSG:4490
    sources     : fact -> where it comes from
    handed_back : parcels that were delivered and cannot be judged, with the reason; may be without a shape
    legacy      : the legacy land that was delivered; obstacles : problems and wishes; townships : boundaries
    yields      : the 亩产效益 evaluation of the enterprises, where the pack's scheme was applied; else empty
    crs         : the planar zone of the survey
    delivered, delivered_m2 : how many parcels came in, with how much ellipsoidal area
    """

    facts: pl.DataFrame
    geometry: pa.LargeBinaryArray
    sources: Mapping[str, FactSource]
    handed_back: Shapes
    legacy: Shapes
    obstacles: pl.DataFrame
    townships: Shapes
    yields: pl.DataFrame
    crs: Crs
    delivered: int
    delivered_m2: float

    @property
    def frame(self) -> pl.DataFrame:
        """The facts: what ``identify`` and ``compare`` take, with ``sources`` beside them."""
        return self.facts


def save_measured(measured: Measured, folder: Path) -> dict[str, int]:
    """Write everything into ``folder`` (Arrow files, no compression: they are read back at once)."""
    measured.facts.write_ipc(folder / "facts.arrow")
    measured.obstacles.write_ipc(folder / "obstacles.arrow")
    measured.yields.write_ipc(folder / "yields.arrow")
    _write_geometry(measured.geometry, folder / "parcels.arrow")
    for name in ("handed_back", "legacy", "townships"):
        shapes: Shapes = getattr(measured, name)
        shapes.frame.write_ipc(folder / f"{name}.arrow")
        _write_geometry(shapes.geometry, folder / f"{name}.shapes.arrow")
    notes = {
        "crs": measured.crs.epsg or measured.crs.wkt,
        "delivered": measured.delivered,
        "delivered_m2": measured.delivered_m2,
        "sources": {
            k: {"layer": v.layer, "date": v.date.isoformat() if v.date else None} for k, v in measured.sources.items()
        },
    }
    (folder / "notes.json").write_text(json.dumps(notes, ensure_ascii=False), encoding="utf-8")
    return {"parcels": measured.facts.height}


def load_measured(folder: Path) -> Measured:
    """Read back what :func:`save_measured` wrote."""
    notes = json.loads((folder / "notes.json").read_text(encoding="utf-8"))

    def shapes(name: str) -> Shapes:
        return Shapes(pl.read_ipc(folder / f"{name}.arrow"), _read_geometry(folder / f"{name}.shapes.arrow"))

    return Measured(
        facts=pl.read_ipc(folder / "facts.arrow"),
        geometry=_read_geometry(folder / "parcels.arrow"),
        sources={
            k: FactSource(v["layer"], date.fromisoformat(v["date"]) if v["date"] else None)
            for k, v in notes["sources"].items()
        },
        handed_back=shapes("handed_back"),
        legacy=shapes("legacy"),
        obstacles=pl.read_ipc(folder / "obstacles.arrow"),
        townships=shapes("townships"),
        yields=pl.read_ipc(folder / "yields.arrow"),
        crs=Crs.from_epsg(notes["crs"]) if isinstance(notes["crs"], int) else Crs.from_wkt(notes["crs"]),
        delivered=notes["delivered"],
        delivered_m2=notes["delivered_m2"],
    )


def _write_geometry(geometry: pa.LargeBinaryArray, path: Path) -> None:
    table = pa.table({"geometry": geometry})
    with pa.OSFile(str(path), "wb") as sink, ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=1 << 17)


def _read_geometry(path: Path) -> pa.LargeBinaryArray:
    with pa.memory_map(str(path)) as source:
        table = ipc.open_file(source).read_all()
    return table.column("geometry").combine_chunks().cast(pa.large_binary())
