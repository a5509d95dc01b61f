"""The lines of a boundary TXT sorted into header keys, plot records and points, over whole columns at once."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from panhuo.exchange.boundary_txt.text import BLANK, FULL_WIDTH_PATTERN, narrow

#: A line that can only be a point: a name, a ring, two coordinates.
_POINT_LIKE = r"^[^,=\[]{0,40},\s*\d{1,6}\s*,\s*-?\d+(\.\d*)?\s*,\s*-?\d+(\.\d*)?[\s,]*$"
_RECORD_WITHOUT_AT = r"^[^@]*,\s*[面线点]\s*,[^@]*,"
_FULL = "[\uff01-\uff5e\u3000\u3001]"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
DESCRIPTION, PLOTS = "属性描述", "地块坐标"


@dataclass(frozen=True, slots=True)
class Section:
    """One ``[name]`` with its ``key=value`` lines; ``line`` is where it begins (0: lines before any section)."""

    name: str
    line: int
    keys: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that should be a point and is none: its number, its text and what is wrong with it (zh, en)."""

    line: int
    text: str
    zh: str
    en: str
    #: False for a remark between the points: nothing was lost with it
    breaks: bool = True


class PointLine(NamedTuple):
    """One point as it was written."""

    name: str
    ring: str
    feature: str | None
    first: float
    second: float


