"""Read a boundary TXT (界址点坐标交换格式): the order of the work."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from panhuo.exchange.boundary_txt import checks
from panhuo.exchange.boundary_txt import findings as say
from panhuo.exchange.boundary_txt.axes import place
from panhuo.exchange.boundary_txt.findings import Book
from panhuo.exchange.boundary_txt.head import Head, crs_of, head_of
from panhuo.exchange.boundary_txt.records import AREA_M2, AREA_UNIT, ITEMS, MORE_ITEMS, Records
from panhuo.exchange.boundary_txt.rings import assemble, split
from panhuo.exchange.boundary_txt.scan import DESCRIPTION, PLOTS, Scan, scan
from panhuo.exchange.boundary_txt.text import decode, narrow
from panhuo.exchange.delivery import Layer
from panhuo.exchange.result import ReadResult
from panhuo.land.crs import Crs

_SNIFF_BYTES = 65536
_POINT = re.compile(
    r"\s*[^,=\[\s]{0,12}\s*,\s*\d{1,4}\s*,(\s*\d{1,3}\s*,\s*[A-Za-z0-9-]+\s*,)?\s*-?\d+\.\d+\s*,\s*-?\d+\.\d+[\s,]*$"
)


def sniff(data: bytes) -> bool:
    """True if the bytes look like a boundary TXT, with or without its head."""
    text = narrow(decode(data[:_SNIFF_BYTES]).text)
    if f"[{PLOTS}]" in text or f"[{DESCRIPTION}]" in text:
        return True
    lines = [t for t in text.split("\n")[:200] if t.strip()]
    if any(re.search(r",\s*[面线点]\s*,.*@\s*$", t) for t in lines):
        return True
    points = sum(1 for t in lines[:20] if _POINT.match(t))
    return points >= 3 and points >= 0.8 * len(lines[:20])


def read(data: bytes, source: str) -> ReadResult:
    """Read a boundary TXT (TD/T 1008 exchange form and the variants met in practice).

    One row a plot, one layer a coordinate system. Columns: 界址点数, 地块面积 (the number as written), 地块编号,
    地块名称, 图形属性, 图幅号, 地块用途, 地类编码, 备注 (and 图斑类型, 等别, 改造前, 改造后 for the 14-item record),
    then 面积_平方米 (the stated area in m², its unit judged against the geometry) and 面积单位. ``rows`` is the line of
    the plot's record. Geometry is (east, north). A plot with a line that cannot be read keeps its attributes and has no
    geometry; the finding names the line. Never raises for what is in the file.
    """
    layer = PurePosixPath(source.replace("\\", "/")).stem or "boundary"
    book = Book(source, layer)
    decoded = decode(data)
    if decoded.bad_line is not None:
        book.add(say.BYTES, decoded.bad_line, value=decoded.encoding)
    found = scan(decoded.text)
    if not len(found.starts):
        book.add(say.NOTHING)
        return ReadResult((), book.findings())
    records = Records()
    for text in found.records:
        records.add(text)
    codes = records.texts[0]
    _tell_lines(book, found, records)

    plots = len(found.starts)
    heads = [head_of(s) for s in found.sections if s.name == DESCRIPTION]
    placed = place(found.points, plots, found.starts, codes, book)
    x, y = placed.x, placed.y
    broken = placed.broken | checks.broken_by_lines(found, plots)
    kinds = np.array([2 if k not in ("点", "线") else (0 if k == "点" else 1) for k in records.kind], np.int64)
    usable = (kinds == 2)[found.points.plot] & ~broken[found.points.plot] if len(x) else np.zeros(0, np.bool_)
    at = np.flatnonzero(usable)
    cut = split(found.points.plot[at], found.points.ring[at], found.points.name[at], x[at], y[at])
    made = assemble(cut.rings, x[at], y[at], plots)
    geometry, doubled = made.geometry, made.doubled
    _other_kinds(geometry, found, kinds, broken, x, y)

    for p in made.tangled:
        book.add(say.TANGLED, int(found.starts[p]), key=codes[p])
    line = found.points.line[at]
    owner = found.points.plot[at]
    book.add_all(say.SMALL, line[cut.degenerate].tolist(), [codes[p] for p in owner[cut.degenerate].tolist()])
    book.add_all(say.TWICE, line[cut.rings.first[doubled]].tolist() if doubled else [])
    book.add_all(say.REPEATED, line[cut.repeated].tolist())
    checks.closings(
        book,
        cut.open_closings,
        line,
        x[at],
        y[at],
        placed.degrees[owner],
        [codes[p] for p in owner.tolist()] if cut.open_closings else [],
    )
    closing_points = np.bincount(owner[cut.closings], minlength=plots)
    checks.counts(book, found, records, broken, closing_points, kinds)
    square = checks.square_metres(made.area, placed)
    units, metres = checks.areas(book, found, records, square)
    for p in np.flatnonzero([g is None for g in geometry] & ~broken).tolist():
        book.add(say.EMPTY, int(found.starts[p]), key=codes[p])

    systems = _systems(book, heads, found, placed.kind, np.array([g is not None for g in geometry], np.bool_))
    table = _table(records, units, metres)
    layers = list(_layers(layer, source, decoded.encoding, table, geometry, found, systems))
    if len(layers) > 1:
        book.add(say.SYSTEMS, value=str(len(layers)), count=len(layers))
    return ReadResult(tuple(layers), book.findings())


def _tell_lines(book: Book, found: Scan, records: Records) -> None:
    """Findings that are known from the lines alone."""
    codes = records.texts[0]
    for bad in found.bad:
        p = int(np.searchsorted(found.starts, bad.line, side="right")) - 1
        book.add(say.POINT, bad.line, key=codes[p] if p >= 0 else None, value=bad.text, zh=bad.zh, en=bad.en)
    for stray in found.stray:
        book.add(say.STRAY, stray.line, value=stray.text)
    book.add_all(say.NO_AT, found.lost_at)
    headless = [int(n) for n, r in zip(found.starts, found.records, strict=True) if r is None]
    if headless:
        book.add(say.HEADLESS, headless[0], count=len(headless))
    for row, field, value, zh, en in records.odd:
        book.add(say.RECORD, int(found.starts[row]), key=codes[row], field=field or None, value=value, zh=zh, en=en)
    seen: set[str] = set()
    for p, text in enumerate(found.records):
        if text is not None and text in seen:
            book.add(say.SAME, int(found.starts[p]), key=codes[p])
        if text is not None:
            seen.add(text)
        kind = records.kind[p]
        if kind in ("点", "线"):
            book.add(say.KIND, int(found.starts[p]), key=codes[p], field="图形属性", value=kind)


def _other_kinds(
    geometry: NDArray[np.object_],
    found: Scan,
    kinds: NDArray[np.int64],
    broken: NDArray[np.bool_],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
) -> None:
    """Records of points and lines, kept as such: a line for each run of one ring number."""
    begin = np.searchsorted(found.points.plot, np.arange(len(kinds) + 1))
    for p in np.flatnonzero((kinds < 2) & ~broken).tolist():
        run = slice(begin[p], begin[p + 1])
        xy = np.column_stack([x[run], y[run]])
        if not len(xy):
            continue
        if kinds[p] == 0:
            geometry[p] = shapely.Point(xy[0]) if len(xy) == 1 else shapely.MultiPoint(xy)
            continue
        ring = found.points.ring[run]
        parts = [part for part in np.split(xy, np.flatnonzero(ring[1:] != ring[:-1]) + 1) if len(part) > 1]
        if parts:
            geometry[p] = shapely.LineString(parts[0]) if len(parts) == 1 else shapely.MultiLineString(parts)


def _systems(
    book: Book, heads: list[Head], found: Scan, kind: NDArray[np.int64], drawn: NDArray[np.bool_]
) -> list[Crs | None]:
    """The CRS of each plot: by the head before it and the kind of its eastings; each doubt is said once.

    A plot without geometry (``drawn`` is False) tells nothing of the system: it goes with the first of its section.
    """
    of_head = (np.searchsorted([h.line for h in heads], found.starts, side="right") - 1).tolist()
    usual: dict[int, int] = {}
    for sure in (True, False):
        for h, k, d in zip(of_head, kind.tolist(), drawn.tolist(), strict=True):
            if d == sure and k != checks.NO_KIND:
                usual.setdefault(h, k)
    known: dict[tuple[int, int], Crs | None] = {}
    doubts: dict[tuple[str, str], int] = {}
    out: list[Crs | None] = []
    for p, (h, k, d) in enumerate(zip(of_head, kind.tolist(), drawn.tolist(), strict=True)):
        pair = (h, k if d else usual.get(h, 0))
        if pair not in known:
            known[pair], doubt = crs_of(heads[h] if h >= 0 else None, pair[1])
            if doubt:
                doubts.setdefault(doubt, int(found.starts[p]) if h < 0 else heads[h].line)
        out.append(known[pair])
    for (zh, en), line in doubts.items():
        book.add(say.SYSTEM, line, zh=zh, en=en)
    return out


def _table(records: Records, units: list[str | None], metres: NDArray[np.float64]) -> pa.Table:
    text = pa.string()
    number, name, sheet, use, land_class, *more = records.texts
    columns: list[tuple[str, pa.Array]] = [
        (ITEMS[0], pa.array(records.count, pa.int64())),
        (ITEMS[1], pa.array(records.area, pa.float64())),
        (ITEMS[2], pa.array(number, text)),
        (ITEMS[3], pa.array(name, text)),
        (ITEMS[4], pa.array(records.kind, text)),
        (ITEMS[5], pa.array(sheet, text)),
        (ITEMS[6], pa.array(use, text)),
        (ITEMS[7], pa.array(land_class, text)),
    ]
    columns += [
        (title, pa.array(values, text))
        for title, values in zip(MORE_ITEMS, more, strict=True)
        if title == "备注" or records.longest >= 14
    ]
    columns.append((AREA_M2, pa.array(metres, pa.float64(), from_pandas=True)))
    columns.append((AREA_UNIT, pa.array(units, text)))
    return pa.table(dict(columns))


def _layers(
    name: str,
    source: str,
    encoding: str,
    table: pa.Table,
    geometry: NDArray[np.object_],
    found: Scan,
    systems: list[Crs | None],
) -> Iterable[Layer]:
    """One layer a coordinate system, in the order they first appear."""
    wkb = pa.array(shapely.to_wkb(geometry, output_dimension=2, flavor="iso"), pa.large_binary())
    notes = tuple(f"{s.name}.{k}={v}" if s.name else f"{k}={v}" for s in found.sections for k, v in s.keys.items())[
        :200
    ]
    distinct = list(dict.fromkeys(systems))
    for crs in distinct:
        pick = np.flatnonzero([s == crs for s in systems])
        mark = f"EPSG{crs.epsg}" if crs is not None else "未知坐标系"
        yield Layer(
            name=name if len(distinct) == 1 else f"{name}_{mark}",
            source=source,
            driver="boundary_txt",
            table=table if len(distinct) == 1 else table.take(pa.array(pick)),
            geometry=wkb if len(distinct) == 1 else wkb.take(pa.array(pick)),
            crs=crs,
            encoding=encoding,
            rows=pa.array(found.starts[pick], pa.int64()),
            geometry_type=_geometry_type(geometry[pick]),
            notes=notes,
        )


def _geometry_type(geometry: NDArray[np.object_]) -> str:
    kinds = {int(k) for k in np.unique(shapely.get_type_id(geometry))} - {-1}
    if kinds <= {3}:
        return "Polygon"
    if kinds <= {3, 6}:
        return "MultiPolygon"
    return "Unknown"
