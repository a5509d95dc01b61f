"""KML and KMZ as web maps and field software write them, whole and broken."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panhuo.exchange.delivery import Layer
from panhuo.exchange.kml import read, sniff
from panhuo.exchange.result import ReadResult
from panhuo.messages import findings_table

RING = "117.30,36.60,0 117.31,36.60,0 117.31,36.61,0 117.30,36.61,0 117.30,36.60,0"
HOLE = "117.302,36.602 117.304,36.602 117.304,36.604 117.302,36.604 117.302,36.602"
POLYGON = (
    f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{RING}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
)
SQUARE = shapely.box(117.30, 36.60, 117.31, 36.61)


def mark(name: str, inside: str) -> str:
    return f"<Placemark><name>{name}</name>{inside}</Placemark>"


def kml(body: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>\n{body}\n</Document></kml>'


def lay(text: str) -> ReadResult:
    return read(text.encode(), "外业/图斑.kml")


def only(result: ReadResult) -> Layer:
    (layer,) = result.layers
    return layer


def shapes(layer: Layer) -> list[shapely.Geometry | None]:
    assert layer.geometry is not None
    return list(shapely.from_wkb(layer.geometry.to_numpy(zero_copy_only=False)))


def codes(result: ReadResult) -> list[str]:
    return [f.code for f in result.findings]


def test_folders_attributes_and_holes() -> None:
    ring = f"<outerBoundaryIs><LinearRing><coordinates>{RING}</coordinates></LinearRing></outerBoundaryIs>"
    inner = f"<innerBoundaryIs><LinearRing><coordinates>\n{HOLE}\n</coordinates></LinearRing></innerBoundaryIs>"
    data = '<ExtendedData><Data name="宗地代码"><value>990112001001GB00001</value></Data></ExtendedData>'
    text = kml(
        "<Folder><name>澄湖区</name><Folder><name>城南街道</name>"
        + mark("甲", f"{data}<Polygon>{ring}{inner}</Polygon>")
        + "</Folder>"
        + mark("乙", POLYGON)
        + "</Folder>"
        + mark("丙", f"<MultiGeometry>{POLYGON}{POLYGON.replace('117.3', '117.4')}</MultiGeometry>")
    )
    assert sniff(text.encode())
    result = lay(text)
    assert result.findings == []
    layer = only(result)
    frame = layer.frame()
    assert frame["name"].to_list() == ["甲", "乙", "丙"]
    assert frame["文件夹"].to_list() == ["澄湖区/城南街道", "澄湖区", None]
    assert frame["宗地代码"].to_list() == ["990112001001GB00001", None, None]
    a, b, c = shapes(layer)
    assert len(a.interiors) == 1 and b.equals(SQUARE) and len(c.geoms) == 2
    assert layer.crs is not None and layer.crs.epsg == 4326


def test_schema_numbers_and_codes() -> None:
    schema = '<Schema id="s"><SimpleField name="MJ" type="double"/><SimpleField name="BH" type="int"/></Schema>'
    rows = [
        mark(
            n,
            f'<ExtendedData><SchemaData schemaUrl="#s"><SimpleData name="MJ">{m}</SimpleData>'
            f'<SimpleData name="BH">{b}</SimpleData></SchemaData></ExtendedData>{POLYGON}',
        )
        for n, m, b in (("1", "1.5", "007"), ("2", "2", "8"))
    ]
    frame = only(lay(kml(schema + "".join(rows)))).frame()
    assert frame["MJ"].to_list() == [1.5, 2.0] and frame["BH"].to_list() == ["007", "8"]


def test_attributes_in_a_table_of_the_description() -> None:
    table = (
        "<table><tr><th colspan=2>甲</th></tr><tr><td>宗地代码</td><td>GB1</td></tr>"
        "<tr><td><b>面积</b>：</td><td>1.5&nbsp;公顷</td></tr></table>"
    )
    for text in (f"<![CDATA[{table}]]>", table.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")):
        frame = only(lay(kml(mark("甲", f"<description>{text}</description>{POLYGON}")))).frame()
        assert frame["宗地代码"].to_list() == ["GB1"] and frame["面积"].to_list() == ["1.5 公顷"]


def test_blanks_after_commas() -> None:
    text = kml(mark("甲", POLYGON.replace(",", ", ").replace(" 117", "\n\t117")))
    result = lay(text)
    assert result.findings == [] and shapes(only(result))[0].equals(SQUARE)


def test_a_file_cut_off_keeps_its_whole_placemarks() -> None:
    text = kml(mark("甲", POLYGON) + "\n" + mark("乙", POLYGON))
    result = lay(text[: text.index("乙") + 80])
    assert only(result).frame()["name"].to_list() == ["甲"]
    (finding,) = result.findings
    assert finding.code == "KML-05" and "第 4 行" in finding.text.zh and finding.value == "乙"


def test_placemarks_after_a_broken_one_are_rescued() -> None:
    text = kml("<Folder><name>夹</name>" + "\n".join(mark(n, POLYGON) for n in "甲乙丙丁") + "</Folder>")
    spoilt = text.replace("<name>乙</name><Polygon>", "<name>乙</name><Poly", 1)
    result = lay(spoilt)
    assert only(result).frame()["name"].to_list() == ["甲", "丙", "丁"]
    assert set(only(result).frame()["文件夹"].to_list()) == {"夹"}
    assert codes(result) == ["KML-05"]


def test_bare_ampersands_and_html_entities_are_read_as_text() -> None:
    result = lay(kml(mark("甲&乙&nbsp;<![CDATA[丙 & 丁]]>", POLYGON)))
    assert only(result).frame()["name"].to_list() == ["甲&乙\u00a0丙 & 丁"]
    assert codes(result) == ["KML-08"]


def test_entities_of_its_own_are_refused() -> None:
    bomb = '<!DOCTYPE kml [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><kml><Placemark><name>&b;</name></Placemark></kml>'
    outside = (
        '<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml><Placemark><name>&x;</name></Placemark></kml>'
    )
    for text in (bomb, outside):
        result = lay(text)
        assert result.layers == () and codes(result) == ["KML-03"]


def test_points_lines_and_spoilt_coordinates_are_kept_as_rows() -> None:
    line = "<LineString><coordinates>117.3,36.6 117.4,36.7</coordinates></LineString>"
    text = kml(
        mark("点", "<Point><coordinates>117.3,36.6</coordinates></Point>")
        + mark("线", line)
        + mark("坏", POLYGON.replace("117.31,36.61", "117.31,北纬"))
        + mark("无", "")
        + mark("闭", f"<LineString><coordinates>{RING}</coordinates></LineString>")
        + mark("混", f"<MultiGeometry>{POLYGON}<Point><coordinates>117.3,36.6</coordinates></Point></MultiGeometry>")
    )
    result = lay(text)
    layer = only(result)
    assert [g.geom_type if g is not None else None for g in shapes(layer)] == [
        "Point",
        "LineString",
        None,
        None,
        "LineString",
        "Polygon",
    ]
    assert [(f.code, f.row) for f in result.findings] == [("KML-10", 3), ("KML-11", 4), ("KML-13", 5), ("KML-12", 6)]


def test_gbk_text_and_shifted_maps() -> None:
    text = kml(mark("地块", POLYGON) + "<!-- 奥维互动地图 -->").replace("UTF-8", "GB2312")
    result = read(text.encode("gbk"), "x.ovkml")
    layer = only(result)
    assert layer.frame()["name"].to_list() == ["地块"] and layer.encoding == "gb18030"
    assert codes(result) == ["KML-07"] and "GCJ-02" in layer.notes[0]
    assert layer.crs is not None and layer.crs.confidence < 1


def test_kmz_with_pictures() -> None:
    box = io.BytesIO()
    with zipfile.ZipFile(box, "w") as book:
        book.writestr("files/a.png", b"\x89PNG")
        book.writestr("doc.kml", kml(mark("甲", POLYGON)))
    assert sniff(box.getvalue())
    result = read(box.getvalue(), "x.kmz")
    assert only(result).name == "x" and codes(result) == ["KML-02"]
    assert codes(read(box.getvalue()[:-30], "x.kmz")) == ["KML-01"]


def test_network_links_are_counted_and_never_followed() -> None:
    link = "<NetworkLink><name>远</name><Link><href>http://example.invalid/x.kml</href></Link></NetworkLink>"
    result = lay(kml(mark("甲", POLYGON) + link))
    assert codes(result) == ["KML-09"] and only(result).count == 1


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("montpellier/VilleMTP_MTP_ZAC.kml", 35),
        ("montpellier/VilleMTP_MTP_PerimetresEtud.kml", 23),
        ("uk_brownfield/resource_examples/kml.resource", 12),
        ("uk_brownfield/resource_examples/kml_multilayer.resource", 210),
    ],
)
def test_real_files_read_as_gdal_reads_them(shared_data: Path, name: str, count: int) -> None:
    data = (shared_data / name).read_bytes()
    assert sniff(data)
    layer = only(read(data, name))
    assert layer.count == count
    theirs = [
        g
        for n, _ in pyogrio.list_layers(data)
        for g in shapely.from_wkb(pyogrio.raw.read(data, layer=n, force_2d=True)[2])
    ]
    assert len(theirs) == count
    assert all(a is not None and a.equals_exact(b, 0) for a, b in zip(shapes(layer), theirs, strict=True))


@pytest.mark.shared_data
def test_the_kml_tells_the_same_as_its_sister_shapefile(shared_data: Path) -> None:
    layer = only(read((shared_data / "montpellier/VilleMTP_MTP_PerimetresEtud.kml").read_bytes(), "x.kml"))
    sister = shared_data / "montpellier/VilleMTP_MTP_PerimetresEtud.zip"
    meta, _, _, fields = pyogrio.raw.read(f"/vsizip/{sister}", read_geometry=False)
    column = dict(zip(meta["fields"], fields, strict=True))["AREA_1"]
    assert np.allclose(sorted(layer.frame()["AREA_1"].to_list()), sorted(column))


@pytest.mark.shared_data
def test_the_truncated_register_says_where_it_breaks(shared_data: Path) -> None:
    result = read((shared_data / "uk_brownfield/resource_examples/kml-bad.resource").read_bytes(), "kml-bad.resource")
    assert result.layers == () and codes(result) == ["KML-05", "KML-06"]
    assert "St Nicholas Hospital" in result.findings[0].text.zh


WHOLE = kml(
    "<Folder><name>夹</name>"
    + mark("甲", POLYGON)
    + mark("乙", f"<MultiGeometry>{POLYGON}{POLYGON}</MultiGeometry>")
    + "</Folder>"
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(WHOLE)),
            st.text(st.sampled_from('<>/&;"0,. nameP甲\x00'), max_size=4),
            st.integers(0, 30),
        ),
        max_size=5,
    )
)
def test_nothing_makes_the_reader_fail(changes: list[tuple[int, str, int]]) -> None:
    text = WHOLE
    for place, new, length in changes:
        text = text[:place] + new + text[place + length :]
    _sound(text.encode())


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail(data: bytes) -> None:
    _sound(data)
    _sound(b"PK\x03\x04" + data)
    _sound(b"<kml><Placemark>" + data)


def _sound(data: bytes) -> None:
    sniff(data)
    result = read(data, "x.kml")
    findings_table(result.findings)
    for layer in result.layers:
        assert layer.geometry is not None and len(layer.geometry) == layer.count
