"""Deliveries as units really send them: a district of the demo, and a township's few parcels in a zip."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from delivered_scene import Deliver, parcels_layer, unit

from panhuo import exchange
from panhuo_platform.deliveries import commands
from panhuo_platform.deliveries.models import Delivery


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the demo district hands over, with its planted mistakes."""
    from panhuo.demo import make_district

    folder = tmp_path_factory.mktemp("demo")
    make_district(folder, parcels=500, seed=1)
    return folder / "交付"


@pytest.fixture
def town(district: Any) -> Any:
    """A clerk of Shiqiaobu town."""
    return district.user("shiqiaobu", "township", "shiqiaobu")


@pytest.fixture
def office(district: Any) -> Any:
    """A clerk of the office that runs the survey."""
    return district.user("ziran", "office", "ziran")


@pytest.fixture
def tax(district: Any) -> Any:
    """A clerk of the tax bureau."""
    return district.user("shuiwu", "department", "shuiwu")


@pytest.fixture
def parcels_zip(tmp_path: Path) -> Path:
    """A township's parcels: a shapefile in GBK in a zip."""
    folder = tmp_path / "shp"
    folder.mkdir()
    exchange.write([parcels_layer()], folder / "宗地.shp", encoding="GBK")
    path = tmp_path / "石桥埠宗地.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        for part in sorted(folder.iterdir()):
            z.write(part, part.name)
    shutil.rmtree(folder)
    return path


@pytest.fixture
def deliver(run_jobs: Callable[[], list[Any]]) -> Deliver:
    """A user sends a file or folder; what has to be done for it is done. Fails where a job failed."""

    def send(user: Any, path: Path, *, sender: str, township: str = "", title: str = "一次交付") -> Delivery:
        row = commands.take_in(user, path, sender=unit(sender), title=title, township_code=township)
        failed = [(j.kind, j.error) for j in run_jobs() if j.state != "done"]
        assert not failed, failed
        row.refresh_from_db()
        return row

    return send
