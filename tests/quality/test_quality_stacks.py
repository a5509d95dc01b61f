"""Flats on one lot: tens of thousands of shapes on one place are one finding, in bounded time and memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import polars as pl
import pytest
import shapely
from small_layers import HECTARE, SIDE, alone, at, block, gathered, of, parcels, patches, subject

from panhuo.quality import Settings
from panhuo.quality.subject import Subject
from panhuo.survey.check import check

FLATS = 30_000


def stack(nested: bool) -> list[shapely.Polygon]:
    """Identical squares, or each a little smaller than the one before."""
    x, y = at(0, 0)
    shrink = np.linspace(0.0, 0.02 * SIDE, FLATS) if nested else np.zeros(FLATS)
    return list(shapely.box(x + shrink, y + shrink, x + SIDE - shrink, y + SIDE - shrink))


@pytest.fixture(scope="module", params=[False, True], ids=["identical", "nested"])
def flats(request: pytest.FixtureRequest) -> Subject:
    codes = [f"990112001001GB{k:05d}" for k in range(1, FLATS + 1)]
    shapes = stack(request.param)
    return parcels([*shapes, block(5, 5)], ZDDM=[*codes, "990112001002GB00001"])


def test_a_stack_is_one_finding(flats: Subject) -> None:
    tracemalloc.start()
    found = alone(flats)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found.select("code", "count").rows() == [("G03", FLATS)]
    assert peak < 500e6  # a square of the number of flats would be 900 million pairs


def test_flats_are_judged_like_other_parcels(flats: Subject) -> None:
    n = len(flats)
    land = patches([block(0, 0), block(5, 5)], DLBM=["0201", "0601"])
    last = subject("reported", None, {"DKBH": ["990112001001GB00007"], "MJ": [HECTARE * 2]}, year=2025)
    mended, judged = gathered(flats, land, last)

    found = check(mended, judged, Settings())

    assert judged.parcels.frame.height == n
    assert judged.everything["reason"].null_count() == n
    assert of(found, "G03").height == 1
    assert of(found, "G10").height == FLATS
    assert of(found, "C03")["row"].to_list() == [7]
    assert mended.repairs.is_empty()
    assert found.filter(~pl.col("code").is_in(["G03", "G10", "C03"])).is_empty()
