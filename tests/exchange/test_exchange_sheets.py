"""Workbooks and texts as people fill them in."""

from __future__ import annotations

import io
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from panhuo.exchange import Delivery, open_delivery
from panhuo.exchange.header import detect


def book(fill: Any, *more: str) -> bytes:
    wb = openpyxl.Workbook()
    fill(wb.active)
    for name in more:
        wb.create_sheet(name)
    out = io.BytesIO()
    wb.save(out)
    return out.getvalue()


def opened(fill: Any, *more: str) -> Delivery:
    return open_delivery(book(fill, *more), name="表.xlsx")


def form(ws: Any) -> None:
    """An official form: title, unit line, two header rows, column numbers, data, total, signatures."""
    ws.title = "企业"
    ws["A1"] = "低效用地企业调查表"
    ws.merge_cells("A1:E1")
    ws["A2"], ws["D2"] = "填报单位：青岚市", "单位：万元、亩"
    for cell, text in {
        "A3": "序号",
        "B3": "企业名称",
        "C3": "用地情况",
        "E3": "税收",
        "C4": "面积",
        "D4": "用途",
    }.items():
        ws[cell] = text
    for area in ("A3:A4", "B3:B4", "C3:D3", "E3:E4"):
        ws.merge_cells(area)
    for k, number in enumerate("12345"):
        ws.cell(5, k + 1, number)
    ws.append([1, "青岚机械", 12.5, "0601", 3])
    ws.append([2, None, 7.5, "0602", 4])
    ws.merge_cells("B6:B7")
    ws.append([3, "澄湖纺织", 5, "0601", None])
    ws.append(["合计", None, 25, None, 7])
    ws.append(["填表人：某某", None, None, "审核人：", None])


def test_an_official_form_becomes_a_table() -> None:
    delivery = opened(form)
    layer = delivery.layers[0]
    assert layer.fields == ("序号", "企业名称", "用地情况/面积", "用地情况/用途", "税收")
    assert layer.table.to_pydict() == {
        "序号": [1, 2, 3],
        "企业名称": ["青岚机械", "青岚机械", "澄湖纺织"],
        "用地情况/面积": [12.5, 7.5, 5.0],
        "用地情况/用途": ["0601", "0602", "0601"],
        "税收": [3, 4, None],
    }
    assert layer.rows.to_pylist() == [6, 7, 8]  # type: ignore[union-attr]
    assert sum("低效用地企业调查表" in n for n in layer.notes) == 1
    total = delivery.findings.filter(code="C02").row(0, named=True)
    assert (total["row"], '"用地情况/面积": 25' in total["value"]) == (9, True)
    assert set(delivery.findings["code"]) == {"R13", "C02"}


def test_three_header_rows_and_a_blank_margin() -> None:
    def fill(ws: Any) -> None:
        for cell, text in {
            "B3": "宗地代码",
            "C3": "登记信息",
            "C4": "权利",
            "C5": "类型",
            "D5": "性质",
            "E4": "面积",
        }.items():
            ws[cell] = text
        for area in ("B3:B5", "C3:E3", "C4:D4", "E4:E5"):
            ws.merge_cells(area)
        ws["B6"], ws["C6"], ws["D6"], ws["E6"] = "GB00001", "101", "出让", 3.5

    layer = opened(fill).layers[0]
    assert layer.fields == ("宗地代码", "登记信息/权利/类型", "登记信息/权利/性质", "登记信息/面积")
    assert (layer.count, layer.rows.to_pylist()) == (1, [6])  # type: ignore[union-attr]


def test_field_codes_below_chinese_headings_belong_to_the_header() -> None:
    head = detect([["宗地代码", "权利人", "面积"], ["ZDDM", "QLR", "ZDMJ"], ["1", "甲", "2"]])
    assert head is not None
    assert (head.paths, head.start) == (("宗地代码/ZDDM", "权利人/QLR", "面积/ZDMJ"), 2)


def test_a_plain_table_of_texts_has_one_header_row() -> None:
    head = detect([["name", "city"], ["anna", "rome"], ["bob", "oslo"]])
    assert head is not None
    assert (head.paths, head.start) == (("name", "city"), 1)


def test_repeated_and_missing_headings_get_names() -> None:
    head = detect([["面积", "面积", None, "用途"], [5, 2, 3, 4]])
    assert head is not None
    assert head.paths == ("面积", "面积_2", "列C", "用途")


