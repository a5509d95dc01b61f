"""Which files belong together: companions of shapefiles and MapInfo tables, the files of a geodatabase."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from panhuo.exchange.sniff import PARTS, Kind
from panhuo.exchange.stage import Item
from panhuo.messages import PanhuoError

SHAPE_PARTS = ("shp", "shx", "dbf", "prj", "cpg", "dbt", "fpt")
MAPINFO_PARTS = ("tab", "mif", "dat", "map", "id", "ind", "mid")
#: The table of field names that our own writer lays beside a shapefile.
NAMES_TABLE = "_字段对照.csv"
_TAILS = ("-wal", "-shm", "-journal")
_GDB_FILE = re.compile(
    r"(?i)a[0-9a-f]{8}\.(gdbtable|gdbtablx|gdbindexes|freelist|horizon|spx|(.+\.)?atx)|gdb|timestamps"
)

Family = dict[str, Item]


class Sorted(NamedTuple):
    """The files of a folder or archive: geodatabases (folder -> files), and the other files."""

    databases: dict[str, list[Item]]
    rest: list[Item]


def walk(place: Path) -> Iterator[tuple[str, Path]]:
    """(path in the delivery, path on disk) of all files; a single file brings the files of its name beside it.

    Links to files are followed, links to folders are not (see :func:`links`). PanhuoError when there is nothing.
    """
    if place.is_dir():
        inside = f"{place.name}/" if place.suffix.lower() == ".gdb" else ""
        for found in sorted(place.rglob("*")):
            if found.is_file():
                yield inside + found.relative_to(place).as_posix(), found
    elif place.is_file():
        yield place.name, place
        ext = place.suffix.lower().lstrip(".")
        for beside in sorted(place.parent.iterdir()):
            tail = beside.suffix.lower().lstrip(".")
            if beside == place or not beside.is_file():
                continue
            same = beside.stem.lower() == place.stem.lower() and tail != ext
            family = ext in ("shp", "shx", "dbf", "tab", "mif") and (
                tail in SHAPE_PARTS or tail in PARTS or tail == "mid"
            )
            names = ext == "shp" and beside.name.lower() == f"{place.stem}{NAMES_TABLE}".lower()
            log = ext == "gpkg" and beside.name in {place.name + t for t in _TAILS}
            schema = ext == "gml" and tail in ("xsd", "gfs")
            if (same and (family or schema)) or names or log:
                yield beside.name, beside
    else:
        raise PanhuoError(
            "找不到文件或文件夹，请检查路径。", "There is no such file or folder; check the path.", where=str(place)
        )


def links(place: Path) -> Iterator[str]:
    """Links to folders and broken links: they may run in circles or lead away, so they are named and not followed."""
    if place.is_dir():
        for found in sorted(place.rglob("*")):
            if found.is_symlink() and not found.is_file():
                yield found.relative_to(place).as_posix()


def databases(items: Sequence[Item]) -> Sorted:
    """Take file geodatabases apart from other files: ``*.gdb`` folders, and folders that hold a geodatabase's files."""
    books: dict[str, list[Item]] = {}
    rest: list[Item] = []
    loose: dict[str, list[Item]] = {}
    for i in items:
        if hit := re.match(r"(?i)^((?:.*/)?[^/]+\.gdb)/[^/]+$", i.path):
            books.setdefault(hit.group(1), []).append(i)
        elif _GDB_FILE.fullmatch(i.name):
            loose.setdefault(i.folder, []).append(i)
        else:
            rest.append(i)
    for folder, files in loose.items():
        if any(f.name.lower() == "a00000001.gdbtable" for f in files):
            books[folder or "geodatabase"] = files
        else:
            rest += files
    for folder in [f for f, files in books.items() if not any(_GDB_FILE.fullmatch(i.name) for i in files)]:
        rest += books.pop(folder)
    return Sorted(books, rest)


def families(items: Sequence[Item], kinds: Mapping[str, Kind]) -> list[Family]:
    """Shapefiles, MapInfo tables and lone DBF tables with their companions, the leading file first.

    Matched by folder and name whatever the case. A shapefile is known by its content, so that a wrong extension does
    not hide it.
    """
    groups: dict[tuple[str, str], Family] = {}
    for i in items:
        groups.setdefault((i.folder.lower(), i.stem.lower()), {}).setdefault(i.ext, i)
    tables = {(i.folder.lower(), i.name.lower()): i for i in items if i.name.endswith(NAMES_TABLE)}
    out: list[Family] = []
    for (folder, stem), group in groups.items():
        main = next((e for e in sorted(group, key=lambda e: e != "shp") if kinds[group[e].path] == "shp"), None)
        dbf = "dbf" in group and kinds[group["dbf"].path] == "dbf"
        parts = {e: group[e] for e in SHAPE_PARTS if e in group and e not in ("shp", main) and (e != "dbf" or dbf)}
        if (folder, f"{stem}{NAMES_TABLE}") in tables:
            parts["names"] = tables[folder, f"{stem}{NAMES_TABLE}"]
        lead = next((e for e in ("tab", "mif") if e in group), None)
        if main is not None:
            out.append({"shp": group[main], **parts})
        elif lead and (lead == "mif" or group["tab"].head(64).lstrip().lower().startswith(b"!table")):
            out.append({lead: group[lead], **{e: group[e] for e in MAPINFO_PARTS if e in group and e != lead}})
        elif dbf:
            out.append({"dbf": group["dbf"], **{e: i for e, i in parts.items() if e != "dbf"}})
    return out
