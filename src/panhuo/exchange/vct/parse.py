"""The sections of a VCT file, read line by line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from panhuo.exchange.boundary_txt.text import narrow
from panhuo.messages import Finding, Severity, Text

_SECTION = re.compile(
    r"^(Head|FeatureCode|TableStructure|Point|Line|Polygon|Solid|Aggregation|Annotation|Topology|Attribute|Style)(Begin|End)$",
    re.I,
)
_MOST = 200
Coords = NDArray[np.float64]


@dataclass(slots=True)
class Shape:
    """One geometric object: rings or parts as coordinates, or references; ``line`` is where it begins."""

    ident: str
    code: str
    line: int
    parts: list[Coords] = field(default_factory=list)
    refs: list[list[str]] = field(default_factory=list)
    of_polygons: bool = False
    broken: str | None = None


@dataclass(slots=True)
class VctTable:
    name: str
    fields: list[tuple[str, str]]
    bare: bool
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


class VctFile:
    """The parts of one VCT file, filled section by section."""

    def __init__(self, source: str, layer: str) -> None:
        self.source, self.layer = source, layer
        self.findings: list[Finding] = []
        self.head: dict[str, str] = {}
        self.codes: dict[str, tuple[str, str]] = {}
        self.tables: dict[str, VctTable] = {}
        self.points: dict[str, Shape] = {}
        self.lines: dict[str, Shape] = {}
        self.polygons: dict[str, Shape] = {}
        self.skipped: dict[str, int] = {}
        self._told: dict[str, int] = {}

    @property
    def separator(self) -> str:
        return self.head.get("separator") or ","

    def say(
        self,
        code: str,
        severity: Severity,
        zh: str,
        en: str,
        line: int | None = None,
        *,
        key: str | None = None,
        count: int = 1,
    ) -> None:
        told = self._told[code] = self._told.get(code, 0) + 1
        if told == _MOST:
            zh, en, key = "同类问题较多，以下不再逐条列出", "more of this kind; not listed one by one", None
        if told <= _MOST:
            do = Text("请用原软件重新导出或改正该行", "Export again from the original software, or correct the line")
            self.findings.append(
                Finding(code, severity, Text(zh, en), self.source, self.layer, line, key, suggestion=do, count=count)
            )


def sections(text: str, file: VctFile) -> Iterator[tuple[str, int, list[str]]]:
    """Name, line number of the first line after ``Begin``, and the stripped lines of each section."""
    name, start = "head", 1
    found: list[str] = []
    open_ = False
    for number, raw in enumerate(text.split("\n"), 1):
        line = raw.strip(" \t\ufeff\x00\x1a")
        mark = _SECTION.match(line)
        if mark is None:
            found.append(line)
            continue
        if mark[2].lower() == "begin":
            if open_:
                file.say(
                    "VCT-04",
                    "error",
                    f"第 {number} 行之前的 {name} 段没有结束标记",
                    f"the section {name} before line {number} is not ended",
                    number,
                )
            if found and (open_ or name == "head"):
                yield name, start, found
            open_ = True
            name, start, found = mark[1].lower(), number + 1, []
        else:
            if open_:
                yield name, start, found
            open_, name, start, found = False, "", number + 1, []
    if open_:
        file.say(
            "VCT-04",
            "error",
            f"文件在 {name} 段中断，之后的内容缺失",
            f"the file breaks off in section {name}; what follows is missing",
            start,
        )
        yield name, start, found


class Cursor:
    """Lines with a place in them."""

    def __init__(self, lines: list[str], start: int) -> None:
        self._lines, self._start, self._at = lines, start, 0
        self._skip()

    def _skip(self) -> None:
        while self._at < len(self._lines) and not self._lines[self._at]:
            self._at += 1

    def more(self) -> bool:
        return self._at < len(self._lines)

    @property
    def line(self) -> int:
        return self._start + self._at

    def peek(self) -> str:
        return self._lines[self._at] if self.more() else ""

    def take(self) -> str:
        text = self.peek()
        self._at += 1
        self._skip()
        return text

    def integer(self) -> int:
        """The next line as a whole number; ValueError otherwise, and the line stays."""
        value = int(self.peek())
        self.take()
        return value


def read_head(cursor: Cursor, file: VctFile) -> None:
    while cursor.more():
        key, _, value = cursor.take().replace("：", ":").partition(":")
        file.head.setdefault(key.strip().lower(), value.strip())


def read_codes(cursor: Cursor, file: VctFile) -> None:
    while cursor.more():
        line = cursor.take()
        if line == "0":
            continue
        items = [t.strip() for t in line.split(file.separator)]
        if len(items) >= 3:
            file.codes[items[0]] = (items[1], next((t for t in reversed(items[3:]) if t), ""))


def read_structure(cursor: Cursor, file: VctFile) -> None:
    while cursor.more():
        at = cursor.line
        head = [t.strip() for t in cursor.take().split(file.separator)]
        if head == ["0"]:
            continue
        fields: list[tuple[str, str]] = []
        while cursor.more() and cursor.peek() != "0":
            number = head[1] if len(head) > 1 else ""
            if number.isdigit() and len(fields) >= int(number):
                break
            items = [t.strip() for t in cursor.take().split(file.separator)]
            fields.append((items[0], items[1].lower() if len(items) > 1 else "char"))
        bare = any(t.lower() == "nonegeometry" for t in head[2:])
        if len(head) < 2 or not head[1].isdigit() or int(head[1]) != len(fields):
            file.say(
                "VCT-05",
                "warning",
                f"第 {at} 行属性表 {head[0]} 的字段数与定义不符",
                f"line {at}: the number of fields of table {head[0]} differs",
                at,
            )
        file.tables[head[0]] = VctTable(head[0], fields, bare)


def read_shapes(cursor: Cursor, file: VctFile, section: str) -> None:
    """Points, lines or polygons: each begins with 标识码, 要素代码, 图形表现 and its kind, and ends with 0."""
    target = {"point": file.points, "line": file.lines, "polygon": file.polygons}[section]
    while cursor.more():
        at = cursor.line
        shape = Shape(cursor.take(), "", at)
        if shape.ident == "0":
            continue
        try:
            shape.code = cursor.take()
            cursor.take()
            kind = cursor.integer()
            if section == "point":
                _point(cursor, shape)
            elif kind == 100 or kind in (21, 22):
                _references(cursor, shape, section, file.separator)
            else:
                _direct(cursor, shape, section)
            if cursor.more() and cursor.peek() == "0":
                cursor.take()
        except (ValueError, IndexError):
            where = cursor.line
            text = cursor.peek()[:60]
            shape.broken = "语法"
            shape.parts, shape.refs = [], []
            file.say(
                "VCT-06",
                "error",
                f"第 {where} 行“{text}”不合语法，对象 {shape.ident} 没有图形",
                f"line {where} '{text}' breaks the grammar; object {shape.ident} has no geometry",
                where,
                key=shape.ident,
            )
            while cursor.more() and cursor.peek() != "0":
                cursor.take()
        if shape.ident in target:
            file.say(
                "VCT-07",
                "error",
                f"第 {at} 行标识码 {shape.ident} 重复，后一个未用",
                f"line {at}: 标识码 {shape.ident} occurs twice; the later one is not used",
                at,
                key=shape.ident,
            )
        else:
            target[shape.ident] = shape


def _pair(text: str) -> tuple[float, float]:
    items = narrow(text).split(",")
    x, y = float(items[0]), float(items[1])
    if not (np.isfinite(x) and np.isfinite(y)):
        raise ValueError(text)
    return x, y


def _coords(cursor: Cursor, count: int) -> Coords:
    out: list[tuple[float, float]] = []
    for _ in range(count):
        out.append(_pair(cursor.peek()))
        cursor.take()
    return np.array(out, np.float64).reshape(-1, 2)


def _point(cursor: Cursor, shape: Shape) -> None:
    count = cursor.integer() if "," not in cursor.peek() else 1
    shape.parts.append(_coords(cursor, count))


def _direct(cursor: Cursor, shape: Shape, section: str) -> None:
    """Coordinates: the whole number before a run of them is its count; numbers before that are parts and kinds."""
    if section == "polygon" and "," in cursor.peek():
        _pair(cursor.peek())
        cursor.take()  # the label point
    while cursor.more() and cursor.peek() != "0":
        numbers = [cursor.integer()]
        while "," not in cursor.peek():
            numbers.append(cursor.integer())
        part = _coords(cursor, numbers[-1])
        if len(numbers) > 1 and numbers[-2] == 12 and len(part) == 3:
            part = _arc(part)
        joined = shape.parts and (section == "line" or not np.array_equal(shape.parts[-1][0], shape.parts[-1][-1]))
        if joined:
            shape.parts[-1] = np.vstack([shape.parts[-1], part])
        else:
            shape.parts.append(part)
    if not shape.parts:
        raise ValueError("no coordinates")


def _arc(part: Coords) -> Coords:
    """A circular arc through three points as chords at most 0.01 m off it."""
    (ax, ay), (bx, by), (cx, cy) = (part - part[0]).tolist()
    d = 2 * (bx * cy - cx * by)
    if d == 0 or (ax, ay) == (cx, cy):
        return part
    ux = (cy * (bx**2 + by**2) - by * (cx**2 + cy**2)) / d
    uy = (bx * (cx**2 + cy**2) - cx * (bx**2 + by**2)) / d
    radius = float(np.hypot(ux, uy))
    start, end = np.arctan2(-uy, -ux), np.arctan2(cy - uy, cx - ux)
    sweep = (end - start) % (2 * np.pi) if d > 0 else -((start - end) % (2 * np.pi))
    step = 2 * np.arccos(max(0.0, 1 - 0.01 / radius)) if radius > 0.01 else np.pi / 4
    angles = start + np.linspace(0, sweep, min(10_000, max(2, int(np.ceil(abs(sweep) / step)) + 1)))
    out: Coords = np.column_stack([ux + radius * np.cos(angles), uy + radius * np.sin(angles)]) + part[0]
    out[0], out[-1] = part[0], part[2]
    return out


def _references(cursor: Cursor, shape: Shape, section: str, separator: str) -> None:
    if section == "polygon" and "," in cursor.peek():
        _pair(cursor.peek())
        cursor.take()  # the label point
    first = cursor.integer()
    if first in (21, 22):
        shape.of_polygons = first == 22
        first = cursor.integer()
    idents: list[str] = []
    while len(idents) < first and cursor.more():
        items = [t.strip() for t in narrow(cursor.peek()).split(separator) if t.strip()]
        if not items or not all(re.fullmatch(r"[+-]?\w+", t) for t in items):
            raise ValueError("references")
        idents += items
        cursor.take()
    if len(idents) != first:
        raise ValueError("count")
    ring: list[str] = []
    for ident in [*idents, "0"]:
        if ident == "0":
            if ring:
                shape.refs.append(ring)
            ring = []
        else:
            ring.append(ident)


def read_attributes(cursor: Cursor, file: VctFile) -> None:
    while cursor.more():
        name = cursor.take()
        table = file.tables.get(name)
        if table is None:
            table = file.tables.setdefault(name, VctTable(name, [], False))
        while cursor.more() and cursor.peek().lower() != "tableend":
            at = cursor.line
            table.rows.append((at, [t.strip() for t in cursor.take().split(file.separator)]))
        if not cursor.more():
            file.say(
                "VCT-04",
                "error",
                f"属性表 {name} 没有结束标记 TableEnd",
                f"attribute table {name} is not ended by TableEnd",
                cursor.line,
            )
        cursor.take()
