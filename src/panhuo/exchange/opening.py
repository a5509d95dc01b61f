"""Opening a delivery: walk, unpack, group companions, look at the content, read, and say what could not be read."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path

from panhuo.exchange import archive, delimited, excel, geojson, grouping, parquet, shapefile, vector
from panhuo.exchange.codes import finding, unreadable
from panhuo.exchange.delivery import Delivery, FileRecord, FileState, Layer
from panhuo.exchange.memory import release
from panhuo.exchange.placing import placed
from panhuo.exchange.points import with_geometry
from panhuo.exchange.refusals import AGAIN, REFUSED, USUAL, ZIP
from panhuo.exchange.result import ReadResult
from panhuo.exchange.sniff import PARTS, Kind, sniff
from panhuo.exchange.stage import Item, Limits, Stage, checksum, put, unsummed
from panhuo.messages import Finding, findings_table
from panhuo.progress import Progress, silent

#: Tables are read beside the rest, by readers that call neither GDAL nor PROJ: those stay in the caller's thread.
_TABLES: frozenset[Kind] = frozenset({"excel", "html", "excel_xml", "text"})


@dataclass
class _Piece:
    """What one file, family, geodatabase or archive of the delivery gives; ``read`` fills it."""

    path: str
    stage: Stage
    read: Callable[[_Piece], None] | None = None
    table: bool = False
    layers: list[Layer] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    states: dict[str, FileState] = field(default_factory=dict)

    def keep(self, result: ReadResult) -> None:
        self.findings += result.findings
        self.layers += result.layers

    def place(self) -> None:
        """Geometry out of columns, and coordinate systems: by PROJ, so in the caller's thread."""
        try:
            shaped = [with_geometry(x, self.stage, self.findings) if x.driver == "CSV" else x for x in self.layers]
            self.layers = [placed(x, self.findings) for x in shaped]
        except Exception as error:  # the same as in run
            self.findings.append(_mistake(self.path, error))

    def run(self) -> None:
        """Read; a reader's own mistake must not cost the rest of the delivery."""
        try:
            if self.read is not None:
                self.read(self)
        except Exception as error:
            self.states[self.path] = "unreadable"
            self.findings.append(_mistake(self.path, error))
        self.read = None