def test_long_codes_that_the_spreadsheet_damaged_are_named_with_their_cell() -> None:
    def fill(ws: Any) -> None:
        ws.append(["宗地代码", "名称"])
        ws.append([3.70112001001e18, "甲"])
        ws.append(["3.70112E+18", "乙"])

    delivery = opened(fill)
    row = delivery.findings.row(0, named=True)
    assert (row["code"], row["severity"], row["row"], row["count"], "A2" in row["zh"]) == ("R11", "error", 2, 2, True)


def test_formula_errors_and_formulas_never_calculated_are_named() -> None:
    def fill(ws: Any) -> None:
        ws.append(["名称", "面积", "税收"])
        ws.append(["甲", "#REF!", "=1+1"])
        ws["B2"].data_type = "e"

    found = opened(fill).findings
    assert [(f["code"], f["row"], f["value"]) for f in found.iter_rows(named=True)] == [
        ("R12", 2, "#REF!"),
        ("R12", 2, None),
    ]


def test_types_of_columns() -> None:
    def fill(ws: Any) -> None:
        ws.append(["代码", "日期", "时间", "数", "混合", "是否", "文本数"])
        ws.append(["0601", date(2024, 1, 2), datetime(2024, 1, 2, 3, 4), 1, "05H1", True, 1.5])
        ws.append(["0602", date(2024, 2, 3), datetime(2024, 1, 2, 3, 5), 2, 601, False, "2.5"])
        ws.append(["0603", date(2024, 2, 4), datetime(2024, 1, 2, 3, 6), 3, 7.5, True, 3])

    table = opened(fill).layers[0].table
    assert table["代码"].to_pylist() == ["0601", "0602", "0603"]
    assert table["日期"][0].as_py() == date(2024, 1, 2)
    assert table["时间"][0].as_py() == datetime(2024, 1, 2, 3, 4)
    assert table["数"].to_pylist() == [1, 2, 3]
    assert table["混合"].to_pylist() == ["05H1", "601", "7.5"]
    assert table["是否"].to_pylist() == [True, False, True]
    assert table["文本数"].to_pylist() == [1.5, 2.5, 3.0]


def test_hidden_empty_and_several_sheets() -> None:
    def fill(ws: Any) -> None:
        ws.append(["a", "b"])
        ws.append([1, 2])
        ws.sheet_state = "visible"
        ws.parent.create_sheet("隐藏").append(["x", "y"])
        ws.parent["隐藏"].append([3, 4])
        ws.parent["隐藏"].sheet_state = "hidden"

    delivery = opened(fill, "空")
    assert [x.name for x in delivery] == ["Sheet", "隐藏"]
    assert delivery.findings["code"].to_list() == ["R14", "R14"]
    assert any("隐藏" in n for n in delivery.layer("隐藏").notes)


def test_hidden_rows_and_columns_are_read_and_named() -> None:
    def fill(ws: Any) -> None:
        for row in (["a", "b", "c"], [7, 2, 3], [4, 5, 6], [7, 8, 9]):
            ws.append(row)
        ws.row_dimensions[3].hidden = True
        ws.column_dimensions["B"].hidden = True
        ws.column_dimensions.group("F", "XFD", hidden=True)

    delivery = opened(fill)
    assert delivery.layers[0].count == 3
    assert [(f["code"], f["row"], f["count"]) for f in delivery.findings.iter_rows(named=True)] == [
        ("R14", 3, 1),
        ("R14", None, 1),
    ]
    assert any("隐藏的行：3" in n for n in delivery.layers[0].notes)


def test_an_xls_that_is_html() -> None:
    page = (
        '<html><meta charset="gb2312"><table><tr><td rowspan="2">宗地代码</td><td colspan="2">面积</td></tr>'
        "<tr><td>登记</td><td>实测</td></tr><tr><td>GB00001</td><td>1.5</td><td>2</td></tr></table></html>"
    )
    delivery = open_delivery(page.encode("gbk"), name="台账.xls")
    assert delivery.layers[0].table.to_pydict() == {"宗地代码": ["GB00001"], "面积/登记": ["1.5"], "面积/实测": ["2"]}
    assert delivery.findings["code"].to_list() == ["R09"]


def test_an_xls_that_is_xml() -> None:
    ss = "urn:schemas-microsoft-com:office:spreadsheet"
    cell = '<Cell><Data ss:Type="{}">{}</Data></Cell>'
    rows = "".join(
        "<Row>" + "".join(cell.format(t, v) for t, v in row) + "</Row>"
        for row in ([("String", "代码"), ("String", "面积")], [("String", "0601"), ("Number", "2.5")])
    )
    sheet = f'<Worksheet ss:Name="表"><Table>{rows}</Table></Worksheet>'
    text = f'<?xml version="1.0"?><Workbook xmlns="{ss}" xmlns:ss="{ss}">{sheet}</Workbook>'
    layer = open_delivery(text.encode(), name="a.xls").layers[0]
    assert layer.table.to_pydict() == {"代码": ["0601"], "面积": [2.5]}


