"""Read KML and KMZ: placemarks of all folders, their geometry and every attribute they carry."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from panhuo.exchange.delivery import Layer
from panhuo.exchange.kml_parts import EntitiesError, Parsed, Placemark, Shape, parse, table_of
from panhuo.exchange.result import ReadResult
from panhuo.land.crs import Crs
from panhuo.messages import Finding, Severity, Text

_MOST = 200
#: A member of a KMZ is not unpacked beyond this size.
_LARGEST = 1 << 30
_INTEGERS = {"int", "uint", "short", "ushort", "integer", "long"}
_FLOATS = {"float", "double"}
FOLDER = "文件夹"


class _Say:
    """The findings of one file, at most ``_MOST`` of a code."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.layer: str | None = None
        self.findings: list[Finding] = []
        self._told: dict[str, int] = {}

    def __call__(
        self,
        code: str,
        severity: Severity,
        zh: str,
        en: str,
        do: tuple[str, str],
        *,
        row: int | None = None,
        key: str | None = None,
        value: str | None = None,
        count: int = 1,
    ) -> None:
        told = self._told[code] = self._told.get(code, 0) + 1
        if told <= _MOST:
            text = (
                Text(zh, en)
                if told < _MOST
                else Text(f"{zh}；同类问题较多，以下不再列出", f"{en}; no more of this kind is listed")
            )
            self.findings.append(
                Finding(
                    code,
                    severity,
                    text,
                    self.source,
                    self.layer,
                    row,
                    key,
                    None,
                    value,
                    suggestion=Text(*do),
                    count=count,
                )
            )


_AGAIN = ("请重新导出或重新发送完整文件", "Export the file again or send it whole")
_LOOK = ("请核对该要素", "Check the placemark")


def sniff(data: bytes) -> bool:
    """True for KML text, or a zip archive that holds a .kml."""
    if data.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as book:
                return any(n.lower().endswith(".kml") for n in book.namelist())
        except (zipfile.BadZipFile, ValueError, OSError):
            return False
    head = data[:4096].replace(b"\x00", b"")
    return re.search(rb"<(\w+:)?kml[\s>]", head) is not None


def read(data: bytes, source: str) -> ReadResult:
    """Read KML or KMZ: one layer for each KML text, one row a placemark, in WGS 84 longitude and latitude.

    Columns: name, description, 文件夹 (the path of folders), then every Data, SimpleData and row of a description's
    table. Fields of a Schema declared as numbers are numbers, all else is text. Polygons (also several) stay polygons;
    points and lines are kept as such. A broken file gives its whole placemarks. Never raises for what is in the file.
    """
    say = _Say(source)
    layers: list[Layer] = []
    stem = PurePosixPath(source.replace("\\", "/")).stem or "kml"
    for name, text in _texts(data, stem, say):
        layer = _one(text, name, source, say)
        if layer is not None:
            layers.append(layer)
    return ReadResult(tuple(layers), say.findings)


def _texts(data: bytes, stem: str, say: _Say) -> list[tuple[str, bytes]]:
    if not data.startswith(b"PK"):
        return [(stem, data)]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as book:
            members = [i for i in book.infolist() if not i.is_dir()]
            texts = sorted(
                (i for i in members if i.filename.lower().endswith(".kml")),
                key=lambda i: i.filename.lower() != "doc.kml",
            )
            out = []
            for i in texts:
                if i.file_size > _LARGEST:
                    say(
                        "KML-01",
                        "error",
                        f"{i.filename} 解压后过大，未读取",
                        f"{i.filename} is too large unpacked and was not read",
                        _AGAIN,
                    )
                    continue
                name = stem if len(texts) == 1 else f"{stem}_{PurePosixPath(i.filename).stem}"
                out.append((name, book.read(i)))
            rest = len(members) - len(texts)
            if rest:
                say(
                    "KML-02",
                    "note",
                    f"压缩包中另有 {rest} 个文件（图片等）未读取",
                    f"{rest} other files in the archive (pictures …) were not read",
                    ("可不处理", "Nothing to do"),
                    count=rest,
                )
            if not texts:
                say("KML-01", "error", "KMZ 中没有 KML 文件", "the KMZ holds no KML", _AGAIN)
            return out
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
        EOFError,
        zlib.error,
    ) as error:
        say("KML-01", "error", f"KMZ 压缩包损坏或加密：{error}", f"the KMZ is damaged or encrypted: {error}", _AGAIN)
        return []


