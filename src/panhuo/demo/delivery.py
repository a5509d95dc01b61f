"""Write the district down as its bureaus would hand it over: the files, their fields, their habits."""

from __future__ import annotations

import json
import shutil
import sqlite3
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyogrio
import pyproj
import shapely
import yaml
from numpy.typing import NDArray

from panhuo.demo import layout
from panhuo.demo.boundary import Plot, write_boundary_txt
from panhuo.demo.columns import (
    BUILDINGS,
    DISPUTES,
    ECONOMY,
    ENTERPRISES,
    ENVIRONMENT,
    EXIT_LIST,
    IDLE_LAND,
    OBSTACLES,
    PARCELS,
    PATCHES,
    REGISTRATION,
    RENAMED,
    SAFETY,
    SECOND_SURVEY,
    YIELD,
)
from panhuo.demo.shapes import to_polygons
from panhuo.demo.sheets import CSV_FROM, write_book, write_csv
from panhuo.demo.shp import PRJ_39, write_shapefile
from panhuo.land.polygons import Polygons
from panhuo.progress import Progress, silent

Geometries = NDArray[Any]
MU = 2000.0 / 3.0
FOLDER = "交付"
#: A boundary file has no columns of its own for these: offices put them where there is room.
LEGACY_FIELDS = {"legacy_code": "地块编号", "situation": "地块名称", "occurred_year": "备注"}
EPSG = 4527


@dataclass
class Draft:
    """What is going to be written; planting errors changes this and never the truth.

    ``frames`` and ``shapes`` are by role; ``parcel_rings`` are the parcels of the shapefile as flat rings (so that
    broken ones
    can be said); ``plots`` the late parcels and ``legacy_plots`` the legacy land; ``totals`` wrong totals by table;
    ``prj`` the text of the .prj by layer (None: the file is missing); ``numbers`` cells of a table that are written
    as numbers
    though they are codes; ``lines`` is filled on writing: the line of each plot in the boundary files.
    """

    frames: dict[str, pl.DataFrame]
    shapes: dict[str, Geometries]
    flat: dict[str, Polygons]
    parcel_rings: Polygons
    plots: list[Plot]
    legacy_plots: list[Plot]
    totals: dict[str, dict[str, float]] = field(default_factory=dict)
    prj: dict[str, str | None] = field(default_factory=dict)
    numbers: dict[str, dict[tuple[int, str], float]] = field(default_factory=dict)
    lines: dict[str, list[int]] = field(default_factory=dict)