class Reason(NamedTuple):
    """Why a line is no point."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Points:
    """All points of the file in its order; ``first`` and ``second`` are the coordinates in the order they were written.

    ``plot`` indexes ``Scan.starts``; ``name`` and ``ring`` are codes (equal text, equal code; blank name is -1).
    """

    line: NDArray[np.int64]
    plot: NDArray[np.int64]
    name: NDArray[np.int64]
    ring: NDArray[np.int64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scan:
    """The parts of a file. ``starts`` are the first lines of the plots, ``records`` their ``@`` lines (or None)."""

    sections: list[Section]
    starts: NDArray[np.int64]
    records: list[str | None]
    lost_at: list[int]
    points: Points
    bad: list[BadLine]
    stray: list[BadLine]
    provincial: bool


def scan(text: str) -> Scan:
    """Sort the lines of ``text`` (line ends already ``\\n``) into sections, plots and points."""
    frame = _classify(text)
    sections = _sections(frame)
    lines = frame.filter(pl.col("kind").is_in(["record", "candidate"]))
    return _points(lines, sections)


def _classify(text: str) -> pl.DataFrame:
    """One row a line: its number, stripped text and kind (blank, section, key, record, candidate).

    ``lost`` marks a record without its @, ``owned`` lines that have a record before them in their section.
    """
    s = pl.col("s")
    frame = pl.DataFrame({"s": text.split("\n")}, schema={"s": pl.String}).with_row_index("line", 1)
    frame = frame.with_columns(s.str.strip_chars(BLANK), line=pl.col("line").cast(pl.Int64))
    record = s.str.contains(r"[,，].*[@＠][\s,，;；]*$")
    if FULL_WIDTH_PATTERN.search(text):
        # names in a record may rightly hold full-width commas; everywhere else they are a slip of the keyboard
        wide = frame.select(s.str.contains(_FULL) & ~record).to_series()
        if wide.any():
            fixed = frame["s"].filter(wide).map_elements(narrow, return_dtype=pl.String).str.strip_chars(BLANK)
            frame = frame.with_columns(frame["s"].scatter(wide.arg_true(), fixed))
    lost = ~record & s.str.contains(_RECORD_WITHOUT_AT)
    frame = frame.with_columns(
        lost=lost,
        record=record | lost,
        section=s.str.starts_with("[") & s.str.ends_with("]"),
        blank=s == "",
        equals=s.str.contains("=", literal=True) & ~record,
        point_like=s.str.contains(_POINT_LIKE),
    )
    name = s.str.strip_chars("[] \t")
    frame = frame.with_columns(
        mode=pl.when("section")
        .then(
            pl.when(name == PLOTS)
            .then(pl.lit("plots"))
            .when(name == DESCRIPTION)
            .then(pl.lit("head"))
            .otherwise(pl.lit("other"))
        )
        .when("record")
        .then(pl.lit("plots"))
        .forward_fill()
        .fill_null(pl.lit("plots")),
    )
    # points straight after the description: the line [地块坐标] is missing
    slipped = (pl.col("mode") == "head") & pl.col("point_like")
    frame = frame.with_columns(block=pl.col("section").cum_sum())
    frame = frame.with_columns(
        mode=pl.when(slipped.cum_max().over("block") & (pl.col("mode") == "head"))
        .then(pl.lit("plots"))
        .otherwise("mode")
    )
    keys = (pl.col("mode") != "plots") | pl.col("equals")
    return frame.with_columns(
        kind=pl.when("blank")
        .then(pl.lit("blank"))
        .when("section")
        .then(pl.lit("section"))
        .when("record")
        .then(pl.lit("record"))
        .when(keys)
        .then(pl.lit("key"))
        .otherwise(pl.lit("candidate")),
        gap=pl.col("blank").cum_sum(),
        owned=pl.col("record").cast(pl.Int8).replace(0, None).forward_fill().over("block").is_not_null(),
    ).select("line", "s", "kind", "lost", "block", "gap", "owned")


def _sections(frame: pl.DataFrame) -> list[Section]:
    found = [Section("", 0)]
    for line, s, kind in frame.filter(pl.col("kind").is_in(["section", "key"])).select("line", "s", "kind").iter_rows():
        if kind == "section":
            found.append(Section(s.strip("[] \t"), line))
            continue
        key, _, value = s.partition("=")
        found[-1].keys.setdefault(key.strip(), value.strip())
        found[-1].lines.setdefault(key.strip(), line)
    return found


def _points(lines: pl.DataFrame, sections: list[Section]) -> Scan:
    s = pl.col("s")
    is_record = lines["kind"] == "record"
    tidy = s.str.strip_chars_end(", \t;")
    rows = lines.filter(~is_record).with_columns(
        commas=tidy.str.count_matches(",", literal=True), f=tidy.str.split_exact(",", 5)
    )
    rows = rows.unnest("f")
    part = [pl.col(f"field_{i}").str.strip_chars(BLANK) for i in range(6)]
    four, six = pl.col("commas") == 3, pl.col("commas") == 5
    rows = rows.with_columns(
        name=pl.when(four).then(part[0]).when(six).then(part[3]),
        ring=pl.when(four).then(part[1]).when(six).then(part[2]),
        feature=pl.when(six).then(part[1]),
        a=pl.when(four).then(part[2]).when(six).then(part[4]).cast(pl.Float64, strict=False),
        b=pl.when(four).then(part[3]).when(six).then(part[5]).cast(pl.Float64, strict=False),
    ).select("line", "s", "block", "gap", "owned", "name", "ring", "feature", "a", "b")
    good = pl.col("a").is_finite() & pl.col("b").is_finite()
    odd = rows.with_row_index("at").filter(~good.fill_null(False))
    bad: list[BadLine] = []
    stray: list[BadLine] = []
    rows, bad, stray = _mend(rows, odd)
    rows = rows.with_columns(feature=pl.when("owned").then(None).otherwise("feature"))
    head = pl.struct("block", "gap", "feature")
    rows = rows.with_columns(begins=~pl.col("owned") & (head != head.shift(1)).fill_null(True))
    starts_free = rows.filter("begins")["line"].to_numpy()
    records = lines.filter(is_record)
    texts: dict[int, str] = dict(zip(records["line"].to_list(), records["s"].to_list(), strict=True))
    starts = np.unique(np.concatenate([records["line"].to_numpy(), starts_free])).astype(np.int64)
    kept = rows.filter(pl.col("a").is_not_null())
    names = kept["name"].fill_null("")
    line = kept["line"].to_numpy().astype(np.int64)
    points = Points(
        line,
        np.searchsorted(starts, line, side="right").astype(np.int64) - 1,
        np.where((names == "").to_numpy(), -1, _codes(names)),
        _codes(kept["ring"].fill_null("")),
        kept["a"].to_numpy().astype(np.float64),
        kept["b"].to_numpy().astype(np.float64),
    )
    return Scan(
        sections,
        starts,
        [texts.get(int(n)) for n in starts],
        lines.filter("lost")["line"].to_list(),
        points,
        bad,
        stray,
        kept["feature"].null_count() < kept.height,
    )


def _codes(texts: pl.Series) -> NDArray[np.int64]:
    """Equal texts get equal numbers."""
    return texts.rank("dense").to_numpy().astype(np.int64) if len(texts) else np.zeros(0, np.int64)


def _mend(rows: pl.DataFrame, odd: pl.DataFrame) -> tuple[pl.DataFrame, list[BadLine], list[BadLine]]:
    """Lines off the common form, one by one: other separators, a height, no ring; what stays unreadable is named."""
    bad: list[BadLine] = []
    stray: list[BadLine] = []
    if not odd.height:
        return rows, bad, stray
    at: list[int] = []
    drop: list[int] = []
    mended: list[PointLine] = []
    spoiled: list[int] = []
    for index, line, s, owned in odd.select("at", "line", "s", "owned").iter_rows():
        out = read_point(s)
        if isinstance(out, PointLine):
            at.append(index)
            mended.append(out)
            continue
        reason = BadLine(line, s[:80], *out)
        if not re.search(r"\d", s) or (not owned and not re.search(r"\d[\d.]{3,}", s)):
            stray.append(BadLine(line, s[:80], *out, breaks=False))
            drop.append(index)
        else:
            bad.append(reason)
            spoiled.append(index)
    changes = pl.DataFrame(
        {
            "at": [*at, *spoiled],
            "name": [m.name for m in mended] + [None] * len(spoiled),
            "ring": [m.ring for m in mended] + [None] * len(spoiled),
            "feature": [m.feature for m in mended] + [None] * len(spoiled),
            "a": [m.first for m in mended] + [None] * len(spoiled),
            "b": [m.second for m in mended] + [None] * len(spoiled),
        },
        schema={
            "at": pl.UInt32,
            "name": pl.String,
            "ring": pl.String,
            "feature": pl.String,
            "a": pl.Float64,
            "b": pl.Float64,
        },
    )
    out_rows = rows.with_row_index("at").update(changes, on="at", include_nulls=True).filter(~pl.col("at").is_in(drop))
    return out_rows.drop("at"), bad, stray


def read_point(s: str) -> PointLine | Reason:
    """One point line, or the reason why it is none.

    4 items: name, ring, first, second; 3: name, first, second; 5: with a height at the end; 6: the provincial form
    (serial, feature, ring, name, first, second). Semicolons, tabs and blanks may stand for the commas.
    """
    items = [t.strip(BLANK) for t in narrow(s).strip(BLANK + ",;").replace(";", ",").split(",")]
    if len(items) < 3:
        items = re.split(r"[,;\s]+", narrow(s).strip(BLANK + ",;"))
    match len(items):
        case 3:
            name, ring, feature, first, second = items[0], "1", None, items[1], items[2]
        case 4:
            name, ring, feature, first, second = items[0], items[1], None, items[2], items[3]
        case 5:
            name, ring, feature, first, second = items[0], items[1], None, items[2], items[3]
        case 6:
            name, ring, feature, first, second = items[3], items[2], items[1], items[4], items[5]
        case n:
            return Reason(
                f"应有 4 项（点号,圈号,X,Y），实有 {n} 项", f"4 items expected (point, ring, X, Y), {n} found"
            )
    if len(items) == 3 and re.fullmatch(r"\d{1,4}", first):
        return Reason("缺少一个坐标值", "one coordinate is missing")
    for place, value in (("X", first), ("Y", second)):
        if not value:
            return Reason(f"{place} 坐标为空", f"coordinate {place} is empty")
        if not _NUMBER.match(value) or not math.isfinite(float(value)):
            return Reason(f"{place} 坐标“{value[:30]}”不是数字", f"coordinate {place} '{value[:30]}' is not a number")
    return PointLine(name, ring, feature, float(first), float(second))
