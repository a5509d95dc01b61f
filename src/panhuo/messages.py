"""What Panhuo says to people: bilingual texts, errors and findings.

The ground floor. Everything that a clerk may read is said in Chinese and in English, says where the matter is
(file, sheet or layer, row, field, value) and what to do about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

Lang = Literal["zh", "en"]
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence in the two languages of the product."""

    zh: str
    en: str

    def __call__(self, lang: Lang = "zh") -> str:
        return self.zh if lang == "zh" else self.en

    def format(self, **values: object) -> Text:
        """The sentence with its ``{name}`` places filled."""
        return Text(self.zh.format(**values), self.en.format(**values))


class PanhuoError(Exception):
    """An error for people: what is wrong, where, and what to do.

    ``str(error)`` is Chinese first, English after it, so that a log is readable to both.
    """

    def __init__(self, zh: str, en: str, *, where: str | None = None) -> None:
        self.text = Text(zh, en)
        self.where = where
        super().__init__(zh, en)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.text.zh} / {self.text.en}"

    def say(self, lang: Lang = "zh") -> str:
        place = f"{self.where}: " if self.where else ""
        return place + self.text(lang)


class Stopped(PanhuoError):  # noqa: N818 - not an error: what its owner asked for
    """Long work was stopped by its owner; what was there before is untouched."""

    def __init__(self) -> None:
        super().__init__("已按要求停止。", "Stopped as asked.")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found, as a clerk would be told it.

    ``row`` counts from 1 as people count (the first data row of a layer or table is 1; for an Excel sheet and for a
    text file it is the sheet's or file's own line number, which is what the clerk sees). ``x``, ``y`` are a place in
    the survey's planar zone (while reading: in the layer's own coordinates), ``count`` the number of rows one finding
    speaks for (a stack of flats is one finding). ``mender`` says who should mend it: ``sender`` (who delivered the
    file), ``registry`` (real-estate registration), ``survey`` (the survey contractor), ``planner``,
    ``department:<name>`` or ``office`` (the office that runs the survey).
    """

    code: str
    severity: Severity
    text: Text
    source: str = ""
    layer: str | None = None
    row: int | None = None
    key: str | None = None
    field: str | None = None
    value: str | None = None
    x: float | None = None
    y: float | None = None
    suggestion: Text | None = None
    mender: str = "sender"
    count: int = 1


#: The table that findings are kept in: one row a finding. Every function that takes or returns "findings" means this.
FINDINGS_SCHEMA: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "code": pl.String,
    "severity": pl.String,
    "source": pl.String,
    "layer": pl.String,
    "row": pl.Int64,
    "key": pl.String,
    "field": pl.String,
    "value": pl.String,
    "x": pl.Float64,
    "y": pl.Float64,
    "count": pl.Int64,
    "zh": pl.String,
    "en": pl.String,
    "suggestion_zh": pl.String,
    "suggestion_en": pl.String,
    "mender": pl.String,
}


def findings_table(findings: Iterable[Finding] = ()) -> pl.DataFrame:
    """Findings as a table with the columns of ``FINDINGS_SCHEMA`` (also when there are none)."""
    rows = [
        {
            "code": f.code,
            "severity": f.severity,
            "source": f.source,
            "layer": f.layer,
            "row": f.row,
            "key": f.key,
            "field": f.field,
            "value": f.value,
            "x": f.x,
            "y": f.y,
            "count": f.count,
            "zh": f.text.zh,
            "en": f.text.en,
            "suggestion_zh": f.suggestion.zh if f.suggestion else None,
            "suggestion_en": f.suggestion.en if f.suggestion else None,
            "mender": f.mender,
        }
        for f in findings
    ]
    return pl.DataFrame(rows, schema=dict(FINDINGS_SCHEMA))


def join_findings(tables: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Several findings tables as one, in the order given."""
    kept = [t.select(pl.col(c).cast(d) for c, d in FINDINGS_SCHEMA.items()) for t in tables if t.height]
    return pl.concat(kept) if kept else findings_table()


def format_number(value: float | int | None, decimals: int | None = None) -> str:
    """A number as people read it: thousands in groups, no needless zeros unless ``decimals`` asks for them."""
    if value is None or value != value:
        return "—"
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    if float(value).is_integer():
        return f"{value:,.0f}"
    return f"{value:,.4f}".rstrip("0")
