"""Writing layers: one function for every format, whole or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from panhuo.exchange.delivery import Layer
from panhuo.exchange.reproject import in_crs
from panhuo.exchange.write_dbf import Names
from panhuo.land.crs import Crs
from panhuo.messages import Finding, PanhuoError
from panhuo.progress import Progress, silent

#: Extension -> driver name. Drivers of the second table hold one layer a file.
DRIVERS: Mapping[str, str] = {
    "gpkg": "GPKG",
    "gdb": "OpenFileGDB",
    "shp": "ESRI Shapefile",
    "geojson": "GeoJSON",
    "json": "GeoJSON",
    "fgb": "FlatGeobuf",
    "parquet": "Parquet",
    "xlsx": "XLSX",
    "csv": "CSV",
}
_SINGLE = frozenset({"ESRI Shapefile", "GeoJSON", "FlatGeobuf", "Parquet", "CSV"})


class Written(NamedTuple):
    """The files that were written (for a shapefile its ``.shp``), and what the format's limits changed."""

    paths: tuple[Path, ...]
    findings: list[Finding]


def write(
    layers: Sequence[Layer] | Layer,
    path: str | Path,
    *,
    driver: str | None = None,
    crs: Crs | str | int | None = None,
    encoding: str | None = None,
    titles: Mapping[str, str] | None = None,
    progress: Progress = silent,
) -> Written:
    """Write layers to ``path``; the driver follows from its extension (gpkg, gdb, shp, geojson, fgb, parquet, xlsx,
    csv).

    crs : coordinate system to write in (EPSG code, ``EPSG:4527`` or a Crs); None keeps each layer's own. GeoJSON
          without ``crs`` is RFC 7946 (longitude, latitude); with it the file names its system in a ``crs`` member
    encoding : of text in shapefiles (``GBK``, the default, or ``UTF-8``) and in csv (UTF-8 with byte order mark, or
    ``GBK``)
    titles : column titles for xlsx and csv, field name -> title; other formats keep the field names

    Several layers go into one file where the format allows it, else into ``<stem>_<layer>.<ext>`` beside each other.
    What is written appears under its name only when it is complete; until then the old file stays. Raises PanhuoError
    for an unknown format, or when a layer without a known coordinate system shall be transformed.
    """
    target = Path(path)
    many = [layers] if isinstance(layers, Layer) else list(layers)
    kind = driver or DRIVERS.get(target.suffix.lower().lstrip("."), "")
    if kind not in DRIVERS.values():
        known = "、".join(sorted({f".{e}" for e in DRIVERS}))
        raise PanhuoError(
            f"不支持写出“{target.suffix or driver}”，可用：{known}。",
            f"Cannot write '{target.suffix or driver}'; there are: {known}.",
            where=str(target),
        )
    if not many:
        raise PanhuoError("没有可写出的图层。", "There is no layer to write.", where=str(target))
    if not target.parent.is_dir():
        raise PanhuoError("目标文件夹不存在。", "The folder to write into does not exist.", where=str(target.parent))
    asked = _crs(crs)
    findings: list[Finding] = []
    named = _names(many)
    moved = [in_crs(x, asked, findings) if asked else x for x in many]
    renamed = [x.with_(name=n) for x, n in zip(moved, named, strict=True)]
    jobs = [(target, renamed)]
    if kind in _SINGLE and len(renamed) > 1:
        jobs = [(target.with_name(f"{target.stem}_{_plain(x.name)}{target.suffix}"), [x]) for x in renamed]
    paths: list[Path] = []
    with tempfile.TemporaryDirectory(prefix=".panhuo-", dir=target.parent) as folder:
        done: list[tuple[Path, Path]] = []
        for k, (place, group) in enumerate(jobs):
            progress(f"写出 {place.name}", k, len(jobs))
            room = Path(folder) / str(k)
            room.mkdir()
            for made in _one(group, room / place.name, kind, asked, encoding, titles, findings, progress):
                done.append((made, target.parent / made.name))
                if made.suffix.lower() not in _COMPANIONS:
                    paths.append(target.parent / made.name)
        _settle(done, Path(folder))
    return Written(tuple(paths), findings)


_COMPANIONS = frozenset({".dbf", ".shx", ".prj", ".cpg"})


def _one(
    layers: list[Layer],
    path: Path,
    driver: str,
    crs: Crs | None,
    encoding: str | None,
    titles: Mapping[str, str] | None,
    findings: list[Finding],
    progress: Progress,
) -> list[Path]:
    """Write one file (and its companions) to its temporary place; returns what was made, the leading file last."""
    from panhuo.exchange import write_parquet, write_shapefile, write_tables, write_vector

    if driver in ("GPKG", "OpenFileGDB", "FlatGeobuf"):
        return write_vector.write(layers, path, driver, findings, progress)
    if driver == "GeoJSON":
        return write_vector.write_geojson(layers[0], path, findings, named=crs is not None)
    if driver == "ESRI Shapefile":
        return write_shapefile.write(layers[0], path, findings, encoding or "GBK")
    if driver == "Parquet":
        return write_parquet.write(layers[0], path)
    if driver == "XLSX":
        return write_tables.write_xlsx(layers, path, findings, titles or {}, progress)
    return write_tables.write_csv(layers[0], path, encoding or "UTF-8", titles or {}, findings)


def _settle(done: list[tuple[Path, Path]], folder: Path) -> None:
    """Put complete files in their places. A folder (geodatabase) takes the old one's place and the old one goes
    last."""
    for number, (made, place) in enumerate(done):
        if place.is_dir():
            old = folder / f"old{number}"
            place.rename(old)
            try:
                made.rename(place)
            except OSError:
                old.rename(place)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            made.replace(place)
    for _, place in done:
        if place.suffix.lower() == ".gpkg":  # a write-ahead log of the former file must not be applied to the new one
            for tail in ("-wal", "-shm"):
                place.with_name(place.name + tail).unlink(missing_ok=True)


def _crs(crs: Crs | str | int | None) -> Crs | None:
    if crs is None or isinstance(crs, Crs):
        return crs
    number = re.fullmatch(r"(?i)(?:EPSG:)?(\d{4,6})", str(crs).strip())
    return Crs.from_epsg(int(number.group(1))) if number else Crs.from_wkt(str(crs))


def _names(layers: list[Layer]) -> list[str]:
    """The layers' names, made unique: two layers of one name must not overwrite each other."""
    names = Names(limit=60)
    return [names.add(x.name or "layer") for x in layers]


def _plain(name: str) -> str:
    """A layer's name as part of a file name."""
    return re.sub(r"[\\/:*?\"<>|\x00-\x1f]", "_", name).strip(" .") or "layer"
