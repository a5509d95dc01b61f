"""VCT (GB/T 17798-2007, version 3.0 as the land surveys use it): read only.

Here X is east and Y north, the other way round than in the boundary TXT. Geometry is joined to the attribute tables by
标识码.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from panhuo.exchange.boundary_txt.text import decode
from panhuo.exchange.result import ReadResult
from panhuo.exchange.vct.build import build_layers, crs_of
from panhuo.exchange.vct.parse import (
    Cursor,
    VctFile,
    read_attributes,
    read_codes,
    read_head,
    read_shapes,
    read_structure,
    sections,
)

__all__ = ["read", "sniff"]


def sniff(data: bytes) -> bool:
    """True if the bytes begin like a VCT file."""
    start = decode(data[:4096]).text.lstrip("\ufeff \t\n")
    return bool(re.match(r"(?i)headbegin\b|datamark\s*[:：]\s*\S*vct", start))


def read(data: bytes, source: str) -> ReadResult:
    """Read a VCT file: one layer for each attribute table, with the geometry of its features.

    Columns are the table's fields (Int and Float as numbers, all else as text). A feature whose references are broken
    keeps its row without geometry; geometry without a row gets a row without values. Never raises for what is in the
    file.
    """
    name = PurePosixPath(source.replace("\\", "/")).stem or "vct"
    decoded = decode(data)
    file = VctFile(source, name)
    if decoded.bad_line is not None:
        file.say(
            "VCT-01",
            "error",
            f"第 {decoded.bad_line} 行有无法识别的字节",
            f"line {decoded.bad_line} holds unreadable bytes",
            decoded.bad_line,
        )
    for section, start, lines in sections(decoded.text, file):
        cursor = Cursor(lines, start)
        match section:
            case "head":
                read_head(cursor, file)
            case "featurecode":
                read_codes(cursor, file)
            case "tablestructure":
                read_structure(cursor, file)
            case "point" | "line" | "polygon":
                read_shapes(cursor, file, section)
            case "attribute":
                read_attributes(cursor, file)
            case _:
                number = sum(1 for t in lines if t == "0")
                if number:
                    file.skipped[section] = number
    for section, number in file.skipped.items():
        file.say(
            "VCT-02",
            "note",
            f"{section} 段约有 {number} 个对象，未读取",
            f"section {section} with about {number} objects was not read",
            count=number,
        )
    crs = crs_of(file)
    layers = tuple(build_layers(file, crs, decoded.encoding))
    if not layers:
        file.say("VCT-03", "error", "文件中没有找到要素或属性表", "no features and no attribute table were found")
    return ReadResult(layers, file.findings)