def _one(data: bytes, name: str, source: str, say: _Say) -> Layer | None:
    say.layer = name
    try:
        parsed = parse(data)
    except EntitiesError:
        say(
            "KML-03",
            "error",
            "文件自行定义了 XML 实体，为安全起见未读取",
            "the file defines XML entities of its own and is not read for safety",
            _AGAIN,
        )
        return None
    _tell(parsed, say)
    marks = parsed.placemarks
    if not marks:
        say("KML-06", "error", "文件中没有完整的地标（Placemark）", "the file holds no whole placemark", _AGAIN)
        return None
    shapes = np.array([_geometry(m, row, say) for row, m in enumerate(marks, 1)] + [None], dtype=np.object_)[:-1]
    suspect = parsed.producer is not None
    if suspect:
        say(
            "KML-07", "warning", f"文件由{parsed.producer}产生，坐标可能是 GCJ-02（火星坐标），与实地可能相差数百米",
            f"made by {parsed.producer}: coordinates may be shifted (GCJ-02) by some hundred metres",
            ("请确认导出时选择的是 WGS84 或 CGCS2000 坐标", "Make sure it was exported as WGS 84 or CGCS2000"),
            value=parsed.producer,
        )  # fmt: skip
    kinds = {int(k) for k in shapely.get_type_id(shapes)} - {-1}
    return Layer(
        name=name,
        source=source,
        driver="kml",
        table=_table(marks, say),
        geometry=pa.array(shapely.to_wkb(shapes, output_dimension=2, flavor="iso"), pa.large_binary()),
        crs=Crs.from_epsg(4326, source="declared", confidence=0.5 if suspect else 1.0),
        encoding=parsed.encoding,
        rows=pa.array(range(1, len(marks) + 1), pa.int64()),
        geometry_type="Polygon" if kinds <= {3} else "MultiPolygon" if kinds <= {3, 6} else "Unknown",
        notes=(f"坐标可能为 GCJ-02（{parsed.producer}）",) if suspect else (),
    )


def _tell(parsed: Parsed, say: _Say) -> None:
    if parsed.bad_line is not None:
        say(
            "KML-04",
            "error",
            f"第 {parsed.bad_line} 行有无法识别的字节",
            f"line {parsed.bad_line} holds unreadable bytes",
            _AGAIN,
        )
    if parsed.mended:
        say(
            "KML-08",
            "note",
            "文件中有未转义的 & 等符号，已按文字读取",
            "bare & and the like were read as text",
            ("可不处理", "Nothing to do"),
        )
    if parsed.broken is not None:
        line, inside = parsed.broken
        whole = len(parsed.placemarks)
        lost = "" if inside is None else f"，其中“{inside}”不完整、未读取"
        lost_en = "" if inside is None else f"; '{inside}' is not whole and was not read"
        say(
            "KML-05", "error", f"文件在第 {line} 行损坏或中断，完整的 {whole} 个地标已保留{lost}",
            f"the file is broken or cut off in line {line}; its {whole} whole placemarks are kept{lost_en}", _AGAIN,
            value=inside,
        )  # fmt: skip
    for kind, number in parsed.others.items():
        say(
            "KML-09",
            "note",
            f"有 {number} 个 {kind}，未读取",
            f"{number} {kind} were not read",
            ("如含有地块请另行提供", "Send any land in them separately"),
            count=number,
        )


def _geometry(mark: Placemark, row: int, say: _Say) -> shapely.Geometry | None:
    """The geometry of a placemark: its polygons, else its lines, else its points; what is left out is said."""
    key = mark.values.get("name")
    made: dict[str, list[shapely.Geometry]] = {}
    for shape in mark.shapes:
        try:
            made.setdefault(shape.kind.replace("LinearRing", "LineString"), []).append(_shape(shape))
        except ValueError as error:
            zh, en = error.args if len(error.args) == 2 else ("坐标无法识别", "the coordinates cannot be read")
            say(
                "KML-10",
                "error",
                f"第 {row} 个地标（第 {mark.line} 行）：{zh}，没有图形",
                f"placemark {row} (line {mark.line}): {en}; no geometry",
                _LOOK,
                row=row,
                key=key,
            )
            return None
    if not made:
        say(
            "KML-11", "warning", f"第 {row} 个地标没有图形", f"placemark {row} has no geometry", _LOOK, row=row, key=key
        )
        return None
    kind = next(k for k in ("Polygon", "LineString", "Point") if k in made)
    rest = sum(len(v) for k, v in made.items() if k != kind)
    if rest:
        say(
            "KML-12",
            "note",
            f"第 {row} 个地标除主要图形外另有 {rest} 个点或线，未读取",
            f"placemark {row} has {rest} points or lines beside its main shape; not read",
            _LOOK,
            row=row,
            key=key,
            count=rest,
        )
    parts = made[kind]
    if kind == "LineString" and all(len(p.coords) > 3 and p.is_closed for p in parts):
        say(
            "KML-13",
            "warning",
            f"第 {row} 个地标是首尾相接的线，按线保留",
            f"placemark {row} is a closed line; kept as a line",
            ("如为地块请改为多边形", "Make it a polygon if it is land"),
            row=row,
            key=key,
        )
    if len(parts) == 1:
        return parts[0]
    make = {"Polygon": shapely.MultiPolygon, "LineString": shapely.MultiLineString, "Point": shapely.MultiPoint}[kind]
    return make(parts)


