"""Plain files are read by compiled code; it must give what the general readers give, and hand on what is not plain."""

from __future__ import annotations

import struct
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo.exchange import dbf, delimited
from panhuo.exchange import encoding as enc
from panhuo.messages import Finding, findings_table

CELLS = ["", "甲", "澄湖区", "0702", "a b", "1.50", "𠮷", "€", "é", "\ufeff", "合计", " ", "12E+15"]
tables = st.lists(st.lists(st.sampled_from(CELLS), min_size=3, max_size=3), min_size=1, max_size=8)


def told(result: delimited.ReadResult) -> tuple[object, ...]:
    layers = [(x.table, x.rows, x.encoding, x.notes) for x in result.layers]
    return *layers, findings_table(result.findings).rows()


@settings(max_examples=150, deadline=None)
@given(
    tables,
    st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\n", "\x1a", "\n\n", ",,\n"]),
)
def test_a_csv_is_the_same_from_its_bytes(rows: list[list[str]], codec: str, end: str, tail: str) -> None:
    data = (end.join(["代码,名称,面积", *map(",".join, rows)]) + tail).encode(codec)
    short = delimited.read(data, "表.csv", "表", "csv")
    with patch.object(enc, "as_utf8", lambda data, head: None):
        long = delimited.read(data, "表.csv", "表", "csv")
    assert told(short) == told(long)


def table_file(path: Path, kind: str, width: int, decimals: int, cells: list[bytes]) -> Path:
    """A DBF file of one field."""
    field = b"A".ljust(11, b"\x00") + kind.encode() + bytes(4) + bytes((width, decimals)) + bytes(14)
    head = struct.pack("<4BIHH20x", 3, 126, 1, 1, len(cells), 65, width + 1)
    path.write_bytes(head + field + b"\r" + b"".join(b" " + c.ljust(width)[:width] for c in cells))
    return path


def column(path: Path, declared: str | None = None) -> tuple[pa.Array, list[Finding]]:
    findings: list[Finding] = []
    table = dbf.read(path, "a.dbf", declared, findings, "a")
    assert table is not None
    return table.columns.column(0), findings


@settings(max_examples=150, deadline=None)
@given(
    cells=st.lists(st.text(max_size=6), min_size=1, max_size=20), codec=st.sampled_from(["gb18030", "utf-8", "big5"])
)
def test_texts_of_a_dbf_are_those_of_pythons_codec(
    tmp_path_factory: pytest.TempPathFactory, cells: list[str], codec: str
) -> None:
    raw = [c.encode(codec, "ignore") for c in cells]
    path = table_file(tmp_path_factory.mktemp("dbf") / "a.dbf", "C", 40, 0, raw)
    found, _ = column(path, {"gb18030": "GBK", "utf-8": "UTF-8", "big5": "BIG5"}[codec])
    plain = [c.split(b"\x00")[0].rstrip(b" ").decode(codec) for c in raw]
    assert found.to_pylist() == [c or None for c in plain]


@pytest.mark.parametrize(
    ("kind", "width", "decimals", "cells", "expected"),
    [
        ("N", 9, 0, ["12", "-7", "", "007"], [12, -7, None, 7]),
        ("N", 9, 0, ["12", "1.5", ""], [12.0, 1.5, None]),
        ("N", 9, 0, ["12", "*****"], [12, None]),
        ("N", 20, 0, ["9007199254740993", "-123456789012345678"], [9007199254740993, -123456789012345678]),
        ("N", 20, 0, ["1234567890123456789"], ["1234567890123456789"]),
        ("N", 12, 4, ["  1.2836", "-0.5", ".5", "5."], [1.2836, -0.5, 0.5, 5.0]),
        ("F", 19, 11, ["1.28360000000e+001", "-2.5E-003", "1e300"], [12.836, -0.0025, 1e300]),
        ("F", 19, 11, ["0.1234567890123456", "9007199254740993.0"], [0.1234567890123456, 9007199254740992.0]),
    ],
)
def test_numbers_of_a_dbf(
    tmp_path: Path, kind: str, width: int, decimals: int, cells: list[str], expected: list[object]
) -> None:
    found, _ = column(table_file(tmp_path / "a.dbf", kind, width, decimals, [c.encode() for c in cells]))
    assert found.to_pylist() == expected


def test_dates_of_a_dbf(tmp_path: Path) -> None:
    cells = ["20240229", "00000000", "", "19000101", "00010101", "99991231"]
    found, findings = column(table_file(tmp_path / "a.dbf", "D", 8, 0, [c.encode() for c in cells]))
    said = [None if v is None else v.isoformat() for v in found.to_pylist()]
    assert said == ["2024-02-29", None, None, "1900-01-01", "0001-01-01", "9999-12-31"]
    assert not findings
    found, findings = column(table_file(tmp_path / "b.dbf", "D", 8, 0, [b"20230229", b"20240131"]))
    assert [v is None for v in found.to_pylist()] == [True, False]
    assert [f.code for f in findings] == ["R08"]
