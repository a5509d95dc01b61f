"""A paper, a table and a sheet as plain values: what Word, PDF and Excel are made of.

Nothing here knows a policy, a survey or a file format. A caller builds a :class:`Paper` and hands it to
``write_pdf`` or ``write_docx``; both number headings, tables and figures alike and lay tables out alike.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from panhuo.documents.charts import Chart
from panhuo.documents.maps import MapSpec
from panhuo.documents.svg import Drawing
from panhuo.messages import Lang

Cell = str | int | float | bool | dt.date | None
Align = Literal["left", "center", "right"]
Kind = Literal["text", "code", "number", "date"]


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that stand out in a sentence (set in 黑体)."""

    text: str


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to the table or figure with this ``key``; printed as its number (表1, 图2, Table 1)."""

    key: str


Inline = str | Strong | Ref


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading. ``level`` 1 to 4; numbered 一、（一）1.（1） in Chinese, 1, 1.1, … in English."""

    text: str
    level: int = 1
    numbered: bool = True


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; the first line is indented by two characters unless ``indent`` is False."""

    content: str | tuple[Inline, ...]
    indent: bool = True
    align: Literal["justify", "left", "center", "right"] = "justify"


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of short items, with dots or (``ordered``) numbers."""

    items: tuple[str | tuple[Inline, ...], ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    title    : what stands in the header; ``unit`` is set in brackets behind it
    kind     : ``code`` is text that looks like a number (parcel codes, years); never grouped, never summed
    decimals : digits behind the point of numbers; None prints whole numbers whole and others with two
    width    : a fixed width in millimetres, exceeded only by figures that would break; None lets the contents decide
    group    : the headers above this one, outermost first; neighbours with the same group share one merged cell
    summed   : the total row holds the sum of the rows (in Excel as a formula)
    """

    title: str
    unit: str = ""
    kind: Kind = "text"
    decimals: int | None = None
    align: Align | None = None
    width: float | None = None
    group: tuple[str, ...] = ()
    summed: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table. ``rows`` holds one sequence of cells a row, each as long as ``columns``; None prints as a dash.

    ``total`` is the last row (``with_total`` computes it). ``frozen`` is the number of leading columns that repeat
    when a table is too wide for the page and continues beside itself, and that stay in view in Excel.
    """

    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""
    note: str = ""
    key: str = ""
    total: Sequence[Cell] | None = None
    frozen: int = 1
    landscape: bool | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG picture with its printed size in millimetres."""

    png: bytes
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, a map, a drawing or a picture with its caption below."""

    graphic: Chart | MapSpec | Drawing | Picture
    caption: str = ""
    note: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One figure that matters: ``value`` is already written as it should stand."""

    label: str
    value: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Key figures near the head of a report."""

    items: tuple[KeyFigure, ...]

    @property
    def across(self) -> int:
        """How many stand side by side: four at most, three where that leaves fewer places empty."""
        count = len(self.items)
        return count if count <= 4 else 3 if -count % 3 < -count % 4 else 4


@dataclass(frozen=True, slots=True)
class Clause:
    """What a clause asks, in our words, with its citation (document and clause number)."""

    citation: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class PageBreak:
    """Begin a new page."""


Block = Heading | Paragraph | Bullets | Table | Figure | KeyFigures | Clause | PageBreak


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper as an office issues it: title, number, body, sources, and the issuer with the date at its end.

    ``date`` is the date of the paper and the only clock the writers know: two runs give the same bytes.
    ``size`` is the size of running text: ``official`` 三号 (16 pt, 22 lines of 28 characters, GB/T 9704-2012),
    ``compact`` 小四 (12 pt) for long reports with many tables. ``mark`` stands at the head of each
    page (e.g. 内部资料, 演示数据).
    """

    title: str
    date: dt.date
    blocks: tuple[Block, ...] = ()
    subtitle: str = ""
    number: str = ""
    issuer: str = ""
    lang: Lang = "zh"
    sources: tuple[str, ...] = ()
    contents: bool = False
    size: Literal["official", "compact"] = "official"
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook: ``name`` on the tab, ``title`` above the table, ``notes`` below it."""

    name: str
    table: Table
    title: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Workbook:
    """Sheets in their order. ``date`` is written as the date of the file."""

    sheets: tuple[Sheet, ...]
    date: dt.date
    title: str = ""
    issuer: str = ""
    lang: Lang = "zh"
