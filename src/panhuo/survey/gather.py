"""Gather the parcels of all layers into one set, and name those that cannot be judged and go back to their sender."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from panhuo.land.crs import Crs
from panhuo.land.polygons import Polygons
from panhuo.land.roles import role
from panhuo.messages import PanhuoError, Text
from panhuo.overlay import duplicates
from panhuo.progress import Progress, silent
from panhuo.quality.catalogue import Settings
from panhuo.quality.shapes import ShapeFaults, shape_faults
from panhuo.quality.subject import Subject
from panhuo.survey.measure.facts import Parcels
from panhuo.survey.measure.shares import Overlaid, lay_over
from panhuo.survey.measured import Shapes
from panhuo.survey.sources import Sources, without_texts

#: Why a parcel is handed back, worst first; each row has one reason.
REASONS: dict[str, Text] = {
    "no_shape": Text("没有可用的图形", "no usable shape"),
    "no_code": Text("没有宗地代码", "no parcel code"),
    "crossing": Text("图形自相交，面积不可信", "the shape crosses itself; its area cannot be trusted"),
    "repeated": Text("与另一行完全重复", "repeats another row exactly"),
    "same_code": Text("宗地代码与其他宗地相同，无法区分", "shares its code with another parcel"),
    "outside": Text("完全位于县界以外", "lies wholly outside the county"),
}


@dataclass
class Gathered:
    """The parcels of a survey.

    parcels   : those that can be judged
    everything: all delivered rows: ``subject`` (which layer), ``index`` (row in it), ``parcel_code``, ``area_m2``
                (nan where there is none), ``reason`` (null where the parcel can be judged)
    ``laid_over`` keeps the overlays that several steps ask for.
    """

    parcels: Parcels
    everything: pl.DataFrame
    subjects: tuple[Subject, ...]
    crs: Crs
    kept: dict[str, Overlaid] = field(default_factory=dict)

    @property
    def delivered(self) -> int:
        return self.everything.height

    @property
    def delivered_m2(self) -> float:
        return float(self.everything["area_m2"].fill_nan(0.0).fill_null(0.0).sum())

    def laid_over(
        self, sources: Sources, role_id: str, columns: Sequence[str], *, progress: Progress = silent
    ) -> Overlaid:  # fmt: skip
        """The judged parcels laid over the layers of a role: made once, used by the checks and by the measuring."""
        if role_id not in self.kept:
            self.kept[role_id] = lay_over(self.parcels, sources.subjects(role_id), columns, progress=progress)
        return self.kept[role_id]

    def without_texts(self) -> Gathered:
        """The same without the delivered texts, which only checks quote."""
        return replace(self, subjects=tuple(map(without_texts, self.subjects)))

    def rows_of(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For one layer: positions among the judged parcels, and their rows in the layer."""
        judged = self.everything.filter(pl.col("reason").is_null()).with_row_index("place")
        own = judged.filter(pl.col("subject") == number)
        return own["place"].cast(pl.Int64).to_numpy(), own["index"].to_numpy()

    def handed_back(self, to_wkb: Callable[[Polygons], pa.LargeBinaryArray]) -> Shapes:
        """The rows that go back, each with its reason, its file and row, and its shape where it has one."""
        back = self.everything.filter(pl.col("reason").is_not_null())
        frames, shapes = [], []
        for number, subject in enumerate(self.subjects):
            own = back.filter(pl.col("subject") == number)
            if not own.height or subject.polygons is None:
                continue
            numbers = subject.row_numbers().gather(own["index"])
            town = [c for c in ("township_code", "township_name") if c in subject.frame.columns]
            frames.append(
                own.select(
                    "parcel_code",
                    pl.col("area_m2").fill_nan(0.0),
                    "reason",
                    pl.lit(subject.layer.source).alias("source"),
                    numbers.alias("row"),
                    *(subject.frame[c].gather(own["index"]) for c in town),
                    *(pl.lit(None, pl.String).alias(c) for c in ("township_code", "township_name") if c not in town),
                ).select("parcel_code", "township_code", "township_name", "area_m2", "reason", "source", "row")
            )
            shapes.append(to_wkb(subject.polygons.take(own["index"].to_numpy())))
        if not frames:
            schema = {"parcel_code": pl.String, "township_code": pl.String, "township_name": pl.String,
                      "area_m2": pl.Float64, "reason": pl.String, "source": pl.String, "row": pl.Int64}  # fmt: skip
            return Shapes(pl.DataFrame(schema=schema), pa.array([], pa.large_binary()))
        return Shapes(pl.concat(frames), pa.concat_arrays(shapes))


