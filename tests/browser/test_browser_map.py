"""The map in a real browser: parcels, cards, measuring, selecting, drawing for a form, on a desk and on a phone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from browser_site import Site, panhuo
from test_browser_every_page import violations

#: Squares of a thousandth of a degree, every second one, in the township of the account ``guyang`` and in another one.
FILL = """
from datetime import date
import polars as pl, pyarrow as pa, shapely
from panhuo_platform.parcels.commands import set_outcomes
from panhuo_platform.parcels.models import Change, Parcel
from panhuo_platform.parcels.writing import begin, put
if not Parcel.objects.filter(name__startswith="图上").exists():
    rows = [(f"990112{t}001GB0{i}{j}0", f"图上{i}{j}号", f"990112{t}", 117.05 + 0.002 * i + d, 36.25 + 0.002 * j)
            for t, d in (("001", 0), ("002", 0.02)) for i in range(5) for j in range(5)]
    frame = pl.DataFrame(
        {"row": range(50), "parcel_code": [r[0] for r in rows], "parcel_name": [r[1] for r in rows],
         "township_code": [r[2] for r in rows]}
    )
    shapes = pa.array([shapely.to_wkb(shapely.box(x, y, x + 0.001, y + 0.001)) for *_, x, y in rows], pa.large_binary())
    made = put(begin(Change.Kind.DELIVERED, None, date(2025, 1, 1)), frame, shapes)
    outcomes = ["identified", "unknown", "not", "excluded", ""] * 10
    set_outcomes(pl.DataFrame({"number": made["number"], "outcome": outcomes, "main_class": [""] * 50,
                               "classes": ["[]"] * 50}))
