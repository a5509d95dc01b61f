"""Polygons of one ring are read without GDAL; they must be what GDAL reads."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from panhuo.exchange import open_delivery, shp_polygons
from panhuo.exchange.vector import arrow

SQUARE = [(0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0)]
HOLE = [(0.2, 0.2), (0.4, 0.2), (0.4, 0.4), (0.2, 0.2)]
ELSEWHERE = [(5.0, 5.0), (5.0, 6.0), (6.0, 6.0), (5.0, 5.0)]
Ring = list[tuple[float, float]]

RECORDS: dict[str, list[Ring] | None] = {
    "clockwise": [SQUARE],
    "counter-clockwise": [SQUARE[::-1]],
    "null": None,
    "with a hole": [SQUARE, HOLE],
    "not closed": [SQUARE[:-1]],
    "two points": [SQUARE[:2]],
    "no ring": [],
    "of two parts": [SQUARE, ELSEWHERE],
    "a point met twice": [[*SQUARE[:2], *SQUARE[1:]]],
    "without area": [[(0.0, 0.0), (1.0, 1.0), (0.0, 0.0), (0.0, 0.0)]],
    "not a number": [[(0.0, 0.0), (0.0, float("nan")), (1.0, 1.0), (0.0, 0.0)]],
    "crossing itself": [[(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)]],
}


def content(rings: list[Ring] | None) -> bytes:
    if rings is None:
        return struct.pack("<i", 0)
    points = [p for ring in rings for p in ring]
    firsts = np.cumsum([0, *map(len, rings)])[:-1].tolist()
    box = struct.pack("<4d", 0.0, 0.0, 6.0, 6.0)
    numbers = struct.pack(f"<{2 + len(firsts)}i", len(rings), len(points), *firsts)
    return struct.pack("<i", 5) + box + numbers + np.array(points, "<f8").tobytes()


def write(folder: Path, records: list[list[Ring] | None]) -> Path:
    """A .shp with its .shx holding the records as they are."""
    bodies = [content(r) for r in records]
    shp, shx, at = b"", b"", 50
    for k, body in enumerate(bodies):
        shp += struct.pack(">2i", k + 1, len(body) // 2) + body
        shx += struct.pack(">2i", at, len(body) // 2)
        at += 4 + len(body) // 2
    for name, payload in (("a.shp", shp), ("a.shx", shx)):
        head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, 50 + len(payload) // 2) + struct.pack("<2i", 1000, 5)
        (folder / name).write_bytes(head + struct.pack("<8d", 0, 0, 6, 6, 0, 0, 0, 0) + payload)
    return folder / "a.shp"


def by_gdal(shp: Path) -> pa.LargeBinaryArray:
    return arrow(shp, columns=[])[1].column(0).chunk(0)


@pytest.mark.parametrize("records", [[r] for r in RECORDS.values()] + [list(RECORDS.values())], ids=[*RECORDS, "all"])
def test_the_shapes_are_those_of_gdal(tmp_path: Path, records: list[list[Ring] | None]) -> None:
    shp = write(tmp_path, records)
    found = shp_polygons.look(shp, tmp_path / "a.shx")
    expected = by_gdal(shp)
    assert shp_polygons.build(found, expected.take(pa.array(found.odd))).to_pylist() == expected.to_pylist()


def test_a_layer_of_simple_and_other_polygons_keeps_its_order(tmp_path: Path) -> None:
    expected = by_gdal(write(tmp_path, list(RECORDS.values())))
    layer = open_delivery(tmp_path / "a.shp").layers[0]
    assert layer.geometry is not None
    assert layer.geometry.to_pylist() == expected.to_pylist()


def test_only_what_needs_a_decision_is_left_to_gdal(tmp_path: Path) -> None:
    found = shp_polygons.look(write(tmp_path, list(RECORDS.values())), tmp_path / "a.shx")
    assert [list(RECORDS)[k] for k in found.odd] == ["with a hole", "two points", "no ring", "of two parts"]
