"""Archives: names, ways out, bombs, encryption, nesting."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from panhuo.exchange import Limits, open_delivery

CSV = "宗地代码,面积\r\n370112001001GB00001,12.5\r\n".encode("gbk")


def packed(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(name, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def with_raw_name(data: bytes, stand_in: str, raw: bytes) -> bytes:
    """The zip with a member's name replaced by bytes of the same length, as other programs write them."""
    assert len(stand_in) == len(raw)
    return data.replace(stand_in.encode(), raw)


@pytest.mark.parametrize("codec", ["gbk", "utf-8"])
def test_member_names_in_gbk_or_utf8_without_the_flag(codec: str) -> None:
    raw = "权籍/宗地.csv".encode(codec)
    data = with_raw_name(packed(("x" * len(raw), CSV)), "x" * len(raw), raw)
    delivery = open_delivery(data, name="交付.zip")
    assert [x.source for x in delivery] == ["交付.zip/权籍/宗地.csv"]


def test_zip_in_zip_is_read_and_every_file_recorded() -> None:
    inner = packed(("宗地.csv", CSV))
    delivery = open_delivery(
        packed(("甲/内.zip", inner), ("说明.docx", packed(("word/a.xml", b"<a/>"), ("[Content_Types].xml", b"")))),
        name="外.zip",
    )
    assert delivery.layers[0].source == "外.zip/甲/内.zip/宗地.csv"
    assert {f.path: f.state for f in delivery.files} == {
        "外.zip": "read",
        "外.zip/甲/内.zip": "read",
        "外.zip/甲/内.zip/宗地.csv": "read",
        "外.zip/说明.docx": "ignored",
    }


@pytest.mark.parametrize("name", ["../../外.csv", "/etc/外.csv", "C:\\外.csv", "a/../../外.csv"])
def test_members_that_lead_out_are_refused_and_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "交付.zip").write_bytes(packed((name, CSV), ("内.csv", CSV)))
    delivery = open_delivery(tmp_path / "交付.zip")
    assert [x.name for x in delivery] == ["内"]
    assert list(delivery.findings["code"][:1]) == ["R16"]
    assert [p.name for p in tmp_path.iterdir()] == ["交付.zip"]


def test_a_link_inside_a_zip_is_refused() -> None:
    link = zipfile.ZipInfo("a.csv")
    link.external_attr = 0o120777 << 16
    delivery = open_delivery(packed((link, b"/etc/passwd")), name="a.zip")
    assert (len(delivery.layers), list(delivery.findings["code"])) == (0, ["R16"])


def test_a_bomb_is_stopped_and_the_rest_of_the_delivery_read(tmp_path: Path) -> None:
    (tmp_path / "炸弹.zip").write_bytes(packed(("a.csv", b"0" * 30_000_000)))
    (tmp_path / "好.csv").write_bytes(CSV)
    delivery = open_delivery(tmp_path, limits=Limits(ratio_from=1 << 20))
    assert [x.name for x in delivery] == ["好"]
    assert "R16" in set(delivery.findings["code"])


def test_limits_on_size_members_and_depth() -> None:
    many = packed(*[(f"{k}.csv", CSV) for k in range(10)])
    assert len(open_delivery(many, name="a.zip", limits=Limits(members=4)).layers) == 4
    assert "R16" in set(open_delivery(many, name="a.zip", limits=Limits(bytes_total=100)).findings["code"])
    nested = many
    for _ in range(5):
        nested = packed(("a.zip", nested))
    deep = open_delivery(nested, name="a.zip")
    assert (len(deep.layers), deep.findings["code"].to_list()) == (0, ["D01"])


def test_an_encrypted_member_is_named() -> None:
    data = bytearray(packed(("宗地.csv", CSV)))
    data[6] |= 1  # local header
    at = data.find(b"PK\x01\x02")
    data[at + 8] |= 1  # directory
    delivery = open_delivery(bytes(data), name="a.zip")
    assert delivery.findings["code"].to_list() == ["D01"]
    assert "加密" in delivery.findings["zh"][0]


def test_a_cut_zip_is_named() -> None:
    delivery = open_delivery(packed(("宗地.csv", CSV))[:-30], name="a.zip")
    assert (delivery.findings["code"].to_list(), delivery.files[0].state) == (["D01"], "unreadable")


def test_two_members_of_one_name_are_both_read() -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        data = packed(("a.csv", CSV), ("a.csv", CSV))
    delivery = open_delivery(data, name="a.zip")
    assert len(delivery.layers) == 2
    assert len({x.source for x in delivery}) == 2
