"""G12 and C03: the parcels against those that were reported before, by place and by code."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.land.polygons import Polygons
from panhuo.messages import findings_table, format_number, join_findings
from panhuo.overlay import duplicates, intersections
from panhuo.progress import Progress, silent
from panhuo.quality.catalogue import Settings, state
from panhuo.quality.subject import Subject

#: A remark with one of these words explains that a parcel has another area than last year.
EXPLAINED = r"变更|变化|调整|分割|拆分|合并|重测|重新测|修测|征收|收回|更正"


def overlaps_with_reported(
    subject: Subject, rows: NDArray[np.int64], reported: Sequence[Subject], settings: Settings,
    *, progress: Progress = silent,
) -> pl.DataFrame:  # fmt: skip
    """G12: the parcels ``rows`` of a layer that lie on a reported parcel of another code.

    Shapes that are alike on either side are looked at once, so that flats on one lot are one finding and not the square
    of their number; a parcel whose own code is among those reported on that outline is its continuation and no finding.
    """
    layers = [s for s in reported if s.polygons is not None and len(s.polygons.coords)]
    if not layers or subject.polygons is None or not len(rows):
        return findings_table()
    mine = subject.polygons if len(rows) == len(subject) else subject.polygons.take(rows)
    others = Polygons.concat([s.polygons for s in layers if s.polygons is not None])
    codes = pl.concat([s.columns("parcel_code")["parcel_code"].cast(pl.String) for s in layers])
    outline, other_outline = duplicates(mine), duplicates(others)
    firsts, other_firsts = np.unique(outline[outline >= 0]), np.unique(other_outline[other_outline >= 0])
    least = settings.get("G12", "tolerance_m2")
    met = intersections(mine.take(firsts), others.take(other_firsts), minimum=least, progress=progress)
    pairs = pl.DataFrame({"outline": firsts[met.left], "other": other_firsts[met.right], "area": met.area})
    own = pl.DataFrame(
        {"outline": outline, "index": rows, "key": subject.keys().gather(rows), "code": _codes(subject, rows)}
    )
    theirs = pl.DataFrame({"other": other_outline, "code": codes})
    names = theirs.group_by("other", maintain_order=True).agg(pl.col("code").first().fill_null("无编号").alias("value"))
    told = (
        pairs.join(own, on="outline", how="inner")
        .join(theirs, on=["other", "code"], how="anti")
        .sort("index")
        .group_by("outline", "other", maintain_order=True)
        .agg(pl.col("index", "key", "area").first(), pl.len().alias("count"))
        .join(names, on="other", how="left", maintain_order="left")
    )
    areas = pl.Series("area", [format_number(a, 2) for a in told["area"]], dtype=pl.String)
    told = told.with_columns(areas).select("index", "key", "value", "area", "count")
    return join_findings(
        [
            state("G12", subject, told.filter(pl.col("count") == 1)),
            state("G12", subject, told.filter(pl.col("count") > 1), variant="stack"),
        ]
    )


def changes_of_area(
    subject: Subject, rows: NDArray[np.int64], reported: Sequence[Subject], settings: Settings
) -> pl.DataFrame:
    """C03: parcels of a layer with another area than under the same code last year, and no remark that says why.

    The area reported last year is the delivered one, or that of the shape where the table has none; where a code was
    reported several times, its latest year counts.
    """
    frames = []
    for last in reported:
        if not last.has("parcel_code"):
            continue
        frame = last.columns("parcel_code", "reported_area_m2", "year")
        frame = frame.with_columns(pl.coalesce("year", pl.lit(last.year, pl.Int64)))
        if last.area_m2 is not None:
            frame = frame.with_columns(pl.col("reported_area_m2").fill_null(pl.Series(last.area_m2).fill_nan(None)))
        frames.append(frame)
    if not frames or subject.area_m2 is None or not len(rows):
        return findings_table()
    before = (
        pl.concat(frames, how="vertical_relaxed")
        .filter(pl.col("parcel_code").is_not_null() & (pl.col("reported_area_m2") > 0))
        .sort("year", descending=True, nulls_last=True, maintain_order=True)
        .unique("parcel_code", keep="first", maintain_order=True)
    )
    now = pl.DataFrame(
        {
            "index": rows,
            "parcel_code": _codes(subject, rows),
            "now": subject.area_m2[rows],
            "remark": subject.columns("remark")["remark"].gather(rows),
        }
    )
    change = (pl.col("now") - pl.col("reported_area_m2")).abs() / pl.col("reported_area_m2")
    changed = (
        now.join(before, on="parcel_code", how="inner", maintain_order="left")
        .filter(pl.col("now") > 0, change > settings.get("C03", "share"))
        .filter(~pl.col("remark").str.contains(EXPLAINED).fill_null(False))
    )
    told = changed.select(
        "index",
        pl.Series("value", [format_number(v, 2) for v in changed["reported_area_m2"]], dtype=pl.String),
        pl.Series("computed", [format_number(v, 2) for v in changed["now"]], dtype=pl.String),
    )
    return state("C03", subject, told)


def _codes(subject: Subject, rows: NDArray[np.int64]) -> pl.Series:
    return subject.columns("parcel_code")["parcel_code"].cast(pl.String).gather(rows)
