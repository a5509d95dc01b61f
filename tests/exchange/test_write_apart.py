"""Large layers are written by GDAL in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
import shapely

from panhuo.exchange import Layer, gdal_apart, open_delivery, write, write_vector
from panhuo.land.crs import Crs
from panhuo.land.polygons import Polygons
from panhuo.messages import PanhuoError


def layer(rows: int = 20) -> Layer:
    shapes = [shapely.box(500_000 + 10 * k, 4_000_000, 500_008 + 10 * k, 4_000_009) for k in range(rows)]
    table = pa.table({"名称": [f"𠮷{k}号" for k in range(rows)], "层数": list(range(rows))})
    geometry = Polygons.from_shapely(shapes).to_wkb()
    return Layer("地块", "", "GPKG", table, geometry, Crs.from_epsg(4548))


def test_the_file_is_the_same_as_from_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write([layer()], tmp_path / "here.gpkg")
    monkeypatch.setattr(write_vector, "MANY", 1)
    write([layer()], tmp_path / "apart.gpkg")
    assert (tmp_path / "apart.gpkg").read_bytes() == (tmp_path / "here.gpkg").read_bytes()
    (read,) = open_delivery(tmp_path / "apart.gpkg").layers
    assert read.table.column("名称").to_pylist() == layer().table.column("名称").to_pylist()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["apart.gpkg", "here.gpkg"]


def test_a_progress_that_stops_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_vector, "MANY", 1)
    begun: list[subprocess.Popen[str]] = []
    start = subprocess.Popen

    def noted(*arguments: object, **more: object) -> subprocess.Popen[str]:
        begun.append(start(*arguments, **more))  # type: ignore[call-overload]
        return begun[-1]

    def stop(step: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", noted)
    with pytest.raises(KeyboardInterrupt):
        write_vector.write([layer(), layer(5)], tmp_path / "a.gpkg", "GPKG", [], stop)
    assert len(begun) == 2
    assert all(child.poll() is not None for child in begun)
    assert [p.name for p in tmp_path.iterdir() if p.name != "a.gpkg"] == []


def test_what_goes_wrong_there_is_said_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write_vector, "MANY", 1)
    table = layer().table
    with pytest.raises(PanhuoError, match="写出失败") as caught:
        write_vector.put(table, layer().geometry, "Polygon", None, tmp_path / "x.gpkg", "x", "NoSuchDriver", {})
    assert "NoSuchDriver" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_it_ends_when_its_caller_is_gone(tmp_path: Path) -> None:
    pipe = tmp_path / "never.arrow"
    program = (
        "import runpy, sys, threading\n"
        "import pyogrio\n"
        "pyogrio.raw.write_arrow = lambda *a, **k: threading.Event().wait(60)\n"
        f"runpy.run_path({str(gdal_apart.__file__)!r}, run_name='__main__')\n"
    )
    with pa.OSFile(str(pipe), "wb") as sink, pa.ipc.new_file(sink, layer().table.schema) as writer:
        writer.write_table(layer().table)
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, text=True) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps({"table": str(pipe), "path": "x", "options": {}}) + "\n")
        child.stdin.flush()
        time.sleep(1.0)
        assert child.poll() is None
        child.stdin.close()
        assert child.wait(timeout=30) == 1