@pytest.mark.parametrize("codec", ["gbk", "gb18030", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
def test_text_tables_in_every_encoding_and_separator(codec: str, separator: str) -> None:
    lines = [
        ["宗地代码", "权利人", "面积"],
        ["370112001001GB00001", "青岚机械有限公司", "12.50"],
        ["0012", "澄湖纺织", ""],
    ]
    data = "\r\n".join(separator.join(x) for x in lines).encode(codec)
    layer = open_delivery(data, name="表.csv").layers[0]
    assert layer.table.to_pydict() == {
        "宗地代码": ["370112001001GB00001", "0012"],
        "权利人": ["青岚机械有限公司", "澄湖纺织"],
        "面积": ["12.50", None],
    }
    assert layer.rows.to_pylist() == [2, 3]  # type: ignore[union-attr]


def test_ragged_rows_are_kept_and_named_by_their_line() -> None:
    data = '代码,名称\n1,"两\n行"\n2,乙,多余\n3\n'.encode()
    delivery = open_delivery(data, name="表.csv")
    layer = delivery.layers[0]
    assert layer.rows.to_pylist() == [2, 4, 5]  # type: ignore[union-attr]
    assert layer.table.to_pydict() == {
        "代码": ["1", "2", "3"],
        "名称": ["两\n行", "乙", None],
        "列C": [None, "多余", None],
    }
    assert [(f["code"], f["row"]) for f in delivery.findings.iter_rows(named=True)] == [("R10", 4), ("R10", 5)]


def test_line_ends_of_every_kind() -> None:
    for end in ("\n", "\r\n", "\r"):
        layer = open_delivery(end.join(["代码,名称", "1,甲", "2,乙"]).encode(), name="表.csv").layers[0]
        assert (layer.table.to_pydict(), layer.rows.to_pylist()) == ({"代码": ["1", "2"], "名称": ["甲", "乙"]}, [2, 3])  # type: ignore[union-attr]


def test_prose_is_not_a_table() -> None:
    delivery = open_delivery("各科室：\n请于月底前完成调查。\n谢谢！\n".encode(), name="说明.txt")
    assert (delivery.layers, delivery.files[0].state) == ((), "ignored")


def test_points_from_columns_whatever_their_order() -> None:
    north_first = "名称,X坐标,Y坐标\n甲,4050000.5,39580000.25\n乙,4050010,39580020\n"
    east_first = "名称,X坐标,Y坐标\n甲,39580000.25,4050000.5\n乙,39580020,4050010\n"
    one, two = (open_delivery(t.encode(), name="点.csv") for t in (north_first, east_first))
    assert one.layers[0].geometry == two.layers[0].geometry
    assert one.layers[0].crs is not None and one.layers[0].crs.epsg == 4527
    assert "R07" in set(one.findings["code"]) and "R07" not in set(two.findings["code"])


def test_rows_that_name_several_coordinate_systems_come_into_one() -> None:
    head = "name,CoordinateReferenceSystem,GeoX,GeoY\n"
    text = head + "a,WGS84,-2.5,51.4\nb,OSGB36,358700,172700\nc,WGS84,-2.6,51.5\nd,WGS84,x,1\n"
    delivery = open_delivery(text.encode(), name="点.csv")
    layer = delivery.layers[0]
    assert layer.crs is not None and layer.crs.epsg == 4326
    assert layer.geometry is not None and layer.geometry.null_count == 1
    assert {"R17", "R18"} <= set(delivery.findings["code"])


def test_wkt_columns_with_a_broken_row_keep_the_text() -> None:
    text = 'id,WKT\n1,"POLYGON ((0 0,1 0,1 1,0 0))"\n2,"POLYGON ((0 0,1"\n3,"SRID=4490;POINT (117 36)"\n'
    delivery = open_delivery(text.encode(), name="a.csv")
    layer = delivery.layers[0]
    assert layer.geometry is not None and layer.geometry.null_count == 1
    assert layer.table["WKT"][1].as_py() == "POLYGON ((0 0,1"
    assert delivery.findings.filter(code="R17").row(0, named=True)["row"] == 3


def test_damaged_files_never_crash(tmp_path: Path) -> None:
    whole = book(form)
    for cut in range(0, len(whole), 400):
        open_delivery(whole[:cut] + b"\x00" * 10, name="表.xlsx")
