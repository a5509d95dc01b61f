"""Proposals how to repair what is wrong. A proposal changes nothing; what a survey asks for is applied to a copy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from panhuo.land.areas import ellipsoidal_area, planar_area
from panhuo.land.polygons import CLOSED, Polygons
from panhuo.land.projection import to_geographic
from panhuo.land.units import AREA_UNITS
from panhuo.messages import PanhuoError, Text, format_number
from panhuo.overlay import repair
from panhuo.quality.attributes import DECLARED, area_differences
from panhuo.quality.catalogue import Settings
from panhuo.quality.codes import TIDIED, irregular
from panhuo.quality.shapes import REASONS, SINGLE_PARTS, ShapeFaults
from panhuo.quality.subject import Subject

#: The checks whose findings can be repaired, and what a repair does.
REPAIRABLE: Mapping[str, Text] = {
    "G01": Text("重建无效图形", "rebuild shapes that are not valid"),
    "A04": Text("规范编码写法", "write codes in their regular form"),
    "A06": Text("换算所载面积单位", "convert declared areas to the right unit"),
}
#: One row a proposal. ``before`` and ``after`` are what a person compares; areas are in m² (planar for shapes);
#: ``geometry`` is WKB in the survey's zone; ``index`` the 0-based row of the layer; ``leaves`` the check that fails
#: once this is done though it did not before (a parcel that falls into parts), null where the repair is whole.
REPAIRS_SCHEMA: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "code": pl.String,
    "source": pl.String,
    "layer": pl.String,
    "row": pl.Int64,
    "key": pl.String,
    "field": pl.String,
    "zh": pl.String,
    "en": pl.String,
    "before": pl.String,
    "after": pl.String,
    "area_before": pl.Float64,
    "area_after": pl.Float64,
    "geometry": pl.Binary,
    "index": pl.Int64,
    "leaves": pl.String,
}
#: A declared area in another unit is recognised when it then agrees with the shape this well.
_AGREES = 0.01


@dataclass(frozen=True, slots=True)
class Repairs:
    """Proposals for one layer: ``table`` has the columns of ``REPAIRS_SCHEMA``."""

    table: pl.DataFrame

    def of(self, codes: Collection[str]) -> Repairs:
        """The proposals of these checks only."""
        return Repairs(self.table.filter(pl.col("code").is_in(list(codes))))

    def __len__(self) -> int:
        return self.table.height


def repairable(codes: Collection[str]) -> frozenset[str]:
    """The codes as a set; an error naming those that have no repair."""
    for code in codes:
        if code not in REPAIRABLE:
            raise PanhuoError(
                f"检查项“{code}”没有可采用的修复，可填：{'、'.join(REPAIRABLE)}。",
                f"There is no repair for '{code}'; there are: {', '.join(REPAIRABLE)}.",
            )
    return frozenset(codes)


def repairs_table(rows: pl.DataFrame | None = None) -> pl.DataFrame:
    """Proposals with every column of ``REPAIRS_SCHEMA``; null where ``rows`` has no such column."""
    if rows is None:
        return pl.DataFrame(schema=dict(REPAIRS_SCHEMA))
    absent = [pl.lit(None, d).alias(c) for c, d in REPAIRS_SCHEMA.items() if c not in rows.columns]
    return rows.with_columns(absent).select(pl.col(c).cast(d) for c, d in REPAIRS_SCHEMA.items())


def propose(subject: Subject, settings: Settings, faults: ShapeFaults | None = None) -> Repairs:
    """What could be repaired in one layer, in the order G01, A04, A06; ``faults`` of :func:`shape_faults`."""
    parts = []
    if faults is not None and subject.polygons is not None:
        parts.append(_shapes(subject, subject.polygons, faults))
    parts += [_codes(subject, name) for name in TIDIED if name in subject.raw.columns]
    parts.append(_units(subject, settings))
    return Repairs(pl.concat([p for p in parts if p.height] or [repairs_table()]))


def apply_repairs(subject: Subject, repairs: Repairs) -> Subject:
    """A copy of the layer with these proposals applied; ``raw`` and the delivered table stay as they were delivered."""
    table = repairs.table
    frame = subject.frame
    for (code, name), rows in table.filter(pl.col("code") != "G01").group_by("code", "field", maintain_order=True):
        values = rows["area_after"] if code == "A06" else rows["after"]
        frame = frame.with_columns(frame[str(name)].scatter(rows["index"], values.cast(frame.schema[str(name)])))
    shapes = table.filter(pl.col("code") == "G01")
    mended = replace(subject, frame=frame)
    return _with_shapes(mended, shapes) if shapes.height else mended


def without(faults: ShapeFaults, repairs: Repairs) -> ShapeFaults:
    """The faults of a layer after its shapes were repaired: their areas can be trusted now."""
    crossing = faults.crossing.copy()
    crossing[repairs.table.filter(pl.col("code") == "G01")["index"].to_numpy()] = False
    return replace(faults, crossing=crossing)


def _with_shapes(subject: Subject, shapes: pl.DataFrame) -> Subject:
    polygons, area, planar = subject.polygons, subject.area_m2, subject.planar_m2
    assert polygons is not None
    assert area is not None
    assert planar is not None
    assert subject.crs is not None
    rows = shapes["index"].to_numpy()
    new = Polygons.from_wkb(shapes["geometry"].to_list())
    order = np.arange(len(polygons))
    order[rows] = len(polygons) + np.arange(len(new))
    area, planar = area.copy(), planar.copy()
    area[rows] = ellipsoidal_area(new.with_coords(to_geographic(new.coords, subject.crs)))
    planar[rows] = planar_area(new)
    return replace(subject, polygons=Polygons.concat([polygons, new]).take(order), area_m2=area, planar_m2=planar)


def _named(subject: Subject, index: pl.Series, rows: pl.DataFrame, code: str) -> pl.DataFrame:
    """Add what every proposal says: where it is."""
    return repairs_table(
        rows.with_columns(
            index.alias("index"),
            pl.lit(code).alias("code"),
            pl.lit(subject.layer.source).alias("source"),
            pl.lit(subject.layer.name).alias("layer"),
            subject.row_numbers().gather(index).alias("row"),
            subject.keys().gather(index).alias("key"),
        )
    )


def _shapes(subject: Subject, polygons: Polygons, faults: ShapeFaults) -> pl.DataFrame:
    """G01: invalid shapes rebuilt, repeated points taken out, rings that were not closed. One proposal a shape."""
    unclosed = np.flatnonzero(polygons.state == CLOSED)
    reasons = pl.concat(
        [
            faults.invalid.select(pl.col("row").cast(pl.Int64), "code"),
            pl.DataFrame({"row": unclosed}, schema={"row": pl.Int64}).with_columns(code=pl.lit("unclosed")),
        ]
    )
    if not reasons.height:
        return repairs_table()
    words = {**{code: text for code, (text, _) in REASONS.items()}, "unclosed": _UNCLOSED}
    by_row = (
        reasons.with_columns(
            pl.col("code").replace({c: t.zh for c, t in words.items()}).alias("why"),
            pl.col("code").replace({c: t.en for c, t in words.items()}).alias("why_en"),
            pl.col("code").is_in(["duplicate_point", "unclosed"]).alias("light"),
        )
        .group_by("row", maintain_order=True)
        .agg(pl.col("why").str.join("；"), pl.col("why_en").str.join("; "), pl.col("light").all())
        .sort("row")
    )
    rows = by_row["row"].to_numpy()
    light = by_row["light"].to_numpy()
    picked = polygons.take(rows)
    heavy = np.flatnonzero(~light)
    rebuilt = repair(picked, heavy).polygons
    shapes = rebuilt.to_shapely()
    shapes[light] = shapely.remove_repeated_points(shapes[light])
    new = Polygons.from_shapely(shapes)
    before, after = planar_area(picked), planar_area(new)
    parts = new.part_counts
    kept = np.flatnonzero(np.nan_to_num(after) > 0)
    single = subject.role.id in SINGLE_PARTS
    apart = single & (parts > np.maximum(picked.part_counts, 1))
    wkb = pl.Series("geometry", new.take(kept).to_wkb().to_pylist(), dtype=pl.Binary)
    told = by_row[kept].select(
        pl.format("图形{}", "why").alias("before"),
        pl.Series("after", [f"有效图形，{n} 个部分" for n in parts[kept]], dtype=pl.String),
        pl.Series("zh", [_did(light[k], parts[k], before[k], after[k]).zh for k in kept], dtype=pl.String),
        pl.Series("en", [_did(light[k], parts[k], before[k], after[k]).en for k in kept], dtype=pl.String),
        pl.Series("leaves", ["G02" if apart[k] else None for k in kept], dtype=pl.String),
        pl.Series("area_before", before[kept]).fill_nan(None),
        pl.Series("area_after", after[kept]),
        wkb,
    )
    return _named(subject, pl.Series("index", rows[kept]), told, "G01")


_UNCLOSED = Text("的环没有闭合", "has a ring that is not closed")


def _did(light: bool, parts: int, before: float, after: float) -> Text:
    """What the proposal does to one shape, in words."""
    if light:
        return Text(
            "去除重复的界址点并闭合环，界线不变。",
            "Repeated points taken out and rings closed; the boundary is the same.",
        )
    was, now = format_number(before, 2), format_number(after, 2)
    return Text(
        f"按相交处拆开重建为 {parts} 个部分，面积由 {was} 平方米变为 {now} 平方米。",
        f"Split where it crosses itself and rebuilt as {parts} part(s); area from {was} m² to {now} m².",
    )


def _codes(subject: Subject, name: str) -> pl.DataFrame:
    """A04: the regular form of codes with blanks, hyphens, full-width or small letters, where that form is right."""
    index, raw, tidy = irregular(subject, name)
    rows = pl.DataFrame({"before": raw, "after": tidy}).with_columns(
        field=pl.lit(name),
        zh=pl.lit("去除空格和连字符，改为半角大写。"),
        en=pl.lit("Blanks and hyphens taken out, half-width capitals."),
    )
    return _named(subject, index, rows, "A04")


def _units(subject: Subject, settings: Settings) -> pl.DataFrame:
    """A06: rows whose declared area agrees with the shape once it is taken to be in another unit than the column."""
    wrong = area_differences(subject, settings)
    name = DECLARED.get(subject.role.id)
    if wrong is None or name is None or subject.area_m2 is None or not len(wrong):
        return repairs_table()
    declared = subject.frame[name].to_numpy().astype(np.float64)[wrong]
    computed = subject.area_m2[wrong]
    factors = np.unique([float(a / b) for a in AREA_UNITS.values() for b in AREA_UNITS.values() if a != b])
    apart = np.abs(declared[:, None] * factors - computed[:, None]) / computed[:, None]
    best = np.argmin(apart, axis=1)
    fits = np.flatnonzero(apart[np.arange(len(wrong)), best] < _AGREES)
    after: NDArray[np.float64] = declared[fits] * factors[best[fits]]
    index = pl.Series("index", wrong[fits]).cast(pl.Int64)
    rows = pl.DataFrame(
        {
            "before": [f"{format_number(v, 2)} 平方米" for v in declared[fits]],
            "after": [f"{format_number(v, 2)} 平方米" for v in after],
            "area_before": declared[fits],
            "area_after": after,
        },
        schema={"before": pl.String, "after": pl.String, "area_before": pl.Float64, "area_after": pl.Float64},
    ).with_columns(
        field=pl.lit(name),
        zh=pl.lit("该行面积的单位与全列不同，换算后与图形面积相符。"),
        en=pl.lit("This row is in another unit than its column; converted, it agrees with the shape."),
    )
    return _named(subject, index, rows, "A06")
