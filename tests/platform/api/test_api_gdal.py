"""GDAL as a client, as QGIS and ogr2ogr are: a real server process, read over the network by GDAL's OAPIF driver."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyogrio
import pyproj
import pytest
import shapely
from django.conf import settings
from parcels_ground import OTHER_TOWN, SIDE, SOUTH, TOWN, WEST, code, parcel, square
from pyogrio.raw import read
from worker_processes import url

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
COUNT = 250

if "OAPIF" not in pyogrio.list_drivers():  # pragma: no cover - the wheels have it
    pytest.skip("this GDAL was built without its OAPIF driver", allow_module_level=True)


@pytest.fixture
def server(emptied: None) -> Iterator[Callable[[], str]]:
    """Starts ``panhuo serve`` on the test's database; gives its address."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> str:
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        environment = os.environ | {
            "DATABASE_URL": url(),
            "DJANGO_SETTINGS_MODULE": "platform_settings",
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "PANHUO_TESTS_HOME": str(settings.HOME),
        }
        command = [sys.executable, "-m", "panhuo.cli", "serve", "--port", str(port), "--no-worker"]
        started.append(subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL))
        address = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 90
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(f"{address}/health", timeout=5):
                    return address
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.2)
        raise AssertionError("the server did not begin to answer")

    yield start
    for process in started:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture
def gdal() -> Iterator[Callable[[str, str, str], str]]:
    """Signs in somebody with a token as password, as QGIS does; gives what GDAL opens."""

    def opened(address: str, account: str, secret: str) -> str:
        pyogrio.set_gdal_config_options(
            {"GDAL_HTTP_AUTH": "BASIC", "GDAL_HTTP_USERPWD": f"{account}:{secret}", "GDAL_HTTP_NETRC": "NO"}
        )
        return f"OAPIF:{address}/api/ogc/"

    yield opened
    pyogrio.set_gdal_config_options({"GDAL_HTTP_AUTH": None, "GDAL_HTTP_USERPWD": None, "GDAL_HTTP_NETRC": None})


@pytest.mark.django_db(transaction=True)
def test_gdal_reads_every_parcel_with_box_and_system(
    server: Callable[[], str], gdal: Callable[[str, str, str], str], put: Callable[..., pl.DataFrame], people: Any,
    token: Callable[..., str],
) -> None:  # fmt: skip
    ours = [parcel(k, shape=square(k % 50, k // 50), holder_name=f"第{k}厂") for k in range(COUNT)]
    ours[7]["shape"] = shapely.MultiPolygon([square(7), square(60)])
    theirs = [parcel(k, parcel_code=code(k, OTHER_TOWN), township_code=OTHER_TOWN, shape=square(k % 50, 10))
              for k in range(40)]  # fmt: skip
    put(*ours, *theirs)
    bureau, street, address = token(people.bureau), token(people.street), server()

    everything = gdal(address, "ju", bureau)
    assert {name for name, _kind in pyogrio.list_layers(everything)} == {
        "parcels", "identified", "legacy", "townships",
    }  # fmt: skip

    meta, _fids, drawn, columns = read(everything, layer="parcels")
    assert len(drawn) == COUNT + 40
    fields = dict(zip(meta["fields"], columns, strict=True))
    assert set(fields["parcel_code"]) == {r["parcel_code"] for r in [*ours, *theirs]}
    assert "第249厂" in fields["holder_name"]
    assert fields["area_m2"].dtype == np.float64
    assert fields["area_m2"].min() > 9000
    there = dict(zip(fields["parcel_code"], shapely.from_wkb(drawn), strict=True))
    assert shapely.equals(there[code(7)], ours[7]["shape"])
    assert there[code(249)].bounds == square(49, 4).bounds

    box = (WEST + 3.2 * SIDE, SOUTH + 1.2 * SIDE, WEST + 5.8 * SIDE, SOUTH + 2.8 * SIDE)
    meta, _fids, drawn, columns = read(everything, layer="parcels", bbox=box)
    assert set(columns[list(meta["fields"]).index("parcel_code")]) == {
        code(k + 50 * r) for k in (3, 4, 5) for r in (1, 2)
    }

    # in the 3° zone: northing first on the way, easting first again in GDAL
    meta, _fids, drawn, columns = read(everything, layer="parcels", CRS=f"{EPSG}4527")
    assert "4527" in str(meta["crs"]) or "zone 39" in str(meta["crs"])
    codes = columns[list(meta["fields"]).index("parcel_code")]
    moved = dict(zip(codes, shapely.from_wkb(drawn), strict=True))[code(33)]
    expected = shapely.transform(
        square(33), pyproj.Transformer.from_crs(4490, 4527, always_xy=True).transform, interleaved=False
    )
    assert shapely.hausdorff_distance(moved, expected) < 1e-3

    # a street office has the same address and its own parcels
    meta, _fids, drawn, columns = read(gdal(address, "jie", street), layer="parcels")
    assert set(columns[list(meta["fields"]).index("township_code")]) == {TOWN}
    assert len(drawn) == COUNT

    with pytest.raises(pyogrio.errors.DataSourceError):
        read(gdal(address, "jie", "panhuo_wrong"), layer="parcels")
