"""Workbooks read back with openpyxl, as an office's next program would."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest
from sample_papers import DAY, TOWNS, parcel_table, town_table

from panhuo.documents import Column, Sheet, Table, Workbook, with_total, write_xlsx
from panhuo.documents import excel as xl


def opened(book: Workbook, **options: bool) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(write_xlsx(book)), **options)


@pytest.fixture
def book() -> Workbook:
    sheets = (
        Sheet("汇总", town_table("zh"), "低效用地汇总表", ("本表由系统生成。",)),
        Sheet("明细", parcel_table("zh")),
    )
    return Workbook(sheets, DAY, "低效用地", "澄湖区自然资源局")


def test_a_sheet_is_ready_to_file_filter_and_print(book: Workbook) -> None:
    sheet = opened(book)["汇总"]
    assert sheet["A1"].value == "低效用地汇总表"
    merged = {str(r) for r in sheet.merged_cells.ranges}
    assert {"A1:J1", "A2:A3", "B2:C2", "H2:J2"} <= merged
    assert sheet["B2"].value == "产业转型升级类" and sheet["C3"].value == "面积（公顷）"
    assert [sheet.cell(4 + k, 1).value for k in range(12)] == list(TOWNS)
    assert sheet.freeze_panes == "B4"
    assert sheet.auto_filter.ref == "A3:J15"
    assert sheet.print_title_rows == "$1:$3"
    assert sheet.page_setup.paperSize == 9 and sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet["A17"].value == "本表由系统生成。"
    assert sheet["C5"].number_format == "#,##0.00" and sheet["J5"].number_format == "#,##0.0"
    assert sheet.column_dimensions["A"].width >= 12


def test_totals_are_formulas_that_already_hold_their_value(book: Workbook) -> None:
    formulas, values = opened(book)["汇总"], opened(book, data_only=True)["汇总"]
    assert formulas["C16"].value == "=SUM(C4:C15)"
    rows = [values.cell(r, 3).value for r in range(4, 16)]
    assert values["C16"].value == pytest.approx(sum(rows))
    assert values["A16"].value == "合　计"


def test_codes_stay_texts_and_missing_cells_stay_empty(book: Workbook) -> None:
    sheet = opened(book)["明细"]
    assert sheet["A2"].data_type == "s" and sheet["A2"].number_format == "@"
    assert sheet["F7"].value is None
    assert sheet["H2"].is_date and sheet["G3"].value == "是"


@pytest.mark.parametrize("words", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "0371", "https://x.cn"])
def test_no_text_becomes_a_formula_a_number_or_a_link(words: str) -> None:
    table = Table((Column(words), Column("代码", kind="code")), ((words, words),), note=words)
    sheet = opened(Workbook((Sheet(words, table, words, (words,)),), DAY)).worksheets[0]
    for row in sheet.iter_rows():
        for cell in row:
            assert cell.data_type in ("s", "n") and not (cell.data_type == "n" and cell.value is not None)
            assert cell.hyperlink is None


def test_two_runs_are_equal_byte_by_byte(book: Workbook, tmp_path: Path) -> None:
    first = write_xlsx(book, tmp_path / "台账.xlsx")
    assert (tmp_path / "台账.xlsx").read_bytes() == first == write_xlsx(book)


def test_a_table_longer_than_a_sheet_goes_on_and_its_total_counts_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xl, "MOST_ROWS", 13)
    monkeypatch.setattr(xl, "BIG", 5)
    columns = (Column("代码", kind="code"), Column("面积", "㎡", "number", 2, summed=True))
    table = with_total(Table(columns, tuple((f"{k:03d}", float(k)) for k in range(25))))
    book = Workbook((Sheet("宗地", table),), DAY)
    formulas, values = opened(book), opened(book, data_only=True)
    assert formulas.sheetnames == ["宗地", "宗地（2）", "宗地（3）"]
    total = formulas["宗地（3）"]["B7"].value
    assert total == "=SUM('宗地'!$B$2:$B$11,'宗地（2）'!$B$2:$B$11,'宗地（3）'!$B$2:$B$6)"
    assert values["宗地（3）"]["B7"].value == sum(range(25))
    codes = [row[0].value for s in values.worksheets for row in s.iter_rows(min_row=2) if row[0].value != "合计"]
    assert codes == [f"{k:03d}" for k in range(25)]


def test_names_of_sheets_are_made_legal_and_unique() -> None:
    table = Table((Column("列"),), (("值",),))
    names = ("a/b:c", "a/b:c", "A_B_C", "很长" * 30, "很长" * 30, "", "'x'")
    book = opened(Workbook(tuple(Sheet(n, table) for n in names), DAY))
    assert len({n.casefold() for n in book.sheetnames}) == len(names)
    assert all(0 < len(n) <= 31 for n in book.sheetnames)


def test_a_big_workbook_keeps_its_merged_headers(monkeypatch: pytest.MonkeyPatch, book: Workbook) -> None:
    monkeypatch.setattr(xl, "BIG", 10)
    sheet = opened(book)["汇总"]
    assert {"A1:J1", "A2:A3", "B2:C2"} <= {str(r) for r in sheet.merged_cells.ranges}
    assert sheet["A2"].value == "乡镇（街道）" and sheet["C16"].value == "=SUM(C4:C15)"
