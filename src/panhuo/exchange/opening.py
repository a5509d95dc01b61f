"""Opening a delivery: walk, unpack, group companions, look at the content, read, and say what could not be read."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path

from panhuo.exchange import archive, delimited, excel, geojson, grouping, parquet, shapefile, vector
from panhuo.exchange.codes import finding, unreadable
from panhuo.exchange.delivery import Delivery, FileRecord, FileState, Layer
from panhuo.exchange.placing import placed
from panhuo.exchange.refusals import AGAIN, REFUSED, USUAL, ZIP
from panhuo.exchange.result import ReadResult
from panhuo.exchange.sniff import PARTS, Kind, sniff
from panhuo.exchange.stage import Item, Limits, Stage, item, put
from panhuo.messages import Finding, Stopped, findings_table
from panhuo.progress import Progress, silent


@dataclass
class _Work:
    """What one call of ``open_delivery`` gathers."""

    stage: Stage
    limits: Limits
    progress: Progress
    budget: archive.Budget
    layers: list[Layer] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    states: dict[str, FileState] = field(default_factory=dict)

    def keep(self, result: ReadResult) -> None:
        self.findings += result.findings
        self.layers += [placed(layer, self.findings) for layer in result.layers]


def open_delivery(
    path: str | Path | bytes | bytearray | memoryview,
    *,
    name: str | None = None,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> Delivery:
    """Open anything that was delivered: a file, a folder, an archive, or bytes (``name`` says what their file is
    called).

    Every file is recorded with its SHA-256; every layer and table is read whole; what cannot be read is a finding that
    says what and where. The source is never written to. Raises :class:`PanhuoError` only when there is nothing at
    ``path``, and lets :class:`Stopped` from ``progress`` pass.
    """
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="panhuo-", ignore_cleanup_errors=True) as folder:
        stage = Stage(Path(folder))
        work = _Work(stage, limits, progress, archive.Budget(limits))
        if isinstance(path, bytes | bytearray | memoryview):
            called = (name or "delivery").replace("\\", "/").rpartition("/")[2] or "delivery"
            local = stage.room() / "bytes"
            local.write_bytes(path)
            place, files = Path(called), [(called, local)]
        else:
            place = Path(path)
            files = list(grouping.walk(place))
            for link in grouping.links(place):
                work.findings.append(_link(link))
        items = []
        for k, (said, local) in enumerate(files):
            progress("登记文件", k, len(files))
            try:
                items.append(item(said, local))
            except OSError as error:
                work.findings.append(_no_access(said, error))
        done = sorted(_read_all(items, work, depth=0), key=lambda i: i.path)
        records = tuple(FileRecord(i.path, i.size, i.sha256, work.states.get(i.path, "ignored")) for i in done)
        return Delivery(place, tuple(work.layers), records, findings_table(work.findings))


def _read_all(items: list[Item], work: _Work, depth: int) -> list[Item]:
    """Read a folder's or an archive's files; returns them together with the members of archives among them."""
    done = list(items)
    books, rest = grouping.databases(items)
    kinds = {i.path: _kind(i, work) for i in rest}
    groups = grouping.families(rest, kinds)
    taken = {p.path for parts in groups for p in parts.values()}
    jobs: list[tuple[str, Callable[[], list[Item]]]] = []
    jobs += [(folder, partial(_database, folder, files, work)) for folder, files in books.items()]
    jobs += [(next(iter(parts.values())).path, partial(_family, parts, work)) for parts in groups]
    jobs += [(i.path, partial(_single, i, kinds[i.path], rest, work, depth)) for i in rest if i.path not in taken]
    for k, (path, job) in enumerate(sorted(jobs, key=lambda j: j[0])):
        work.progress(f"读取 {path}", k, len(jobs))
        try:
            done += job()
        except Stopped:
            raise
        except Exception as error:  # a reader's own mistake must not cost the rest of the delivery
            work.states[path] = "unreadable"
            work.findings.append(_mistake(path, error))
    return done


def _kind(i: Item, work: _Work) -> Kind:
    try:
        return sniff(i)
    except Exception as error:  # the same: one strange file must not cost the others
        work.findings.append(_mistake(i.path, error))
        return "unknown"


def _database(folder: str, files: list[Item], work: _Work) -> list[Item]:
    """A file geodatabase; GDAL wants its table files in small letters."""
    named = [(f.name.lower() if f.name.lower().startswith("a0") else f.name, f.local) for f in files]
    for f in files:
        work.states[f.path] = "unreadable"
    result = vector.read(work.stage.together(named, inside="layer.gdb"), folder, "OpenFileGDB")
    work.keep(result)
    for f in files:
        work.states[f.path] = "part" if result.layers else "unreadable"
    return []


def _family(parts: grouping.Family, work: _Work) -> list[Item]:
    """A shapefile, a DBF table or a MapInfo table with its companions."""
    lead = next(iter(parts.values()))
    for i in parts.values():
        work.states[i.path] = "part"
    if "shp" in parts or "dbf" in parts:
        result = shapefile.read(parts, lead.path, work.stage)
    else:
        room = work.stage.together([(f"layer.{e}", i.local) for e, i in parts.items()])
        result = vector.read(room / f"layer.{next(iter(parts))}", lead.path, "MapInfo File")
        if len(result.layers) == 1:
            result = ReadResult((result.layers[0].with_(name=lead.stem),), result.findings)
    work.keep(result)
    work.states[lead.path] = "read" if result.layers else "unreadable"
    return []


def _single(i: Item, kind: Kind, beside: list[Item], work: _Work, depth: int) -> list[Item]:
    """One file that belongs to no family."""
    if kind == "zip":
        return _archive(i, work, depth)
    if kind in ("shp", "dbf") and i.ext not in PARTS:  # a second file of the same name, in other letters
        return _family({kind: i}, work)
    if kind in ("part", "ignored", "shx", "dbf"):
        work.states[i.path] = "ignored" if kind == "ignored" else "part"
        if kind == "shx" or (i.ext in ("prj", "cpg") and not _has_main(i, beside)):
            work.findings.append(_orphan(i))
        return []
    if kind in REFUSED:
        zh, en, do = REFUSED[kind]
        work.states[i.path] = "unreadable"
        work.findings.append(unreadable(zh, en, i.path, do))
        return []
    if i.ext and i.ext not in USUAL.get(kind, {i.ext}):
        work.findings.append(_disguised(i, kind))
    result = _by_kind(i, kind, beside, work)
    if result is None:
        work.states[i.path] = "ignored"
        return []
    work.keep(result)
    work.states[i.path] = "read" if result.layers else "unreadable"
    return []


def _archive(i: Item, work: _Work, depth: int) -> list[Item]:
    if depth >= work.limits.depth:
        work.states[i.path] = "unreadable"
        zh, en = "压缩包嵌套层数过多，未继续解开。", "Archives nested too deep; not unpacked further."
        work.findings.append(unreadable(zh, en, i.path, ZIP))
        return []
    before = len(work.findings)
    members = list(archive.unpack(i, work.stage, work.budget, work.findings))
    if not members and len(work.findings) == before:
        work.findings.append(unreadable("压缩包是空的。", "The archive is empty.", i.path, AGAIN))
    work.states[i.path] = "read" if members else "unreadable"
    return _read_all(members, work, depth + 1)


_OTHERS = {"boundary": "boundary_txt", "vct": "vct", "dxf": "dxf", "kml": "kml"}
_BY_GDAL = {"fgb": ("FlatGeobuf", "fgb"), "gml": ("GML", "gml"), "gpx": ("GPX", "gpx"), "osm": ("OSM", "osm")}


def _by_kind(i: Item, kind: Kind, beside: list[Item], work: _Work) -> ReadResult | None:
    """The reader for a kind; None for a text that is no table."""
    if kind in _OTHERS:
        result: ReadResult = import_module(f"panhuo.exchange.{_OTHERS[kind]}").read(i.data(), i.path)
        return result
    if kind == "excel":
        return excel.read(i.data(), i.path)
    if kind == "html":
        return excel.read_html(i.data(), i.path, i.stem)
    if kind == "excel_xml":
        return excel.read_xml(i.data(), i.path)
    if kind == "geojson":
        return geojson.read(i, i.path, work.stage)
    if kind == "json":
        return geojson.read_records(i, i.path)
    if kind in ("parquet", "feather"):
        return parquet.read(i.local, i.path, i.stem, feather=kind == "feather")
    if kind in ("text", "mapinfo"):
        result = delimited.read(i.data(), i.path, i.stem, i.ext, work.stage)
        return result if result.layers or result.findings else None
    if kind in ("gpkg", "sqlite"):
        return _sqlite(i, kind, beside, work)
    driver, ext = _BY_GDAL[kind]
    if kind == "osm" and b"OSMHeader" in i.head(64):
        ext = "osm.pbf"
    room, stem = work.stage.room(), _plain(i.stem)
    put(i.local, room / f"{stem}.{ext}")
    for b in beside:
        if b.folder == i.folder and b.stem == i.stem and b.ext in ("xsd", "gfs"):
            put(b.local, room / f"{stem}.{b.ext}", copy=True)
    result = vector.read(room / f"{stem}.{ext}", i.path, driver)
    if driver in ("OSM", "GPX"):  # their layers are fixed; empty ones say nothing
        result = ReadResult(tuple(x for x in result.layers if x.count), result.findings)
    return result


def _sqlite(i: Item, kind: Kind, beside: list[Item], work: _Work) -> ReadResult:
    """A GeoPackage or SQLite file; one with a write-ahead log is copied with it, because reading would fold the log
    in."""
    tails = {b.name[len(i.name) :]: b for b in beside if b.folder == i.folder and b.name.startswith(i.name + "-")}
    local = work.stage.room() / f"{_plain(i.stem)}.{'gpkg' if kind == 'gpkg' else 'sqlite'}"
    put(i.local, local, copy=i.head(20)[18:20] == b"\x02\x02" or bool(tails))
    for tail, b in tails.items():
        put(b.local, local.with_name(local.name + tail), copy=True)
        work.states[b.path] = "part"
    return vector.read(local, i.path, "GPKG" if kind == "gpkg" else "SQLite")


def _plain(stem: str) -> str:
    return re.sub(r"[^\w-]", "_", stem)[:60] or "layer"


def _has_main(i: Item, beside: list[Item]) -> bool:
    return any(b.folder == i.folder and b.stem.lower() == i.stem.lower() and b.path != i.path for b in beside)


def _orphan(i: Item) -> Finding:
    return finding(
        "R03",
        "warning",
        f"只有 .{i.ext}，缺少同名的 .shp，无法使用。",
        f"Only a .{i.ext}; the .shp of that name is missing.",
        i.path,
        do=("请补充同名的 .shp、.dbf。", "Send the .shp and .dbf of the same name."),
    )


def _disguised(i: Item, kind: str) -> Finding:
    return finding(
        "R09",
        "note",
        f"扩展名为 .{i.ext}，内容实为 {kind}，已按内容读取。",
        f"The extension is .{i.ext} but the content is {kind}; read by content.",
        i.path,
        value=kind,
        do=("请使用正确的扩展名。", "Use the right extension."),
    )


def _link(path: str) -> Finding:
    zh, en = "这是指向其他位置的链接，未读取。", "This is a link to elsewhere; it is not followed."
    return unreadable(zh, en, path, ("请直接提供文件。", "Send the files themselves."))


def _no_access(path: str, error: OSError) -> Finding:
    zh, en = f"文件读不出：{error.strerror}。", f"The file cannot be read: {error.strerror}."
    return unreadable(zh, en, path, ("请检查权限或重新复制。", "Check the rights or copy it again."))


def _mistake(path: str, error: Exception) -> Finding:
    said = f"{type(error).__name__}: {error}"
    zh, en = f"读取时发生意外错误：{said}。", f"Unexpected error while reading: {said}."
    ask = "请把该文件连同本条信息反馈给系统维护人员。", "Report this file with this message to the maintainers."
    return unreadable(zh, en, path, ask)