def write_delivery(
    folder: Path, draft: Draft, on: date, years: tuple[int, int], progress: Progress = silent
) -> list[dict[str, Any]]:
    """Write every file under ``folder``/交付; returns the inputs of survey.yaml."""
    root = folder / FOLDER
    if root.exists():
        shutil.rmtree(root)
    for name in (
        "01权籍",
        "02三调",
        "03规划",
        "04房屋",
        "05登记",
        "06企业",
        "07安全环保",
        "08历史遗留",
        "09问题",
        "10行政区",
    ):
        (root / name).mkdir(parents=True)
    f, s = draft.frames, draft.shapes
    inputs: list[dict[str, Any]] = []
    begun: list[Future[Any]] = []
    total = 5

    def put(path: str, role: str, issued: int | date, **more: Any) -> Path:
        """Name an input in survey.yaml; ``issued`` is its day, or so many days before the survey's."""
        day = issued if isinstance(issued, date) else on - timedelta(days=issued)
        inputs.append({"path": f"{FOLDER}/{path}", "role": role, "date": day, **more})
        return root / path

    def book(path: str, role: str, issued: int | date, title: str, unit: str, heads: Any, table: pl.DataFrame,
             year: int | None = None, **more: Any) -> None:  # fmt: skip
        csv = table.height >= CSV_FROM
        at = put(path.replace(".xlsx", ".csv") if csv else path, role, issued, **({"year": year} if year else {}))
        write_book(at, title, unit, heads, table, **more)

    def tables() -> None:
        progress("写企业与清单", 2, total)
        firms = f["enterprises"].with_columns(
            occupied_area_mu=(pl.col("occupied_area_m2") / MU).round(4),
            above_text=pl.when("above_scale").then(pl.lit("是")).otherwise(pl.lit("否")),
        )
        book("06企业/企业名录.xlsx", "enterprises", 25, "澄湖区企业用地名录", "面积单位：亩", ENTERPRISES, firms,
             totals=("occupied_area_mu",), total_rows=draft.totals.get("enterprises"), sheet="企业名录")  # fmt: skip
        figures = ("tax_wan", "output_wan", "revenue_wan", "added_value_wan", "fixed_investment_wan")
        book("06企业/经济指标.xlsx", "economy", 60, f"澄湖区企业经济指标（{years[0]}—{years[1]}年度）",
             "金额单位：万元", ECONOMY, f["economy"], totals=figures, total_rows=draft.totals.get("economy"),
             sheet="经济指标")  # fmt: skip
        for year in years:
            classes = f[f"yield_{year}"].with_columns(
                above_text=pl.when("above_scale").then(pl.lit("规上")).otherwise(pl.lit("规下"))
            )
            told = min(date(year + 1, 7, 15), on - timedelta(days=30))
            book(f"06企业/亩产效益评价_{year}.xlsx", "yield_classes", told, f"澄湖区{year}年度企业亩产效益评价结果",
                 "牵头单位：澄湖区工业和信息化局", YIELD, classes, year)  # fmt: skip
        book("06企业/退二进三.xlsx", "exit_list", 210, "澄湖区“退二进三”企业搬迁清单", "共一册", EXIT_LIST,
             f["exit_list"])  # fmt: skip
        write_csv(put("07安全环保/安全生产.csv", "safety", 20), SAFETY, _verdict(f["safety"]), "gbk")
        write_csv(put("07安全环保/环保.csv", "environment", 18), ENVIRONMENT, _verdict(f["environment"]), "utf-8-sig")
        legacy = put("08历史遗留/历史遗留用地.txt", "legacy", 95, fields=LEGACY_FIELDS)
        draft.lines["历史遗留用地"] = write_boundary_txt(legacy, draft.legacy_plots, "澄湖区自然资源局", on)
        streets = "填报单位：各街道（镇）"
        book("09问题/争议.xlsx", "disputes", 15, "土地权属争议台账", streets, DISPUTES, f["disputes"])
        book("09问题/问题诉求.xlsx", "obstacles", 15, "低效用地盘活问题诉求清单", streets, OBSTACLES, f["obstacles"])
        book("09问题/闲置土地.xlsx", "idle_land", 40, "闲置土地台账", "填报单位：澄湖区自然资源局", IDLE_LAND,
             f["idle_land"])  # fmt: skip
        _geojson(put("10行政区/乡镇街道.geojson", "boundaries", 320), "乡镇街道", f["townships"], s["townships"], 4490)
        _geojson(put("10行政区/县界.geojson", "boundaries", 320), "县界", f["county"], s["county"], 4326)

    # The large files are written beside each other: their writers let go of the interpreter most of the time.
    with ThreadPoolExecutor(2) as pool:
        progress("写宗地与三调", 0, total)
        parcels = f["parcels"].with_columns(
            declared_area_mu=(pl.col("declared_area_m2") / MU).round(4), **_yes_no(f["parcels"])
        )
        # A layer's shapes are let go as soon as it is written.
        prj = {layer: draft.prj.get(layer, PRJ_39) for layer in ("parcels", "buildings")}

        def later(work: Callable[..., None], *details: object) -> None:
            begun.append(pool.submit(work, *details))

        at = put("02三调/三调.gpkg", "patches", 144, layer="DLTB", year=2025)
        later(_gpkg, at, "DLTB", f["patches"].rename(PATCHES), draft.flat.pop("patches"))
        at = put("01权籍/宗地.shp", "parcels", 32)
        later(write_shapefile, at, draft.parcel_rings, parcels, PARCELS, prj["parcels"])
        late = put("01权籍/补充宗地.txt", "parcels", 12)
        draft.lines["补充宗地"] = write_boundary_txt(late, draft.plots, "澄湖区不动产登记中心", on)
        at = put("04房屋/房屋.shp", "buildings", 75)
        later(write_shapefile, at, draft.flat.pop("buildings"), f["buildings"], BUILDINGS, prj["buildings"])
        at = put("02三调/二调地类.zip", "second_survey", date(2010, 3, 31), year=2009)
        later(_zip_shapefile, at, "二调地类", draft.flat.pop("second_survey"), f["second_survey"], draft)
        progress("写规划与登记", 1, total)
        layers: dict[str, Geometries | Polygons] = {**s, "zones": draft.flat.pop("zones")}
        plan: list[tuple[Path, str, pl.DataFrame, Geometries | Polygons]] = [
            (put("03规划/规划.gpkg", role, issued, layer=title), title, f[role].rename(RENAMED[role]), layers[role])
            for role, title, issued in (
                ("zones", "规划用途", 410),
                ("control_lines", "控制线", 760),
                ("renewal_areas", "更新改造范围", 520),
            )
        ]
        later(_gpkg_of, plan)
        book("05登记/不动产登记.xlsx", "registration", 28, "澄湖区不动产登记信息汇总表",
             f"单位：平方米    导出日期：{on - timedelta(days=28):%Y年%m月%d日}", REGISTRATION, f["registration"],
             totals=("registered_area_m2",), total_rows=draft.totals.get("registration"), sheet="登记",
             numbers=draft.numbers.get("registration"))  # fmt: skip
        tables()
        progress("写完各文件", 3, total)
        for one in begun:
            one.result()
    # An encoding trap: the .cpg names a code page in words that GDAL does not know.
    (root / "04房屋/房屋.cpg").write_text("OEM 936", "ascii")
    (root / "说明.txt").write_bytes(
        "澄湖区低效用地调查演示数据。全部为虚构：地名、企业、代码和数值均不对应任何真实对象。\r\n"
        "All of this is fictitious and corresponds to nothing real.\r\n".encode("gbk")
    )
    (root / "04房屋/Thumbs.db").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504))
    progress("写完各文件", total, total)
    return sorted(inputs, key=lambda entry: entry["path"].split("/")[1])


