"""A delivery as a whole: every file recorded, nothing lost, what cannot be read is said."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
import shapely

from panhuo.exchange import Layer, open_delivery, summary, write
from panhuo.land.crs import Crs
from panhuo.messages import PanhuoError, Stopped

X, Y = 39_580_000.0, 4_050_000.0
BOX = shapely.box(X, Y, X + 10, Y + 10).wkb
LAYER = Layer("宗地", "", "", pa.table({"ZDDM": ["1"]}), pa.array([BOX], pa.large_binary()), Crs.from_epsg(4527))


def test_a_folder_with_everything_in_it(tmp_path: Path) -> None:
    write(LAYER, tmp_path / "宗地.shp")
    (tmp_path / "库").mkdir()
    write([LAYER, LAYER.with_(name="图斑")], tmp_path / "库" / "三调.gpkg")
    write([LAYER, LAYER.with_(name="表", geometry=None)], tmp_path / "370112历城区.gdb")
    (tmp_path / "说明.docx").write_bytes(b"PK\x05\x06" + b"\0" * 18)
    (tmp_path / "照片.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (tmp_path / "空.shp").write_bytes(b"")
    delivery = open_delivery(tmp_path)
    assert {(x.source, x.name) for x in delivery} == {
        ("宗地.shp", "宗地"),
        ("库/三调.gpkg", "宗地"),
        ("库/三调.gpkg", "图斑"),
        ("370112历城区.gdb", "宗地"),
        ("370112历城区.gdb", "表"),
    }
    assert {f.path for f in delivery.files} == {
        p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()
    }
    record = next(f for f in delivery.files if f.path == "宗地.shp")
    assert record.sha256 == hashlib.sha256((tmp_path / "宗地.shp").read_bytes()).hexdigest()
    states = {f.path: f.state for f in delivery.files}
    assert (states["照片.jpg"], states["空.shp"], states["宗地.dbf"]) == ("ignored", "unreadable", "part")


@pytest.mark.parametrize(
    ("name", "head", "ask"),
    [
        ("图.dwg", b"AC1027\x00\x00\x00", "DXF"),
        ("库.mdb", b"\x00\x01\x00\x00Standard Jet DB\x00", "gdb"),
        ("包.rar", b"Rar!\x1a\x07\x00", "zip"),
        ("包.7z", b"7z\xbc\xaf\x27\x1c", "zip"),
        ("乱.bin", b"\x01\x02\x03\x00\x05" * 20, "GeoPackage"),
    ],
)
def test_what_cannot_be_read_says_what_to_send_instead(name: str, head: bytes, ask: str) -> None:
    delivery = open_delivery(head, name=name)
    row = delivery.findings.row(0, named=True)
    assert (row["code"], row["severity"], row["source"]) == ("D01", "error", name)
    assert ask in row["suggestion_zh"] and ask in row["suggestion_en"]
    assert delivery.files[0].state == "unreadable"


def test_gdb_with_small_and_large_letters_in_a_zip_with_a_wrong_name(tmp_path: Path) -> None:
    import zipfile

    write(LAYER, tmp_path / "a.gdb")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as z:
        for p in (tmp_path / "a.gdb").iterdir():
            z.write(p, f"成果/X.GDB/{p.name.upper() if p.name.startswith('a0') else p.name}")
    delivery = open_delivery(tmp_path / "b.zip")
    assert [(x.source, x.count) for x in delivery] == [("b.zip/成果/X.GDB", 1)]


def test_a_geopackage_with_a_table_that_its_contents_do_not_list(tmp_path: Path) -> None:
    import sqlite3

    write([LAYER, LAYER.with_(name="登记", geometry=None)], tmp_path / "a.gpkg")
    with sqlite3.connect(tmp_path / "a.gpkg") as db:
        db.execute("create table 私表 (id integer primary key, 名 text)")
        db.execute("insert into 私表 values (1, '甲')")
    delivery = open_delivery(tmp_path / "a.gpkg")
    assert {x.name for x in delivery} == {"宗地", "登记", "私表"}


def test_a_geopackage_in_write_ahead_mode_is_read_with_its_log_and_left_alone(tmp_path: Path) -> None:
    import sqlite3

    write(LAYER, tmp_path / "a.gpkg")
    db = sqlite3.connect(tmp_path / "a.gpkg")
    db.execute("pragma journal_mode = wal")
    db.execute("create table t (x text)")
    db.execute("insert into gpkg_contents (table_name, data_type, identifier) values ('t', 'attributes', 't')")
    db.execute("insert into t values ('在日志里')")
    db.commit()
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir() if not p.name.endswith("-shm")}
    delivery = open_delivery(tmp_path)
    assert delivery.layer("t").table["x"].to_pylist() == ["在日志里"]
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if not p.name.endswith("-shm")} == before
    db.close()


def test_one_broken_layer_does_not_cost_the_others(tmp_path: Path) -> None:
    write(LAYER, tmp_path / "好.shp")
    (tmp_path / "坏.gpkg").write_bytes(b"SQLite format 3\x00" + b"\x07" * 200)
    (tmp_path / "坏.parquet").write_bytes(b"PAR1xxxxPAR1")
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04" + b"\x00" * 40)
    delivery = open_delivery(tmp_path)
    assert [x.name for x in delivery] == ["好"]
    assert set(delivery.findings.filter(code="D01")["source"]) == {"坏.gpkg", "坏.parquet", "坏.xlsx"}


def test_nothing_there_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(PanhuoError, match="找不到"):
        open_delivery(tmp_path / "没有.zip")


def test_progress_may_stop_the_work(tmp_path: Path) -> None:
    write(LAYER, tmp_path / "宗地.shp")

    def stop(step: str, done: int, total: int) -> None:
        if step.startswith("读取"):
            raise Stopped

    with pytest.raises(Stopped):
        open_delivery(tmp_path, progress=stop)


def test_summary_has_a_row_a_layer(tmp_path: Path) -> None:
    write(LAYER, tmp_path / "宗地.shp")
    (tmp_path / "宗地.prj").unlink()
    table = summary(open_delivery(tmp_path / "宗地.shp"))
    row = table.row(0, named=True)
    assert (row["name"], row["rows"], row["geometry_type"], row["warnings"]) == ("宗地", 1, "Polygon", 1)
    assert "39带" in row["crs"]


def test_a_statement_that_the_numbers_contradict_is_named(tmp_path: Path) -> None:
    write(LAYER.with_(crs=Crs.from_epsg(4548)), tmp_path / "a.gpkg")
    delivery = open_delivery(tmp_path / "a.gpkg")
    assert delivery.findings["code"].to_list() == ["R19"]


def test_an_empty_folder_is_a_finding(tmp_path: Path) -> None:
    delivery = open_delivery(tmp_path)
    assert (delivery.layers, delivery.files) == ((), ())
    assert [(f["code"], f["severity"]) for f in delivery.findings.iter_rows(named=True)] == [("D01", "error")]


def test_layers_and_findings_keep_the_order_of_the_files(tmp_path: Path) -> None:
    """Files are read beside each other; a long first one does not lose its place."""
    long = "代码,名称\n" + "".join(f"{k},甲\n" for k in range(50_000)) + "合计,\n"
    for name, text in (("a", long), ("b", "代码,名称\n1,乙\n合计,\n"), ("c", "代码,名称\n1,丙\n合计,\n")):
        (tmp_path / f"{name}.csv").write_text(text, "utf-8")
    delivery = open_delivery(tmp_path)
    assert [x.name for x in delivery] == ["a", "b", "c"]
    assert delivery.findings["source"].to_list() == ["a.csv", "b.csv", "c.csv"]