def gather(
    sources: Sources,
    settings: Settings,
    *,
    faults: Sequence[ShapeFaults | None] | None = None,
    progress: Progress = silent,
) -> Gathered:
    """All delivered parcels as one set. ``faults``: what is wrong with the shapes of ``sources.all()``, where known.

    Handed back are rows without a usable shape or code, shapes that cross themselves, exact repetitions, parcels that
    share a code (nobody can say which is which), and parcels wholly outside the county.
    """
    if not any(s.polygons is not None for s in sources.subjects("parcels")) or sources.crs is None:
        raise PanhuoError(
            "没有可用的宗地图层，调查无法进行；请看检查发现，补交后再运行。",
            "There is no usable layer of parcels, so there is nothing to survey; see the findings and deliver one.",
        )
    if not sum(len(s) for s in sources.subjects("parcels")):
        raise PanhuoError(
            "宗地图层没有一条记录，调查无法进行；请核对交付的文件后再运行。",
            "The layer of parcels has no rows, so there is nothing to survey; check what was delivered.",
            where=sources.subjects("parcels")[0].layer.source,
        )
    # a table of parcels has no shapes: its rows are handed back like any row without one, not left out
    subjects = tuple(_placed(s) for s in sources.subjects("parcels"))
    known = {id(s): f for s, f in zip(sources.all(), faults or (), strict=False)}
    found = tuple(known.get(id(s)) or shape_faults(s, settings, progress=progress) for s in subjects)
    parts = []
    for number, (subject, fault) in enumerate(zip(subjects, found, strict=True)):
        n = len(subject)
        code = (
            subject.frame["parcel_code"].cast(pl.String)
            if "parcel_code" in subject.frame.columns
            else pl.Series([None] * n, dtype=pl.String)
        )
        assert subject.area_m2 is not None
        parts.append(
            pl.DataFrame(
                {
                    "subject": pl.Series([number], dtype=pl.Int32).new_from_index(0, n)
                    if n
                    else pl.Series([], dtype=pl.Int32),
                    "index": pl.int_range(n, eager=True, dtype=pl.Int64),
                    "parcel_code": code,
                    "area_m2": pl.Series(subject.area_m2),
                    "shapeless": pl.Series(~(np.nan_to_num(subject.area_m2) > 0)),
                    "crossing": pl.Series(fault.crossing),
                }
            )
        )
    shapes = [s.polygons for s in subjects if s.polygons is not None]
    together = shapes[0] if len(shapes) == 1 else Polygons.concat(shapes)
    rows = pl.concat(parts).with_columns(pl.Series("outline", duplicates(together)))
    rows = _reasons(rows)
    rows = _outside(rows, subjects, sources)
    everything = rows.select("subject", "index", "parcel_code", "area_m2", "reason")
    return Gathered(_judged(everything, subjects, together), everything, subjects, sources.crs)


def _placed(subject: Subject) -> Subject:
    if subject.polygons is not None:
        return subject
    n = len(subject)
    return replace(subject, polygons=Polygons.none(n), area_m2=np.full(n, np.nan), planar_m2=np.full(n, np.nan))


