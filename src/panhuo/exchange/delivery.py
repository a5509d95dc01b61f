"""What a delivery is: the files that came in, their layers as Arrow tables, and what was found while reading."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import polars as pl
import pyarrow as pa

from panhuo.land.crs import Crs
from panhuo.messages import PanhuoError, findings_table

FileState = Literal["read", "part", "ignored", "unreadable"]


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file of the delivery, so that nothing is dropped unseen.

    ``path`` is relative to the delivery; a member of an archive is ``交付.zip/权籍/宗地.shp``. ``state`` is ``read``
    (it gave a layer), ``part`` (it belongs to another file: .dbf, .prj …), ``ignored`` (not data: a picture, a
    readme) or ``unreadable`` (a finding says why). ``sha256`` is of the bytes as delivered.
    """

    path: str
    size: int
    sha256: str
    state: FileState


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer or table as it was delivered.

    ``table`` holds the attributes: the columns named as in the file, in the file's order, texts as texts (codes such as
    ``05H1`` or 19-digit numbers in text fields are never turned into numbers). ``geometry`` is a large_binary Arrow
    array of ISO WKB in two dimensions beside it, same length, null where a row has none; ``None`` for a plain table.
    Geometry is as delivered (not repaired), in ``crs``. ``rows`` gives for each row the number that a person sees in
    the file (Excel line, text line, 1-based feature number).
    """

    name: str
    source: str
    driver: str
    table: pa.Table
    geometry: pa.LargeBinaryArray | None = None
    crs: Crs | None = None
    encoding: str | None = None
    rows: pa.Int64Array | None = None
    geometry_type: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        return int(self.table.num_rows)

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(self.table.column_names)

    def frame(self) -> pl.DataFrame:
        """The attributes as a Polars frame (no copy where Arrow allows it)."""
        out = pl.from_arrow(self.table)
        assert isinstance(out, pl.DataFrame)
        return out

    def with_(self, **changes: object) -> Layer:
        """A copy with some parts replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Everything that came in at once: its layers, its files, and the findings met while reading."""

    path: Path
    layers: tuple[Layer, ...] = ()
    files: tuple[FileRecord, ...] = ()
    findings: pl.DataFrame = field(default_factory=findings_table)

    def __iter__(self) -> Iterator[Layer]:
        return iter(self.layers)

    def layer(self, name: str) -> Layer:
        """The one layer with this name or source; an error naming what there is if it is missing or not unique."""
        hits = [x for x in self.layers if name in (x.name, x.source)]
        if len(hits) == 1:
            return hits[0]
        have = "、".join(x.name for x in self.layers) or "—"
        if not hits:
            raise PanhuoError(
                f"交付中没有图层“{name}”，现有：{have}。",
                f"No layer '{name}' in the delivery; there are: {have}.",
                where=str(self.path),
            )
        raise PanhuoError(
            f"交付中有 {len(hits)} 个图层都叫“{name}”，请用来源路径指明。",
            f"{len(hits)} layers are called '{name}'; name one by its source path.",
            where=str(self.path),
        )
