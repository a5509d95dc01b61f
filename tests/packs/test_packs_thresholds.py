# ruff: noqa: E501 - a sample stays on one line
"""The expert's way: export the workbook, edit it in Excel, take it back; every change is said, mistakes change nothing."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from packs_on_disk import HEAD, ON, ROWS, write_child, write_pack, write_workbook

from panhuo.packs import PackError, export_thresholds, freeze, import_thresholds, load_pack, render_changes


def cell(book: openpyxl.Workbook, key: str) -> openpyxl.cell.Cell:
    """The value cell of a row, found by its key as a person would."""
    sheet = book["ratio"]
    row = next(r for r in sheet.iter_rows(min_row=2) if r[0].value == key)
    return row[1]


def test_out_and_back_changes_nothing(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    before = (pack / "thresholds.xlsx").read_bytes()
    book = export_thresholds(load_pack(pack, ON), tmp_path / "out.xlsx")
    assert import_thresholds(pack, book) == []
    assert (pack / "thresholds.xlsx").read_bytes() == before


def test_an_expert_sets_an_open_value(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    path = export_thresholds(load_pack(pack, ON), tmp_path / "out.xlsx")
    book = openpyxl.load_workbook(path)
    assert cell(book, "*").value is None and cell(book, "*").fill.start_color.rgb == "00FFF2CC"
    cell(book, "*").value = 0.7
    cell(book, "C13").value = 0.9
    book.save(path)
    changes = import_thresholds(pack, path, dry_run=True)
    assert load_pack(pack, ON).threshold("ratio", ("C99",)) is None
    assert changes == import_thresholds(pack, path)
    assert [(c.entry, c.key, c.old, c.new) for c in changes] == [
        ("ratio.C13", "value", 0.8, 0.9),
        ("ratio.*", "value", None, 0.7),
    ]
    assert render_changes(changes).splitlines()[1] == "thresholds.xlsx ratio.* value: 未定 → 0.7（river-city#一(三)）"
    assert load_pack(pack, ON).threshold("ratio", ("C99",)) == 0.7


def test_a_county_keeps_what_it_does_not_change(tmp_path: Path) -> None:
    """Inherited rows stay inherited: only what the county changed is written into its own workbook."""
    write_pack(tmp_path)
    child = write_child(tmp_path)
    path = export_thresholds(load_pack(child, ON), tmp_path / "out.xlsx")
    assert import_thresholds(child, path) == [] and not (child / "thresholds.xlsx").exists()
    book = openpyxl.load_workbook(path)
    cell(book, "*").value = 0.4
    book.save(path)
    assert len(import_thresholds(child, path)) == 1
    own = openpyxl.load_workbook(child / "thresholds.xlsx")["ratio"]
    assert [r[0].value for r in own.iter_rows(min_row=2)] == ["*"]
    assert load_pack(child, ON).threshold("ratio", ("C13",)) == 0.8


def test_rows_are_added_and_taken_away(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    path = write_workbook(tmp_path / "in.xlsx", {"ratio": [HEAD, ROWS[1], ["C39", 1.5, None, "一(三)"]]})
    assert [(c.entry, c.kind) for c in import_thresholds(pack, path)] == [
        ("ratio.C39", "added"),
        ("ratio.C13", "removed"),
    ]
    assert [r.id for r in load_pack(pack, ON).tables["ratio"].rows] == ["*", "C39"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([["C13", "0.8倍"]], "应为数字"),
        ([["C13", None]], "set_by"),
        ([["C13", 1, None, "九"]], "没有名为“九”"),
    ],
)
def test_a_workbook_with_mistakes_changes_nothing(rows: list[list[object]], says: str, tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    before = (pack / "thresholds.xlsx").read_bytes()
    path = write_workbook(tmp_path / "in.xlsx", {"ratio": [HEAD, *rows]})
    with pytest.raises(PackError, match=says):
        import_thresholds(pack, path)
    assert (pack / "thresholds.xlsx").read_bytes() == before


def test_a_sheet_that_the_standard_needs_cannot_go(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    path = write_workbook(tmp_path / "in.xlsx", {"ration": [HEAD, *ROWS]})
    with pytest.raises(PackError, match="是不是“ration”"):
        import_thresholds(pack, path)


def test_the_same_cells_are_the_same_pack_whoever_saved_them(tmp_path: Path) -> None:
    """Another program, other bytes, Chinese headers, formats far below the data: the same content and hash."""
    one, two = write_pack(tmp_path / "1"), write_pack(tmp_path / "2")
    (two / "thresholds.xlsx").unlink()
    with xlsxwriter.Workbook(two / "thresholds.xlsx") as book:
        sheet = book.add_worksheet("ratio")
        sheet.write_row(
            0,
            0,
            ["industry_division", "取值", "单位", "条款", "起始日期", "截止日期", "由谁确定", "说明"],
            book.add_format({"bold": True}),
        )
        sheet.write_row(1, 0, ["C13", 0.8, None, "一(三)"])
        sheet.write_row(3, 0, ["*", None, None, "一(三)", None, None, "县人民政府"])
        sheet.write_blank(900, 3, None, book.add_format({"italic": True}))
        book.add_worksheet("_笔记").write(0, 0, "not read")
    assert (one / "thresholds.xlsx").read_bytes() != (two / "thresholds.xlsx").read_bytes()
    assert freeze(load_pack(one, ON))["sha256"] == freeze(load_pack(two, ON))["sha256"]


def test_dated_rows_go_out_and_come_back(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    rows = [
        ["C13", 0.8, None, "一(三)", None, "2025-12-31"],
        ["C13", 1.0, None, "一(三)", "2026-01-01"],
        ["*", 0.6, None, "一(三)"],
    ]
    write_workbook(pack / "thresholds.xlsx", {"ratio": [HEAD, *rows]})
    assert load_pack(pack, ON).threshold("ratio", ("C13",)) == 1.0
    path = export_thresholds(load_pack(pack, ON), tmp_path / "out.xlsx")
    assert import_thresholds(pack, path) == []
    assert openpyxl.load_workbook(path)["ratio"].max_row == 4
