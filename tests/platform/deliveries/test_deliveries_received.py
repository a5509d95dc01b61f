"""Files on their way in: in parts, with interruptions, within limits; and those that are refused."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
from delivered_scene import TOWN, Deliver, parcels_layer, unit
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError

from panhuo import exchange
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries import commands, files
from panhuo_platform.deliveries.models import DeliveredLayer, Delivery, Finding, Upload


@pytest.fixture
def opened(town: Any) -> Delivery:
    return commands.open_delivery(town, sender=unit("shiqiaobu"), title="石桥埠镇宗地", township_code=TOWN)


def send(actor: Any, delivery: Delivery, name: str, content: bytes, *, step: int = 1000) -> Upload:
    upload = commands.begin_upload(actor, delivery, name=name, size=len(content))
    while (at := files.offset(upload)) < len(content):
        commands.put_part(actor, upload, offset=at, part=content[at : at + step])
    return upload


def test_a_file_arrives_in_parts_and_goes_on_where_it_stopped(town: Any, opened: Delivery, parcels_zip: Path) -> None:
    content = parcels_zip.read_bytes()
    upload = commands.begin_upload(town, opened, name="石桥埠宗地.zip", size=len(content))
    commands.put_part(town, upload, offset=0, part=content[:700])
    with pytest.raises(ValidationError, match="已收到 700 字节"):
        commands.put_part(town, upload, offset=0, part=content[:700])
    with pytest.raises(ValidationError, match="没有传完"):
        commands.receive(town, opened)
    assert not opened.received.exists()  # nothing half-way among the received files
    again = commands.begin_upload(town, opened, name="石桥埠宗地.zip", size=len(content))  # a day later
    assert (again, files.offset(again)) == (upload, 700)
    assert commands.put_part(town, again, offset=700, part=content[700:]) == len(content)
    again.refresh_from_db()
    assert again.sha256 == hashlib.sha256(content).hexdigest()
    assert (opened.received / "石桥埠宗地.zip").read_bytes() == content
    commands.receive(town, opened)
    with pytest.raises(ValidationError, match="已经提交"):
        commands.begin_upload(town, opened, name="另一个.zip", size=10)


def test_a_file_that_was_damaged_on_the_way_is_asked_for_again(town: Any, opened: Delivery) -> None:
    upload = commands.begin_upload(town, opened, name="a.csv", size=4, sha256=hashlib.sha256(b"abcd").hexdigest())
    with pytest.raises(ValidationError, match="传输中损坏"):
        commands.put_part(town, upload, offset=0, part=b"abXd")
    assert files.offset(upload) == 0
    commands.put_part(town, upload, offset=0, part=b"abcd")
    assert (opened.received / "a.csv").exists()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "C:\\Windows\\system.ini", "a/../../b", "..\\b.zip", "", "a\x00/../b"]
)
def test_names_that_lead_elsewhere_are_refused_and_audited(town: Any, opened: Delivery, name: str) -> None:
    with pytest.raises(ValidationError, match="指向文件夹以外"):
        commands.begin_upload(town, opened, name=name, size=10)
    event = AuditEvent.objects.first()
    assert event is not None
    assert (event.action, event.actor, event.subject_id) == ("refused", town, str(opened.pk))
    assert not opened.uploads.exists()


def test_odd_names_are_made_safe_and_kept_as_they_were(town: Any, opened: Delivery) -> None:
    names = ["CON.shp", "宗地:2026?.dbf", ".htaccess", "长" * 200 + ".zip", "镇 街/宗地.shp"]
    stored = [commands.begin_upload(town, opened, name=n, size=1).stored for n in names]
    assert stored[:3] == ["_CON.shp", "宗地_2026_.dbf", "htaccess"]
    assert stored[3].endswith("长.zip") and len(stored[3].encode()) <= 180
    assert stored[4] == "镇 街/宗地.shp"
    assert sorted(opened.uploads.values_list("name", flat=True)) == sorted(names)


def test_limits_are_said_in_words(town: Any, opened: Delivery, settings: Any) -> None:
    settings.DELIVERY_FILE_LIMIT = 1000
    with pytest.raises(ValidationError, match="超过单个文件上限 1,000 B"):
        commands.begin_upload(town, opened, name="大.gdb.zip", size=5 << 30)
    settings.DELIVERY_QUOTA = 1500
    commands.begin_upload(town, opened, name="一.zip", size=900)
    with pytest.raises(ValidationError, match="占用 900 B"):
        commands.begin_upload(town, opened, name="二.zip", size=900)
    commands.withdraw(town, opened)
    other = commands.open_delivery(town, sender=unit("shiqiaobu"), title="再来", township_code=TOWN)
    commands.begin_upload(town, other, name="二.zip", size=900)


def test_one_sends_for_ones_own_unit_and_territory_alone(district: Any, town: Any, tax: Any, office: Any) -> None:
    with pytest.raises(PermissionDenied):
        commands.open_delivery(town, sender=unit("shiqiaobu"), title="别人的", township_code="990112101")
    with pytest.raises(PermissionDenied):
        commands.open_delivery(town, sender=unit("bailupo"), title="别人的", township_code=TOWN)
    with pytest.raises(PermissionDenied):
        commands.open_delivery(tax, sender=unit("yingji"), title="别人的")
    with pytest.raises(PermissionDenied):
        commands.open_delivery(district.system, sender=unit("ziran"), title="管理员")
    mine = commands.open_delivery(tax, sender=unit("shuiwu"), title="税收")
    towns = commands.open_delivery(town, sender=unit("shiqiaobu"), title="宗地", township_code=TOWN)
    theirs = commands.open_delivery(office, sender=unit("bailupo"), title="代收", township_code="990112101")
    neighbour = district.user("bailu", "township", "bailupo")
    assert list(Delivery.objects.visible_to(town)) == [towns]
    assert list(Delivery.objects.visible_to(neighbour)) == [theirs]
    assert list(Delivery.objects.visible_to(tax)) == [mine]
    assert Delivery.objects.visible_to(office).count() == 3
    assert not Delivery.objects.visible_to(district.system).exists()
    with pytest.raises(PermissionDenied):
        commands.begin_upload(neighbour, towns, name="a.zip", size=1)


def refused(actor: Any, delivery: Delivery, run_jobs: Any, name: str, content: bytes) -> Delivery:
    """Sends a file, and sees that nothing of it was taken."""
    send(actor, delivery, name, content, step=1 << 20)
    commands.receive(actor, delivery)
    assert [j.state for j in run_jobs()] == ["done"]
    delivery.refresh_from_db()
    assert delivery.state == "refused"
    assert delivery.told and delivery.told_en
    assert not delivery.folder.exists()
    assert not DeliveredLayer.objects.filter(delivery=delivery).exists()
    assert not Finding.objects.filter(delivery=delivery).exists()
    event = AuditEvent.objects.filter(action="refused").first()
    assert event is not None and event.subject_id == str(delivery.pk)
    assert event.detail["files"][0]["name"] == name
    return delivery


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, content in members.items():
            z.writestr(name, content)
    return out.getvalue()


def test_a_zip_bomb_is_refused(town: Any, opened: Delivery, run_jobs: Any) -> None:
    bomb = zipped({"宗地.csv": bytes(200 << 20)})
    assert len(bomb) < 1 << 20
    assert "压缩炸弹" in refused(town, opened, run_jobs, "宗地.zip", bomb).told


def test_an_archive_that_unpacks_to_too_much_is_refused(
    town: Any, opened: Delivery, run_jobs: Any, settings: Any
) -> None:
    settings.DELIVERY_UNPACKED_LIMIT = 1 << 20
    content = zipped({f"{k}.csv": hashlib.sha256(bytes([k])).hexdigest().encode() * 8000 for k in range(5)})
    assert "解压后超过 1 MB" in refused(town, opened, run_jobs, "宗地.zip", content).told


def test_an_archive_with_a_way_out_is_refused_as_a_whole(
    town: Any, opened: Delivery, run_jobs: Any, parcels_zip: Path
) -> None:
    with zipfile.ZipFile(parcels_zip, "a") as z:
        z.writestr("../../../panhuo.sqlite3", b"gone")
    assert "指向包外" in refused(town, opened, run_jobs, "宗地.zip", parcels_zip.read_bytes()).told


def test_a_workbook_with_a_cell_in_the_last_corner_is_refused(town: Any, opened: Delivery, run_jobs: Any) -> None:
    """A few kilobytes that would ask for half a terabyte of memory."""
    import openpyxl

    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "宗地代码"
    book.worksheets[0].cell(1_048_576, 16_384).value = 1
    content = io.BytesIO()
    book.save(content)
    assert "范围过大" in refused(town, opened, run_jobs, "企业.xlsx", content.getvalue()).told


def test_xml_with_entities_is_refused(town: Any, opened: Delivery, run_jobs: Any) -> None:
    lines = [
        '<!ENTITY a "lol">',
        *(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
    ]
    kml = (
        '<?xml version="1.0"?><!DOCTYPE kml [' + "".join(lines) + '<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>&i;&x;</name></Placemark></kml>'
    )
    delivery = refused(town, opened, run_jobs, "宗地.kml", kml.encode())
    assert "root:" not in delivery.told


def test_a_header_that_claims_five_gigabytes_is_refused(town: Any, opened: Delivery, run_jobs: Any) -> None:
    """A shapefile of a hundred bytes whose header says 5 GB."""
    header = bytearray(100)
    struct.pack_into(">i", header, 0, 9994)
    struct.pack_into(">i", header, 24, (5 << 30) // 4)
    struct.pack_into("<ii", header, 28, 1000, 5)
    refused(town, opened, run_jobs, "宗地.shp", bytes(header))


@pytest.mark.parametrize("name", ["宗地.shp", "说明.docx", "程序.xlsx"])
def test_what_is_no_data_is_refused(town: Any, opened: Delivery, run_jobs: Any, name: str) -> None:
    refused(town, opened, run_jobs, name, b"MZ\x90\x00" + bytes(range(256)) * 40)


def test_a_formula_in_a_cell_stays_a_text_in_what_we_hand_out(town: Any, deliver: Deliver, tmp_path: Path) -> None:
    import openpyxl
    import polars as pl
    import pyarrow as pa

    from panhuo_platform.deliveries import template

    layer = parcels_layer()
    names = pl.Series(['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0", "=1+1", "=2+2"])
    table = layer.table.set_column(2, "权利人", pa.array(names.to_list()))
    exchange.write([layer.with_(table=table)], tmp_path / "宗地.gpkg")
    row = deliver(town, tmp_path / "宗地.gpkg", sender="shiqiaobu", township=TOWN)
    book = openpyxl.load_workbook(io.BytesIO(template.workbook(row.layers.get(), row.opened_at.date())))
    cells = [c for line in book.worksheets[0].iter_rows() for c in line]
    assert "=1+1" in [c.value for c in cells]
    assert all(c.data_type != "f" for c in cells)


def test_cells_that_no_database_takes_are_told_without_harm(town: Any, opened: Delivery, run_jobs: Any) -> None:
    """A NUL in a cell, in a header, in a name; half of a character in a name."""
    content = json.dumps([{"统一社会信用代码": "91\0 370", "企业\0名称": "示\0例"}]).encode()
    send(town, opened, "企业\0名录\ud800.json", content)
    commands.receive(town, opened)
    assert [j.state for j in run_jobs()] == ["done", "done"]
    assert opened.layers.get().rows == 1
    assert Finding.objects.filter(delivery=opened, code="A04").exists()


def test_an_operator_takes_in_a_folder_that_lies_on_the_server(
    office: Any, demo: Path, run_jobs: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = demo / "09问题"
    call_command("receive", str(folder), "--sender", "区自然资源局", "--as", "ziran", "--title", "问题台账")
    row = Delivery.objects.get()
    assert str(row.key) in capsys.readouterr().out
    assert [j.state for j in run_jobs()] == ["done", "done"]
    assert set(row.layers.values_list("role", flat=True)) == {"disputes", "obstacles", "idle_land"}
    assert {u.name for u in row.uploads.all()} == {p.name for p in folder.iterdir()}
    with pytest.raises(CommandError, match="没有单位"):
        call_command("receive", str(folder), "--sender", "不存在", "--as", "ziran")
    with pytest.raises(CommandError, match="没有这个文件"):
        call_command("receive", str(folder / "x"), "--sender", "ziran", "--as", "ziran")
