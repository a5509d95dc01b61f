"""Charts and maps: what they show, what they never do, and that a million parcels stay cheap."""

from __future__ import annotations

import base64
import datetime as dt
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_maps import quads, sample_map
from sample_papers import TOWNS, charts

from panhuo.documents import Chart, Drawing, Series, chart, histogram, map_svg, render_svg, svg_to_png
from panhuo.documents.chart_frame import round_scale
from panhuo.documents.fonts import text_width
from panhuo.documents.map_parts import denominator
from panhuo.documents.map_shapes import paint, take
from panhuo.documents.maps import BoundaryLayer, ClassStyle, MapLayer, MapSpec
from panhuo.land.polygons import Polygons
from panhuo.messages import PanhuoError

SVG = "{http://www.w3.org/2000/svg}"


def words_of(drawing: Drawing) -> list[str]:
    root = ElementTree.fromstring(drawing.svg)
    # A halo draws the same words twice.
    return list(dict.fromkeys("".join(e.itertext()) for e in root.iter(f"{SVG}text")))


def boxes_of(drawing: Drawing) -> list[tuple[str, float, float, float, float]]:
    """The boxes that level texts cover: words, left, top, right, bottom."""
    boxes = {}
    for e in ElementTree.fromstring(drawing.svg).iter(f"{SVG}text"):
        words, size = "".join(e.itertext()), float(e.get("font-size", "8"))
        if e.get("transform"):
            continue
        w, x, y = text_width(words, size), float(e.get("x", 0)), float(e.get("y", 0))
        left = x - {"start": 0, "middle": w / 2, "end": w}[e.get("text-anchor", "start")]
        boxes[words, left, y] = (words, left, y - size * 0.8, left + w, y + size * 0.1)
    return list(boxes.values())


def overlaps(drawing: Drawing) -> list[tuple[str, str]]:
    boxes = boxes_of(drawing)
    return [
        (a[0], b[0])
        for k, a in enumerate(boxes)
        for b in boxes[k + 1 :]
        if a[1] < b[3] - 0.3 and b[1] < a[3] - 0.3 and a[2] < b[4] - 0.3 and b[2] < a[4] - 0.3
    ]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_words_of_a_chart_lie_on_each_other_or_leave_the_picture(lang: str) -> None:
    for figure in charts(lang):  # type: ignore[arg-type]
        drawing = render_svg(figure.graphic)  # type: ignore[arg-type]
        assert overlaps(drawing) == []
        for words, left, top, right, bottom in boxes_of(drawing):
            inside = left >= 0 and top >= -1 and right <= drawing.width_mm / 25.4 * 72 + 1
            assert inside and bottom <= drawing.height_mm / 25.4 * 72 + 1, words


def test_values_stand_at_their_bars_and_a_missing_one_is_no_zero() -> None:
    drawing = chart(Chart("bar", TOWNS[:3], (Series("", (12.5, None, 3.0)),), "公顷", decimals=1))
    words = words_of(drawing)
    assert "12.5" in words and "3.0" in words and "0.0" not in words
    bars = [r for r in ElementTree.fromstring(drawing.svg).iter(f"{SVG}rect") if r.get("fill") == "#1f5a94"]
    assert len(bars) == 2


def test_shares_are_per_cent_of_each_bar() -> None:
    drawing = chart(Chart("share", ("甲",), (Series("国有", (1.0,)), Series("集体", (3.0,)))))
    assert {"25.0%", "75.0%"} <= set(words_of(drawing))


def test_series_differ_in_more_than_colour() -> None:
    drawing = chart(Chart("bar", ("甲",), (Series("一", (1.0,)), Series("二", (2.0,)))))
    assert "<pattern" in drawing.svg
    lines = chart(Chart("line", ("甲", "乙"), (Series("一", (1.0, 2.0)), Series("二", (2.0, 1.0)))))
    assert "stroke-dasharray" in lines.svg


