"""Workbooks that would burst the memory of whoever opens them."""

from __future__ import annotations

import io
import zipfile

import openpyxl
import pytest

from panhuo.exchange import open_delivery
from panhuo.exchange.swollen import MOST_CELLS, swollen


def book(*cells: tuple[int, int]) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    sheet["A1"], sheet["A2"] = "宗地代码", "371502001002GB00003"
    for row, column in cells:
        sheet.cell(row, column).value = 1
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def rewritten(data: bytes, before: bytes, after: bytes) -> bytes:
    """The workbook with a text of its first sheet replaced."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename.endswith("sheet1.xml"):
                assert before in content
                content = content.replace(before, after)
            new.writestr(info.filename, content)
    return out.getvalue()


def test_a_cell_in_the_last_corner_is_refused_and_the_process_lives() -> None:
    delivery = open_delivery(book((1_048_576, 16_384)), name="企业.xlsx")
    assert not delivery.layers
    (found,) = [f for f in delivery.findings.iter_rows(named=True) if f["severity"] == "error"]
    assert found["code"] == "R16" and "范围过大" in found["zh"] and found["suggestion_zh"]


def test_a_cell_that_lies_about_its_row_is_refused_too() -> None:
    hidden = rewritten(book((5, 600)), b'r="WB5"', b'r="WB1048576"')
    assert swollen(hidden) is not None


@pytest.mark.parametrize("cells", [(), ((1_048_576, 1),), ((1_048_576, 30),), ((2, 16_384),), ((300_000, 702),)])
def test_tall_or_wide_is_no_fault(cells: tuple[tuple[int, int], ...]) -> None:
    rows, columns = (max((c[k] for c in cells), default=2) for k in (0, 1))
    assert rows * columns <= MOST_CELLS
    assert swollen(book(*cells)) is None


def test_a_sheet_of_packed_blanks_is_refused() -> None:
    bomb = rewritten(book(), b"</sheetData>", b"</sheetData>" + b" " * (100 << 20))
    assert len(bomb) < 1 << 20
    said = swollen(bomb)
    assert said is not None and "压缩炸弹" in said.zh
