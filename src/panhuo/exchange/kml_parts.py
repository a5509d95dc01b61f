"""The XML of a KML file as plain placemarks: no entities, no network, and as much as a broken file still holds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import entities, unescape
from html.parser import HTMLParser
from xml.parsers import expat

from panhuo.exchange.boundary_txt.text import decode

_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([\w.-]{1,30})[\"']")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_WHOLE = re.compile(r"<((?:\w+:)?)Placemark\b(?:(?!<(?:\w+:)?Placemark\b).)*?</\1Placemark\s*>", re.S)
_SHAPES = {"Point", "LineString", "LinearRing", "Polygon"}
#: Things that may hold land and are not read; they are counted.
OTHERS = {"GroundOverlay", "ScreenOverlay", "PhotoOverlay", "NetworkLink", "Tour", "Model", "Track", "MultiTrack"}
_PLAIN = {"address", "phoneNumber", "Snippet", "snippet", "when", "begin", "end"}


class EntitiesError(Exception):
    """The file defines entities of its own; such a file is not read."""


@dataclass(slots=True)
class Shape:
    """One simple shape: its kind and the texts of its coordinates (a polygon's shell first, then its holes)."""

    kind: str
    rings: list[str] = field(default_factory=list)
    holes: list[bool] = field(default_factory=list)


@dataclass(slots=True)
class Placemark:
    """A placemark as written: its line in the file, the folders it lies in, attributes in order, shapes."""

    line: int
    folder: str
    values: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    shapes: list[Shape] = field(default_factory=list)


@dataclass(slots=True)
class Parsed:
    """The placemarks of one KML text; ``broken`` is (line, placemark it broke in or None), ``rescued`` after it."""

    placemarks: list[Placemark] = field(default_factory=list)
    others: dict[str, int] = field(default_factory=dict)
    broken: tuple[int, str | None] | None = None
    rescued: int = 0
    mended: bool = False
    encoding: str = "utf-8"
    bad_line: int | None = None
    producer: str | None = None


def parse(data: bytes) -> Parsed:
    """All placemarks of a KML file. Raises ``EntitiesError`` for a file with entity definitions, nothing else."""
    declared = _DECLARED.search(data[:400])
    text, encoding, bad_line = _text(data, declared[1].decode("ascii") if declared else None)
    out = Parsed(encoding=encoding, bad_line=bad_line, producer=_producer(text))
    text = _DECLARATION.sub("", text)
    reader = _Reader(out)
    if reader.read(text):
        return out
    # bare & and names of HTML entities are the commonest slips of hand-made files: mend them and try once more
    mended = _mend(text)
    if mended != text:
        again = Parsed(encoding=encoding, bad_line=bad_line, producer=out.producer, mended=True)
        second = _Reader(again)
        if second.read(mended) or len(again.placemarks) > len(out.placemarks):
            if again.broken is not None:
                _rescue(mended, again, second)
            return again
    _rescue(text, out, reader)
    return out


def _text(data: bytes, declared: str | None) -> tuple[str, str, int | None]:
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        name = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030"}.get(declared.lower(), declared)
        try:
            return data.decode(name).replace("\r\n", "\n"), name.lower(), None
        except (UnicodeDecodeError, LookupError, ValueError):
            pass
    decoded = decode(data)
    return decoded.text, decoded.encoding, decoded.bad_line


def _producer(text: str) -> str | None:
    """Software known to draw on shifted maps (GCJ-02), by the traces it leaves."""
    head = text[:20000]
    for sign, name in (
        (r"奥维|ovital|OvCoord|OvStyle|omap", "奥维互动地图"),
        (r"高德|amap", "高德地图"),
        (r"百度|baidu", "百度地图"),
        (r"腾讯地图|qqmap", "腾讯地图"),
        (r"91卫图|BIGEMAP", "91卫图/BIGEMAP"),
    ):
        if re.search(sign, head, re.I):
            return name
    return None


def _mend(text: str) -> str:
    def entity(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "&amp;"
        code = entities.name2codepoint.get(name)
        return chr(code) if code is not None else f"&amp;{name};"

    parts = re.split(r"(<!\[CDATA\[.*?\]\]>)", text, flags=re.S)
    pattern = re.compile(r"&(?!amp;|lt;|gt;|quot;|apos;|#\d+;|#x[0-9a-fA-F]+;)(?:(\w{2,12});)?")
    clean = [p if p.startswith("<![CDATA[") else pattern.sub(entity, p) for p in parts]
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", "".join(clean))


def _rescue(text: str, out: Parsed, reader: _Reader) -> None:
    """Whole placemarks that stand after the place where the XML broke, each read by itself."""
    for match in _WHOLE.finditer(text, min(reader.mark + 1, len(text))):
        piece = Parsed()
        single = _Reader(piece, reader.folder)
        if single.read(match[0]) and piece.placemarks:
            piece.placemarks[0].line = text.count("\n", 0, match.start()) + 1
            out.placemarks += piece.placemarks
            out.rescued += 1


class _Reader:
    """Expat's callbacks; keeps a stack of names and the placemark being read."""

    def __init__(self, out: Parsed, folder: str = "") -> None:
        self.out = out
        self.folder = folder
        self.mark = -1
        self._base = folder
        self._stack: list[str] = []
        self._folders: list[str] = []
        self._schemas: dict[str, dict[str, str]] = {}
        self._schema = ""
        self._now: Placemark | None = None
        self._key = ""
        self._types: dict[str, str] = {}
        self._words: list[str] = []
        self._text = ""

    def read(self, text: str) -> bool:
        """True if the XML was whole; else ``out.broken`` says where it broke."""
        parser = expat.ParserCreate("utf-8")
        self._parser = parser
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._words.append
        parser.EntityDeclHandler = _refuse
        self._text = text
        try:
            parser.Parse(text.encode("utf-8", errors="replace"), True)
        except expat.ExpatError as error:
            name = None if self._now is None else self._now.values.get("name", "")
            self.out.broken = (error.lineno, name)
            return False
        return True

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rsplit(":", 1)[-1]
        self._stack.append(name)
        self._words.clear()
        if name in ("Folder", "Document"):
            self._folders.append("")
        elif name == "Placemark":
            self.folder = "/".join(t for t in self._folders if t) or self._base
            self._now = Placemark(self._parser.CurrentLineNumber, self.folder)
            self.mark = self._place()
        elif name == "Schema":
            self._schema = attributes.get("id") or attributes.get("name", "")
            self._schemas.setdefault(self._schema, {})
        elif name == "SimpleField":
            self._schemas[self._schema][attributes.get("name", "")] = attributes.get("type", "string").lower()
        elif name == "SchemaData":
            self._types = self._schemas.get(attributes.get("schemaUrl", "").rsplit("#", 1)[-1], {})
        elif name in ("Data", "SimpleData"):
            self._key = attributes.get("name", "")
        elif name in OTHERS:
            self.out.others[name] = self.out.others.get(name, 0) + 1
        if self._now is not None:
            if name in _SHAPES and not (name == "LinearRing" and "Polygon" in self._stack):
                self._now.shapes.append(Shape(name))
            elif name == "innerBoundaryIs" and self._now.shapes:
                self._now.shapes[-1].holes.append(True)
            elif name == "outerBoundaryIs" and self._now.shapes:
                self._now.shapes[-1].holes.append(False)

    def _place(self) -> int:
        """Where the element being read begins, in characters of the text."""
        if self._text.isascii():
            return self._parser.CurrentByteIndex
        line, column = self._parser.CurrentLineNumber, self._parser.CurrentColumnNumber
        if line != getattr(self, "_line", 0):
            at = getattr(self, "_line_at", 0)
            for _ in range(line - max(1, getattr(self, "_line", 1))):
                at = self._text.index("\n", at) + 1
            self._line, self._line_at = line, at
        return self._line_at + column

    def _end(self, tag: str) -> None:
        name = tag.rsplit(":", 1)[-1]
        text = "".join(self._words)
        self._words.clear()
        self._stack.pop()
        parent = self._stack[-1] if self._stack else ""
        if name == "name" and parent in ("Folder", "Document") and self._folders:
            self._folders[-1] = text.strip()
        elif name in ("Folder", "Document") and self._folders:
            self._folders.pop()
        now = self._now
        if now is None:
            return
        if name == "Placemark":
            self._now = None
            self.out.placemarks.append(now)
            self.mark = self._place()
        elif name == "coordinates" and now.shapes:
            now.shapes[-1].rings.append(text)
        elif name in ("name", "description") and parent == "Placemark":
            if text.strip():
                now.values[name] = text.strip()
        elif name == "SimpleData":
            self._put(text)
            now.types[self._key] = self._types.get(self._key, "string")
        elif (name == "value" and parent == "Data") or (
            name == "Data" and text.strip() and self._key not in now.values
        ):
            self._put(text)
        elif name in _PLAIN and text.strip():
            now.values.setdefault(name, text.strip())

    def _put(self, text: str) -> None:
        if self._now is not None and self._key:
            key = (
                self._key
                if self._key not in ("name", "description") or self._key not in self._now.values
                else f"{self._key}_1"
            )
            self._now.values[key] = text.strip()


def _refuse(*_: object) -> None:
    raise EntitiesError


class _Rows(HTMLParser):
    """Rows of two cells in the tables of a description."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("tr", "table"):
            self.rows.append([])
            self._in_cell = False
        elif tag in ("td", "th"):
            if not self.rows:
                self.rows.append([])
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._in_cell = False

    def handle_data(self, data: str) -> None:
        if self._in_cell and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def table_of(description: str) -> dict[str, str]:
    """Attributes written as an HTML table of two columns into a description."""
    if not re.search(r"<\s*t[dh]\b", description, re.I):
        if re.search(r"&lt;\s*t[dh]\b", description, re.I):
            return table_of(unescape(description))
        return {}
    rows = _Rows()
    rows.feed(description)
    rows.close()
    out: dict[str, str] = {}
    for row in rows.rows:
        if len(row) == 2:
            key, value = (" ".join(t.split()) for t in row)
            if key and len(key) <= 60:
                out.setdefault(key.rstrip(":："), value)
    return out
