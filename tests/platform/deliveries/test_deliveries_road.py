"""The road of a delivery: received, understood, checked, mended, accepted, undone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pyarrow as pa
import pytest
import shapely
import shapely.affinity
from delivered_scene import TOWN, X0, Y0, Deliver, parcel_code, parcels_layer, square, unit
from django.core.exceptions import PermissionDenied, ValidationError

from panhuo import exchange
from panhuo.land.crs import Crs
from panhuo.land.projection import to_geographic
from panhuo_platform.deliveries import commands, queries, rests, template
from panhuo_platform.deliveries.models import Correction, DeliveredLayer, Delivery, Finding, Repair


def only(delivery: Delivery) -> DeliveredLayer:
    return DeliveredLayer.objects.get(delivery=delivery)


def told(delivery: Delivery, code: str) -> list[int]:
    """The rows of the standing findings of a rule."""
    found = Finding.objects.filter(delivery=delivery, code=code).standing()
    return sorted(r for r in found.values_list("row", flat=True) if r)


def again(actor: Any, delivery: Delivery, run_jobs: Any) -> Delivery:
    commands.check(actor, delivery)
    assert [j.state for j in run_jobs()] == ["done"]
    delivery.refresh_from_db()
    return delivery


@pytest.fixture
def sent(town: Any, parcels_zip: Path, deliver: Deliver) -> Delivery:
    return deliver(town, parcels_zip, sender="shiqiaobu", township=TOWN, title="石桥埠镇宗地")


def test_a_zip_in_gbk_is_read_and_understood(sent: Delivery) -> None:
    layer = only(sent)
    assert (sent.state, sent.run) == ("checked", 1)
    assert (layer.role, layer.rows, layer.crs, layer.geometry_type) == ("parcels", 7, "EPSG:4527", "Polygon")
    assert layer.encoding.upper().startswith(("GB", "CP936"))
    assert {f: m["column"] for f, m in layer.suggested.items()} | {
        "parcel_code": "宗地代码", "township_code": "乡镇街道代码", "holder_name": "权利人", "declared_area_m2": "面积",
    } == {f: m["column"] for f, m in layer.suggested.items()}  # fmt: skip
    assert (sent.received / "石桥埠宗地.zip").exists()


def test_findings_say_what_where_and_what_to_do(sent: Delivery, town: Any) -> None:
    assert told(sent, "A06") == [5]  # 15 where the shape has 10000
    assert told(sent, "A02") == [6]  # no code
    crossing = Finding.objects.filter(delivery=sent, code="G01").standing().get()
    assert crossing.row == 7
    assert crossing.suggestion_zh and crossing.suggestion_en
    assert "自相交" in crossing.zh
    place = crossing.place
    assert place is not None and 116 < place.x < 120 and 36 < place.y < 37
    counted = queries.counts(sent)
    assert counted["severity"]["error"] == queries.findings(town, sent).filter(severity="error").count() == 2


def test_rows_that_cannot_be_judged_are_handed_back_and_the_others_kept(sent: Delivery) -> None:
    frame, shapes = queries.frame(only(sent))
    assert frame["row"].to_list() == [1, 2, 3, 4, 5]
    assert frame["parcel_code"].to_list() == [parcel_code(k) for k in range(1, 6)]
    assert shapes is not None and len(shapes) == 5
    lon, lat = shapely.from_wkb(shapes[0].as_py()).centroid.coords[0]
    assert 116 < lon < 120 and 36 < lat < 37
    back = dict(only(sent).handed_back.values_list("row", "reason"))
    assert back == {6: "no_code", 7: "crossing"}


def test_cells_are_mended_in_place_and_wrong_ones_refused(sent: Delivery, town: Any, run_jobs: Any) -> None:
    layer = only(sent)
    with pytest.raises(ValidationError, match="9或12 位数字"):
        commands.correct(town, layer, 6, {"township_code": "12"})
    with pytest.raises(ValidationError, match="不是数字"):
        commands.correct(town, layer, 6, {"declared_area_m2": "一万左右"})
    with pytest.raises(ValidationError, match="没有第 99 行"):
        commands.correct(town, layer, 99, {"parcel_code": parcel_code(6)})
    commands.correct(town, layer, 6, {"parcel_code": parcel_code(66)})
    commands.correct(town, layer, 6, {"parcel_code": parcel_code(6)})  # the second word counts
    assert Correction.objects.filter(layer=layer).count() == 2
    again(town, sent, run_jobs)
    assert told(sent, "A02") == []
    frame, _shapes = queries.frame(only(sent))
    assert parcel_code(6) in frame["parcel_code"].to_list()
    delivered = pl.read_parquet(sent.folder / layer.kept)["c0"].to_list()
    assert delivered[5] in (None, "")  # what was delivered stays as it came


@pytest.mark.parametrize("epsg", [4527, 4490])
def test_adopted_repairs_leave_no_error(
    town: Any, deliver: Deliver, run_jobs: Any, tmp_path: Path, epsg: int
) -> None:  # fmt: skip
    """What would fall into parts once it is rebuilt is not offered: one error would stand in the place of another."""
    corners = square(8).exterior.coords
    spiked = shapely.Polygon([*corners[:2], (X0 + 1700, Y0 + 200), *corners[1:-1]])
    doubled = shapely.Polygon([c for c in square(9).exterior.coords[:-1] for _ in range(2)])
    united = shapely.MultiPolygon([square(10), shapely.affinity.translate(square(10), 50, 50)])
    layer = parcels_layer()
    shapes = [*shapely.from_wkb(layer.geometry.to_pylist()), spiked, doubled, united]
    if epsg == 4490:
        shapes = list(shapely.transform(shapes, lambda c: to_geographic(c, Crs.from_epsg(4527))))
    rows = pl.from_arrow(layer.table)
    assert isinstance(rows, pl.DataFrame)
    more = pl.DataFrame(
        {"宗地代码": [parcel_code(k) for k in (8, 9, 10)], "乡镇街道代码": [TOWN] * 3, "权利人": ["甲厂"] * 3,
         "面积": [10000.0, 10000.0, 17500.0]}
    )  # fmt: skip
    layer = layer.with_(
        table=pl.concat([rows, more]).to_arrow(), geometry=pa.array(shapely.to_wkb(shapes), pa.large_binary()),
        crs=Crs.from_epsg(epsg), geometry_type="MultiPolygon",
    )  # fmt: skip
    exchange.write([layer], tmp_path / "宗地.gpkg")
    sent = deliver(town, tmp_path / "宗地.gpkg", sender="shiqiaobu", township=TOWN)
    assert (told(sent, "G01"), told(sent, "G02")) == ([7, 8, 9, 10], [10])
    offered = Repair.objects.filter(layer__delivery=sent).offered()
    assert sorted(offered.values_list("code", "row")) == [("A06", 5), ("G01", 8), ("G01", 9), ("G01", 10)]

    assert commands.adopt_repairs(town, sent) == 4
    again(town, sent, run_jobs)

    left = Finding.objects.filter(delivery=sent, severity="error").standing()
    assert sorted(left.values_list("code", "row")) == [("A02", 6), ("G01", 7)]
    assert told(sent, "A06") == []
    frame, shapes = queries.frame(only(sent))
    assert shapes is not None
    assert all(shapely.is_valid(shapely.from_wkb(shapes.to_pylist())))
    area = frame.filter(pl.col("row") == 5)["declared_area_m2"][0]
    assert area == pytest.approx(10000, rel=0.01)
    with pytest.raises(ValidationError, match="没有可以采用"):
        commands.adopt_repairs(town, sent)


def test_only_the_bad_rows_go_out_as_a_table_and_come_back_mended(sent: Delivery, town: Any, run_jobs: Any) -> None:
    layer = only(sent)
    book = openpyxl.load_workbook(io.BytesIO(template.workbook(layer, sent.opened_at.date())))
    sheet = book.worksheets[0]
    head = [c.value for c in sheet[1]]
    assert head[:3] == [template.NUMBER, template.TOLD, template.TODO]
    assert [sheet.cell(r, 1).value for r in range(2, sheet.max_row + 1)] == [5, 6, 7]
    code = head.index("宗地代码") + 1
    sheet.cell(3, code).value = parcel_code(6)
    content = io.BytesIO()
    book.save(content)
    assert commands.resubmit(town, layer, content.getvalue(), "补正.xlsx") == 1
    kept = Correction.objects.get(layer=layer)
    assert (kept.row, kept.field, kept.value, kept.way) == (6, "parcel_code", parcel_code(6), "table")
    again(town, sent, run_jobs)
    assert told(sent, "A02") == []
    sheet.cell(2, 1).value = 6
    twice = io.BytesIO()
    book.save(twice)
    with pytest.raises(ValidationError, match="出现了两次"):
        commands.resubmit(town, layer, twice.getvalue(), "补正.xlsx")


def test_what_a_person_says_of_the_fields_is_remembered_for_the_sender(
    sent: Delivery, town: Any, parcels_zip: Path, deliver: Deliver, run_jobs: Any
) -> None:
    layer = only(sent)
    fields = {f: m["column"] for f, m in layer.suggested.items()} | {"holder_name": "", "parcel_name": "权利人"}
    commands.describe_layer(town, layer, role="parcels", fields=fields, units={"declared_area_m2": "mu"}, year=2025)
    again(town, sent, run_jobs)
    assert 5 not in told(sent, "A06")  # 15 mu are 10000 m²
    frame, _shapes = queries.frame(only(sent))
    assert frame["parcel_name"][0] == "示例1厂"
    later = only(deliver(town, parcels_zip, sender="shiqiaobu", township=TOWN))
    assert later.field_map["parcel_name"] == "权利人"
    assert later.units == {"declared_area_m2": "mu"}
    with pytest.raises(ValidationError, match="没有“别的”列"):
        commands.describe_layer(town, layer, role="parcels", fields={"parcel_code": "别的"})
    with pytest.raises(ValidationError, match="不是可以识别的坐标系"):
        commands.describe_layer(town, layer, role="parcels", crs="青岛城建坐标系")


def test_a_delivery_is_accepted_stands_in_force_and_is_undone(
    office: Any, tax: Any, demo: Path, deliver: Deliver
) -> None:
    row = deliver(tax, demo / "06企业" / "经济指标.xlsx", sender="shuiwu", title="2025 年税收")
    assert only(row).role == "economy"
    with pytest.raises(PermissionDenied):
        commands.accept_layers(tax, row)
    commands.accept_layers(office, row)
    row.refresh_from_db()
    assert (row.state, list(queries.in_force(office, "economy"))) == ("accepted", [only(row)])
    frame, shapes = queries.frame(only(row))
    assert shapes is None and frame["tax_wan"].dtype == pl.Float64 and frame.height > 10
    resting = ["认定批次 1 用到了它"]
    rests.register(reason := lambda delivery: resting if delivery == row else [])
    try:
        with pytest.raises(ValidationError, match="认定批次 1"):
            commands.undo(office, row)
        resting.clear()
        commands.undo(office, row)
    finally:
        rests._asked.remove(reason)
    row.refresh_from_db()
    assert row.state == "undone"
    assert not queries.in_force(office, "economy").exists()


def test_the_newest_of_a_sender_counts(office: Any, tax: Any, demo: Path, deliver: Deliver) -> None:
    first, second = (deliver(tax, demo / "06企业" / "经济指标.xlsx", sender="shuiwu") for _ in range(2))
    commands.accept_layers(office, second)
    commands.accept_layers(office, first)
    assert list(queries.in_force(office, "economy")) == [only(first)]


def test_figures_of_another_year_stand_beside_the_newest(
    office: Any, tax: Any, demo: Path, deliver: Deliver, run_jobs: Any
) -> None:
    rows = []
    for year in (2024, 2025):
        row = deliver(tax, demo / "06企业" / "经济指标.xlsx", sender="shuiwu", title=f"{year} 年")
        commands.describe_layer(tax, only(row), role="economy", year=year)
        again(tax, row, run_jobs)
        commands.accept_layers(office, row)
        rows.append(only(row))
    assert {x.pk for x in queries.in_force(office, "economy")} == {x.pk for x in rows}


def test_parcels_are_accepted_in_the_register_and_nowhere_else(sent: Delivery, office: Any) -> None:
    with pytest.raises(ValidationError, match="登记库"):
        commands.accept_layers(office, sent)
    commands.mark_accepted(sent, office)
    sent.refresh_from_db()
    assert sent.state == "accepted"
    with pytest.raises(ValidationError, match="登记库"):
        commands.undo(office, sent)
    with pytest.raises(ValidationError, match="不能撤回"):
        commands.withdraw(office, sent)


def test_parcels_are_checked_against_the_boundaries_in_force(
    office: Any, town: Any, demo: Path, parcels_zip: Path, deliver: Deliver
) -> None:
    """The township's parcels of these tests lie far from the demo district."""
    before = deliver(town, parcels_zip, sender="shiqiaobu", township=TOWN)
    assert told(before, "D04") == []
    bounds = deliver(office, demo / "10行政区", sender="ziran", title="行政区界线")
    commands.accept_layers(office, bounds)
    after = deliver(town, parcels_zip, sender="shiqiaobu", township=TOWN)
    assert told(after, "D04")
    assert not Finding.objects.filter(delivery=after, source__startswith="在用数据").exists()


def test_a_whole_district_keeps_every_planted_mistake(office: Any, demo: Path, deliver: Deliver) -> None:
    """What the library finds in a folder, the platform finds in the same folder."""
    from panhuo import exchange
    from panhuo.survey.outside import check

    row = deliver(office, demo, sender="ziran", title="全区数据")
    assert unit("ziran") == row.sender
    roles = dict(row.layers.values_list("name", "role"))
    assert roles["DLTB"] == "patches"
    expected = check(exchange.open_delivery(demo))
    found = Finding.objects.filter(delivery=row).standing()
    mine = sorted(found.values_list("code", "row", "zh"), key=str)
    assert mine == sorted(expected.select("code", "row", "zh").rows(), key=str)
    assert len(mine) > 50
    assert row.layers.filter(role="parcels").count() == 2  # the shapefile and the boundary file
