"""GeoPackage, file geodatabase, FlatGeobuf and GeoJSON through GDAL's Arrow door."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio

from panhuo.exchange import gdal_apart
from panhuo.exchange.codes import finding
from panhuo.exchange.delivery import Layer
from panhuo.exchange.plain_types import simple
from panhuo.exchange.reproject import in_crs
from panhuo.exchange.wkb import flatten, type_name
from panhuo.exchange.write_dbf import Names
from panhuo.land.crs import Crs
from panhuo.messages import Finding, PanhuoError
from panhuo.progress import Progress

#: From so many rows on a layer is written in a process of its own.
MANY = 200_000
_MULTI = {
    1: (b"\x01\x04\x00\x00\x00\x01\x00\x00\x00", "MultiPoint"),
    2: (b"\x01\x05\x00\x00\x00\x01\x00\x00\x00", "MultiLineString"),
    3: (b"\x01\x06\x00\x00\x00\x01\x00\x00\x00", "MultiPolygon"),
}
_RESERVED = {
    "GPKG": ("fid", "geom"),
    "OpenFileGDB": ("objectid", "shape", "shape_length", "shape_area"),
    "FlatGeobuf": (),
}


def write(layers: list[Layer], path: Path, driver: str, findings: list[Finding], progress: Progress) -> list[Path]:
    """Write layers into one GeoPackage, geodatabase or FlatGeobuf file; returns [path].

    While GDAL writes one layer, the next ones are brought into the form that it takes.
    """
    parts = [p for x in layers for p in (by_type(x, findings) if driver == "OpenFileGDB" else [x])]
    names = Names(limit=120)

    def prepare(layer: Layer) -> _Ready:
        name = names.add(layer.name)
        table = simple(layer.table, whole=_for_gdb if driver == "OpenFileGDB" else None)
        findings.extend(_numbers_as_text(layer, table))
        table = table.rename_columns(_fields(table.column_names, driver, layer, findings))
        geometry, kind = promoted(layer)
        options: dict[str, Any] = {}
        if driver == "FlatGeobuf":  # its spatial index would put the rows into another order, and takes no empty shapes
            options["SPATIAL_INDEX"] = "NO"
        return _Ready(table, geometry, kind, layer.crs, path, name, driver, options, opened)

    with ExitStack() as opened, ThreadPoolExecutor(1) as ahead:
        waiting = [ahead.submit(prepare, layer) for layer in parts]
        try:
            for k, (layer, ready) in enumerate(zip(parts, waiting, strict=True)):
                progress(f"写出图层 {layer.name}", k, len(parts))
                ready.result().write()
        except BaseException:
            for later in waiting:
                later.cancel()
            raise
    if driver == "GPKG":
        _without_clock(path)
    return [path]


def _without_clock(path: Path) -> None:
    """Put a fixed moment where GDAL writes the time of writing, so that the same layers give the same bytes.

    SQLite's file change counter goes too (twice in the header, https://www.sqlite.org/fileformat.html#file_change_counter):
    how many transactions GDAL makes depends on whether a second passes while it writes.
    """
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("update gpkg_contents set last_change = '2000-01-01T00:00:00.000Z'")
        if db.execute("select 1 from sqlite_master where name = 'gpkg_metadata_reference'").fetchone():
            db.execute("update gpkg_metadata_reference set timestamp = '2000-01-01T00:00:00.000Z'")
    with path.open("rb+") as file:
        for place in (24, 92):
            file.seek(place)
            file.write((1).to_bytes(4, "big"))


def put(
    table: pa.Table,
    geometry: pa.LargeBinaryArray | None,
    kind: str | None,
    crs: Crs | None,
    path: Path,
    name: str,
    driver: str,
    options: dict[str, Any],
) -> None:
    """One layer through ``pyogrio.write_arrow``, whose errors become a PanhuoError."""
    with ExitStack() as opened:
        _Ready(table, geometry, kind, crs, path, name, driver, options, opened).write()


class _Ready:
    """One layer as GDAL takes it. A large one lies in a file already, and the process that will write it has started;
    ``opened`` ends both."""

    def __init__(
        self,
        table: pa.Table,
        geometry: pa.LargeBinaryArray | None,
        kind: str | None,
        crs: Crs | None,
        path: Path,
        name: str,
        driver: str,
        options: dict[str, Any],
        opened: ExitStack,
    ) -> None:
        where = None
        if geometry is not None:
            column = "geom_" if "geom_" not in table.column_names else "geom_panhuo_"
            table, where = table.append_column(column, geometry), column
        text = None
        if crs is not None and crs.known:
            text = f"EPSG:{crs.epsg}" if crs.epsg else crs.wkt
        self.path, self.name = path, name
        self.given = {
            "layer": name,
            "driver": driver,
            "geometry_name": where,
            "geometry_type": (kind or "Unknown") if geometry is not None else None,
            "crs": text,
            "layer_options": options,
        }
        self.apart = opened.enter_context(_Apart(path)) if table.num_rows >= MANY else None
        self.table: pa.Table | None = table
        if self.apart is not None:
            self.apart.take(table)
            self.table = None

    def write(self) -> None:
        """Have GDAL write it; its errors become a PanhuoError."""
        try:
            if self.apart is not None:
                self.apart.write(self.given)
            else:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    pyogrio.raw.write_arrow(self.table, self.path, **self.given)
        except Exception as error:  # GDAL names its errors in its own classes
            raise PanhuoError(
                f"图层“{self.name}”写出失败：{error}",
                f"Layer '{self.name}' cannot be written: {error}",
                where=self.path.name,
            ) from error


class _Apart:
    """``pyogrio.write_arrow`` in a process of its own (:mod:`panhuo.exchange.gdal_apart`), which starts at once and
    waits for its rows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> _Apart:
        self.folder = tempfile.TemporaryDirectory(dir=self.path.parent, prefix=".", ignore_cleanup_errors=True)
        self.rows = Path(self.folder.name) / "rows.arrow"
        # the file is private until it is whole: it need not reach the disk page by page, but at the end
        settings = os.environ | {"OGR_SQLITE_SYNCHRONOUS": "OFF", "PYTHONIOENCODING": "utf-8"}
        self.child = subprocess.Popen(
            [sys.executable, str(Path(gdal_apart.__file__))],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8", env=settings,
        )  # fmt: skip
        return self

    def take(self, table: pa.Table) -> None:
        """Put the rows where the process will look for them."""
        with pa.OSFile(str(self.rows), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)

    def write(self, options: dict[str, Any]) -> None:
        """Have the rows written, and see them on the disk."""
        assert self.child.stdin is not None
        assert self.child.stderr is not None
        job = json.dumps({"table": str(self.rows), "path": str(self.path), "options": options})
        try:
            self.child.stdin.write(job + "\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended; what it said says why
        said = self.child.stderr.read()
        if self.child.wait():
            raise OSError(said.strip() or f"GDAL: {self.child.returncode}")
        if self.path.is_file():
            with self.path.open("rb+") as file:
                os.fsync(file.fileno())

    def __exit__(self, *_: object) -> None:
        if self.child.poll() is None:
            self.child.kill()
        with suppress(BrokenPipeError):
            self.child.__exit__(None, None, None)
        self.folder.cleanup()


def _for_gdb(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Geodatabases before ArcGIS Pro 3.2 have no 64-bit integers: 32 bits where they do, else floating point, else
    text."""
    ends = pc.min_max(column).as_py()
    low, high = ends["min"] or 0, ends["max"] or 0
    if low > -(2**31) and high < 2**31:
        return column.cast(pa.int32())
    return column.cast(pa.float64() if low >= -(2**53) and high <= 2**53 else pa.string())


def _numbers_as_text(layer: Layer, table: pa.Table) -> list[Finding]:
    return [
        finding(
            "R20",
            "note",
            f"字段“{f.name}”的整数超过 2⁵³，写作文本。",
            f"Field '{f.name}' has integers beyond 2^53; written as text.",
            layer.source,
            layer=layer.name,
            field=f.name,
        )
        for f, new in zip(layer.table.schema, table.schema, strict=True)
        if pa.types.is_integer(f.type) and pa.types.is_string(new.type)
    ]


def _fields(names: list[str], driver: str, layer: Layer, findings: list[Finding]) -> list[str]:
    """Field names, unique without regard to case as SQL wants them, and off the names that the format keeps for
    itself."""
    taken = Names(limit=1000, reserved=_RESERVED.get(driver, ()))
    out = [taken.add(n) for n in names]
    for old, new in zip(names, out, strict=True):
        if old != new:
            findings.append(
                finding(
                    "R20",
                    "note",
                    f"字段“{old}”与格式保留名或其他字段重名，写作“{new}”。",
                    f"The field '{old}' collides with a reserved or another name; written as '{new}'.",
                    layer.source,
                    layer=layer.name,
                    field=old,
                    value=new,
                )
            )
    return out


def kinds_of(geometry: pa.LargeBinaryArray) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """The geometry type of each row (n,), 1..7; 0 where null."""
    codes = np.zeros(len(geometry), np.uint32)
    valid = ~np.asarray(geometry.is_null())
    if valid.any():
        _, offsets, data = geometry.buffers()
        begin = np.frombuffer(offsets, np.int64)[geometry.offset : geometry.offset + len(geometry)][valid]
        whole = np.frombuffer(data, np.uint8)
        codes[valid] = sum(whole[begin + 1 + k].astype(np.uint32) << np.uint32(8 * k) for k in range(4))
    return codes


def promoted(layer: Layer) -> tuple[pa.LargeBinaryArray | None, str | None]:
    """The geometry and the type to declare: single parts become multi parts where a layer has both."""
    if layer.geometry is None:
        return None, None
    geometry = flatten(layer.geometry).geometry
    codes = kinds_of(geometry)
    kinds = {int(k) for k in np.unique(codes) if k}
    for single, (prefix, name) in _MULTI.items():
        if kinds == {single, single + 3}:
            longer = pc.binary_join_element_wise(
                pa.scalar(prefix, pa.large_binary()), geometry, pa.scalar(b"", pa.large_binary())
            )
            return pc.if_else(pa.array(codes == single), longer, geometry), name
    kind = type_name(dict.fromkeys(kinds, 1)) or layer.geometry_type
    return geometry, {"Geometry": "Unknown"}.get(kind or "Unknown", kind)


_FAMILY = {
    1: ("点", "points"),
    4: ("点", "points"),
    2: ("线", "lines"),
    5: ("线", "lines"),
    3: ("面", "polygons"),
    6: ("面", "polygons"),
}


def by_type(layer: Layer, findings: list[Finding]) -> list[Layer]:
    """A layer of mixed geometry as several of one kind, for formats that hold one kind a layer; rows without shape go
    with the first."""
    if layer.geometry is None:
        return [layer]
    codes = kinds_of(flatten(layer.geometry).geometry)
    family = np.array([_FAMILY.get(int(c), ("其他", "others"))[0] if c else "" for c in codes], object)
    found = [f for f in ("面", "线", "点", "其他") if (family == f).any()]
    if len(found) < 2:
        return [layer]
    findings.append(
        finding(
            "R20",
            "note",
            f"该格式一层只能有一种几何类型，图层“{layer.name}”按{'、'.join(found)}分开写出。",
            f"The format holds one geometry type a layer; '{layer.name}' was written as {len(found)} layers.",
            layer.source,
            layer=layer.name,
        )
    )
    out = []
    for k, f in enumerate(found):
        at = pa.array(np.flatnonzero((family == f) | ((family == "") & (k == 0))))
        rows = layer.rows.take(at) if layer.rows is not None else None
        out.append(
            layer.with_(
                name=f"{layer.name}_{f}" if k else layer.name,
                table=layer.table.take(at),
                geometry=layer.geometry.take(at),
                rows=rows,
            )
        )
    return out


def write_geojson(layer: Layer, path: Path, findings: list[Finding], *, named: bool) -> list[Path]:
    """GeoJSON: RFC 7946 in longitude and latitude, or (``named``) in the layer's own system with a ``crs`` member."""
    options: dict[str, Any] = {"COORDINATE_PRECISION": 9}
    if not named and layer.geometry is not None:
        if layer.crs is None or not layer.crs.known:
            findings.append(
                finding(
                    "R20",
                    "warning",
                    "图层坐标系不明，坐标按原值写出，不符合 RFC 7946。",
                    "The coordinate system is not known; coordinates are written as they are, which RFC 7946 does "
                    "not allow.",
                    layer.source,
                    layer=layer.name,
                    do=("请先指定坐标系。", "Name the coordinate system first."),
                )
            )
        elif not layer.crs.is_geographic or not layer.crs.same_as_cgcs2000:
            layer = in_crs(layer, Crs.from_epsg(4490), findings)
    degrees = layer.crs is not None and layer.crs.is_geographic
    if named:
        options["COORDINATE_PRECISION"] = 9 if degrees else 4
    elif degrees:
        options["RFC7946"] = "YES"
    else:
        options["COORDINATE_PRECISION"] = 4
    crs = layer.crs if named else Crs.from_epsg(4326) if degrees else None
    put(simple(layer.table, lists=True), layer.geometry, None, crs, path, layer.name, "GeoJSON", options)
    return [path]