def _reasons(rows: pl.DataFrame) -> pl.DataFrame:
    usable = ~pl.col("shapeless") & pl.col("parcel_code").is_not_null() & ~pl.col("crossing")
    rows = rows.with_columns(
        pl.when("shapeless")
        .then(pl.lit("no_shape"))
        .when(pl.col("parcel_code").is_null())
        .then(pl.lit("no_code"))
        .when("crossing")
        .then(pl.lit("crossing"))
        .alias("reason"),
        usable.alias("usable"),
    )
    same = pl.col("usable") & (pl.len().over("parcel_code", "usable") > 1)
    repeated = same & ~pl.struct("parcel_code", "outline", "usable").is_first_distinct()
    rows = rows.with_columns(pl.when(repeated).then(pl.lit("repeated")).otherwise(pl.col("reason")).alias("reason"))
    left = pl.col("reason").is_null()
    rows = rows.with_columns(left.alias("left"))
    still = pl.col("left") & (pl.len().over("parcel_code", "left") > 1)
    return rows.with_columns(pl.when(still).then(pl.lit("same_code")).otherwise(pl.col("reason")).alias("reason"))


def _outside(rows: pl.DataFrame, subjects: Sequence[Subject], sources: Sources) -> pl.DataFrame:
    """Parcels whose box does not touch the box of the county at all: they were drawn somewhere else.

    Townships alone are the county only when they are those that the parcels name: of a few of them nobody knows what
    lies beside.
    """
    layers = [s for s in sources.subjects("boundaries") if s.polygons is not None and len(s)]
    if not _whole(layers, subjects):
        return rows
    boxes = [s.polygons.bounds for s in layers if s.polygons is not None]
    if not boxes:
        return rows
    county = np.concatenate(boxes)
    county = county[~np.isnan(county[:, 0])]
    if not len(county):
        return rows
    x0, y0, x1, y1 = county[:, 0].min(), county[:, 1].min(), county[:, 2].max(), county[:, 3].max()
    away = []
    for subject in subjects:
        assert subject.polygons is not None
        own = subject.polygons.bounds
        with np.errstate(invalid="ignore"):
            away.append((own[:, 0] > x1) | (own[:, 2] < x0) | (own[:, 1] > y1) | (own[:, 3] < y0))
    mask = pl.Series(np.concatenate(away))
    return rows.with_columns(
        pl.when(mask & pl.col("reason").is_null()).then(pl.lit("outside")).otherwise(pl.col("reason")).alias("reason")
    )


def _whole(boundaries: Sequence[Subject], parcels: Sequence[Subject]) -> bool:
    """Whether the boundaries hold the county itself (a code of six digits), or every township that a parcel names."""
    codes = [s.frame["division_code"].cast(pl.String) for s in boundaries if "division_code" in s.frame.columns]
    if len(codes) < len(boundaries) or any(c.null_count() for c in codes):
        return True
    if any((c.str.len_chars() <= 6).any() for c in codes):
        return True
    known = {c[:9] for part in codes for c in part.to_list()}
    named = [s.frame["township_code"].cast(pl.String) for s in parcels if "township_code" in s.frame.columns]
    return bool(named) and all(c[:9] in known for part in named for c in part.drop_nulls().unique().to_list())


def _judged(everything: pl.DataFrame, subjects: Sequence[Subject], together: Polygons) -> Parcels:
    """The rows without a reason to go back; ``together`` are the shapes of all rows."""
    delivered = [f.name for f in role("parcels").fields if any(f.name in s.frame.columns for s in subjects)]
    rows = np.flatnonzero(everything["reason"].is_null().to_numpy())
    whole = len(rows) == everything.height
    frames, areas, planars = [], [], []
    for subject in subjects:
        assert subject.area_m2 is not None
        assert subject.planar_m2 is not None
        frames.append(subject.columns(*delivered))
        areas.append(subject.area_m2)
        planars.append(subject.planar_m2)
    frame = pl.concat(frames, how="vertical_relaxed", rechunk=True)
    return Parcels(
        frame if whole else frame[rows],
        together if whole else together.take(rows),
        np.concatenate(areas)[rows],
        np.concatenate(planars)[rows],
    )