def test_two_drawings_in_one_page_do_not_share_names() -> None:
    series = (Series("一", (1.0,)), Series("二", (2.0,)))
    first, second = (chart(Chart("bar", (name,), series)).svg for name in ("甲", "乙"))
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0] and not ids[0] & ids[1]
    assert all(f"url(#{name})" in first for name in ids[0])


def test_a_histogram_counts_every_value_once() -> None:
    values = np.random.default_rng(1).gamma(2, 3, 999)
    spec = histogram([*values, np.nan], bins=9)
    assert sum(v or 0 for v in spec.series[0].values) == 999
    assert len(spec.edges) == len(spec.series[0].values) + 1
    assert words_of(chart(spec))


def test_charts_of_nothing_and_of_wrong_length_say_so() -> None:
    assert "无数据" in chart(Chart("bar", ("甲",), (Series("", (None,)),))).svg
    with pytest.raises(PanhuoError, match="2 个值"):
        chart(Chart("bar", ("甲",), (Series("面积", (1.0, 2.0)),)))


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_an_axis_holds_its_values_and_zero_in_few_steps(a: float, b: float) -> None:
    scale = round_scale(min(a, b), max(a, b))
    slack = scale.step * 1e-6
    assert scale.low <= min(a, b, 0) + slack and scale.high >= max(a, b, 0) - slack
    assert 2 <= len(scale.ticks()) <= 12


def test_a_map_carries_what_a_map_must() -> None:
    drawing = map_svg(sample_map(400))
    words = words_of(drawing)
    for said in ("澄湖区低效用地分布图", "图　例", "布局散乱类", "乡镇（街道）界", "北", "审图号：________"):
        assert said in words
    assert any(w.startswith("比例尺 1:") for w in words)
    assert any(w.endswith("千米") for w in words)
    assert any("3度带第39带" in w for w in words)
    assert "制图日期：2026年11月21日" in words
    assert "39520000" in words and "4050000" in words
    assert set(TOWNS) <= set(words)
    assert "Legend" in words_of(map_svg(sample_map(400, "en")))


def test_the_scale_of_a_map_is_true_on_paper() -> None:
    drawing = map_svg(sample_map(400))
    ratio = next(w for w in words_of(drawing) if w.startswith("比例尺"))
    said = float(re.sub(r"\D", "", ratio.split(":")[1]))
    ticks = {b[0]: (b[1] + b[3]) / 2 for b in boxes_of(drawing) if re.fullmatch(r"395\d{5}", b[0])}
    left, right = ticks["39520000"], ticks["39535000"]
    assert (right - left) / 72 * 0.0254 * said == pytest.approx(15_000, rel=1e-3)


@given(st.floats(1, 1e8))
def test_scales_are_round_and_large_enough(least: float) -> None:
    found = denominator(least)
    assert found >= least * 0.999 and found <= least * 1.51
    assert float(f"{found:.1e}") == pytest.approx(found)


def test_names_of_townships_do_not_lie_on_each_other() -> None:
    many = quads(9, 9, 1.0, 4, 0.5)
    names = tuple(f"{TOWNS[k % 12]}{k}" for k in range(len(many)))
    spec = replace(sample_map(400), boundaries=(BoundaryLayer(many, "村界", names),), width_mm=120)
    drawing = map_svg(spec)
    labels = [b for b in boxes_of(drawing) if b[0] in names or re.fullmatch(r"\d{1,2}", b[0])]
    assert len(labels) >= 75
    here = {b[0] for b in labels}
    assert [pair for pair in overlaps(drawing) if here.issuperset(pair)] == []


def test_names_without_room_become_numbers_that_the_legend_explains() -> None:
    many = quads(40, 30, 1.0, 4, 0.5)
    names = tuple(f"第{k}号调查单元" for k in range(len(many)))
    drawing = map_svg(replace(sample_map(400), boundaries=(BoundaryLayer(many, "", names),)), room=(156, 150))
    assert drawing.height_mm <= 150 and drawing.width_mm <= 156
    words = words_of(drawing)
    assert any(re.match(r"1 第\d+号调查单元", w) for w in words)


