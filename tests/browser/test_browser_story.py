"""The district's road in a browser: a faulty delivery is mended, parcels are proposed, confirmed, decided, sent up; the
receipt opens the gate to the policies. Each step is one person's, at his own page."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_site import Site, panhuo, violations

TOWN, ACCOUNT = "990112001", "guyang"
NAME = "鼓阳街道宗地补正"


def press(page: Any, what: Any) -> None:
    """Click what leads to another page, and wait for that page: a step that is still on its way is not done."""
    with page.expect_navigation(wait_until="networkidle"):
        what.click()


@pytest.fixture(scope="module")
def faulty(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A township's shapefile in GBK, zipped: three parcels of its own, one with a code that nobody can read."""
    import polars as pl
    import pyarrow as pa
    import shapely

    from panhuo import exchange
    from panhuo.land.crs import Crs

    asked = (
        "import json; from panhuo_platform.parcels.models import Parcel; "
        f"rows=Parcel.objects.filter(township_code='{TOWN}').order_by('number')[:3]; "
        "print('ROWS'+json.dumps([[p.code,p.holder_name,p.area_m2,p.current.geometry.wkt] for p in rows]))"
    )
    told = panhuo(site.home, "manage", "shell", "-v0", "-c", asked)
    rows = json.loads(told.split("ROWS", 1)[1].splitlines()[0])
    codes = [code for code, *_ in rows]
    codes[1] = codes[1][:-3] + "x1"
    frame = pl.DataFrame(
        {
            "宗地代码": codes, "乡镇代码": [TOWN] * 3, "权利人": [f"{name}（更名）" for _, name, *_ in rows],
            "面积": [round(area, 2) for _, _, area, _ in rows],
        }
    )  # fmt: skip
    shapes = [shapely.to_wkb(shapely.from_wkt(wkt)) for *_, wkt in rows]
    layer = exchange.Layer(
        name="宗地", source="宗地.shp", driver="ESRI Shapefile", table=frame.to_arrow(),
        geometry=pa.array(shapes, pa.large_binary()), crs=Crs.from_epsg(4490), geometry_type="MultiPolygon",
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("faulty")
    exchange.write([layer], folder / "宗地.shp", encoding="gbk")
    target = folder / "鼓阳街道.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for file in sorted(folder.glob("宗地.*")):
            archive.write(file, file.name)
    (folder / "right-code.txt").write_text(rows[1][0])
    return target


def test_0_the_demo_has_a_story_in_it(site: Site) -> None:
    asked = (
        "import json; from panhuo_platform.parcels.models import Parcel; "
        "from panhuo_platform.identification.models import *; "
        "from panhuo_platform.deliveries.models import Delivery, Finding; "
        "print('ROWS'+json.dumps({"
        "'stages': sorted(set(Parcel.objects.values_list('stage', flat=True))),"
        "'outcomes': sorted(set(Parcel.objects.values_list('outcome', flat=True))),"
        "'upper': Parcel.objects.filter(in_upper_register=True).count(),"
        "'runs': Run.objects.filter(state='loaded').count(), 'overrides': Override.objects.count(),"
        "'objections': Objection.objects.count(), 'receipts': Submission.objects.filter(state='receipted').count(),"
        "'waiting': Delivery.objects.filter(state='checked').count(), 'findings': Finding.objects.count()}))"
    )
    told = panhuo(site.home, "manage", "shell", "-v0", "-c", asked)
    story = json.loads(told.split("ROWS", 1)[1].splitlines()[0])
    assert {"to_survey", "proposed", "checked", "identified", "registered", "returned"} <= set(story["stages"])
    assert {"identified", "unknown", "not", "excluded"} <= set(story["outcomes"])
    empty = [name for name, number in story.items() if not number]
    assert not empty, f"the story lacks {empty}"


@pytest.mark.parametrize("size", ["phone"])
def test_1_the_township_delivers_and_mends(sign_in: Callable[..., Any], shots: Path, faulty: Path, size: str) -> None:
    page = sign_in(ACCOUNT, size)
    page.goto("/deliveries/new/")
    page.get_by_label("名称").fill(NAME)
    page.screenshot(path=shots / "story-1-new.png", full_page=True)
    page.get_by_role("button", name="下一步").click()
    page.set_input_files("#files", str(faulty))
    page.get_by_role("button", name="提交并检查").wait_for()
    page.screenshot(path=shots / "story-1-uploaded.png", full_page=True)
    page.get_by_role("button", name="提交并检查").click()
    page.get_by_role("link", name="逐条查看").wait_for(timeout=60_000)
    page.screenshot(path=shots / "story-1-checked.png", full_page=True)
    page.goto(page.url.split("?")[0] + "findings/?severity=error")
    assert page.locator("main").inner_text().count("第 2 行") >= 1
    page.screenshot(path=shots / "story-1-findings.png", full_page=True)
    page.locator("a[href*='/rows/2/']").first.click()
    page.fill("[name=field-parcel_code]", (faulty.parent / "right-code.txt").read_text())
    page.screenshot(path=shots / "story-1-mend.png", full_page=True)
    page.get_by_role("button", name="保存补正").click()
    page.get_by_role("button", name="改好了，重新检查").click()
    page.get_by_text("没有发现问题").wait_for(timeout=60_000)
    page.screenshot(path=shots / "story-1-mended.png", full_page=True)


@pytest.fixture(scope="module")
def misdrawn(faulty: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same parcels: one runs out into a spike and back, one has a corner twice, one has its corners in disorder."""
    import pyarrow as pa
    import shapely

    from panhuo import exchange

    (layer,) = exchange.open_delivery(faulty).layers
    shapes = []
    for shape in shapely.from_wkb(layer.geometry.to_pylist()):
        x, y = shape.representative_point().coords[0]
        a, b, c, d = (x, y), (x + 1e-4, y), (x + 1e-4, y + 1e-4), (x, y + 1e-4)
        ring = [[a, b, c, (x + 1e-4, y + 2e-4), c, d], [a, a, b, c, d], [a, c, b, d]][len(shapes)]
        shapes.append(shapely.Polygon(ring))
    target = tmp_path_factory.mktemp("misdrawn") / "鼓阳街道界线.gpkg"
    exchange.write([layer.with_(geometry=pa.array(shapely.to_wkb(shapes), pa.large_binary()))], target)
    return target


def test_1_adopted_repairs_put_no_other_error_in_the_place(
    sign_in: Callable[..., Any], shots: Path, misdrawn: Path
) -> None:
    page = sign_in(ACCOUNT, "desk")
    page.goto("/deliveries/new/")
    page.get_by_label("名称").fill("鼓阳街道界线更正")
    page.get_by_role("button", name="下一步").click()
    page.set_input_files("#files", str(misdrawn))
    page.get_by_role("button", name="提交并检查").click()
    page.get_by_role("button", name="全部采用").wait_for(timeout=60_000)
    page.screenshot(path=shots / "story-1-repairs.png", full_page=True)
    address = page.url.split("?")[0]
    page.goto(f"{address}findings/?code=G01")
    assert [n for n in (1, 2, 3) if f"第 {n} 行" in page.locator("main").inner_text()] == [1, 2, 3]
    page.goto(address)
    page.on("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="全部采用").click()
    page.get_by_text("已采用修复建议").wait_for()
    page.locator(".ph-progress progress").wait_for(state="detached", timeout=60_000)
    page.wait_for_load_state("networkidle")
    assert page.get_by_role("button", name="全部采用").count() == 0
    page.goto(f"{address}findings/?severity=error")
    said = page.locator("main").inner_text()
    page.screenshot(path=shots / "story-1-adopted.png", full_page=True)
    # the third cannot be one parcel however it is rebuilt: it is still to be drawn anew
    rules = page.locator("main td .clause").all_inner_texts()
    assert "第 3 行" in said and "第 1 行" not in said
    assert [rule.split()[0] for rule in rules if rule.startswith("G0")] == ["G01"]


@pytest.mark.parametrize("size", ["phone"])
def test_2_the_township_proposes(sign_in: Callable[..., Any], shots: Path, size: str) -> None:
    page = sign_in(ACCOUNT, size)
    page.on("dialog", lambda dialog: dialog.accept())
    for step, button in (("survey", "完成调查"), ("propose", "初步认定")):
        page.goto(f"/identification/work/steps/{step}/?outcome=identified")
        page.screenshot(path=shots / f"story-2-{step}.png", full_page=True)
        press(page, page.locator("button[name=scope][value=all]"))
        assert button in page.locator("main").inner_text()
        assert not page.locator(".alert-danger").count(), page.locator(".alert-danger").inner_text()
    page.goto("/identification/work/")
    page.screenshot(path=shots / "story-2-after.png", full_page=True)


@pytest.mark.parametrize("account", ["gongxin", "zhujian"])
def test_3_departments_confirm_their_own(sign_in: Callable[..., Any], shots: Path, account: str) -> None:
    page = sign_in(account, "wide" if account == "gongxin" else "desk")
    page.goto(f"/identification/work/confirmations/?township={TOWN}")
    before = page.locator("tbody tr").count()
    assert before, "nothing waits for this department"
    page.screenshot(path=shots / f"story-3-{account}.png")
    page.on("dialog", lambda dialog: dialog.accept())
    press(page, page.locator("button[name=scope][value=all]"))
    page.goto(f"/identification/work/confirmations/?township={TOWN}")
    assert page.locator("tbody tr").count() == 0


def test_4_the_others_confirm_and_the_bureau_overrides_one(
    sign_in: Callable[..., Any], shots: Path, site: Site
) -> None:
    asked = (
        "from panhuo_platform.identification.queries import work; "
        "from panhuo_platform.identification.commands import confirmations; "
        "from panhuo_platform.organisations.models import User; "
        "from panhuo_platform.parcels.filters import ParcelFilter\n"
        "for user in User.objects.exclude(username__in=['gongxin', 'zhujian']):\n"
        f"    if work.due_parcels(user).filter(township_code='{TOWN}').exists():\n"
        f"        confirmations.confirm(user, ParcelFilter(township='{TOWN}'))\n"
    )
    panhuo(site.home, "manage", "shell", "-v0", "-c", asked)
    page = sign_in("ziran", "wide")
    page.goto(f"/identification/work/steps/identify/?township={TOWN}")
    page.screenshot(path=shots / "story-4-identify.png")
    press(page, page.locator("tbody a").first)
    page.screenshot(path=shots / "story-4-card.png", full_page=True)
    page.get_by_role("link", name="改判").click()
    page.locator("select").first.select_option("not")
    page.locator("[name=reason]").fill("现场核查：企业已复工投产，本年度暂不认定。")
    page.screenshot(path=shots / "story-4-override.png")
    press(page, page.locator("main form button.btn-primary"))
    text = page.locator("main").inner_text()
    assert "暂不认定" in text, "the reason stands beside the verdict that it overrides"
    assert page.locator("[data-map][data-parcel]").count() == 1, "where it lies stands beside why"
    page.screenshot(path=shots / "story-4-overridden.png", full_page=True)
    assert not violations(page)


def test_5_the_bureau_decides_and_sends_up(sign_in: Callable[..., Any], shots: Path) -> None:
    page = sign_in("ziran")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"/identification/work/steps/identify/?township={TOWN}&outcome=identified")
    press(page, page.locator("button[name=scope][value=all]"))
    page.goto(f"/identification/submissions/new/?to=shiju&township={TOWN}")
    page.fill("#title", "2026 年第二批低效用地")
    page.screenshot(path=shots / "story-5-send.png")
    press(page, page.get_by_role("button", name="报送").last)
    page.screenshot(path=shots / "story-5-sent.png")
    assert "2026 年第二批低效用地" in page.locator("main").inner_text()


def test_6_the_receipt_opens_the_gate(sign_in: Callable[..., Any], shots: Path) -> None:
    city = sign_in("shiju")
    city.on("dialog", lambda dialog: dialog.accept())
    city.goto(f"/identification/work/steps/verify/?township={TOWN}")
    press(city, city.locator("button[name=scope][value=all]"))
    city.screenshot(path=shots / "story-6-city.png")
    page = sign_in("ziran", "wide")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/identification/submissions/")
    page.get_by_role("link", name="2026 年第二批低效用地").click()
    page.fill("#number", "示例厅〔2026〕8号")
    page.screenshot(path=shots / "story-6-receipt.png")
    press(page, page.get_by_role("button", name="登记回执"))
    assert "示例厅〔2026〕8号" in page.locator("main").inner_text()
    press(page, page.locator("tbody a").first)
    page.screenshot(path=shots / "story-6-parcel.png", full_page=True)


def test_7_a_moved_threshold_is_seen_on_the_map(sign_in: Callable[..., Any], shots: Path) -> None:
    """The figure, the table and the map say the same; putting it back takes everything back."""
    page = sign_in("ziran", "wide")
    page.goto("/identification/what-if/")
    page.wait_for_selector("[data-map][data-changed='0']")
    slider = page.locator("input[name='standard.conditions.sparse:lt']")
    slider.evaluate("e => { e.closest('details').open = true; e.value = '0.6' }")
    slider.dispatch_event("input")
    page.wait_for_selector("[data-map]:not([data-changed='0'])")
    page.wait_for_load_state("networkidle")
    drawn = page.locator("[data-map]").get_attribute("data-changed")
    assert page.locator("#answer .figure").first.inner_text().strip() == drawn != "0"
    page.screenshot(path=shots / "story-7-what-if.png")
    page.get_by_role("button", name="复原").click()
    page.wait_for_selector("[data-map][data-changed='0']")
    assert not violations(page)


@pytest.mark.parametrize("size", ["desk", "wide"])
def test_7_a_draft_lies_beside_the_standard_in_force(sign_in: Callable[..., Any], shots: Path, size: str) -> None:
    page = sign_in("ziran", size)
    page.goto("/identification/standards/")
    press(page, page.get_by_role("link", name="讨论稿"))
    press(page, page.locator("a[href*='/trials/']").first)
    for side in ("before", "after"):
        page.wait_for_selector(f"#map-{side}[data-changed]:not([data-changed='0'])")
    page.wait_for_load_state("networkidle")
    page.screenshot(path=shots / f"story-7-trial-{size}.png", full_page=True)
    assert not violations(page)
