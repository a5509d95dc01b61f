"""Opening a delivery: walk, unpack, group companions, look at the content, read, and say what could not be read."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from panhuo.exchange import (
    archive,
    delimited,
    excel,
    geojson,
    parquet,
    shapefile,
    vector,
)
from panhuo.exchange.codes import finding, unreadable
from panhuo.exchange.delivery import Delivery, FileRecord, FileState, Layer
from panhuo.exchange.placed import placed
from panhuo.exchange.result import ReadResult
from panhuo.exchange.sniff import PARTS, Kind, sniff
from panhuo.exchange.stage import Item, Limits, Stage, item, put
from panhuo.messages import Finding, PanhuoError, Stopped, findings_table
from panhuo.progress import Progress, silent

_USUAL: dict[str, frozenset[str]] = {
    "excel": frozenset({"xlsx", "xlsm", "xls", "xlsb", "xltx", "et", "ods"}),
    "shp": frozenset({"shp"}),
    "dbf": frozenset({"dbf"}),
    "gpkg": frozenset({"gpkg"}),
    "zip": frozenset({"zip", "kmz", "gdb"}),
    "parquet": frozenset({"parquet", "geoparquet", "pq"}),
    "kml": frozenset({"kml", "ovkml"}),
    "gml": frozenset({"gml", "xml"}),
    "geojson": frozenset({"geojson", "json", "topojson", "geojsonl", "geojsons", "ndjson", "jsonl", "txt", "seq"}),
}
_SHAPE_PARTS = ("shp", "shx", "dbf", "prj", "cpg", "dbt", "fpt")
_MAPINFO_PARTS = ("dat", "map", "id", "ind", "mid")


@dataclass
class _Work:
    """What one call of ``open_delivery`` gathers."""

    stage: Stage
    limits: Limits
    budget: archive.Budget
    layers: list[Layer] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    states: dict[str, FileState] = field(default_factory=dict)


def open_delivery(
    path: str | Path | bytes | bytearray | memoryview,
    *,
    name: str | None = None,
    progress: Progress = silent,
    limits: Limits | None = None,
) -> Delivery:
    """Open anything that was delivered: a file, a folder, an archive, or its bytes (then ``name`` says what they are called).

    Every file is recorded with its SHA-256; every layer and table is read whole; what cannot be read is a finding that
    says what and where. The source is never written to. Raises :class:`PanhuoError` only when there is nothing at ``path``,
    and lets :class:`Stopped` from ``progress`` pass.
    """
    limits = limits or Limits()
    with tempfile.TemporaryDirectory(prefix="panhuo-", ignore_cleanup_errors=True) as folder:
        stage = Stage(Path(folder))
        if isinstance(path, bytes | bytearray | memoryview):
            called = (name or "delivery").replace("\\", "/").rpartition("/")[2] or "delivery"
            local = stage.room() / "bytes"
            local.write_bytes(path)
            place, files = Path(called), [(called, local)]
        else:
            place = Path(path)
            files = list(_walk(place))
        work = _Work(stage, limits, archive.Budget(limits))
        items = []
        for k, (said, local) in enumerate(files):
            progress("登记文件", k, len(files))
            try:
                items.append(item(said, local))
            except OSError as error:
                work.findings.append(_no_access(said, error))
        items += _links(place, work) if isinstance(path, str | Path) else []
        done = _read_all(items, work, progress, depth=0)
        records = tuple(
            FileRecord(i.path, i.size, i.sha256, work.states.get(i.path, "ignored"))
            for i in sorted(done, key=lambda i: i.path)
        )
        return Delivery(place, tuple(work.layers), records, findings_table(work.findings))


def _walk(place: Path) -> Iterator[tuple[str, Path]]:
    """(path in the delivery, path on disk) of all files; a single file brings the files of the same name beside it."""
    if place.is_dir():
        inside = place.name if place.suffix.lower() == ".gdb" else ""
        for found in sorted(place.rglob("*")):
            if found.is_file():
                said = found.relative_to(place).as_posix()
                yield (f"{inside}/{said}" if inside else said), found
    elif place.is_file():
        yield place.name, place
        stem = place.stem.lower()
        family = (
            {*_SHAPE_PARTS, *PARTS}
            if place.suffix.lower() in (".shp", ".tab", ".mif", ".gpkg", ".shx")
            else {"cpg", "dbt", "fpt"}
        )
        if place.suffix.lower() in (".shp", ".dbf", ".tab", ".mif", ".shx"):
            for beside in sorted(place.parent.iterdir()):
                ext = beside.suffix.lower().lstrip(".")
                if (
                    beside != place
                    and beside.stem.lower() == stem
                    and ext in family
                    and ext != place.suffix.lower()[1:]
                ):
                    yield beside.name, beside
        for tail in ("-wal", "-shm", "-journal"):
            beside = place.with_name(place.name + tail)
            if place.suffix.lower() == ".gpkg" and beside.is_file():
                yield beside.name, beside
    else:
        raise PanhuoError(
            "找不到文件或文件夹，请检查路径。", "There is no such file or folder; check the path.", where=str(place)
        )


def _links(place: Path, work: _Work) -> list[Item]:
    """Links to folders are not followed (they may run in circles); each is named."""
    if place.is_dir():
        for found in place.rglob("*"):
            if found.is_symlink() and not found.is_file():
                said = found.relative_to(place).as_posix()
                work.findings.append(
                    unreadable("这是指向其他位置的链接，未读取。", "This is a link to elsewhere; it is not followed.", said,
                               ("请直接提供文件。", "Send the files themselves.")))  # fmt: skip
    return []


def _no_access(path: str, error: OSError) -> Finding:
    return unreadable(
        f"文件读不出：{error.strerror}。", f"The file cannot be read: {error.strerror}.", path,
        ("请检查权限或重新复制。", "Check the rights or copy it again."),
    )  # fmt: skip


def _read_all(items: list[Item], work: _Work, progress: Progress, depth: int) -> list[Item]:
    """Read a folder's or an archive's files; returns them together with the members of archives among them."""
    done = list(items)
    left = _databases(items, work, progress)
    kinds = {i.path: sniff(i) for i in left}
    families = _families(left, kinds)
    taken = {p.path for parts in families for p in parts.values()}
    jobs: list[tuple[str, Callable[[], list[Item]]]] = []
    for parts in families:
        jobs.append((next(iter(parts.values())).path, lambda parts=parts: _family(parts, work)))  # type: ignore[misc]
    for i in left:
        if i.path not in taken:
            jobs.append((i.path, lambda i=i: _single(i, kinds[i.path], left, work, progress, depth)))  # type: ignore[misc]
    for k, (path, job) in enumerate(sorted(jobs, key=lambda j: j[0])):
        progress(f"读取 {path}", k, len(jobs))
        try:
            done += job()
        except Stopped:
            raise
        except Exception as error:  # a reader's own mistake must not cost the rest of the delivery
            work.states[path] = "unreadable"
            said = f"{type(error).__name__}: {error}"
            work.findings.append(
                unreadable(f"读取时发生意外错误：{said}。", f"Unexpected error while reading: {said}.", path,
                           ("请把该文件连同本条信息反馈给系统维护人员。", "Report this file with this message to the maintainers."))
            )  # fmt: skip
    return done


def _databases(items: list[Item], work: _Work, progress: Progress) -> list[Item]:
    """Read file geodatabases (``*.gdb`` folders) and return the other files."""
    books: dict[str, list[Item]] = {}
    rest = []
    for i in items:
        hit = re.match(r"(?i)^(.*?[^/]\.gdb)/[^/]+$", i.path)
        if hit:
            books.setdefault(hit.group(1), []).append(i)
        else:
            rest.append(i)
    loose: dict[str, list[Item]] = {}
    for i in rest:
        if re.fullmatch(
            r"(?i)(a[0-9a-f]{8}\.(gdbtable|gdbtablx|gdbindexes|freelist|spx|atx|.*\.atx|horizon)|gdb|timestamps)",
            i.name,
        ):
            loose.setdefault(i.folder, []).append(i)
    for folder, files in loose.items():
        if any(f.name.lower() == "a00000001.gdbtable" for f in files):
            books[folder or "geodatabase"] = files
            rest = [i for i in rest if i not in files]
    for folder, files in books.items():
        progress(f"读取 {folder}", 0, 1)
        room = work.stage.together(
            [(f.name.lower() if f.name.lower().startswith("a0") else f.name, f.local) for f in files],
            inside="layer.gdb",
        )
        result = vector.read(room, folder, "OpenFileGDB")
        _keep(result, work)
        for f in files:
            work.states[f.path] = "part" if result.layers else "unreadable"
    return rest


def _families(items: list[Item], kinds: dict[str, Kind]) -> list[dict[str, Item]]:
    """Shapefiles and MapInfo tables with their companions, matched by folder and name whatever the case."""
    groups: dict[tuple[str, str], dict[str, Item]] = {}
    for i in items:
        groups.setdefault((i.folder.lower(), i.stem.lower()), {}).setdefault(i.ext, i)
    out = []
    for parts in groups.values():
        main = next((e for e in sorted(parts, key=lambda e: e != "shp") if kinds[parts[e].path] == "shp"), None)
        if main is not None:
            family = {
                e: i
                for e, i in parts.items()
                if e in _SHAPE_PARTS and e != main and (e != "dbf" or kinds[i.path] == "dbf")
            }
            out.append({"shp": parts[main], **{e: i for e, i in family.items() if e != "shp"}})
        elif "tab" in parts and parts["tab"].head(64).lstrip().lower().startswith(b"!table"):
            out.append({"tab": parts["tab"], **{e: parts[e] for e in _MAPINFO_PARTS if e in parts}})
        elif "mif" in parts:
            out.append({"mif": parts["mif"], **{e: parts[e] for e in _MAPINFO_PARTS if e in parts}})
        elif "dbf" in parts and kinds[parts["dbf"].path] == "dbf":
            out.append({e: parts[e] for e in ("dbf", "cpg", "dbt", "fpt", "shx", "prj") if e in parts})
    return out


def _family(parts: dict[str, Item], work: _Work) -> list[Item]:
    lead = next(iter(parts.values()))
    if "shp" in parts or "dbf" in parts:
        result = shapefile.read(parts, lead.path, work.stage)
    else:
        room = work.stage.together([(f"layer.{e}", i.local) for e, i in parts.items()])
        main = "tab" if "tab" in parts else "mif"
        result = vector.read(room / f"layer.{main}", lead.path, "MapInfo File")
        if len(result.layers) == 1:
            result = ReadResult((result.layers[0].with_(name=lead.stem),), result.findings)
    _keep(result, work)
    for i in parts.values():
        work.states[i.path] = "part"
    work.states[lead.path] = "read" if result.layers else "unreadable"
    return []


def _keep(result: ReadResult, work: _Work) -> None:
    work.findings += result.findings
    for layer in result.layers:
        work.layers.append(placed(layer, work.findings))


def _single(i: Item, kind: Kind, beside: list[Item], work: _Work, progress: Progress, depth: int) -> list[Item]:
    """One file that belongs to no family."""
    if kind == "zip":
        return _archive(i, work, progress, depth)
    if kind in ("part", "ignored", "shx") or (kind == "dbf" and i.ext in PARTS):
        work.states[i.path] = "part" if kind != "ignored" else "ignored"
        if kind == "shx" or (kind == "part" and i.ext in ("prj", "cpg", "shx") and not _has_main(i, beside)):
            work.findings.append(_orphan(i))
        return []
    problem = _REFUSED.get(kind)
    if problem:
        work.states[i.path] = "unreadable"
        zh, en, do = problem
        work.findings.append(unreadable(zh, en, i.path, do))
        return []
    usual = _USUAL.get(kind)
    if usual and i.ext and i.ext not in usual:
        work.findings.append(
            finding("R09", "note", f"扩展名为 .{i.ext}，内容实为 {kind}，已按内容读取。",
                    f"The extension is .{i.ext} but the content is {kind}; read by content.", i.path,
                    do=("请使用正确的扩展名。", "Use the right extension."))
        )  # fmt: skip
    result = _by_kind(i, kind, beside, work)
    if result is None:
        work.states[i.path] = "ignored"
        return []
    _keep(result, work)
    work.states[i.path] = "read" if result.layers else "unreadable"
    return []


def _has_main(i: Item, beside: list[Item]) -> bool:
    return any(b.folder == i.folder and b.stem.lower() == i.stem.lower() and b.path != i.path for b in beside)


def _orphan(i: Item) -> Finding:
    return finding(
        "R03", "warning", f"只有 .{i.ext}，缺少同名的 .shp，无法使用。",
        f"Only a .{i.ext}; the .shp of that name is missing.", i.path,
        do=("请补充同名的 .shp、.dbf。", "Send the .shp and .dbf of the same name."),
    )  # fmt: skip


_DXF = (
    "请在 CAD 中另存为 DXF（R2000 及以上）后提供。",
    "Save it as DXF (R2000 or later) in the CAD software and send that.",
)
_GDB = (
    "请在 ArcGIS 中导出为文件地理数据库（.gdb）、GeoPackage 或 Shapefile 后提供。",
    "Export it to a file geodatabase (.gdb), GeoPackage or shapefile in ArcGIS and send that.",
)
_ZIP = ("请改用 zip 压缩，或直接提供文件夹。", "Pack it as zip, or send the folder itself.")
_AGAIN = ("文件可能没有复制完整，请重新提供。", "It may not have been copied whole; send it again.")
_REFUSED: dict[str, tuple[str, str, tuple[str, str]]] = {
    "dwg": ("DWG 图纸不能直接读取。", "DWG drawings cannot be read.", _DXF),
    "dxf_binary": ("二进制 DXF 不能读取。", "Binary DXF cannot be read.", _DXF),
    "mdb": (
        "个人地理数据库或 Access 数据库（.mdb/.accdb）不能直接读取。",
        "Personal geodatabases and Access databases (.mdb, .accdb) cannot be read.",
        _GDB,
    ),
    "archive": ("该压缩格式（rar、7z、tar、gz 等）不能读取。", "This kind of archive (rar, 7z, tar, gz …) cannot be read.", _ZIP),
    "secret_excel": (
        "工作簿设有打开密码。",
        "The workbook is protected by a password.",
        ("请去除密码后重新提供。", "Remove the password and send it again."),
    ),
    "empty": ("文件是空的（没有内容）。", "The file is empty.", _AGAIN),
    "unknown": (
        "无法识别的文件格式。",
        "The file's format is not known.",
        ("请说明文件来源，或转为 GeoPackage、Shapefile、Excel 后提供。", "Say what it is, or convert it to GeoPackage, shapefile or Excel."),
    ),
    "xml": (
        "XML 结构无法识别，不是可读取的空间数据。",
        "XML of an unknown kind; no spatial data that can be read.",
        ("请转为 GeoPackage、Shapefile 或 GML 后提供。", "Convert it to GeoPackage, shapefile or GML."),
    ),
}  # fmt: skip
_OTHERS = {"boundary": "boundary_txt", "vct": "vct", "dxf": "dxf", "kml": "kml"}


def _by_kind(i: Item, kind: Kind, beside: list[Item], work: _Work) -> ReadResult | None:
    """The reader for a kind; None for a text that is no table."""
    if kind in _OTHERS:
        module = import_module(f"panhuo.exchange.{_OTHERS[kind]}")
        result: ReadResult = module.read(i.data(), i.path)
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
    if kind == "text":
        result = delimited.read(i.data(), i.path, i.stem, i.ext, work.stage)
        return result if result.layers or result.findings else None
    if kind in ("gpkg", "sqlite"):
        room = work.stage.room()
        tails = {b.name[len(i.name) :]: b for b in beside if b.folder == i.folder and b.name.startswith(i.name + "-")}
        local = room / f"{_plain(i.stem)}.{'gpkg' if kind == 'gpkg' else 'sqlite'}"
        logged = i.head(20)[18:20] == b"\x02\x02" or bool(tails)
        put(i.local, local, copy=logged)
        for tail, b in tails.items():
            put(b.local, local.with_name(local.name + tail), copy=True)
        return vector.read(local, i.path, "GPKG" if kind == "gpkg" else "SQLite")
    driver, ext = {
        "fgb": ("FlatGeobuf", "fgb"),
        "gml": ("GML", "gml"),
        "gpx": ("GPX", "gpx"),
        "osm": ("OSM", "osm.pbf" if i.head(64).find(b"OSMHeader") >= 0 else "osm"),
    }[kind]
    room = work.stage.room()
    put(i.local, room / f"{_plain(i.stem)}.{ext}")
    for b in beside:
        if b.folder == i.folder and b.stem == i.stem and b.ext in ("xsd", "gfs"):
            put(b.local, room / f"{_plain(i.stem)}.{b.ext}")
    result = vector.read(room / f"{_plain(i.stem)}.{ext}", i.path, driver)
    if driver in ("OSM", "GPX"):  # their layers are fixed; empty ones say nothing
        result = ReadResult(tuple(x for x in result.layers if x.count), result.findings)
    return result


def _plain(stem: str) -> str:
    return re.sub(r"[^\w\u4e00-\u9fff-]", "_", stem)[:60] or "layer"


def _archive(i: Item, work: _Work, progress: Progress, depth: int) -> list[Item]:
    if depth >= work.limits.depth:
        work.states[i.path] = "unreadable"
        work.findings.append(
            unreadable(
                "压缩包嵌套层数过多，未继续解开。", "Archives nested too deep; not unpacked further.", i.path, _ZIP
            )
        )
        return []
    before = len(work.findings)
    members = list(archive.unpack(i, work.stage, work.budget, work.findings))
    if not members and len(work.findings) == before:
        work.findings.append(unreadable("压缩包是空的。", "The archive is empty.", i.path, _AGAIN))
    work.states[i.path] = "read" if members else "unreadable"
    return _read_all(members, work, progress, depth + 1)
