"""Accepted layers laid out for looking at: the same rows and shapes, found by box and by value, written once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
import shapely
from delivered_scene import square, unit
from hypothesis import given, settings
from hypothesis import strategies as st

from panhuo import exchange
from panhuo.land.crs import Crs
from panhuo_platform.deliveries import commands, laid, queries
from panhuo_platform.deliveries import jobs as jobs_of_deliveries
from panhuo_platform.deliveries.commands import deciding
from panhuo_platform.deliveries.models import DeliveredLayer, Delivery
from panhuo_platform.jobs.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(office: Any, run_jobs: Any, tmp_path: Path) -> Callable[[], Delivery]:
    """Control lines of the bureau, checked: three with a shape, one without."""

    def do() -> Delivery:
        kinds = ["永久基本农田", "生态保护红线", "生态保护红线", None]
        table = pl.DataFrame({"控制线类型": kinds, "控制线名称": ["甲", "乙", None, "丁"]})
        shapes = [*shapely.to_wkb([square(k) for k in (1, 2, 3)]), None]
        layer = exchange.Layer(
            name="控制线", source="控制线.gpkg", driver="GPKG", table=table.to_arrow(), crs=Crs.from_epsg(4527),
            geometry=pa.array(shapes, pa.large_binary()), geometry_type="Polygon",
        )  # fmt: skip
        exchange.write([layer], tmp_path / "控制线.gpkg")
        row = commands.take_in(office, tmp_path / "控制线.gpkg", sender=unit("ziran"), title="控制线")
        run_jobs()
        commands.describe_layer(office, row.layers.get(), role="control_lines")
        commands.check(office, row)
        run_jobs()
        row.refresh_from_db()
        return row

    return do


def taken_back(row: Delivery, office: Any, run_jobs: Any) -> Delivery:
    """Its acceptance is undone, and it is checked once more."""
    commands.check(office, commands.undo(office, row))
    run_jobs()
    row.refresh_from_db()
    return row


def only(row: Delivery) -> DeliveredLayer:
    return row.layers.get()


def test_what_is_laid_out_is_what_was_understood(lines: Callable[[], Delivery], office: Any) -> None:
    layer = only(commands.accept_layers(office, lines()))
    frame, wkb = queries.frame(layer)
    held = laid.laid(layer)
    assert wkb is not None and len(held) == frame.height == 4 and set(held.fields) == set(frame.columns)
    everything = range(4)
    assert held.rows(everything, frame.columns).equals(frame)
    assert held.wkb(everything) == wkb.to_pylist()
    assert held.rows([2, 0], ["line_name"])["line_name"].to_list() == [None, "甲"]
    assert held.equal("line_name", "乙").tolist() == [False, True, False, False]
    assert not held.equal("line_name", "没有").any()
    assert held.equal("row", 4).tolist() == [False, False, False, True]
    assert held.shapes([3, 1])[0] is None and not held.shapes([1])[0].is_empty
    assert len(held.shapes([])) == 0


def test_boxes_find_what_lies_there(lines: Callable[[], Delivery], office: Any) -> None:
    held = laid.laid(only(commands.accept_layers(office, lines())))
    bounds = shapely.bounds(held.shapes(range(4)))
    low, high = np.nanmin(bounds[:, :2], axis=0), np.nanmax(bounds[:, 2:], axis=0)
    assert held.box == pytest.approx((*low, *high), abs=0)
    share = st.tuples(st.floats(-0.2, 1.2), st.floats(-0.2, 1.2))

    @settings(deadline=None)
    @given(share, share)
    def law(a: tuple[float, float], b: tuple[float, float]) -> None:
        one, other = low + np.array(a) * (high - low), low + np.array(b) * (high - low)
        (west, south), (east, north) = np.minimum(one, other), np.maximum(one, other)
        meets = [w <= east and e >= west and s <= north and n >= south for w, s, e, n in bounds.tolist()]
        assert held.near((west, south, east, north)).tolist() == meets

    law()


def test_an_acceptance_has_its_own_file(lines: Callable[[], Delivery], office: Any, run_jobs: Any) -> None:
    """Undone, mended and accepted again: nobody looks at the former rows, and their file goes."""
    row = commands.accept_layers(office, lines())
    folder = row.folder / "layers"
    laid.laid(only(row))
    (first,) = folder.glob("*.arrow")
    again = commands.accept_layers(office, taken_back(row, office, run_jobs))
    laid.laid(only(again))
    (second,) = folder.glob("*.arrow")
    assert second.name != first.name
    laid.lay_out(only(again))
    assert list(folder.glob("*.arrow")) == [second] and not list(folder.glob(".*.arrow*"))


def test_large_layers_are_laid_out_before_anybody_looks(
    lines: Callable[[], Delivery], office: Any, run_jobs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = commands.accept_layers(office, lines())
    assert not Job.objects.filter(kind="deliveries.lay_out").exists(), "small ones wait for who looks"
    row = taken_back(row, office, run_jobs)
    for place in (deciding, jobs_of_deliveries):
        monkeypatch.setattr(place, "LARGE", 3)
    row = commands.accept_layers(office, row)
    jobs = run_jobs()
    assert [(j.kind, j.state) for j in jobs] == [("deliveries.lay_out", "done")]
    assert len(list((row.folder / "layers").glob("*.arrow"))) == 1
