"""What calamine does not tell of an xlsx: formula errors, formulas never calculated, hidden rows and columns.

The sheets' XML is looked through in pieces of whole rows, so that a large one never lies in memory at once.
Source: ECMA-376 part 1, 18.3 (SpreadsheetML worksheets).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

_PIECE = 8 << 20
_MARK = re.compile(rb't="e"|<f[\s/>]')
_CELL = re.compile(rb"<c\b([^>]*?)(?:/>|>(.*?)</c>)", re.S)
_REF = re.compile(rb'\br="([A-Z]+)(\d+)"')
_HIDDEN_ROW = re.compile(rb'<row\b[^>]*?\bhidden="(?:1|true)"[^>]*>')
_HIDDEN_COLUMN = re.compile(rb'<col\b[^>]*?\bhidden="(?:1|true)"[^>]*>')
_ROW_NUMBER = re.compile(rb'\br="(\d+)"')


@dataclass
class Beneath:
    """Of one sheet: ``errors`` maps (row, column), counted from 0, to the error, '' where a formula has no result;
    ``rows`` and ``columns`` (counted from 0) are hidden."""

    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)


def beneath(data: bytes) -> dict[str, Beneath]:
    """Sheet name -> what lies beneath it; empty for files that are no xlsx."""
    if not data.startswith(b"PK"):
        return {}
    out: dict[str, Beneath] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            for name, path in _sheet_paths(z).items():
                found = out[name] = Beneath()
                for piece in _pieces(z, path):
                    _look(piece, found)
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, ValueError, OSError, EOFError):
        return out
    return out


def _pieces(z: zipfile.ZipFile, path: str) -> Iterator[bytes]:
    """A sheet's XML cut between rows."""
    rest = b""
    with z.open(path) as source:
        while chunk := source.read(_PIECE):
            rest += chunk
            cut = rest.rfind(b"</row>")
            if cut >= 0:
                yield rest[:cut]
                rest = rest[cut:]
    yield rest


def _look(xml: bytes, found: Beneath) -> None:
    if b'hidden="' in xml:
        for row in _HIDDEN_ROW.findall(xml):
            if number := _ROW_NUMBER.search(row):
                found.rows.append(int(number.group(1)) - 1)
        for column in _HIDDEN_COLUMN.findall(xml):
            ends = [
                int(m.group(1)) for m in (re.search(k, column) for k in (rb'\bmin="(\d+)"', rb'\bmax="(\d+)"')) if m
            ]
            found.columns += range(ends[0] - 1, min(ends[-1], 16_384))
    at = -1
    for mark in _MARK.finditer(xml):
        start = xml.rfind(b"<c ", 0, mark.start())
        if start in (at, -1) or (cell := _CELL.match(xml, start)) is None:
            continue
        at = start
        attributes, body = cell.group(1), cell.group(2) or b""
        error = b't="e"' in attributes
        if not error and not (b"<f" in body and not re.search(rb"<v>[^<]|<is>|<v xml", body)):
            continue
        if not error and b't="str"' in attributes:
            continue
        if ref := _REF.search(attributes):
            value = re.search(rb"<v>([^<]*)</v>", body)
            place = 0
            for letter in ref.group(1):
                place = place * 26 + letter - 64
            found.errors[int(ref.group(2)) - 1, place - 1] = value.group(1).decode() if value and error else ""


def _sheet_paths(z: zipfile.ZipFile) -> dict[str, str]:
    """Sheet name -> member of the zip."""
    names = set(z.namelist())
    if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
        return {}
    # A local office file; expat refuses entity bombs.
    related = ElementTree.fromstring(z.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    rels = {e.get("Id"): (e.get("Target") or "") for e in related}
    out = {}
    for e in ElementTree.fromstring(z.read("xl/workbook.xml")).iter():  # noqa: S314 - see above
        if e.tag.endswith("}sheet"):
            key = next((v for k, v in e.attrib.items() if k.endswith("}id")), "")
            target = rels.get(key, "").lstrip("/")
            path = target if target.startswith("xl/") else f"xl/{target}"
            if path in names:
                out[e.attrib["name"]] = path
    return out
