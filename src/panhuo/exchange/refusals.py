"""What is said of files that cannot be read, and what to ask for instead."""

from __future__ import annotations

from collections.abc import Mapping

Ask = tuple[str, str]

DXF: Ask = (
    "请在 CAD 中另存为文本格式 DXF（R2000 及以上）后提供。",
    "Save it as a text DXF (R2000 or later) in the CAD software and send that.",
)
GDB: Ask = (
    "请在 ArcGIS 中导出为文件地理数据库（.gdb）、GeoPackage 或 Shapefile 后提供。",
    "Export it to a file geodatabase (.gdb), GeoPackage or shapefile in ArcGIS and send that.",
)
ZIP: Ask = ("请改用 zip 压缩，或直接提供文件夹。", "Pack it as zip, or send the folder itself.")
AGAIN: Ask = ("文件可能没有复制完整，请重新提供。", "It may not have been copied whole; send it again.")
ORIGIN: Ask = (
    "请说明文件来源，或转为 GeoPackage、Shapefile、Excel 后提供。",
    "Say what it is, or convert it to GeoPackage, shapefile or Excel.",
)

#: Kind of file -> what is said of it (zh, en) and what to do.
REFUSED: Mapping[str, tuple[str, str, Ask]] = {
    "dwg": ("DWG 图纸不能直接读取。", "DWG drawings cannot be read.", DXF),
    "dxf_binary": ("二进制 DXF 不能读取。", "Binary DXF cannot be read.", DXF),
    "mdb": (
        "个人地理数据库或 Access 数据库（.mdb、.accdb）不能直接读取。",
        "Personal geodatabases and Access databases (.mdb, .accdb) cannot be read.",
        GDB,
    ),
    "archive": (
        "该压缩格式（rar、7z、tar、gz 等）不能读取。",
        "This kind of archive (rar, 7z, tar, gz …) cannot be read.",
        ZIP,
    ),
    "secret_excel": (
        "工作簿设有打开密码。",
        "The workbook is protected by a password.",
        ("请去除密码后重新提供。", "Remove the password and send it again."),
    ),
    "empty": ("文件是空的（没有内容）。", "The file is empty.", AGAIN),
    "unknown": ("无法识别的文件格式。", "The file's format is not known.", ORIGIN),
    "xml": (
        "XML 结构无法识别，不是可读取的空间数据。",
        "XML of an unknown kind; no spatial data that can be read.",
        ("请转为 GeoPackage、Shapefile 或 GML 后提供。", "Convert it to GeoPackage, shapefile or GML."),
    ),
}

#: Extensions that are no surprise for a kind of content.
USUAL: Mapping[str, frozenset[str]] = {
    "excel": frozenset({"xlsx", "xlsm", "xls", "xlsb", "xltx", "et", "ods"}),
    "gpkg": frozenset({"gpkg"}),
    "zip": frozenset({"zip", "kmz", "gdb", "ovkmz"}),
    "parquet": frozenset({"parquet", "geoparquet", "pq"}),
    "kml": frozenset({"kml", "ovkml", "kmz", "ovkmz"}),
    "gml": frozenset({"gml", "xml"}),
    "geojson": frozenset(["geojson", "json", "topojson", "geojsonl", "geojsons", "ndjson", "jsonl", "txt", "seq"]),
    "html": frozenset({"html", "htm"}),
    "excel_xml": frozenset({"xml"}),
    "boundary": frozenset({"txt"}),
    "vct": frozenset({"vct"}),
    "dxf": frozenset({"dxf"}),
}
