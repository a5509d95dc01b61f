"""Polygons in and out of well-known binary, friendly or hostile."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.land import polygons as states
from panhuo.land.polygons import Polygons
from panhuo.messages import PanhuoError

SQUARE = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)]
HOLE = [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (2.0, 1.0), (1.0, 1.0)]


def wkb_polygon(
    rings: list[list[tuple[float, ...]]], order: str = "<", code: int = 3, srid: int | None = None
) -> bytes:
    head = struct.pack("B", 1 if order == "<" else 0) + struct.pack(order + "I", code)
    if srid is not None:
        head += struct.pack(order + "I", srid)
    body = struct.pack(order + "I", len(rings))
    for ring in rings:
        body += struct.pack(order + "I", len(ring))
        for point in ring:
            body += struct.pack(order + f"{len(point)}d", *point)
    return head + body


def collection(code: int, members: list[bytes], order: str = "<") -> bytes:
    head = struct.pack("B", 1 if order == "<" else 0) + struct.pack(order + "II", code, len(members))
    return head + b"".join(members)


def with_z(ring: list[tuple[float, float]], *more: float) -> list[tuple[float, ...]]:
    return [(*p, *more) for p in ring]


def test_every_way_to_write_a_square_reads_the_same() -> None:
    ways = [
        wkb_polygon([SQUARE, HOLE]),
        wkb_polygon([SQUARE, HOLE], order=">"),
        wkb_polygon([with_z(SQUARE, 9.0), with_z(HOLE, 9.0)], code=1003),
        wkb_polygon([with_z(SQUARE, 9.0), with_z(HOLE, 9.0)], code=2003, order=">"),
        wkb_polygon([with_z(SQUARE, 9.0, 8.0), with_z(HOLE, 9.0, 8.0)], code=3003),
        wkb_polygon([with_z(SQUARE, 9.0), with_z(HOLE, 9.0)], code=0x80000003),
        wkb_polygon([with_z(SQUARE, 9.0, 8.0), with_z(HOLE, 9.0, 8.0)], code=0xC0000003, order=">"),
        wkb_polygon([SQUARE, HOLE], code=0x20000003, srid=4490),
        collection(6, [wkb_polygon([SQUARE, HOLE], order=">")]),
        collection(7, [collection(6, [wkb_polygon([SQUARE, HOLE])], order=">")]),
        wkb_polygon([with_z(SQUARE, float("nan")), with_z(HOLE, float("nan"))], code=1003),
    ]
    read = Polygons.from_wkb(ways)
    assert read.state.tolist() == [states.READ] * len(ways)
    plain = shapely.to_wkb(shapely.Polygon(SQUARE, [HOLE]))
    assert read.to_wkb().to_pylist() == [plain] * len(ways)
    assert read.bounds.tolist() == [[0.0, 0.0, 4.0, 4.0]] * len(ways)
    assert read.vertex_counts.tolist() == [10] * len(ways)


def test_what_cannot_be_used_says_why_and_has_no_rings() -> None:
    nothing = struct.pack("<BII", 1, 3, 0)
    cases = [
        (None, states.MISSING),
        (nothing, states.EMPTY),
        (collection(7, []), states.EMPTY),
        (collection(6, [nothing]), states.EMPTY),
        (shapely.to_wkb(shapely.Point(1, 2)), states.NOT_POLYGON),
        (shapely.to_wkb(shapely.LineString([(0, 0), (1, 1)])), states.NOT_POLYGON),
        (collection(7, [wkb_polygon([SQUARE]), shapely.to_wkb(shapely.Point(1, 2))]), states.NOT_POLYGON),
        (b"", states.UNREADABLE),
        (b"\x01", states.UNREADABLE),
        (b"\x07" + wkb_polygon([SQUARE])[1:], states.UNREADABLE),
        (b"not a geometry at all", states.UNREADABLE),
        (wkb_polygon([SQUARE])[:-1], states.UNREADABLE),
        (struct.pack("<BIII", 1, 3, 1, 0xFFFFFFFF), states.UNREADABLE),
        (struct.pack("<BII", 1, 3, 0xFFFFFFFF), states.UNREADABLE),
        (struct.pack("<BII", 1, 6, 0x7FFFFFFF), states.UNREADABLE),
        (struct.pack("<BII", 1, 7, 1) * 50_000, states.UNREADABLE),
        (wkb_polygon([[(0.0, 0.0), (1.0, float("nan")), (1.0, 1.0), (0.0, 0.0)]]), states.NOT_FINITE),
        (wkb_polygon([[(0.0, 0.0), (float("inf"), 0.0), (1.0, 1.0), (0.0, 0.0)]]), states.NOT_FINITE),
    ]
    read = Polygons.from_wkb([case for case, _ in cases])
    assert read.state.tolist() == [state for _, state in cases]
    assert read.geoms.tolist() == [0] * (len(cases) + 1)
    assert np.isnan(read.bounds).all()
    written = read.to_wkb()
    assert [k for k in range(len(cases)) if written[k].is_valid] == [1, 2, 3]
    assert Polygons.from_wkb(written).state[1:4].tolist() == [states.EMPTY] * 3


def test_a_bad_row_leaves_its_neighbours_alone() -> None:
    bad = wkb_polygon([[(0.0, 0.0), (1.0, float("nan")), (1.0, 1.0), (0.0, 0.0)]])
    read = Polygons.from_wkb([wkb_polygon([SQUARE]), bad, wkb_polygon([SQUARE, HOLE])])
    assert read.state.tolist() == [states.READ, states.NOT_FINITE, states.READ]
    assert shapely.area(read.to_shapely()[[0, 2]]).tolist() == [16.0, 15.0]


def test_an_open_ring_is_closed_and_said_to_be() -> None:
    for order in "<>":
        read = Polygons.from_wkb([wkb_polygon([SQUARE[:-1], HOLE], order=order), wkb_polygon([SQUARE])])
        assert read.state.tolist() == [states.CLOSED, states.READ]
        assert read.coords[4].tolist() == [0.0, 0.0]
        assert shapely.area(read.to_shapely()).tolist() == [15.0, 16.0]


def test_arrow_slices_chunks_and_large_offsets() -> None:
    square, other = wkb_polygon([SQUARE]), wkb_polygon([HOLE])
    array = pa.array([None, square, other, None, square], type=pa.binary())
    assert Polygons.from_wkb(array.slice(1, 3)).state.tolist() == [0, 0, 1]
    chunked = pa.chunked_array([array.slice(1, 2), array.slice(3)])
    assert shapely.area(Polygons.from_wkb(chunked).to_shapely()[[0, 1, 3]]).tolist() == [16.0, 1.0, 16.0]
    assert len(Polygons.from_wkb(pa.chunked_array([], type=pa.binary()))) == 0
    assert len(Polygons.from_wkb([])) == 0
    assert Polygons.from_wkb(pa.nulls(3)).state.tolist() == [1, 1, 1]
    with pytest.raises(PanhuoError, match="WKB"):
        Polygons.from_wkb(pa.array([1, 2]))


def test_take_concat_and_new_coordinates() -> None:
    shapes = [
        shapely.Polygon(SQUARE, [HOLE]),
        None,
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 2, 4, 4)]),
        shapely.box(5, 5, 6, 7),
    ]
    read = Polygons.from_shapely(shapes)
    assert read.part_counts.tolist() == [1, 0, 2, 1]
    assert shapely.area(read.take([3, 2, 2, 0]).to_shapely()).tolist() == [2.0, 5.0, 5.0, 15.0]
    assert read.take(np.array([False, True, False, True])).state.tolist() == [1, 0]
    both = Polygons.concat([read, read.take([3])])
    assert both.to_wkb().to_pylist() == [*read.to_wkb().to_pylist(), shapely.to_wkb(shapes[3])]
    moved = read.with_coords(read.coords + 10.0)
    assert moved.bounds[3].tolist() == [15.0, 15.0, 16.0, 17.0]
    with pytest.raises(PanhuoError):
        read.with_coords(np.zeros((1, 2)))
    with pytest.raises(PanhuoError):
        read.take([4])
    with pytest.raises(PanhuoError):
        read.take(np.array([True]))


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_never_raise(data: st.DataObject) -> None:
    good = bytearray(collection(6, [wkb_polygon([SQUARE, HOLE]), wkb_polygon([with_z(SQUARE, 1.0)], ">", 1003)]))
    for _ in range(data.draw(st.integers(1, 6))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    blob = bytes(good[: data.draw(st.integers(0, len(good)))])
    read = Polygons.from_wkb([blob, wkb_polygon([SQUARE])])
    assert read.state[1] == states.READ
    assert len(read.coords) == read.rings[-1]
    assert len(read.holes) == read.geoms[-1]
    assert np.isfinite(read.coords).all()


def test_threads_change_nothing() -> None:
    blobs = [wkb_polygon([[(x + k, y) for x, y in SQUARE]]) for k in range(40_000)]
    one, two = Polygons.from_wkb(blobs, threads=1), Polygons.from_wkb(blobs, threads=2)
    assert np.array_equal(one.coords, two.coords)
    assert one.to_wkb(threads=2).equals(two.to_wkb(threads=1))


@pytest.mark.shared_data
def test_a_real_city_survives_the_round_trip(shared_data: Path) -> None:
    lots = pq.read_table(shared_data / "contagem" / "parcels.parquet", columns=["geometry"])["geometry"]
    read = Polygons.from_wkb(lots)
    assert len(read) == 115_541
    assert (read.state == states.READ).all()
    assert read.to_wkb().cast(pa.binary()).equals(lots.combine_chunks().cast(pa.binary()))