def _shape(shape: Shape) -> shapely.Geometry:
    rings = [coordinates(t) for t in shape.rings]
    if not rings:
        raise ValueError("没有坐标", "no coordinates")
    if shape.kind == "Point":
        return shapely.Point(rings[0][0])
    if shape.kind != "Polygon":
        if len(rings[0]) < 2:
            raise ValueError("线不足两点", "a line of fewer than two points")
        return shapely.LineString(rings[0])
    closed = []
    for ring in rings:
        whole = ring if np.array_equal(ring[0], ring[-1]) else np.vstack([ring, ring[:1]])
        if len(whole) < 4:
            raise ValueError("多边形的一圈不足三点", "a ring of fewer than three points")
        closed.append(whole)
    shells = [r for r, hole in zip(closed, shape.holes, strict=False) if not hole] or closed[:1]
    holes = [r for r, hole in zip(closed, shape.holes, strict=False) if hole]
    if len(shells) > 1:
        return shapely.MultiPolygon([shapely.Polygon(s, holes if k == 0 else []) for k, s in enumerate(shells)])
    return shapely.Polygon(shells[0], holes)


def coordinates(text: str) -> NDArray[np.float64]:
    """``lon,lat[,height] …`` as (n, 2); blanks after commas are borne. ValueError with (zh, en) otherwise."""
    tuples = re.sub(r"\s*,\s*", ",", text.strip()).split()
    if not tuples:
        raise ValueError("坐标为空", "the coordinates are empty")
    try:
        points = [tuple(map(float, t.strip(",").split(",")[:3])) for t in tuples]
    except ValueError:
        bad = next((t for t in tuples if not re.fullmatch(r"[-+.\deE,]+", t)), tuples[0])[:40]
        raise ValueError(f"坐标“{bad}”不是数字", f"the coordinate '{bad}' is not a number") from None
    if any(len(p) < 2 for p in points):
        raise ValueError("坐标缺少纬度", "a coordinate lacks its latitude")
    if any(t.count(",") > 3 for t in tuples):
        raise ValueError("坐标之间缺少空格", "blanks between coordinates are missing")
    out = np.array([p[:2] for p in points], np.float64)
    if not np.isfinite(out).all() or (np.abs(out[:, 0]) > 360).any() or (np.abs(out[:, 1]) > 90).any():
        raise ValueError("坐标不是经纬度", "the coordinates are no longitude and latitude")
    return out


def _table(marks: list[Placemark], say: _Say) -> pa.Table:
    rows: list[dict[str, str]] = []
    types: dict[str, set[str]] = {}
    for mark in marks:
        row = dict(mark.values)
        for key, value in table_of(mark.values.get("description", "")).items():
            if not row.get(key):
                row[key] = value
        rows.append(row)
        for key in row:
            types.setdefault(key, set()).add(mark.types.get(key, "string"))
    columns: dict[str, pa.Array] = {}
    for key in ("name", "description", *(k for k in types if k not in ("name", "description"))):
        texts = [row.get(key) or None for row in rows]
        columns[key] = _column(texts, types.get(key, {"string"}))
        if key == "description":
            columns[FOLDER] = pa.array([m.folder or None for m in marks], pa.string())
    return pa.table(columns)


def _column(texts: list[str | None], types: set[str]) -> pa.Array:
    """Numbers where the Schema says so and every value is one (an identity card or parcel code never loses a digit)."""
    for wanted, convert, arrow in ((_INTEGERS, int, pa.int64()), (_INTEGERS | _FLOATS, float, pa.float64())):
        if types <= wanted and not any(t is not None and re.fullmatch(r"-?0\d+", t) for t in texts):
            try:
                return pa.array([None if t is None else convert(t) for t in texts], arrow)
            except (ValueError, OverflowError, pa.ArrowInvalid):
                continue
    return pa.array(texts, pa.string())
