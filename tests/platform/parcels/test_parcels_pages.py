"""The register's pages as people open them: what they show, what they refuse, what they do."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely
from delivered_scene import parcels_layer, unit
from django.test import Client
from django.urls import reverse
from parcels_ground import OTHER_TOWN, SIDE, SOUTH, TOWN, WEST, code, parcel, square

from panhuo import exchange
from panhuo_platform.deliveries import commands as deliveries
from panhuo_platform.parcels import commands, exporting, listing
from panhuo_platform.parcels.filters import ParcelFilter
from panhuo_platform.parcels.models import Comparison, IssueItem, LegacySeal, Parcel, Snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(district: Any) -> Callable[..., Client]:
    """A browser of a user: ``page("office", "ziran")``."""

    def of(role: str, at: str, name: str = "") -> Client:
        client = Client()
        user = district.user(name or f"{role}-{at}", role, at)
        user.must_change_password = False
        user.save(update_fields=["must_change_password"])
        client.force_login(user)
        return client

    return of


@pytest.fixture
def office(page: Callable[..., Client]) -> Client:
    return page("office", "ziran")


@pytest.fixture
def rows(put: Callable[..., pl.DataFrame]) -> list[Parcel]:
    put(
        *(parcel(k, holder_name=f"{k}厂") for k in range(1, 4)),
        parcel(4, parcel_code=code(4, OTHER_TOWN), township_code=OTHER_TOWN, parcel_name="别处的地"),
    )
    return list(Parcel.objects.order_by("number"))


def text(response: Any) -> str:
    assert response.status_code == 200, response.status_code
    return re.sub(r"\s+", " ", response.content.decode())


def test_the_list_shows_the_users_own(rows: list[Parcel], office: Client, page: Callable[..., Client]) -> None:
    everything = text(office.get(reverse("parcels:list")))
    assert all(p.code in everything for p in rows)
    assert "共 4 宗" in everything
    mine = text(page("township", "guyang").get(reverse("parcels:list")))
    assert code(1) in mine
    assert "别处的地" not in mine
    assert "共 3 宗" in mine


def test_the_list_filters_by_its_address(rows: list[Parcel], office: Client) -> None:
    found = text(office.get(reverse("parcels:list"), {"q": "2厂", "sort": "-area"}))
    assert code(2) in found
    assert code(1) not in found
    assert f"{reverse('maps:page')}?q=2%E5%8E%82" in found
    assert "没有符合条件的宗地" in text(office.get(reverse("parcels:list"), {"q": "无此厂"}))
    wrong = text(office.get(reverse("parcels:list"), {"area_from": "viel", "day": "昨天"}))
    assert "面积应当是不小于 0 的数" in wrong
    assert "日期应当写成" in wrong
    commands.set_outcomes(
        pl.DataFrame({"number": [rows[0].number], "outcome": ["identified"], "main_class": [""], "classes": ["[]"]})
    )
    low = text(office.get(reverse("parcels:low"), {"outcome": "not"}))
    assert code(1) in low
    assert code(2) not in low


def test_an_empty_register_says_what_to_do(office: Client) -> None:
    assert "还没有您可以查看的宗地" in text(office.get(reverse("parcels:list")))
    assert "还没有历史遗留用地" in text(office.get(reverse("parcels:legacy")))
    assert "问题清单是空的" in text(office.get(reverse("parcels:issues")))
    assert "还没有快照" in text(office.get(reverse("parcels:snapshots")))


@pytest.mark.parametrize("sort", ["number", "-number", "code", "-code", "area", "-area"])
def test_pages_follow_each_other_both_ways(rows: list[Parcel], monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    monkeypatch.setattr(listing, "PER_PAGE", 2)
    found = ParcelFilter().parcels(Parcel.objects.all())
    first = listing.listing(found, sort=sort)
    second = listing.listing(found, sort=sort, after=first.next)
    assert (first.previous, second.next) == ("", "")
    column = listing.SORTS[sort.removeprefix("-")]
    signs = ["-" + c if sort.startswith("-") else c for c in column]
    assert [*first.rows, *second.rows] == list(found.order_by(*signs))
    assert listing.listing(found, sort=sort, before=second.previous).rows == first.rows
    assert listing.listing(found, sort="nonsense", after="nonsense").rows == listing.listing(found).rows


def test_a_parcel_card(rows: list[Parcel], office: Client, page: Callable[..., Client]) -> None:
    shown = text(office.get(reverse("parcels:parcel", args=(rows[0].number,))))
    for part in (
        code(1),
        "1厂",
        "权利人",
        "鼓阳街道",
        "不能适用",
        "第十七条",
        'data-map="/maps/layers"',
        rows[0].number,
    ):
        assert part in shown, part
    assert f"{rows[0].area_m2 * 3 / 2000:,.2f}" in shown
    other = page("township", "wanglan")
    assert other.get(reverse("parcels:parcel", args=(rows[0].number,))).status_code == 404
    assert office.get(reverse("parcels:parcel", args=("990112001P9999999",))).status_code == 404
    looks = text(page("department", "gongxin").get(reverse("parcels:parcel", args=(rows[0].number,))))
    assert "分割" not in looks


def test_codes_stand_with_their_names(put: Callable[..., pl.DataFrame], office: Client) -> None:
    put(parcel(1, registered_use="0601", ownership_nature="20", current_use="闲置厂房"), parcel(2, registered_use="77"))
    one, other = Parcel.objects.order_by("number")

    said = text(office.get(reverse("parcels:parcel", args=[one.number])))

    assert "0601 工业用地" in said
    assert "20 国有土地使用权" in said
    assert "闲置厂房" in said
    assert '<dd class="wrap-anywhere">77</dd>' in text(office.get(reverse("parcels:parcel", args=[other.number])))
    assert "0601 工业用地" in text(office.get(reverse("parcels:list")))
    assert "0601 工业用地" in text(office.get(reverse("maps:card", args=[one.pk])))
    office.post("/language/", {"language": "en"})
    english = office.get(reverse("parcels:parcel", args=[one.number]), headers={"accept-language": "en"})
    assert "20 Use of state land" in text(english)


def test_the_card_of_another_day(rows: list[Parcel], office: Client, district: Any) -> None:
    user = district.user("ju", "office", "ziran")
    commands.reshape(user, rows[0], day=date(2026, 3, 1), fields={"holder_name": "新主"})
    address = reverse("parcels:parcel", args=(rows[0].number,))
    assert "新主" in text(office.get(address))
    before = text(office.get(address, {"day": "2025-06-01"}))
    assert "1厂" in before
    assert "2025-06-01 的宗地" in before
    assert "这一天没有这宗地" in text(office.get(address, {"day": "2020-01-01"}))
    assert "日期应当写成" in text(office.get(address, {"day": "x"}))


def test_a_split_a_merger_and_an_edit_by_page(rows: list[Parcel], office: Client) -> None:
    line = shapely.LineString([(WEST + 1.5 * SIDE, SOUTH - SIDE), (WEST + 1.5 * SIDE, SOUTH + 2 * SIDE)])
    address = reverse("parcels:split", args=(rows[0].number,))
    assert 'data-draw="line"' in text(office.get(address))
    told = {"day": "2026-03-01", "codes": "", "note": "", "shape": ""}
    assert "请先在地图上画出分割线" in text(office.post(address, told))
    done = office.post(address, told | {"shape": shapely.to_geojson(line)}, follow=True)
    assert "已分割为 2 宗" in text(done)
    merge = reverse("parcels:merge", args=(rows[1].number,))
    assert "没有找到 X1" in text(office.post(merge, {"day": "2026-03-01", "others": "X1", "code": ""}))
    whole = office.post(merge, {"day": "2026-03-01", "others": code(3), "code": code(30)}, follow=True)
    assert "已合并为一宗" in text(whole)
    assert Parcel.objects.alive().get(code=code(30)).holder_name == "2厂"
    last = rows[3]
    reshape = reverse("parcels:reshape", args=(last.number,))
    kept = {"parcel_code": last.code, "parcel_name": last.name, "day": "2026-03-01"}
    assert "没有要修改的内容" in text(office.post(reshape, kept))
    assert "已保存为新版本" in text(office.post(reshape, kept | {"holder_name": "新主"}, follow=True))
    over = shapely.to_geojson(square(3, width=2))
    assert "重叠" in text(office.post(reshape, kept | {"shape": over}))


def test_who_may_not_edit_is_refused(rows: list[Parcel], page: Callable[..., Client]) -> None:
    department, other = page("department", "gongxin"), page("township", "wanglan")
    for act in ("split", "merge", "reshape"):
        assert department.get(reverse(f"parcels:{act}", args=(rows[0].number,))).status_code == 403
        assert other.get(reverse(f"parcels:{act}", args=(rows[0].number,))).status_code == 404


def test_an_export_by_page(rows: list[Parcel], office: Client, run_jobs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"{reverse('parcels:export')}?q=2%E5%8E%82"
    sent = office.post(address, {"format": "xlsx"})
    assert sent.status_code == 200
    assert sent["Content-Disposition"].endswith("filename*=UTF-8''%E5%AE%97%E5%9C%B0.xlsx")
    assert sent.content[:2] == b"PK"
    assert office.post(address, {"format": "exe"}, follow=True).status_code == 200
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    waiting = office.post(address, {"format": "gpkg"})
    assert waiting.status_code == 302
    assert "等待" in text(office.get(waiting["Location"]))
    assert office.get(f"{waiting['Location']}/file").status_code == 404
    run_jobs()
    assert "文件已经生成，共 1 宗" in text(office.get(waiting["Location"]))
    assert b"".join(office.get(f"{waiting['Location']}/file").streaming_content)[:6] == b"SQLite"


def test_an_export_belongs_to_whoever_asked(
    rows: list[Parcel], office: Client, page: Callable[..., Client], run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 1)
    place = office.post(reverse("parcels:export"), {"format": "txt"})["Location"]
    run_jobs()
    assert page("office", "ziran", "another").get(f"{place}/file").status_code == 404


def test_the_seal_by_page(office: Client, page: Callable[..., Client], district: Any) -> None:
    legacy = pl.DataFrame({"legacy_code": ["L1"], "township_code": [TOWN], "situation": ["未办手续"]})
    commands.enter_legacy(None, legacy, None)
    second = page("office", "ziran", "second")
    address = reverse("parcels:legacy")
    assert "L1" in text(office.get(address))
    assert "已提出封库" in text(office.post(reverse("parcels:propose_seal"), {"region_code": TOWN}, follow=True))
    seal = LegacySeal.objects.get()
    decide = reverse("parcels:decide_seal", args=(seal.pk,))
    assert "第二人确认" in text(office.post(decide, {"act": "seal"}, follow=True))
    assert "已封库 1 宗" in text(second.post(decide, {"act": "seal"}, follow=True))
    assert "校验一致" in text(second.post(reverse("parcels:verify_seal", args=(seal.pk,)), follow=True))
    assert "任何人不能解封" in text(office.post(decide, {"act": "withdraw"}, follow=True))
    assert page("township", "guyang").get(address).status_code in (200, 403)


def test_an_issue_by_page(rows: list[Parcel], office: Client, district: Any) -> None:
    user = district.user("ju", "office", "ziran")
    item = commands.report_issue(user, rows[0], kind="融资", description="贷款未落实")
    assert "贷款未落实" in text(office.get(reverse("parcels:issues"), {"q": "贷款", "state": "open"}))
    address = reverse("parcels:issue", args=(item.pk,))
    assert "已登记办理情况" in text(office.post(address, {"answer": "已放款", "close": "on"}, follow=True))
    assert IssueItem.objects.get().state == "closed"
    assert "贷款未落实" in text(office.get(reverse("parcels:parcel", args=(rows[0].number,))))


def test_an_issue_is_reported_assigned_and_closed_by_page(
    rows: list[Parcel], office: Client, page: Callable[..., Client]
) -> None:
    report = reverse("parcels:report", args=(rows[0].number,))
    assert report in text(office.get(reverse("parcels:parcel", args=(rows[0].number,))))
    assert "这个字段是必填项" in text(office.post(report, {"kind": "权属"}))
    told = {"kind": "权属", "description": "四至不清", "unit": "不动产登记中心", "due_on": "2026-12-31"}
    assert "已登记问题" in text(office.post(report, told, follow=True))
    item = IssueItem.objects.get()
    assert (item.parcel, item.unit, str(item.due_on), item.source) == (rows[0], told["unit"], "2026-12-31", "entered")
    assign = reverse("parcels:assign", args=(item.pk,))
    assert "已交办" in text(office.post(assign, {"unit": "鼓阳街道办事处", "due_on": ""}, follow=True))
    item.refresh_from_db()
    assert (item.unit, item.due_on) == ("鼓阳街道办事处", None)
    closed = reverse("parcels:issue", args=(item.pk,))
    assert "这个字段是必填项" in text(office.post(closed, {"answer": " ", "close": "on"}))
    office.post(closed, {"answer": "四至已重新指界", "close": "on"})
    item.refresh_from_db()
    assert (item.state, item.answer) == ("closed", "四至已重新指界")
    assert "已经办结" in text(office.post(assign, {"unit": "甲", "due_on": ""}, follow=True))
    other = page("township", "guyang")
    assert other.post(reverse("parcels:report", args=(rows[3].number,)), told).status_code == 404


def test_the_upper_register_by_hand(rows: list[Parcel], office: Client, page: Callable[..., Client]) -> None:
    first, second, third, _far = rows
    Parcel.objects.filter(pk__in=[first.pk, second.pk]).update(outcome="identified")
    address = reverse("parcels:upper")
    assert f"{address}?q={first.number}" in text(office.get(reverse("parcels:parcel", args=(first.number,))))
    shown = text(office.get(address, {"township": TOWN}))
    assert shown.count("未入上级库") == 3
    enter = {"act": "enter", "receipt": "省库〔2026〕3号", "on": "2026-06-01", "parcel": [first.number, second.number],
             f"upper-{first.number}": "S-1", f"upper-{second.number}": "S-2"}  # fmt: skip
    assert "请先勾选" in text(office.post(address, enter | {"parcel": []}))
    refused = text(office.post(address, enter | {"parcel": [third.number]}))
    assert "未认定为低效用地" in refused and not Parcel.objects.filter(in_upper_register=True).exists()
    assert "已登记 2 宗" in text(office.post(address, enter, follow=True))
    first.refresh_from_db()
    assert (first.in_upper_register, first.upper_number) == (True, "S-1")
    leave = {"act": "leave", "receipt": "省库〔2026〕9号", "on": "2026-07-01", "parcel": [first.number]}
    assert "写明移出的原因" in text(office.post(address, leave))
    office.post(address, leave | {"note": "已改造完成"})
    first.refresh_from_db()
    entry = first.upper_entries.get(entered=False)
    assert (first.in_upper_register, entry.upper_number, entry.note) == (False, "S-1", "已改造完成")
    town = page("township", "guyang")
    assert "凭文件登记" not in text(town.get(address))
    assert town.post(address, enter).status_code == 403


def test_a_snapshot_by_page(rows: list[Parcel], office: Client, run_jobs: Any) -> None:
    address = reverse("parcels:snapshots")
    office.post(address, {"title": "上报前", "region_code": ""})
    assert "生成快照" in text(office.get(address))
    run_jobs()
    assert "上报前" in text(office.get(address))
    made = Snapshot.objects.get()
    assert "校验一致" in text(office.post(reverse("parcels:verify_snapshot", args=(made.pk,)), follow=True))


def test_a_delivery_is_compared_decided_and_accepted_by_page(
    office: Client, district: Any, run_jobs: Any, tmp_path: Path, page: Callable[..., Client]
) -> None:
    user = district.user("ju", "office", "ziran")
    exchange.write([parcels_layer()], tmp_path / "宗地.gpkg")
    delivery = deliveries.take_in(
        user, tmp_path, sender=unit("shiqiaobu"), title="石桥埠宗地", township_code="990112100"
    )
    run_jobs()
    address = reverse("parcels:compare", args=(delivery.key,))
    assert "还没有比对" in text(office.get(address))
    office.post(reverse("parcels:recompare", args=(delivery.key,)))
    run_jobs()
    shown = text(office.get(address))
    assert "新增" in shown, Comparison.objects.get().counts
    assert "接收入库" in shown
    made = Comparison.objects.get()
    count = made.counts["new"][0]
    kept = office.post(
        reverse("parcels:decide", args=(delivery.key,)), {"kind-new": "enter", "row-0": "leave"}, follow=True
    )
    assert "选择已保存" in text(kept)
    wrong = office.post(reverse("parcels:decide", args=(delivery.key,)), {"kind-new": "end"}, follow=True)
    assert "不能选择" in text(wrong)
    sender = page("township", "shiqiaobu")
    assert "接收入库" not in text(sender.get(address))
    assert sender.post(reverse("parcels:accept", args=(delivery.key,)), {"day": "2026-03-01"}).status_code == 403
    assert page("township", "guyang").get(address).status_code == 404
    office.post(reverse("parcels:accept", args=(delivery.key,)), {"day": "2026-03-01", "note": "春季"})
    run_jobs()
    assert "已经接收入库" in text(office.get(address))
    assert Parcel.objects.alive().count() == count - 1
    office.post(reverse("parcels:undo", args=(delivery.key,)), {"reason": "报错"})
    run_jobs()
    assert not Parcel.objects.alive().exists()
