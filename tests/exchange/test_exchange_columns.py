"""The columnar reading of sheets gives what a reading cell by cell gives."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.exchange import columns, delimited, tabular
from panhuo.exchange import header as hd
from panhuo.exchange.codes import finding
from panhuo.messages import Finding


def by_cell(
    cells: Sequence[Sequence[Any]],
    merges: Sequence[hd.Merge],
    source: str,
    layer: str,
    findings: list[Finding],
    *,
    typed: bool = True,
    lines: Sequence[int] | None = None,
) -> tabular.Read | None:
    """The reference: every row and every cell looked at for itself."""
    head = hd.detect(cells, merges)
    if head is None:
        return None
    line = lines or range(1, len(cells) + 1)
    notes = [f"表头以上：{t} / above the header: {t}" for t in head.above]
    notes += [f"第 {line[k]} 行是列号，已略过 / line {line[k]} numbers the columns" for k in head.skipped]
    filled, count = tabular._fill_down(cells, merges, head)
    if count:
        findings.append(
            finding(
                "R13",
                "note",
                f"数据区有 {count} 处合并单元格，已按同值填充。",
                f"{count} merged ranges in the data; each cell was given the common value.",
                source,
                layer=layer,
                count=count,
                do=("请核对填充是否符合原意。", "Check that this is what was meant."),
            )
        )
    kept: list[Sequence[Any]] = []
    numbers: list[int] = []
    for k in range(head.start, len(filled)):
        row = [filled[k][c] if c < len(filled[k]) else None for c in head.columns]
        if all(v is None or v == "" for v in row):
            continue
        if hd.is_total(row):
            notes.append(tabular._total(row, head, int(line[k]), source, layer, findings))
        elif hd.is_footnote(row) and k >= len(filled) - 12:
            said = " ".join(str(v) for v in row if v not in (None, ""))
            notes.append(f"表尾第 {line[k]} 行：{said} / footnote, line {line[k]}")
        else:
            kept.append(row)
            numbers.append(int(line[k]))
    columns = list(zip(*kept, strict=True)) if kept else [()] * len(head.columns)
    arrays = [
        _column(values, numbers, name, head.columns[k], source, layer, findings, typed)
        for k, (values, name) in enumerate(zip(columns, head.paths, strict=True))
    ]
    return tabular.Read(pa.table(arrays, names=list(head.paths)), pa.array(numbers, pa.int64()), tuple(notes))


def _column(
    values: Sequence[Any],
    lines: Sequence[int],
    name: str,
    place: int,
    source: str,
    layer: str,
    findings: list[Finding],
    typed: bool,
) -> pa.Array:
    """One column: texts stay texts; a column of numbers may hold some numbers stored as text; else everything is
    text."""
    plain = [None if v == "" else v for v in values]
    kinds = {type(v) for v in plain if v is not None}
    damaged = [k for k, v in enumerate(plain) if columns._is_damaged(v)]
    if damaged:
        cell = f"{hd.column_letters(place)}{lines[damaged[0]]}"
        shown = plain[damaged[0]]
        findings.append(
            finding(
                "R11",
                "error",
                f"“{name}”有 {len(damaged)} 个长数字已被电子表格改写，末几位丢失（首个为 {cell}，显示 {shown}）。",
                f"'{name}': {len(damaged)} long numbers were damaged by the spreadsheet (the first in {cell}, "
                f"{shown}).",
                source,
                layer=layer,
                row=lines[damaged[0]],
                field=name,
                value=str(shown),
                count=len(damaged),
                do=(
                    "请把该列设为文本格式后重新填写代码，不能靠改格式恢复。",
                    "Set the column to text and enter the codes again; changing the format does not bring them back.",
                ),
            )
        )
    if not kinds:
        return pa.nulls(len(plain), pa.string())
    if not typed or kinds == {str}:
        return pa.array([None if v is None else columns.as_text(v) for v in plain], pa.string())
    if kinds == {bool}:
        return pa.array(plain, pa.bool_())
    if kinds == {dt.date}:
        return pa.array(plain, pa.date32())
    if kinds <= {dt.date, dt.datetime}:
        return columns._moments(plain)
    if kinds == {dt.time} or kinds == {dt.timedelta}:
        return pa.array([None if v is None else str(v) for v in plain], pa.string())
    if kinds <= {int, float} or (kinds <= {int, float, str} and columns._numbers_as_text(plain)):
        if kinds == {int, float, str} or str in kinds:
            count = sum(isinstance(v, str) for v in plain)
            findings.append(
                finding(
                    "R08",
                    "note",
                    f"“{name}”有 {count} 个以文本存储的数字，已按数字读入。",
                    f"'{name}': {count} numbers stored as text were read as numbers.",
                    source,
                    layer=layer,
                    field=name,
                    count=count,
                )
            )
        numbers = [None if v is None else float(v) for v in plain]
        if not damaged and all(v is None or (v.is_integer() and abs(v) < 1e15) for v in numbers):
            return pa.array([None if v is None else int(v) for v in numbers], pa.int64())
        return pa.array(numbers, pa.float64())
    return pa.array([None if v is None else columns.as_text(v) for v in plain], pa.string())


WORDS = [
    "",
    "合计",
    "小 计",
    "总\u3000计：",
    "Total",
    "总经理",
    "注：仅供参考",
    "填表人：某某",
    "甲",
    "0601",
    "12",
    "3.5",
    "007",
    "1.2E+18",
    "3.70112e15",
    " 合计 ",
    "\x1c合计",
    "SUM",
    "本页合计",
    "备注",
    "x",
    " ",
    "１２",
]
TEXTS = st.sampled_from(WORDS)
NUMBERS = st.one_of(
    st.sampled_from([0.0, 1.0, -0.0, 2.5, 3.70112001001e18, 1e15, 999999999999999.0, 1000000000000000.5]),
    st.integers(-(10**17), 10**17),
    st.integers(-5, 5),
)
MOMENTS = st.sampled_from([dt.date(2024, 1, 2), dt.datetime(2024, 1, 2, 3, 4), dt.datetime(2024, 1, 3)])
OTHERS = st.sampled_from([True, False, dt.time(3, 4), dt.timedelta(hours=30)])
EMPTY = st.sampled_from(["", None])
KINDS = [TEXTS, NUMBERS, MOMENTS, OTHERS, NUMBERS | TEXTS, NUMBERS | MOMENTS | OTHERS, st.sampled_from(["1", "2.5"])]


@st.composite
def sheets(draw: st.DrawFn) -> tuple[list[list[Any]], list[hd.Merge]]:
    """Rows of cells with a header, columns mostly of one kind, gaps, totals and remarks, and merged ranges."""
    width = draw(st.integers(1, 6))
    kinds = [draw(st.sampled_from(KINDS)) for _ in range(width)]
    heads = [draw(st.sampled_from(["宗地代码", "面积", "用途", "名称", "", "税收"])) for _ in range(width)]
    rows: list[list[Any]] = [["一览表", *[""] * (width - 1)]] if draw(st.booleans()) else []
    rows.append(list(heads))
    for _ in range(draw(st.integers(0, 20))):
        odd = draw(st.integers(0, 9))
        if odd == 0:
            rows.append(draw(st.lists(TEXTS | NUMBERS | EMPTY, min_size=0, max_size=width + 1)))
        elif odd == 1:
            rows.append([""] * width)
        else:
            rows.append([draw(k) if draw(st.integers(0, 5)) else draw(EMPTY) for k in kinds])
    merges = []
    for _ in range(draw(st.integers(0, 2))):
        top, left = draw(st.integers(0, len(rows) - 1)), draw(st.integers(0, width - 1))
        merges.append((top, left, top + draw(st.integers(0, 3)), min(width - 1, left + draw(st.integers(0, 1)))))
    return rows, merges


def same(one: tabular.Read | None, two: tabular.Read | None) -> None:
    assert (one is None) == (two is None)
    if one is not None and two is not None:
        assert one.table.schema == two.table.schema
        assert one.table.equals(two.table)
        assert one.rows.equals(two.rows)
        assert one.notes == two.notes


@settings(deadline=None, max_examples=60)
@given(sheets())
def test_a_sheet_reads_by_column_as_by_cell(sheet: tuple[list[list[Any]], list[hd.Merge]]) -> None:
    cells, merges = sheet
    one, two = list[Finding](), list[Finding]()
    same(tabular.read(cells, merges, "表.xlsx", "表", one), by_cell(cells, merges, "表.xlsx", "表", two))
    assert one == two


@settings(deadline=None, max_examples=60)
@given(sheets(), st.sampled_from([",", "\t", "|"]), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.booleans())
def test_a_text_reads_by_column_as_by_cell(
    sheet: tuple[list[list[Any]], list[hd.Merge]], separator: str, end: str, quoted: bool, closed: bool
) -> None:
    width = max(map(len, sheet[0]))
    rows = [[columns.as_text("" if v is None else v) for v in row] for row in sheet[0]]
    if not quoted:
        rows = [row + [""] * (width - len(row)) if row else [] for row in rows]
    else:
        rows = [[f'"{v}"' if k % 3 == 0 else v for k, v in enumerate(row)] for row in rows]
    text = end.join(separator.join(row) for row in rows) + (end if closed else "")
    one, two = list[Finding](), list[Finding]()
    fast = delimited._table(text, separator, "表.csv", "表", one)
    lines = delimited._lines(text.replace("\r\n", "\n").replace("\r", "\n"), separator)
    even = delimited._even(lines, "表.csv", "表", two)
    same(fast, by_cell(even, (), "表.csv", "表", two, typed=False, lines=lines.at))
    assert one == two


def test_a_total_row_is_kept_whole_in_the_notes() -> None:
    """What is shown of it may be cut; the note holds every figure."""
    heads = [f"第{k}项指标的名称（万元）" for k in range(40)]
    findings: list[Finding] = []
    read = tabular.read([["名称", *heads], ["甲", *range(40)], ["合计", *range(40)]], (), "表.xlsx", "表", findings)
    assert read is not None and findings[0].code == "C02"
    assert all(h in read.notes[-1] for h in heads)
    assert read.notes[-1].endswith("}")
