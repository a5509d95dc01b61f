"""What must hold for every boundary file: written in any form it reads back the same, spoilt it never breaks."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panhuo.exchange.boundary_txt import TxtOptions, read, render, sniff
from panhuo.exchange.delivery import Layer
from panhuo.land.crs import Crs
from panhuo.messages import PanhuoError, findings_table

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def star(
    x: float, y: float, near: float, far: float, shares: list[float], decimals: int, scale: float
) -> shapely.Polygon:
    """A star-shaped ring about a point: its radius stays between ``near`` and ``far``."""
    n = len(shares)
    radii = [(near + (far - near) * s) * scale for s in shares]
    return shapely.Polygon(
        [
            (
                round(x + r * math.cos(2 * math.pi * k / n), decimals),
                round(y + r * math.sin(2 * math.pi * k / n), decimals),
            )
            for k, r in enumerate(radii)
        ]
    )


@st.composite
def multipolygons(draw: st.DrawFn, x: float, y: float, decimals: int, scale: float) -> shapely.Geometry:
    """Up to three parts, each with up to two holes, a hole perhaps with an island."""
    shares = st.lists(st.floats(0, 1), min_size=5, max_size=9)
    parts: list[shapely.Geometry] = []
    for k in range(draw(st.integers(1, 3))):
        cx = x + 200 * k * scale
        part: shapely.Geometry = star(cx, y, 60, 90, draw(shares), decimals, scale)
        for side in (-1, 1)[: draw(st.integers(0, 2))]:
            hx = cx + 25 * side * scale
            part = part.difference(star(hx, y, 12, 18, draw(shares), decimals, scale))
            if draw(st.booleans()):
                parts.append(star(hx, y, 3, 6, draw(shares), decimals, scale))
        parts.append(part)
    return shapely.union_all(parts)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[Layer, TxtOptions]:
    """A layer of one to four plots, and a way to write it."""
    crs = draw(st.sampled_from([Crs.from_epsg(4527), Crs.from_epsg(4548), Crs.from_epsg(2363), Crs.from_epsg(4490)]))
    degrees = crs.is_geographic
    decimals = 9 if degrees else draw(st.integers(2, 4))
    scale = 1e-5 if degrees else 1.0
    x0, y0 = (117.3, 36.6) if degrees else (39_520_000.0 if crs.prefix else 520_000.0, 4_050_000.0)
    n = draw(st.integers(1, 4))
    shapes = [draw(multipolygons(x0, y0 + 300 * k * scale, decimals, scale)) for k in range(n)]
    name = st.text(st.sampled_from("甲乙丙丁地块一二三AB12 ，-（）"), max_size=6)
    table = pa.table(
        {
            "地块编号": [f"DK{k:03d}" for k in range(n)],
            "地块名称": pa.array([draw(name) or None for _ in range(n)], pa.string()),
            "地类编码": ["0601"] * n,
            "备注": ["备"] * n,
        }
    )
    layer = Layer("t", "t.txt", "test", table, pa.array(shapely.to_wkb(shapes), pa.large_binary()), crs)
    numbering = draw(st.sampled_from(["continue", "restart"]))
    close = draw(st.booleans())
    options = TxtOptions(
        encoding=draw(st.sampled_from(["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])),
        newline=draw(st.sampled_from(["\r\n", "\n"])),
        layout=draw(st.sampled_from(["official", "official", "headless", "provincial"])),
        axis=draw(st.sampled_from(["north-east", "east-north"])),
        decimals=decimals,
        numbering=numbering,
        ring_numbers=draw(st.sampled_from(["count", "one"])) if close or numbering == "restart" else "count",
        close=close,
        count_closing=draw(st.booleans()),
        area_unit=draw(st.sampled_from(["公顷", "平方米", "亩"])),
        area_suffix=draw(st.booleans()),
        items=draw(st.sampled_from([8, 9, 14])),
        point_prefix=draw(st.sampled_from(["J", "", "JZ-"])),
        point_digits=draw(st.sampled_from([0, 3])),
        arrange=draw(st.booleans()),
        head=draw(st.sampled_from([{}, {"几度分带": "3度带"}, {"格式版本号": "1．01版本"}])) if not degrees else {},
        sections=draw(st.sampled_from([{}, {"项目信息": {"项目名称": "甲"}}])),
    )
    return layer, options


@SLOW
@given(deliveries())
def test_written_in_any_form_it_reads_back_the_same_polygons(case: tuple[Layer, TxtOptions]) -> None:
    layer, options = case
    data = render(layer, options)
    assert sniff(data)
    result = read(data, "t.txt")
    (back,) = result.layers
    assert back.geometry is not None and layer.geometry is not None
    before = shapely.from_wkb(layer.geometry.to_numpy(zero_copy_only=False))
    after = shapely.from_wkb(back.geometry.to_numpy(zero_copy_only=False))
    assert len(before) == len(after)
    assert all(a.equals(b) for a, b in zip(before, after, strict=True))
    vertices = [{tuple(c) for c in shapely.get_coordinates(g).tolist()} for g in before]
    assert vertices == [{tuple(c) for c in shapely.get_coordinates(g).tolist()} for g in after]
    if options.layout != "official":
        return
    assert layer.crs is not None and back.crs is not None and back.crs.epsg == layer.crs.epsg
    expected = {"TXT-06"} if options.axis == "east-north" else set()
    assert {f.code for f in result.findings} - {"TXT-10"} == expected
    frame, source = back.frame(), layer.frame()
    assert frame["地块编号"].to_list() == source["地块编号"].to_list()
    said = [None if t is None else " ".join(t.split()) or None for t in source["地块名称"].to_list()]
    assert frame["地块名称"].to_list() == said
    area = [g.area for g in before] if not layer.crs.is_geographic else frame["面积_平方米"].to_list()
    assert np.allclose(frame["面积_平方米"].to_list(), area, rtol=0, atol=1.0)
    assert set(frame["面积单位"].to_list()) == {options.area_unit}


BASE = render(
    Layer(
        "t",
        "t.txt",
        "test",
        pa.table({"地块编号": ["A", "B", "C"], "地块名称": ["甲", "乙", "丙"]}),
        pa.array(
            shapely.to_wkb(
                [
                    shapely.box(39520000 + 500 * k, 4050000, 39520100 + 500 * k, 4050100).difference(
                        shapely.box(39520040 + 500 * k, 4050040, 39520060 + 500 * k, 4050060)
                    )
                    for k in range(3)
                ]
            ),
            pa.large_binary(),
        ),
        Crs.from_epsg(4527),
    ),
    TxtOptions(encoding="utf-8", newline="\n"),
).decode()


@SLOW
@given(st.data())
def test_a_spoilt_point_line_is_found_by_its_number(data: st.DataObject) -> None:
    lines = BASE.split("\n")
    at = data.draw(st.sampled_from([k for k, t in enumerate(lines) if t.startswith("J")]))
    items = lines[at].split(",")
    match data.draw(st.sampled_from(["letter", "missing", "empty", "more", "infinite"])):
        case "letter":
            items[data.draw(st.sampled_from([2, 3]))] += "x"
        case "missing":
            del items[data.draw(st.sampled_from([2, 3]))]
        case "empty":
            items[2] = ""
        case "more":
            items += ["1", "2", "3"]
        case "infinite":
            items[3] = "inf"
    lines[at] = ",".join(items)
    result = read("\n".join(lines).encode(), "t.txt")
    (layer,) = result.layers
    assert ("TXT-02", at + 1) in {(f.code, f.row) for f in result.findings}
    assert layer.frame()["地块编号"].to_list() == ["A", "B", "C"]
    assert layer.geometry is not None and layer.geometry.null_count == 1


@SLOW
@given(
    st.lists(st.tuples(st.integers(0, len(BASE) - 1), st.text(max_size=3), st.integers(0, 40)), max_size=8),
    st.sampled_from(["utf-8", "gb18030", "utf-16"]),
)
def test_no_change_of_the_text_makes_the_reader_fail(changes: list[tuple[int, str, int]], encoding: str) -> None:
    text = BASE
    for place, new, length in changes:
        text = text[:place] + new + text[place + length :]
    _sound(text.encode(encoding, errors="replace"))


@SLOW
@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    _sound(data)
    _sound(BASE.encode()[:300] + data)


@SLOW
@given(st.text(st.sampled_from("J12,.@\n面[]= 0-e地块坐标"), max_size=120))
def test_no_text_like_a_file_makes_the_reader_fail(text: str) -> None:
    _sound(text.encode())
    _sound(("[地块坐标]\n" + text).encode())


def _sound(data: bytes) -> None:
    sniff(data)
    result = read(data, "t.txt")
    findings_table(result.findings)
    for finding in result.findings:
        assert finding.text.zh and finding.text.en
    for layer in result.layers:
        assert layer.geometry is not None and len(layer.geometry) == layer.count == len(layer.rows or [])
        shapes = shapely.from_wkb(layer.geometry.to_numpy(zero_copy_only=False))
        assert np.isfinite(shapely.get_coordinates(shapes)).all()


def test_impossible_options_are_refused() -> None:
    with pytest.raises(PanhuoError):
        TxtOptions(decimals=13)
