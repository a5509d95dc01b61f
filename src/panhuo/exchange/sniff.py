"""What a file is, by its content; the extension decides only where the content leaves it open."""

from __future__ import annotations

import re
import sqlite3
import struct
import zipfile
import zlib
from typing import Literal

from panhuo.exchange import boundary_txt
from panhuo.exchange.encoding import decode
from panhuo.exchange.stage import Item

Kind = Literal[
    "zip", "excel", "shp", "shx", "dbf", "gpkg", "sqlite", "fgb", "osm", "parquet", "feather", "geojson", "json", "kml",
    "gml", "gpx", "dxf", "dxf_binary", "dwg", "mdb", "boundary", "vct", "html", "excel_xml", "text", "part", "ignored",
    "archive", "secret_excel", "mapinfo", "xml", "empty", "unknown",
]  # fmt: skip

#: Extensions of files that belong to another one and give no layer of their own.
PARTS = frozenset(
    [
        "prj",
        "cpg",
        "qix",
        "sbn",
        "sbx",
        "shx",
        "idx",
        "atx",
        "ain",
        "aih",
        "qpj",
        "fix",
        "qmd",
        "qml",
        "sld",
        "lyr",
        "lyrx",
        "tfw",
        "ind",
        "xsd",
        "gfs",
        "gpkg-wal",
        "gpkg-shm",
        "gpkg-journal",
        "dbt",
        "fpt",
        "id",
        "map",
        "dat",
        "cst",
    ]
)
_IGNORED = frozenset(
    [
        "doc",
        "docx",
        "pdf",
        "ppt",
        "pptx",
        "wps",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "bmp",
        "tif",
        "tiff",
        "webp",
        "svg",
        "mp3",
        "mp4",
        "avi",
        "mov",
        "exe",
        "dll",
        "py",
        "md",
        "rtf",
        "ds_store",
        "ini",
        "db",
        "log",
        "mxd",
        "aprx",
        "qgs",
        "qgz",
        "psd",
        "ai",
        "css",
        "js",
        "lock",
        "license",
        "licence",
    ]
)
_MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"PAR1", "parquet"),
    (b"ARROW1\x00\x00", "feather"),
    (b"fgb\x03", "fgb"),
    (b"AutoCAD Binary DXF", "dxf_binary"),
    (b"AC10", "dwg"),
    (b"\x00\x01\x00\x00Standard Jet DB", "mdb"),
    (b"\x00\x01\x00\x00Standard ACE DB", "mdb"),
    (b"Rar!\x1a\x07", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"BZh", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"%PDF", "ignored"),
    (b"\x89PNG", "ignored"),
    (b"\xff\xd8\xff", "ignored"),
    (b"GIF8", "ignored"),
    (b"II*\x00", "ignored"),
    (b"MM\x00*", "ignored"),
    (b"BM", "ignored"),
    (b"{\\rtf", "ignored"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def sniff(item: Item) -> Kind:
    """The kind of one file. Never raises for bad content."""
    if item.size == 0:
        return "empty" if item.ext not in PARTS | _IGNORED else "part" if item.ext in PARTS else "ignored"
    head = item.head()
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip(item)
    if head.startswith(b"SQLite format 3\x00"):
        return _sqlite(item, head)
    if head.startswith(_OLE):
        return _ole(item)
    if head[257:262] == b"ustar":
        return "archive"
    if item.ext in ("sbn", "sbx"):  # they begin like a .shp
        return "part"
    if head[:4] == b"\x00\x00\x27\x0a" and len(head) >= 100:
        number = struct.unpack_from(">i", head, 100)[0] if len(head) >= 104 else 1
        return "shx" if number == 50 or (len(head) < 104 and item.ext == "shx") else "shp"
    if b"OSMHeader" in head[:64]:
        return "osm"
    for magic, kind in _MAGIC:
        if head.startswith(magic) and not (magic in (b"BM", b"AC10") and b"\x00" not in head[:64]):
            return kind
    if _is_dbf(head):
        return "dbf"
    if item.ext in PARTS:
        return "part"
    return _text(item, head)


def _zip(item: Item) -> Kind:
    try:
        with zipfile.ZipFile(item.local) as z:
            names = set(z.namelist())
            mime = z.read("mimetype")[:80] if "mimetype" in names else b""
    except (zipfile.BadZipFile, zlib.error, OSError, RuntimeError, ValueError, NotImplementedError, EOFError):
        return "zip"
    if item.ext in ("kmz", "ovkmz") and any(n.lower().endswith(".kml") for n in names):
        return "kml"
    if any(n.startswith("xl/") for n in names) and "[Content_Types].xml" in names:
        return "excel"
    if b"opendocument.spreadsheet" in mime:
        return "excel"
    if "[Content_Types].xml" in names and any(n.startswith(("word/", "ppt/", "visio/")) for n in names):
        return "ignored"
    return "ignored" if b"opendocument" in mime or b"epub" in mime or item.ext == "qgz" else "zip"


def _sqlite(item: Item, head: bytes) -> Kind:
    if head[68:72] in (b"GPKG", b"GP10", b"GP11"):
        return "gpkg"
    try:
        with sqlite3.connect(f"file:{item.local.resolve()}?mode=ro&immutable=1", uri=True) as db:
            found = db.execute("select 1 from sqlite_master where name = 'gpkg_contents'").fetchone()
    except sqlite3.Error:
        found = None
    return "gpkg" if found or item.ext == "gpkg" else "sqlite"


def _ole(item: Item) -> Kind:
    data = item.data()
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "secret_excel"
    if "Workbook".encode("utf-16-le") in data or "Book\x00".encode("utf-16-le") in data:
        return "excel"
    return "ignored"


def _is_dbf(head: bytes) -> bool:
    if len(head) < 33 or head[0] not in (0x03, 0x04, 0x30, 0x31, 0x32, 0x83, 0x8B, 0xF5, 0xFB, 0x8C):
        return False
    header, record = struct.unpack_from("<HH", head, 8)
    if header < 33 or record < 1 or not (1 <= head[2] <= 12 or head[2] == 0):
        return False
    fields = (header - 33) // 32
    return fields >= 0 and (
        len(head) < header or head[32 + 32 * fields] == 0x0D or head[header - 1] == 0x0D or 0x0D in head[32:header]
    )


def _text(item: Item, head: bytes) -> Kind:
    if item.ext in _IGNORED:
        return "ignored"
    text = decode(head).text
    if text.count("\x00") > len(text) // 100 or sum(c < " " and c not in "\t\r\n\f\x1e\x1a" for c in text[:4000]) > 40:
        return "unknown"
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        return "empty"
    if start[0] in "{[" or start[0] == "\x1e":
        if start.startswith(("[地块坐标", "[属性描述", "[项目信息", "[宗地")) or re.match(r"\[[\u4e00-\u9fff]", start):
            return "boundary"
        return _json(start)
    if start[0] == "<":
        return _xml(start, item)
    if re.match(r"(999\s*\n.*\n\s*)*0\s*\r?\n\s*SECTION\b", start):
        return "dxf"
    if re.match(r"(?i)(headbegin|datamark\s*[:：])", start) or (item.ext == "vct" and "HeadBegin" in start):
        return "vct"
    if "[地块坐标]" in text or re.search(r"(?m)^[^\n]*,[^\n]*@\s*$", text):
        return "boundary"
    # without its heading, in full-width characters, in degrees …
    if item.ext in ("txt", "") and boundary_txt.sniff(head):
        return "boundary"
    if re.match(r"(?i)version\s+\d+\s*\r?\ncharset\s", start):
        return "mapinfo"
    return "text"


def _json(start: str) -> Kind:
    geo = r'"(type)"\s*:\s*"(FeatureCollection|Feature|Topology|GeometryCollection|(Multi)?(Point|LineString|Polygon))"'
    esri = r'"(geometryType|spatialReference)"\s*:'
    geojson = re.search(geo, start) or re.search(esri, start) or re.search(r'"geometry"\s*:\s*\{', start)
    return "geojson" if geojson else "json"


def _xml(start: str, item: Item) -> Kind:
    body = re.sub(r"(?s)<!--.*?-->|<\?.*?\?>|<!DOCTYPE[^>\[]*(\[.*?\])?>", "", start)
    root = re.search(r"<\s*(?:([\w.-]+):)?([\w.-]+)", body)
    name = root.group(2).lower() if root else ""
    if "urn:schemas-microsoft-com:office:spreadsheet" in start and name == "workbook":
        return "excel_xml"
    if name == "kml":
        return "kml"
    if name == "gpx":
        return "gpx"
    if name == "osm":
        return "osm"
    if name == "schema" or item.name.lower().endswith((".shp.xml", ".aux.xml")):
        return "part"
    if name in ("html", "table", "body", "head", "meta"):
        return "html" if re.search(r"(?i)<table", start) else "ignored"
    if name == "featurecollection" or "opengis.net/gml" in start:
        return "gml"
    return "ignored" if name in ("metadata", "md_metadata", "svg", "qgis") else "xml"
