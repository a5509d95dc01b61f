"""What the reader of boundary TXT says: one code a matter, sentences in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from panhuo.messages import Finding, Severity, Text

#: So many findings of one code are listed one by one; the rest is one finding with a count.
MOST = 1000


class Say(NamedTuple):
    """One kind of finding: code, severity, sentences with places, what to do."""

    code: str
    severity: Severity
    zh: str
    en: str
    do_zh: str
    do_en: str


BYTES = Say(
    "TXT-01",
    "error",
    "第 {line} 行有无法识别的字节，按 {value} 读取，部分文字可能错误",
    "line {line} holds bytes that cannot be read; read as {value}",
    "请重新导出文件，编码用 GBK 或 UTF-8",
    "Export the file again in GBK or UTF-8",
)
POINT = Say(
    "TXT-02",
    "error",
    "第 {line} 行不是有效的界址点：{zh}；该地块属性保留，图形暂缺",
    "line {line} is no boundary point: {en}; the plot keeps its attributes and has no geometry",
    "请改正该行后重新提交",
    "Correct the line and submit again",
)
STRAY = Say(
    "TXT-03",
    "note",
    "第 {line} 行不是界址点也不是地块记录，未读取",
    "line {line} is neither a point nor a plot record and was not read",
    "如为备注可不处理",
    "Nothing to do if it is a remark",
)
NO_AT = Say(
    "TXT-04",
    "warning",
    "第 {line} 行像地块记录但行末缺少 @，已按地块记录读取",
    "line {line} looks like a plot record without the final @; read as one",
    "请在行末补上 @",
    "Add the @ at the end of the line",
)
HEADLESS = Say(
    "TXT-05",
    "note",
    "第 {line} 行起的界址点没有地块记录，已按无记录地块读取",
    "the points from line {line} on have no plot record; read as a plot without attributes",
    "请补充地块编号等属性",
    "Add the plot's number and attributes",
)
SWAPPED = Say(
    "TXT-06",
    "warning",
    "X、Y 坐标写反（第三列应为纵坐标 X），已按数值大小对调",
    "X and Y are swapped (the third column should be the northing); put right by their size",
    "请确认位置，并在导出软件中改正列序",
    "Check the place and mend the column order in the exporting software",
)
AXES = Say(
    "TXT-07",
    "warning",
    "从数值看不出哪一列是纵坐标，按规定顺序（先 X 后 Y）读取",
    "the numbers do not tell which column is the northing; read in the ruled order (X, then Y)",
    "请确认坐标系和列序",
    "Confirm the coordinate system and the order of columns",
)
MIXED = Say(
    "TXT-08",
    "error",
    "第 {line} 行坐标与同一地块其他点不是一类（缺带号或位数不对）；该地块图形暂缺",
    "line {line} holds coordinates of another kind than the plot's other points; the plot has no geometry",
    "请改正该行坐标",
    "Correct the coordinates in that line",
)
SYSTEM = Say(
    "TXT-09",
    "warning",
    "{zh}",
    "{en}",
    "请核对属性描述中的坐标系、几度分带、带号",
    "Check 坐标系, 几度分带 and 带号 in the head",
)
UNIT = Say(
    "TXT-10",
    "warning",
    "地块面积的单位是{value}，规定为公顷；换算见“面积_平方米”",
    "the areas are written in {value}, the rule is hectares; converted in column 面积_平方米",
    "请确认面积单位",
    "Confirm the unit of area",
)
AREA = Say(
    "TXT-11",
    "warning",
    "第 {line} 行地块面积 {value} 与坐标算得的 {zh} 平方米不符",
    "line {line}: the stated area {value} does not agree with {en} m² computed from the coordinates",
    "请核对面积和坐标",
    "Check the area and the coordinates",
)
COUNT = Say(
    "TXT-12",
    "warning",
    "第 {line} 行写明 {value} 个界址点，实有 {zh} 个",
    "line {line} states {value} points, there are {en}",
    "请核对是否缺点或多点",
    "Check for missing or surplus points",
)
SMALL = Say(
    "TXT-13",
    "error",
    "第 {line} 行起的一圈不足三个不同的点或面积为零，该圈未计入图形",
    "the ring from line {line} on has fewer than three distinct points or no area; it is not part of the geometry",
    "请补全该圈界址点",
    "Complete the ring's points",
)
CLOSING = Say(
    "TXT-14",
    "warning",
    "第 {line} 行的闭合点与起点同名，坐标相差 {value} 米，已以起点闭合",
    "the closing point in line {line} lies {value} m off the first point of its name; closed at the first",
    "请核对起点和闭合点坐标",
    "Check the first and the closing point",
)
REPEATED = Say(
    "TXT-15",
    "note",
    "第 {line} 行与上一点坐标相同，只保留一个",
    "line {line} repeats the point before it; one is kept",
    "可不处理",
    "Nothing needs to be done",
)
TWICE = Say(
    "TXT-16",
    "warning",
    "第 {line} 行起的一圈与同一地块的另一圈完全重复，只计一次",
    "the ring from line {line} on repeats another ring of its plot; it counts once",
    "请删除重复的圈",
    "Delete the repeated ring",
)
KIND = Say(
    "TXT-17",
    "warning",
    "第 {line} 行的图形属性为“{value}”，按{value}读取，不是地块面",
    "line {line}: the record's kind is {value}; kept as such, not as an area",
    "如应为面，请改正图形属性",
    "If it should be an area, correct the kind",
)
EMPTY = Say(
    "TXT-18",
    "error",
    "第 {line} 行的地块没有可用的界址点，图形缺失",
    "the plot in line {line} has no usable points and no geometry",
    "请补充界址点坐标",
    "Add the boundary points",
)
SAME = Say(
    "TXT-19",
    "note",
    "第 {line} 行的地块记录与前面的记录完全相同，两个地块都保留",
    "the record in line {line} is the same as an earlier one; both plots are kept",
    "请确认是否重复提交",
    "Check whether a plot was submitted twice",
)
RECORD = Say(
    "TXT-20",
    "warning",
    "第 {line} 行：{zh}（{value}）",
    "line {line}: {en} ({value})",
    "请按规定格式填写地块记录",
    "Write the record in the ruled form",
)
SYSTEMS = Say(
    "TXT-21",
    "note",
    "文件中有 {value} 种坐标系，按坐标系分成多个图层",
    "the file holds {value} coordinate systems; one layer for each",
    "请确认各地块的带号",
    "Confirm the zones of the plots",
)
NOTHING = Say(
    "TXT-22",
    "error",
    "文件中没有找到地块或界址点",
    "no plot and no boundary point was found in the file",
    "请确认文件是界址点坐标文件",
    "Check that this is a boundary point file",
)
POINT_SWAPPED = Say(
    "TXT-23",
    "warning",
    "第 {line} 行的 X、Y 与同一地块其他点的顺序相反，已对调",
    "in line {line} X and Y stand in the other order than in the plot's other points; put right",
    "请改正该行",
    "Correct the line",
)

TANGLED = Say(
    "TXT-24",
    "error",
    "第 {line} 行的地块有大量相互重叠的圈，未能构成图形",
    "the plot in line {line} has so many rings over one another that no geometry was built",
    "请核对圈号和点号",
    "Check the ring and point numbers",
)


class Book:
    """Collects the findings of one file, at most ``MOST`` of a code; the others are counted."""

    def __init__(self, source: str, layer: str) -> None:
        self._source, self._layer = source, layer
        self._rows: list[Finding] = []
        self._seen: dict[str, int] = {}
        self._left: dict[str, tuple[Say, int, int]] = {}

    def add(
        self,
        say: Say,
        line: int | None = None,
        *,
        key: str | None = None,
        field: str | None = None,
        value: str | None = None,
        zh: str = "",
        en: str = "",
        count: int = 1,
        place: tuple[float, float] | None = None,
    ) -> None:
        seen = self._seen[say.code] = self._seen.get(say.code, 0) + 1
        if seen > MOST:
            _, first, number = self._left.get(say.code, (say, line or 0, 0))
            self._left[say.code] = (say, first, number + count)
            return
        text = Text(say.zh, say.en).format(line=line, value=value, zh=zh, en=en)
        self._rows.append(
            Finding(
                say.code,
                say.severity,
                text,
                self._source,
                self._layer,
                line,
                key,
                field,
                value,
                place[0] if place else None,
                place[1] if place else None,
                Text(say.do_zh, say.do_en),
                count=count,
            )
        )

    def add_all(self, say: Say, lines: Sequence[int], keys: Sequence[str | None] = (), **more: str) -> None:
        for k, line in enumerate(lines):
            self.add(say, line, key=keys[k] if keys else None, **more)  # type: ignore[arg-type]

    def findings(self) -> list[Finding]:
        """In the order they were met, with the counts of those beyond ``MOST`` last."""
        rest = [
            Finding(
                say.code,
                say.severity,
                Text(f"同类问题另有 {number} 处，从第 {line} 行起", f"{number} more of this kind from line {line} on"),
                self._source,
                self._layer,
                line,
                suggestion=Text(say.do_zh, say.do_en),
                count=number,
            )
            for say, line, number in self._left.values()
        ]
        return self._rows + rest
