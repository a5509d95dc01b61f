"""What is written comes back: the law of every driver, over Chinese names, rare characters, nulls, dates, holes."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from panhuo.exchange import Layer, open_delivery, write
from panhuo.land.crs import Crs
from panhuo.messages import PanhuoError

X, Y = 39_580_000.0, 4_050_000.0
TEXTS = st.text(alphabet="宗地权利人𠮷㐱甲乙丙丁aZ09-·（）", min_size=1, max_size=40)
NAMES = st.text(alphabet="宗地权利用途面积码abcXYZ", min_size=1, max_size=12)
VALUES: dict[str, st.SearchStrategy[object]] = {
    "text": TEXTS,
    "int": st.integers(-(10**14), 10**14),
    "float": st.floats(-1e12, 1e12, allow_nan=False, width=64).map(lambda v: round(v, 4)),
    "date": st.dates(date(1950, 1, 1), date(2080, 12, 31)),
    "bool": st.booleans(),
}
TYPES = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "date": pa.date32(), "bool": pa.bool_()}


@st.composite
def shapes(draw: st.DrawFn) -> bytes | None:
    """A parcel: nothing, a box, a box with a hole, or two parts of which one has a hole; corners on millimetres."""
    kind = draw(st.integers(0, 3))
    x, y = X + draw(st.integers(0, 10**6)) / 1000, Y + draw(st.integers(0, 10**6)) / 1000
    box = shapely.box(x, y, x + 10, y + 8)
    ring = box.difference(shapely.box(x + 2, y + 2, x + 3.5, y + 4.25))
    made = [None, box, ring, shapely.MultiPolygon([ring, shapely.box(x + 20, y, x + 30, y + 5)])][kind]
    return None if made is None else shapely.to_wkb(made, byte_order=1)


@st.composite
def layers(draw: st.DrawFn, geometry: bool = True) -> Layer:
    n = draw(st.integers(1, 6))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=lambda s: s.lower()))
    columns = {"必填": pa.array([f"编号{k}" for k in range(n)])}
    for name in names:
        kind = draw(st.sampled_from(sorted(VALUES)))
        cells = draw(st.lists(st.none() | VALUES[kind], min_size=n, max_size=n))
        columns[name] = pa.array(cells, TYPES[kind])
    wkb = draw(st.lists(shapes(), min_size=n, max_size=n)) if geometry else None
    if wkb is not None and wkb[0] is None:
        wkb[0] = shapely.box(X, Y, X + 1, Y + 1).wkb
    shape = None if wkb is None else pa.array(wkb, pa.large_binary())
    return Layer("宗地", "", "", pa.table(columns), shape, Crs.from_epsg(4527) if wkb else None)


def plain(table: pa.Table, like: pa.Table) -> list[dict[str, object]]:
    """Rows with the values as ``like`` types them; what a format can only give as text or number is compared so."""
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    out = []
    for name in like.column_names:
        kind, column = like.schema.field(name).type, frame[name]
        if pa.types.is_date(kind):
            out.append(column.str.to_date() if column.dtype == pl.String else column.cast(pl.Date))
        elif pa.types.is_boolean(kind):
            out.append(column == "true" if column.dtype == pl.String else column.cast(pl.Boolean))
        elif pa.types.is_integer(kind):
            out.append(column.cast(pl.Int64))
        elif pa.types.is_floating(kind):
            out.append(column.cast(pl.Float64))
        else:
            out.append(column.cast(pl.String))
    return pl.DataFrame(out).to_dicts()


def same_shapes(one: pa.Array, two: pa.Array, tolerance: float) -> bool:
    """Equal point sets, parts and holes, whatever the direction of rings and however single parts are wrapped."""
    if one.is_null().to_pylist() != two.is_null().to_pylist():
        return False
    a, b = (shapely.normalize(shapely.from_wkb(v.drop_null().to_pylist())) for v in (one, two))
    if tolerance == 0:
        return all(x.equals(y) and np.isclose(x.area, y.area, rtol=1e-12) for x, y in zip(a, b, strict=True))
    return all(x.hausdorff_distance(y) <= tolerance for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("ext", ["gpkg", "gdb", "shp", "fgb", "parquet", "geojson", "csv"])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(layer=layers())
def test_a_layer_comes_back_from(ext: str, layer: Layer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"宗地.{ext}"
        write(layer, path, crs=4527 if ext == "geojson" else None)
        delivery = open_delivery(path)
    back = delivery.layers[0]
    if ext in ("fgb", "parquet", "csv", "geojson"):
        assert back.fields == layer.fields
    assert plain(back.table.rename_columns(layer.fields), layer.table) == plain(layer.table, layer.table)
    tolerance = {"gdb": 0.0002, "geojson": 0.0001}.get(ext, 0.0)
    assert same_shapes(back.geometry, layer.geometry, tolerance)
    assert back.crs is not None and back.crs.epsg == 4527
    assert not set(delivery.findings["severity"]) & {"error"}


@settings(max_examples=12, deadline=None)
@given(layer=layers(geometry=False))
def test_a_table_comes_back_from_a_workbook(layer: Layer) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(layer, Path(folder) / "表.xlsx")
        back = open_delivery(Path(folder) / "表.xlsx").layers[0]
    assert back.fields == layer.fields
    assert plain(back.table, layer.table) == plain(layer.table, layer.table)


def sample(name: str = "宗地") -> Layer:
    box = shapely.box(X, Y, X + 10, Y + 10).wkb
    return Layer(
        name, "", "", pa.table({"ZDDM": ["1"], "面积": [1.5]}), pa.array([box], pa.large_binary()), Crs.from_epsg(4527)
    )


def test_geojson_without_crs_is_longitude_and_latitude(tmp_path: Path) -> None:
    write(sample(), tmp_path / "a.geojson")
    assert '"crs"' not in (tmp_path / "a.geojson").read_text()
    layer = open_delivery(tmp_path / "a.geojson").layers[0]
    assert 117 < shapely.from_wkb(layer.geometry[0].as_py()).centroid.x < 119  # type: ignore[index]


def test_writing_in_another_coordinate_system(tmp_path: Path) -> None:
    write(sample(), tmp_path / "a.gpkg", crs="EPSG:4490")
    layer = open_delivery(tmp_path / "a.gpkg").layers[0]
    assert layer.crs is not None and layer.crs.epsg == 4490
    with pytest.raises(PanhuoError, match="坐标系不明"):
        write(sample().with_(crs=None), tmp_path / "b.gpkg", crs=4490)
    assert not (tmp_path / "b.gpkg").exists()


@pytest.mark.parametrize("ext", ["gpkg", "shp", "geojson", "fgb", "parquet", "xlsx", "csv"])
def test_the_same_layers_give_the_same_bytes(tmp_path: Path, ext: str) -> None:
    """No clock and no chance in what is written: two runs of a survey can be compared file by file."""
    table = pa.table({"代码": ["甲", "乙"], "面积": [1.5, None]})
    box = shapely.box(X, Y, X + 1, Y + 1).wkb
    layer = Layer("宗地", "", "", table, pa.array([box, None], pa.large_binary()), Crs.from_epsg(4527))
    made = []
    for run in ("一", "二"):
        (tmp_path / run).mkdir()
        write(layer, tmp_path / run / f"结果.{ext}")
        made.append({p.name: p.read_bytes() for p in (tmp_path / run).iterdir()})
    assert made[0] == made[1]


def test_a_geopackage_does_not_count_its_transactions(tmp_path: Path) -> None:
    """GDAL makes one more where a second passes while it writes; the file stays sound."""
    write(sample(), tmp_path / "a.gpkg")
    head = (tmp_path / "a.gpkg").read_bytes()[:100]
    assert head[24:28] == head[92:96] == b"\0\0\0\1"
    with closing(sqlite3.connect(tmp_path / "a.gpkg")) as db:
        assert db.execute("pragma integrity_check").fetchall() == [("ok",)]


@pytest.mark.parametrize("ext", ["gpkg", "gdb", "xlsx"])
def test_layers_of_one_name_do_not_overwrite_each_other(tmp_path: Path, ext: str) -> None:
    write([sample(), sample(), sample("图斑")], tmp_path / f"a.{ext}")
    assert [x.name for x in open_delivery(tmp_path / f"a.{ext}")] == ["宗地", "宗地_2", "图斑"]


@pytest.mark.parametrize("ext", ["gpkg", "gdb", "shp", "xlsx"])
def test_a_failed_write_leaves_what_was_there(tmp_path: Path, ext: str) -> None:
    path = tmp_path / f"a.{ext}"
    write(sample(), path)
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    good, bad = sample(), sample().with_(table=pa.table({"x": [1, 2, 3]}))

    def stop(step: str, done: int, total: int) -> None:
        raise RuntimeError("power cut")

    with pytest.raises((RuntimeError, PanhuoError, pa.ArrowInvalid, ValueError)):
        write([good, bad], path, progress=stop)
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    write([good], path)
    assert len(open_delivery(path).layers) == 1


def test_titles_and_codes_in_a_workbook(tmp_path: Path) -> None:
    import openpyxl

    layer = sample().with_(
        geometry=None, table=pa.table({"ZDDM": ["370112001001GB00001"], "码": ["0601"], "长": [3701120010010000001]})
    )
    write(layer, tmp_path / "a.xlsx", titles={"ZDDM": "宗地代码"})
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["宗地"]
    assert [c.value for c in sheet[1]] == ["宗地代码", "码", "长"]
    assert [c.value for c in sheet[2]] == ["370112001001GB00001", "0601", "3701120010010000001"]
    assert sheet.freeze_panes == "A2"


def test_an_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(PanhuoError, match=r"\.gpkg"):
        write(sample(), tmp_path / "a.dwg")
