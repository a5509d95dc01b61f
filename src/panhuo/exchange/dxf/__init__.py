"""DXF drawings (R12 to R2018): closed figures as polygons, with layer, colour, CASS codes and the texts inside them.

CAD draws X east and Y north, often without the zone in front and sometimes in a city's own system: the coordinate
system is left open, whoever opens the delivery settles it.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from panhuo.exchange.boundary_txt.rings import Rings, assemble
from panhuo.exchange.delivery import Layer
from panhuo.exchange.dxf.entities import Area, Drawn, walk
from panhuo.exchange.dxf.loading import BINARY, load
from panhuo.exchange.result import ReadResult
from panhuo.messages import Finding, Severity, Text

__all__ = ["read", "sniff"]

_MOST = 200
_MILLIMETRES = {1: "英寸", 2: "英尺", 4: "毫米", 5: "厘米", 7: "千米"}


class _Say:
    """The findings of one drawing."""

    def __init__(self, source: str, layer: str) -> None:
        self.findings: list[Finding] = []
        self._source, self._layer = source, layer

    def __call__(
        self,
        code: str,
        severity: Severity,
        zh: str,
        en: str,
        do: tuple[str, str],
        *,
        row: int | None = None,
        key: str | None = None,
        count: int = 1,
    ) -> None:
        text, suggestion = Text(zh, en), Text(*do)
        self.findings.append(
            Finding(code, severity, text, self._source, self._layer, row, key, suggestion=suggestion, count=count)
        )


def sniff(data: bytes) -> bool:
    """True for a DXF, text or binary."""
    if data.startswith(BINARY):
        return True
    head = data[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").decode("latin-1")
    return re.match(r"(999[ \t]*\r?\n[^\n]*\n\s*)*0[ \t]*\r?\n\s*SECTION\b", head) is not None


def read(data: bytes, source: str) -> ReadResult:
    """Read a DXF: one layer with a row for each closed polyline and hatch, blocks exploded.

    Columns: 图层, 颜色 (the colour number), 实体类型, 句柄, 块名, 标高, CASS编码, 扩展数据, 文字 (the texts inside, of
    nested figures only in the innermost). Arcs become chords at most 0.01 drawing units off. All else is counted in a
    finding. ``crs`` is None. Never raises for what is in the file.
    """
    name = PurePosixPath(source.replace("\\", "/")).stem or "dxf"
    say = _Say(source, name)
    try:
        loaded = load(data)
        drawn = walk(loaded.drawing)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"[:200]
        do = ("请在 CAD 中核查（AUDIT）后另存为 DXF", "Audit the drawing in the CAD software and save it as DXF again")
        say("DXF-01", "error", f"图纸无法读取：{said}", f"the drawing cannot be read: {said}", do)
        return ReadResult((), say.findings)
    whole = ("请确认文件完整，必要时重新导出", "Make sure the file is whole; export it again if not")
    if loaded.cut is not None:
        say(
            "DXF-02",
            "error",
            f"文件在第 {loaded.cut} 行中断，之前的图形已读取",
            f"the file is cut off in line {loaded.cut}; what comes before was read",
            whole,
            row=loaded.cut,
        )
    elif loaded.repaired:
        say(
            "DXF-03",
            "warning",
            "图纸结构有错，已修复后读取",
            "the drawing's structure is faulty; it was repaired to be read",
            whole,
        )
    units = _MILLIMETRES.get(loaded.drawing.header.get("$INSUNITS", 0))
    if units:
        say(
            "DXF-04",
            "note",
            f"图纸单位标为{units}，坐标按米读取",
            f"the drawing's unit is set to {units}; coordinates are read as metres",
            ("请确认绘图单位", "Confirm the drawing unit"),
        )
    shapes, kept = _shapes(drawn)
    areas = [drawn.areas[k] for k in kept]
    _tell(drawn, kept, say)
    if not areas:
        say(
            "DXF-05",
            "error",
            "图纸中没有闭合的多段线或填充",
            "the drawing has no closed polyline and no hatch",
            ("请将地块边界绘为闭合多段线", "Draw the plots as closed polylines"),
        )
        return ReadResult((), say.findings)
    texts, alone = _texts(drawn, shapes)
    if alone:
        say(
            "DXF-06",
            "note",
            f"有 {alone} 处文字不在任何闭合图形内，未读取",
            f"{alone} texts lie in no closed figure and were not read",
            ("可不处理", "Nothing to do"),
            count=alone,
        )
    kinds = {int(k) for k in shapely.get_type_id(shapes)}
    layer = Layer(
        name=name,
        source=source,
        driver="dxf",
        table=_table(areas, texts),
        geometry=pa.array(shapely.to_wkb(shapes, output_dimension=2, flavor="iso"), pa.large_binary()),
        encoding=loaded.encoding,
        rows=pa.array(range(1, len(areas) + 1), pa.int64()),
        geometry_type="Polygon" if kinds <= {3} else "MultiPolygon",
        notes=(f"DXF {loaded.drawing.dxfversion}",),
    )
    return ReadResult((layer,), say.findings)


def _shapes(drawn: Drawn) -> tuple[NDArray[np.object_], list[int]]:
    """Polygons of the areas by containment of their rings, and which areas gave one."""
    first, last, owner, coords, size = [], [], [], [], []
    total = 0
    for k, area in enumerate(drawn.areas):
        for ring in area.rings:
            sound = len(ring) >= 3 and np.isfinite(ring).all()
            if sound and shapely.MultiPoint(ring).convex_hull.area > 0:
                first.append(total)
                total += len(ring)
                last.append(total)
                owner.append(k)
                size.append(shapely.Polygon(ring).area)
                coords.append(ring)
    if not coords:
        return np.zeros(0, np.object_), []
    xy = np.vstack(coords)
    rings = Rings(np.array(first, np.int64), np.array(last, np.int64), np.array(owner, np.int64), np.array(size))
    shapes = assemble(rings, np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1]), len(drawn.areas)).geometry
    kept = [k for k, g in enumerate(shapes) if g is not None]
    return shapes[kept], kept


def _tell(drawn: Drawn, kept: list[int], tell: _Say) -> None:
    row_of = {k: row for row, k in enumerate(kept, 1)}
    for k, gap in [(k, g) for k, g in drawn.almost if k in row_of][:_MOST]:
        area = drawn.areas[k]
        tell(
            "DXF-07", "warning", f"图层“{area.layer}”的多段线（句柄 {area.handle}）首尾相差 {gap:.3f} 米，已按闭合读取",
            f"the polyline {area.handle} on layer '{area.layer}' is open by {gap:.3f} m; read as closed",
            ("请在图中闭合", "Close it in the drawing"), row=row_of[k], key=area.handle,
        )  # fmt: skip
    flat = len(drawn.areas) - len(kept)
    if flat:
        tell(
            "DXF-08",
            "warning",
            f"有 {flat} 个闭合图形不足三点或没有面积，未读取",
            f"{flat} closed figures have no area and were not read",
            ("请在图中核对", "Check them in the drawing"),
            count=flat,
        )
    if drawn.others:
        list_ = "、".join(f"{kind} {number}" for kind, number in drawn.others.most_common(12))
        total = sum(drawn.others.values())
        tell(
            "DXF-09",
            "note",
            f"另有不构成面的实体 {total} 个未读取：{list_}",
            f"{total} entities that enclose nothing were not read: {list_}",
            ("如其中有地块边界，请绘为闭合多段线", "If plots are among them, draw them as closed polylines"),
            count=total,
        )
    if drawn.failed:
        kinds = "、".join(sorted({k for k, _ in drawn.failed}))
        tell(
            "DXF-10",
            "error",
            f"有 {len(drawn.failed)} 个实体损坏、未读取（{kinds}）",
            f"{len(drawn.failed)} damaged entities were not read ({kinds})",
            ("请在 CAD 中核查（AUDIT）", "Audit the drawing"),
            key=drawn.failed[0][1],
            count=len(drawn.failed),
        )
    if drawn.too_many:
        tell(
            "DXF-11",
            "error",
            "图块展开后的实体过多，其余未读取",
            "too many entities after exploding the blocks; the rest was not read",
            ("请清理图块后重新提供", "Clean up the blocks and send it again"),
        )


def _texts(drawn: Drawn, shapes: NDArray[np.object_]) -> tuple[list[str | None], int]:
    """The texts inside each figure (of nested figures only the smallest has them), and how many lie in none."""
    inside: list[list[str]] = [[] for _ in shapes]
    if not drawn.texts:
        return [None] * len(shapes), 0
    points = shapely.points([t[0] for t in drawn.texts], [t[1] for t in drawn.texts])
    of_text, of_shape = shapely.STRtree(shapes).query(points, predicate="intersects")
    area = shapely.area(shapes)
    smallest: dict[int, float] = {}
    for t, s in zip(of_text.tolist(), of_shape.tolist(), strict=True):
        smallest[t] = min(smallest.get(t, np.inf), float(area[s]))
    for t, s in sorted(zip(of_text.tolist(), of_shape.tolist(), strict=True)):
        # a hatch and its outline are the same place: both get the text
        if area[s] <= smallest[t] * (1 + 1e-6):
            inside[s].append(drawn.texts[t][2])
    return ["；".join(words) or None for words in inside], len(drawn.texts) - len(smallest)


def _table(areas: list[Area], texts: list[str | None]) -> pa.Table:
    text = pa.string()
    return pa.table(
        {
            "图层": pa.array([a.layer for a in areas], text),
            "颜色": pa.array([a.colour for a in areas], pa.int64()),
            "实体类型": pa.array([a.kind for a in areas], text),
            "句柄": pa.array([a.handle for a in areas], text),
            "块名": pa.array([a.block for a in areas], text),
            "标高": pa.array([a.elevation for a in areas], pa.float64()),
            "CASS编码": pa.array([a.code for a in areas], text),
            "扩展数据": pa.array([a.extra for a in areas], text),
            "文字": pa.array(texts, text),
        }
    )