def test_three_hundred_thousand_parcels_stay_small_and_keep_their_classes() -> None:
    spec = sample_map(300_000)
    drawing = map_svg(spec)
    assert len(drawing.svg) < 5_000_000
    assert "data:image/png;base64," in drawing.svg
    png = svg_to_png(drawing, ppi=100)
    assert png.startswith(b"\x89PNG") and len(png) < 5_000_000
    picture = base64.b64decode(re.search(r"base64,([^\"]+)", drawing.svg).group(1))  # type: ignore[union-attr]
    palette = picture[picture.index(b"PLTE") + 4 :][:18]
    assert palette[3:6] == bytes.fromhex("9c3d54")


def test_a_painted_map_is_the_same_twice() -> None:
    spec = sample_map(20_000)
    assert map_svg(spec).svg == map_svg(spec).svg


def square(x: float, y: float, side: float, hole: float = 0) -> Polygons:
    def ring(a: float, b: float, s: float) -> list[tuple[float, float]]:
        return [(a, b), (a + s, b), (a + s, b + s), (a, b + s), (a, b)]

    points = ring(x, y, side)
    rings, holes = [0, 5], [False]
    if hole:
        inset = (side - hole) / 2
        points += ring(x + inset, y + inset, hole)
        rings, holes = [0, 5, 10], [False, True]
    return Polygons(
        np.array(points, float), np.array(rings), np.array(holes), np.array([0, len(holes)]), np.zeros(1, np.uint8)
    )


def test_paint_fills_pixels_by_their_centres_keeps_holes_open_and_shows_what_is_small() -> None:
    grid, owner = np.zeros((20, 20), np.int16), np.zeros((20, 20), np.int32)
    shape = square(2, 2, 10, 4)
    paint(grid, owner, shape.coords, shape.rings, shape.geoms, np.array([0]), 0)
    assert (grid == 1).sum() == 100 - 16
    assert grid[6, 6] == 0 and grid[2, 2] == 1 and grid[12, 12] == 0
    dot = square(15.1, 15.1, 0.2)
    paint(grid, owner, dot.coords, dot.rings, dot.geoms, np.array([1]), 1)
    assert grid[15, 15] == 2 and owner[15, 15] == 2
    off = square(-50, -50, 10)
    paint(grid, owner, off.coords, off.rings, off.geoms, np.array([2]), 2)
    assert not (grid == 3).any()


def test_taking_some_geometries_leaves_their_rings_whole() -> None:
    parcels = quads(5, 4, 0.9, 1)
    some = take(parcels, np.array([7, 2]))
    assert len(some) == 2
    np.testing.assert_array_equal(some.coords[:5], parcels.coords[35:40])
    np.testing.assert_array_equal(some.coords[5:], parcels.coords[10:15])


def test_a_map_of_nothing_and_of_layers_that_do_not_agree_is_refused() -> None:
    style = (ClassStyle("甲", "#123456"),)
    nothing = Polygons(
        np.zeros((0, 2)), np.zeros(1, np.int64), np.zeros(0, bool), np.zeros(1, np.int64), np.zeros(0, np.uint8)
    )
    with pytest.raises(PanhuoError, match="没有可绘制"):
        map_svg(MapSpec("图", (MapLayer(nothing, np.zeros(0, int), style),)))
    with pytest.raises(PanhuoError, match="不符"):
        map_svg(MapSpec("图", (MapLayer(square(0, 0, 9), np.array([1]), style),)))


def test_hostile_words_in_a_map_are_only_words() -> None:
    bad = "</text><script>alert(1)</script>&"
    layer = MapLayer(square(0, 0, 900), np.array([0]), (ClassStyle(bad, "#123456"),))
    spec = MapSpec(
        bad,
        (layer,),
        (BoundaryLayer(square(0, 0, 900), bad, ("甲镇",)),),
        crs_note=bad,
        source=bad,
        date=dt.date(2026, 1, 1),
    )
    root = ElementTree.fromstring(map_svg(spec).svg)
    assert root.find(f".//{SVG}script") is None
