"""The pages of deliveries, as a township, a department and the office use them."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pytest
import shapely
import shapely.affinity
import shapely.geometry
from delivered_scene import TOWN, Deliver, parcel_code, parcels_layer, square
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from panhuo import exchange
from panhuo_platform.audit.models import AuditEvent
from panhuo_platform.deliveries import places, queries, template
from panhuo_platform.deliveries.models import Correction, Delivery
from panhuo_platform.organisations.models import User

SignIn = Callable[[Any], Client]


@pytest.fixture
def sign_in() -> SignIn:
    def client_of(user: Any) -> Client:
        User.objects.filter(pk=user.pk).update(must_change_password=False)
        client = Client()
        client.force_login(User.objects.get(pk=user.pk))
        return client

    return client_of


@pytest.fixture
def sent(town: Any, parcels_zip: Path, deliver: Deliver) -> Delivery:
    return deliver(town, parcels_zip, sender="shiqiaobu", township=TOWN, title="石桥埠镇宗地")


def page(client: Client, name: str, *parts: Any, **query: str) -> str:
    answer = client.get(reverse(f"deliveries:{name}", args=parts), query)
    assert answer.status_code == 200, (name, answer.status_code)
    return answer.content.decode()


def test_a_township_sends_a_file_in_parts_from_its_browser(
    town: Any, sign_in: SignIn, parcels_zip: Path, run_jobs: Any
) -> None:
    client = sign_in(town)
    assert "还没有交付" in page(client, "list")
    answer = client.post(
        reverse("deliveries:new"),
        {"title": "石桥埠镇宗地", "sender": str(town.assignments.get().organisation_id), "township": TOWN},
    )
    row = Delivery.objects.get()
    assert answer["Location"] == reverse("deliveries:upload", args=[row.key])
    content = parcels_zip.read_bytes()
    begin = reverse("deliveries:begin", args=[row.key])
    begun = client.post(begin, {"name": "宗地.zip", "size": len(content)}).json()
    assert (begun["offset"], begun["done"]) == (0, False)
    part = reverse("deliveries:part", args=[row.key, begun["key"]])

    def post(at: int, to: int) -> Any:
        return client.post(f"{part}?offset={at}", content[at:to], content_type="application/octet-stream")

    assert post(0, 1000).json() == {"offset": 1000}
    lost = post(0, 1000)  # the answer got lost, and the part is sent again
    assert (lost.status_code, lost.json()["offset"]) == (409, 1000)
    assert client.get(part).json() == {"offset": 1000, "size": len(content), "done": False}
    assert "没有传完" in page(client, "upload", row.key)
    assert client.post(begin, {"name": "宗地.zip", "size": len(content)}).json()["offset"] == 1000
    assert post(1000, len(content)).json() == {"offset": len(content)}
    assert "提交并检查" in page(client, "upload", row.key)
    client.post(reverse("deliveries:receive", args=[row.key]))
    assert "正在排队" in page(client, "delivery", row.key)
    assert "HX-Refresh" not in client.get(reverse("deliveries:progress", args=[row.key]))
    assert [j.state for j in run_jobs()] == ["done", "done"]
    assert client.get(reverse("deliveries:progress", args=[row.key]))["HX-Refresh"] == "true"
    told = page(client, "delivery", row.key)
    assert "逐条查看" in told and "宗地（调查单元）" in told


def test_what_is_refused_on_the_way_is_told_to_the_browser(town: Any, sign_in: SignIn, settings: Any) -> None:
    client = sign_in(town)
    unit = town.assignments.get().organisation_id
    client.post(reverse("deliveries:new"), {"title": "宗地", "sender": str(unit), "township": TOWN})
    row = Delivery.objects.get()
    begin = reverse("deliveries:begin", args=[row.key])
    for name, size, said in (
        ("../../etc/passwd", "10", "指向文件夹以外"), ("a.zip", str(9 << 40), "超过单个文件上限"),
        ("a.zip", "0", "文件是空的"), ("a.zip", "-1", "没有写明文件大小"),
    ):  # fmt: skip
        answer = client.post(begin, {"name": name, "size": size})
        assert answer.status_code in (400, 422)
        assert said in answer.json()["error"]
    settings.DELIVERY_PART = 100
    key = client.post(begin, {"name": "a.zip", "size": "1000"}).json()["key"]
    part = reverse("deliveries:part", args=[row.key, key])
    too_much = client.post(f"{part}?offset=0", bytes(101), content_type="application/octet-stream")
    assert (too_much.status_code, too_much.json()["offset"]) == (422, 0)
    assert client.post(f"{part}?offset=x", b"1", content_type="application/octet-stream").status_code == 400


def test_findings_are_narrowed_exported_and_audited(town: Any, sign_in: SignIn, sent: Delivery) -> None:
    client = sign_in(town)
    everything = page(client, "findings", sent.key)
    assert all(f"第 {n} 行" in everything for n in (5, 6, 7))
    assert everything.index("图形自相交") < everything.index("所载面积 15.00")  # errors come first
    errors = page(client, "findings", sent.key, severity="error")
    assert "第 5 行" not in errors and "第 7 行" in errors
    assert "第 7 行" in page(client, "findings", sent.key, q=parcel_code(7))
    assert "没有符合条件的发现" in page(client, "findings", sent.key, code="G01", severity="note")
    answer = client.get(reverse("deliveries:findings_export", args=[sent.key]), {"code": "G01"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["清单"]
    texts = [str(c.value) for line in sheet.iter_rows() for c in line]
    assert "图形自相交。" in texts and "A06" not in texts
    event = AuditEvent.objects.first()
    assert event is not None
    assert (event.action, event.actor, event.detail) == ("exported", town, {"rows": 1})


def test_a_row_is_mended_in_the_page(town: Any, sign_in: SignIn, sent: Delivery, run_jobs: Any) -> None:
    client = sign_in(town)
    address = reverse("deliveries:mend", args=[sent.key, 1, 6])
    shown = client.get(address).content.decode()
    assert "“宗地代码”为空。" in shown and ">宗地代码</label>" in shown
    wrong = client.post(address, {"field-township_code": "12"})
    assert wrong.status_code == 200 and "9或12 位数字" in wrong.content.decode()
    assert not Correction.objects.exists()
    client.post(address, {"field-parcel_code": parcel_code(6), "field-township_code": TOWN})
    assert list(Correction.objects.values_list("row", "field", "value")) == [(6, "parcel_code", parcel_code(6))]
    client.post(reverse("deliveries:check", args=[sent.key]))
    assert [j.state for j in run_jobs()] == ["done"]
    assert "“宗地代码”为空。" not in page(client, "findings", sent.key)
    assert client.get(reverse("deliveries:mend", args=[sent.key, 1, 99])).status_code == 404


def test_the_table_of_bad_rows_goes_out_and_comes_back(
    town: Any, sign_in: SignIn, sent: Delivery, run_jobs: Any
) -> None:
    client = sign_in(town)
    book = openpyxl.load_workbook(io.BytesIO(client.get(reverse("deliveries:bad_rows", args=[sent.key, 1])).content))
    sheet = book.worksheets[0]
    head = [c.value for c in sheet[1]]
    sheet.cell(3, head.index("宗地代码") + 1).value = parcel_code(6)
    content = io.BytesIO()
    book.save(content)
    back = SimpleUploadedFile("补正.xlsx", content.getvalue())
    answer = client.post(reverse("deliveries:resubmit", args=[sent.key]), {"layer": "1", "table": back}, follow=True)
    assert "补正了 1 处" in answer.content.decode()
    assert [j.state for j in run_jobs()] == ["done"]
    other = SimpleUploadedFile("别的.xlsx", b"PK\x03\x04 no workbook")
    answer = client.post(reverse("deliveries:resubmit", args=[sent.key]), {"layer": "1", "table": other}, follow=True)
    assert template.NUMBER in answer.content.decode()


def test_a_layer_is_described_anew(town: Any, sign_in: SignIn, sent: Delivery, run_jobs: Any) -> None:
    client = sign_in(town)
    address = reverse("deliveries:layer", args=[sent.key, 1])
    shown = client.get(address).content.decode()
    assert ">权利人" in shown and "示例1厂" in shown
    assert "地类" in client.get(address, {"role": "patches"}).content.decode()
    answer = client.post(
        address, {"role": "parcels", "used": "on", "crs": "不是坐标系", "field-parcel_code": "宗地代码"}
    )
    assert "不是可以识别的坐标系" in answer.content.decode()
    client.post(
        address,
        {"role": "parcels", "used": "on", "crs": "EPSG:4527", "year": "2025", "field-parcel_code": "宗地代码",
         "field-declared_area_m2": "面积", "unit-declared_area_m2": "mu"},
    )  # fmt: skip
    layer = sent.layers.get()
    assert (layer.year, layer.units) == (2025, {"declared_area_m2": "mu"})
    assert [j.state for j in run_jobs()] == ["done"]


def test_another_township_finds_none_of_it_by_any_address(
    district: Any, sign_in: SignIn, sent: Delivery, tax: Any
) -> None:
    upload = sent.uploads.get()
    for stranger in (district.user("bailu", "township", "bailupo"), tax):
        client = sign_in(stranger)
        assert "石桥埠镇宗地" not in page(client, "list")
        parts: dict[str, tuple[Any, ...]] = {
            "delivery": (), "progress": (), "upload": (), "findings": (), "findings_export": (), "layer": (1,),
            "bad_rows": (1,), "mend": (1, 6), "part": (upload.key,),
        }  # fmt: skip
        for name, more in parts.items():
            assert client.get(reverse(f"deliveries:{name}", args=[sent.key, *more])).status_code == 404, name
        for name in ("begin", "receive", "check", "accept", "undo", "withdraw", "adopt", "resubmit"):
            answer = client.post(reverse(f"deliveries:{name}", args=[sent.key]), {"name": "a", "size": "1"})
            assert answer.status_code == 404, name
    sent.refresh_from_db()
    assert sent.state == "checked"


def test_only_the_office_accepts_in_the_page(
    office: Any, tax: Any, sign_in: SignIn, demo: Path, deliver: Deliver
) -> None:
    row = deliver(tax, demo / "06企业" / "经济指标.xlsx", sender="shuiwu", title="税收")
    accept = reverse("deliveries:accept", args=[row.key])
    assert accept not in page(sign_in(tax), "delivery", row.key)
    assert sign_in(tax).post(accept).status_code == 403
    client = sign_in(office)
    assert accept in page(client, "delivery", row.key)
    assert "已接收，数据即日起生效。" in client.post(accept, follow=True).content.decode()
    assert "撤销接收" in page(client, "delivery", row.key)


def test_units_are_asked_and_see_it(office: Any, tax: Any, town: Any, sign_in: SignIn) -> None:
    from delivered_scene import unit

    answer = sign_in(office).post(
        reverse("deliveries:requests"), {"unit": str(unit("shuiwu").pk), "role": "economy", "due": "2099-01-31"}
    )
    assert answer.status_code == 302
    seen = page(sign_in(tax), "requests")
    assert "企业经济指标" in seen and "2099-01-31" in seen and "报送" in seen
    assert "没有要报送的数据" in page(sign_in(town), "requests")
    assert "12 个乡镇街道中，0 个已报送" in page(sign_in(office), "completeness")
    early = {"unit": str(unit("shuiwu").pk), "role": "safety", "due": "2000-01-31"}
    assert "不能早于今天" in sign_in(office).post(reverse("deliveries:requests"), early).content.decode()


def test_jobs_are_ones_own(town: Any, tax: Any, district: Any, sign_in: SignIn, sent: Delivery) -> None:
    from panhuo_platform.jobs.queries import latest

    job = latest(sent, "deliveries.check")
    assert job is not None
    address = reverse("jobs:job", args=[job.pk])
    assert "检查交付数据" in sign_in(town).get(reverse("jobs:list")).content.decode()
    assert sign_in(town).get(address).status_code == 200
    assert sign_in(tax).get(address).status_code == 404
    assert "没有任务" in sign_in(tax).get(reverse("jobs:list")).content.decode()
    assert str(job.pk) in sign_in(district.system).get(reverse("jobs:list")).content.decode()


def test_the_pages_speak_english(town: Any, sign_in: SignIn, sent: Delivery) -> None:
    client = sign_in(town)
    client.cookies["django_language"] = "en"
    assert "crosses itself" in page(client, "findings", sent.key)
    told = page(client, "delivery", sent.key)
    assert "no parcel code: 1 rows" in told.replace("：", ": ")
    assert "Layers and tables" in told and "Parcels (survey units)" in told and "图层和表" not in told


def test_where_a_finding_lies_is_shown(
    town: Any, sign_in: SignIn, sent: Delivery, deliver: Deliver, tmp_path: Path
) -> None:
    """The row's shape, the place that the check names, and what lies on another shape."""
    client = sign_in(town)
    shown = page(client, "mend", sent.key, 1, 7)
    finding = queries.findings(town, sent).get(code="G01")
    marks = json.loads(html.unescape(re.search(r'data-marks="([^"]+)"', shown)[1]))  # type: ignore[index]
    assert [f["properties"]["kind"] for f in marks["features"]] == ["shape", "place"]
    assert marks["features"][1]["geometry"]["coordinates"] == [finding.place.x, finding.place.y]
    assert "?mark=" in page(client, "findings", sent.key)
    layer = parcels_layer(good=1)
    shapes = [square(1), shapely.affinity.translate(square(1), 60, 0), square(5)]
    layer = layer.with_(
        table=layer.table.slice(0, 3), geometry=pa.array(shapely.to_wkb(shapes), pa.large_binary()),
    )  # fmt: skip
    exchange.write([layer], tmp_path / "重叠.gpkg")
    over = deliver(town, tmp_path / "重叠.gpkg", sender="shiqiaobu", township=TOWN, title="重叠")
    row = queries.findings(town, over).get(code="G03").row
    told = places.of_row(over.layers.get(), row, queries.findings(town, over).filter(row=row))
    assert told is not None
    (common,) = [
        shapely.geometry.shape(f["geometry"]) for f in told["features"] if f["properties"]["kind"] == "overlap"
    ]
    (mine,) = [shapely.geometry.shape(f["geometry"]) for f in told["features"] if f["properties"]["kind"] == "shape"]
    assert common.area == pytest.approx(0.4 * mine.area, rel=1e-3)  # 40 of its 100 metres
