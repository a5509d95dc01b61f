"""A filtered list as a file: gpkg, shp, gdb, xlsx or boundary TXT, by the library's writers."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa
from django.utils.translation import gettext_lazy as _

from panhuo import exchange
from panhuo.exchange import Layer
from panhuo.exchange.boundary_txt import writer
from panhuo.land.crs import Crs
from panhuo.land.roles import role
from panhuo.progress import Progress, silent
from panhuo.survey.tables import OUTCOMES
from panhuo_platform.organisations import locality
from panhuo_platform.organisations.models import User
from panhuo_platform.parcels import queries
from panhuo_platform.parcels.filters import ParcelFilter

_MU, _HECTARE = 2000.0 / 3.0, 10_000.0


@dataclass(frozen=True, slots=True)
class Format:
    """A format of export: what it is called, its file's ending, and that of what is sent (several files go as zip)."""

    title: object
    ending: str
    sent: str
    geometry: bool = True


FORMATS: Mapping[str, Format] = {
    "xlsx": Format(_("Excel 表格"), "xlsx", "xlsx", geometry=False),
    "gpkg": Format("GeoPackage", "gpkg", "gpkg"),
    "shp": Format("Shapefile", "shp", "zip"),
    "gdb": Format("File Geodatabase", "gdb", "zip"),
    "txt": Format(_("界址点坐标 TXT"), "txt", "txt"),
}
#: A list that is no longer than this is made while one waits; a longer one as a job.
AT_ONCE = 2_000


def write(
    user: User, chosen: ParcelFilter, kind: str, folder: Path, *, stem: str = "宗地", progress: Progress = silent
) -> tuple[Path, int]:
    """Write what ``user`` may see of what is asked for into ``folder``; the file to send, and how many parcels it has.

    Texts stay texts in every format: a cell that begins with = + - or @ is no formula.
    """
    frame, shapes = _gathered(user, chosen, progress)
    wanted = FORMATS[kind]
    progress("写出文件", 0, 1)
    table = _titled(frame)
    layer = Layer(
        name=stem, source="", driver=wanted.ending, table=table.to_arrow(compat_level=pl.CompatLevel.newest()),
        geometry=shapes if wanted.geometry else None, crs=Crs.from_epsg(4490) if wanted.geometry else None,
    )  # fmt: skip
    target = folder / f"{stem}.{wanted.sent}"
    with tempfile.TemporaryDirectory(dir=folder) as room:
        made = Path(room) / f"{stem}.{wanted.ending}"
        if kind == "txt":
            writer.write(_for_txt(frame, shapes, layer), made)
        else:
            exchange.write(layer, made, encoding="UTF-8" if kind == "shp" else None, progress=progress)
        if wanted.sent == "zip":
            _packed(Path(room), target)
        else:
            shutil.move(made, target)
    progress("写出文件", 1, 1)
    return target, frame.height


def _gathered(user: User, chosen: ParcelFilter, progress: Progress) -> tuple[pl.DataFrame, pa.LargeBinaryArray]:
    frames, shapes, done = [], [], 0
    for frame, wkb in queries.frames(user, chosen):
        frames.append(frame)
        shapes.append(wkb)
        done += frame.height
        progress("读取宗地", done, 0)
    return pl.concat(frames, rechunk=True), pa.concat_arrays(shapes)


def _titled(frame: pl.DataFrame) -> pl.DataFrame:
    """What people read: Chinese headings, areas in three units, words for codes."""
    classes = class_names()
    stages = stage_names()
    fields = [f for f in role("parcels").fields if f.name in frame.columns and f.name not in ("declared_area_m2",)]
    told: list[pl.Expr] = [
        pl.col("number").alias("地块编号"),
        *(_field(f.name, frame).alias(f.zh) for f in fields),
        pl.col("declared_area_m2").alias("申报面积（平方米）"),
        pl.col("area_m2").round(2).alias("椭球面积（平方米）"),
        (pl.col("area_m2") / _HECTARE).round(4).alias("面积（公顷）"),
        (pl.col("area_m2") / _MU).round(2).alias("面积（亩）"),
        pl.col("planar_area_m2").round(2).alias("平面面积（平方米）"),
        pl.col("outcome").replace({k: v.zh for k, v in OUTCOMES.items()}).alias("认定结论"),
        pl.col("main_class").replace(classes).alias("主要类别"),
        pl.col("classes").list.eval(pl.element().replace(classes)).list.join("、").alias("全部类别"),
        pl.col("stage").replace(stages).alias("办理环节"),
        pl.when("in_upper_register").then(pl.lit("是")).otherwise(pl.lit("否")).alias("已入上级库"),
        pl.col("upper_number").alias("上级库编号"),
        pl.col("valid_from").alias("版本生效"),
    ]
    return frame.select(told)


def _field(name: str, frame: pl.DataFrame) -> pl.Expr:
    kind = frame.schema[name]
    column = pl.col(name)
    if isinstance(kind, pl.List):
        return column.list.join("、")
    if kind == pl.Boolean:
        return pl.when(column).then(pl.lit("是")).when(~column).then(pl.lit("否"))
    return column


def class_names() -> dict[str, str]:
    """Class of inefficient land -> its name in the pack."""
    pack = locality.frozen()
    return {c["id"]: c["name"]["zh"] for c in pack["content"]["standard"]["classes"]} if pack else {}


def stage_names() -> dict[str, str]:
    """State of the pack's chain for records -> its name."""
    pack = locality.frozen()
    chains = pack["content"]["workflow"]["chains"] if pack else ()
    return {s["id"]: s["name"]["zh"] for c in chains if c["object"] == "record" for s in c["states"]}


def _for_txt(frame: pl.DataFrame, shapes: pa.LargeBinaryArray, layer: Layer) -> Layer:
    """Plots of a boundary TXT: number, name, use and area under the names that its writer knows."""
    drawn = shapes.is_valid()
    rows = frame.select(
        pl.coalesce("parcel_code", "number").alias("地块编号"),
        pl.col("parcel_name").alias("地块名称"),
        pl.col("registered_use").alias("地块用途"),
        pl.col("area_m2").alias("面积_平方米"),
    )
    table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
    return layer.with_(table=table.filter(drawn), geometry=shapes.filter(drawn), driver="txt")


def _packed(room: Path, target: Path) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as out:
        for path in sorted(p for p in room.rglob("*") if p.is_file()):
            out.write(path, path.relative_to(room))
