"""A township sends a faulty delivery from its browser, mends it, and sees that it is mended; on its phone too."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
import shapely

from panhuo import exchange
from panhuo.land.crs import Crs

TOWN, X0, Y0 = "990112100", 39_600_000.0, 4_050_000.0


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """Three parcels: a good one, one without a code, one that crosses itself."""
    boxes = [shapely.box(X0 + 200 * k, Y0, X0 + 200 * k + 100, Y0 + 100) for k in range(2)]
    x = X0 + 400
    boxes.append(shapely.Polygon([(x, Y0), (x + 100, Y0 + 100), (x + 100, Y0), (x, Y0 + 100)]))
    table = pl.DataFrame(
        {
            "宗地代码": [f"{TOWN}001GB00001", "", f"{TOWN}001GB00003"],
            "乡镇街道代码": [TOWN] * 3,
            "权利人": ["甲厂", "乙厂", "丙厂"],
        }
    )
    layer = exchange.Layer(
        name="宗地", source="宗地.shp", driver="ESRI Shapefile", table=table.to_arrow(),
        geometry=pa.array(shapely.to_wkb(boxes), pa.large_binary()), crs=Crs.from_epsg(4527), geometry_type="Polygon",
    )  # fmt: skip
    exchange.write([layer], tmp_path / "宗地.shp")
    with zipfile.ZipFile(tmp_path / "石桥埠宗地.zip", "w") as z:
        for part in sorted(tmp_path.glob("宗地*")):
            z.write(part, part.name)
    return tmp_path / "石桥埠宗地.zip"


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_township_sends_and_mends(sign_in: Callable[..., Any], shots: Path, faulty: Path, size: str) -> None:
    from test_browser_every_page import violations

    page = sign_in("shiqiaobu", size)
    faults: list[str] = []

    def look(name: str) -> None:
        page.wait_for_load_state("networkidle")
        page.screenshot(path=shots / f"delivery-{size}-{name}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if wide > 1:
            faults.append(f"{name}: {wide} px wider than the screen")
        faults.extend(f"{name}: {v}" for v in violations(page))

    page.goto("/deliveries/new/")
    look("new")
    page.fill("#id_title", f"石桥埠镇宗地（{size}）")
    page.click("main button.btn-primary")
    page.set_input_files("#files", faulty)
    page.wait_for_selector("text=提交并检查")
    look("uploaded")
    page.click("text=提交并检查")
    page.wait_for_selector("text=逐条查看", timeout=90_000)
    look("checked")
    address = page.url
    page.click("text=逐条查看")
    assert page.locator("text=“宗地代码”为空").count()
    look("findings")
    page.locator("tr", has_text="“宗地代码”为空").locator("a.btn").click()
    page.fill("#field-parcel_code", f"{TOWN}001GB00002")
    look("mend")
    page.click("text=保存补正")
    page.wait_for_selector("text=重新检查后生效")
    page.goto(address)
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("text=全部采用")  # the shape that crosses itself; all is checked again
    page.wait_for_selector("text=已采用修复建议")
    page.wait_for_function("!document.querySelector('.ph-progress')", timeout=90_000)
    assert page.locator("a[href$='severity=error']").inner_text() == "0"
    look("mended")
    page.click("td a.fw-bold")
    look("layer")
    assert not faults, "\n".join(faults)
