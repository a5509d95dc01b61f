"""Checks of shapes: G01 valid, G02 one part, G03 no overlaps, G05 no slivers, G06 not narrow, G07 vertices apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl
import shapely
from numpy.typing import NDArray

from panhuo.land.polygons import Polygons
from panhuo.land.threads import in_chunks
from panhuo.messages import Text, format_number, join_findings
from panhuo.overlay import representative_points, self_overlaps
from panhuo.progress import Progress, silent
from panhuo.quality.catalogue import Settings, state
from panhuo.quality.subject import Subject

#: Layers whose shapes may not lie over one another.
NO_OVERLAPS = frozenset({"parcels", "patches", "second_survey", "zones"})
#: Layers where one shape must be one part.
SINGLE_PARTS = frozenset({"parcels"})
#: Layers whose shapes are checked for slivers, narrowness and needless points: those that the survey itself rests on.
DRAWN = frozenset({"parcels"})
#: Why there is no shape: state of the reader -> words.
STATES = {
    1: Text("没有图形", "is missing"),
    2: Text("为空", "is empty"),
    3: Text("不是面", "is no polygon"),
    4: Text("无法解析", "cannot be read"),
    5: Text("含有无效坐标", "has a coordinate that is no number"),
    6: Text("的环没有闭合，已按闭合处理", "has a ring that was not closed; it was read as closed"),
}
#: What the validity test says, in our words. The first two make an area untrustworthy.
_REASONS: tuple[tuple[str, Text, bool], ...] = (
    ("Self-intersection", Text("自相交", "crosses itself"), True),
    ("Ring Self-intersection", Text("的环自相交", "has a ring that touches or crosses itself"), False),
    ("Hole lies outside shell", Text("的内环在外环之外", "has a hole outside its shell"), True),
    ("Holes are nested", Text("的内环相互嵌套", "has nested holes"), True),
    ("Nested shells", Text("的各部分相互嵌套", "has parts inside one another"), True),
    ("Interior is disconnected", Text("的内部不连通", "has a disconnected interior"), False),
    ("Duplicate Rings", Text("有重复的环", "has the same ring twice"), True),
    ("Too few points", Text("的环少于四个点", "has a ring of fewer than four points"), False),
)
_PLACE = re.compile(r"\[(-?[\d.eE+]+) (-?[\d.eE+]+)\]")
_CHUNK = 50_000


@dataclass(frozen=True, slots=True)
class ShapeFaults:
    """What is wrong with the shapes of a layer.

    findings : G01, G02, G05, G06, G07
    crossing : (n,) bool, shapes whose rings cross themselves or one another, so that their area cannot be trusted
    """

    findings: pl.DataFrame
    crossing: NDArray[np.bool_]


def shape_faults(subject: Subject, settings: Settings, *, progress: Progress = silent) -> ShapeFaults:
    """Look at every shape of a layer by itself. Never raises for a bad shape."""
    polygons = subject.polygons
    assert polygons is not None
    invalid, crossing = _invalid(subject, polygons, progress)
    findings = [_missing(subject, polygons), invalid, _repeated_points(subject, polygons, settings)]
    if subject.role.id in SINGLE_PARTS:
        findings.append(_parts(subject, polygons))
    if subject.role.id in DRAWN:
        findings += [
            _slivers(subject, polygons, settings, crossing),
            _narrow(subject, polygons, settings, crossing),
        ]
    return ShapeFaults(join_findings(findings), crossing)


def _missing(subject: Subject, polygons: Polygons) -> pl.DataFrame:
    parts = []
    for code, text in STATES.items():
        index = np.flatnonzero(polygons.state == code)
        if code == 3 and len(index) == len(polygons):
            continue  # a layer of points or lines: said once by D01, not row by row
        if len(index):
            rows = pl.DataFrame({"index": index}).with_columns(why=pl.lit(text.zh), why_en=pl.lit(text.en))
            parts.append(state("G01", subject, rows))
    return join_findings(parts)


def _invalid(
    subject: Subject, polygons: Polygons, progress: Progress
) -> tuple[pl.DataFrame, NDArray[np.bool_]]:  # fmt: skip
    def work(first: int, last: int) -> NDArray[np.int64]:
        shapes = polygons.take(np.arange(first, last)).to_shapely()
        return np.flatnonzero(~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)) + first

    parts = in_chunks(work, len(polygons), chunk=_CHUNK, progress=progress, step="检查图形")
    rows = np.concatenate(parts) if parts else np.zeros(0, np.int64)
    rows = rows[~np.isin(polygons.state[rows], [1, 2, 3, 4, 5])]
    crossing = np.zeros(len(polygons), bool)
    told = []
    for row, reason in zip(rows, shapely.is_valid_reason(polygons.take(rows).to_shapely()), strict=True):
        text, bad = next(
            ((t, b) for name, t, b in _REASONS if str(reason).startswith(name)), (Text("无效", "is not valid"), False)
        )
        crossing[row] = bad
        place = _PLACE.search(str(reason))
        told.append((int(row), text.zh, text.en, *((float(place[1]), float(place[2])) if place else (None, None))))
    frame = pl.DataFrame(
        told,
        schema={"index": pl.Int64, "why": pl.String, "why_en": pl.String, "x": pl.Float64, "y": pl.Float64},
        orient="row",
    )
    return state("G01", subject, frame), crossing


@dataclass(frozen=True, slots=True)
class _Edges:
    """Edges of all rings: length, the row they belong to, and where they begin."""

    length: NDArray[np.float64]
    row: NDArray[np.int64]
    start: NDArray[np.int64]


def _edges(polygons: Polygons) -> _Edges:
    coords = polygons.coords
    if len(coords) < 2:
        return _Edges(np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
    step = np.hypot(np.diff(coords[:, 0]), np.diff(coords[:, 1]))
    inside = np.ones(len(step), bool)
    inside[polygons.rings[1:-1] - 1] = False
    start = np.flatnonzero(inside)
    ring_row = np.repeat(np.arange(len(polygons)), np.diff(polygons.geoms))
    row = np.repeat(ring_row, np.diff(polygons.rings))[start]
    return _Edges(step[start], row, start)


def _repeated_points(subject: Subject, polygons: Polygons, settings: Settings) -> pl.DataFrame:
    """G01: the same point twice in a row; G07: two points closer than the tolerance. One finding a shape."""
    edges = _edges(polygons)
    least = settings.get("G01", "duplicate_m")
    near = settings.get("G07", "distance_m")
    double = np.flatnonzero(edges.length <= least)
    parts = [
        state(
            "G01",
            subject,
            _first_a_row(edges, double, polygons).with_columns(
                why=pl.lit("有重复的界址点"), why_en=pl.lit("has the same point twice in a row")
            ),
        )
    ]
    if subject.role.id in DRAWN:
        close = np.flatnonzero((edges.length > least) & (edges.length < near))
        rows = _first_a_row(edges, close, polygons)
        rows = rows.with_columns(
            pl.col("length").map_elements(lambda v: f"{v:.4f}", return_dtype=pl.String).alias("value"),
            limit=pl.lit(format_number(near)),
        )
        parts.append(state("G07", subject, rows))
    return join_findings(parts)


def _first_a_row(edges: _Edges, picked: NDArray[np.int64], polygons: Polygons) -> pl.DataFrame:
    rows, first = np.unique(edges.row[picked], return_index=True)
    at = picked[first]
    points = polygons.coords[edges.start[at]]
    return pl.DataFrame({"index": rows, "x": points[:, 0], "y": points[:, 1], "length": edges.length[at]})


def _parts(subject: Subject, polygons: Polygons) -> pl.DataFrame:
    parts = polygons.part_counts
    index = np.flatnonzero(parts > 1)
    rows = pl.DataFrame({"index": index, "value": parts[index]}).with_columns(pl.col("value").cast(pl.String))
    return state("G02", subject, _placed(rows, polygons, index))


def _placed(rows: pl.DataFrame, polygons: Polygons, index: NDArray[np.int64]) -> pl.DataFrame:
    points = representative_points(polygons.take(index)) if len(index) else np.zeros((0, 2))
    return rows.with_columns(pl.Series("x", points[:, 0]).fill_nan(None), pl.Series("y", points[:, 1]).fill_nan(None))


def _slivers(
    subject: Subject, polygons: Polygons, settings: Settings, crossing: NDArray[np.bool_]
) -> pl.DataFrame:  # fmt: skip
    limit = settings.get("G05", "minimum_m2")
    area = np.nan_to_num(subject.area_m2 if subject.area_m2 is not None else np.zeros(len(polygons)))
    index = np.flatnonzero((area > 0) & (area < limit) & ~crossing)
    rows = pl.DataFrame(
        {"index": index, "value": [format_number(v, 2) for v in area[index]]}, schema_overrides={"value": pl.String}
    )
    return state("G05", subject, _placed(rows.with_columns(limit=pl.lit(format_number(limit))), polygons, index))


def _narrow(
    subject: Subject, polygons: Polygons, settings: Settings, crossing: NDArray[np.bool_]
) -> pl.DataFrame:  # fmt: skip
    """G06: shapes of small mean width, and angles that are too sharp."""
    edges = _edges(polygons)
    perimeter = np.bincount(edges.row, edges.length, minlength=len(polygons))
    area = np.nan_to_num(subject.planar_m2 if subject.planar_m2 is not None else np.zeros(len(polygons)))
    width = np.divide(2.0 * area, perimeter, out=np.full(len(polygons), np.inf), where=perimeter > 0)
    limit = settings.get("G06", "width_m")
    sliver = area < settings.get("G05", "minimum_m2")  # those are G05's
    index = np.flatnonzero((width < limit) & (area > 0) & ~crossing & ~sliver)
    words = [f"{v:.2f}" for v in width[index]]
    rows = pl.DataFrame(
        {
            "index": index,
            "value": words,
            "why": [f"狭长，平均宽度只有 {w} 米" for w in words],
            "why_en": [f"is narrow: {w} m wide on average" for w in words],
        },
        schema_overrides={"value": pl.String, "why": pl.String, "why_en": pl.String},
    )
    sharp, points, angles = _sharp(polygons, settings.get("G06", "angle_deg"))
    keep = ~crossing[sharp] & ~sliver[sharp]
    sharp, points, angles = sharp[keep], points[keep], angles[keep]
    degrees = [f"{v:.1f}" for v in angles]
    more = pl.DataFrame(
        {
            "index": sharp,
            "value": degrees,
            "why": [f"有 {d} 度的狭长角" for d in degrees],
            "why_en": [f"has an angle of {d} degrees" for d in degrees],
            "x": points[:, 0],
            "y": points[:, 1],
        },
        schema_overrides={"value": pl.String, "why": pl.String, "why_en": pl.String},
    )
    return join_findings([state("G06", subject, _placed(rows, polygons, index)), state("G06", subject, more)])


def _sharp(polygons: Polygons, limit: float) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """The sharpest angle of each shape that has one below ``limit`` degrees: rows, places, angles."""
    coords, rings = polygons.coords, polygons.rings
    if not len(coords):
        return np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0)
    last = np.zeros(len(coords), bool)
    last[rings[1:] - 1] = True
    here = np.flatnonzero(~last)
    ring = np.repeat(np.arange(len(rings) - 1), np.diff(rings))[here]
    before = np.where(here == rings[ring], rings[ring + 1] - 2, here - 1)
    a, b = coords[before] - coords[here], coords[here + 1] - coords[here]
    size = np.hypot(a[:, 0], a[:, 1]) * np.hypot(b[:, 0], b[:, 1])
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = (a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1]) / size
    bad = np.flatnonzero((cosine > np.cos(np.radians(limit))) & (size > 0))
    rows = np.repeat(np.arange(len(polygons)), np.diff(polygons.geoms))[ring[bad]]
    order = np.lexsort((-cosine[bad], rows))
    rows, first = np.unique(rows[order], return_index=True)
    at = bad[order][first]
    return rows, coords[here[at]], np.degrees(np.arccos(np.clip(cosine[at], -1.0, 1.0)))


def overlaps(subject: Subject, settings: Settings, *, progress: Progress = silent) -> pl.DataFrame:
    """G03: pairs that overlap, and stacks. A stack of any number of shapes is one finding."""
    polygons = subject.polygons
    assert polygons is not None
    found = self_overlaps(
        polygons,
        minimum=settings.get("G03", "tolerance_m2"),
        stack_at=int(settings.get("G03", "stack_at")),
        progress=progress,
    )
    keys, numbers = subject.keys(), subject.row_numbers()
    left, right = pl.Series(found.pairs.left), pl.Series(found.pairs.right)
    points = representative_points(polygons.take(found.pairs.left)) if len(left) else np.zeros((0, 2))
    pairs = pl.DataFrame(
        {
            "index": left.cast(pl.Int64),
            "value": pl.Series([format_number(v, 2) for v in found.pairs.area], dtype=pl.String),
            "other": keys.gather(right),
            "line": numbers.gather(right),
            "x": points[:, 0],
            "y": points[:, 1],
        }
    ).with_columns(
        pl.format("与“{}”（第 {} 行）重叠 {} 平方米。", pl.col("other").fill_null("无编号"), "line", "value").alias("what"),
        pl.format("It overlaps '{}' (row {}) by {} m².", pl.col("other").fill_null("no code"), "line", "value").alias("what_en"),
    )  # fmt: skip
    parts = [state("G03", subject, pairs)]
    stacks = found.stacks
    if len(stacks):
        sizes = stacks.sizes
        rows = []
        for k in range(len(stacks)):
            members = stacks.members[stacks.starts[k] : stacks.starts[k + 1]]
            some = "、".join(str(keys[int(m)] or f"第{numbers[int(m)]}行") for m in members[:5])
            rows.append((int(stacks.representative[k]), int(sizes[k]), some, float(stacks.x[k]), float(stacks.y[k])))
        frame = pl.DataFrame(
            rows,
            schema={"index": pl.Int64, "count": pl.Int64, "value": pl.String, "x": pl.Float64, "y": pl.Float64},
            orient="row",
        ).with_columns(
            pl.format("同一位置叠置了 {} 个图形（{} 等），按一堆报告。", "count", "value").alias("what"),
            pl.format("{} shapes lie on one place ({} …): one stack.", "count", "value").alias("what_en"),
        )
        parts.append(state("G03", subject, frame))
    return join_findings(parts)
