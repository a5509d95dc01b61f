"""What a run is fed with: the register's parcels and the accepted layers, as files beside its survey.yaml."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import yaml

from panhuo import exchange
from panhuo.exchange import Layer
from panhuo.land.crs import Crs
from panhuo.land.roles import ROLES, role
from panhuo.messages import PanhuoError
from panhuo.progress import Progress
from panhuo_platform.deliveries import queries as deliveries
from panhuo_platform.identification.models import Run
from panhuo_platform.parcels import queries as register
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.regions.models import Region

#: The folder of the inputs beside survey.yaml, and what tells which of its rows is which parcel.
INPUTS, INDEX, PARCELS = "输入", "宗地对照.parquet", "宗地.parquet"
PARCELS_ROLE = "parcels"
#: What the frozen pack is called.
PACK = "政策包.json"
_INDEXED = {
    "parcel_code": pl.String, "parcel_id": pl.Int64, "parcel_version_id": pl.Int64, "number": pl.String,
    "township_code": pl.String,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """One layer for a run.

    frame, geometry : rows with standard field names and WKB of EPSG:4490 (None for a table)
    sender          : who delivered it
    """

    role: str
    name: str
    frame: pl.DataFrame
    geometry: pa.LargeBinaryArray | None = None
    year: int | None = None
    date: date | None = None
    sender: str = ""


def delivered(run: Run) -> Iterator[Given]:
    """The accepted layers in force of every role but the parcels', as whoever started the run may see them.

    A list that was delivered without a line says that there is nothing of the kind; one whose lines were all handed
    back says nothing.
    """
    for name in ROLES:
        if name == PARCELS_ROLE:
            continue
        for layer in deliveries.in_force(run.started_by, name):
            frame, geometry = deliveries.frame(layer)
            if frame.height or not layer.rows:
                yield Given(name, layer.name, frame, geometry, layer.year, layer.date, layer.delivery.sender.name)


def prepare(run: Run, progress: Progress) -> Path:
    """Write the run's survey.yaml with everything it names, once: a run that is begun again finds it as it was.

    Returns the survey.yaml. Raises PanhuoError when there is nothing to identify.
    """
    survey = run.folder / "survey.yaml"
    if survey.is_file():
        return survey
    run.folder.mkdir(parents=True, exist_ok=True)
    fresh = run.folder / f".{INPUTS}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    entries = [_parcels(run, fresh, progress)]
    told = [_told(entries[0], "", entries[0].pop("rows"))]
    for number, given in enumerate(delivered(run), 1):
        progress("导出资料", number, number + 1)
        entry = _layer(given, fresh, number)
        told.append(_told(entry, given.sender, given.frame.height) | {"layer": given.name})
        entries.append(entry)
    shutil.rmtree(run.folder / INPUTS, ignore_errors=True)
    fresh.rename(run.folder / INPUTS)
    (run.folder / PACK).write_text(json.dumps(run.version.frozen, ensure_ascii=False), encoding="utf-8")
    text = yaml.safe_dump(_survey(run, entries), allow_unicode=True, sort_keys=False)
    part = survey.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    Run.objects.filter(pk=run.pk).update(inputs=told)
    part.rename(survey)
    return survey


def index_of(run: Run) -> pl.DataFrame:
    """Which parcel each exported row is: ``parcel_code`` (as exported), parcel_id, parcel_version_id, number,
    township_code; in the order of the file."""
    return pl.read_parquet(run.folder / INPUTS / INDEX)


def _parcels(run: Run, folder: Path, progress: Progress) -> dict[str, Any]:
    """The living parcels as one GeoParquet; those without a code go by their permanent number."""
    fields = {f.name: f for f in role("parcels").fields}
    names = dict(Region.objects.values_list("code", "name"))
    frames, shapes, indexes = [], [], []
    done = 0
    for frame, geometry in register.frames(None, _chosen(run)):
        code = pl.col("parcel_code") if "parcel_code" in frame.columns else pl.lit(None, pl.String)
        coded = frame.with_columns(
            pl.coalesce(pl.when(code != "").then(code), pl.col("number")).alias("parcel_code"),
            pl.col("township_code").replace_strict(names, default=None, return_dtype=pl.String).alias("township_name"),
        )
        version = pl.col("version_id").alias("parcel_version_id")
        indexes.append(coded.select("parcel_code", "parcel_id", version, "number", "township_code"))
        frames.append(coded.select(c for c in fields if c in coded.columns))
        shapes.append(geometry)
        done += frame.height
        progress("导出宗地", done, done + 1)
    if not done:
        raise PanhuoError(
            "宗地库里没有宗地，无法认定；请先接收宗地。", "The register has no parcels to identify; accept some first."
        )
    together = pl.concat(frames, how="diagonal_relaxed")
    # a field that nobody has ever delivered is no field
    together = together.select(c for c in together.columns if together[c].null_count() < done)
    given = Given(PARCELS_ROLE, "宗地", together, pa.concat_arrays(shapes), date=run.on)
    pl.concat(indexes).cast(_INDEXED).write_parquet(folder / INDEX)  # type: ignore[arg-type]
    return {**_entry(given, folder, PARCELS), "rows": done}


def _chosen(run: Run) -> ParcelFilter | None:
    """All living parcels of the run's place."""
    return ParcelFilter(township=run.within) if run.within else None


