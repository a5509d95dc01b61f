"""Checks of shapes: G01 valid, G02 one part, G03 no overlaps, G05 no slivers, G06 not narrow, G07 vertices apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.land.polygons import NOT_POLYGON, Polygons
from panhuo.messages import Text, format_number, join_findings
from panhuo.overlay import representative_points, self_overlaps, shape_flaws, validity
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
    1: Text("缺失", "is missing"),
    2: Text("为空", "is empty"),
    3: Text("不是面", "is no polygon"),
    4: Text("无法解析", "cannot be read"),
    5: Text("含有无效坐标", "has a coordinate that is no number"),
    6: Text("的环没有闭合，已按闭合处理", "has a ring that was not closed; it was read as closed"),
}
#: What the validity test finds, in our words, and whether it makes an area untrustworthy.
REASONS: dict[str, tuple[Text, bool]] = {
    "self_intersection": (Text("自相交", "crosses itself"), True),
    "ring_self_intersection": (Text("的环自相接", "has a ring that touches itself"), False),
    "hole_outside_shell": (Text("的内环在外环之外", "has a hole outside its shell"), True),
    "nested_holes": (Text("的内环相互嵌套", "has nested holes"), True),
    "nested_shells": (Text("的各部分相互嵌套", "has parts inside one another"), True),
    "disconnected_interior": (Text("的内部不连通", "has a disconnected interior"), False),
    "duplicate_rings": (Text("有重复的环", "has the same ring twice"), True),
    "too_few_points": (Text("的环少于四个点", "has a ring of fewer than four points"), False),
    "duplicate_point": (Text("有重复的界址点", "has the same point twice in a row"), False),
    "invalid": (Text("无效", "is not valid"), True),
}


@dataclass(frozen=True, slots=True)
class ShapeFaults:
    """What is wrong with the shapes of a layer.

    findings : G01, G02, G05, G06, G07
    crossing : (n,) bool, shapes whose rings cross themselves or one another, so that their area cannot be trusted
    invalid  : ``row`` (0-based) and ``code`` (a key of ``REASONS``) of everything that is not valid
    """

    findings: pl.DataFrame
    crossing: NDArray[np.bool_]
    invalid: pl.DataFrame


def shape_faults(subject: Subject, settings: Settings, *, progress: Progress = silent) -> ShapeFaults:
    """Look at every shape of a layer by itself. Never raises for a bad shape."""
    polygons = subject.polygons
    assert polygons is not None
    found = validity(polygons, progress=progress).filter(pl.col("code").is_in(list(REASONS)))
    crossing = np.zeros(len(polygons), bool)
    untrusted = [code for code, (_, bad) in REASONS.items() if bad]
    crossing[found.filter(pl.col("code").is_in(untrusted))["row"].to_numpy()] = True
    words = {code: text for code, (text, _) in REASONS.items()}
    told = found.select(
        pl.col("row").cast(pl.Int64).alias("index"),
        "x",
        "y",
        pl.col("code").replace({c: t.zh for c, t in words.items()}).alias("why"),
        pl.col("code").replace({c: t.en for c, t in words.items()}).alias("why_en"),
    )
    findings = [_missing(subject, polygons), state("G01", subject, told)]
    if subject.role.id in SINGLE_PARTS:
        findings.append(_parts(subject, polygons))
    if subject.role.id in DRAWN:
        small = _small(subject, settings)
        findings += [_slivers(subject, settings, small & ~crossing)]
        findings += _flaws(subject, polygons, settings, ~(crossing | small))
    return ShapeFaults(join_findings(findings), crossing, found.select("row", "code"))


def _missing(subject: Subject, polygons: Polygons) -> pl.DataFrame:
    parts = []
    for code, text in STATES.items():
        index = np.flatnonzero(polygons.state == code)
        if code == NOT_POLYGON and len(index) == len(polygons):
            continue  # a layer of points or lines: said once by D01, not row by row
        if len(index):
            rows = pl.DataFrame({"index": index}).with_columns(why=pl.lit(text.zh), why_en=pl.lit(text.en))
            parts.append(state("G01", subject, rows))
    return join_findings(parts)


def _parts(subject: Subject, polygons: Polygons) -> pl.DataFrame:
    parts = polygons.part_counts
    index = np.flatnonzero(parts > 1)
    rows = pl.DataFrame({"index": index, "value": parts[index]}).with_columns(pl.col("value").cast(pl.String))
    return state("G02", subject, rows)


def _small(subject: Subject, settings: Settings) -> NDArray[np.bool_]:
    area = np.nan_to_num(subject.area_m2) if subject.area_m2 is not None else np.zeros(len(subject))
    small: NDArray[np.bool_] = (area > 0) & (area < settings.get("G05", "minimum_m2"))
    return small


def _slivers(subject: Subject, settings: Settings, small: NDArray[np.bool_]) -> pl.DataFrame:
    index = np.flatnonzero(small)
    assert subject.area_m2 is not None
    rows = pl.DataFrame(
        {"index": index, "value": [format_number(v, 2) for v in subject.area_m2[index]]},
        schema={"index": pl.Int64, "value": pl.String},
    )
    limit = format_number(settings.get("G05", "minimum_m2"))
    return state("G05", subject, rows.with_columns(limit=pl.lit(limit)))


def _flaws(
    subject: Subject, polygons: Polygons, settings: Settings, asked: NDArray[np.bool_]
) -> list[pl.DataFrame]:  # fmt: skip
    """G06: sharp angles and narrow shapes; G07: vertices closer than the tolerance. One finding of a kind a shape."""
    near = settings.get("G07", "distance_m")
    found = shape_flaws(
        polygons,
        spike_below=settings.get("G06", "angle_deg"),
        closer_than=near,
        thinner_than=settings.get("G06", "compactness"),
    )
    found = found.filter(pl.Series(asked).gather(found["row"])).rename({"row": "index"}).cast({"index": pl.Int64})
    told = {
        "spike": ("G06", "有 {} 度的狭长角", "has an angle of {} degrees", 1),
        "sliver": ("G06", "狭长，紧凑度只有 {}", "is narrow: its compactness is {}", 4),
        "close_vertices": ("G07", "{}", "{}", 4),
    }
    parts = []
    for kind, (code, zh, en, decimals) in told.items():
        rows = found.filter(pl.col("code") == kind)
        words = [f"{v:.{decimals}f}" for v in rows["value"]]
        parts.append(
            state(
                code,
                subject,
                rows.select("index", "x", "y").with_columns(
                    pl.Series("value", words, dtype=pl.String),
                    pl.Series("why", [zh.format(w) for w in words], dtype=pl.String),
                    pl.Series("why_en", [en.format(w) for w in words], dtype=pl.String),
                    pl.lit(format_number(near)).alias("limit"),
                ),
            )
        )
    return parts


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
        pl.format("与“{}”（第 {} 行）重叠 {} 平方米。", pl.col("other").fill_null("无编号"), "line", "value").alias(
            "what"
        ),
        pl.format("It overlaps '{}' (row {}) by {} m².", pl.col("other").fill_null("no code"), "line", "value").alias(
            "what_en"
        ),
    )
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