@dataclass
class _Work:
    """What one call of ``open_delivery`` is about: its pieces in the order of their paths, and all its files."""

    stage: Stage
    limits: Limits
    progress: Progress
    budget: archive.Budget
    pieces: list[_Piece] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    checksums: dict[str, Future[str]] = field(default_factory=dict)

    def piece(self, path: str, read: Callable[[_Piece], None] | None = None, *, table: bool = False) -> _Piece:
        self.pieces.append(_Piece(path, self.stage, read, table))
        return self.pieces[-1]


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
    says what and where. The source is never written to. Tables are read beside the other files; layers and findings
    come in the order of the files all the same. Raises :class:`PanhuoError` only when there is nothing at ``path``, and
    lets :class:`Stopped` from ``progress`` (called in the caller's thread) pass.
    """
    limits = limits or Limits()
    pool = ThreadPoolExecutor(1, "panhuo-tables")
    beside = ThreadPoolExecutor(1, "panhuo-checksums")
    with tempfile.TemporaryDirectory(prefix="panhuo-", ignore_cleanup_errors=True) as folder:
        stage = Stage(Path(folder))
        work = _Work(stage, limits, progress, archive.Budget(limits))
        try:
            if isinstance(path, bytes | bytearray | memoryview):
                called = (name or "delivery").replace("\\", "/").rpartition("/")[2] or "delivery"
                local = stage.room() / "bytes"
                local.write_bytes(path)
                place, files, aside = Path(called), [(called, local)], list[str]()
            else:
                place = Path(path)
                files, aside = list(grouping.walk(place)), list(grouping.links(place))
            first = work.piece(place.name)
            first.findings += [_link(link) for link in aside]
            if not files:
                first.findings.append(_nothing(place.name))
            _plan(_registered(files, first, work, beside), work, depth=0)
            _run(work, pool)
            records = _records(work, first)
        finally:
            beside.shutdown(cancel_futures=True)
            pool.shutdown(cancel_futures=True)
    release()
    layers = tuple(layer for piece in work.pieces for layer in piece.layers)
    return Delivery(place, layers, records, findings_table([f for piece in work.pieces for f in piece.findings]))


def _run(work: _Work, pool: ThreadPoolExecutor) -> None:
    """Read all pieces, the tables in the pool's thread."""
    futures = {k: pool.submit(piece.run) for k, piece in enumerate(work.pieces) if piece.table}
    order = sorted(range(len(work.pieces)), key=lambda k: k in futures)
    for done, k in enumerate(order):
        piece = work.pieces[k]
        work.progress(f"读取 {piece.path}", done, len(order))
        if k in futures:
            futures[k].result()
        else:
            piece.run()
        piece.place()


def _registered(
    files: list[tuple[str, Path]], first: _Piece, work: _Work, beside: ThreadPoolExecutor
) -> list[Item]:  # fmt: skip
    """The files, their checksums being made beside the reading; what cannot even be read is a finding of the first
    piece."""
    items = []
    for k, (said, local) in enumerate(files):
        work.progress("登记文件", k, len(files))
        try:
            items.append(unsummed(said, local))
        except OSError as error:
            first.findings.append(_no_access(said, error))
            continue
        work.checksums[said] = beside.submit(checksum, local)
    return items


def _records(work: _Work, first: _Piece) -> tuple[FileRecord, ...]:
    """All files with their checksums, in the order of their paths."""
    states = {p: state for piece in work.pieces for p, state in piece.states.items()}
    out = []
    for i in sorted(work.items, key=lambda i: i.path):
        try:
            sha256 = work.checksums[i.path].result() if i.path in work.checksums else i.sha256
        except OSError as error:
            first.findings.append(_no_access(i.path, error))
            continue
        out.append(FileRecord(i.path, i.size, sha256, states.get(i.path, "ignored")))
    return tuple(out)


def _plan(items: list[Item], work: _Work, depth: int) -> None:
    """The pieces of a folder or an archive; archives among them are unpacked, so that their members are pieces too."""
    work.items += items
    here = work.piece(items[0].path) if items else None
    books, rest = grouping.databases(items)
    kinds = {i.path: _kind(i, here.findings if here else []) for i in rest}
    groups = grouping.families(rest, kinds)
    taken = {p.path for parts in groups for p in parts.values()}
    jobs: list[tuple[str, Callable[[_Piece], None] | Item]] = []
    jobs += [(folder, partial(_database, folder, files)) for folder, files in books.items()]
    jobs += [(next(iter(parts.values())).path, partial(_family, parts)) for parts in groups]
    tables = {i.path for i in rest if kinds[i.path] in _TABLES and i.path not in taken}
    for i in rest:
        if i.path not in taken:
            jobs.append((i.path, i if kinds[i.path] == "zip" else partial(_single, i, kinds[i.path], rest)))
    for path, job in sorted(jobs, key=lambda j: j[0]):
        if isinstance(job, Item):
            _archive(job, work, depth)
        else:
            work.piece(path, job, table=path in tables)


def _kind(i: Item, findings: list[Finding]) -> Kind:
    try:
        return sniff(i)
    except Exception as error:  # one strange file must not cost the others
        findings.append(_mistake(i.path, error))
        return "unknown"


def _archive(i: Item, work: _Work, depth: int) -> None:
    """Unpack an archive and plan its members."""
    piece = work.piece(i.path)
    if depth >= work.limits.depth:
        piece.states[i.path] = "unreadable"
        zh, en = "压缩包嵌套层数过多，未继续解开。", "Archives nested too deep; not unpacked further."
        piece.findings.append(unreadable(zh, en, i.path, ZIP))
        return
    work.progress(f"解开 {i.path}", 0, 1)
    members: list[Item] = []
    try:
        members += archive.unpack(i, work.stage, work.budget, piece.findings)
    except Exception as error:  # see above
        piece.findings.append(_mistake(i.path, error))
    if not members and not piece.findings:
        piece.findings.append(unreadable("压缩包是空的。", "The archive is empty.", i.path, AGAIN))
    piece.states[i.path] = "read" if members else "unreadable"
    _plan(members, work, depth + 1)


def _database(folder: str, files: list[Item], piece: _Piece) -> None:
    """A file geodatabase; GDAL wants its table files in small letters."""
    named = [(f.name.lower() if f.name.lower().startswith("a0") else f.name, f.local) for f in files]
    for f in files:
        piece.states[f.path] = "unreadable"
    result = vector.read(piece.stage.together(named, inside="layer.gdb"), folder, "OpenFileGDB")
    piece.keep(result)
    for f in files:
        piece.states[f.path] = "part" if result.layers else "unreadable"


def _family(parts: grouping.Family, piece: _Piece) -> None:
    """A shapefile, a DBF table or a MapInfo table with its companions."""
    lead = next(iter(parts.values()))
    for i in parts.values():
        piece.states[i.path] = "part"
    if "shp" in parts or "dbf" in parts:
        result = shapefile.read(parts, lead.path, piece.stage)
    else:
        room = piece.stage.together([(f"layer.{e}", i.local) for e, i in parts.items()])
        result = vector.read(room / f"layer.{next(iter(parts))}", lead.path, "MapInfo File")
        if len(result.layers) == 1:
            result = ReadResult((result.layers[0].with_(name=lead.stem),), result.findings)
    piece.keep(result)
    piece.states[lead.path] = "read" if result.layers else "unreadable"


def _single(i: Item, kind: Kind, beside: list[Item], piece: _Piece) -> None:
    """One file that belongs to no family."""
    if kind in ("shp", "dbf") and i.ext not in PARTS:  # a second file of the same name, in other letters
        return _family({kind: i}, piece)
    if kind in ("part", "ignored", "shx", "dbf"):
        piece.states[i.path] = "ignored" if kind == "ignored" else "part"
        if kind == "shx" or (i.ext in ("prj", "cpg") and not _has_main(i, beside)):
            piece.findings.append(_orphan(i))
        return
    if kind in REFUSED:
        zh, en, do = REFUSED[kind]
        piece.states[i.path] = "unreadable"
        piece.findings.append(unreadable(zh, en, i.path, do))
        return
    if i.ext and i.ext not in USUAL.get(kind, {i.ext}):
        piece.findings.append(_disguised(i, kind))
    result = _by_kind(i, kind, beside, piece)
    if result is None:
        piece.states[i.path] = "ignored"
        return
    piece.keep(result)
    piece.states[i.path] = "read" if result.layers else "unreadable"


_OTHERS = {"boundary": "boundary_txt", "vct": "vct", "dxf": "dxf", "kml": "kml"}
_BY_GDAL = {"fgb": ("FlatGeobuf", "fgb"), "gml": ("GML", "gml"), "gpx": ("GPX", "gpx"), "osm": ("OSM", "osm")}


def _by_kind(i: Item, kind: Kind, beside: list[Item], piece: _Piece) -> ReadResult | None:
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
        return geojson.read(i, i.path, piece.stage)
    if kind == "json":
        return geojson.read_records(i, i.path)
    if kind in ("parquet", "feather"):
        return parquet.read(i.local, i.path, i.stem, feather=kind == "feather")
    if kind in ("text", "mapinfo"):
        result = delimited.read(i.data(), i.path, i.stem, i.ext)
        return result if result.layers or result.findings else None
    if kind in ("gpkg", "sqlite"):
        return _sqlite(i, kind, beside, piece)
    driver, ext = _BY_GDAL[kind]
    if kind == "osm" and b"OSMHeader" in i.head(64):
        ext = "osm.pbf"
    room, stem = piece.stage.room(), _plain(i.stem)
    put(i.local, room / f"{stem}.{ext}")
    for b in beside:
        if b.folder == i.folder and b.stem == i.stem and b.ext in ("xsd", "gfs"):
            put(b.local, room / f"{stem}.{b.ext}", copy=True)
    result = vector.read(room / f"{stem}.{ext}", i.path, driver)
    if driver in ("OSM", "GPX"):  # their layers are fixed; empty ones say nothing
        result = ReadResult(tuple(x for x in result.layers if x.count), result.findings)
    return result


def _sqlite(i: Item, kind: Kind, beside: list[Item], piece: _Piece) -> ReadResult:
    """A GeoPackage or SQLite file; one with a write-ahead log is copied with it, because reading would fold the log
    in."""
    tails = {b.name[len(i.name) :]: b for b in beside if b.folder == i.folder and b.name.startswith(i.name + "-")}
    local = piece.stage.room() / f"{_plain(i.stem)}.{'gpkg' if kind == 'gpkg' else 'sqlite'}"
    put(i.local, local, copy=i.head(20)[18:20] == b"\x02\x02" or bool(tails))
    for tail, b in tails.items():
        put(b.local, local.with_name(local.name + tail), copy=True)
        piece.states[b.path] = "part"
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


def _nothing(path: str) -> Finding:
    zh, en = "文件夹中没有文件。", "The folder holds no files."
    return unreadable(zh, en, path, ("请核对路径或重新提交。", "Check the path, or ask for the data again."))


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