def _layer(given: Given, folder: Path, number: int) -> dict[str, Any]:
    # by sender and kind: how somebody calls a layer is told to those alone who see the delivery
    year = str(given.year) if given.year is not None else ""
    words = "-".join(w for w in (given.sender, role(given.role).zh, year) if w)
    safe = "".join(c if c.isalnum() or c in "-_（）()" else "_" for c in words)[:80]
    # what evidence names as the source of a value: plain, and numbered only where two are called the same
    name = f"{safe}.parquet" if not (folder / f"{safe}.parquet").exists() else f"{safe}-{number}.parquet"
    return _entry(given, folder, name)


def _entry(given: Given, folder: Path, name: str) -> dict[str, Any]:
    """Write one layer and give its entry of survey.yaml: its columns are the standard fields themselves."""
    known = {f.name: f for f in role(given.role).fields}
    columns = [c for c in given.frame.columns if c in known]
    if not columns:  # a list without a line, of which not a heading was understood
        columns = [role(given.role).key]
        given = replace(given, frame=given.frame.with_columns(pl.lit(None, pl.String).alias(columns[0])))
    # lists as people write them: the reader takes them apart again
    plain = given.frame.select(columns).with_columns(pl.col(pl.List(pl.String)).list.join("、"))
    table = plain.to_arrow(compat_level=pl.CompatLevel.oldest())
    crs = Crs.from_epsg(4490) if given.geometry is not None else None
    layer = Layer(name=given.name, source="", driver="parquet", table=table, geometry=given.geometry, crs=crs)
    exchange.write([layer], folder / name)
    entry: dict[str, Any] = {
        "path": f"{INPUTS}/{name}", "role": given.role, "fields": {c: c for c in columns},
        "units": {c: "m2" for c in columns if known[c].kind == "area"},
    }  # fmt: skip
    if given.year is not None:
        entry["year"] = given.year
    if given.date is not None:
        entry["date"] = given.date
    return entry


def _survey(run: Run, entries: Iterable[dict[str, Any]]) -> dict[str, Any]:
    places = run.version.base["content"]["meta"].get("places") or []
    return {
        "title": run.title, "pack": PACK, "on": run.on, **({"division": str(places[0])} if places else {}),
        "crs": "auto", "inputs": list(entries),
    }  # fmt: skip


def _told(entry: dict[str, Any], sender: str, rows: int) -> dict[str, Any]:
    day = entry.get("date")
    return {
        "role": entry["role"], "name": Path(entry["path"]).stem, "rows": rows, "sender": sender,
        "date": day.isoformat() if day else None, "year": entry.get("year"),
    }  # fmt: skip