"""
EMPTY = """
from panhuo_platform.parcels.commands import undo
from panhuo_platform.parcels.models import Change
undo(None, Change.objects.order_by("-pk")[0], reason="测试结束")
"""
#: The square with the corner 117.054, 36.254 lies in the middle of this map.
MIDDLE = "#17/36.2545/117.0545"


@pytest.fixture(scope="module")
def filled(site: Site) -> Iterator[None]:
    panhuo(site.home, "manage", "shell", "-c", FILL)
    yield
    # the story's pages see the district as it was
    panhuo(site.home, "manage", "shell", "-c", EMPTY)


def there(site: Site, **where: str) -> int:
    """How many living parcels there are."""
    count = f"print('N', Parcel.objects.alive().filter(**{where}).count())"
    asked = f"from panhuo_platform.parcels.models import Parcel; {count}"
    return int(panhuo(site.home, "manage", "shell", "-v0", "-c", asked).split("N ")[-1])


def opened(page: Any, address: str) -> Any:
    """The map at an address, once it is ready and stands still."""
    page.goto("about:blank")
    page.goto(address)
    page.wait_for_selector(".ph-map[data-ready]", state="attached", timeout=60_000)
    still(page)
    return page.locator(".ph-map").first


def still(page: Any) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)


def counted(page: Any, number: int) -> None:
    """The legend says so many parcels, as soon as the server has answered."""
    page.locator("[data-map-total]", has_text=f"共 {number} 宗").wait_for(timeout=30_000)


def middle(the_map: Any, dx: float = 0, dy: float = 0) -> tuple[float, float]:
    box = the_map.bounding_box()
    return box["x"] + box["width"] / 2 + dx, box["y"] + box["height"] / 2 + dy


def test_a_click_gives_the_card_of_a_parcel(filled: None, sign_in: Callable[..., Any], shots: Path) -> None:
    page = sign_in("ziran")
    the_map = opened(page, f"/maps/{MIDDLE}")
    assert page.locator("[data-map-total]").inner_text().startswith("共 ")
    page.mouse.click(*middle(the_map))
    card = page.locator(".ph-map-card")
    card.locator("h2").wait_for()
    assert card.locator("h2").inner_text() == "图上22号"
    assert "不认定" in card.inner_text()
    page.screenshot(path=shots / "map-card.png")
    assert not violations(page)
    page.keyboard.press("Escape")
    assert card.is_hidden()
    # by the keyboard alone: the map has the focus again, Enter picks what lies in its middle
    page.keyboard.press("Enter")
    card.locator("h2").wait_for()
    assert card.locator("h2").inner_text() == "图上22号"


def test_the_filter_is_in_the_address_and_the_legend_counts(
    filled: None, site: Site, sign_in: Callable[..., Any], shots: Path
) -> None:
    page = sign_in("guyang", "wide")
    opened(page, f"/maps/{MIDDLE}")
    assert page.locator("#f-township option").count() == 2  # all, and one's own
    page.select_option("#f-outcome", "unknown")
    counted(page, there(site, township_code="990112001", outcome="unknown"))
    assert "outcome=unknown" in page.url
    page.select_option("#map-colour", "stage")
    assert "colour=stage" in page.url
    page.screenshot(path=shots / "map-filter.png")
    opened(page, page.url)
    assert page.locator("#f-outcome").input_value() == "unknown"
    assert page.locator("#map-colour").input_value() == "stage"
    page.fill("#map-q", "图上22")
    page.press("#map-q", "Enter")
    found = page.locator("[data-map-found] button")
    found.first.wait_for()
    assert found.count() == 1  # of the two of that name one is another township's


def test_measuring_and_selecting(filled: None, site: Site, sign_in: Callable[..., Any], shots: Path) -> None:
    page = sign_in("ziran")
    the_map = opened(page, f"/maps/{MIDDLE}")
    note = page.locator(".ph-map-note")
    page.click("button[aria-label='量距离']")
    note.get_by_text("双击").wait_for()
    page.mouse.click(*middle(the_map, -100))
    page.mouse.move(*middle(the_map, 50), steps=4)
    page.mouse.click(*middle(the_map, 100))
    note.get_by_text("仅为图上量算").wait_for()
    # 200 pixels at zoom 17 and 36.25° north
    metres = float(note.inner_text().split()[0])
    assert metres == pytest.approx(200 * 40_075_017 * 0.8064 / (512 * 2**17), rel=0.02)
    page.screenshot(path=shots / "map-measure.png")
    page.click("button[aria-label='用矩形选择宗地']")
    page.mouse.click(*middle(the_map, -40, -40))
    page.mouse.move(*middle(the_map, 20, 20), steps=4)
    page.mouse.click(*middle(the_map, 40, 40))
    note.get_by_text("选中 1 宗").wait_for()
    assert "polygon=" in note.locator("a").get_attribute("href")
    page.screenshot(path=shots / "map-select.png")
    note.get_by_role("button", name="只看这些").click()
    counted(page, 1)
    page.locator("[data-map-everywhere]").click()
    counted(page, there(site))


def test_a_form_is_given_the_shape_that_is_drawn(filled: None, sign_in: Callable[..., Any], shots: Path) -> None:
    """As pages that split or change parcels have it: a map that came later, by htmx, and a hidden field."""
    page = sign_in("ziran")
    opened(page, "/maps/")
    page.evaluate("""() => {
        document.querySelector('.ph-map-page').outerHTML = '<input type="hidden" id="shape">' +
          '<div class="ph-map" data-map="/maps/layers" data-mode="draw" data-draw="polygon" data-field="shape"' +
          ' data-bounds="117.053,36.253,117.056,36.256"></div>'
        document.dispatchEvent(new CustomEvent('htmx:after:swap'))
    }""")
    page.wait_for_selector(".ph-map[data-ready]", state="attached", timeout=60_000)
    still(page)
    the_map = page.locator(".ph-map")
    for dx, dy in ((-80, -80), (80, -80), (80, 80)):
        page.mouse.click(*middle(the_map, dx, dy))
        page.wait_for_timeout(350)
    assert page.input_value("#shape") == ""  # not finished yet
    page.mouse.move(*middle(the_map, 60, 60))
    page.keyboard.press("Enter")
    page.wait_for_timeout(800)
    shape = json.loads(page.input_value("#shape"))
    assert shape["type"] == "Polygon"
    assert len(shape["coordinates"][0]) == 4
    page.screenshot(path=shots / "map-draw.png")
    page.click("button[aria-label='清除']")
    assert page.input_value("#shape") == ""


def test_on_a_phone(filled: None, sign_in: Callable[..., Any], shots: Path) -> None:
    page = sign_in("guyang", "phone")
    the_map = opened(page, f"/maps/{MIDDLE}")
    assert the_map.bounding_box()["width"] == 390
    page.touchscreen.tap(*middle(the_map))
    page.locator(".ph-map-card h2").wait_for()
    page.screenshot(path=shots / "map-phone-card.png")
    page.locator(".ph-map-card button").click()
    page.locator(".ph-map-page > .ph-map-fold").click()
    assert page.locator("[data-map-legend] li").first.is_visible()
    page.screenshot(path=shots / "map-phone-panel.png")
    assert not violations(page)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 1