def write_survey(
    folder: Path,
    inputs: list[dict[str, Any]],
    title: str,
    pack: str,
    on: date,
    crs: str,
    division: str,
    *,
    simulated: bool = False,
    packs: Sequence[str] = (),
) -> Path:
    """survey.yaml: everything the main job needs to know about the delivery."""
    config: dict[str, Any] = {
        "title": title,
        "pack": pack,
        "on": on,
        "division": division,
        "crs": crs,
        "years": {"survey": on.year, "base": on.year - 1, "economy": on.year - 1},
        "inputs": inputs,
        "results": "成果",
    }
    if packs:
        config["packs"] = list(packs)
    if simulated:
        config["simulated"] = True
    path = folder / "survey.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False, width=140), "utf-8")
    return path


def _yes_no(frame: pl.DataFrame) -> dict[str, pl.Expr]:
    return {
        c: pl.when(pl.col(c)).then(pl.lit("是")).when(~pl.col(c)).then(pl.lit("否"))
        for c in ("facilities_backward", "willing")
        if frame.schema[c] == pl.Boolean
    }


def _verdict(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(compliant=pl.when("compliant").then(pl.lit("符合")).otherwise(pl.lit("不符合")))


#: So many shapes become WKB at a time.
_BATCH = 50_000


def _gpkg(path: Path, name: str, frame: pl.DataFrame, shapes: Geometries | Polygons, epsg: int = EPSG) -> None:
    flat = shapes if isinstance(shapes, Polygons) else to_polygons(shapes)
    multi = bool((flat.part_counts > 1).any())
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    schema = table.schema.append(pa.field("geom", pa.binary()))

    def batches() -> Iterator[pa.RecordBatch]:
        for at in range(0, len(flat), _BATCH):
            part = table.slice(at, _BATCH).combine_chunks().to_batches()[0]
            some = flat.take(np.arange(at, min(at + _BATCH, len(flat))))
            wkb = _multi(some) if multi else some.to_wkb(threads=1).cast(pa.binary())
            yield pa.RecordBatch.from_arrays([*part.columns, wkb], schema=schema)

    pyogrio.write_arrow(
        pa.RecordBatchReader.from_batches(schema, batches()),
        str(path),
        layer=name,
        driver="GPKG",
        geometry_name="geom",
        geometry_type="MultiPolygon" if multi else "Polygon",
        crs=f"EPSG:{epsg}",
    )
    without_clock(path)


def _gpkg_of(layers: Sequence[tuple[Path, str, pl.DataFrame, Geometries | Polygons]]) -> None:
    """Layers that share a file, one after the other."""
    for layer in layers:
        _gpkg(*layer)


def without_clock(path: Path) -> None:
    """Put a fixed moment where GDAL writes the time of writing, so that the same layers give the same bytes."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("update gpkg_contents set last_change = '2026-11-01T00:00:00.000Z'")


def _multi(flat: Polygons) -> pa.BinaryArray:
    """WKB with a multipolygon in every row, as a layer of multipolygons has them."""
    shapes = flat.to_shapely()
    single = shapely.get_type_id(shapes) == 3
    shapes[single] = [shapely.MultiPolygon([p]) for p in shapes[single]]
    return pa.array(shapely.to_wkb(shapes), pa.binary())


def _zip_shapefile(path: Path, name: str, shapes: Polygons, frame: pl.DataFrame, draft: Draft) -> None:
    work = path.with_suffix(".tmp")
    work.mkdir()
    write_shapefile(work / f"{name}.shp", shapes, frame, SECOND_SURVEY, draft.prj.get("second_survey", PRJ_39))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for part in sorted(work.iterdir()):
            info = zipfile.ZipInfo(f"二调/{part.name}", (2026, 11, 1, 9, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(info, part.read_bytes())
    shutil.rmtree(work)


def _geojson(path: Path, name: str, frame: pl.DataFrame, shapes: Geometries, epsg: int) -> None:
    change = pyproj.Transformer.from_crs(EPSG, epsg, always_xy=True)
    degrees = shapely.transform(shapes, lambda c: np.round(np.column_stack(change.transform(c[:, 0], c[:, 1])), 9))
    rows = frame.rename(RENAMED["boundaries"]).to_dicts()
    content = {
        "type": "FeatureCollection",
        "name": name,
        "crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{epsg}"}},
        "features": [
            {"type": "Feature", "properties": row, "geometry": json.loads(shapely.to_geojson(shape))}
            for row, shape in zip(rows, degrees, strict=True)
        ],
    }
    if epsg == 4326:
        del content["crs"]  # RFC 7946: longitude and latitude of WGS 84, and nothing said about it
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")


__all__ = ["Draft", "layout", "write_delivery", "write_survey"]
