"""The fictitious district: what it promises, checked by other means than those that made it."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import polars as pl
import pyogrio
import pytest
import shapely
import yaml

from panhuo.demo import District, make_district

ON = date(2026, 11, 21)
MU = 2000 / 3


class Handed:
    """The delivery read again with plain tools: pyogrio, openpyxl, text."""

    def __init__(self, district: District) -> None:
        self.folder = district.folder
        root = district.folder / "交付"
        self.root = root
        meta, table = pyogrio.read_arrow(root / "01权籍/宗地.shp", encoding="GBK")
        self.crs = meta["crs"]
        self.shapes = shapely.from_wkb(table["wkb_geometry"].to_numpy(zero_copy_only=False), on_invalid="ignore")
        self.raw = table["wkb_geometry"].to_pylist()
        self.parcels = pl.DataFrame(pl.from_arrow(table.drop_columns(["wkb_geometry"])))
        _, table = pyogrio.read_arrow(root / "02三调/三调.gpkg", layer="DLTB")
        self.patch_shapes = shapely.from_wkb(table["geom"].to_numpy(zero_copy_only=False))
        self.patches = pl.DataFrame(pl.from_arrow(table.drop_columns(["geom"])))
        document = json.loads((district.folder / "planted.json").read_text("utf-8"))
        self.planted: list[dict[str, Any]] = document["planted"]

    def rows(self, code: str, layer: str = "宗地", kind: str | None = None) -> set[int]:
        """0-based rows planted with a code in a layer."""
        return {
            int(p["row"]) - 1
            for p in self.planted
            if p["code"] == code and p["layer"] == layer and (kind is None or p.get("kind") == kind)
        }

    def any_rows(self, layer: str = "宗地") -> set[int]:
        out: set[int] = set()
        for p in self.planted:
            if p["layer"] == layer and p["row"] is not None:
                out.add(int(p["row"]) - 1)
                if p.get("kind") != "overlap":
                    out |= {int(r) - 1 for r in p.get("rows", ())}
        return out

    def sheet(self, path: str) -> list[tuple[Any, ...]]:
        book = openpyxl.load_workbook(self.root / path, read_only=True)
        return [tuple(c.value for c in row) for row in book.worksheets[0].iter_rows()]


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> District:
    return make_district(tmp_path_factory.mktemp("demo"), parcels=2000, seed=1, on=ON)


@pytest.fixture(scope="module")
def handed(district: District) -> Handed:
    return Handed(district)


def credit_code_is_valid(code: str) -> bool:
    """GB 32100-2015, written here once more on purpose."""
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    if len(code) != 18 or any(c not in alphabet for c in code):
        return False
    value = [alphabet.index(c) for c in code]
    weights = [pow(3, i, 31) for i in range(17)]
    if alphabet[(31 - sum(v * w for v, w in zip(value[:17], weights, strict=True)) % 31) % 31] != code[17]:
        return False
    body = [int(c) if c.isdigit() else ord(c) - 55 for c in code[8:16]]
    check = 11 - sum(v * w for v, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True)) % 11
    return code[16] == {10: "X", 11: "0"}.get(check, str(check))


def test_the_delivery_has_the_files_that_a_bureau_sends(district: District) -> None:
    have = {p.relative_to(district.folder).as_posix() for p in (district.folder / "交付").rglob("*") if p.is_file()}
    for name in (
        "01权籍/宗地.shp",
        "01权籍/宗地.dbf",
        "01权籍/宗地.shx",
        "01权籍/宗地.prj",
        "01权籍/补充宗地.txt",
        "02三调/三调.gpkg",
        "02三调/二调地类.zip",
        "03规划/规划.gpkg",
        "04房屋/房屋.shp",
        "05登记/不动产登记.xlsx",
        "06企业/企业名录.xlsx",
        "06企业/经济指标.xlsx",
        "06企业/亩产效益评价_2024.xlsx",
        "06企业/亩产效益评价_2025.xlsx",
        "06企业/退二进三.xlsx",
        "07安全环保/安全生产.csv",
        "07安全环保/环保.csv",
        "08历史遗留/历史遗留用地.txt",
        "09问题/争议.xlsx",
        "09问题/问题诉求.xlsx",
        "09问题/闲置土地.xlsx",
        "10行政区/乡镇街道.geojson",
        "10行政区/县界.geojson",
    ):
        assert f"交付/{name}" in have
    assert "交付/01权籍/宗地.cpg" not in have
    assert "交付/04房屋/房屋.prj" not in have


def test_the_survey_names_every_input(district: District) -> None:
    survey = yaml.safe_load(district.survey.read_text("utf-8"))
    assert survey["division"] == "990112" and survey["crs"] == "EPSG:4527" and survey["pack"] == "demo"
    roles = {i["role"] for i in survey["inputs"]}
    assert len(roles) == 19
    for item in survey["inputs"]:
        assert (district.folder / item["path"]).exists(), item


def test_texts_of_the_shapefile_are_gbk_and_nothing_says_so(handed: Handed) -> None:
    header = (handed.root / "01权籍/宗地.dbf").read_bytes()[:32]
    assert header[29] == 0
    assert handed.parcels["XZMC"].str.contains("街道|镇").all()
    assert "北厂街道" in set(handed.parcels["XZMC"])


def test_boundary_shapes_share_their_edges(handed: Handed) -> None:
    """Every parcel that nobody spoilt fits its neighbours without gap or overlap, with realistic numbers of points."""
    spoilt = handed.any_rows()
    clean = np.array([k for k in range(len(handed.shapes)) if k not in spoilt])
    shapes = handed.shapes[clean]
    assert shapely.coverage_is_valid(shapes)
    assert shapely.is_valid(shapes).all()
    points = shapely.get_num_coordinates(shapes)
    assert 11 < points.mean() < 18
    assert shapely.area(shapes).min() > 150


def test_invalid_shapes_are_the_planted_ones(handed: Handed) -> None:
    invalid = set(np.flatnonzero(~shapely.is_valid(handed.shapes) & ~shapely.is_missing(handed.shapes)).tolist())
    assert handed.rows("G01", kind="bow_tie") <= invalid
    assert invalid <= handed.rows("G01")
    missing = {k for k, g in enumerate(handed.raw) if g is None}
    assert missing == handed.rows("G01", kind="null")
    parts = {k for k, g in enumerate(handed.shapes) if g is not None and shapely.get_num_geometries(g) > 1}
    assert parts == handed.rows("G02")


def _coordinates(raw: bytes) -> np.ndarray[Any, Any]:
    """Coordinates of the first ring, straight from the WKB (open rings are not repaired)."""
    count = int.from_bytes(raw[9:13], "little") if raw[1] == 3 else int.from_bytes(raw[18:22], "little")
    start = 13 if raw[1] == 3 else 22
    return np.frombuffer(raw[start : start + 16 * count], "<f8").reshape(-1, 2)


def test_points_and_angles_break_rules_only_where_planted(handed: Handed) -> None:
    opened, doubled, near, sharp = set(), set(), set(), set()
    for k, raw in enumerate(handed.raw):
        if raw is None:
            continue
        xy = _coordinates(raw)
        if not np.array_equal(xy[0], xy[-1]):
            opened.add(k)
            continue
        step = np.hypot(*np.diff(xy, axis=0).T)
        if (step < 0.0001).any():
            doubled.add(k)
        if ((step > 0.0001) & (step < 0.01)).any():
            near.add(k)
        ring = xy[:-1][step > 0]
        before, after = np.roll(ring, 1, axis=0) - ring, np.roll(ring, -1, axis=0) - ring
        cosine = (before * after).sum(axis=1) / np.hypot(*before.T) / np.hypot(*after.T)
        if (cosine > np.cos(np.radians(10))).any():
            sharp.add(k)
    assert opened == handed.rows("G01", kind="unclosed")
    assert doubled == handed.rows("G01", kind="duplicate_point")
    assert near == handed.rows("G07")
    assert handed.rows("G06") <= sharp <= handed.any_rows()


def test_overlaps_are_the_planted_ones(handed: Handed) -> None:
    shapes = np.array([None if g is None else shapely.make_valid(g) for g in handed.shapes], object)
    tree = shapely.STRtree(shapes)
    a, b = tree.query(shapes, predicate="intersects")
    a, b = a[a < b], b[a < b]
    size = shapely.area(shapely.intersection(shapes[a], shapes[b]))
    guilty = handed.any_rows()
    for i, j, area in zip(a.tolist(), b.tolist(), size.tolist(), strict=True):
        if area > 0.01:
            assert i in guilty or j in guilty, (i, j, area)
    by_code = {c: k for k, c in enumerate(handed.parcels["ZDDM"].to_list())}
    pairs = {frozenset((i, j)) for i, j, area in zip(a.tolist(), b.tolist(), size.tolist(), strict=True) if area > 0.01}
    for p in handed.planted:
        if p["code"] == "G03":
            assert frozenset((p["row"] - 1, by_code[p["other"]])) in pairs, p


def test_slivers_are_the_planted_ones(handed: Handed) -> None:
    area = np.array([0.0 if g is None else g.area for g in handed.shapes])
    small = {k for k, g in enumerate(handed.shapes) if g is not None and area[k] < 10}
    assert small == handed.rows("G05")


def test_declared_areas_agree_except_where_planted(handed: Handed) -> None:
    """The parcels' areas are in 亩, the patches' in m²; planar and ellipsoidal areas differ far less than the
    tolerance."""
    area = np.array([np.nan if g is None else g.area for g in handed.shapes])
    declared = handed.parcels["ZDMJ"].to_numpy() * MU
    off = np.abs(declared - area) > np.maximum(1.0, 0.001 * area)
    wrong = set(np.flatnonzero(off).tolist())
    assert handed.rows("A06") <= wrong <= handed.rows("A06") | handed.rows("G01")
    area = shapely.area(handed.patch_shapes)
    declared = handed.patches["TBMJ"].to_numpy()
    off = np.abs(declared - area) > np.maximum(1.0, 0.001 * area)
    assert set(np.flatnonzero(off).tolist()) == handed.rows("A06", "DLTB")


def test_codes_break_rules_only_where_planted(handed: Handed) -> None:
    codes = handed.parcels["ZDDM"].to_list()
    assert {k for k, c in enumerate(codes) if not c} == handed.rows("A02")
    bad = {k for k, c in enumerate(codes) if c and not re.fullmatch(r"990112\d{6}[GJ][ABC]\d{5}", c)}
    holders = handed.parcels["TYSHXYDM"].to_list()
    bad |= {k for k, c in enumerate(holders) if c and not credit_code_is_valid(c)}
    assert bad == handed.rows("A04")
    seen: dict[str, list[int]] = {}
    for k, c in enumerate(codes):
        seen.setdefault(c or f"none {k}", []).append(k + 1)
    twice = sorted(v for v in seen.values() if len(v) > 1)
    assert twice == sorted(p["rows"] for p in handed.planted if p["code"] == "A05")
    units = [u for u in handed.parcels["BDCDYH"].to_list() if u]
    assert len(units) == len(set(units))
    assert all(re.fullmatch(r"\d{12}[GJ][ABC]\d{5}[FW]\d{8}", u) for u in units)
    assert all(u[:19] == c for u, c in zip(handed.parcels["BDCDYH"], codes, strict=True) if u)
    uses = handed.parcels["YT"].to_list()
    assert {k for k, u in enumerate(uses) if u == "0699"} == handed.rows("A03")


def test_ranges_and_dates_break_rules_only_where_planted(handed: Handed) -> None:
    f = handed.parcels.with_row_index()
    early = pl.col("SJJGSJ") < pl.col("SJKGSJ")
    bad = f.filter(
        (pl.col("JZMD") > 1)
        | (pl.col("KZL") > 1)
        | early
        | (pl.col("SJKGSJ") < pl.col("YDKGSJ") - pl.duration(days=3650))
        | (pl.col("PZSJ") > pl.col("YDKGSJ"))
        | (pl.col("PZSJ") > pl.col("SJKGSJ"))
        | (pl.col("SJJGSJ") > ON)
        | (pl.col("DJSJ") > ON)
        | (pl.col("RJL") < 0)
        | (pl.col("JCNF") > 2026)
    )
    assert set(bad["index"].to_list()) == handed.rows("A07")


def test_patches_tile_the_district_and_break_rules_only_where_planted(handed: Handed) -> None:
    document = json.loads((handed.root / "10行政区/县界.geojson").read_text("utf-8"))
    county = shapely.transform(shapely.from_geojson(json.dumps(document["features"][0]["geometry"])), _to_plane())
    assert shapely.is_valid(handed.patch_shapes).all()
    assert abs(shapely.area(handed.patch_shapes).sum() - county.area) / county.area < 0.001
    assert shapely.coverage_is_valid(handed.patch_shapes)
    f = handed.patches.with_row_index()
    assert set(f.filter(pl.col("DLBM").is_null())["index"].to_list()) == handed.rows("A02", "DLTB")
    need = pl.col("DLBM").str.contains("^(05|06|07|08|09|1004|1005|1201)") & pl.col("CZCSXM").is_null()
    assert set(f.filter(need)["index"].to_list()) == handed.rows("A08", "DLTB")
    pairs = f.group_by("DLBM", "DLMC").agg(pl.col("index"))
    odd = pairs.filter(pl.col("DLBM").is_not_null() & (pl.col("DLMC") == "采矿用地"))
    assert {i for rows in odd["index"].to_list() for i in rows} == handed.rows("A03", "DLTB")
    assert {"05H1", "08H2A", "0102", "1004", "1101"} <= set(f["DLBM"].drop_nulls())
    assert {"201", "202", "203", "201A", "202A", "203A"} & set(f["CZCSXM"].drop_nulls()) >= {
        "201",
        "202",
        "203",
        "201A",
    }


def _to_plane() -> Any:
    import pyproj

    change = pyproj.Transformer.from_crs(4326, 4527, always_xy=True)
    return lambda c: np.column_stack(change.transform(c[:, 0], c[:, 1]))


def test_parcels_stand_on_construction_land_inside_their_township(handed: Handed) -> None:
    built = (
        handed.patches["DLBM"].str.contains("^(05|06|07|08|09|100[1-5]|100[7-9]|1109|1201)").fill_null(False).to_numpy()
    )
    land = handed.patch_shapes[built]
    shapes = np.array([shapely.Polygon() if g is None else shapely.make_valid(g) for g in handed.shapes], object)
    a, b = shapely.STRtree(land).query(shapes, predicate="intersects")
    share = np.bincount(a, shapely.area(shapely.intersection(shapes[a], land[b])), len(shapes))
    share = share / np.maximum(shapely.area(shapes), 1e-9)
    low = {k for k in range(len(shapes)) if share[k] < 0.5 and not shapes[k].is_empty}
    assert low == handed.rows("G10") | handed.rows("D04")
    document = json.loads((handed.root / "10行政区/乡镇街道.geojson").read_text("utf-8"))
    towns = {
        d["properties"]["XZQDM"]: shapely.transform(shapely.from_geojson(json.dumps(d["geometry"])), _to_plane())
        for d in document["features"]
    }
    assert len(towns) == 12
    out = set()
    for k, (shape, code) in enumerate(zip(shapes, handed.parcels["XZDM"].to_list(), strict=True)):
        if not shape.is_empty and shape.intersection(towns[code]).area < 0.95 * shape.area:
            out.add(k)
    assert out == handed.rows("G08") | handed.rows("D04")


def test_red_lines_are_crossed_only_where_planted(handed: Handed) -> None:
    _, table = pyogrio.read_arrow(handed.root / "03规划/规划.gpkg", layer="控制线")
    kinds = table["KZXLX"].to_pylist()
    lines = shapely.from_wkb(table["geom"].to_numpy(zero_copy_only=False))
    red = shapely.union_all(lines[[k in ("生态保护红线", "永久基本农田") for k in kinds]])
    crossed = set()
    for k, g in enumerate(handed.shapes):
        if g is not None and shapely.make_valid(g).intersection(red).area > 1:
            crossed.add(k)
    assert handed.rows("G11") <= crossed <= handed.rows("G11") | handed.rows("D04") | handed.rows("G10")


def test_tables_point_at_parcels_and_firms_except_where_planted(handed: Handed) -> None:
    known = {c for c in handed.parcels["ZDDM"].to_list() if c}
    text = (handed.root / "01权籍/补充宗地.txt").read_bytes().decode("gbk")
    known |= {line.split(",")[2] for line in text.splitlines() if line.endswith("@")}
    planted = {p["key"] for p in handed.planted if p["code"] == "C01"}
    lost: set[str] = set()
    for path, column, top in (
        ("05登记/不动产登记.xlsx", 0, 4),
        ("06企业/企业名录.xlsx", 5, 4),
        ("06企业/退二进三.xlsx", 1, 3),
        ("09问题/争议.xlsx", 0, 3),
        ("09问题/问题诉求.xlsx", 0, 3),
        ("09问题/闲置土地.xlsx", 0, 3),
    ):
        for number, row in enumerate(handed.sheet(path)[top:], top + 1):
            code = row[column]
            if row[0] in ("合计", None) or code is None:
                continue
            if code not in known:
                lost.add(code)
                assert any(p["key"] == code and p["row"] == number for p in handed.planted), (path, number, code)
    for path, encoding in (("07安全环保/安全生产.csv", "gbk"), ("07安全环保/环保.csv", "utf-8-sig")):
        lines = (handed.root / path).read_bytes().decode(encoding).splitlines()[1:]
        lost |= {code for code in (line.split(",")[2] for line in lines) if code not in known}
    firms = {r[0] for r in handed.sheet("06企业/企业名录.xlsx")[4:]}
    for path, column, top in (("06企业/经济指标.xlsx", 0, 4), ("06企业/亩产效益评价_2025.xlsx", 1, 3)):
        lost |= {r[column] for r in handed.sheet(path)[top:] if r[column] not in firms and r[0] != "合计"}
    assert lost == planted


def test_credit_codes_of_firms_and_numbers_in_excel(handed: Handed) -> None:
    rows = handed.sheet("06企业/企业名录.xlsx")[4:-1]
    bad = {r[0] for r in rows if not credit_code_is_valid(r[0])}
    assert bad == {p["key"] for p in handed.planted if p["code"] == "A04" and p["layer"] == "企业名录"}
    lines = handed.sheet("05登记/不动产登记.xlsx")
    numbers = {k for k, r in enumerate(lines, 1) if k > 4 and r[5] is not None and not isinstance(r[5], str)}
    assert numbers == {p["row"] for p in handed.planted if p["code"] == "R11"}


def test_totals_add_up_except_where_planted(handed: Handed) -> None:
    wrong = set()
    for path, layer, columns in (
        ("05登记/不动产登记.xlsx", "登记", (2,)),
        ("06企业/企业名录.xlsx", "企业名录", (6,)),
        ("06企业/经济指标.xlsx", "经济指标", (2, 3, 4, 5, 6)),
    ):
        lines = handed.sheet(path)
        assert lines[-1][0] == "合计"
        for column in columns:
            true = sum(r[column] for r in lines[4:-1] if r[column] is not None)
            if abs(true - lines[-1][column]) > 1e-6 * true:
                wrong.add((layer, len(lines)))
    assert wrong == {(p["layer"], p["row"]) for p in handed.planted if p["code"] == "C02"}


def test_boundary_files_hold_what_was_planted(handed: Handed) -> None:
    swapped, metres = set(), set()
    lines = (handed.root / "01权籍/补充宗地.txt").read_bytes().decode("gbk").splitlines()
    for k, line in enumerate(lines):
        if line.endswith("@"):
            items = line.split(",")
            points = np.array([[float(v) for v in row.split(",")[2:]] for row in lines[k + 1 : k + 1 + int(items[0])]])
            if points[0, 0] > points[0, 1]:
                swapped.add(k + 1)
            area = shapely.Polygon(points).area
            if abs(float(items[1]) * 10000 - area) > max(1, 0.001 * area):
                metres.add(k + 1)
    assert swapped == {p["row"] for p in handed.planted if p["code"] == "TXT-06"}
    assert metres == {p["row"] for p in handed.planted if p["code"] == "A06" and p["layer"] == "补充宗地"}


def test_coordinate_systems_are_as_told(handed: Handed) -> None:
    assert handed.crs == "EPSG:4527"
    with zipfile.ZipFile(handed.root / "02三调/二调地类.zip") as archive:
        name = next(n for n in archive.namelist() if n.endswith(".prj"))
        assert "Zone_38" in archive.read(name).decode()
    assert {p["code"] for p in handed.planted if p["row"] is None} == {"D02", "D03", "R01"}


def test_every_kind_of_mistake_is_there_at_least_twice(handed: Handed) -> None:
    counts: dict[str, int] = {}
    for p in handed.planted:
        counts[p["code"]] = counts.get(p["code"], 0) + 1
        assert set(p["detail"]) == {"zh", "en"}
    once = {"D02", "D03", "R01"}
    assert {
        "A02",
        "A03",
        "A04",
        "A05",
        "A06",
        "A07",
        "A08",
        "G01",
        "G02",
        "G03",
        "G05",
        "G06",
        "G07",
        "G08",
        "G10",
        "G11",
    } <= set(counts)
    assert {"D04", "C01", "C02", "R11", "TXT-06"} <= set(counts)
    assert {c for c, n in counts.items() if n < 2} == once


def _digest(folder: Path) -> dict[str, str]:
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_the_same_seed_gives_the_same_district(tmp_path: Path) -> None:
    one = make_district(tmp_path / "one", parcels=600, seed=7, on=ON)
    two = make_district(tmp_path / "two", parcels=600, seed=7, on=ON)
    other = make_district(tmp_path / "other", parcels=600, seed=8, on=ON)
    assert _digest(one.folder) == _digest(two.folder)
    for name, frame in one.frames.items():
        a, b = tmp_path / "a.parquet", tmp_path / "b.parquet"
        frame.write_parquet(a)
        two.frames[name].write_parquet(b)
        assert a.read_bytes() == b.read_bytes(), name
    assert not one.frames["parcels"].equals(other.frames["parcels"])


def test_without_errors_nothing_is_planted(tmp_path: Path) -> None:
    made = make_district(tmp_path, parcels=800, seed=3, errors=False, on=ON)
    assert made.planted == ()
    shapes = pyogrio.read_arrow(tmp_path / "交付/01权籍/宗地.shp", encoding="GBK")[1]["wkb_geometry"]
    assert shapely.coverage_is_valid(shapely.from_wkb(shapes.to_numpy(zero_copy_only=False)))
    assert made.frames["parcels"]["parcel_code"].n_unique() == 800


def test_nobody_is_named(district: District) -> None:
    """Persons are holders without a name."""
    holders = district.frames["parcels"]["holder_name"]
    natural = holders.filter(holders.str.contains("自然人"))
    assert natural.len() > 100
    rest = holders.filter(~holders.str.contains("自然人"))
    assert rest.str.contains("公司|合作社|中心|局").all()
