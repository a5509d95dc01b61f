"""Write the district down as its bureaus would hand it over: the files, their fields, their habits."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass, field
from datetime import date
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
from panhuo.demo.sheets import write_book, write_csv
from panhuo.demo.shp import PRJ_39, write_shapefile
from panhuo.land.polygons import Polygons
from panhuo.progress import Progress, silent

Geometries = NDArray[Any]
MU = 2000.0 / 3.0
FOLDER = "交付"
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
    total = 10

    def put(path: Path | str, role: str, **more: Any) -> None:
        at = f"{FOLDER}/{path}" if isinstance(path, str) else path.relative_to(folder).as_posix()
        inputs.append({"path": at, **({"layer": more.pop("layer")} if "layer" in more else {}), "role": role, **more})

    progress("写宗地", 0, total)
    parcels = f["parcels"].with_columns(
        declared_area_mu=(pl.col("declared_area_m2") / MU).round(4), **_yes_no(f["parcels"])
    )
    write_shapefile(root / "01权籍/宗地.shp", draft.parcel_rings, parcels, PARCELS, draft.prj.get("parcels", PRJ_39))
    put("01权籍/宗地.shp", "parcels")
    draft.lines["补充宗地"] = write_boundary_txt(root / "01权籍/补充宗地.txt", draft.plots, "澄湖区不动产登记中心", on)
    put("01权籍/补充宗地.txt", "parcels")

    progress("写三调", 1, total)
    _gpkg(root / "02三调/三调.gpkg", "DLTB", f["patches"].rename(PATCHES), s["patches"])
    put("02三调/三调.gpkg", "patches", layer="DLTB", year=2025)
    _zip_shapefile(root / "02三调/二调地类.zip", "二调地类", to_polygons(s["second_survey"]), f["second_survey"], draft)
    put("02三调/二调地类.zip", "second_survey", year=2009)

    progress("写规划", 2, total)
    plan = root / "03规划/规划.gpkg"
    for name, role, title in (
        ("zones", "zones", "规划用途"),
        ("control_lines", "control_lines", "控制线"),
        ("renewal_areas", "renewal_areas", "更新改造范围"),
    ):
        _gpkg(plan, title, f[name].rename(RENAMED[name]), s[name])
        put("03规划/规划.gpkg", role, layer=title)

    progress("写房屋", 3, total)
    write_shapefile(
        root / "04房屋/房屋.shp",
        to_polygons(s["buildings"]),
        f["buildings"],
        BUILDINGS,
        draft.prj.get("buildings", PRJ_39),
    )
    # An encoding trap: the .cpg names a code page in words that GDAL does not know.
    (root / "04房屋/房屋.cpg").write_text("OEM 936", "ascii")
    put("04房屋/房屋.shp", "buildings")

    progress("写登记", 4, total)
    book = write_book(
        root / "05登记/不动产登记.xlsx",
        "澄湖区不动产登记信息汇总表",
        f"单位：平方米    导出日期：{on:%Y年%m月%d日}",
        REGISTRATION,
        f["registration"],
        totals=("registered_area_m2",),
        total_rows=draft.totals.get("registration"),
        sheet="登记",
        numbers=draft.numbers.get("registration"),
    )
    put(book, "registration")

    progress("写企业", 5, total)
    firms = f["enterprises"].with_columns(
        occupied_area_mu=(pl.col("occupied_area_m2") / MU).round(4),
        above_text=pl.when("above_scale").then(pl.lit("是")).otherwise(pl.lit("否")),
    )
    book = write_book(
        root / "06企业/企业名录.xlsx",
        "澄湖区企业用地名录",
        "面积单位：亩",
        ENTERPRISES,
        firms,
        totals=("occupied_area_mu",),
        total_rows=draft.totals.get("enterprises"),
        sheet="企业名录",
    )
    put(book, "enterprises")
    progress("写经济指标", 6, total)
    figures = ("tax_wan", "output_wan", "revenue_wan", "added_value_wan", "fixed_investment_wan")
    book = write_book(
        root / "06企业/经济指标.xlsx",
        f"澄湖区企业经济指标（{years[0]}—{years[1]}年度）",
        "金额单位：万元",
        ECONOMY,
        f["economy"],
        totals=figures,
        total_rows=draft.totals.get("economy"),
        sheet="经济指标",
    )
    put(book, "economy")
    for year in years:
        book = write_book(
            root / f"06企业/亩产效益评价_{year}.xlsx",
            f"澄湖区{year}年度企业亩产效益评价结果",
            "牵头单位：澄湖区工业和信息化局",
            YIELD,
            f[f"yield_{year}"].with_columns(
                above_text=pl.when("above_scale").then(pl.lit("规上")).otherwise(pl.lit("规下"))
            ),
        )
        put(book, "yield_classes", year=year)
    put(
        write_book(root / "06企业/退二进三.xlsx", "澄湖区“退二进三”企业搬迁清单", "共一册", EXIT_LIST, f["exit_list"]),
        "exit_list",
    )

    progress("写安全环保", 7, total)
    put(write_csv(root / "07安全环保/安全生产.csv", SAFETY, _verdict(f["safety"]), "gbk"), "safety")
    put(write_csv(root / "07安全环保/环保.csv", ENVIRONMENT, _verdict(f["environment"]), "utf-8-sig"), "environment")

    progress("写清单", 8, total)
    draft.lines["历史遗留用地"] = write_boundary_txt(
        root / "08历史遗留/历史遗留用地.txt", draft.legacy_plots, "澄湖区自然资源局", on
    )
    put("08历史遗留/历史遗留用地.txt", "legacy")
    put(
        write_book(root / "09问题/争议.xlsx", "土地权属争议台账", "填报单位：各街道（镇）", DISPUTES, f["disputes"]),
        "disputes",
    )
    put(
        write_book(
            root / "09问题/问题诉求.xlsx",
            "低效用地盘活问题诉求清单",
            "填报单位：各街道（镇）",
            OBSTACLES,
            f["obstacles"],
        ),
        "obstacles",
    )
    put(
        write_book(
            root / "09问题/闲置土地.xlsx", "闲置土地台账", "填报单位：澄湖区自然资源局", IDLE_LAND, f["idle_land"]
        ),
        "idle_land",
    )

    progress("写界线", 9, total)
    _geojson(root / "10行政区/乡镇街道.geojson", "乡镇街道", f["townships"], s["townships"], 4490)
    _geojson(root / "10行政区/县界.geojson", "县界", f["county"], s["county"], 4326)
    put("10行政区/乡镇街道.geojson", "boundaries")
    put("10行政区/县界.geojson", "boundaries")
    (root / "说明.txt").write_bytes(
        "澄湖区低效用地调查演示数据。全部为虚构：地名、企业、代码和数值均不对应任何真实对象。\r\n"
        "All of this is fictitious and corresponds to nothing real.\r\n".encode("gbk")
    )
    (root / "04房屋/Thumbs.db").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504))
    progress("写界线", 10, total)
    return inputs


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


def _gpkg(path: Path, name: str, frame: pl.DataFrame, shapes: Geometries, epsg: int = EPSG) -> None:
    kinds = set(np.unique(shapely.get_type_id(shapes)).tolist())
    if not kinds <= {3}:
        single = shapely.get_type_id(shapes) == 3
        shapes = shapes.copy()
        shapes[single] = [shapely.MultiPolygon([p]) for p in shapes[single]]
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    table = table.append_column("geom", pa.array(shapely.to_wkb(shapes), pa.binary()))
    pyogrio.write_arrow(
        table,
        str(path),
        layer=name,
        driver="GPKG",
        geometry_name="geom",
        geometry_type="Polygon" if kinds <= {3} else "MultiPolygon",
        crs=f"EPSG:{epsg}",
    )


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
